/*
 * An experiment while it runs, on stderr: a table that is drawn again and again on a terminal, now
 * and then a line elsewhere.
 */
#ifndef CLI_MEASURE_DISPLAY_H
#define CLI_MEASURE_DISPLAY_H

#include "base/buf.h"
#include "repro/experiment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More lines than that are never drawn. */
#define MEASURE_DISPLAY_LINES 256

struct measure_display {
	const char *const *names;             /* of the conditions, clean text; borrowed */
	const char *unit;                     /* behind a throughput, "/s" or ""; borrowed */
	bool live;                            /* a terminal that may be drawn on */
	bool quiet;                           /* say nothing */
	size_t columns, lines;                /* of the terminal, as it was last */
	size_t drawn;                         /* lines that stand there now, */
	size_t widths[MEASURE_DISPLAY_LINES]; /* and the columns that each takes */
	int64_t last_ms;                      /* when something was said, of the monotonic clock */
	int64_t first_ms;
};

/* Fits the terminal behind stderr, also when it is resized. */
void measure_display_init(
	struct measure_display *ret, const char *const *names, const char *unit, bool quiet);
/* For experiment_options.on_progress; user is the display. */
void measure_display_show(const struct experiment_progress *progress, void *user);
/* Takes away what was drawn. */
void measure_display_clear(struct measure_display *display);

/* "1:23", "2:03:04". Pure, as is the rest. */
void measure_display_time(int64_t ms, struct buf *ret);
/* The line about the whole: "37 of 720, 12 crashes, 1:23 left". */
void measure_display_whole(const struct experiment_progress *progress, struct buf *ret);

#endif
