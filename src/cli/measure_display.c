/* Lines are made in a buffer and written at once, so that a terminal does not flicker. */
#include "cli/measure_display.h"

#include "base/clock.h"
#include "base/text.h"
#include "export/experiment_summary.h"
#include "export/term.h"
#include "triage/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Between two pictures on a terminal, and between two lines elsewhere. */
#define DRAW_EVERY_MS 100
#define SAY_EVERY_MS 30000
#define LINES_DEFAULT 24
#define CTRL_C_HINT " (Ctrl-C stops)"
#define NAME_WIDTH_MIN 8
/* Of the parts of a condition's line, as put_condition() prints them. */
#define COUNTS_WIDTH 31 /* with the mark in front of the name */
#define RATE_WIDTH 20
#define RANGE_WIDTH 17
#define THROUGHPUT_WIDTH 10

/* A window may become another size at any time. */
static void measure_terminal(struct measure_display *display) {
	struct winsize size;
	struct term terminal;
	term_init(&terminal, stderr, TERM_COLOR_NEVER);
	display->columns = terminal.columns;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row)
		display->lines = size.ws_row;
}

void measure_display_init(
	struct measure_display *ret, const char *const *names, const char *unit, bool quiet) {
	*ret = (struct measure_display){.names = names,
		.unit = unit,
		.quiet = quiet,
		.live = !quiet && term_is_live(STDERR_FILENO),
		.lines = LINES_DEFAULT,
		.first_ms = clock_monotonic_us() / 1000};
	measure_terminal(ret);
	ret->last_ms = ret->first_ms;
}

