/* The "Key: value" lines of the text form. Must not know threads and images. */
#include "ips/text_parse.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FACT_BYTES LIMIT_SYMBOL_BYTES

static const char *fact(struct text_parse *parse, struct text value) {
	return text_fact(parse, value, FACT_BYTES);
}

static void keep(struct text_parse *parse, const char **to, struct text value) {
	if (!*to)
		*to = fact(parse, value);
}

static void keep_name_and_pid(
	struct text_parse *parse, const char **name, struct i64_opt *pid, struct text value) {
	if (!*name && !pid->set)
		*name = fact(parse, text_name_and_pid(value, pid));
}

static void keep_time(
	struct text_parse *parse, const char *what, struct i64_opt *to, struct text value) {
	if (to->set)
		return;
	to->set = clock_parse(value.p, value.len, &to->value);
	if (!to->set)
		report_warn(parse->report, "%s: not a time", what);
}

static void on_process(struct text_parse *parse, struct text value) {
	struct report_process *process = &parse->report->process;
	keep_name_and_pid(parse, &process->name, &process->pid, value);
}

static void on_parent(struct text_parse *parse, struct text value) {
	struct report_process *process = &parse->report->process;
	keep_name_and_pid(parse, &process->parent, &process->parent_pid, value);
}

static void on_responsible(struct text_parse *parse, struct text value) {
	struct report_process *process = &parse->report->process;
	keep_name_and_pid(parse, &process->responsible, &process->responsible_pid, value);
}

static void on_path(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->process.path, value);
}

static void on_identifier(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->process.bundle_id, value);
}

static void on_version(struct text_parse *parse, struct text value) {
	if (!parse->version.p)
		parse->version = value;
}

/* "X86-64 (Translated)" */
static void on_code_type(struct text_parse *parse, struct text value) {
	struct report *report = parse->report;
	if (report->cpu_type)
		return;
	ptrdiff_t open = text_find(value, "(");
	if (open >= 0) {
		struct text how = text_from(value, (size_t)open);
		if (text_equals(how, "(Native)"))
			report->process.translated = TRI_NO;
		else if (text_equals(how, "(Translated)"))
			report->process.translated = TRI_YES;
		value = text_trim(text_upto(value, (size_t)open));
	}
	report->cpu_type = fact(parse, value);
	if (text_equals(value, "ARM-64"))
		report->arch = REPORT_ARCH_ARM64;
	else if (text_equals(value, "X86-64"))
		report->arch = REPORT_ARCH_X86_64;
	else if (text_equals(value, "X86"))
		report->arch = REPORT_ARCH_X86;
}

static void on_role(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->process.role, value);
}

static void on_coalition(struct text_parse *parse, struct text value) {
	struct i64_opt id = {0};
	keep(parse, &parse->report->process.coalition, text_name_and_pid(value, &id));
}

static void on_user(struct text_parse *parse, struct text value) {
	struct i64_opt *uid = &parse->report->process.uid;
	uint64_t number;
	if (!uid->set && text_decimal(value, &number) && number <= UINT32_MAX)
		*uid = (struct i64_opt){(int64_t)number, true};
}

static void on_captured(struct text_parse *parse, struct text value) {
	keep_time(parse, "Date/Time", &parse->report->captured_at_us, value);
}

static void on_launched(struct text_parse *parse, struct text value) {
	keep_time(parse, "Launch Time", &parse->report->launched_at_us, value);
}

/* "iPhone OS 13.3 (17C54)" */
static void on_os(struct text_parse *parse, struct text value) {
	struct report *report = parse->report;
	if (report->os_version)
		return;
	struct text ios = value;
	if (text_skip(&ios, "iPhone OS") || text_skip(&ios, "iOS")) {
		uint64_t major;
		ptrdiff_t dot = text_find(ios, ".");
		if (dot > 0 && text_decimal(text_upto(ios, (size_t)dot), &major))
			parse->short_version_last = major < 14;
	}
	ptrdiff_t open = text_find_last(value, "(");
	if (open >= 0 && value.p[value.len - 1] == ')') {
		struct text build = text_from(value, (size_t)open + 1);
		report->os_build = fact(parse, text_upto(build, build.len - 1));
		value = text_trim(text_upto(value, (size_t)open));
	}
	report->os_version = fact(parse, value);
}

static void on_release_type(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->os_release_type, value);
}

static void on_hardware(struct text_parse *parse, struct text value) {
	ptrdiff_t open = text_find(value, " (");
	if (open >= 0)
		value = text_upto(value, (size_t)open);
	keep(parse, &parse->report->hardware_model, value);
}

static void on_incident(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->incident_id, value);
}

static void on_reporter_key(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->crash_reporter_key, value);
}

