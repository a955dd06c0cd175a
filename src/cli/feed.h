/*
 * What is stored from now on, by whatever process: asks SQLite whether somebody committed, and
 * reads no row before. Waits for a database that is not there yet, and goes on when another one
 * takes its place; what stood in the one before is not new then. Prints nothing.
 */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include "store/store.h"

struct feed {
	const char *path;                              /* of the database; borrowed */
	struct store_filter filter;                    /* matches; borrowed */
	void (*on_news)(const char *text, void *user); /* one line for people on waiting, trouble */
	void *user;
	/* Its own: */
	struct store *store;  /* NULL: waits for one */
	struct store *former; /* the one that was replaced */
	int64_t last_id, version, retry_at_us, trying_since_us;
	bool begun;    /* a database was there, or it was told that there is none */
	bool troubled; /* and it was told */
	bool more;     /* the last answer was full */
};

/* Whatever is stored from here on is new. 0, or negative as feed_next(). */
int feed_begin(struct feed *feed, struct err *err);

/*
 * Fills ids with at most max new incidents, in the order in which they were stored; returns how
 * many. To be called again until it returns 0, and then from time to time. Negative only before a
 * database was there once: it cannot be read. Later failures are told by on_news and tried again.
 */
int feed_next(struct feed *feed, int64_t *ids, size_t max, struct err *err);

/* After feed_begin(), before feed_next(): the newest by capture that are there already, oldest
 * first. */
int feed_last(struct feed *feed, int64_t *ids, size_t max, struct err *err);

/* Lends the row of one incident; returns what each returns, or 0 when the row is gone. */
int feed_read(struct feed *feed, int64_t id,
	int (*each)(const struct incident *incident, void *user, struct err *err), void *user,
	struct err *err);

void feed_finish(struct feed *feed);

#endif
