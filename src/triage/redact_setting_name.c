/*
 * Names of settings. Words that are said beside a secret, and those that only speak of one.
 */
#include "triage/redact_setting.h"

#include "triage/redact_char.h"

#include <string.h>

/* Of a number of tokens. */
#define AMOUNT_DIGITS 6

/* The last one only in front of "=": there are passes of renderers, too. */
static const char *const secret_words[] = {"password", "passwd", "passphrase", "passcode", "pwd",
	"pw", "psk", "secret", "token", "apikey", "api_key", "api-key", "access_key", "access-key",
	"private_key", "credential", "auth", "authorization", "bearer", "cookie", "session",
	"license_key", "pin", "otp", "pass"};

#define SECRET_WORDS (sizeof secret_words / sizeof secret_words[0])

/* "token" goes on as another word: "tokenizer". */
static bool is_longer(const char *key, size_t len, size_t end) {
	char next = (char)(end < len ? key[end] : 0);

	return redact_is_letter(next) && redact_lower(next) != 's' &&
	       redact_is_upper(next) == redact_is_upper(key[end - 1]);
}

bool redact_secret_key(const char *key, size_t len, bool assigned) {
	for (size_t i = 0; i < SECRET_WORDS - !assigned; i++) {
		size_t n = strlen(secret_words[i]);

		for (size_t k = 0; k + n <= len; k++) {
			if (!redact_at(key + k, len - k, secret_words[i]))
				continue;
			if (n > 4 ? !is_longer(key, len, k + n)
				  : (k == 0 || !redact_is_letter(key[k - 1])) &&
						(k + n == len || !redact_is_letter(key[k + n])))
				return true;
		}
	}
	return false;
}

bool redact_is_amount(const char *name, size_t name_len, const char *value, size_t len) {
	static const char plural[] = "tokens";
	size_t n = sizeof plural - 1, digits = 0;

	if (name_len < n || !redact_at(name + name_len - n, n, plural))
		return false;
	while (len > 0 && strchr(",;)]}|&.", value[len - 1]) != NULL)
		len--;
	while (digits < len && redact_is_digit(value[digits]))
		digits++;
	return digits == len && digits <= AMOUNT_DIGITS;
}

bool redact_is_secret_setting(const char *name, size_t len, const char *value) {
	return redact_secret_key(name, len, true) &&
	       !redact_is_amount(name, len, value, strlen(value));
}

bool redact_environment_key(const char *key, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (redact_lower(key[i]) != key[i] || redact_is_digit(key[i]) || key[i] == '_')
			continue;
		return false;
	}
	return len > 2;
}

bool redact_spoken_key(const char *key, size_t len) {
	static const char *const words[] = {"password", "passwd", "passphrase", "passcode",
		"credential", "credentials", "apikey", "api_key", "api-key", "access_key",
		"access-key", "private_key", "license_key"};

	if (redact_environment_key(key, len) && memchr(key, '_', len) != NULL)
		return true;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i]);

		if (len >= n && redact_at(key + len - n, n, words[i]))
			return true;
	}
	return false;
}

bool redact_prose_goes_on(const char *text, size_t len) {
	static const char *const words[] = {"required", "requires", "needed", "missing", "invalid",
		"valid", "expired", "incorrect", "wrong", "failed", "fails", "failure", "error",
		"mismatch", "from", "with", "must", "cannot", "could", "should", "will", "would",
		"does", "that", "this", "when", "which", "prompt", "field", "input", "entry",
		"length", "policy", "protected", "protection", "manager", "management", "changed",
		"change", "reset", "rejected", "accepted", "denied", "refused", "expected",
		"received", "provided", "given", "found", "unknown", "empty", "null", "none",
		"storage", "store", "hash", "check", "verification", "verified", "file", "been",
		"were", "have", "after", "before", "into", "than", "then", "type", "based", "only",
		"helper", "provider", "dialog", "and", "for", "was", "not", "has", "had", "are",
		"can", "may", "but", "the"};
	size_t n = 0;

	while (n < len && redact_is_letter(text[n]))
		n++;
	if (n < len && (redact_is_ident(text[n]) || (unsigned char)text[n] >= 0x80))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == n && redact_at(text, n, words[i]))
			return true;
	}
	return false;
}
