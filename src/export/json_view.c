/* The members of the contract, in its order. Absent facts are null, lists are never null. */
#include "export/json_view.h"

#include "export/json_out.h"

#include <errno.h>
#include <stdio.h>

static void put_process(struct json_out *out, const struct report_process *process) {
	json_out_object(out, "process");
	json_out_text(out, "name", process->name);
	json_out_i64_opt(out, "pid", process->pid);
	json_out_text(out, "path", process->path);
	json_out_text(out, "version", process->version);
	json_out_text(out, "bundle_id", process->bundle_id);
	json_out_text(out, "parent", process->parent);
	json_out_i64_opt(out, "parent_pid", process->parent_pid);
	json_out_text(out, "responsible", process->responsible);
	json_out_i64_opt(out, "responsible_pid", process->responsible_pid);
	json_out_text(out, "coalition", process->coalition);
	json_out_i64_opt(out, "uid", process->uid);
	json_out_text(out, "role", process->role);
	json_out_tristate(out, "translated", process->translated);
	json_out_object_end(out);
}

static void put_exception(struct json_out *out, const struct report_exception *exception) {
	if (!exception->type && !exception->signal && !exception->subtype && !exception->codes &&
		!exception->message) {
		json_out_null(out, "exception");
		return;
	}
	json_out_object(out, "exception");
	json_out_text(out, "type", exception->type);
	json_out_text(out, "signal", exception->signal);
	json_out_text(out, "subtype", exception->subtype);
	json_out_text(out, "codes", exception->codes);
	json_out_text(out, "message", exception->message);
	json_out_object_end(out);
}

static void put_termination(struct json_out *out, const struct report_termination *termination) {
	if (!termination->ns && !termination->code.set && !termination->indicator &&
		!termination->by_process) {
		json_out_null(out, "termination");
		return;
	}
	json_out_object(out, "termination");
	json_out_text(out, "namespace", termination->ns);
	json_out_u64_opt(out, "code", termination->code);
	json_out_text(out, "indicator", termination->indicator);
	json_out_text(out, "by_process", termination->by_process);
	json_out_object_end(out);
}

static void put_head(
	struct json_out *out, const struct report *report, const struct incident *incident) {
	bool stored = incident && incident->id > 0;
	json_out_i64_opt(out, "id", (struct i64_opt){stored ? incident->id : 0, stored});
	json_out_text(out, "incident_id", report->incident_id);
	json_out_text(out, "kind", report_kind_names[report->kind]);
	json_out_text(out, "bug_type", report->bug_type);
	json_out_bool(out, "simulated", report->simulated);
	json_out_time_opt(out, "captured_at", report->captured_at_us);
	json_out_time_opt(out, "launched_at", report->launched_at_us);
	put_process(out, &report->process);
	json_out_object(out, "os");
	json_out_text(out, "version", report->os_version);
	json_out_text(out, "build", report->os_build);
	json_out_text(out, "release_type", report->os_release_type);
	json_out_object_end(out);
	json_out_text(out, "hardware_model", report->hardware_model);
	json_out_text(out, "cpu_type", report->cpu_type);
}

static void put_cause(struct json_out *out, const struct report *report) {
	put_exception(out, &report->exception);
	json_out_array(out, "raw_codes");
	for (size_t i = 0; i < report->raw_code_count; i++)
		json_out_hex(out, NULL, report->raw_codes[i]);
	json_out_array_end(out);
	json_out_i64_opt(out, "uptime_s", report->uptime_s);
	json_out_text(out, "boot_session", report->boot_session);
	put_termination(out, &report->termination);
}

static void put_fault(struct json_out *out, const struct fault *fault) {
	json_out_object(out, "fault");
	json_out_hex_opt(out, "address", fault->address);
	json_out_text(out, "kind", fault_kind_names[fault->kind]);
	json_out_text(out, "access", fault_access_names[fault->access]);
	json_out_text(out, "base_register", fault->base_register);
	json_out_signed_hex_opt(out, "displacement", fault->displacement);
	json_out_object_end(out);
}

