/* The JSON form: header line and body into a report. Which key is which fact is the contract's
 * list. */
#include "ips/report_reader.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Facts that may stand in the header line, the body, or both. */
enum fact {
	FACT_INCIDENT_ID,
	FACT_INCIDENT,
	FACT_BUG_TYPE,
	FACT_CAPTURE_TIME,
	FACT_TIMESTAMP,
	FACT_LAUNCH,
	FACT_PROC_NAME,
	FACT_NAME,
	FACT_APP_NAME,
	FACT_PROCESS_NAME,
	FACT_PROC_PATH,
	FACT_PROC_ROLE,
	FACT_PARENT,
	FACT_RESPONSIBLE,
	FACT_COALITION,
	FACT_BUNDLE_ID,
	FACT_APP_VERSION,
	FACT_OS_VERSION,
	FACT_MODEL,
	FACT_PRODUCT,
	FACT_CPU_TYPE,
	FACT_BOOT_SESSION,
	FACT_REPORTER_KEY,
	FACT_REPORTER_KEY_LOWER,
	FACT_REGION,
	FACT_REGION_LOWER,
	FACT_PANIC_STRING,
	FACT_MACOS_PANIC_STRING, /* of Macs with a T2, whose bridge has a panic string of its own */
	FACT_COUNT,
};

static const struct {
	const char *key;
	enum fact fact;
} fact_keys[] = {
	{"incident_id", FACT_INCIDENT_ID},
	{"incident", FACT_INCIDENT},
	{"bug_type", FACT_BUG_TYPE},
	{"captureTime", FACT_CAPTURE_TIME},
	{"timestamp", FACT_TIMESTAMP},
	{"procLaunch", FACT_LAUNCH},
	{"procName", FACT_PROC_NAME},
	{"name", FACT_NAME},
	{"app_name", FACT_APP_NAME},
	{"process_name", FACT_PROCESS_NAME},
	{"procPath", FACT_PROC_PATH},
	{"procRole", FACT_PROC_ROLE},
	{"parentProc", FACT_PARENT},
	{"responsibleProc", FACT_RESPONSIBLE},
	{"coalitionName", FACT_COALITION},
	{"bundleID", FACT_BUNDLE_ID},
	{"app_version", FACT_APP_VERSION},
	{"os_version", FACT_OS_VERSION},
	{"modelCode", FACT_MODEL},
	{"product", FACT_PRODUCT},
	{"cpuType", FACT_CPU_TYPE},
	{"bootSessionUUID", FACT_BOOT_SESSION},
	{"crashReporterKey", FACT_REPORTER_KEY},
	{"crash_reporter_key", FACT_REPORTER_KEY_LOWER},
	{"vmRegionInfo", FACT_REGION},
	{"vmregioninfo", FACT_REGION_LOWER},
	{"panicString", FACT_PANIC_STRING},
	{"macOSPanicString", FACT_MACOS_PANIC_STRING},
};

/* The reader and what it has seen so far of one report. */
struct body {
	struct report_reader reader;
	const char *facts[2][FACT_COUNT]; /* [0] the first object, [1] the second */
	struct i64_opt epoch_us;          /* a timestamp that is a number, as in GPU events */
	const char *bundle_id, *bundle_version;
	bool is_body; /* something was seen that only a body has */
	bool exception_is_text;
};

/* Goes through the members of an object, or skips what is none. */
#define EACH_MEMBER(reader, what, key)                                  \
	if (json_peek(&(reader)->json) != JSON_OBJECT)                  \
		reader_skip_odd((reader), (what));                      \
	else                                                            \
		for (bool first_ = (json_enter(&(reader)->json), true); \
			json_next_member(&(reader)->json, &first_, (key));)

static void read_raw_codes(struct report_reader *reader) {
	struct report *report = reader->report;
	size_t cap = 0;
	bool whole = true;
	report->raw_codes = NULL;
	report->raw_code_count = 0;
	if (json_peek(&reader->json) != JSON_ARRAY) {
		reader_skip_odd(reader, "exception.rawCodes");
		return;
	}
	json_enter(&reader->json);
	for (bool first = true; json_next_element(&reader->json, &first);) {
		struct u64_opt code = reader_u64(reader, "exception.rawCodes");
		whole = whole && code.set;
		if (arena_grow(&report->arena, (void **)&report->raw_codes, report->raw_code_count,
			    &cap, sizeof *report->raw_codes)) {
			json_fail(&reader->json, -ENOMEM, "too many codes");
			return;
		}
		report->raw_codes[report->raw_code_count++] = code.value;
	}
	if (!whole)
		report->raw_code_count = 0;
}