/* "65000 seconds" */
static void on_uptime(struct text_parse *parse, struct text value) {
	struct i64_opt *uptime = &parse->report->uptime_s;
	struct text number = text_word(&value);
	uint64_t seconds;
	if (!uptime->set && text_begins(value, "second") && text_decimal(number, &seconds) &&
		seconds <= INT64_MAX)
		*uptime = (struct i64_opt){(int64_t)seconds, true};
}

/* "5  name  Dispatch queue: q" */
static void on_crashed_thread(struct text_parse *parse, struct text value) {
	struct text word = text_word(&value);
	uint64_t number;
	if (parse->crashed_number.set || !text_decimal(word, &number) || number >= LIMIT_THREADS)
		return;
	parse->crashed_number = (struct i64_opt){(int64_t)number, true};
	ptrdiff_t queue = text_find(value, "Dispatch queue:");
	if (queue >= 0) {
		parse->crashed_queue = text_trim(text_from(value, (size_t)queue + 15));
		value = text_trim(text_upto(value, (size_t)queue));
	}
	parse->crashed_name = value;
}

/* "EXC_BAD_ACCESS (SIGSEGV)", "EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))", "SIGSEGV" */
static void on_exception_type(struct text_parse *parse, struct text value) {
	struct report_exception *exception = &parse->report->exception;
	if (exception->type || exception->signal)
		return;
	struct text inside = {0};
	ptrdiff_t open = text_find(value, " (");
	if (open >= 0 && value.p[value.len - 1] == ')') {
		inside = text_from(value, (size_t)open + 2);
		inside.len--;
		value = text_trim(text_upto(value, (size_t)open));
	}
	if (text_begins(value, "SIG"))
		exception->signal = fact(parse, value);
	else
		exception->type = fact(parse, value);
	if (!inside.len)
		return;
	if (text_begins(inside, "SIG"))
		keep(parse, &exception->signal, inside);
	else
		keep(parse, &exception->message, inside);
}

static void add_code(struct text_parse *parse, uint64_t code) {
	struct report *report = parse->report;
	if (arena_grow(&report->arena, (void **)&report->raw_codes, report->raw_code_count,
		    &parse->code_cap, sizeof *report->raw_codes))
		text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
	else
		report->raw_codes[report->raw_code_count++] = code;
}

/* "0x1, 0x5c8". False when it is anything else; nothing is kept then. */
static bool read_codes(struct text_parse *parse, struct text value) {
	size_t count = 0;
	while (value.len && count < 16) {
		ptrdiff_t comma = text_find(value, ",");
		size_t n = comma < 0 ? value.len : (size_t)comma;
		uint64_t code;
		if (!text_hex(text_trim(text_upto(value, n)), &code)) {
			parse->report->raw_code_count -= count;
			return false;
		}
		add_code(parse, code);
		if (parse->code)
			return false;
		count++;
		value = text_trim(text_from(value, comma < 0 ? n : n + 1));
	}
	return count > 0;
}

/* Twice in newer reports: in words, then in numbers. */
static void on_exception_codes(struct text_parse *parse, struct text value) {
	struct report_exception *exception = &parse->report->exception;
	if (!exception->codes && read_codes(parse, value))
		exception->codes = fact(parse, value);
	else if (!exception->codes || !text_begins(value, "0x"))
		keep(parse, &exception->subtype, value);
}

static void on_exception_subtype(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->exception.subtype, value);
}

static void on_exception_message(struct text_parse *parse, struct text value) {
	keep(parse, &parse->report->exception.message, value);
}

static void on_exception_note(struct text_parse *parse, struct text value) {
	if (text_find(value, "EXC_CORPSE_NOTIFY") >= 0)
		parse->report->is_corpse = TRI_YES;
}

/* "Namespace SIGNAL, Code 11 Segmentation fault: 11", "Namespace SIGNAL, Code 0xb", "SIGNAL 5
 * Trace/BPT trap: 5" */
static void on_termination_reason(struct text_parse *parse, struct text value) {
	struct report_termination *termination = &parse->report->termination;
	if (termination->ns)
		return;
	text_skip(&value, "Namespace ");
	struct text word = text_word(&value);
	while (word.len && word.p[word.len - 1] == ',')
		word.len--;
	termination->ns = fact(parse, word);
	text_skip(&value, "Code ");
	struct text rest = value;
	word = text_word(&rest);
	while (word.len && word.p[word.len - 1] == ',')
		word.len--;
	uint64_t code;
	if (text_hex(word, &code) || text_decimal(word, &code)) {
		termination->code = (struct u64_opt){code, true};
		value = rest;
	}
	keep(parse, &termination->indicator, value);
}

static void on_termination_signal(struct text_parse *parse, struct text value) {
	keep(parse, &parse->termination_signal, value);
}

