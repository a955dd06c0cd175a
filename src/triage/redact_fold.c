/*
 * Texts of signatures: what a redaction would take away, and what one has taken away, as "*"; of a
 * function the sort stays, "*37".
 */
#include "triage/redact_char.h"
#include "triage/redact_kept.h"
#include "triage/redact_same.h"
#include "triage/redact_settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACEHOLDER_BYTES 32

/* A function keeps its sort. */
static const char *name_value(enum redact_kind kind, const char *value, size_t len, void *user) {
	char *placeholder = user;

	if (kind != REDACT_FUNCTION)
		return "<word>";
	snprintf(placeholder, PLACEHOLDER_BYTES, "<%s-%u>", redact_kind_names[kind],
		redact_sort(value, len) + 1);
	return placeholder;
}

/* Appends what a placeholder is in a signature. *star: where the last one ended; a full name that
 * only another report tells is one value there, and two words here. */
static void add_star(const char *placeholder, size_t len, struct buf *buf, size_t *star) {
	const char *name = redact_kind_names[REDACT_FUNCTION];
	size_t n = strlen(name);
	unsigned long number = 0;

	if (len > n + 3 && memcmp(placeholder + 1, name, n) == 0)
		number = strtoul(placeholder + n + 2, NULL, 10);
	if (number > 0) {
		buf_printf(buf, "*%lu", (number - 1) % REDACT_SORTS + 1);
		return;
	}
	if (*star > 0 && buf->len == *star + 1 && buf->data[*star] == ' ')
		buf->len = *star;
	else
		buf_add_char(buf, '*');
	*star = buf->len;
}

static const char *stars(const char *text, size_t len, struct arena *arena) {
	struct buf buf = {0};
	const char *copy = NULL;
	size_t star = 0;

	for (size_t i = 0, n; i < len; i += n) {
		n = redact_placeholder(text + i, len - i);
		if (n > 0)
			add_star(text + i, n, &buf, &star);
		else
			buf_add_char(&buf, text[i]);
		n += n == 0;
	}
	if (!buf.failed)
		copy = arena_strndup(arena, buf_str(&buf), buf.len);
	buf_finish(&buf);
	return copy;
}

static bool has_name(const struct redact_names *own, const char *text, size_t len) {
	for (size_t i = 0; i < len && own != NULL; i++) {
		if (redact_names_may_start(own, text[i]) &&
			redact_names_at(own, text + i, len - i).len > 0)
			return true;
	}
	return false;
}

const char *redact_fold(enum redact_form form, const struct redact_names *own,
	struct redact_kept *kept, const char *text, struct arena *arena) {
	char placeholder[PLACEHOLDER_BYTES];
	const struct redact_settle settle = {
		.names = own, .form = form, .name = name_value, .user = placeholder};
	size_t len = strlen(text);
	struct buf buf = {0};
	const char *folded = NULL;

	if (!has_name(own, text, len) && redact_stays(kept, form, text, len))
		return strchr(text, '<') != NULL ? stars(text, len, arena) : text;
	redact_settle(&settle, text, len, &buf);
	if (!buf.failed)
		folded = stars(buf_str(&buf), buf.len, arena);
	buf_finish(&buf);
	return folded;
}
