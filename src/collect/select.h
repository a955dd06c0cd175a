/*
 * What is taken from a folder without being asked for, by name and by content.
 */
#ifndef COLLECT_SELECT_H
#define COLLECT_SELECT_H

#include "ips/report.h"

#include <stdbool.h>

/* Globs over a file's name, NULL-terminated; the default of the contract: Python*, python*,
 * agxtriage-repro*, gpuEvent-*, panic-*, *.panic, JetsamEvent-*. */
extern const char *const select_default_include[];

/* Borrowed by whoever is given it. */
struct selection {
	bool all;                   /* every process */
	const char *const *include; /* names taken whatever they hold; NULL: the default */
	const char *const *exclude; /* names never taken from a folder, stronger than the rest; may
				       be NULL */
};

/* A copy of one's own; NULL without memory. */
struct selection *selection_dup(const struct selection *selection);
void selection_free(struct selection *selection);

/* path: its last part counts. Neither is asked about a file that the user named. */
bool select_excludes(const struct selection *selection, const char *path);
bool select_by_name(const struct selection *selection, const char *path);
/* GPU events, panics, jetsam events, and crashes with AGX, Metal, IOGPU or MPS in the crashed
 * thread. */
bool select_by_content(const struct report *report);
/* Whether the name promises a report (.ips, .crash, .panic): then an unreadable content is a
 * rejection, and else the file is simply something else. */
bool select_is_report_name(const char *path);

#endif
