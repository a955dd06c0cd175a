/*
 * One run of a command: starts it, samples its processes, waits for the crash reports that belong
 * to them, and says what came of it. Blocks until all is known; prints nothing. What repeats runs
 * calls it again and again.
 */
#ifndef REPRO_RUN_H
#define REPRO_RUN_H

#include "base/buf.h"
#include "base/err.h"
#include "collect/select.h"
#include "repro/claims.h"
#include "repro/reporter.h"
#include "repro/stderr_facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_WAIT_CRASH_MS 60000
#define RUN_WAIT_CLEAN_MS 10000

/* What it waits for; see on_wait. */
struct run_wait {
	const char *process; /* of the command; borrowed */
	pid_t pid;
	bool crashed; /* a report has to come; else one might */
	size_t found; /* reports so far */
	int64_t left_ms;
};

/* All borrowed for the call. */
struct run_options {
	const char *const *argv;
	char *const *env; /* NULL: ours */
	int stdout_fd;    /* what the command gets as its standard output */
	/* How long to wait for reports behind a crash and behind any other end. */
	int64_t wait_crash_ms, wait_clean_ms;
	int64_t timeout_ms;  /* then the command and all that came from it is ended; 0: never */
	const char *db_path; /* of the store: whether a daemon serves it */
	const char *const *folders; /* where reports appear */
	size_t folder_count;
	const struct selection *selection; /* the run's own processes are taken besides */
	const struct reporter *reporter;
	/* While it waits, about every 100 ms, and with NULL when that is over. May be NULL. */
	void (*on_wait)(const struct run_wait *wait, void *user);
	void *user;
};

struct run_result {
	int64_t started_at_us, ended_at_us;
	pid_t pid;
	char process[64]; /* the command's name as the system had it last */
	int status;       /* exit status, -1 when a signal ended it */
	int signal;       /* 0 unless a signal ended it */
	int crash_signal; /* of the command, or of what it tells by 128 + signal; 0: none */
	bool hung;        /* ended at the time limit */
	bool interrupted; /* somebody ended the run or the waiting */
	struct claimed *incidents; /* owned */
	size_t incident_count;
	size_t crash_count;        /* of those */
	bool unreported;           /* the command crashed and no report tells of it */
	enum reporter_label label; /* why, with unreported */
	char *stderr_tail;         /* owned, cleaned text with line feeds, never NULL */
	struct stderr_facts facts; /* owned */
	struct buf system_log;     /* the system's log around a crash, cleaned; may be empty */
	struct err collecting;     /* code 0, or why reports could not be taken in */
	struct err log_error;      /* code 0, or why the system's log could not be read */
};

/*
 * 0 when the command ran, however it ended. -ENOENT, -EACCES ... and *ret_not_started true when it
 * could not be started; other errors are of the system or the store, before the start. *ret is
 * released with run_result_finish() in every case. Uses signal handlers: one at a time per process.
 */
int run_once(struct store *store, const struct rules *rules, const struct run_options *options,
	struct run_result *ret, bool *ret_not_started, struct err *err);
void run_result_finish(struct run_result *result);

/* Anything crashed: the command itself, or a process of it that a report tells of. */
bool run_crashed(const struct run_result *result);
/* SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGTRAP, SIGFPE, SIGSYS. */
bool run_is_crash_signal(int number);
/* The one that a command crashed by: it was ended by it, or its exit status tells of one as a shell
 * does (128 + number). 0: none. */
int run_crash_signal(int status, int signal);

#endif