static void read_exception(struct report_reader *reader) {
	struct report_exception *exception = &reader->report->exception;
	struct {
		const char *key;
		const char **text;
	} texts[] = {
		{"type", &exception->type},
		{"signal", &exception->signal},
		{"subtype", &exception->subtype},
		{"codes", &exception->codes},
		{"message", &exception->message},
	};
	struct json_key key;
	*exception = (struct report_exception){0};
	reader->report->raw_code_count = 0;
	if (json_peek(&reader->json) == JSON_STRING) { /* of a stackshot: "0xbaaaaaad" */
		json_skip(&reader->json);
		return;
	}
	EACH_MEMBER(reader, "exception", &key) {
		size_t i = 0, count = sizeof texts / sizeof *texts;
		while (i < count && !json_key_is(&key, texts[i].key))
			i++;
		if (i < count)
			*texts[i].text = reader_text(reader, "exception", LIMIT_TEXT_BYTES, false);
		else if (json_key_is(&key, "rawCodes"))
			read_raw_codes(reader);
		else
			json_skip(&reader->json);
	}
}

static void read_termination(struct report_reader *reader) {
	struct report_termination *termination = &reader->report->termination;
	struct json_key key;
	*termination = (struct report_termination){0};
	EACH_MEMBER(reader, "termination", &key) {
		if (json_key_is(&key, "namespace"))
			termination->ns = reader_text(
				reader, "termination.namespace", LIMIT_SYMBOL_BYTES, false);
		else if (json_key_is(&key, "code"))
			termination->code = reader_u64(reader, "termination.code");
		else if (json_key_is(&key, "indicator"))
			termination->indicator = reader_text(
				reader, "termination.indicator", LIMIT_SYMBOL_BYTES, false);
		else if (json_key_is(&key, "byProc"))
			termination->by_process = reader_text(
				reader, "termination.byProc", LIMIT_SYMBOL_BYTES, false);
		else
			json_skip(&reader->json);
	}
}

static void read_os_version(struct report_reader *reader) {
	struct report *report = reader->report;
	struct json_key key;
	EACH_MEMBER(reader, "osVersion", &key) {
		if (json_key_is(&key, "train"))
			report->os_version = reader_text(reader, "osVersion.train", 1024, false);
		else if (json_key_is(&key, "build"))
			report->os_build = reader_text(reader, "osVersion.build", 1024, false);
		else if (json_key_is(&key, "releaseType"))
			report->os_release_type =
				reader_text(reader, "osVersion.releaseType", 1024, false);
		else
			json_skip(&reader->json);
	}
}

static void read_bundle_info(struct body *body) {
	struct report_reader *reader = &body->reader;
	struct json_key key;
	EACH_MEMBER(reader, "bundleInfo", &key) {
		if (json_key_is(&key, "CFBundleIdentifier"))
			body->bundle_id = reader_text(
				reader, "CFBundleIdentifier", LIMIT_SYMBOL_BYTES, false);
		else if (json_key_is(&key, "CFBundleShortVersionString"))
			body->bundle_version = reader_text(
				reader, "CFBundleShortVersionString", LIMIT_SYMBOL_BYTES, false);
		else
			json_skip(&reader->json);
	}
}

static void add_app_info(struct report_reader *reader, size_t *cap) {
	struct report *report = reader->report;
	const char *text = reader_text(reader, "asi", LIMIT_TEXT_BYTES, true);
	if (!text || reader->json.code)
		return;
	if (report->app_info_count >= LIMIT_APP_INFO) {
		report_warn(report, "asi: more than %d texts, the rest left out", LIMIT_APP_INFO);
		return;
	}
	if (arena_grow(&report->arena, (void **)&report->app_info, report->app_info_count, cap,
		    sizeof *report->app_info))
		json_fail(&reader->json, -ENOMEM, "asi too large");
	else
		report->app_info[report->app_info_count++] = text;
}

