/* What salvaging tables by their trees shares: each row is looked up on its own. */
#ifndef STORE_RESCUE_H
#define STORE_RESCUE_H

#include "store/internal.h"

struct rescue {
	struct store *from, *to; /* from is damaged, to is in a transaction */
	bool incomplete;         /* something could not be read, or not be taken */
	struct err *err;
};

/* One number of the damaged database; false when it cannot be read. */
bool rescue_ask(const struct rescue *rescue, const char *sql, int64_t *ret);
/* Whether there is something to look for: the damaged database has the table, or may have it. Older
 * ones than version have not. */
bool rescue_may_have(struct rescue *rescue, const char *table, int64_t version);

/* A row of the damaged database. 1 taken, 0 not, negative: the new database failed. */
typedef int (*rescue_fn)(struct rescue *rescue, sqlite3_stmt *row, void *user);
/* Every row that find ("... where id = ?") gives for 1 to the number that last asks for; counts
 * those that were taken. */
int rescue_rows(struct rescue *rescue, const char *last, const char *find, rescue_fn fn, void *user,
	uint64_t *ret_taken);
/* The same, each row as the parameters of put, prepared for the new database. */
int rescue_table(struct rescue *rescue, const char *last, const char *find, const char *put,
	uint64_t *ret_taken);

#endif
