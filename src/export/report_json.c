/* The analysis as one JSON object, for programs. Names follow the contract's where it has them. */
#include "export/experiment_parts.h"
#include "export/json_out.h"
#include "export/report_parts.h"

#include <string.h>

static void put_range(struct json_out *out, struct i64_opt first, struct i64_opt last) {
	json_out_time_opt(out, "first_at", first);
	json_out_time_opt(out, "last_at", last);
}

static void put_counts(
	struct json_out *out, const char *key, const struct analysis_counts *counts) {
	json_out_array(out, key);
	for (size_t i = 0; i < counts->count; i++) {
		const struct analysis_count *item = &counts->items[i];
		json_out_object(out, NULL);
		json_out_text(out, "value", item->text);
		json_out_u64(out, "count", item->count);
		json_out_u64(out, "simulated", item->simulated);
		put_range(out, item->first_at_us, item->last_at_us);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_names(struct json_out *out, const char *key, const struct analysis_counts *counts) {
	json_out_array(out, key);
	for (size_t i = 0; i < counts->count; i++)
		json_out_text(out, NULL, counts->items[i].text);
	json_out_array_end(out);
}

static void put_texts(
	struct json_out *out, const char *key, const char *const *items, size_t count) {
	json_out_array(out, key);
	for (size_t i = 0; i < count; i++)
		json_out_text(out, NULL, items[i]);
	json_out_array_end(out);
}

/* ---- sites ---- */

static void put_offsets(struct json_out *out, const struct analysis_site *site) {
	json_out_array(out, "offsets");
	for (size_t i = 0; i < site->offset_count; i++) {
		json_out_object(out, NULL);
		json_out_hex(out, "offset", site->offsets[i].offset);
		json_out_u64(out, "decimal", site->offsets[i].offset);
		json_out_u64(out, "count", site->offsets[i].count);
		json_out_u64(out, "reads", site->offsets[i].reads);
		json_out_u64(out, "writes", site->offsets[i].writes);
		json_out_bool(out, "unknown", site->offsets[i].unknown);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_frames(
	struct json_out *out, const char *key, const struct analysis_frame *frames, size_t count) {
	json_out_array(out, key);
	for (size_t i = 0; i < count; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "image", frames[i].image);
		json_out_text(out, "symbol", frames[i].symbol);
		json_out_hex_opt(
			out, frames[i].symbol ? "symbol_offset" : "image_offset", frames[i].offset);
		json_out_bool(out, "counts", frames[i].counts);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_stack(struct json_out *out, const struct analysis_site *site) {
	json_out_i64(out, "sample", site->sample);
	json_out_text(out, "sample_incident", site->sample_id);
	json_out_u64(out, "stack_crashes", site->stack_crashes);
	json_out_u64(out, "stack_exact", site->stack_exact);
	put_frames(out, "stack", site->stack, site->stack_count);
}

static void put_concurrency(struct json_out *out, const struct analysis_site *site) {
	json_out_object(out, "concurrency");
	json_out_u64(out, "told", site->told);
	json_out_u64(out, "concurrent", site->concurrent);
	json_out_u64(out, "told_simulated", site->told_simulated);
	json_out_u64(out, "concurrent_simulated", site->concurrent_simulated);
	json_out_u64(out, "in_driver", site->in_driver);
	json_out_u64(out, "ending_encoder", site->ending);
	json_out_array(out, "calls");
	for (size_t i = 0; i < site->call_count; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "image", site->calls[i].image);
		json_out_text(out, "symbol", site->calls[i].symbol);
		json_out_u64(out, "crashes", site->calls[i].crashes);
		json_out_u64(out, "running", site->calls[i].running);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_object_end(out);
}

static void put_signature(struct json_out *out, const struct analysis_signature *signature) {
	json_out_object(out, NULL);
	json_out_text(out, "signature", signature->hash);
	json_out_text(out, "text", signature->text);
	json_out_text(out, "status", signature->status);
	json_out_text(out, "note", signature->note);
	json_out_text(out, "url", signature->url);
	json_out_text(out, "fixed_in", signature->fixed_in);
	json_out_u64(out, "count", signature->count);
	json_out_u64(out, "simulated", signature->simulated);
	put_range(out, signature->first_at_us, signature->last_at_us);
	json_out_i64(out, "sample", signature->sample);
	json_out_text(out, "sample_incident", signature->sample_id);
	json_out_text(out, "exception", signature->exception);
	json_out_text(out, "fault_kind", signature->fault_kind);
	json_out_text(out, "fault_access", signature->fault_access);
	json_out_hex_opt(out, "fault_address", signature->fault_address);
	if (signature->frame_count)
		put_frames(out, "frames", signature->frames, signature->frame_count);
	json_out_object_end(out);
}

static void put_signatures(struct json_out *out, const struct analysis_site *site) {
	json_out_array(out, "signatures");
	for (size_t i = 0; i < site->signature_count; i++)
		put_signature(out, &site->signatures[i]);
	json_out_array_end(out);
}

static void put_facts(struct json_out *out, const struct analysis_site *site) {
	put_counts(out, "exceptions", &site->exceptions);
	put_counts(out, "fault_kinds", &site->fault_kinds);
	put_counts(out, "fault_accesses", &site->accesses);
	put_counts(out, "base_registers", &site->base_registers);
	put_counts(out, "operations", &site->operations);
	put_counts(out, "processes", &site->processes);
	put_counts(out, "queues", &site->queues);
	put_counts(out, "os_builds", &site->os_builds);
	put_counts(out, "driver_versions", &site->driver_versions);
	put_counts(out, "hardware_models", &site->models);
	put_counts(out, "attributions", &site->attributions);
}

static void put_site(struct json_out *out, const struct analysis_site *site) {
	json_out_object(out, NULL);
	json_out_text(out, "site", site->id);
	json_out_text(out, "title", site->title);
	json_out_text(out, "status", site->status);
	json_out_text(out, "note", site->note);
	json_out_text(out, "url", site->url);
	json_out_text(out, "fixed_in", site->fixed_in);
	json_out_u64(out, "count", site->count);
	json_out_u64(out, "simulated", site->simulated);
	json_out_double(out, "share", site->share);
	put_range(out, site->first_at_us, site->last_at_us);
	put_facts(out, site);
	put_offsets(out, site);
	json_out_text(out, "attribution", site->attribution);
	json_out_text(out, "attribution_reason", site->attribution_reason);
	json_out_text(out, "message", site->message);
	put_texts(out, "evidence", site->evidence, site->evidence_count);
	put_texts(out, "next", site->next, site->next_count);
	put_stack(out, site);
	put_concurrency(out, site);
	put_signatures(out, site);
	json_out_object_end(out);
}

/* ---- the whole ---- */

static void put_cells(struct json_out *out, const struct analysis *analysis) {
	json_out_array(out, "regression");
	for (size_t i = 0; i < analysis->cell_count; i++) {
		const struct analysis_cell *cell = &analysis->cells[i];
		json_out_object(out, NULL);
		json_out_text(out, "driver_version", cell->driver_version);
		json_out_text(out, "os_build", cell->os_build);
		json_out_text(out, "hardware_model", cell->hardware_model);
		json_out_u64(out, "count", cell->count);
		json_out_u64(out, "simulated", cell->simulated);
		put_range(out, cell->first_at_us, cell->last_at_us);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_days(struct json_out *out, const struct analysis *analysis) {
	json_out_array(out, "days");
	for (size_t i = 0; i < analysis->day_count; i++) {
		const struct analysis_day *day = &analysis->days[i];
		struct buf text = {0};
		report_day(&text, (struct i64_opt){day->day * INT64_C(86400000000), true});
		json_out_object(out, NULL);
		json_out_text(out, "day", buf_str(&text));
		json_out_text(out, "site", analysis->sites[day->site].id);
		json_out_u64(out, "count", day->count);
		json_out_object_end(out);
		buf_finish(&text);
	}
	json_out_array_end(out);
}

static void put_events(struct json_out *out, const struct analysis *analysis) {
	json_out_array(out, "events");
	for (size_t i = 0; i < analysis->event_count; i++) {
		const struct analysis_event *event = &analysis->events[i];
		json_out_object(out, NULL);
		json_out_text(out, "kind", report_kind_names[event->kind]);
		json_out_text(out, "site", event->site);
		json_out_text(out, "title", event->title);
		json_out_u64(out, "count", event->count);
		json_out_u64(out, "simulated", event->simulated);
		put_range(out, event->first_at_us, event->last_at_us);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_correlation(struct json_out *out, const struct store_correlation *near) {
	json_out_object(out, "correlation");
	json_out_double(out, "gpu_window_s", (double)ANALYSIS_GPU_WINDOW_US / 1e6);
	json_out_double(out, "panic_window_s", (double)ANALYSIS_PANIC_WINDOW_US / 1e6);
	json_out_i64(out, "crashes", near->crashes);
	json_out_i64(out, "crashes_simulated", near->crashes_simulated);
	json_out_i64(out, "crashes_near_gpu_event", near->near_gpu_event);
	json_out_i64(out, "crashes_near_gpu_event_simulated", near->near_simulated);
	json_out_i64(out, "gpu_events", near->gpu_events);
	json_out_i64(out, "gpu_events_near_crash", near->gpu_events_near);
	json_out_i64(out, "gpu_events_near_any_crash", near->gpu_events_beside);
	json_out_i64(out, "panics", near->panics);
	json_out_i64(out, "panics_after_crash", near->panics_near);
	json_out_object_end(out);
}

static void put_condition(
	struct json_out *out, const char *key, const struct summary_condition *condition) {
	json_out_object(out, key);
	json_out_u64(out, "runs", condition->runs);
	json_out_u64(out, "crashed", condition->outcomes[TRIAL_CRASHED]);
	json_out_u64(out, "throughputs", condition->throughput_count);
	json_out_object_end(out);
}

static void put_workaround(const struct analysis_workaround *workaround, void *user) {
	struct json_out *out = user;
	const struct summary_comparison *comparison = workaround->comparison;
	const struct sample_interval ratio = experiment_ratio(comparison);
	json_out_object(out, NULL);
	json_out_text(out, "title", workaround->title);
	json_out_text(out, "sentence", workaround->sentence);
	json_out_i64(out, "experiment", workaround->subject->experiment);
	json_out_bool(out, "simulated", workaround->simulated);
	put_condition(out, "base", workaround->base);
	put_condition(out, "with_it", workaround->subject);
	json_out_double(out, "fisher_p", comparison->fisher_p);
	if (comparison->has_ratio) {
		json_out_double(out, "throughput_ratio", ratio.value);
		json_out_double(out, "throughput_ratio_low", ratio.low);
		json_out_double(out, "throughput_ratio_high", ratio.high);
	} else {
		json_out_null(out, "throughput_ratio");
	}
	json_out_object_end(out);
}

static void put_experiments(struct json_out *out, const struct analysis *analysis) {
	struct buf experiments = {0};
	json_out_array(out, "workarounds");
	analysis_workarounds_each(analysis, put_workaround, out);
	json_out_array_end(out);
	analysis_experiments_json(analysis, &experiments);
	if (!experiments.failed && experiments.len)
		experiments.data[experiments.len - 1] = '\0'; /* its newline */
	json_out_raw(out, "experiments", buf_str(&experiments));
	json_out_u64(out, "experiments_unlisted", analysis->experiments_unlisted);
	out->buf->failed = out->buf->failed || experiments.failed;
	buf_finish(&experiments);
}

static void put_totals(struct json_out *out, const struct analysis *analysis) {
	json_out_u64(out, "crashes", analysis->crashes);
	json_out_u64(out, "simulated", analysis->simulated);
	json_out_u64(out, "gpu_events", analysis->gpu_events);
	json_out_u64(out, "panics", analysis->panics);
	json_out_u64(out, "other", analysis->other);
	json_out_u64(out, "files", analysis->files);
	json_out_i64_opt(out, "copies", analysis->copies);
	json_out_u64(out, "raw_gone", analysis->raw_gone);
	put_range(out, analysis->first_at_us, analysis->last_at_us);
	json_out_text(out, "rules_version", analysis->rules_version);
	json_out_bool(out, "redacted", analysis->redactor != NULL);
	put_texts(out, "match", analysis->filter_words, analysis->filter_word_count);
	json_out_time_opt(out, "since", analysis->since_us);
	json_out_time_opt(out, "until", analysis->until_us);
}

void analysis_json(const struct analysis *analysis, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	put_totals(&out, analysis);
	put_counts(&out, "processes", &analysis->processes);
	put_counts(&out, "operations", &analysis->operations);
	put_counts(&out, "os_versions", &analysis->os_versions);
	put_counts(&out, "os_builds", &analysis->os_builds);
	put_counts(&out, "driver_images", &analysis->driver_images);
	put_counts(&out, "driver_versions", &analysis->driver_versions);
	put_counts(&out, "hardware_models", &analysis->models);
	put_names(&out, "frameworks", &analysis->frameworks);
	put_counts(&out, "attributions", &analysis->attributions);
	json_out_array(&out, "sites");
	for (size_t i = 0; i < analysis->site_count; i++)
		put_site(&out, &analysis->sites[i]);
	json_out_array_end(&out);
	put_cells(&out, analysis);
	put_days(&out, analysis);
	put_events(&out, analysis);
	put_correlation(&out, &analysis->correlation);
	put_experiments(&out, analysis);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
}
