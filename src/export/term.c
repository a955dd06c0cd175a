/* Writing to stdout and what colours mean. Knows nothing of what is written. */
#include "export/term.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_SCREEN_LINES 64
#define FLUSH_EVERY_US 50000
#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 20
#define COLUMNS_MAX 10000

const char *const term_color_names[TERM_COLOR_COUNT + 1] = {
	[TERM_COLOR_AUTO] = "auto",
	[TERM_COLOR_ALWAYS] = "always",
	[TERM_COLOR_NEVER] = "never",
};

static const char *const role_starts[TERM_ROLE_COUNT] = {
	[TERM_PLAIN] = "",
	[TERM_DIM] = "\033[2m",
	[TERM_BOLD] = "\033[1m",
	[TERM_HEADING] = "\033[1m",
	[TERM_ID] = "\033[33m",
	[TERM_SITE] = "\033[36m",
	[TERM_BAD] = "\033[31m",
	[TERM_GOOD] = "\033[32m",
	[TERM_WARN] = "\033[33m",
};

static size_t columns_of(int fd) {
	const char *text = getenv("COLUMNS");
	uint64_t columns = 0;
	struct winsize size = {0};
	if (!text || !text_u64(text, strlen(text), &columns))
		columns = ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	if (!columns)
		return COLUMNS_DEFAULT;
	return columns < COLUMNS_MIN   ? COLUMNS_MIN
	       : columns > COLUMNS_MAX ? COLUMNS_MAX
				       : (size_t)columns;
}

bool term_is_live(int fd) {
	const char *name = getenv("TERM");
	return isatty(fd) && name && strcmp(name, "dumb") != 0;
}

void term_init(struct term *term, FILE *file, enum term_color color) {
	int fd = fileno(file);
	const char *no_color = getenv("NO_COLOR");
	*term = (struct term){.file = file, .tty = isatty(fd)};
	term->columns = term->tty ? columns_of(fd) : 0;
	term->color = color == TERM_COLOR_AUTO ? term_is_live(fd) && !(no_color && *no_color)
					       : color == TERM_COLOR_ALWAYS;
}

static int failed(struct term *term) {
	if (!term->error)
		term->error = errno ? -errno : -EIO;
	return term->error;
}

int term_flush(struct term *term) {
	if (term->error)
		return term->error;
	errno = 0;
	if (fflush(term->file) != 0)
		return failed(term);
	term->flushed_us = clock_monotonic_us();
	return 0;
}

int term_put(struct term *term, const char *bytes, size_t len) {
	if (term->error)
		return term->error;
	errno = 0;
	if (fwrite(bytes, 1, len, term->file) != len)
		return failed(term);
	term->lines++;
	if (term->lines <= FIRST_SCREEN_LINES ||
		clock_monotonic_us() - term->flushed_us >= FLUSH_EVERY_US)
		return term_flush(term);
	return 0;
}

int term_put_buf(struct term *term, struct buf *buf) {
	if (buf->failed && !term->error)
		term->error = -ENOMEM;
	int r = term_put(term, buf_str(buf), buf->len);
	buf_reset(buf);
	return r;
}

void term_styled(const struct term *term, struct buf *out, enum term_role role, const char *text,
	size_t len) {
	if (!term->color || role == TERM_PLAIN || !len) {
		buf_add(out, text, len);
		return;
	}
	buf_add_str(out, role_starts[role]);
	buf_add(out, text, len);
	buf_add_str(out, "\033[m");
}
