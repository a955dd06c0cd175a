/*
 * Each round replaces something by a placeholder, and placeholders stay, so the rounds end; a text
 * that takes more of them than any honest one goes as a whole.
 */
#include "triage/redact_settle.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 6

struct writing {
	const struct redact_settle *settle;
	const char *text;
	size_t done; /* of text, written */
	struct buf *ret;
	bool changed;
};

static void write_found(enum redact_kind kind, size_t from, size_t to, void *user) {
	struct writing *w = user;
	const char *name = w->settle->name(kind, w->text + from, to - from, w->settle->user);

	buf_add(w->ret, w->text + w->done, from - w->done);
	if (name != NULL)
		buf_add_str(w->ret, name);
	else
		w->ret->failed = true;
	w->done = to;
	w->changed = true;
}

/* One round; whether anything went. */
static bool write_once(
	const struct redact_settle *settle, const char *text, size_t len, struct buf *ret) {
	struct writing w = {.settle = settle, .text = text, .ret = ret};
	struct redact_scan scan = {.names = settle->names,
		.words = settle->words,
		.text = text,
		.len = len,
		.found = write_found,
		.user = &w};

	redact_scan(&scan, settle->form);
	buf_add(ret, text + w.done, len - w.done);
	return w.changed;
}

static void write_whole(
	const struct redact_settle *settle, const char *text, size_t len, struct buf *ret) {
	const char *name = settle->name(REDACT_WORD, text, len, settle->user);

	if (name != NULL)
		buf_add_str(ret, name);
	else
		ret->failed = true;
}

void redact_settle(
	const struct redact_settle *settle, const char *text, size_t len, struct buf *ret) {
	struct buf rounds[2] = {{0}, {0}};
	size_t start = ret->len, now = 0, round = 1;

	if (!write_once(settle, text, len, ret) || ret->failed)
		return;
	buf_add(&rounds[0], ret->data + start, ret->len - start);
	for (; round < ROUNDS; round++) {
		buf_reset(&rounds[!now]);
		if (!write_once(settle, buf_str(&rounds[now]), rounds[now].len, &rounds[!now]))
			break;
		now = !now;
	}
	ret->len = start;
	if (round < ROUNDS)
		buf_add(ret, buf_str(&rounds[now]), rounds[now].len);
	else
		write_whole(settle, text, len, ret);
	ret->failed |= rounds[0].failed || rounds[1].failed;
	buf_finish(&rounds[0]);
	buf_finish(&rounds[1]);
}