/* {"libsystem_c.dylib": ["abort() called"], ...} */
static void read_app_info(struct report_reader *reader) {
	struct json_key key;
	size_t cap = 0;
	reader->report->app_info = NULL;
	reader->report->app_info_count = 0;
	EACH_MEMBER(reader, "asi", &key) {
		if (json_peek(&reader->json) != JSON_ARRAY) {
			add_app_info(reader, &cap);
			continue;
		}
		json_enter(&reader->json);
		for (bool first = true; json_next_element(&reader->json, &first);)
			add_app_info(reader, &cap);
	}
}

static void read_instructions(struct report_reader *reader) {
	struct report *report = reader->report;
	struct json_key key;
	EACH_MEMBER(reader, "instructionByteStream", &key) {
		if (json_key_is(&key, "beforePC"))
			report->before_pc =
				reader_base64(reader, "beforePC", &report->before_pc_len);
		else if (json_key_is(&key, "atPC"))
			report->at_pc = reader_base64(reader, "atPC", &report->at_pc_len);
		else
			json_skip(&reader->json);
	}
}

static void read_gpu_analysis(struct report_reader *reader) {
	struct report_gpu_event *event = &reader->report->gpu_event;
	struct json_key key;
	EACH_MEMBER(reader, "analysis", &key) {
		if (json_key_is(&key, "signature"))
			event->signature = reader_i64(reader, "analysis.signature");
		else if (json_key_is(&key, "restart_reason"))
			event->restart_reason = reader_i64(reader, "analysis.restart_reason");
		else if (json_key_is(&key, "restart_reason_desc"))
			event->restart_reason_desc = reader_text(
				reader, "analysis.restart_reason_desc", LIMIT_SYMBOL_BYTES, false);
		else if (json_key_is(&key, "guilty_dm"))
			event->guilty_dm = reader_i64(reader, "analysis.guilty_dm");
		else if (json_key_is(&key, "command_buffer_trace_id") &&
			 json_peek(&reader->json) == JSON_STRING)
			event->command_buffer_trace_id = reader_text(
				reader, "command_buffer_trace_id", LIMIT_SYMBOL_BYTES, false);
		else
			json_skip(&reader->json);
	}
}

static void read_epoch(struct body *body) {
	double seconds;
	if (!json_double(&body->reader.json, &seconds) || seconds < 0 || seconds > 253402300799.0)
		return;
	body->epoch_us = (struct i64_opt){llround(seconds * 1e6), true};
}

/* bug_type has been seen as a number, too. */
static const char *read_bug_type(struct report_reader *reader) {
	struct json *json = &reader->json;
	uint64_t number;
	if (json_peek(json) != JSON_NUMBER)
		return reader_text(reader, "bug_type", 64, false);
	if (!json_u64(json, &number))
		return NULL;
	return arena_printf(&reader->report->arena, "%llu", (unsigned long long)number);
}

/* Members that hold more than one text. True when key was one and is consumed. */
static bool read_structured(struct body *body, const struct json_key *key) {
	struct report_reader *reader = &body->reader;
	struct report *report = reader->report;
	if (json_key_is(key, "threads"))
		reader_threads(reader);
	else if (json_key_is(key, "usedImages"))
		reader_images(reader);
	else if (json_key_is(key, "exception")) {
		body->exception_is_text = json_peek(&reader->json) == JSON_STRING;
		read_exception(reader);
	} else if (json_key_is(key, "termination"))
		read_termination(reader);
	else if (json_key_is(key, "asi"))
		read_app_info(reader);
	else if (json_key_is(key, "lastExceptionBacktrace"))
		reader_frames(reader, "lastExceptionBacktrace", &report->last_exception);
	else if (json_key_is(key, "analysis"))
		read_gpu_analysis(reader);
	else if (json_key_is(key, "processByPid") || json_key_is(key, "memoryStatus") ||
		 json_key_is(key, "largestProcess"))
		json_skip(&reader->json);
	else
		return false;
	body->is_body = true;
	return true;
}

