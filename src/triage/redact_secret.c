/*
 * Credentials: by the prefix that their maker gives them, by the name in front of them, by their
 * looks.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* Shorter ones are words. */
#define RANDOM_BYTES 20
/* A name of a setting. */
#define KEY_BYTES 64
/* Longest value: every setting of a long line is looked at. */
#define VALUE_BYTES 4096

static bool is_token(char c) {
	return redact_is_ident(c) || c == '-';
}

/* Letters and digits that change too often for a name. */
static bool looks_random(const char *text, size_t len) {
	size_t digits = 0, changes = 0, counted = 0;
	int before = -1;

	for (size_t i = 0; i < len; i++) {
		int now = redact_is_digit(text[i]) ? 0 : redact_is_upper(text[i]) ? 1 : 2;

		/* names of many short words are joined so */
		if (text[i] == '_' && counted < RANDOM_BYTES) {
			digits = changes = counted = 0;
			before = -1;
			continue;
		}
		digits += now == 0;
		changes += before >= 0 && now != before && !(before == 1 && now == 2);
		counted++;
		before = now;
	}
	return counted >= RANDOM_BYTES && digits > 1 && 4 * changes >= counted;
}

static size_t prefixed(const char *text, size_t len) {
	static const char *const prefixes[] = {"ghp_", "gho_", "ghu_", "ghs_", "ghr_",
		"github_pat_", "glpat-", "gldt-", "hf_", "sk-", "sk_live_", "sk_test_", "pk_live_",
		"rk_live_", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-", "AKIA", "ASIA",
		"AIza", "ya29.", "eyJ", "npm_", "pypi-", "dop_v1_", "SG.", "r8_", "gsk_", "AGE-"};

	if (len < 11 || strchr("ghsxAynpdSre", text[0]) == NULL)
		return 0;
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		size_t n = strlen(prefixes[i]), start = n, mixed = 0;

		if (prefixes[i][0] != text[0] || len < n || memcmp(text, prefixes[i], n) != 0)
			continue;
		while (n < len && (is_token(text[n]) || text[n] == '.'))
			n++;
		while (n > start && text[n - 1] == '.')
			n--;
		for (size_t k = start; k < n; k++)
			mixed += redact_is_digit(text[k]) || redact_is_upper(text[k]);
		if (n - start >= 8 && (mixed > 1 || n - start >= 16) &&
			!redact_identifier_known(NULL, text, n))
			return n;
	}
	return 0;
}

/* "-----BEGIN RSA PRIVATE KEY-----" and what follows on the line. */
static size_t armoured(const char *text, size_t len) {
	static const char begin[] = "-----begin ";
	size_t n = sizeof begin - 1;

	if (!redact_at(text, len, begin))
		return 0;
	while (n < len && text[n] != '\n' && text[n] != '<')
		n++;
	return n;
}

/* A compiler's name of a function, or an address. */
static bool is_mangled(const char *text, size_t len) {
	static const char *const prefixes[] = {"_Z", "__Z", "___Z", "$s", "_$s", "$S", "_$S", "_T0",
		"_R", "__R", "__profc__Z", "__profd__Z", "__covrec_", "0x"};

	if (text[0] != '_' && text[0] != '$' && text[0] != '0')
		return false;
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		size_t n = strlen(prefixes[i]);

		if (len > n && memcmp(text, prefixes[i], n) == 0)
			return true;
	}
	return false;
}

size_t redact_find_prefixed(const struct redact_scan *scan, size_t at, size_t to) {
	size_t n = prefixed(scan->text + at, to - at);

	if (n > 0)
		scan->found(REDACT_SECRET, at, at + n, scan->user);
	return n;
}

size_t redact_find_credential(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text + at;
	size_t len = to - at, n = prefixed(text, len);

	if (n == 0 && text[0] == '-')
		n = armoured(text, len);
	if (n == 0 && (scan->has & REDACT_HAS_DIGITS) != 0 && !is_mangled(text, len)) {
		size_t run = 0;

		while (run < len && redact_is_ident(text[run]))
			run++;
		if (run >= RANDOM_BYTES && looks_random(text, run))
			n = run;
	}
	if (n > 0)
		scan->found(REDACT_SECRET, at, at + n, scan->user);
	return n;
}

/* The last one only in front of "=": there are passes of renderers, too. */
static const char *const secret_words[] = {"password", "passwd", "passphrase", "passcode", "pwd",
	"pw", "psk", "secret", "token", "apikey", "api_key", "api-key", "access_key", "access-key",
	"private_key", "credential", "auth", "bearer", "cookie", "session", "license_key", "pin",
	"otp", "pass"};

#define SECRET_WORDS (sizeof secret_words / sizeof secret_words[0])

