/* Values of the analysis as a person reads them in Markdown. Text from outside is escaped here. */
#include "base/clock.h"
#include "export/experiment_parts.h"
#include "export/markdown.h"
#include "export/report_parts.h"
#include "export/symbol.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Longer C++ names are shortened as in show. */
#define SYMBOL_COLUMNS 110

/* Between backticks only what means nothing there nor in a table; the rest takes more signs. */
static bool is_plain(const char *text) {
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || strchr("`|\\<>&@", text[i]))
			return false;
	return len && text[0] != ' ' && text[len - 1] != ' ';
}

void report_code(struct buf *out, const char *text) {
	if (!text)
		buf_add_str(out, "unknown");
	else if (is_plain(text))
		buf_printf(out, "`%s`", text);
	else
		markdown_code(out, text);
}

/* Inside of <pre> only HTML's own signs count, and what trackers take for a mention. */
static void put_pre(struct buf *out, const char *text, size_t len) {
	struct buf safe = {0};
	text_terminal(&safe, text, len, TEXT_LINE);
	for (size_t i = 0; i < safe.len; i++) {
		if (strchr("<>&@", safe.data[i]))
			buf_printf(out, "&#%d;", safe.data[i]);
		else
			buf_add_char(out, safe.data[i]);
	}
	out->failed = out->failed || safe.failed;
	buf_finish(&safe);
}

void report_prose(struct buf *out, const char *text) {
	markdown_escape(out, text, strlen(text), TEXT_LINE);
}

void report_time(struct buf *out, struct i64_opt us) {
	char text[CLOCK_TEXT_BYTES];
	if (!us.set) {
		buf_add_str(out, "unknown");
		return;
	}
	clock_format_iso(us.value, text);
	buf_printf(out, "%.10s %.8s", text, text + 11);
}

void report_day(struct buf *out, struct i64_opt us) {
	struct buf time = {0};
	report_time(&time, us);
	buf_add(out, buf_str(&time), us.set && time.len > 10 ? 10 : time.len);
	out->failed = out->failed || time.failed;
	buf_finish(&time);
}

void report_times(struct buf *out, struct i64_opt first, struct i64_opt last) {
	report_time(out, first);
	if (first.set && last.set && first.value != last.value) {
		buf_add_str(out, " to ");
		report_time(out, last);
	}
}

void report_amount(struct buf *out, uint64_t count, uint64_t simulated) {
	experiment_count(count, out);
	if (!simulated)
		return;
	if (simulated == count) {
		buf_add_str(out, count == 1 ? ", simulated" : ", all simulated");
		return;
	}
	buf_add_str(out, ", ");
	experiment_count(simulated, out);
	buf_add_str(out, " of them simulated");
}

void report_crashes(struct buf *out, uint64_t count) {
	experiment_count(count, out);
	buf_add_str(out, count == 1 ? " crash" : " crashes");
}

size_t report_known(const struct analysis_counts *counts) {
	size_t known = 0;
	for (size_t i = 0; i < counts->count; i++)
		known += counts->items[i].text != NULL;
	return known;
}

void report_counts(struct buf *out, const struct analysis_counts *counts, size_t max, bool known) {
	size_t shown = 0, all = known ? report_known(counts) : counts->count;
	for (size_t i = 0; i < counts->count && shown < max; i++) {
		const struct analysis_count *item = &counts->items[i];
		if (known && !item->text)
			continue;
		buf_add_str(out, shown++ ? ", " : "");
		report_code(out, item->text);
		buf_add_char(out, ' ');
		experiment_count(item->count, out);
		if (item->simulated == item->count)
			buf_add_str(out, " (simulated)");
		else if (item->simulated)
			buf_printf(out, " (%" PRIu64 " simulated)", item->simulated);
	}
	if (all > shown)
		buf_printf(out, ", %zu more", all - shown);
	if (!all)
		buf_add_str(out, "unknown");
}

void report_fault(struct buf *out, const struct analysis_site *site) {
	const char *kind = site->fault_kinds.count ? site->fault_kinds.items[0].text : NULL;
	if (!site->id && site->fault_kinds.count > 1) {
		buf_add_str(out, "various");
		return;
	}
	if (site->offset_count && kind && !strcmp(kind, "near_null")) {
		analysis_offset_text(site->offsets[0].offset, out);
		if (site->offset_count > 1)
			buf_printf(out, ", %zu more", site->offset_count - 1);
		return;
	}
	if (!kind || !strcmp(kind, "none"))
		buf_add_str(out, "none");
	else
		report_code(out, kind);
}

void report_site_name(struct buf *out, const struct analysis_site *site) {
	if (site->id)
		report_code(out, site->id);
	else
		buf_add_str(out, "known to no rule");
}

const char *report_kind_words(enum report_kind kind) {
	static const char *const words[REPORT_KIND_COUNT] = {
		[REPORT_CRASH] = "crash",
		[REPORT_USER_FAULT] = "user fault",
		[REPORT_GPU_EVENT] = "GPU event",
		[REPORT_PANIC] = "panic",
	};
	return words[kind] ? words[kind] : report_kind_names[kind];
}

const char *report_attribution_words(const char *attribution) {
	if (!attribution)
		return "unknown";
	if (!strcmp(attribution, "api_misuse"))
		return "misuse of the API";
	return !strcmp(attribution, "driver") ? "the driver" : "undetermined";
}

static void put_frame(
	struct buf *out, const struct analysis_frame *frame, size_t index, struct buf *symbol) {
	buf_reset(symbol);
	buf_printf(symbol, "%s %2zu  %-22s ", frame->counts ? "->" : "  ", index,
		frame->image ? frame->image : "???");
	if (frame->symbol)
		symbol_shorten(symbol, frame->symbol, SYMBOL_COLUMNS);
	if (frame->offset.set)
		buf_printf(
			symbol, frame->symbol ? " + %" PRIu64 : "0x%" PRIx64, frame->offset.value);
	put_pre(out, buf_str(symbol), symbol->len);
	buf_add_char(out, '\n');
}

void report_frames(struct buf *out, const struct analysis_site *site, size_t count) {
	struct buf line = {0};
	for (size_t i = 0; i < count && i < site->stack_count; i++)
		put_frame(out, &site->stack[i], i, &line);
	out->failed = out->failed || line.failed;
	buf_finish(&line);
}

void report_simulated(struct buf *out, uint64_t count, uint64_t simulated) {
	if (!simulated)
		return;
	buf_add_str(out, "> **SIMULATED**: ");
	if (simulated == count)
		buf_add_str(out, count == 1 ? "this crash is" : "all of these crashes are");
	else {
		experiment_count(simulated, out);
		buf_add_str(out, " of these ");
		experiment_count(count, out);
		buf_add_str(out, simulated == 1 ? " crashes is" : " crashes are");
	}
	buf_printf(out, " of the simulated driver, and tell%s nothing of a real one.",
		simulated == 1 ? "s" : "");
	if (simulated != count)
		buf_add_str(out, " `simulated=false` behind the command leaves them out.");
	buf_add_str(out, "\n\n");
}