static bool read_number(struct body *body, const struct json_key *key) {
	struct report_reader *reader = &body->reader;
	struct report *report = reader->report;
	struct {
		const char *key;
		struct i64_opt *number;
	} numbers[] = {
		{"pid", &report->process.pid},
		{"parentPid", &report->process.parent_pid},
		{"responsiblePid", &report->process.responsible_pid},
		{"userID", &report->process.uid},
		{"uptime", &report->uptime_s},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (!json_key_is(key, numbers[i].key))
			continue;
		*numbers[i].number = reader_i64(reader, key->text);
		return true;
	}
	if (json_key_is(key, "faultingThread")) {
		struct i64_opt index = reader_i64(reader, "faultingThread");
		reader->has_faulting_thread = true;
		reader->faulting_thread = index.set ? index.value : -1;
	} else if (json_key_is(key, "translated")) {
		report->process.translated = reader_bool(reader, "translated");
	} else if (json_key_is(key, "isCorpse")) {
		report->is_corpse = reader_bool(reader, "isCorpse");
	} else if (json_key_is(key, "agxtriage_simulated")) {
		report->simulated = reader_bool(reader, "agxtriage_simulated") == TRI_YES;
	} else {
		return false;
	}
	return true;
}

static bool read_fact(struct body *body, int which, const struct json_key *key) {
	struct report_reader *reader = &body->reader;
	size_t i = 0, count = sizeof fact_keys / sizeof *fact_keys;
	while (i < count && !json_key_is(key, fact_keys[i].key))
		i++;
	if (i == count)
		return false;
	enum fact fact = fact_keys[i].fact;
	const char **slot = &body->facts[which][fact];
	bool lines = fact == FACT_PANIC_STRING || fact == FACT_MACOS_PANIC_STRING ||
		     fact == FACT_REGION || fact == FACT_REGION_LOWER;
	if (fact == FACT_TIMESTAMP && json_peek(&reader->json) == JSON_NUMBER)
		read_epoch(body);
	else if (fact == FACT_BUG_TYPE)
		*slot = read_bug_type(reader);
	else
		*slot = reader_text(
			reader, key->text, lines ? LIMIT_TEXT_BYTES : LIMIT_SYMBOL_BYTES, lines);
	if (fact == FACT_PROC_NAME || fact == FACT_PANIC_STRING || fact == FACT_CAPTURE_TIME)
		body->is_body = true;
	return true;
}

static void read_object(struct body *body, int which) {
	struct report_reader *reader = &body->reader;
	struct json_key key;
	json_enter(&reader->json);
	for (bool first = true; json_next_member(&reader->json, &first, &key);) {
		if (read_structured(body, &key) || read_fact(body, which, &key) ||
			read_number(body, &key))
			continue;
		if (json_key_is(&key, "osVersion"))
			read_os_version(reader);
		else if (json_key_is(&key, "bundleInfo"))
			read_bundle_info(body);
		else if (json_key_is(&key, "instructionByteStream"))
			read_instructions(reader);
		else
			json_skip(&reader->json);
	}
}

/* The body's fact, else the header's. */
static const char *pick(const struct body *body, enum fact fact) {
	return body->facts[1][fact] ? body->facts[1][fact] : body->facts[0][fact];
}

static const char *pick_first(const struct body *body, const enum fact *facts, size_t count) {
	const char *text = NULL;
	for (size_t i = 0; i < count && !text; i++)
		text = pick(body, facts[i]);
	return text;
}

static struct i64_opt parse_time(struct report *report, const char *what, const char *text) {
	struct i64_opt time = {0};
	if (!text)
		return time;
	time.set = clock_parse(text, strlen(text), &time.value);
	if (!time.set)
		report_warn(report, "%s: not a time", what);
	return time;
}

static void set_times(struct body *body) {
	struct report *report = body->reader.report;
	report->captured_at_us = parse_time(report, "captureTime", pick(body, FACT_CAPTURE_TIME));
	if (!report->captured_at_us.set)
		report->captured_at_us = body->epoch_us;
	if (!report->captured_at_us.set)
		report->captured_at_us =
			parse_time(report, "timestamp", pick(body, FACT_TIMESTAMP));
	report->launched_at_us = parse_time(report, "procLaunch", pick(body, FACT_LAUNCH));
}

