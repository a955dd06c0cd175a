/*
 * Texts of signatures: what a redaction would take away, and what one has taken away, as "*".
 */
#include "triage/redact_char.h"
#include "triage/redact_settle.h"

#include <string.h>

static void note_found(enum redact_kind kind, size_t from, size_t to, void *user) {
	(void)kind, (void)from, (void)to;
	*(bool *)user = true;
}

static const char *name_nothing(enum redact_kind kind, const char *value, size_t len, void *user) {
	(void)kind, (void)value, (void)len, (void)user;
	return "<word>";
}

static const char *stars(const char *text, size_t len, struct arena *arena) {
	char *copy = arena_alloc(arena, len + 1);
	size_t done = 0;

	for (size_t i = 0, n; copy != NULL && i < len; i += n) {
		n = redact_placeholder(text + i, len - i);
		copy[done++] = (char)(n > 0 ? '*' : text[i]);
		n += n == 0;
	}
	return copy;
}

static bool is_private(
	enum redact_form form, const struct redact_names *own, const char *text, size_t len) {
	bool found = false;
	struct redact_scan scan = {
		.names = own, .text = text, .len = len, .found = note_found, .user = &found};

	redact_scan(&scan, form);
	return found;
}

const char *redact_fold(enum redact_form form, const struct redact_names *own, const char *text,
	struct arena *arena) {
	const struct redact_settle settle = {.names = own, .form = form, .name = name_nothing};
	size_t len = strlen(text);
	struct buf buf = {0};
	const char *folded = NULL;

	if (!is_private(form, own, text, len))
		return strchr(text, '<') != NULL ? stars(text, len, arena) : text;
	redact_settle(&settle, text, len, &buf);
	if (!buf.failed)
		folded = stars(buf_str(&buf), buf.len, arena);
	buf_finish(&buf);
	return folded;
}
