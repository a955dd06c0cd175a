/*
 * The database: one SQLite file that keeps every incident, its exact bytes, and what triage said of
 * it. SQLite's codes and handles stop here. A struct store belongs to one thread.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "ips/report.h"
#include "triage/triage.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

enum store_mode {
	STORE_READ,  /* must exist; nothing is changed, not even the schema */
	STORE_WRITE, /* created (0600 in a 0700 folder) and migrated when needed */
};

/*
 * Opens. Errors: -ENOENT (STORE_READ, no such file), -EPROTO (not an agxtriage database, or made by
 * a newer version: never touched), -EBUSY (locked for longer than 10 s), -EROFS, -ENOSPC, -EIO
 * (damaged), -ENXIO (the disk failed, perhaps for a moment). err names path and reason.
 */
int store_open(const char *path, enum store_mode mode, struct store **ret, struct err *err);
void store_close(struct store *store);
/* For a process that stays: a page cache of 512 kB instead of 2 MB. */
int store_stay_small(struct store *store, struct err *err);
/* For an end that has to be soon: from now on locks of other processes are waited for half a second
 * at most, instead of ten. */
void store_hurry(struct store *store);
/* False when the file behind an open store was replaced, deleted or emptied, or its log deleted:
 * what is written now is lost. */
bool store_is_current(const struct store *store);

/* ---- taking in ---- */

/* A file as scan saw it. */
struct store_source {
	const char *path; /* absolute */
	struct file_identity identity;
	int64_t seen_at_us;
	unsigned reports; /* taken from it (0 counts as 1); of a passed one: found in it */
	bool part;        /* more reports were found in it than were taken */
	bool named; /* the user named this very file: one that retention has taken something of is
		       new again */
};

enum store_file_state {
	STORE_FILE_NEW,      /* never seen, or it changed since */
	STORE_FILE_KNOWN,    /* same identity: its incident is stored */
	STORE_FILE_PART,     /* the same, but the selection left reports of it out */
	STORE_FILE_PASSED,   /* same identity: seen and passed over by the default selection */
	STORE_FILE_REJECTED, /* same identity: rejected for good */
};

/* Looks a file up by path and identity, without reading it. *ret_reports: of a known file (or
 * part of one), what was taken from it; of a passed one, what was found in it (0: it is no report);
 * else 0. */
int store_file_state(struct store *store, const struct store_source *source,
	enum store_file_state *ret, unsigned *ret_reports, struct err *err);

/* Rows with higher numbers are not wanted from outside. */
#define STORE_ORIGIN_ID_MAX INT32_MAX

/*
 * What another database said of an incident that comes from its archive; the new row then says the
 * same. An incident that is here already keeps its row and gets the path as a further one.
 */
struct store_origin {
	int64_t id;               /* wanted; another one is taken when it is in use. 0: any */
	const char *path;         /* absolute; NULL: none. There need be no such file: nobody looks
				     for it, and one that is there is still new to a scan */
	int64_t first_seen_at_us; /* 0: now */
	int64_t conflicts;
	const char *original_sha256; /* NULL, or of the bytes that became these by redaction: they
					contradict the new row no more */
};

/* One incident to put. Everything borrowed for the call. */
struct store_item {
	const struct store_source *source; /* NULL for stdin */
	const struct store_origin *origin; /* NULL, or of an archive; then there is no source */
	const char *bytes;                 /* the whole file */
	size_t len;
	const void *packed; /* NULL, or the bytes compressed by store_pack() in a worker */
	size_t packed_len;
	uint32_t packed_dictionary; /* number of the dictionary used, 0 for none */
	const char *sha256;         /* of the bytes, hex */
	size_t ordinal;             /* which report of the document, from 0 */
	const struct report *report;
	const struct triage *triage;
	const char *rules_version;
	bool named; /* the user named the file: what retention has forgotten is taken again */
};

enum store_put {
	STORE_ADDED,
	STORE_KNOWN,
	STORE_CONFLICT, /* known, but with other bytes: the first complete one stays, JSON replaces
			   text; both paths are kept */
};

/*
 * Between store_begin() and store_commit(); after an error the transaction must be rolled back.
 * ret_id may be NULL; it becomes 0 when
 * retention has deleted the row (STORE_KNOWN). A conflict is reported once for each other content;
 * a text without an id that meets its JSON is none.
 */
