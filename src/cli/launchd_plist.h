/*
 * The property list that tells launchd to keep the daemon running. The keys are those of
 * launchd.plist(5). Knows nothing of launchctl, and where files are.
 */
#ifndef CLI_LAUNCHD_PLIST_H
#define CLI_LAUNCHD_PLIST_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Everything is borrowed. */
struct launchd_plist {
	const char *label;
	const char *const *arguments; /* argv with the absolute path of the program, NULL-terminated
				       */
	const char *log_path;         /* stdout and stderr, until the daemon itself opens it */
	bool background;              /* for a user without a session at the screen */
};

/*
 * Adds the XML to ret: the same bytes for the same values. -EINVAL when a value cannot stand in
 * XML or in a line of a log: control characters and what is no UTF-8.
 */
int launchd_plist_format(const struct launchd_plist *plist, struct buf *ret, struct err *err);

/*
 * The ProgramArguments of a plist made by launchd_plist_format(), NULL-terminated; each string and
 * the array are to be freed with launchd_plist_free_arguments(). NULL when text is something else,
 * or without memory.
 */
char **launchd_plist_arguments(const char *text);
void launchd_plist_free_arguments(char **arguments);

#endif
