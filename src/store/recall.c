/*
 * An incident whose bytes are gone, as far as its row tells: the facts that were stored and the
 * frames of the crashed thread. What no column holds stays absent.
 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#define WORD(column) "(select text from word where id = i." column ")"

static const char query[] =
	"select i.incident_id, i.warnings, i.simulated, i.captured_at, i.pid, i.fault_address, "
	"i.displacement, i.crashed_thread, i.offset_unknown, i.gpu_signature, "
	"i.concurrent_threads, i.calls_id, s.name, s.title, g.text, g.hash, g.version, "
	"(select frames from stack where id = i.stack_id), " WORD("kind") ", " WORD("form") ", " WORD("bug_type") ", " WORD("process") ", " WORD(
		"process_path") ", " WORD("os_version") ", " WORD("os_build") ", " WORD("hardware_model") ", " WORD("cpu_type") ", " WORD("exception_type") ", " WORD("signal") ", " WORD("queue") ", " WORD("fault_kind") ", " WORD("fault_access") ", " WORD("base_register") ", " WORD("component") ", " WORD("operation") ", " WORD("driver_image") ", " WORD("driver_version") ", " WORD("attribution") ", " WORD("machine") " from incident i left join site s on s.id = i.site_id "
																																																				  "left join signature g on g.id = i.signature_id where i.id = ?";

enum column {
	COL_INCIDENT_ID,
	COL_WARNINGS,
	COL_SIMULATED,
	COL_CAPTURED_AT,
	COL_PID,
	COL_FAULT_ADDRESS,
	COL_DISPLACEMENT,
	COL_CRASHED_THREAD,
	COL_OFFSET_UNKNOWN,
	COL_GPU_SIGNATURE,
	COL_CONCURRENT,
	COL_CALLS,
	COL_SITE,
	COL_SITE_TITLE,
	COL_SIGNATURE_TEXT,
	COL_SIGNATURE,
	COL_SIGNATURE_VERSION,
	COL_FRAMES,
	COL_KIND,
	COL_FORM,
	COL_BUG_TYPE,
	COL_PROCESS,
	COL_PROCESS_PATH,
	COL_OS_VERSION,
	COL_OS_BUILD,
	COL_HARDWARE_MODEL,
	COL_CPU_TYPE,
	COL_EXCEPTION_TYPE,
	COL_SIGNAL,
	COL_QUEUE,
	COL_FAULT_KIND,
	COL_FAULT_ACCESS,
	COL_BASE_REGISTER,
	COL_COMPONENT,
	COL_OPERATION,
	COL_DRIVER_IMAGE,
	COL_DRIVER_VERSION,
	COL_ATTRIBUTION,
	COL_MACHINE,
};

struct recall {
	struct store *store;
	sqlite3_stmt *row;
	struct arena *arena;
	bool failed; /* no memory */
	struct err *err;
};

static const char *text(struct recall *recall, enum column column) {
	const char *value = (const char *)sqlite3_column_text(recall->row, (int)column);
	if (value == NULL)
		return NULL;
	char *copy = arena_strdup(recall->arena, value);
	recall->failed |= copy == NULL;
	return copy;
}

/* The place of a column's text among names, or other. */
static int place(const struct recall *recall, enum column column, const char *const *names,
	int count, int other) {
	const char *value = (const char *)sqlite3_column_text(recall->row, (int)column);
	for (int i = 0; value != NULL && i < count; i++)
		if (names[i] != NULL && strcmp(names[i], value) == 0)
			return i;
	return other;
}

static struct u64_opt bits(struct i64_opt value) {
	return (struct u64_opt){.value = (uint64_t)value.value, .set = value.set};
}

/* ---- frames: [[image, symbol, offset], ...], each a number or null ---- */

static const char *symbol(struct recall *recall, struct i64_opt id) {
	if (!id.set)
		return NULL;
	sqlite3_stmt *find = store_statement(recall->store, ST_SYMBOL_TEXT, recall->err);
	char *ret = NULL;
	if (find == NULL)
		return NULL;
	sqlite3_bind_int64(find, 1, id.value);
	if (store_step(recall->store, find, recall->err) == 1) {
		ret = arena_strdup(recall->arena, (const char *)sqlite3_column_text(find, 0));
		recall->failed |= ret == NULL;
	}
	sqlite3_reset(find);
	return ret;
}

