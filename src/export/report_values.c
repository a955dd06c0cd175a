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

void report_code(struct buf *out, const char *text) {
	if (!text)
		buf_add_str(out, "unknown");
	else
		markdown_code(out, text);
}

void report_prose(struct buf *out, const char *text) {
	markdown_text(out, text);
}

void report_plain(struct buf *out, const char *text) {
	if (text)
		text_terminal(out, text, strlen(text), TEXT_LINE);
	else
		buf_add_str(out, "unknown");
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

void report_counts_as(struct buf *out, const struct analysis_counts *counts, size_t max, bool known,
	report_put_fn put) {
	size_t shown = 0, all = known ? report_known(counts) : counts->count;
	for (size_t i = 0; i < counts->count && shown < max; i++) {
		const struct analysis_count *item = &counts->items[i];
		if (known && !item->text)
			continue;
		buf_add_str(out, shown++ ? ", " : "");
		put(out, item->text);
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

void report_counts(struct buf *out, const struct analysis_counts *counts, size_t max, bool known) {
	report_counts_as(out, counts, max, known, report_code);
}

void report_fault_as(struct buf *out, const struct analysis_site *site, report_put_fn put) {
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
		put(out, kind);
}

void report_fault(struct buf *out, const struct analysis_site *site) {
	report_fault_as(out, site, report_code);
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

const struct analysis_site *report_main_site(const struct analysis *analysis) {
	for (size_t i = 0; i < analysis->site_count; i++)
		if (analysis->sites[i].count > analysis->sites[i].simulated)
			return &analysis->sites[i];
	return analysis->site_count ? &analysis->sites[0] : NULL;
}

void report_sample(struct buf *out, const struct analysis_site *site,
	const struct analysis *analysis, report_put_fn put) {
	struct buf command = {0};
	buf_add_str(out, ", such as ");
	if (site->sample_member) {
		put(out, site->sample_member);
	} else if (site->sample_id && (analysis->members || analysis->redactor)) {
		buf_add_str(out, "incident ");
		put(out, site->sample_id);
		buf_add_str(out, analysis->members ? " (not in this archive)" : "");
	} else {
		buf_printf(out, "row %" PRId64, site->sample);
		buf_printf(&command, "agxtriage show %" PRId64, site->sample);
		buf_add_str(out, " (");
		put(out, buf_str(&command));
		buf_add_char(out, ')');
	}
	out->failed = out->failed || command.failed;
	buf_finish(&command);
}

void report_alike(struct buf *out, const struct analysis_site *site) {
	if (site->stack_crashes == site->stack_exact)
		return;
	buf_add_str(out, " (whatever the GPU's generation, the driver's build, the operation and "
			 "its callers; exactly this one: ");
	experiment_count(site->stack_exact, out);
	buf_add_char(out, ')');
}

void report_partial(struct buf *out, const struct analysis *analysis) {
	size_t before = out->len;
	analysis_partial_text(analysis, out);
	if (out->len > before)
		buf_add_str(out, "\n\n");
}

static void put_frame(
	struct buf *out, const struct analysis_frame *frame, size_t index, struct buf *symbol) {
	buf_reset(symbol);
	buf_printf(symbol, "%s %2zu  %-22s ", frame->counts ? "->" : "  ", index,
		frame->image ? frame->image : "???");
	if (frame->symbol)
		symbol_plain(symbol, frame->symbol, SYMBOL_COLUMNS);
	if (frame->offset.set)
		buf_printf(
			symbol, frame->symbol ? " + %" PRIu64 : "0x%" PRIx64, frame->offset.value);
	text_terminal(out, buf_str(symbol), symbol->len, TEXT_LINE);
	buf_add_char(out, '\n');
}

void report_frame_lines(struct buf *out, const struct analysis_site *site, size_t count) {
	struct buf line = {0};
	for (size_t i = 0; i < count && i < site->stack_count; i++)
		put_frame(out, &site->stack[i], i, &line);
	out->failed = out->failed || line.failed;
	buf_finish(&line);
}

void report_frames(struct buf *out, const struct analysis_site *site, size_t count) {
	struct buf lines = {0};
	report_frame_lines(&lines, site, count);
	markdown_block(out, buf_str(&lines), lines.len);
	out->failed = out->failed || lines.failed;
	buf_finish(&lines);
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
