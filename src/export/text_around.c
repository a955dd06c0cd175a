/* A state is one sentence; each neighbour is one line, with the command that shows it. */
#include "export/text_around.h"

#include "base/clock.h"
#include "export/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Neighbours shown without -a. */
#define SHOWN 8
#define INDENT 2

enum term_role text_around_role(const char *status) {
	if (!status || !strcmp(status, "open"))
		return TERM_PLAIN;
	if (!strcmp(status, "regressed"))
		return TERM_BAD;
	return !strcmp(status, "fixed") ? TERM_GOOD : TERM_WARN;
}

static void add_regression(struct buf *ret, const char *fixed_in, const struct regression *how) {
	char when[CLOCK_TEXT_BYTES];
	buf_add_str(ret, fixed_in ? ": it was fixed in " : ": it was fixed");
	if (fixed_in)
		buf_add_str(ret, fixed_in);
	if (!how->at_us.set)
		return;
	buf_add_str(ret, ", and came again");
	if (how->os_build)
		buf_printf(ret, " on %s", how->os_build);
	clock_format_local(how->at_us.value, when);
	buf_printf(ret, ", stored %s", when);
	if (how->incident.set)
		buf_printf(ret, " (incident %" PRId64 ")", how->incident.value);
}

void text_around_status(
	struct buf *ret, const char *status, const char *fixed_in, const struct regression *how) {
	buf_add_str(ret, status ? status : "open");
	if (status && !strcmp(status, "regressed"))
		add_regression(ret, fixed_in, how);
	else if (fixed_in)
		buf_printf(ret, "%s %s", status && !strcmp(status, "fixed") ? " in" : "; fixed in",
			fixed_in);
}

const char *text_around_kind(enum report_kind kind) {
	if (kind == REPORT_GPU_EVENT)
		return "GPU event";
	return kind == REPORT_PANIC ? "kernel panic" : report_kind_names[kind];
}

void text_around_state(struct text_out *out, const struct surroundings *around) {
	struct buf text = {0};
	text_around_status(&text, around->status, around->fixed_in, &around->regression);
	text_out_field(out, text_around_role(around->status), "Status", buf_str(&text));
	text_out_field(out, TERM_PLAIN, "Note", around->note);
	text_out_field_whole(out, "URL", around->url);
	out->buf->failed = out->buf->failed || text.failed;
	buf_finish(&text);
}

/* ---- neighbours ---- */

enum { NEAR_WHEN, NEAR_KIND, NEAR_PROCESS, NEAR_WHAT, NEAR_SEE, NEAR_COUNT };

static const struct table_column columns[NEAR_COUNT] = {
	[NEAR_WHEN] = {.title = "", .right = true},
	[NEAR_KIND] = {.title = ""},
	[NEAR_PROCESS] = {.title = "", .min = 8, .middle = true},
	[NEAR_WHAT] = {.title = "", .min = 12, .priority = 1},
	[NEAR_SEE] = {.title = ""},
};

struct near_row {
	char when[48], see[48];
	struct buf process;
	struct table_cell cells[NEAR_COUNT];
};

static void fill(struct near_row *row, const struct neighbour *neighbour) {
	int64_t distance = neighbour->distance_us;
	int64_t tenths = (distance < 0 ? -distance : distance) / 100000;
	snprintf(row->when, sizeof row->when, "%*s%" PRId64 ".%" PRId64 " s %s", INDENT, "",
		tenths / 10, tenths % 10, distance < 0 ? "before" : "later");
	snprintf(row->see, sizeof row->see, "agxtriage show %" PRId64, neighbour->id);
	buf_reset(&row->process);
	buf_add_str(&row->process, neighbour->process ? neighbour->process : "");
	if (neighbour->same_process == TRI_YES)
		buf_add_str(&row->process, " (the same)");
	row->cells[NEAR_WHEN] = (struct table_cell){row->when, TERM_PLAIN};
	row->cells[NEAR_KIND] = (struct table_cell){text_around_kind(neighbour->kind), TERM_PLAIN};
	row->cells[NEAR_PROCESS] = (struct table_cell){buf_str(&row->process),
		neighbour->same_process == TRI_YES ? TERM_BOLD : TERM_PLAIN};
	row->cells[NEAR_WHAT] = (struct table_cell){neighbour->what, TERM_SITE};
	row->cells[NEAR_SEE] = (struct table_cell){row->see, TERM_DIM};
}

static void put_rows(struct text_out *out, const struct surroundings *around, size_t count) {
	struct near_row row = {0};
	struct table table;
	table_init_into(&table, columns, NEAR_COUNT, out->term, out->buf);
	for (size_t i = 0; i < count; i++) {
		fill(&row, &around->neighbours[i]);
		table_measure(&table, row.cells);
	}
	table_begin(&table, false);
	for (size_t i = 0; i < count; i++) {
		fill(&row, &around->neighbours[i]);
		table_row(&table, row.cells);
	}
	table_finish(&table);
	out->buf->failed = out->buf->failed || row.process.failed;
	buf_finish(&row.process);
}

void text_around_neighbours(struct text_out *out, const struct surroundings *around, bool all) {
	size_t count = around->neighbour_count, left = around->neighbours_left_out;
	struct buf text = {0};
	if (!count)
		return;
	if (!all && count > SHOWN) {
		left += count - SHOWN;
		count = SHOWN;
	}
	text_out_heading(out, "Near in time on this machine, which proves no connection");
	put_rows(out, around, count);
	if (left) {
		buf_printf(&text, "and %zu more%s", left, all ? "" : "; -a or --json shows them");
		text_out_paragraph(out, TERM_DIM, INDENT, buf_str(&text));
	}
	out->buf->failed = out->buf->failed || text.failed;
	buf_finish(&text);
}
