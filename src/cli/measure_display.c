/* Lines are made in a buffer and written at once, so that a terminal does not flicker. */
#include "cli/measure_display.h"

#include "base/clock.h"
#include "base/text.h"
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
#define NAME_WIDTH 28

void measure_display_init(struct measure_display *ret, const char *const *names, bool quiet) {
	struct winsize size;
	struct term terminal;
	term_init(&terminal, stderr, TERM_COLOR_NEVER);
	*ret = (struct measure_display){.names = names,
		.quiet = quiet,
		.live = !quiet && term_is_live(STDERR_FILENO),
		.columns = terminal.columns,
		.lines = LINES_DEFAULT,
		.first_ms = clock_monotonic_us() / 1000};
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row)
		ret->lines = size.ws_row;
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
	if (progress->left_ms >= 0) {
		buf_add_str(ret, progress->phase == EXPERIMENT_REPORTS ? ", at most " : ", ");
		measure_display_time(progress->left_ms, ret);
		buf_add_str(ret, progress->phase == EXPERIMENT_REPORTS ? "" : " left");
	}
}

/* "none, 4 threads    12 of 30   5 crashes, 41.7 % (19.3 to 68.0 %)   8,103/s" */
static void put_condition(const struct measure_display *display,
	const struct experiment_progress *progress, size_t index, struct buf *ret) {
	const struct experiment_tally *tally = &progress->conditions[index];
	int64_t crashed = tally->outcomes[TRIAL_CRASHED];
	bool runs = progress->phase == EXPERIMENT_TRIALS && progress->condition == (int64_t)index;
	buf_printf(ret, "%s %-*s %4" PRId64 "/%-4" PRId64, runs ? ">" : " ", NAME_WIDTH,
		display->names[index], tally->done, tally->planned);
	if (tally->done > 0) {
		struct rate rate = rate_of((uint64_t)crashed, (uint64_t)tally->done);
		buf_printf(ret, " %4" PRId64 " crashed %5.1f %% (%.1f to %.1f)", crashed,
			rate.rate * 100, rate.low * 100, rate.high * 100);
	}
	if (tally->throughput > 0)
		buf_printf(ret, "  %.0f/s", tally->throughput);
}

/* Cut to the terminal's width; behind the cut nothing of the last picture may stay. */
static void add_line(const struct measure_display *display, struct buf *line, struct buf *picture) {
	size_t fit = display->columns > 1 ? display->columns - 1 : line->len;
	if (line->len > fit)
		line->len = fit;
	buf_add(picture, line->data, line->len);
	buf_add_str(picture, "\033[K\n");
	buf_reset(line);
}

static void go_back(const struct measure_display *display, struct buf *picture) {
	if (display->drawn)
		buf_printf(picture, "\r\033[%zuA", display->drawn);
}

static void draw(struct measure_display *display, const struct experiment_progress *progress) {
	struct buf picture = {0}, line = {0};
	size_t drawn = 1;
	go_back(display, &picture);
	/* Conditions that do not fit are not drawn at all: a table that scrolls cannot be redrawn.
	 */
	if (progress->condition_count + 2 < display->lines)
		for (size_t i = 0; i < progress->condition_count; i++, drawn++) {
			put_condition(display, progress, i, &line);
			add_line(display, &line, &picture);
		}
	measure_display_whole(progress, &line);
	buf_add_str(&line, " (Ctrl-C stops)");
	add_line(display, &line, &picture);
	if (!picture.failed && !line.failed) {
		fwrite(picture.data, 1, picture.len, stderr);
		fflush(stderr);
		display->drawn = drawn;
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
	go_back(display, &picture);
	if (display->drawn)
		buf_add_str(&picture, "\033[J");
	fwrite(buf_str(&picture), 1, picture.len, stderr);
	fflush(stderr);
	display->drawn = 0;
	buf_finish(&picture);
}