static const char *read_number(const char *p, struct i64_opt *ret) {
	char *end;
	long long value = strtoll(p, &end, 10);
	*ret = (struct i64_opt){.value = value, .set = end != p};
	while (*end != '\0' && *end != ',' && *end != ']')
		end++;
	return *end == ',' ? end + 1 : end;
}

static size_t count_frames(const char *json) {
	size_t count = 0;
	for (const char *p = json + (json[0] == '['); *p != '\0'; p++)
		count += *p == '[';
	return count;
}

static void read_frames(struct recall *recall, const char *json, struct frames *ret) {
	size_t count = count_frames(json);
	struct frame *frames = arena_calloc(recall->arena, count + 1, sizeof(*frames));
	if (frames == NULL) {
		recall->failed = true;
		return;
	}
	const char *p = json + (json[0] == '[');
	for (size_t i = 0; i < count; i++) {
		struct i64_opt image, name, offset;
		p = strchr(p, '[');
		if (p == NULL)
			break;
		p = read_number(p + 1, &image);
		p = read_number(p, &name);
		p = read_number(p, &offset);
		frames[i].image = symbol(recall, image);
		frames[i].image_index = -1;
		frames[i].symbol = symbol(recall, name);
		*(name.set ? &frames[i].symbol_offset : &frames[i].image_offset) = bits(offset);
		ret->count = i + 1;
	}
	ret->items = frames;
}

static void read_thread(struct recall *recall, struct report *report) {
	struct i64_opt index = store_column_opt(recall->row, COL_CRASHED_THREAD);
	const char *frames = (const char *)sqlite3_column_text(recall->row, COL_FRAMES);
	report->crashed_thread = -1;
	if (!index.set)
		return;
	struct thread *thread = arena_calloc(recall->arena, 1, sizeof(*thread));
	if (thread == NULL) {
		recall->failed = true;
		return;
	}
	thread->index = (int)index.value;
	thread->queue = text(recall, COL_QUEUE);
	thread->triggered = true;
	if (frames != NULL)
		read_frames(recall, frames, &thread->frames);
	report->threads = thread;
	report->thread_count = 1;
	report->crashed_thread = 0;
}

/* ---- warnings: a JSON array of strings, as facts.c wrote it ---- */

/* The string that starts behind p's quote, unescaped; *p goes behind its end. */
static const char *read_string(struct recall *recall, const char **p) {
	size_t len = 0;
	const char *from = *p;
	char *ret = arena_alloc(recall->arena, strlen(from) + 1);
	if (ret == NULL) {
		recall->failed = true;
		return NULL;
	}
	for (; *from != '\0' && *from != '"'; from++) {
		if (from[0] == '\\' && from[1] == 'u' && strlen(from) > 5) {
			ret[len++] = ' ';
			from += 5;
		} else {
			from += *from == '\\' && from[1] != '\0';
			ret[len++] = *from;
		}
	}
	*p = *from == '"' ? from + 1 : from;
	return ret;
}

static void add_warning(struct recall *recall, struct report *report, const char *warning) {
	recall->failed |= warning == NULL;
	if (warning != NULL)
		report->warnings[report->warning_count++] = warning;
}

/* Two of our own come first. */
static void read_warnings(struct recall *recall, struct report *report) {
	const char *json = (const char *)sqlite3_column_text(recall->row, COL_WARNINGS);
	int64_t concurrent = sqlite3_column_int64(recall->row, COL_CONCURRENT);
	bool calls = sqlite3_column_int64(recall->row, COL_CALLS) > 0;
	size_t quotes = 0;
	for (const char *p = json; p != NULL && *p != '\0'; p++)
		quotes += *p == '"';
	report->warnings = arena_calloc(recall->arena, quotes / 2 + 2, sizeof(*report->warnings));
	if (report->warnings == NULL) {
		recall->failed = true;
		return;
	}
	add_warning(recall, report,
		"the report's bytes were removed by retention; facts are those stored at the time");
	if (concurrent > 0)
		add_warning(recall, report,
			arena_printf(recall->arena,
				"of %lld other threads inside Metal or the driver only the %s "
				"stored",
				(long long)concurrent, calls ? "calls are" : "number is"));
	for (const char *p = json; p != NULL && (p = strchr(p, '"')) != NULL;) {
		p++;
		add_warning(recall, report, read_string(recall, &p));
	}
}

/* ---- the whole ---- */

