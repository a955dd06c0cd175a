/* One site: everything that tells an engineer what happened there. */
#include "export/experiment_parts.h"
#include "export/markdown.h"
#include "export/report_parts.h"
#include "export/symbol.h"

#include <inttypes.h>
#include <string.h>

#define LIST_MAX 8
#define OFFSETS_MAX 12
#define CALLS_MAX 12
#define SIGNATURES_MAX 8
/* Below the frame that counts: who called. The rest folds. */
#define FRAMES_BELOW 10
#define SYMBOL_COLUMNS 110

static void put_list(struct buf *out, const char *name, const struct analysis_counts *counts) {
	if (!report_known(counts))
		return;
	buf_printf(out, "| %s | ", name);
	report_counts(out, counts, LIST_MAX, false);
	buf_add_str(out, " |\n");
}

static void put_heading(struct buf *out, const struct analysis_site *site, size_t number) {
	buf_printf(out, "### %zu. ", number);
	if (site->id)
		report_prose(out, site->id);
	else
		buf_add_str(out, "Crashes that no rule knows");
	if (site->title) {
		buf_add_str(out, ": ");
		report_prose(out, site->title);
	}
	if (site->simulated)
		buf_add_str(
			out, site->simulated == site->count ? " (simulated)" : " (some simulated)");
	buf_add_str(out, "\n\n");
}

static void put_state(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "**");
	report_crashes(out, site->count);
	buf_printf(out, "** (%.1f %% of all), ", site->share * 100);
	report_times(out, site->first_at_us, site->last_at_us);
	buf_add_str(out, " UTC. Status: **");
	report_prose(out, site->status);
	buf_add_str(out, "**");
	if (site->fixed_in) {
		buf_add_str(out, ", fixed in ");
		report_code(out, site->fixed_in);
	}
	buf_add_str(out, ".");
	if (site->note) {
		buf_add_str(out, " Note: ");
		report_prose(out, site->note);
	}
	if (site->url) {
		buf_add_str(out, " Tracker: ");
		report_prose(out, site->url);
	}
	buf_add_str(out, "\n\n");
	report_simulated(out, site->count, site->simulated);
}

static void put_facts(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "| Fact | Crashes with it |\n|---|---|\n");
	put_list(out, "Exception", &site->exceptions);
	if (site->message) {
		buf_add_str(out, "| Message of the typical report | ");
		report_code(out, site->message);
		buf_add_str(out, " |\n");
	}
	put_list(out, "Kind of address", &site->fault_kinds);
	put_list(out, "Access", &site->accesses);
	put_list(out, "Base register + displacement", &site->base_registers);
	put_list(out, "Operation", &site->operations);
	put_list(out, "Process", &site->processes);
	put_list(out, "Queue", &site->queues);
	put_list(out, "Driver version", &site->driver_versions);
	put_list(out, "System build", &site->os_builds);
	put_list(out, "Model", &site->models);
	buf_add_str(out, "\n");
}

/* ---- memory ---- */

static void put_offset(struct buf *out, const struct analysis_offset *offset) {
	buf_printf(out, "| `0x%" PRIx64 "`%s | ", offset->offset,
		offset->unknown ? " **not seen there before**" : "");
	experiment_count(offset->offset, out);
	buf_add_str(out, " | ");
	experiment_count(offset->count, out);
	buf_add_str(out, " | ");
	experiment_count(offset->reads, out);
	buf_add_str(out, " | ");
	experiment_count(offset->writes, out);
	buf_add_str(out, " |\n");
}

