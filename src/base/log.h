/*
 * Messages for people, on stderr. Only programs call this. Lines are cleaned and written with one
 * write().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Messages above this level are dropped. Default LOG_INFO. */
void log_set_level(enum log_level level);
/* Puts the time (UTC) before each line: for files, which are read later. Default off. */
void log_set_times(bool on);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * on: a line that stderr does not take (a pipe that nobody reads, a terminal that was stopped) is
 * waited for for a second, then dropped, as are those that follow until it takes some again; then
 * their number is told. off, as at the start: waits for ever.
 */
void log_never_wait(bool on);

#endif
