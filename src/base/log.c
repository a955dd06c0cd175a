/*
 * Messages for people. Only programs call this; libraries return errors.
 */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_file.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 2048

static _Atomic(enum log_level) max_level = LOG_INFO;
static atomic_bool with_times;

void log_set_level(enum log_level level) {
	atomic_store_explicit(&max_level, level, memory_order_relaxed);
}

void log_set_times(bool on) {
	atomic_store_explicit(&with_times, on, memory_order_relaxed);
}

static void add_time(struct buf *line) {
	char text[CLOCK_TEXT_BYTES];
	clock_format_iso(clock_now_us(), text);
	buf_add_str(line, text);
	buf_add_char(line, ' ');
}

__attribute__((format(printf, 2, 0))) static void log_line(
	enum log_level level, const char *fmt, va_list args) {
	static const char *const prefixes[] = {
		[LOG_ERROR] = "error: ",
		[LOG_WARNING] = "warning: ",
		[LOG_INFO] = "",
		[LOG_DEBUG] = "debug: ",
	};
	if (level > atomic_load_explicit(&max_level, memory_order_relaxed))
		return;
	int saved = errno;
	char message[MESSAGE_BYTES];
	vsnprintf(message, sizeof message, fmt, args);
	struct buf line = {0};
	if (atomic_load_explicit(&with_times, memory_order_relaxed))
		add_time(&line);
	buf_add_str(&line, prefixes[level]);
	text_terminal(&line, message, strlen(message), TEXT_LINE);
	buf_add_char(&line, '\n');
	if (!line.failed)
		log_file_write(line.data, line.len);
	buf_finish(&line);
	errno = saved;
}

void log_error(const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	log_line(LOG_ERROR, fmt, args);
	va_end(args);
}

void log_warning(const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	log_line(LOG_WARNING, fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	log_line(LOG_INFO, fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	log_line(LOG_DEBUG, fmt, args);
	va_end(args);
}