void measure_display_time(int64_t ms, struct buf *ret) {
	int64_t s = (ms + 500) / 1000;
	if (s >= 3600)
		buf_printf(
			ret, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
	else
		buf_printf(ret, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

static int64_t sum(const struct experiment_progress *progress, enum trial_outcome outcome) {
	int64_t ret = 0;
	for (size_t i = 0; i < progress->condition_count; i++)
		ret += progress->conditions[i].outcomes[outcome];
	return ret;
}

static void put_count(struct buf *ret, int64_t count, const char *one, const char *more) {
	if (count)
		buf_printf(ret, ", %" PRId64 " %s", count, count == 1 ? one : more);
}

void measure_display_whole(const struct experiment_progress *progress, struct buf *ret) {
	buf_printf(ret, "%" PRId64 " of %" PRId64 " trials", progress->done, progress->planned);
	put_count(ret, sum(progress, TRIAL_CRASHED), "crash", "crashes");
	put_count(ret, sum(progress, TRIAL_HUNG), "hung", "hung");
	put_count(ret, sum(progress, TRIAL_GPU_ERROR), "GPU error", "GPU errors");
	put_count(ret, sum(progress, TRIAL_WRONG_RESULT), "wrong result", "wrong results");
	put_count(ret, sum(progress, TRIAL_FAILED), "failed", "failed");
	if (progress->phase == EXPERIMENT_REPORTS && progress->unpaired)
		buf_printf(ret, "; waiting for %zu crash report%s", progress->unpaired,
			progress->unpaired == 1 ? "" : "s");
	else if (progress->phase == EXPERIMENT_REPORTS)
		buf_add_str(ret, "; waiting in case a crash report comes");
	if (progress->phase == EXPERIMENT_REPORTS) {
		if (progress->left_ms > 0) {
			buf_add_str(ret, ", at most ");
			measure_display_time(progress->left_ms, ret);
		}
	} else if (progress->left_ms >= 0) {
		buf_add_str(ret, ", ");
		measure_display_time(progress->left_ms, ret);
		buf_add_str(ret, " left");
	}
}

static void cut_character(struct buf *ret) {
	size_t len = ret->len;
	while (len && ((unsigned char)ret->data[len - 1] & 0xc0) == 0x80)
		len--;
	ret->len = len ? len - 1 : 0;
	if (ret->data)
		ret->data[ret->len] = '\0';
}

/* What fits on a line: names are cut last, numbers are whole or not there. */
struct layout {
	size_t name;
	bool range, throughput;
};

static struct layout lay_out(
	const struct measure_display *display, const struct experiment_progress *progress) {
	struct layout ret = {.name = NAME_WIDTH_MIN};
	size_t room = display->columns > COUNTS_WIDTH + NAME_WIDTH_MIN
			      ? display->columns - 1 - COUNTS_WIDTH
			      : NAME_WIDTH_MIN;
	for (size_t i = 0; i < progress->condition_count; i++) {
		size_t width = text_width(display->names[i]);
		ret.name = width > ret.name ? width : ret.name;
	}
	ret.name = ret.name < room ? ret.name : room;
	ret.range = ret.name + RANGE_WIDTH <= room;
	ret.throughput = ret.range && ret.name + RANGE_WIDTH + THROUGHPUT_WIDTH <= room;
	return ret;
}

/* Appends the characters of text that fit into width, then blanks. */
static void put_fitted(const char *text, size_t width, struct buf *ret) {
	size_t start = ret->len;
	buf_add_str(ret, text);
	if (text_width(text) > width) {
		while (ret->len > start && text_width(buf_str(ret) + start) >= width)
			cut_character(ret);
		buf_add_str(ret, "\xe2\x80\xa6");
	}
	for (size_t i = text_width(buf_str(ret) + start); i < width; i++)
		buf_add_char(ret, ' ');
}

static void put_throughput(double throughput, const char *unit, struct buf *ret) {
	if (throughput >= 100)
		buf_printf(ret, " %7.0f%s", throughput, unit);
	else
		buf_printf(ret, " %7.3g%s", throughput, unit);
}

static const char *untold(const struct experiment_tally *tally) {
	uint64_t outcomes[TRIAL_OUTCOME_COUNT];
	for (int i = 0; i < TRIAL_OUTCOME_COUNT; i++)
		outcomes[i] = (uint64_t)tally->outcomes[i];
	return experiment_untold(outcomes);
}

/* " 41.7 % (19.3 to 68.0)", " unknown: all failed" */
static void put_rate(const struct experiment_tally *tally, bool range, struct buf *ret) {
	int64_t crashed = tally->outcomes[TRIAL_CRASHED];
	struct rate rate = rate_of((uint64_t)crashed, (uint64_t)tally->done);
	const char *reason = untold(tally);
	buf_printf(ret, "%4" PRId64 " crashed", crashed);
	if (reason)
		buf_printf(ret, " unknown%s%s", range ? ": " : "", range ? reason : "");
	else
		buf_printf(ret, "%6.1f %%", rate.rate * 100);
	if (range && !reason)
		buf_printf(ret, " (%.1f to %.1f)", rate.low * 100, rate.high * 100);
}

/* "none, 4 threads  12/30   5 crashed  41.7 % (19.3 to 68.0)    8103/s" */
static void put_condition(const struct measure_display *display,
	const struct experiment_progress *progress, const struct layout *layout, size_t index,
	struct buf *ret) {
	const struct experiment_tally *tally = &progress->conditions[index];
	bool runs = progress->phase == EXPERIMENT_TRIALS && progress->condition == (int64_t)index;
	buf_add_str(ret, runs ? "> " : "  ");
	put_fitted(display->names[index], layout->name, ret);
	buf_printf(ret, "%4" PRId64 "/%-4" PRId64, tally->done, tally->planned);
	if (!tally->done)
		return;
	size_t start = ret->len + RATE_WIDTH;
	put_rate(tally, layout->range, ret);
	if (layout->throughput && tally->throughput > 0) {
		while (ret->len < start + RANGE_WIDTH)
			buf_add_char(ret, ' ');
		put_throughput(tally->throughput, display->unit, ret);
	}
}

/* Cut to the terminal's width; behind the cut nothing of the last picture may stay. */
static void add_line(struct measure_display *display, struct buf *line, struct buf *picture) {
	size_t fit = display->columns > 1 ? display->columns - 1 : line->len;
	while (text_width(buf_str(line)) > fit)
		cut_character(line);
	display->widths[display->drawn++] = text_width(buf_str(line));
	buf_add(picture, line->data, line->len);
	buf_add_str(picture, "\033[K\n");
	buf_reset(line);
}

/* A terminal that became narrower has wrapped what stands there. */
static void go_back(struct measure_display *display, struct buf *picture) {
	size_t rows = 0;
	for (size_t i = 0; i < display->drawn; i++)
		rows += display->columns && display->widths[i]
				? (display->widths[i] + display->columns - 1) / display->columns
				: 1;
	if (rows)
		buf_printf(picture, "\r\033[%zuA", rows);
	display->drawn = 0;
}

static void draw(struct measure_display *display, const struct experiment_progress *progress) {
	struct buf picture = {0}, line = {0};
	size_t columns = display->columns;
	measure_terminal(display);
	go_back(display, &picture);
	if (columns != display->columns) /* else lines stay joined that were wrapped */
		buf_add_str(&picture, "\033[J");
	struct layout layout = lay_out(display, progress);
	/* Conditions that do not fit are not drawn at all: a table that scrolls cannot be redrawn.
	 */
	if (progress->condition_count + 2 < display->lines &&
		progress->condition_count < MEASURE_DISPLAY_LINES)
		for (size_t i = 0; i < progress->condition_count; i++) {
			put_condition(display, progress, &layout, i, &line);
			add_line(display, &line, &picture);
		}
	measure_display_whole(progress, &line);
	if (line.len + strlen(CTRL_C_HINT) < display->columns)
		buf_add_str(&line, CTRL_C_HINT);
	add_line(display, &line, &picture);
	/* What a narrower or lower picture leaves of the one before. */
	buf_add_str(&picture, "\033[J");
	if (!picture.failed && !line.failed) {
		fwrite(picture.data, 1, picture.len, stderr);
		fflush(stderr);
	}
	buf_finish(&picture);
	buf_finish(&line);
}

static void say(const struct experiment_progress *progress) {
	struct buf line = {0};
	measure_display_whole(progress, &line);
	fprintf(stderr, "%s\n", buf_str(&line));
	buf_finish(&line);
}

void measure_display_show(const struct experiment_progress *progress, void *user) {
	struct measure_display *display = user;
	int64_t now_ms = clock_monotonic_us() / 1000;
	int64_t every = display->live ? DRAW_EVERY_MS : SAY_EVERY_MS;
	bool first = display->live && !display->drawn;
	if (display->quiet || (!first && now_ms - display->last_ms < every))
		return;
	display->last_ms = now_ms;
	if (display->live)
		draw(display, progress);
	else
		say(progress);
}

void measure_display_clear(struct measure_display *display) {
	struct buf picture = {0};
	if (!display->drawn)
		return;
	measure_terminal(display);
	go_back(display, &picture);
	buf_add_str(&picture, "\033[J");
	fwrite(buf_str(&picture), 1, picture.len, stderr);
	fflush(stderr);
	buf_finish(&picture);
}