int store_put(struct store *store, const struct store_item *item, enum store_put *ret,
	int64_t *ret_id, struct err *err);
/* A report of which only the place is known. */
struct store_place {
	const char *sha256;      /* of the whole file, hex */
	struct i64_opt ordinal;  /* which report of it; absent: any */
	const char *incident_id; /* NULL: none */
};
/* 1: it is the report of an incident here, or those bytes were met as another version of the one
 * with that id; 0: neither, or sha256 is no digest. */
int store_knows(struct store *store, const struct store_place *place, struct err *err);
/* Remembers a file that was passed over, or rejected with its reason. */
int store_put_passed(struct store *store, const struct store_source *source, struct err *err);
int store_put_rejected(struct store *store, const struct store_source *source, const char *reason,
	struct err *err);

int store_begin(struct store *store, struct err *err); /* BEGIN IMMEDIATE */
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);

/* ---- compression: thread-safe parts for workers ---- */

struct store_packer; /* one per thread */
/* Takes the newest dictionary of the store (copied). */
int store_packer_new(struct store *store, struct store_packer **ret, struct err *err);
void store_packer_free(struct store_packer *packer);
int store_pack(struct store_packer *packer, const char *bytes, size_t len, struct buf *ret,
	uint32_t *ret_dictionary, struct err *err);

/*
 * Trains a dictionary on stored reports when there are enough and none, or *ret_trained false.
 * Samples with at most sample_bytes in all.
 */
int store_train(struct store *store, bool *ret_trained, struct err *err);

struct store_recompress {
	uint64_t rows, bytes_before, bytes_after;
};
/* Compresses older rows again at a high level with the newest dictionary, in small transactions.
 * stop: NULL, or polled between rows. */
int store_recompress(struct store *store, const volatile bool *stop, struct store_recompress *ret,
	struct err *err);

/* ---- asking ---- */

/* A stored incident without its report. Texts borrowed until the next step of its cursor. NULL
 * where absent. */
struct incident {
	int64_t id;
	const char *incident_id;
	enum report_kind kind;
	bool simulated;
	struct i64_opt captured_at_us;
	const char *process;
	struct i64_opt pid;
	const char *os_version, *os_build, *hardware_model;
	const char *exception_type, *signal;
	struct u64_opt fault_address;
	const char *fault_kind, *fault_access;
	const char *site, *site_title, *signature; /* signature: 16 hex digits */
	const char *signature_text;
	const char *component, *operation, *driver_image, *driver_version, *queue;
	int64_t concurrent_threads;
	const char *status;        /* open, known, fixed, ignored, regressed */
	const char *path, *sha256; /* of the file it came from */
	int64_t size, first_seen_at_us;
	size_t ordinal;
	int64_t conflicts;
	const char *warnings; /* JSON array or NULL */
	bool raw_gone;        /* retention has removed the bytes */
	const char *attribution, *base_register;
	struct i64_opt displacement;
	const char *machine; /* crashReporterKey */
	/* What store_stack() and store_calls() ask for (see state.h); 0: none. calls_id -1: not
	 * known, for it was stored before that was kept (reclassify finds it). */
	int64_t stack_id, calls_id;
};

/*
 * How a MATCH is read: /path (glob, or a folder above it; the program's path or the report's),
 * FIELD=GLOB (FIELD= for absent), up to seven digits a PID, the beginning of a stored incident id
 * (4 or more), else a process name or glob.
 */
/* What list, top and later export select. Everything optional; texts borrowed. */
struct store_filter {
	const char *const *
		matches; /* MATCH words as typed: process name, PID, /path, id prefix, FIELD=GLOB; a
			    match of different kinds must all hold, words of the same field: any */
	size_t match_count;
	const char *site; /* NULL, or a glob that must hold beside any site= of matches */
	struct i64_opt since_us, until_us;
	bool oldest_first;
	int64_t limit;    /* 0: all */
	int64_t after_id; /* 0, or only rows with a higher id, in the order of their ids; -1:
			     all of them so */
};

struct store_cursor;
/* Errors: -EINVAL for a MATCH with an unknown FIELD (err lists the fields). Streams: nothing is
 * sorted in memory. */
