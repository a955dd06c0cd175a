/* Single values of a report by their shape. Knows no member's name and no line. */
#include "triage/redact_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "ips/demangle.h"
#include "triage/redact_find.h"

#include <string.h>

/* A demangled symbol and what it takes to make it. */
#define SYMBOL_ARENA_BYTES (1u << 20)

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Words that stand alone at a place that has few of them. */
static const char *const words[] = {"A", "ARM-64", "ARM_THREAD_STATE", "ARM_THREAD_STATE64",
	"Background", "Beta", "CODESIGNING", "Customer", "Default", "FRONTBOARD", "Foreground",
	"Internal", "Non UI", "P", "RUNNINGBOARD", "S", "SIGNAL", "T", "U", "User", "WEBKIT", "X86",
	"X86-64", "arm64", "arm64_32", "arm64e", "armv6", "armv7", "armv7k", "armv7s", "disabled",
	"enabled", "i386", "unknown", "x86_64", "x86_64h", "x86_THREAD_STATE", "x86_THREAD_STATE32",
	"x86_THREAD_STATE64"};

static bool is_word(const char *text, size_t len) {
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			return true;
	return false;
}

/* 32 hexadecimal digits with the usual dashes, or with none. */
static bool is_uuid(const char *text, size_t len) {
	bool dashes = len == 36;
	if (len != 36 && len != 32)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
		if (dash ? text[i] != '-' : !is_hex(text[i]))
			return false;
	}
	return true;
}

/* "0x1, 0x5c8" */
static bool is_hex_list(const char *text, size_t len) {
	size_t i = 0;
	while (i < len) {
		size_t from = i;
		if (len - i < 3 || text[i] != '0' || text[i + 1] != 'x')
			return false;
		i += 2;
		while (i < len && is_hex(text[i]))
			i++;
		if (i - from < 3 || i - from > 18)
			return false;
		if (i == len)
			return true;
		if (text[i++] != ',')
			return false;
		while (i < len && text[i] == ' ')
			i++;
	}
	return false;
}

static bool is_number_id(const char *text, size_t len) {
	size_t digits = 0;
	while (digits < len && digits < 8 && is_digit(text[digits]))
		digits++;
	return (len && digits == len) || (len <= 18 && is_hex_list(text, len));
}

static size_t version_letters(const char *text, size_t len) {
	static const char *const marks[] = {
		"a", "b", "rc", "d", "f", "dev", "fc", "v", "alpha", "beta", "post", "final", NULL};
	for (size_t i = 0; marks[i]; i++)
		if (strlen(marks[i]) == len && memcmp(marks[i], text, len) == 0)
			return len;
	return 0;
}

/* "3.14.0", "8623.1.14.10.9", "2.0rc1": one word. */
static bool is_plain_version(const char *text, size_t len) {
	size_t run = 0;
	if (!len || len > 40)
		return false;
	for (size_t i = 0; i < len; i++) {
		run = is_digit(text[i]) ? run + 1 : 0;
		if (run > 8)
			return false;
		if (is_digit(text[i]) || (text[i] == '.' && i && i + 1 < len))
			continue;
		size_t letters = 0;
		while (i + letters < len && is_letter(text[i + letters]))
			letters++;
		if (!letters || !version_letters(text + i, letters))
			return false;
		i += letters - 1;
	}
	return true;
}

static bool is_no_version(const char *text, size_t len) {
	return (len == 3 && memcmp(text, "???", 3) == 0) || (len == 1 && *text == '*');
}

/* "3.14.0 (3.14.0)", "??? (???)", "*" */
static bool is_version(const char *text, size_t len) {
	const char *open = memchr(text, '(', len);
	if (!open)
		return is_no_version(text, len) || is_plain_version(text, len);
	size_t before = (size_t)(open - text), inside = len - before - 1;
	while (before && text[before - 1] == ' ')
		before--;
	if (!inside || text[len - 1] != ')')
		return false;
	inside--;
	return (is_no_version(open + 1, inside) || is_plain_version(open + 1, inside)) &&
	       (!before || is_no_version(text, before) || is_plain_version(text, before));
}