/* "macOS 15.7.3 (24G419)" */
static void set_os_from_header(struct report *report, const char *text) {
	const char *open = text ? strrchr(text, '(') : NULL;
	size_t len = text ? strlen(text) : 0;
	if (!len)
		return;
	if (!open || text[len - 1] != ')') {
		if (!report->os_version)
			report->os_version = text;
		return;
	}
	size_t train = (size_t)(open - text), build = len - train - 2;
	while (train && text[train - 1] == ' ')
		train--;
	if (!report->os_version && train)
		report->os_version = arena_strndup(&report->arena, text, train);
	if (!report->os_build && build)
		report->os_build = arena_strndup(&report->arena, open + 1, build);
}

static enum report_arch arch_of(const char *cpu_type) {
	if (!cpu_type)
		return REPORT_ARCH_UNKNOWN;
	if (text_starts(cpu_type, "ARM-64"))
		return REPORT_ARCH_ARM64;
	if (text_starts(cpu_type, "X86-64"))
		return REPORT_ARCH_X86_64;
	return text_starts(cpu_type, "X86") ? REPORT_ARCH_X86 : REPORT_ARCH_UNKNOWN;
}

static void set_process(struct body *body) {
	struct report_process *process = &body->reader.report->process;
	static const enum fact names[] = {
		FACT_PROC_NAME, FACT_NAME, FACT_APP_NAME, FACT_PROCESS_NAME};
	process->name = pick_first(body, names, sizeof names / sizeof *names);
	process->path = pick(body, FACT_PROC_PATH);
	process->role = pick(body, FACT_PROC_ROLE);
	process->parent = pick(body, FACT_PARENT);
	process->responsible = pick(body, FACT_RESPONSIBLE);
	process->coalition = pick(body, FACT_COALITION);
	process->bundle_id = body->bundle_id ? body->bundle_id : pick(body, FACT_BUNDLE_ID);
	process->version =
		body->bundle_version ? body->bundle_version : pick(body, FACT_APP_VERSION);
}

static const enum fact reporter_keys[] = {FACT_REPORTER_KEY, FACT_REPORTER_KEY_LOWER};

static void set_facts(struct body *body) {
	struct report *report = body->reader.report;
	static const enum fact ids[] = {FACT_INCIDENT_ID, FACT_INCIDENT};
	report->form = REPORT_FORM_JSON;
	report->incident_id = body->facts[0][FACT_INCIDENT_ID];
	if (!report->incident_id)
		report->incident_id = pick_first(body, ids, sizeof ids / sizeof *ids);
	report->bug_type = pick(body, FACT_BUG_TYPE);
	report->kind = report_kind_of_bug_type(report->bug_type);
	if (!report->bug_type && report->exception.type)
		report->kind = REPORT_CRASH;
	if (!report->bug_type && pick(body, FACT_PANIC_STRING))
		report->kind = REPORT_PANIC;
	if (body->exception_is_text && report->kind == REPORT_CRASH)
		report_warn(report, "exception: not of the expected type");
	report->hardware_model = pick(body, FACT_MODEL);
	report->product = pick(body, FACT_PRODUCT);
	report->cpu_type = pick(body, FACT_CPU_TYPE);
	report->arch = arch_of(report->cpu_type);
	report->boot_session = pick(body, FACT_BOOT_SESSION);
	report->crash_reporter_key = pick_first(body, reporter_keys, 2);
	report->vm_region_info = pick(body, FACT_REGION);
	if (!report->vm_region_info)
		report->vm_region_info = pick(body, FACT_REGION_LOWER);
	report->panic_string = pick(body, FACT_MACOS_PANIC_STRING);
	if (!report->panic_string)
		report->panic_string = pick(body, FACT_PANIC_STRING);
	set_times(body);
	set_process(body);
	/* The body may name the version alone. */
	set_os_from_header(report, body->facts[1][FACT_OS_VERSION]);
	set_os_from_header(report, body->facts[0][FACT_OS_VERSION]);
}

/* A header line in front of a text that is no crash report: hangs, resets, panics of older systems.
 * What the header says is known all the same; of a panic the text is the panic string. */