/* sign: what follows. */
static bool is_secret_key(const char *key, size_t len, char sign) {
	for (size_t i = 0; i < SECRET_WORDS - (sign != '='); i++) {
		size_t n = strlen(secret_words[i]);

		for (size_t k = 0; k + n <= len; k++) {
			if (redact_at(key + k, len - k, secret_words[i]) &&
				(n > 4 || ((k == 0 || !redact_is_letter(key[k - 1])) &&
						  (k + n == len || !redact_is_letter(key[k + n])))))
				return true;
		}
	}
	return false;
}

static bool is_environment(const char *key, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (redact_lower(key[i]) != key[i] || redact_is_digit(key[i]) || key[i] == '_')
			continue;
		return false;
	}
	return len > 2;
}

/* Bytes in front of the first placeholder. */
static size_t before_placeholder(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '<' && redact_placeholder(text + i, len - i) > 0)
			return i;
	}
	return len;
}

/* Bytes of a text in quotes on one line, both quotes with it; 0 when none closes. */
static size_t quoted_length(const char *text, size_t len) {
	const char *line = memchr(text, '\n', len);
	size_t end = line != NULL ? (size_t)(line - text) : len;
	const char *close;

	if (end < 2 || strchr("\"'", text[0]) == NULL)
		return 0;
	close = memchr(text + 1, text[0], end - 1);
	return close != NULL ? (size_t)(close - text) + 1 : 0;
}

/* The value at text: what stands in quotes, else everything up to a blank, a quote or one of the
 * others. */
static size_t value_length(const char *text, size_t len, const char *others, size_t *ret_from) {
	size_t n = 0;

	*ret_from = 0;
	if (len > VALUE_BYTES)
		len = VALUE_BYTES;
	if (len > 1 && (text[0] == '"' || text[0] == '\'')) {
		*ret_from = 1;
		n = quoted_length(text, len);
		if (n > 0)
			return before_placeholder(text, n - 1);
		n = 1;
	}
	while (n < len && (unsigned char)text[n] > ' ' && strchr("\"'`", text[n]) == NULL &&
		strchr(others, text[n]) == NULL)
		n++;
	/* another setting's value */
	if (n > 0 && n < len && text[n - 1] == '=')
		n += quoted_length(text + n, len - n);
	return before_placeholder(text, n);
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

struct setting {
	size_t key, key_end, value, value_end;
	char sign; /* behind the key */
	bool secret, environment;
};

/* Whether what stands at at, behind the key, makes a value of what follows. */
static bool has_sign(const struct redact_scan *scan, const struct setting *setting, size_t at,
	size_t to, bool option) {
	const char *key = scan->text + setting->key;
	size_t len = setting->key_end - setting->key;

	switch (setting->sign) {
	case '=':
		return at + 1 < to && scan->text[at + 1] != '=' &&
		       (setting->secret || at == setting->key_end);
	case ':':
		return setting->secret;
	case ' ':
		return setting->secret && (option || redact_at(key, len, "bearer"));
	default:
		return false;
	}
}

/* "KEY=value", "--token value", "password: value" */
static bool read_setting(
	const struct redact_scan *scan, size_t at, size_t to, bool prose, struct setting *ret) {
	const char *text = scan->text;
	size_t n = at, from;
	bool option;

	while (n < to && text[n] == '-' && n < at + 2)
		n++;
	option = n > at;
	ret->key = n;
	while (n < to && n - ret->key < KEY_BYTES && is_token(text[n]))
		n++;
	if (n == ret->key || n >= to || (!prose && text[n] != '=' && !option))
		return false;
	ret->key_end = n;
	if (prose && n + 1 < to && text[n] == ' ' && (text[n + 1] == '=' || text[n + 1] == ':'))
		n++;
	ret->sign = text[n];
	ret->secret = is_secret_key(text + ret->key, ret->key_end - ret->key, ret->sign);
	ret->environment = is_environment(text + ret->key, ret->key_end - ret->key) &&
			   (prose || ret->key_end - ret->key > 3);
	if ((!prose && !ret->secret && !ret->environment) || !has_sign(scan, ret, n, to, option))
		return false;
	for (n++; n < to && n < ret->key_end + 4 && text[n] == ' '; n++)
		;
	ret->value = n;
	ret->value_end = n + value_length(text + n, to - n, prose ? "" : "<>,;&|)]}", &from);
	ret->value += from;
	return ret->value_end > ret->value;
}

static bool value_goes(
	const struct redact_scan *scan, const struct setting *setting, size_t to, bool prose) {
	const char *text = scan->text;
	size_t from = setting->value, end = setting->value_end;

	if (setting->secret)
		return true;
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
	if (!value_goes(scan, &setting, to, prose))
		return 0;
	if (prose)
		redact_scan_text(scan, setting.key, setting.key_end);
	else
		redact_scan_symbol(scan, setting.key, setting.key_end);
	scan->found(REDACT_SECRET, setting.value, setting.value_end, scan->user);
	return setting.value_end - at;
}
