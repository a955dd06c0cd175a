/*
 * Settings: a value that is private by the name in front of it, in the forms of shells, headers,
 * JSON, Python, XML and prose.
 */
#include "triage/redact_setting.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* A name of a setting. */
#define KEY_BYTES 64
/* Longest value: every setting of a long line is looked at. */
#define VALUE_BYTES 4096
/* Shorter words behind a name alone are grammar. */
#define SPOKEN_BYTES 4
/* "</key>\n    <string>" */
#define TAG_BYTES 64

static bool is_token(char c) {
	return redact_is_ident(c) || c == '-';
}

static bool is_quote(char c) {
	return c == '"' || c == '\'' || c == '`';
}

/* ---- values ---- */

/* Bytes in front of the first placeholder. */
static size_t before_placeholder(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '<' && redact_placeholder(text + i, len - i) > 0)
			return i;
	}
	return len;
}

/* Bytes of the line that text is on. */
static size_t line_length(const char *text, size_t len) {
	const char *feed = memchr(text, '\n', len);

	return feed != NULL ? (size_t)(feed - text) : len;
}

/* Bytes of the quote that opens at text, with the backslash of one within another; 0 for none. */
static size_t opening(const char *text, size_t len) {
	if (len > 1 && (text[0] == '"' || text[0] == '\''))
		return 1;
	return len > 2 && text[0] == '\\' && (text[1] == '"' || text[1] == '\'') ? 2 : 0;
}

/* Bytes of a text in quotes on one line, up to the one that closes; 0 when none does. */
static size_t quoted_length(const char *text, size_t len) {
	size_t open = opening(text, len), end = line_length(text, len);

	for (size_t n = open; open > 0 && n + open <= end; n++) {
		if (memcmp(text + n, text, open) == 0)
			return n;
		/* one that is part of the value */
		n += open == 1 && text[n] == '\\' && n + 1 < end && text[n + 1] == text[0] &&
		     memchr(text + n + 2, text[0], end - n - 2) != NULL;
	}
	return 0;
}

/* The value at text: what stands in quotes, else everything up to a blank, a quote or one of the
 * others. */
static size_t value_length(const char *text, size_t len, const char *others, size_t *ret_from) {
	size_t n = 0;

	if (len > VALUE_BYTES)
		len = VALUE_BYTES;
	*ret_from = opening(text, len);
	if (*ret_from > 0) {
		n = quoted_length(text, len);
		if (n > 0)
			return before_placeholder(text, n);
		n = *ret_from;
	}
	while (n < len && (unsigned char)text[n] > ' ' && strchr("\"'`", text[n]) == NULL &&
		strchr(others, text[n]) == NULL)
		n++;
	/* another setting's value */
	if (n > 0 && n < len && text[n - 1] == '=') {
		size_t more = quoted_length(text + n, len - n);

		n += more > 0 ? more + opening(text + n, len - n) : 0;
	}
	return before_placeholder(text, n);
}

/* Several values in brackets, at most to the end of the line; 0 when there are none. */
static size_t list_length(const char *text, size_t len) {
	size_t end = line_length(text, len > VALUE_BYTES ? VALUE_BYTES : len);
	const char *close;

	if (end < 2 || (text[0] != '[' && text[0] != '{'))
		return 0;
	close = memchr(text, text[0] == '[' ? ']' : '}', end);
	return before_placeholder(text, close != NULL ? (size_t)(close - text) + 1 : end);
}

/* Of a header: the rest of the line, or of what is in quotes. */
static size_t header_length(const char *text, size_t len) {
	size_t end = line_length(text, len > VALUE_BYTES ? VALUE_BYTES : len), n = 0;

	while (n < end && text[n] != '"' && text[n] != '\'')
		n++;
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return before_placeholder(text, n);
}

/* In front of the tag that closes on this line; 0 for none. */
static size_t tagged_length(const char *text, size_t len) {
	size_t end = line_length(text, len > VALUE_BYTES ? VALUE_BYTES : len), n = 0;

	while (n + 1 < end && (text[n] != '<' || text[n + 1] != '/'))
		n++;
	return n + 1 < end ? before_placeholder(text, n) : 0;
}

/* What says nothing of anybody, whatever it is the value of; a mark may follow. */
static bool is_plain_value(const char *text, size_t len) {
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null"};
	size_t n = 0;

	while (len > 0 && strchr(",;)]}|&.", text[len - 1]) != NULL)
		len--;
	if (len > 2 && len <= 18 && redact_at(text, len, "0x")) {
		for (n = 2; n < len && redact_is_hex(text[n]); n++)
			;
		return n == len;
	}
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == len && redact_at(text, len, words[i]))
			return true;
	}
	while (n < len && (redact_is_digit(text[n]) || text[n] == '.'))
		n++;
	return n == len && len <= 6;
}