static void read_report(struct recall *recall, struct report *report) {
	sqlite3_stmt *row = recall->row;
	report->form = (enum report_form)place(
		recall, COL_FORM, report_form_names, REPORT_FORM_COUNT, REPORT_FORM_JSON);
	report->kind = (enum report_kind)place(
		recall, COL_KIND, report_kind_names, REPORT_KIND_COUNT, REPORT_OTHER);
	report->incident_id = text(recall, COL_INCIDENT_ID);
	report->bug_type = text(recall, COL_BUG_TYPE);
	report->simulated = sqlite3_column_int(row, COL_SIMULATED) != 0;
	report->captured_at_us = store_column_opt(row, COL_CAPTURED_AT);
	report->process.name = text(recall, COL_PROCESS);
	report->process.path = text(recall, COL_PROCESS_PATH);
	report->process.pid = store_column_opt(row, COL_PID);
	report->os_version = text(recall, COL_OS_VERSION);
	report->os_build = text(recall, COL_OS_BUILD);
	report->hardware_model = text(recall, COL_HARDWARE_MODEL);
	report->cpu_type = text(recall, COL_CPU_TYPE);
	report->crash_reporter_key = text(recall, COL_MACHINE);
	report->exception.type = text(recall, COL_EXCEPTION_TYPE);
	report->exception.signal = text(recall, COL_SIGNAL);
	report->gpu_event.signature = store_column_opt(row, COL_GPU_SIGNATURE);
	read_thread(recall, report);
	read_warnings(recall, report);
}

static void read_triage(struct recall *recall, struct triage *triage) {
	sqlite3_stmt *row = recall->row;
	const char *hash = (const char *)sqlite3_column_text(row, COL_SIGNATURE);
	triage->site = text(recall, COL_SITE);
	triage->site_title = text(recall, COL_SITE_TITLE);
	triage->offset_unknown = sqlite3_column_int(row, COL_OFFSET_UNKNOWN) != 0;
	triage->signature_text = text(recall, COL_SIGNATURE_TEXT);
	triage->signature_version = sqlite3_column_int(row, COL_SIGNATURE_VERSION);
	if (hash != NULL && strlen(hash) < sizeof(triage->signature_hash))
		memcpy(triage->signature_hash, hash, strlen(hash) + 1);
	triage->fault.address = bits(store_column_opt(row, COL_FAULT_ADDRESS));
	triage->fault.kind = (enum fault_kind)place(
		recall, COL_FAULT_KIND, fault_kind_names, FAULT_KIND_COUNT, FAULT_NONE);
	triage->fault.access = (enum fault_access)place(
		recall, COL_FAULT_ACCESS, fault_access_names, ACCESS_COUNT, ACCESS_UNKNOWN);
	triage->fault.base_register = text(recall, COL_BASE_REGISTER);
	triage->fault.displacement = store_column_opt(row, COL_DISPLACEMENT);
	triage->driver.image = text(recall, COL_DRIVER_IMAGE);
	triage->driver.version = text(recall, COL_DRIVER_VERSION);
	triage->component = (enum component)place(
		recall, COL_COMPONENT, component_names, COMPONENT_COUNT, COMPONENT_UNKNOWN);
	triage->attribution = (enum attribution)place(recall, COL_ATTRIBUTION, attribution_names,
		ATTRIBUTION_COUNT, ATTRIBUTION_UNDETERMINED);
	triage->operation = text(recall, COL_OPERATION);
	triage->site_frame = -1;
}

int store_recall(struct store *store, int64_t id, struct arena *arena,
	const struct report **ret_report, struct triage *ret_triage, struct err *err) {
	struct err own = {0};
	struct recall recall = {.store = store, .arena = arena, .err = &own};
	struct report *report = arena_calloc(arena, 1, sizeof(*report));
	struct triage triage = {0};
	if (report == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	if (sqlite3_prepare_v2(store->db, query, -1, &recall.row, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	sqlite3_bind_int64(recall.row, 1, id);
	int r = store_step(store, recall.row, &own);
	if (r == 1) {
		read_report(&recall, report);
		read_triage(&recall, &triage);
	}
	sqlite3_finalize(recall.row);
	if (r == 0)
		return err_set(err, -ENOENT, "no incident %lld", (long long)id);
	if (own.code != 0)
		return err_set(err, own.code, "%s", own.text);
	if (recall.failed)
		return err_set(err, -ENOMEM, "out of memory");
	*ret_report = report;
	*ret_triage = triage;
	return 0;
}
