/*
 * One scan: every candidate once, all cores for parsing, one writer. Can be stopped and repeated at
 * any moment.
 */
#ifndef COLLECT_SCAN_H
#define COLLECT_SCAN_H

#include "collect/ingest.h"

#include <signal.h>

struct scan_options {
	const struct selection *selection; /* borrowed */
	const volatile sig_atomic_t
		*stop; /* NULL, or polled: non-zero ends the scan early, what is done stays */
	void (*on_progress)(
		uint64_t done, uint64_t total, void *user); /* may be NULL; at most every 100 ms */
	void (*on_rejected)(const char *path, const char *reason, void *user);
	void *user;
};

/*
 * Takes in every candidate of walk (their paths are moved out). Returns 0, -ECANCELED when it was
 * stopped, or the database's failure. *ret holds what was done in every case.
 */
int scan_run(struct store *store, const struct rules *rules, struct walk *walk,
	const struct scan_options *options, struct ingest_summary *ret, struct err *err);

#endif
