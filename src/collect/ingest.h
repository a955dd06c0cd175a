/*
 * The way of a file into the database, on a libuv loop: workers read, parse, triage and compress,
 * the loop's thread alone writes. What is in flight is bounded, commits are grouped while there is
 * more to do.
 */
#ifndef COLLECT_INGEST_H
#define COLLECT_INGEST_H

#include "collect/select.h"
#include "collect/walk.h"
#include "store/store.h"
#include "triage/rules.h"

#include <stdint.h>
#include <uv.h>

struct ingest;

struct ingest_summary {
	uint64_t seen, added, known, passed_over, rejected, conflicts;
};

struct ingest_options {
	const struct selection *selection; /* borrowed */
	/*
	 * A file of a folder is not whole (-EBADMSG), changed while it was read (-EAGAIN), or is
	 * whole as it is but may be the beginning of more (-EINPROGRESS). True: the caller will
	 * submit it again, nothing is recorded or counted. False or NULL: it is rejected, or with
	 * -EINPROGRESS taken. The candidate is lent for the call; its identity is that of what was
	 * read.
	 */
	bool (*on_incomplete)(const struct candidate *candidate, const struct err *err, void *user);
	/* A file could not be read for a reason that is not its own (no descriptor, no memory, no
	 * right). True: nothing is recorded or counted. NULL or false: a rejection, which does not
	 * keep it from being read again. */
	bool (*on_unreadable)(const struct candidate *candidate, const struct err *err, void *user);
	/* A file was rejected (for the first time). reason is cleaned text. May be NULL. */
	void (*on_rejected)(const char *path, const char *reason, void *user);
	/* An incident was put for the first time; it is visible to others after the next commit.
	 * May be NULL. */
	void (*on_added)(
		int64_t id, const struct report *report, const struct triage *triage, void *user);
	/* Everything put so far is visible to others. May be NULL. */
	void (*on_committed)(void *user);
	/* A place became free: submit more. May be NULL. Not called from within ingest_submit(). */
	void (*on_ready)(void *user);
	void *user;
	unsigned jobs;       /* files in flight at most; 0: as many as keep all cores busy */
	bool looks_again;    /* the same files over and over: what is known is not counted */
	bool leave_training; /* the caller trains, and calls ingest_retrained() */
};

/* store and rules must outlive it. Errors: -ENOMEM and the store's. */
int ingest_new(uv_loop_t *loop, struct store *store, const struct rules *rules,
	const struct ingest_options *options, struct ingest **ret, struct err *err);
/* Nothing may be in flight. What is not committed is rolled back. */
void ingest_free(struct ingest *ingest);

/* True when ingest_submit() has a place. */
bool ingest_ready(const struct ingest *ingest);

/*
 * Takes one candidate (its path is moved out of it). Known files are counted at once and never
 * opened. Errors of the file itself are rejections, not errors; what is returned is a failure of
 * the database, after which the ingest only drains.
 */
int ingest_submit(struct ingest *ingest, struct candidate *candidate, struct err *err);

/* Number of files being read right now. */
unsigned ingest_in_flight(const struct ingest *ingest);

/* Whether it is in flight under that path. */
bool ingest_is_reading(const struct ingest *ingest, const char *path);
/* Drops what is in flight and has not begun: nothing is recorded of it. */
void ingest_cancel(struct ingest *ingest);

/* Commits what is pending. -ESTALE when the database was deleted or replaced. */
int ingest_flush(struct ingest *ingest, struct err *err);
/* Whether something is pending: the store is then inside a transaction. */
bool ingest_in_batch(const struct ingest *ingest);

/* There is a new dictionary in the store. */
void ingest_retrained(struct ingest *ingest);
/* Gives back the memory that is kept for the next file. */
void ingest_trim(struct ingest *ingest);

const struct ingest_summary *ingest_summary(const struct ingest *ingest);
/* The first failure of the database that happened in a callback, or NULL. */
const struct err *ingest_failure(const struct ingest *ingest);

#endif
