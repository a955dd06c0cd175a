/*
 * Identifiers of bundles. They are made of a domain and a product: Apple's are everybody's, others
 * tell who made a program.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

#define APPLE "com.apple."
/* The longest one that is looked for in prose. */
#define BUNDLE_BYTES 160

static size_t label_length(const char *text, size_t len) {
	size_t n = 0, more;

	while (n < len) {
		more = redact_placeholder(text + n, len - n);
		if (more == 0 && (redact_is_ident(text[n]) || text[n] == '-'))
			more = 1;
		else if (more == 0 && (unsigned char)text[n] >= 0x80)
			more = redact_char(text + n, len - n, &(uint32_t){0});
		if (more == 0)
			break;
		n += more;
	}
	return n;
}

static bool is_top_level(const char *text, size_t len) {
	static const char *const tops[] = {"com", "org", "net", "edu", "gov", "io", "dev", "app",
		"me", "co", "ai", "de", "jp", "fr", "uk", "ch", "at", "nl", "be", "se", "no", "fi",
		"dk", "it", "es", "pt", "pl", "cz", "eu", "us", "ca", "au", "nz", "in", "cn", "kr",
		"tw", "ru", "ua", "tr", "br", "mx", "tv", "info", "biz", "xyz", "tech", "local"};

	for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++) {
		if (strlen(tops[i]) == len && redact_at(text, len, tops[i]))
			return true;
	}
	return false;
}

bool redact_is_bundle(const char *text, size_t len) {
	size_t labels = 0, n = 0;

	for (;;) {
		size_t label = label_length(text + n, len - n);

		if (label == 0 || (labels == 0 && !is_top_level(text, label)))
			return false;
		labels++;
		n += label;
		if (n == len)
			return labels > 2;
		if (text[n++] != '.')
			return false;
	}
}

void redact_scan_bundle(const struct redact_scan *scan, size_t from, size_t to) {
	if (redact_at(scan->text + from, to - from, APPLE))
		redact_scan_marks(scan, from, to, false);
	else
		redact_scan_text(scan, from + label_length(scan->text + from, to - from), to);
}

size_t redact_kernel_part(const char *text, size_t len) {
	size_t n = sizeof APPLE - 1, open;

	if (!redact_at(text, len, APPLE))
		return 0;
	while (n < len && n < BUNDLE_BYTES &&
		(redact_is_ident(text[n]) || text[n] == '.' || text[n] == '-'))
		n++;
	open = n;
	if (n >= len || text[n++] != '(')
		return 0;
	while (n < len && n - open < 24 && (redact_is_digit(text[n]) || text[n] == '.'))
		n++;
	return n > open + 1 && n < len && text[n] == ')' ? n + 1 : 0;
}