static void on_terminating(struct text_parse *parse, struct text value) {
	struct i64_opt pid = {0};
	keep(parse, &parse->report->termination.by_process, text_name_and_pid(value, &pid));
}

/* Behind the registers of X86. */
static void on_cpu(struct text_parse *parse, struct text value) {
	uint64_t number;
	if (text_decimal(value, &number))
		text_add_register(parse, "cpu", number);
}

static void on_trap(struct text_parse *parse, struct text value) {
	uint64_t number;
	if (text_decimal(value, &number))
		text_add_register(parse, "trap", number);
}

static void on_error_code(struct text_parse *parse, struct text value) {
	uint64_t number;
	if (text_hex(text_word(&value), &number))
		text_add_register(parse, "err", number);
}

/* "Mac16,5, BootROM 11881.140.96, proc 16:12:4 processors, 64 GB, SMC" */
static void on_model(struct text_parse *parse, struct text value) {
	ptrdiff_t rest = text_find(value, ", BootROM");
	if (rest > 0)
		keep(parse, &parse->report->hardware_model, text_upto(value, (size_t)rest));
}

static const struct {
	const char *key;
	void (*read)(struct text_parse *parse, struct text value);
	bool body; /* stands behind the threads */
} keys[] = {
	{"Process", on_process, false},
	{"Path", on_path, false},
	{"Identifier", on_identifier, false},
	{"Version", on_version, false},
	{"Code Type", on_code_type, false},
	{"Role", on_role, false},
	{"Parent Process", on_parent, false},
	{"Parent", on_parent, false},
	{"Coalition", on_coalition, false},
	{"Responsible Process", on_responsible, false},
	{"Responsible", on_responsible, false},
	{"User ID", on_user, false},
	{"UID", on_user, false},
	{"Date/Time", on_captured, false},
	{"Launch Time", on_launched, false},
	{"OS Version", on_os, false},
	{"Release Type", on_release_type, false},
	{"Hardware Model", on_hardware, false},
	{"Hardware model", on_hardware, false},
	{"Incident Identifier", on_incident, false},
	{"Anonymous UUID", on_reporter_key, false},
	{"Crash Reporter Key", on_reporter_key, false},
	{"CrashReporter Key", on_reporter_key, false},
	{"Time Awake Since Boot", on_uptime, false},
	{"Crashed Thread", on_crashed_thread, false},
	{"Triggered by Thread", on_crashed_thread, false},
	{"Exception Type", on_exception_type, false},
	{"Exception Subtype", on_exception_subtype, false},
	{"Exception Codes", on_exception_codes, false},
	{"Exception Message", on_exception_message, false},
	{"Exception Note", on_exception_note, false},
	{"Termination Reason", on_termination_reason, false},
	{"Termination Signal", on_termination_signal, false},
	{"Terminating Process", on_terminating, false},
	{"Logical CPU", on_cpu, true},
	{"Error Code", on_error_code, true},
	{"Trap Number", on_trap, true},
	{"Model", on_model, true},
};

void text_header_line(struct text_parse *parse, struct text line) {
	if (text_begins(line, "Analysis of sampling") || text_begins(line, "Sampling process"))
		parse->sampled = true;
	const char *colon = memchr(line.p, ':', line.len < 32 ? line.len : 32);
	if (!colon)
		return;
	struct text key = text_upto(line, (size_t)(colon - line.p));
	struct text value = text_trim(text_from(line, key.len + 1));
	if (!value.len)
		return;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].body == parse->in_body && text_equals(key, keys[i].key))
			keys[i].read(parse, value);
}

/* CFBundleShortVersionString of "SHORT (BUNDLE)", or of "BUNDLE (SHORT)" where it came last. */
static struct text short_version(const struct text_parse *parse) {
	struct text value = parse->version;
	ptrdiff_t open = text_find(value, "(");
	if (open < 0 || value.p[value.len - 1] != ')')
		return value;
	struct text inside = text_from(value, (size_t)open + 1);
	inside.len--;
	return parse->short_version_last ? inside : text_trim(text_upto(value, (size_t)open));
}

void text_header_finish(struct text_parse *parse) {
	struct report *report = parse->report;
	struct report_process *process = &report->process;
	if (parse->version.p)
		keep(parse, &process->version, short_version(parse));
	/* A program without a bundle is identified by its name. */
	if (process->bundle_id && process->name && strcmp(process->bundle_id, process->name) == 0)
		process->bundle_id = NULL;
	if (report->termination.ns)
		keep(parse, &report->termination.indicator,
			(struct text){parse->termination_signal ? parse->termination_signal : "",
				parse->termination_signal ? strlen(parse->termination_signal) : 0});
}