int store_list(struct store *store, const struct store_filter *filter, struct store_cursor **ret,
	struct err *err);
/* 1: a row, 0: end, negative: error. */
int store_cursor_next(struct store_cursor *cursor, struct incident *ret, struct err *err);
void store_cursor_close(struct store_cursor *cursor);

/* One by row id, or "latest", or an unambiguous prefix (4 or more) of an incident id. -ENOENT,
 * -EEXIST. Texts belong to the store until the next store_find(). */
int store_find(struct store *store, const char *word, struct incident *ret, struct err *err);

/* The exact bytes of the stored file. -ENODATA: retention has removed them. */
int store_raw(struct store *store, int64_t id, struct buf *ret, struct err *err);

/*
 * What the row alone tells of an incident, for one whose bytes are gone (-ENODATA above): a report
 * with the facts and the crashed thread that were stored, and a warning that says so. Everything
 * lives in arena. -ENOENT.
 */
int store_recall(struct store *store, int64_t id, struct arena *arena,
	const struct report **ret_report, struct triage *ret_triage, struct err *err);

struct store_group {
	const char *values[4];    /* one per field asked for; NULL where absent */
	int64_t count, simulated; /* the latter are among the former */
	double share;             /* of all that the filter selects */
	struct i64_opt first_at_us, last_at_us;
	const char *title; /* when grouping by site alone; the text of a signature alone */
};
typedef int (*store_group_fn)(const struct store_group *group, void *user);
/* Fields: those of the view incidents, and "day", "hour", "hour_of_day". Largest first. kind is
 * limited to crash, gpu_event and panic unless the filter names kind itself. Errors: -EINVAL for
 * unknown fields or more than 4. */
int store_top(struct store *store, const struct store_filter *filter, const char *const *names,
	size_t field_count, store_group_fn fn, void *user, struct err *err);

/* The field names that MATCH and --by know, NULL-terminated. */
extern const char *const store_fields[];

struct store_rejection {
	const char *path, *reason;
	int64_t size, seen_at_us;
};
typedef int (*store_rejection_fn)(const struct store_rejection *rejection, void *user);
int store_rejections(struct store *store, store_rejection_fn fn, void *user, struct err *err);

/* ---- the collector's health ---- */

/* The row of the daemon that runs or ran last. Texts borrowed until the store's next call. */
struct store_daemon {
	int64_t pid, started_at_us;
	struct i64_opt stopped_at_us; /* absent: it runs, or died */
	struct i64_opt last_event_at_us, last_scan_at_us, last_error_at_us;
	const char *last_error; /* NULL: none */
	int64_t queue;
	const char *folders; /* JSON: [{"path": ..., "state": ...}, ...] */
};

/* Inside a transaction or outside of one. */
int store_put_daemon(struct store *store, const struct store_daemon *daemon, struct err *err);
/* 1, or 0 when no daemon ever ran. */
int store_find_daemon(struct store *store, struct store_daemon *ret, struct err *err);

struct store_counts {
	int64_t stored;      /* incidents */
	int64_t simulated;   /* of those: of the simulated driver */
	int64_t known;       /* further files with a stored incident: copies, moves to Retired/ */
	int64_t rejected;    /* files that are rejected as they are now */
	int64_t passed_over; /* files that the selection leaves out */
	int64_t raw_gone;    /* incidents whose bytes retention has removed */
	int64_t database_bytes; /* on disk, with the write-ahead log */
	int64_t newest_id;      /* highest row id ever seen in incident, 0: none */
};
int store_counts(struct store *store, struct store_counts *ret, struct err *err);

/* Changes whenever another connection has committed. Cheap: no disk access. */
int store_data_version(struct store *store, int64_t *ret, struct err *err);

/* ---- retention ---- */

struct store_retention {
	int64_t now_us;
	int64_t max_age_us;     /* 0: rows are kept for ever */
	int64_t raw_max_age_us; /* 0: raw bytes are kept as long as their row */
	int64_t max_bytes;      /* 0: no limit; of the database on disk, with its log */
	bool dry_run;           /* count only, change nothing */
};

