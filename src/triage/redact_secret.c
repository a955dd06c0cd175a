/*
 * Credentials: by the prefix that their maker gives them, by their looks.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* Shorter ones are words. */
#define RANDOM_BYTES 20

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
