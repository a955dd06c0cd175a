/* Where a run leaves its outcome besides the terminal: a job's page and a test server's file. */
#ifndef CLI_RUN_FILES_H
#define CLI_RUN_FILES_H

#include "base/buf.h"
#include "cli/cli.h"

/*
 * Adds text to a page that others write to as well; it is made when it is not there. path NULL:
 * nothing to do. CLI_FAILED after saying why.
 */
enum cli_status run_files_append(const char *path, const struct buf *text);
/* Replaces a file at once. The same. */
enum cli_status run_files_save(const char *path, const struct buf *text);

#endif
