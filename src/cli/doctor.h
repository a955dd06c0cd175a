/*
 * What the checks of `agxtriage doctor` share: a place for findings, and what one check has found
 * out for the next. One file per group of checks; doctor.c has the table of them.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"

#include <stdbool.h>
#include <sys/types.h>

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING,
	DOCTOR_FAILED,
	DOCTOR_REPAIRED,
	DOCTOR_SKIPPED,
	DOCTOR_STATE_COUNT,
};

struct doctor_options {
	bool json, dry_run, full, self_test;
	struct i64_opt wait_s;
};

struct doctor {
	struct cli *cli;
	const struct doctor_options *options;
	const char *check;    /* the one that runs */
	const char *db_path;  /* borrowed from cli */
	struct config config; /* the defaults where the user's file is broken */
	bool running;         /* a daemon serves the database */
	pid_t pid;            /* 0: unknown */
	struct store *store;  /* NULL: it cannot be opened, or there is none yet */
	unsigned counts[DOCTOR_STATE_COUNT];
};

/* One row of the table of checks. */
struct doctor_check {
	const char *name;
	void (*run)(struct doctor *doctor);
	bool needs_store; /* skipped in silence without one: another check has told */
};

/* Prints one finding of the check that runs. advice: what to do about it, may be NULL. */
__attribute__((format(printf, 4, 5))) void doctor_say(
	struct doctor *doctor, enum doctor_state state, const char *advice, const char *fmt, ...);

/* ---- doctor_setup.c ---- */

void doctor_check_config(struct doctor *doctor);
void doctor_check_rules(struct doctor *doctor);
void doctor_check_folders(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);

/* ---- doctor_reporter.c ---- */

void doctor_check_reporter(struct doctor *doctor);
void doctor_check_quota(struct doctor *doctor);

/* ---- doctor_database.c ---- */

void doctor_check_database(struct doctor *doctor);
void doctor_check_privacy(struct doctor *doctor);
void doctor_check_integrity(struct doctor *doctor);
void doctor_check_dictionary(struct doctor *doctor);
void doctor_check_writing(struct doctor *doctor);
void doctor_check_log(struct doctor *doctor);
void doctor_check_space(struct doctor *doctor);
void doctor_check_set_aside(struct doctor *doctor);

/* ---- doctor_repair.c ---- */

/*
 * Sets a damaged database aside, makes a new one, and takes in what can be read of the old one and
 * what is still on disk. Says what came of it; doctor->store is the new one, or NULL. why: what is
 * wrong with the old one.
 */
void doctor_repair_database(struct doctor *doctor, const char *why);
/* Files beside the database that were set aside; *ret_newest (may be NULL) is to be freed. */
size_t doctor_count_set_aside(const char *db_path, char **ret_newest);

/* ---- doctor_daemon.c ---- */

void doctor_check_daemon(struct doctor *doctor);
/* What it says of itself in the database. */
void doctor_check_daemon_row(struct doctor *doctor);
void doctor_check_agent(struct doctor *doctor);

/* ---- doctor_self_test.c ---- */

void doctor_check_self_test(struct doctor *doctor);

#endif
