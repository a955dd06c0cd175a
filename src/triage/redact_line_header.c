/* "Key: value" of the text form. */
#include "triage/redact_line.h"

#include <string.h>

/* How a value is taken apart. */
enum key_form {
	KEY_PLAIN,
	KEY_PID,     /* "name [12]" */
	KEY_CODES,   /* "0x1, 0x5c8", or prose */
	KEY_SECONDS, /* "65000 seconds" */
	KEY_TYPE,    /* "X86-64 (Translated)" */
	KEY_MODEL,   /* "iPhone12,1 (something)" */
	KEY_THREAD,  /* "5  name  Dispatch queue: q" */
	KEY_REASON,  /* "Namespace SIGNAL, Code 11 Segmentation fault: 11" */
	KEY_PROFILE, /* "Mac16,5, BootROM ...": the rest is the machine's */
	KEY_NONE,    /* nothing of it may leave */
};

static const struct {
	const char *key;
	enum key_form form;
	enum redact_policy policy;
} keys[] = {
	{"Process", KEY_PID, POLICY_NAME},
	{"Path", KEY_PLAIN, POLICY_PATH},
	{"Load Address", KEY_PLAIN, POLICY_HEX},
	{"Identifier", KEY_PLAIN, POLICY_NAME},
	{"Version", KEY_PLAIN, POLICY_VERSION},
	{"Code Type", KEY_TYPE, POLICY_WORD},
	{"Role", KEY_PLAIN, POLICY_WORD},
	{"Parent Process", KEY_PID, POLICY_TEXT},
	{"Parent", KEY_PID, POLICY_TEXT},
	{"Coalition", KEY_PID, POLICY_BUNDLE},
	{"Responsible Process", KEY_PID, POLICY_TEXT},
	{"Responsible", KEY_PID, POLICY_TEXT},
	{"User ID", KEY_PLAIN, POLICY_NUMBER_ID},
	{"UID", KEY_PLAIN, POLICY_NUMBER_ID},
	{"Date/Time", KEY_PLAIN, POLICY_TIME},
	{"Launch Time", KEY_PLAIN, POLICY_TIME},
	{"OS Version", KEY_PLAIN, POLICY_SYSTEM},
	{"Release Type", KEY_PLAIN, POLICY_WORD},
	{"Report Version", KEY_PLAIN, POLICY_NUMBER_ID},
	{"Hardware Model", KEY_MODEL, POLICY_MODEL},
	{"Hardware model", KEY_MODEL, POLICY_MODEL},
	{"Incident Identifier", KEY_PLAIN, POLICY_INCIDENT},
	{"CrashReporter Key", KEY_PLAIN, POLICY_MACHINE},
	{"Crash Reporter Key", KEY_PLAIN, POLICY_MACHINE},
	{"Anonymous UUID", KEY_PLAIN, POLICY_MACHINE},
	{"Sleep/Wake UUID", KEY_PLAIN, POLICY_MACHINE},
	{"Boot Session UUID", KEY_PLAIN, POLICY_MACHINE},
	{"Beta Identifier", KEY_NONE, POLICY_TEXT},
	{"App Item ID", KEY_NONE, POLICY_TEXT},
	{"App External ID", KEY_NONE, POLICY_TEXT},
	{"AppVariant", KEY_NONE, POLICY_TEXT},
	{"Build Info", KEY_NONE, POLICY_TEXT},
	{"Time Awake Since Boot", KEY_SECONDS, POLICY_TEXT},
	{"Time Since Wake", KEY_SECONDS, POLICY_TEXT},
	{"System Integrity Protection", KEY_PLAIN, POLICY_WORD},
	{"Crashed Thread", KEY_THREAD, POLICY_TEXT},
	{"Triggered by Thread", KEY_THREAD, POLICY_TEXT},
	{"Exception Codes", KEY_CODES, POLICY_TEXT},
	{"Termination Reason", KEY_REASON, POLICY_TEXT},
	{"Terminating Process", KEY_PID, POLICY_TEXT},
	{"Logical CPU", KEY_PLAIN, POLICY_NUMBER_ID},
	{"Trap Number", KEY_PLAIN, POLICY_NUMBER_ID},
	{"Error Code", KEY_CODES, POLICY_TEXT},
	{"Model", KEY_PROFILE, POLICY_MODEL},
	{"Exception Type", KEY_PLAIN, POLICY_TEXT},
	{"Exception Subtype", KEY_PLAIN, POLICY_TEXT},
	{"Exception Message", KEY_PLAIN, POLICY_TEXT},
	{"Exception Note", KEY_PLAIN, POLICY_TEXT},
	{"Termination Signal", KEY_PLAIN, POLICY_TEXT},
};

static void put_pid(struct redact_line *line, enum redact_policy policy, struct text value) {
	struct i64_opt pid = {0};
	struct text name = text_name_and_pid(value, &pid);
	line_put(line, policy, name);
	struct text rest = text_trim(text_from(value, name.len));
	if (!pid.set) {
		line_put(line, POLICY_TEXT, rest);
		return;
	}
	const char *close = memchr(rest.p, ']', rest.len);
	size_t n = (size_t)(close - rest.p) + 1;
	line_keep(line, text_upto(rest, n));
	line_put(line, POLICY_TEXT, text_trim(text_from(rest, n)));
}

/* The first word, which is a number "0x14", stays; the rest is prose. */
static void put_codes(struct redact_line *line, struct text value) {
	uint64_t number;
	while (value.len) {
		struct text rest = value, word = text_word(&rest), bare = word;
		while (bare.len && bare.p[bare.len - 1] == ',')
			bare.len--;
		if (!text_hex(bare, &number))
			break;
		line_keep(line, word);
		value = rest;
	}
	line_put(line, POLICY_TEXT, value);
}

