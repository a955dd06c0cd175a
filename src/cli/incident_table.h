/*
 * Incidents as rows of a table for people: what list and watch print. Widths are decided when the
 * first row comes.
 */
#ifndef CLI_INCIDENT_TABLE_H
#define CLI_INCIDENT_TABLE_H

#include "export/table.h"
#include "store/store.h"

enum { INCIDENT_TABLE_COLUMNS = 9 };

struct incident_table {
	struct table table;
	bool titles, begun;
	enum term_role site_role, status_role; /* of the row that was filled */
	struct buf text[INCIDENT_TABLE_COLUMNS];
};

/* titles: a line of titles above the first row. term is borrowed. */
void incident_table_init(struct incident_table *table, struct term *term, bool titles);
void incident_table_finish(struct incident_table *table);
/* Takes over what a row needs of incident, which may then go. The first call puts the titles. */
void incident_table_fill(struct incident_table *table, const struct incident *incident);
/* Puts the row that was filled. Result as of term_put(). */
int incident_table_put(struct incident_table *table);

#endif