static void put_memory(struct buf *out, const struct analysis_site *site) {
	if (!site->offset_count)
		return;
	buf_add_str(out, "**Memory access pattern.** These addresses are near NULL: a NULL "
			 "pointer plus the offset of a member.\n\n"
			 "| Offset from NULL | Decimal | Crashes | Reads | Writes |\n"
			 "|---|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < site->offset_count && i < OFFSETS_MAX; i++)
		put_offset(out, &site->offsets[i]);
	if (site->offset_count > OFFSETS_MAX)
		buf_printf(out, "\n%zu more offsets.\n", site->offset_count - OFFSETS_MAX);
	buf_add_str(out, "\n");
}

/* ---- other threads ---- */

static void put_call(struct buf *out, const struct analysis_call *call, struct buf *symbol) {
	buf_reset(symbol);
	if (call->symbol)
		symbol_shorten(symbol, call->symbol, SYMBOL_COLUMNS);
	buf_add_str(out, "| ");
	report_code(out, call->image);
	buf_add_str(out, " | ");
	report_code(out, call->symbol ? buf_str(symbol) : NULL);
	buf_printf(out, " | %" PRIu64 " | %" PRIu64 " |\n", call->crashes, call->running);
	out->failed = out->failed || symbol->failed;
}

static void put_calls(struct buf *out, const struct analysis_site *site) {
	struct buf symbol = {0};
	if (!site->call_count)
		return;
	buf_add_str(out, "\n\n| Image | Call of another thread | Crashes | Running, not waiting |\n"
			 "|---|---|---:|---:|\n");
	for (size_t i = 0; i < site->call_count && i < CALLS_MAX; i++)
		put_call(out, &site->calls[i], &symbol);
	if (site->call_count > CALLS_MAX)
		buf_printf(out, "\n%zu more calls.\n", site->call_count - CALLS_MAX);
	buf_finish(&symbol);
}

static void put_concurrency(struct buf *out, const struct analysis_site *site) {
	buf_add_str(out, "**Other threads at that moment.** ");
	if (!site->told) {
		buf_add_str(out, "Not known: these rows were stored before other threads' calls "
				 "were kept; `agxtriage reclassify` finds them.\n\n");
		return;
	}
	if (!site->concurrent && site->told == 1)
		buf_add_str(out, "In this crash no other thread was inside Metal or the driver.");
	else if (!site->concurrent)
		buf_printf(out,
			"In none of %" PRIu64
			" crashes another thread was inside Metal or the driver.",
			site->told);
	else
		buf_printf(out,
			"In %" PRIu64 " of %" PRIu64
			" crashes another thread was inside Metal or the driver (in %" PRIu64
			" inside the driver itself).",
			site->concurrent, site->told, site->in_driver);
	if (site->told < site->count)
		buf_printf(out, " Of the other %" PRIu64 " that is not known.",
			site->count - site->told);
	if (!site->call_count)
		buf_add_str(out, "\n");
	put_calls(out, site);
	buf_add_str(out, "\n");
}

/* ---- stack ---- */

static size_t shown_frames(const struct analysis_site *site) {
	size_t counts = 0;
	for (size_t i = 0; i < site->stack_count; i++)
		if (site->stack[i].counts)
			counts = i;
	size_t shown = counts + FRAMES_BELOW;
	/* Few more are no reason to fold. */
	return shown + 3 >= site->stack_count ? site->stack_count : shown;
}

static void put_stack(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	size_t shown = shown_frames(site);
	if (!site->stack_count)
		return;
	buf_printf(out, "**Stack** of %" PRIu64 " of these crashes", site->stack_crashes);
	report_alike(out, site);
	report_sample(out, site, analysis, report_code);
	buf_add_str(out, shown < site->stack_count ? "; its first frames:\n\n" : ":\n\n");
	report_frames(out, site, shown);
	buf_add_char(out, '\n');
	if (shown == site->stack_count)
		return;
	buf_printf(out, "<details><summary>All %zu frames</summary>\n\n", site->stack_count);
	report_frames(out, site, site->stack_count);
	buf_add_str(out, "\n</details>\n\n");
}

/* ---- blame ---- */

static void put_next(struct buf *out, const char *line) {
	const char *reason = strstr(line, " # ");
	struct buf command = {0};
	buf_add(&command, line, reason ? (size_t)(reason - line) : strlen(line));
	buf_add_str(out, "- ");
	report_code(out, buf_str(&command));
	if (reason) {
		buf_add_str(out, ": ");
		report_prose(out, reason + 3);
	}
	buf_add_char(out, '\n');
	out->failed = out->failed || command.failed;
	buf_finish(&command);
}

static void put_blame(struct buf *out, const struct analysis_site *site) {
	buf_printf(out, "**Looks like: %s.**", report_attribution_words(site->attribution));
	if (site->attribution_reason) {
		buf_add_char(out, ' ');
		report_prose(out, site->attribution_reason);
	}
	for (size_t i = 0; i < site->evidence_count; i++) {
		buf_add_char(out, ' ');
		report_prose(out, site->evidence[i]);
	}
	buf_add_str(out, "\n\n");
	if (!site->next_count)
		return;
	buf_add_str(out, "What to run next:\n\n");
	for (size_t i = 0; i < site->next_count; i++)
		put_next(out, site->next[i]);
	buf_add_str(out, "\n");
}

static void put_signature(struct buf *out, const struct analysis_signature *signature) {
	buf_add_str(out, "| ");
	report_code(out, signature->hash);
	buf_printf(out, " | %" PRIu64 " | ", signature->count);
	report_prose(out, signature->status ? signature->status : "open");
	if (signature->fixed_in) {
		buf_add_str(out, ", fixed in ");
		report_code(out, signature->fixed_in);
	}
	if (signature->note) {
		buf_add_str(out, ": ");
		report_prose(out, signature->note);
	}
	if (signature->url) {
		buf_add_char(out, ' ');
		report_prose(out, signature->url);
	}
	buf_add_str(out, " | ");
	report_code(out, signature->text);
	buf_add_str(out, " |\n");
}

static void put_signatures(struct buf *out, const struct analysis_site *site) {
	buf_printf(out, "<details><summary>%zu signature%s</summary>\n\n", site->signature_count,
		site->signature_count == 1 ? "" : "s");
	buf_add_str(out, "| Signature | Crashes | Status | Text |\n|---|---:|---|---|\n");
	for (size_t i = 0; i < site->signature_count && i < SIGNATURES_MAX; i++)
		put_signature(out, &site->signatures[i]);
	if (site->signature_count > SIGNATURES_MAX)
		buf_printf(out, "\n%zu more.\n", site->signature_count - SIGNATURES_MAX);
	buf_add_str(out, "\n</details>\n\n");
}

void report_site(struct buf *out, const struct analysis *analysis, size_t at) {
	const struct analysis_site *site = &analysis->sites[at];
	put_heading(out, site, at + 1);
	put_state(out, site);
	if (site->mixed) {
		report_groups(out, analysis, site);
	} else {
		put_facts(out, site);
		put_memory(out, site);
		put_concurrency(out, site);
		put_stack(out, analysis, site);
	}
	put_blame(out, site);
	put_signatures(out, site);
}
