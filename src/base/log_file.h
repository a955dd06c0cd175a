/*
 * A log file for a process that nobody watches: it takes the place of stdout and stderr, so that
 * whatever is said goes there, and never grows far beyond its limit. There is one per process, as
 * there is one stderr.
 */
#ifndef BASE_LOG_FILE_H
#define BASE_LOG_FILE_H

#include "base/err.h"

#include <stddef.h>

/* A line is about 150 bytes: some thousands of them, twice. */
#define LOG_FILE_BYTES (1u << 20)

/*
 * Appends to path (0600; its folder is made) from now on, each line with its time, also when
 * somebody else had put stderr there before. From max_bytes on the content goes to path.1, whose
 * former content is gone, and the file begins anew; it stays the same file, so that children, and
 * launchd, which hold it too go on writing into it. Links are not followed (-ELOOP), only regular
 * files are written to (-EISDIR, -ENXIO). On failure everything is as before. Closed by opening
 * another.
 */
int log_file_open(const char *path, size_t max_bytes, struct err *err);

/* Writes to stderr, be it a log file or not, and rotates when it is due. Any thread. */
void log_file_write(const char *bytes, size_t len);

/*
 * Rotates when it is due, and begins a new file when this one was moved away or deleted by somebody
 * else. For a timer, because children may write too. Does nothing without a log file. What fails
 * here is not told; a file that cannot be copied to path.1 is emptied all the same.
 */
void log_file_check(void);

/* Gives stdout and stderr back to nobody (/dev/null), and the memory. For tests. */
void log_file_close(void);

#endif
