/*
 * Addresses of networks, people and machines.
 */
#include "triage/redact_find.h"

#include "triage/redact_address.h"
#include "triage/redact_char.h"

#include <string.h>

/* The longest part of an address in front of "@", and of a host. */
#define LOCAL_BYTES 128
#define HOST_BYTES 253

#define HOST_SIGNS (REDACT_HAS_DOT | REDACT_HAS_DASH)

static size_t span(const char *text, size_t len, const char *others, size_t max) {
	size_t n = 0;

	while (n < len && n < max &&
		(redact_is_letter(text[n]) || redact_is_digit(text[n]) ||
			(text[n] != 0 && strchr(others, text[n]) != NULL)))
		n++;
	return n;
}

static bool ends_here(const char *text, size_t len, size_t n) {
	return n >= len || !redact_is_ident(text[n]);
}

/* "host.example.com": bytes, 0 when its last label is no top level. */
static size_t domain_length(const char *text, size_t len) {
	size_t n = span(text, len, ".-_", HOST_BYTES), label;

	while (n > 0 && (text[n - 1] == '.' || text[n - 1] == '-' || text[n - 1] == '_'))
		n--;
	label = n;
	while (label > 0 && redact_is_letter(text[label - 1]))
		label--;
	return label > 1 && n - label >= 2 && text[label - 1] == '.' ? n : 0;
}

static size_t email_length(const char *text, size_t len) {
	size_t n = 0, at, domain;

	while (n < len && n < LOCAL_BYTES && text[n] != '%' &&
		((unsigned char)text[n] >= 0x80 || span(text + n, 1, "._+-'!#$&*=^", 1) == 1))
		n++;
	at = n < len && text[n] == '@' ? 1 : redact_at(text + n, len - n, "%40") ? 3 : 0;
	if (n == 0 || at == 0)
		return 0;
	domain = domain_length(text + n + at, len - n - at);
	return domain > 0 ? n + at + domain : 0;
}

/* Names of Macs, and of hosts in a network at home. */
static size_t host_length(const char *text, size_t len) {
	static const char *const ends[] = {".local", ".lan", ".home", ".internal", ".localdomain",
		".fritz.box", ".arpa", ".corp", ".intranet", ".ts.net"};
	static const char *const macs[] = {"-macbook", "-imac", "-mac-", "-mbp", "-mba", "-mac."};
	size_t n = 0;

	while (n < len && n < HOST_BYTES &&
		(span(text + n, 1, ".-_", 1) == 1 || (unsigned char)text[n] >= 0x80))
		n++;
	while (n > 0 && (text[n - 1] == '.' || text[n - 1] == '-'))
		n--;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t size = strlen(ends[i]);

		if (n > size && redact_at(text + n - size, size, ends[i]))
			return n;
	}
	for (size_t k = 1; memchr(text, '-', n) != NULL && k < n; k++) {
		for (size_t i = 0; text[k] == '-' && i < sizeof macs / sizeof macs[0]; i++) {
			if (redact_at(text + k, n - k, macs[i]))
				return n;
		}
	}
	return 0;
}

/* "build7.example.com"; "com.apple.Metal" is none. */
static size_t public_host_length(const char *text, size_t len) {
	static const char *const tops[] = {"com", "net", "org", "edu", "gov", "de", "fr", "uk",
		"ch", "eu", "jp", "cn", "ru", "nl"};
	size_t n = domain_length(text, len), label = n;

	while (label > 0 && text[label - 1] != '.')
		label--;
	for (size_t i = 0; n > 0 && i < sizeof tops / sizeof tops[0]; i++) {
		if (strlen(tops[i]) == n - label && redact_at(text + label, n - label, tops[i]))
			return memchr(text, '_', n) == NULL ? n : 0;
	}
	return 0;
}

static bool ends_url(char c) {
	return (unsigned char)c <= ' ' || strchr("\"'`<>|\\^{}", c) != NULL;
}

/* The scheme stays; who is asked, and for what, does not. */
static size_t find_url(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	const char *text = scan->text;
	size_t n = at + span(text + at, to - at, "+.-", 16), host;

	if (n + 3 > to || memcmp(text + n, "://", 3) != 0 || n == at ||
		redact_at(text + at, n - at, "file"))
		return 0;
	if (prose)
		redact_scan_words(scan, at, n);
	else
		redact_scan_marks(scan, at, n, false);
	n += 3;
	host = n;
	n += redact_placeholder(text + n, to - n);
	if (n == host) {
		while (n < to && !ends_url(text[n]) && strchr("/?#", text[n]) == NULL)
			n++;
		if (n > host)
			scan->found(REDACT_ADDRESS, host, n, scan->user);
	}
	if (n < to && text[n] == '/')
		n++;
	host = n;
	while (n < to && !ends_url(text[n]))
		n++;
	/* "(see https://host/page)" */
	if (n > host && text[n - 1] == ')' && memchr(text + host, '(', n - host) == NULL)
		n--;
	if (n > host)
		scan->found(REDACT_PATH, host, n, scan->user);
	return n - at;
}

/* Of a key of at least 32 hexadecimal digits, or of a serial number. */
static size_t machine_length(const char *text, size_t len) {
	size_t n = redact_span_hex(text, len), changes = 0, digits = 0;

	if (n >= 32 && ends_here(text, len, n))
		return n;
	n = 0;
	while (n < len && n < 15 && (redact_is_upper(text[n]) || redact_is_digit(text[n]))) {
		digits += redact_is_digit(text[n]);
		changes += n > 0 && redact_is_digit(text[n]) != redact_is_digit(text[n - 1]);
		n++;
	}
	return n >= 10 && n <= 14 && digits > 1 && changes > 1 && ends_here(text, len, n) &&
			       !redact_at(text, len, "0x") &&
			       !redact_identifier_known(NULL, text, n)
		       ? n
		       : 0;
}

struct finder {
	size_t (*length)(const char *text, size_t len);
	enum redact_kind kind;
	unsigned needs; /* one of these signs; 0: none */
	bool digits;    /* and digits */
};

size_t redact_find(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	static const struct finder finders[] = {
		{email_length, REDACT_ADDRESS, REDACT_HAS_AT, false},
		{redact_uuid, REDACT_MACHINE, 0, true},
		{machine_length, REDACT_MACHINE, 0, true},
		{host_length, REDACT_HOST, HOST_SIGNS, false},
		{public_host_length, REDACT_HOST, REDACT_HAS_DOT, false},
	};
	const bool digits = (scan->has & REDACT_HAS_DIGITS) != 0;
	const char *text = scan->text + at;
	size_t n = scan->has & REDACT_HAS_SLASH ? find_url(scan, at, to, prose) : 0;

	for (size_t i = 0; n == 0 && i < sizeof finders / sizeof finders[0]; i++) {
		if ((finders[i].needs == 0 || (finders[i].needs & scan->has) != 0) &&
			(digits || !finders[i].digits))
			n = finders[i].length(text, to - at);
		if (n > 0)
			scan->found(finders[i].kind, at, at + n, scan->user);
	}
	if (n == 0 && digits)
		n = redact_find_address(scan, at, to);
	if (n == 0 && digits)
		n = redact_find_number(scan, at, to, prose);
	if (n == 0)
		n = redact_find_credential(scan, at, to);
	if (n == 0 && digits)
		n = redact_find_joined(scan, at, to, prose);
	return n > 0 ? n : redact_find_setting(scan, at, to, prose);
}