static void put_seconds(struct redact_line *line, struct text value) {
	struct text rest = value, number = text_word(&rest);
	uint64_t seconds;
	if (text_decimal(number, &seconds) &&
		(text_equals(rest, "seconds") || text_equals(rest, "second")))
		line_keep(line, value);
	else
		line_put(line, POLICY_TEXT, value);
}

static void put_type(struct redact_line *line, struct text value) {
	ptrdiff_t open = text_find(value, "(");
	struct text how =
		open < 0 ? (struct text){value.p + value.len, 0} : text_from(value, (size_t)open);
	line_put(line, POLICY_WORD, text_trim(text_upto(value, value.len - how.len)));
	if (text_equals(how, "(Native)") || text_equals(how, "(Translated)"))
		line_keep(line, how);
	else
		line_put(line, POLICY_TEXT, how);
}

static void put_model(struct redact_line *line, struct text value) {
	ptrdiff_t open = text_find(value, " (");
	size_t n = open < 0 ? value.len : (size_t)open;
	line_put(line, POLICY_MODEL, text_upto(value, n));
	line_put(line, POLICY_TEXT, text_trim(text_from(value, n)));
}

static void put_thread(struct redact_line *line, struct text value) {
	struct text rest = value, word = text_word(&rest);
	uint64_t number;
	if (!text_decimal(word, &number)) {
		line_put(line, POLICY_TEXT, value);
		return;
	}
	line_keep(line, word);
	line_name_and_queue(line, rest);
}

/* Cuts commas off the end of a word. */
static struct text without_commas(struct text word) {
	while (word.len && word.p[word.len - 1] == ',')
		word.len--;
	return word;
}

/* "SIGNAL, Code 11", "DYLD, [0x1]", "SIGNAL 11": a word in capitals, then what belongs to it. */
static bool has_namespace(struct text value) {
	size_t n = 0;
	while (n < value.len && ((value.p[n] >= 'A' && value.p[n] <= 'Z') || value.p[n] == '_'))
		n++;
	return n > 1 && (n == value.len || value.p[n] == ',' || value.p[n] == ' ');
}

static void put_reason(struct redact_line *line, struct text value) {
	struct text title = value;
	uint64_t number;
	if (!text_begins(value, "Namespace ") && !has_namespace(value)) {
		line_put(line, POLICY_TEXT, value);
		return;
	}
	if (text_skip(&value, "Namespace "))
		line_keep(line, text_upto(title, strlen("Namespace")));
	struct text word = text_word(&value), bare = without_commas(word);
	line_put(line, POLICY_WORD, bare);
	if (bare.len < word.len)
		line_keep(line, text_upto(text_from(word, bare.len), 1));
	struct text code = value;
	if (text_skip(&value, "Code "))
		line_keep(line, text_upto(code, strlen("Code")));
	struct text rest = value;
	word = text_word(&rest);
	if (text_hex(without_commas(word), &number) ||
		text_decimal(without_commas(word), &number)) {
		line_keep(line, word);
		value = rest;
	}
	line_put(line, POLICY_TEXT, value);
}

static void put_profile(struct redact_line *line, struct text value) {
	static const char mark[] = ", BootROM";
	ptrdiff_t rest = text_find(value, mark);
	if (rest <= 0) {
		line_put(line, POLICY_MODEL, value);
		return;
	}
	line_put(line, POLICY_MODEL, text_upto(value, (size_t)rest));
	line_keep(line, text_upto(text_from(value, (size_t)rest), strlen(mark)));
}

static void put_key_value(struct redact_line *line, size_t key, struct text value) {
	enum redact_policy policy = keys[key].policy;
	switch (keys[key].form) {
	case KEY_PID:
		put_pid(line, policy, value);
		break;
	case KEY_CODES:
		put_codes(line, value);
		break;
	case KEY_SECONDS:
		put_seconds(line, value);
		break;
	case KEY_TYPE:
		put_type(line, value);
		break;
	case KEY_MODEL:
		put_model(line, value);
		break;
	case KEY_THREAD:
		put_thread(line, value);
		break;
	case KEY_REASON:
		put_reason(line, value);
		break;
	case KEY_PROFILE:
		put_profile(line, value);
		break;
	case KEY_PLAIN:
		line_put(line, policy, value);
		break;
	case KEY_NONE:
	default:
		break;
	}
}

/* sample(1) begins so; the parser knows its files by it. */
static bool put_sampling(struct redact_line *line, struct text text) {
	static const char *const starts[] = {"Analysis of sampling", "Sampling process", NULL};
	for (size_t i = 0; starts[i]; i++) {
		size_t n = strlen(starts[i]);
		if (!text_begins(text, starts[i]))
			continue;
		line_keep(line, text_upto(text, n));
		line_put(line, POLICY_TEXT, text_trim(text_from(text, n)));
		return true;
	}
	return false;
}

void line_header(struct redact_line *line, struct text text) {
	const char *colon = memchr(text.p, ':', text.len < 32 ? text.len : 32);
	if (put_sampling(line, text))
		return;
	for (size_t i = 0; colon && i < sizeof keys / sizeof *keys; i++) {
		struct text key = text_upto(text, (size_t)(colon - text.p));
		if (!text_equals(key, keys[i].key))
			continue;
		line_keep(line, text_upto(text, key.len + 1));
		put_key_value(line, i, text_trim(text_from(text, key.len + 1)));
		return;
	}
	line_put(line, POLICY_TEXT, text);
}
