/*
 * Which file reads which form.
 */
#include "triage/redact_scan.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"

static unsigned look_for_signs(const char *text, size_t len) {
	static const unsigned char signs[256] = {['/'] = REDACT_HAS_SLASH,
		['\\'] = REDACT_HAS_SLASH,
		['%'] = REDACT_HAS_SLASH | REDACT_HAS_AT,
		['&'] = REDACT_HAS_SLASH,
		['@'] = REDACT_HAS_AT,
		['.'] = REDACT_HAS_DOT,
		['-'] = REDACT_HAS_DASH,
		['='] = REDACT_HAS_EQUALS,
		[':'] = REDACT_HAS_COLON};
	unsigned has = 0;
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		size_t skip = text[i] == '<' ? redact_placeholder(text + i, len - i) : 0;

		if (skip > 0) {
			i += skip - 1;
			continue;
		}
		has |= signs[(unsigned char)text[i]];
		digits += text[i] >= '0' && text[i] <= '9';
	}
	return digits > 1 ? has | REDACT_HAS_DIGITS : has;
}

void redact_scan(struct redact_scan *scan, enum redact_form form) {
	scan->has = look_for_signs(scan->text, scan->len);
	switch (form) {
	case REDACT_FORM_SYMBOL:
		redact_scan_symbol(scan, 0, scan->len);
		break;
	case REDACT_FORM_NAME:
		if (redact_is_bundle(scan->text, scan->len)) {
			redact_scan_bundle(scan, 0, scan->len);
			break;
		}
		redact_scan_name(scan, 0, scan->len);
		break;
	case REDACT_FORM_PATH:
		redact_scan_name(scan, 0, scan->len);
		break;
	case REDACT_FORM_TEXT:
	case REDACT_FORM_COUNT:
		redact_scan_text(scan, 0, scan->len);
		break;
	}
}

static void note_found(enum redact_kind kind, size_t from, size_t to, void *user) {
	(void)kind, (void)from, (void)to;
	*(bool *)user = true;
}

bool redact_finds(struct redact_scan scan, enum redact_form form) {
	bool found = false;

	scan.found = note_found;
	scan.user = &found;
	redact_scan(&scan, form);
	return found;
}