struct store_retained {
	uint64_t raw_removed;              /* incidents that lost their bytes */
	uint64_t incidents_removed;        /* rows */
	uint64_t files_removed;            /* rows of files that are no longer there */
	int64_t bytes_before, bytes_after; /* on disk; in a dry run bytes_after is an estimate */
	bool more;                         /* the slice ended before the work did */
	bool too_big; /* still above max_bytes when all was done: what is left stays whole, or a
			 reader holds the log. Told once; tried again when it has grown, or later */
};

/*
 * One slice of retention, in a transaction of its own of at most so many rows that a loop does not
 * stall: call again while *ret->more (counts are of this slice). Raw bytes go before rows, the
 * oldest first; the first and the newest three of each signature stay whole, and so does the
 * incident with the highest id. Whatever is removed here stays removed when its file is seen again,
 * unless the user names that file; then it is left alone for 30 days. A database that is larger
 * than max_bytes is brought down to nine tenths of it. Never touches a file. *ret is set to what
 * was done. A dry run only reads, does it all in one call, and may be asked of a store opened for
 * reading.
 */
int store_retain(struct store *store, const struct store_retention *retention,
	struct store_retained *ret, struct err *err);
/* Whether there is anything for store_retain() to do; cheap enough for every commit. */
int store_retention_due(
	struct store *store, const struct store_retention *retention, bool *ret, struct err *err);

/* ---- damage ---- */

enum store_check_depth {
	STORE_CHECK_QUICK, /* the file's structure: seconds for gigabytes */
	STORE_CHECK_FULL,  /* indexes against their tables, references, every packed report */
};

struct store_checked {
	uint64_t problems;                    /* told through fn, or too many to be told */
	uint64_t raw_rows, raw_gone, raw_bad; /* full: stored files, without bytes, not readable */
};

/* One problem, as text without control bytes. Non-zero ends the check with that code. */
typedef int (*store_problem_fn)(const char *text, void *user);

/*
 * Looks for damage and changes nothing. Damage is no error: 0 with ret->problems. fn may be NULL.
 * stop: NULL, or polled now and then; -EINTR. Other errors: the file cannot be read at all.
 */
int store_check(struct store *store, enum store_check_depth depth, store_problem_fn fn, void *user,
	const volatile bool *stop, struct store_checked *ret, struct err *err);

/* A stored file that could still be read. Everything borrowed for the call. */
struct store_salvaged {
	const char *bytes;
	size_t len;
	const char *path;   /* where it was first seen; NULL: unknown or no file */
	int64_t seen_at_us; /* 0: unknown */
};
typedef int (*store_salvage_fn)(const struct store_salvaged *salvaged, void *user);

struct store_salvage {
	uint64_t read, gone, lost; /* given to fn; emptied by retention; not readable any more */
};

/*
 * Gives fn every stored file of a damaged database that can still be unpacked to the bytes of its
 * digest, walking past what cannot be read. path is only read from (its log too, when there is
 * one). fn non-zero ends it with that code. -EPROTO or -EIO when nothing of it is a database any
 * more.
 */
int store_salvage(const char *path, store_salvage_fn fn, void *user, struct store_salvage *ret,
	struct err *err);

/* ---- replaying ---- */

/* Replaces what triage said of row id (site, signature, fault ... and the rules version). Inside a
 * transaction. *ret_changed: whether anything but the version differs. */
int store_update_triage(struct store *store, int64_t id, const struct report *report,
	const struct triage *triage, const char *rules_version, bool *ret_changed, struct err *err);
/* Drops signatures that no incident has any more and that nobody annotated. */
int store_tidy(struct store *store, struct err *err);

/* ---- read-only SQL ---- */

typedef int (*store_sql_fn)(size_t columns, const char *const *names, const char *const *values,
	const int *types /* SQLite's fundamental types 1..5 */, void *user);
struct store_sql_limits {
	int64_t max_rows;   /* 0: no limit */
	int64_t timeout_ms; /* 0: no limit */
};
/* Runs one statement under an authorizer with DEFENSIVE and query_only: reads only. -EACCES for
 * everything that is not a read, -EINVAL for bad SQL, -ETIMEDOUT, -EOVERFLOW when rows were cut off
 * at max_rows. */
int store_sql(struct store *store, const char *sql, const struct store_sql_limits *limits,
	store_sql_fn fn, void *user, struct err *err);

#endif
