/*
 * The system's crash reporter as far as a program can see it: whether it is on, how many reports of
 * a process it keeps, and what the system's log says of a moment. Programs that are asked are
 * parameters, so that tests can stand in for them.
 */
#ifndef REPRO_REPORTER_H
#define REPRO_REPORTER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A report is late, not missing, until so much time has passed. */
#define REPORTER_LATE_US 60000000
/* ReportCrash keeps so many of one process name and drops more. */
#define REPORTER_QUOTA 25

struct reporter {
	const char *launchctl;   /* tells what is switched off; NULL: there is no crash reporter */
	const char *log_program; /* reads the unified log; NULL: there is none */
};

/* This system's. */
extern const struct reporter reporter_here;

/* Why a crash has no report. */
enum reporter_label {
	REPORTER_LATE,
	REPORTER_FULL, /* "quota" */
	REPORTER_OFF,
	REPORTER_UNKNOWN,
	REPORTER_LABEL_COUNT,
};

extern const char *const reporter_label_names[REPORTER_LABEL_COUNT];

struct reporter_question {
	const char *process; /* its name as the system has it; NULL: not known */
	int64_t crashed_at_us, now_us;
	const char *const *folders; /* where reports are, each with its Retired/ */
	size_t folder_count;
};

/* The first that holds, in the order above. May run launchctl (bounded in time). */
enum reporter_label reporter_explain(
	const struct reporter *reporter, const struct reporter_question *question);

/* Reports of a process in one folder and its Retired/: "Python-2025-12-20-173618.ips". */
size_t reporter_count(const char *folder, const char *process);

/*
 * Appends the lines that the log has of AGX, IOGPU and ReportCrash between two points in time; at
 * most REPORTER_LOG_LINES, the last ones, cleaned. Nothing where there is no such log.
 * -ETIMEDOUT, -EIO with what the program said, and those of spawn_run().
 */
#define REPORTER_LOG_LINES 200
int reporter_log(const struct reporter *reporter, int64_t from_us, int64_t to_us, struct buf *ret,
	struct err *err);

#endif
