/*
 * A table of text that fits the terminal. Rows stream: column widths are decided before the first
 * one, from the columns' own wishes or from rows that were measured first.
 */
#ifndef EXPORT_TABLE_H
#define EXPORT_TABLE_H

#include "base/buf.h"
#include "export/term.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 64

struct table_column {
	const char *title;
	size_t width; /* columns it would like; measured rows raise it */
	size_t min;   /* it may be shortened down to this; 0: never shortened */
	size_t max;   /* measured rows raise it no further; 0: no limit */
	int priority; /* without room the highest goes first; 0: always shown */
	bool right;   /* aligned right */
	bool middle;  /* shortened in the middle: the end tells as much as the start */
};

struct table_cell {
	const char *text; /* NULL: empty. Need not be clean: the table sees to it */
	enum term_role role;
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t count;
	const struct term *term; /* borrowed; the layout is for it */
	struct term *out;        /* borrowed; where rows are put */
	size_t widths[TABLE_COLUMNS_MAX];
	bool hidden[TABLE_COLUMNS_MAX];
	bool unlimited; /* no terminal: nothing is shortened or left out */
	struct buf *to; /* where rows are added without out; borrowed */
	struct buf line, cell;
};

/* count: at most TABLE_COLUMNS_MAX. */
void table_init(
	struct table *table, const struct table_column *columns, size_t count, struct term *term);
/* The same for a table within a text: rows are added to ret, laid out for term. */
void table_init_into(struct table *table, const struct table_column *columns, size_t count,
	const struct term *term, struct buf *ret);
void table_finish(struct table *table);
/* Lets a row that will come widen its columns. */
void table_measure(struct table *table, const struct table_cell *cells);
/* Decides the widths and, if titles, puts the line of titles. Once, before the first row. Result as
 * of term_put(). */
int table_begin(struct table *table, bool titles);
/* One row, cells as many as there are columns. */
int table_row(struct table *table, const struct table_cell *cells);

#endif
