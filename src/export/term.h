/*
 * The answer's way out: stdout, checked, with what is known of the terminal behind it (width,
 * colours). Every command writes through here, so that a full disk is noticed and a closed pipe
 * ends quietly.
 */
#ifndef EXPORT_TERM_H
#define EXPORT_TERM_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum term_color { TERM_COLOR_AUTO, TERM_COLOR_ALWAYS, TERM_COLOR_NEVER, TERM_COLOR_COUNT };

extern const char *const term_color_names[TERM_COLOR_COUNT + 1]; /* NULL-terminated */

/* What a piece of text is for; each has one look. */
enum term_role {
	TERM_PLAIN,
	TERM_DIM,
	TERM_BOLD,
	TERM_HEADING,
	TERM_ID,
	TERM_SITE,
	TERM_BAD,
	TERM_GOOD,
	TERM_WARN,
	TERM_ROLE_COUNT,
};

struct term {
	FILE *file; /* borrowed */
	bool tty;
	bool color;
	size_t columns; /* 0: not a terminal, nothing needs to fit */
	size_t lines;   /* put so far */
	int64_t flushed_us;
	int error; /* the first failure, negative errno; nothing is written after it */
};

/*
 * color AUTO: only on a terminal that is not "dumb", and not when NO_COLOR is set and not empty.
 * $COLUMNS wins over what the terminal says.
 */
void term_init(struct term *term, FILE *file, enum term_color color);

/* Whether a terminal is behind fd and TERM can move its cursor (for progress lines on stderr). */
bool term_is_live(int fd);

/*
 * Writes whole lines. They reach the reader at once for the first screen, then at least every 50 ms
 * while lines come. Returns 0 or term->error, so that a loop can end; -EPIPE means that nobody
 * reads any more.
 */
int term_put(struct term *term, const char *bytes, size_t len);
/* The same with a buffer, which is emptied; -ENOMEM when it had failed. */
int term_put_buf(struct term *term, struct buf *buf);
int term_flush(struct term *term);

/* Appends text in the look of role, as it is: text must be safe for a terminal already. */
void term_styled(const struct term *term, struct buf *out, enum term_role role, const char *text,
	size_t len);

#endif