static int take_other_text(struct body *body, const char *bytes, size_t len) {
	struct report *report = body->reader.report;
	const char *rest = body->reader.json.p;
	size_t text_len = (size_t)(bytes + len - rest);
	if (text_len > LIMIT_TEXT_BYTES)
		text_len = LIMIT_TEXT_BYTES;
	bool simulated = report->simulated;
	struct arena arena = report->arena;
	*report = (struct report){.arena = arena, .crashed_thread = -1, .simulated = simulated};
	set_facts(body);
	report->source_len = len;
	if (report->kind != REPORT_PANIC)
		return 0;
	char *text = arena_alloc(&report->arena, 3 * text_len + 1);
	if (!text)
		return err_set(body->reader.json.err, -ENOMEM, "out of memory");
	text_clean(text, rest, text_len, TEXT_LINES);
	report->panic_string = text;
	return 0;
}

/* Of these kinds a text without exception and threads is no report. */
static bool needs_crash(enum report_kind kind) {
	return kind == REPORT_CRASH || kind == REPORT_USER_FAULT;
}

/* A header line in front of a report in the classic text form (bug_type 109 and 185 of older
 * systems). */
static int parse_text_body(struct body *body, const char *bytes, size_t len) {
	struct report *report = body->reader.report;
	struct json *json = &body->reader.json;
	const char *rest = json->p;
	struct err *err = json->err;
	const char *bug_type = body->facts[0][FACT_BUG_TYPE];
	int code = report_parse_text(report, rest, (size_t)(bytes + len - rest), err);
	if (code == -EBADMSG && bug_type && !needs_crash(report_kind_of_bug_type(bug_type)))
		return take_other_text(body, bytes, len);
	if (code)
		return code;
	size_t offset = (size_t)(rest - bytes);
	report->source_len += offset + report->source_offset;
	report->source_offset = 0;
	if (body->facts[0][FACT_INCIDENT_ID])
		report->incident_id = body->facts[0][FACT_INCIDENT_ID];
	if (body->facts[0][FACT_BUG_TYPE]) {
		report->bug_type = body->facts[0][FACT_BUG_TYPE];
		report->kind = report_kind_of_bug_type(report->bug_type);
	}
	if (!report->captured_at_us.set)
		report->captured_at_us =
			parse_time(report, "timestamp", body->facts[0][FACT_TIMESTAMP]);
	if (!report->process.name)
		report->process.name =
			pick(body, FACT_NAME) ? pick(body, FACT_NAME) : pick(body, FACT_APP_NAME);
	if (!report->crash_reporter_key)
		report->crash_reporter_key = pick_first(body, reporter_keys, 2);
	set_os_from_header(report, body->facts[0][FACT_OS_VERSION]);
	return 0;
}

static bool skip_space(struct json *json) {
	while (json->p < json->end && strchr(" \t\r\n", *json->p) && *json->p)
		json->p++;
	return json->p < json->end;
}

static int parse(struct body *body, const char *bytes, size_t len) {
	struct json *json = &body->reader.json;
	if (json_peek(json) != JSON_OBJECT)
		return json->code ? json->code : err_set(json->err, -EBADMSG, "no JSON object");
	read_object(body, 0);
	if (json->code)
		return json->code;
	if (!body->is_body) {
		if (!skip_space(json))
			return err_set(json->err, -EBADMSG,
				"truncated: a header without a body (ends at byte %zu)", len);
		if (*json->p != '{')
			return parse_text_body(body, bytes, len);
		body->is_body = true;
		read_object(body, 1);
		if (json->code)
			return json->code;
	}
	body->reader.report->source_len = (size_t)(json->p - bytes);
	set_facts(body);
	reader_connect(&body->reader);
	return json->code;
}

int report_parse_json(struct report *report, const char *bytes, size_t len, struct err *err) {
	struct body body = {.reader = {.report = report}};
	if (len > LIMIT_REPORT_BYTES)
		return err_set(err, -E2BIG, "larger than %u MiB", LIMIT_REPORT_BYTES >> 20);
	size_t bom = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	json_init(&body.reader.json, bytes, len, err);
	body.reader.json.p += bom;
	int code = parse(&body, bytes, len);
	if (!code)
		report_note_simulated(report);
	free(body.reader.thread_states);
	free(body.reader.scratch);
	return code;
}