/* Members that a report's own symbols never have. */
static void put_found(struct json_out *out, const struct found_symbol *found) {
	json_out_bool(out, "symbolicated", true);
	if (!found->inlined_count)
		return;
	json_out_array(out, "inlined");
	for (size_t i = 0; i < found->inlined_count; i++) {
		json_out_object(out, NULL);
		json_out_text(out, "symbol", found->inlined[i].symbol);
		json_out_text(out, "source_file", found->inlined[i].source_file);
		json_out_i64_opt(out, "source_line", found->inlined[i].source_line);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_frames(struct json_out *out, const struct frames *frames) {
	json_out_array(out, "frames");
	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];
		const struct found_call call = frame_call(frame);
		json_out_object(out, NULL);
		json_out_u64(out, "index", i);
		json_out_text(out, "image", frame->image);
		json_out_u64_opt(out, "image_offset", frame->image_offset);
		json_out_text(out, "symbol", call.symbol);
		json_out_u64_opt(out, "symbol_offset", call.symbol_offset);
		json_out_hex_opt(out, "address", frame->address);
		json_out_text(out, "source_file", call.source_file);
		json_out_i64_opt(out, "source_line", call.source_line);
		json_out_bool(out, "inline", frame->inlined);
		if (frame->found)
			put_found(out, frame->found);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_thread_head(struct json_out *out, const struct thread *thread) {
	json_out_i64(out, "index", thread->index);
	json_out_u64_opt(out, "id", thread->id);
	json_out_text(out, "name", thread->name);
	json_out_text(out, "queue", thread->queue);
}

static void put_crashed_thread(struct json_out *out, const struct report *report) {
	const struct thread *thread = report_crashed_thread(report);
	if (!thread) {
		json_out_null(out, "crashed_thread");
		return;
	}
	json_out_object(out, "crashed_thread");
	put_thread_head(out, thread);
	put_frames(out, &thread->frames);
	json_out_object_end(out);
}

static void put_evidence(struct json_out *out, const struct report *report) {
	put_crashed_thread(out, report);
	if (report->last_exception.count) {
		json_out_object(out, "last_exception");
		put_frames(out, &report->last_exception);
		json_out_object_end(out);
	} else {
		json_out_null(out, "last_exception");
	}
	json_out_array(out, "application_info");
	for (size_t i = 0; i < report->app_info_count; i++)
		json_out_text(out, NULL, report->app_info[i]);
	json_out_array_end(out);
}

static void put_threads(struct json_out *out, const struct report *report) {
	json_out_array(out, "threads");
	for (size_t i = 0; i < report->thread_count; i++) {
		json_out_object(out, NULL);
		put_thread_head(out, &report->threads[i]);
		json_out_bool(out, "crashed", (int)i == report->crashed_thread);
		put_frames(out, &report->threads[i].frames);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_images(struct json_out *out, const struct report *report) {
	json_out_array(out, "images");
	for (size_t i = 0; i < report->image_count; i++) {
		const struct image *image = &report->images[i];
		json_out_object(out, NULL);
		json_out_text(out, "name", image->name);
		json_out_text(out, "path", image->path);
		json_out_text(out, "uuid", image->uuid);
		json_out_text(
			out, "version", image->version ? image->version : image->short_version);
		json_out_text(out, "short_version", image->short_version);
		json_out_text(out, "bundle_id", image->bundle_id);
		json_out_text(out, "arch", image->arch);
		json_out_hex_opt(out, "base", image->base);
		json_out_u64_opt(out, "size", image->size);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_registers(struct json_out *out, const struct report *report) {
	json_out_object(out, "registers");
	for (size_t i = 0; i < report->register_count; i++)
		json_out_hex(out, report->registers[i].name, report->registers[i].value);
	json_out_object_end(out);
}

static void put_driver(struct json_out *out, const struct driver *driver) {
	if (!driver->image) {
		json_out_null(out, "driver");
		return;
	}
	json_out_object(out, "driver");
	json_out_text(out, "image", driver->image);
	json_out_text(out, "generation", driver->generation);
	json_out_text(out, "version", driver->version);
	json_out_text(out, "uuid", driver->uuid);
	json_out_object_end(out);
}

static void put_signature(struct json_out *out, const struct triage *triage) {
	if (!triage->signature_text) {
		json_out_null(out, "signature");
		return;
	}
	json_out_object(out, "signature");
	json_out_text(out, "hash", triage->signature_hash);
	json_out_text(out, "text", triage->signature_text);
	json_out_i64(out, "version", triage->signature_version);
	json_out_object_end(out);
}

static void put_frameworks(struct json_out *out, const struct triage *triage) {
	json_out_array(out, "frameworks");
	for (size_t i = 0; i < triage->framework_count; i++) {
		const struct framework *framework = &triage->frameworks[i];
		json_out_object(out, NULL);
		json_out_text(out, "name", framework->name);
		json_out_text(out, "image", framework->image);
		json_out_text(out, "version", framework->version);
		json_out_text(out, "uuid", framework->uuid);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_concurrent(struct json_out *out, const struct triage *triage) {
	json_out_array(out, "concurrent_threads");
	for (size_t i = 0; i < triage->concurrent_count; i++) {
		const struct concurrent_thread *thread = &triage->concurrent[i];
		json_out_object(out, NULL);
		json_out_i64(out, "index", thread->index);
		json_out_text(out, "name", thread->name);
		json_out_text(out, "queue", thread->queue);
		json_out_text(out, "image", thread->image);
		json_out_text(out, "symbol", thread->symbol);
		json_out_text(out, "state", thread->blocked ? "blocked" : "running");
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_triage(struct json_out *out, const struct triage *triage) {
	put_driver(out, &triage->driver);
	json_out_text(out, "site", triage->site);
	json_out_text(out, "site_title", triage->site_title);
	put_signature(out, triage);
	json_out_text(out, "component", component_names[triage->component]);
	put_frameworks(out, triage);
	json_out_text(out, "attribution", attribution_names[triage->attribution]);
	json_out_text(out, "attribution_reason", triage->attribution_reason);
	json_out_text(out, "operation", triage->operation);
	put_concurrent(out, triage);
	json_out_object(out, "triage");
	json_out_text(out, "rule", triage->rule);
	json_out_bool(out, "offset_unknown", triage->offset_unknown);
	bool found = triage->site_frame >= 0;
	json_out_i64_opt(out, "site_frame", (struct i64_opt){triage->site_frame, found});
	json_out_object_end(out);
}

static void put_gpu_event(struct json_out *out, const struct report *report) {
	if (report->kind != REPORT_GPU_EVENT) {
		json_out_null(out, "gpu_event");
		return;
	}
	const struct report_gpu_event *event = &report->gpu_event;
	json_out_object(out, "gpu_event");
	json_out_i64_opt(out, "signature", event->signature);
	json_out_i64_opt(out, "restart_reason", event->restart_reason);
	json_out_text(out, "restart_reason_desc", event->restart_reason_desc);
	json_out_i64_opt(out, "guilty_dm", event->guilty_dm);
	json_out_text(out, "command_buffer_trace_id", event->command_buffer_trace_id);
	json_out_object_end(out);
}

static void put_history(struct json_out *out, const struct incident *incident) {
	static const struct incident nothing;
	const struct incident *row = incident ? incident : &nothing;
	json_out_object(out, "source");
	json_out_text(out, "path", row->path);
	json_out_i64_opt(out, "size", (struct i64_opt){row->size, incident != NULL});
	json_out_text(out, "sha256", row->sha256);
	json_out_time_opt(out, "first_seen_at",
		(struct i64_opt){row->first_seen_at_us, row->first_seen_at_us != 0});
	json_out_u64(out, "ordinal", row->ordinal);
	json_out_object_end(out);
	json_out_text(out, "status", row->status ? row->status : "open");
	json_out_i64(out, "conflicts", row->conflicts);
}

static void put_warnings(struct json_out *out, const struct report *report) {
	json_out_array(out, "warnings");
	for (size_t i = 0; i < report->warning_count; i++)
		json_out_text(out, NULL, report->warnings[i]);
	if (report->warnings_lost) {
		char more[64];
		snprintf(more, sizeof more, "%zu more warnings", report->warnings_lost);
		json_out_text(out, NULL, more);
	}
	json_out_array_end(out);
}

/* What the contract does not name but allows. */
static void put_extras(struct json_out *out, const struct report *report) {
	json_out_text(out, "form", report_form_names[report->form]);
	json_out_text(out, "product", report->product);
	json_out_tristate(out, "is_corpse", report->is_corpse);
	json_out_text(out, "vm_region_info", report->vm_region_info);
	json_out_text(out, "esr_description", report->esr_description);
	json_out_text(out, "panic_string", report->panic_string);
	put_gpu_event(out, report);
}

/* ---- what surrounds a stored incident ---- */

/* The status itself stands before it. */
static void put_state(struct json_out *out, const struct surroundings *around) {
	const struct regression *regression = &around->regression;
	json_out_object(out, "state");
	json_out_text(out, "note", around->note);
	json_out_text(out, "url", around->url);
	json_out_text(out, "fixed_in", around->fixed_in);
	json_out_time_opt(out, "regressed_at", regression->at_us);
	json_out_i64_opt(out, "regressed_by", regression->incident);
	json_out_text(out, "regressed_on", regression->os_build);
	json_out_object_end(out);
}

static void put_neighbours(struct json_out *out, const struct surroundings *around) {
	json_out_array(out, "neighbours");
	for (size_t i = 0; i < around->neighbour_count; i++) {
		const struct neighbour *neighbour = &around->neighbours[i];
		json_out_object(out, NULL);
		json_out_i64(out, "id", neighbour->id);
		json_out_text(out, "incident_id", neighbour->incident_id);
		json_out_text(out, "kind", report_kind_names[neighbour->kind]);
		json_out_time(out, "captured_at", neighbour->captured_at_us);
		json_out_double(out, "distance_s", (double)neighbour->distance_us / 1e6);
		json_out_text(out, "process", neighbour->process);
		json_out_tristate(out, "same_process", neighbour->same_process);
		json_out_text(out, "what", neighbour->what);
		json_out_object_end(out);
	}
	json_out_array_end(out);
	json_out_u64(out, "neighbours_left_out", around->neighbours_left_out);
}

/* What is printed; around is NULL where nothing is known beyond the report. */
struct subject {
	const struct report *report;
	const struct triage *triage;
	const struct incident *incident;
	const struct surroundings *around;
};

static int print(struct buf *buf, const struct subject *subject, enum json_view_detail detail,
	struct err *err) {
	const struct report *report = subject->report;
	const struct triage *triage = subject->triage;
	const struct incident *incident = subject->incident;
	struct json_out out;
	json_out_init(&out, buf);
	json_out_object(&out, NULL);
	put_head(&out, report, incident);
	put_cause(&out, report);
	put_fault(&out, &triage->fault);
	put_evidence(&out, report);
	if (detail == JSON_VIEW_FULL) {
		put_threads(&out, report);
		put_images(&out, report);
		put_registers(&out, report);
	}
	put_triage(&out, triage);
	put_history(&out, incident);
	put_warnings(&out, report);
	put_extras(&out, report);
	if (subject->around) {
		put_state(&out, subject->around);
		put_neighbours(&out, subject->around);
	}
	json_out_object_end(&out);
	if (buf->failed)
		return err_set(err, -ENOMEM, "out of memory for the JSON of a report");
	return 0;
}

int json_view_print(struct buf *buf, const struct report *report, const struct triage *triage,
	const struct incident *incident, enum json_view_detail detail, struct err *err) {
	const struct subject subject = {report, triage, incident, NULL};
	return print(buf, &subject, detail, err);
}

int json_view_print_stored(struct buf *buf, const struct report *report,
	const struct triage *triage, const struct incident *incident,
	const struct surroundings *around, struct err *err) {
	const struct subject subject = {report, triage, incident, around};
	return print(buf, &subject, JSON_VIEW_FULL, err);
}