static void note_found(enum redact_kind kind, size_t from, size_t to, void *user) {
	(void)kind, (void)from, (void)to;
	*(bool *)user = true;
}

/* Whether prose says something private there. One setting in another's value is not looked into:
 * both are one value. */
static bool is_telling(const struct redact_scan *scan, size_t from, size_t to) {
	bool found = memchr(scan->text + from, '=', to - from) != NULL;
	struct redact_scan quiet = *scan;

	quiet.found = note_found;
	quiet.user = &found;
	if (!found)
		redact_scan_text(&quiet, from, to);
	return found;
}

/* ---- a name and its value ---- */

struct setting {
	size_t key, key_end, value, value_end;
	char sign;   /* between name and value, ' ' for none, '<' and '>' of a tag */
	bool quoted; /* the name is */
	bool option; /* it has dashes in front of it */
	bool secret, environment;
};

/* Bytes of the quote that closes behind the name, one blank with it. */
static size_t closing(const struct redact_scan *scan, size_t start, size_t at, size_t to) {
	const char *text = scan->text;
	char quote = (char)(start > 0 ? text[start - 1] : 0);
	size_t n = at;

	if (!is_quote(quote))
		return 0;
	n += n + 1 < to && text[n] == '\\';
	return n < to && text[n] == quote ? n + 1 - at : 0;
}

/* "</key><string>" behind a name at at: bytes, 0 when that does not stand there. */
static size_t tag_length(const char *text, size_t at, size_t to) {
	size_t end = to - at > TAG_BYTES ? at + TAG_BYTES : to, n = at;

	if (!redact_at(text + at, to - at, "</"))
		return 0;
	for (int tags = 0; tags < 2; tags++) {
		while (n < end && text[n] != '>')
			n++;
		n += n < end;
		while (tags == 0 && n < end && strchr(" \t\n", text[n]) != NULL)
			n++;
		if (n >= end || (tags == 0 && text[n] != '<'))
			return 0;
	}
	return n - at;
}

/* Whether a value of that name follows the blank at at. */
static bool is_spoken(
	const struct redact_scan *scan, const struct setting *setting, size_t at, size_t to) {
	const char *key = scan->text + setting->key;
	size_t len = setting->key_end - setting->key, from, n;

	if (!setting->secret)
		return false;
	if (setting->option ||
		(redact_at(key, len, "bearer") && !redact_at(scan->text + at, to - at, " thread")))
		return true;
	for (at++; at < to && scan->text[at] == ' '; at++)
		;
	n = value_length(scan->text + at, to - at, "", &from);
	if (n < from + SPOKEN_BYTES)
		return false;
	if (from > 0)
		return true;
	return redact_spoken_key(key, len) && !redact_prose_goes_on(scan->text + at, n) &&
	       (redact_is_ident(scan->text[at]) || (unsigned char)scan->text[at] >= 0x80);
}

/* Bytes of what makes a value of what follows the name, which ends in front of at; 0: nothing does.
 */
static size_t sign_length(
	const struct redact_scan *scan, const struct setting *setting, size_t at, size_t to) {
	const char *text = scan->text;

	switch (setting->sign) {
	case '=':
		if (at + 1 >= to || text[at + 1] == '=' ||
			(!setting->secret && at > setting->key_end))
			return 0;
		return setting->secret && text[at + 1] == '>' ? 2 : 1;
	case ':':
		return setting->secret ? 1 + (at + 1 < to && text[at + 1] == '=') : 0;
	case ',':
		return setting->secret && setting->quoted && setting->option;
	case '>':
		return setting->secret && setting->key > 0 && text[setting->key - 1] == '<';
	case '<':
		return setting->secret ? tag_length(text, at, to) : 0;
	case ' ':
		return is_spoken(scan, setting, at, to);
	default:
		return 0;
	}
}

static bool is_header(const struct redact_scan *scan, const struct setting *setting) {
	const char *key = scan->text + setting->key;
	size_t len = setting->key_end - setting->key;

	if (setting->sign != ':' || setting->quoted)
		return false;
	return (len >= 6 && redact_at(key + len - 6, 6, "cookie")) ||
	       (len >= 13 && redact_at(key + len - 13, 13, "authorization"));
}