/* "24G419", "25D5089e" */
static bool is_build(const char *text, size_t len) {
	size_t i = 0;
	while (i < len && i < 2 && is_digit(text[i]))
		i++;
	if (!i || i >= len || text[i] < 'A' || text[i] > 'Z')
		return false;
	size_t minor = ++i;
	while (i < len && i - minor < 5 && is_digit(text[i]))
		i++;
	if (i > minor && i + 1 == len && text[i] >= 'a' && text[i] <= 'z')
		i++;
	return i > minor && i == len;
}

/* The system's name at the start of text: its length, with the blank behind it. */
static size_t system_name(const char *text, size_t len) {
	static const char *const names[] = {"macOS ", "Mac OS X ", "OS X ", "iPhone OS ", "iOS ",
		"iPadOS ", "watchOS ", "tvOS ", "visionOS ", "xrOS ", "Bridge OS ", "Linux ",
		"Debian GNU/Linux ", "Ubuntu ", "Fedora Linux ", "Alpine Linux ", NULL};
	for (size_t i = 0; names[i]; i++)
		if (len > strlen(names[i]) && memcmp(text, names[i], strlen(names[i])) == 0)
			return strlen(names[i]);
	return 0;
}

/* Of a Linux: "bookworm". */
static bool is_release(const char *text, size_t len) {
	static const char *const names[] = {"bullseye", "bookworm", "trixie", "forky",
		"Workstation Edition", "Server Edition", NULL};
	for (size_t i = 0; names[i]; i++)
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
			return true;
	return false;
}

static bool is_system(const char *text, size_t len) {
	size_t name = system_name(text, len);
	const char *open = memchr(text, '(', len);
	if (!name)
		return is_build(text, len) || is_plain_version(text, len);
	text += name;
	len -= name;
	if (!open)
		return is_plain_version(text, len);
	size_t version = (size_t)(open - text), build = len - version - 1;
	if (!build || text[len - 1] != ')' ||
		(!is_build(open + 1, build - 1) && !is_release(open + 1, build - 1)))
		return false;
	while (version && text[version - 1] == ' ')
		version--;
	return !version || is_plain_version(text, version);
}

static bool is_model(const char *text, size_t len) {
	static const char *const names[] = {"Mac", "MacBook", "MacBookPro", "MacBookAir", "Macmini",
		"MacPro", "iMac", "iMacPro", "iPhone", "iPad", "iPod", "Watch", "AppleTV",
		"AudioAccessory", "RealityDevice", "iBridge", "VirtualMac", "Xserve", NULL};
	size_t letters = 0;
	while (letters < len && is_letter(text[letters]))
		letters++;
	size_t n = 0;
	while (names[n] && !(strlen(names[n]) == letters && !memcmp(names[n], text, letters)))
		n++;
	size_t i = letters;
	while (i < len && (is_digit(text[i]) || text[i] == ','))
		i++;
	return names[n] && i > letters && i == len && len - letters <= 7;
}

static bool is_time(const char *text, size_t len) {
	int64_t us;
	return clock_parse(text, len, &us);
}

/* What a register points at, if it is a selector at all, or was one before it was redacted. */
static bool is_selector(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) && !strchr("_:.$<->", text[i]))
			return false;
	return len && len <= 256 && !is_digit(*text);
}

/* "<host-1>": the whole text is a placeholder. */
static bool is_placeholder(const char *text, size_t len) {
	for (int kind = 0; kind < REDACT_KIND_COUNT; kind++) {
		size_t n = strlen(redact_kind_names[kind]), i = n + 2;
		if (len < n + 4 || text[0] != '<' || text[n + 1] != '-' ||
			memcmp(text + 1, redact_kind_names[kind], n) != 0)
			continue;
		while (i < len && is_digit(text[i]))
			i++;
		return i > n + 2 && i + 1 == len && text[i] == '>';
	}
	return false;
}

/* Mangled names hide words: where the readable form has something private, that is what stays. */
static void add_symbol(struct redactor *redactor, const char *text, size_t len, struct buf *ret) {
	struct arena arena;
	arena_init(&arena, SYMBOL_ARENA_BYTES);
	size_t underscores = 0;
	while (underscores < len && underscores < 4 && text[underscores] == '_')
		underscores++;
	bool perhaps = underscores && underscores < len && text[underscores] == 'Z';
	char *mangled = perhaps ? arena_strndup(&arena, text, len) : NULL;
	const char *plain = mangled ? demangle(&arena, mangled) : NULL;
	size_t before = ret->len;
	if (!plain || plain == mangled) {
		redact_bytes(redactor, REDACT_FORM_SYMBOL, text, len, ret);
	} else {
		redact(redactor, REDACT_FORM_SYMBOL, plain, ret);
		if (!ret->failed && ret->len - before == strlen(plain) &&
			memcmp(ret->data + before, plain, ret->len - before) == 0) {
			ret->len = before;
			buf_add(ret, text, len);
		}
	}
	arena_finish(&arena);
}