static void read_value(
	const struct redact_scan *scan, struct setting *setting, size_t at, size_t to, bool prose) {
	const char *text = scan->text + at, *others = prose ? "" : "<>,;&|)]}";
	size_t from = 0, n = prose && setting->quoted ? list_length(text, to - at) : 0;

	if (n == 0 && prose && is_header(scan, setting) && opening(text, to - at) == 0)
		n = header_length(text, to - at);
	if (prose && setting->quoted)
		others = ",}]\\";
	if (setting->sign == '>' || setting->sign == '<')
		n = tagged_length(text, to - at);
	else if (n == 0)
		n = value_length(text, to - at, others, &from);
	setting->value = at + from;
	setting->value_end = at + n;
}

/* "KEY=value", "--token value", "password: value", "{'password': 'value'}" */
static bool read_setting(
	const struct redact_scan *scan, size_t at, size_t to, bool prose, struct setting *ret) {
	const char *text = scan->text;
	size_t n = at, key;

	while (n < to && text[n] == '-' && n < at + 2)
		n++;
	ret->option = n > at;
	ret->key = n;
	while (n < to && n - ret->key < KEY_BYTES && is_token(text[n]))
		n++;
	if (n == ret->key || n >= to || (!prose && text[n] != '=' && !ret->option))
		return false;
	ret->key_end = n;
	key = n - ret->key;
	if (prose)
		n += closing(scan, at, n, to);
	ret->quoted = n > ret->key_end;
	if (prose && n + 1 < to && text[n] == ' ' && (text[n + 1] == '=' || text[n + 1] == ':'))
		n++;
	if (n >= to)
		return false;
	ret->sign = text[n];
	ret->secret = redact_secret_key(text + ret->key, key, ret->sign == '=' || ret->quoted);
	ret->environment = redact_environment_key(text + ret->key, key) && (prose || key > 3);
	if (!prose && !ret->secret && !ret->environment)
		return false;
	key = sign_length(scan, ret, n, to);
	if (key == 0)
		return false;
	n += key;
	for (key = n; n < to && n < key + 4 && text[n] == ' '; n++)
		;
	read_value(scan, ret, n, to, prose);
	return ret->value_end > ret->value;
}

static bool value_goes(
	const struct redact_scan *scan, const struct setting *setting, size_t to, bool prose) {
	const char *text = scan->text;
	size_t from = setting->value, end = setting->value_end;

	if (setting->secret)
		return !redact_is_amount(text + setting->key, setting->key_end - setting->key,
			text + from, end - from);
	if (is_plain_value(text + from, end - from))
		return false;
	if (setting->environment)
		return true;
	if (!prose || setting->sign != '=' || from > setting->key_end + 1 ||
		redact_find_path_at(scan, from, to))
		return false;
	/* one word alone is prose, with the placeholder that it has everywhere */
	for (size_t i = from; i < end; i++) {
		if (!redact_is_ident(text[i]))
			return is_telling(scan, from, end);
	}
	return false;
}

/* "Total=password: value": the value is a name with a value of its own, which is read next. */
static bool holds_secret(
	const struct redact_scan *scan, const struct setting *setting, size_t to, bool prose) {
	struct setting inner = {0};

	return !setting->secret && prose && read_setting(scan, setting->value, to, prose, &inner) &&
	       inner.secret && inner.value_end > setting->value_end;
}

/* "SM=COW": how a region of memory is shared. */
static bool is_share_mode(const struct redact_scan *scan, const struct setting *setting) {
	static const char *const modes[] = {
		"PRV", "COW", "NUL", "ALI", "SHM", "ZER", "S/A", "P/A", "LPG", "N/A"};
	const char *text = scan->text;
	size_t len = setting->value_end - setting->value;

	if (setting->sign != '=' || setting->key_end - setting->key != 2 ||
		memcmp(text + setting->key, "SM", 2) != 0 || len != 3)
		return false;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (memcmp(text + setting->value, modes[i], len) == 0)
			return true;
	}
	return false;
}

/* The name stays to be read as the text is. */
size_t redact_find_setting(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	struct setting setting = {0};

	if (!prose && (scan->has & (REDACT_HAS_EQUALS | REDACT_HAS_DASH)) == 0)
		return 0;
	if (!read_setting(scan, at, to, prose, &setting))
		return 0;
	if (is_share_mode(scan, &setting))
		return setting.value_end - at;
	if (!value_goes(scan, &setting, to, prose) || holds_secret(scan, &setting, to, prose))
		return 0;
	if (prose)
		redact_scan_text(scan, setting.key, setting.key_end);
	else
		redact_scan_symbol(scan, setting.key, setting.key_end);
	scan->found(REDACT_SECRET, setting.value, setting.value_end, scan->user);
	return setting.value_end - at;
}