static void add_machine(struct redactor *redactor, const char *text, size_t len, struct buf *ret) {
	struct buf value = {0};
	buf_add(&value, text, len);
	if (is_placeholder(text, len))
		buf_add(ret, text, len);
	else if (value.failed)
		ret->failed = true;
	else
		redact_whole(redactor, REDACT_MACHINE, buf_str(&value), ret);
	buf_finish(&value);
}

static void add_backtrace(
	struct redactor *redactor, const char *text, size_t len, struct buf *ret) {
	while (len) {
		const char *feed = memchr(text, '\n', len);
		size_t n = feed ? (size_t)(feed - text) : len;
		redact_frame_line(redactor, text, n, ret);
		if (feed)
			buf_add_char(ret, '\n');
		n += feed != NULL;
		text += n;
		len -= n;
	}
}

/* The policies that look at a value's shape. */
static const struct {
	bool (*fits)(const char *text, size_t len);
	bool prose; /* what does not fit is prose, else it goes */
} shapes[] = {
	[POLICY_SELECTOR] = {is_selector, false},
	[POLICY_WORD] = {is_word, true},
	[POLICY_VERSION] = {is_version, true},
	[POLICY_SYSTEM] = {is_system, true},
	[POLICY_MODEL] = {is_model, true},
	[POLICY_INCIDENT] = {is_uuid, true},
	[POLICY_UUID] = {is_uuid, false},
	[POLICY_HEX] = {is_hex_list, false},
	[POLICY_BUG_TYPE] = {is_number_id, true},
	[POLICY_NUMBER_ID] = {is_number_id, false},
	[POLICY_TIME] = {is_time, false},
};

static bool redact_shape(struct redactor *redactor, enum redact_policy policy, const char *text,
	size_t len, struct buf *ret) {
	if (policy >= sizeof shapes / sizeof *shapes || !shapes[policy].fits)
		return false;
	/* an address of a machine has the shape of a version */
	const bool version = policy == POLICY_VERSION || policy == POLICY_SYSTEM;
	if (shapes[policy].fits(text, len) &&
		!(version && redact_has_address(redactor, text, len))) {
		if (policy == POLICY_SELECTOR)
			redact_bytes(redactor, REDACT_FORM_SYMBOL, text, len, ret);
		else
			buf_add(ret, text, len);
		return true;
	}
	if (shapes[policy].prose)
		redact_bytes(redactor, REDACT_FORM_TEXT, text, len, ret);
	return shapes[policy].prose;
}

bool redact_value(struct redactor *redactor, enum redact_policy policy, const char *text,
	size_t len, struct buf *ret) {
	enum redact_form form = REDACT_FORM_COUNT;
	if (policy == POLICY_TEXT || policy == POLICY_LINES ||
		(policy == POLICY_BUNDLE && !redact_is_bundle(text, len)))
		form = REDACT_FORM_TEXT;
	else if (policy == POLICY_PATH)
		form = REDACT_FORM_PATH;
	else if (policy == POLICY_NAME || policy == POLICY_BUNDLE)
		form = REDACT_FORM_NAME;
	else if (policy == POLICY_SOURCE)
		form = memchr(text, '/', len) || memchr(text, '\\', len) ? REDACT_FORM_PATH
									 : REDACT_FORM_NAME;
	if (form != REDACT_FORM_COUNT)
		redact_bytes(redactor, form, text, len, ret);
	else if (policy == POLICY_SYMBOL)
		add_symbol(redactor, text, len, ret);
	else if (policy == POLICY_MACHINE)
		add_machine(redactor, text, len, ret);
	else if (policy == POLICY_BACKTRACE)
		add_backtrace(redactor, text, len, ret);
	else
		return redact_shape(redactor, policy, text, len, ret);
	return true;
}
