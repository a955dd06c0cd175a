/*
 * The redactor: what it knows, the placeholders it has given, and writing a text with them. A text
 * is read again after something went, until nothing more goes: what is left is what a second
 * redaction leaves.
 */
#include "triage/redact.h"

#include "base/limits.h"
#include "base/text.h"
#include "triage/redact_address.h"
#include "triage/redact_char.h"
#include "triage/redact_learn.h"
#include "triage/redact_names.h"
#include "triage/redact_parts.h"
#include "triage/redact_same.h"
#include "triage/redact_scan.h"
#include "triage/redact_seen.h"
#include "triage/redact_settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Different values with a number of their own; one archive has a few hundred. */
#define VALUES_MAX 65536
/* Functions of one sort: their placeholders have six digits at most. */
#define ROUNDS_MAX (900000 / REDACT_SORTS)
/* Values, names and words of one archive. */
#define ARENA_BYTES ((size_t)256 << 20)
/* Names of one report. */
#define OWN_BYTES ((size_t)16 << 20)
/* Bytes of a value that are told; the rest of it counts, but is not kept. */
#define VALUE_BYTES 4096

struct value {
	const char *value, *placeholder;
	uint64_t hash, count;
	enum redact_kind kind;
};

struct redactor {
	struct arena arena;
	struct redact_names names;     /* of persons and machines */
	struct redact_names learned;   /* and what any report has taught beside them */
	struct redact_names own;       /* and what the report that is being redacted has */
	struct redact_names addresses; /* where no version is expected */
	struct arena own_arena;
	bool in_report;
	struct redact_words words;
	struct redact_seen seen;
	struct value *values; /* in the order of their placeholders */
	size_t count, cap;
	uint32_t *slots; /* into values, plus one */
	size_t slot_count;
	uint64_t numbers[REDACT_KIND_COUNT];      /* given so far */
	uint64_t rounds[REDACT_SORTS];            /* numbers of functions given, by their sort */
	struct value nameless[REDACT_KIND_COUNT]; /* beyond VALUES_MAX */
};

int redactor_new(struct redactor **ret, struct err *err) {
	struct redactor *redactor = calloc(1, sizeof *redactor);

	if (redactor == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	arena_init(&redactor->arena, ARENA_BYTES);
	redact_seen_init(&redactor->seen);
	arena_init(&redactor->own_arena, OWN_BYTES);
	redactor->names.arena = redactor->addresses.arena = &redactor->arena;
	redactor->learned =
		(struct redact_names){.arena = &redactor->arena, .next = &redactor->names};
	redactor->words.arena = &redactor->arena;
	*ret = redactor;
	return 0;
}

void redactor_free(struct redactor *redactor) {
	if (redactor == NULL)
		return;
	redact_seen_finish(&redactor->seen);
	arena_finish(&redactor->own_arena);
	arena_finish(&redactor->arena);
	free(redactor->slots);
	free(redactor);
}

int redactor_know(
	struct redactor *redactor, enum redact_kind kind, const char *value, struct err *err) {
	redact_seen_clear(&redactor->seen);
	if (value != NULL && redact_learn_name(&redactor->names, kind, value, strlen(value)) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int redactor_allow(struct redactor *redactor, const char *text, struct err *err) {
	redact_seen_clear(&redactor->seen);
	if (text != NULL && redact_words_add(&redactor->words, text) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* Placeholders of functions in what is redacted again leave their rounds to themselves. */
static void note_functions(struct redactor *redactor) {
	uint64_t rounds = (redactor->numbers[REDACT_FUNCTION] + REDACT_SORTS - 1) / REDACT_SORTS;

	for (size_t i = 0; i < REDACT_SORTS; i++) {
		if (redactor->rounds[i] < rounds)
			redactor->rounds[i] = rounds;
	}
}

int redactor_learn(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct err *err) {
	int r;

	redact_seen_clear(&redactor->seen);
	r = redact_learn_paths(&redactor->names, report);
	if (r == 0)
		r = redact_learn_values(&redactor->learned, &redactor->words, NULL, report);
	if (r == 0)
		r = redact_learn_folders(&redactor->learned, report);
	if (r == 0)
		r = redact_learn_text(&redactor->names, bytes, len);
	if (r == 0)
		r = redact_learn_addresses(&redactor->addresses, bytes, len);
	redact_learn_numbers(bytes, len, redactor->numbers);
	note_functions(redactor);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

static size_t find_slot(const struct redactor *redactor, enum redact_kind kind, uint64_t hash,
	const char *value, size_t len) {
	size_t at = hash & (redactor->slot_count - 1);

	for (; redactor->slots[at] != 0; at = (at + 1) & (redactor->slot_count - 1)) {
		const struct value *v = &redactor->values[redactor->slots[at] - 1];

		if (v->hash == hash && v->kind == kind && redact_same(kind, v->value, value, len))
			break;
	}
	return at;
}

static int grow_slots(struct redactor *redactor) {
	size_t count = redactor->slot_count > 0 ? 2 * redactor->slot_count : 256;
	uint32_t *slots = calloc(count, sizeof *slots);

	if (slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < redactor->count; i++) {
		size_t at = redactor->values[i].hash & (count - 1);

		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(redactor->slots);
	redactor->slots = slots;
	redactor->slot_count = count;
	return 0;
}

static struct value *nameless(struct redactor *redactor, enum redact_kind kind) {
	struct value *v = &redactor->nameless[kind];

	if (v->placeholder == NULL) {
		*v = (struct value){.value = "...", .kind = kind};
		v->placeholder = arena_printf(&redactor->arena, "<%s>", redact_kind_names[kind]);
	}
	return v->placeholder != NULL ? v : NULL;
}

/* The number that a new value gets. */
static uint64_t next_number(
	struct redactor *redactor, enum redact_kind kind, const char *value, size_t len) {
	unsigned sort = redact_sort(value, len);

	if (kind != REDACT_FUNCTION)
		return ++redactor->numbers[kind];
	return REDACT_SORTS * redactor->rounds[sort]++ + sort + 1;
}

static struct value *add_value(struct redactor *redactor, enum redact_kind kind, uint64_t hash,
	const char *value, size_t len) {
	struct value v = {.hash = hash, .kind = kind};

	if (redactor->count == VALUES_MAX ||
		(kind == REDACT_FUNCTION &&
			redactor->rounds[redact_sort(value, len)] >= ROUNDS_MAX))
		return nameless(redactor, kind);
	if (arena_grow(&redactor->arena, (void **)&redactor->values, redactor->count,
		    &redactor->cap, sizeof *redactor->values) < 0)
		return NULL;
	v.value = arena_strndup(&redactor->arena, value, len);
	v.placeholder = arena_printf(&redactor->arena, "<%s-%llu>", redact_kind_names[kind],
		(unsigned long long)next_number(redactor, kind, value, len));
	if (v.value == NULL || v.placeholder == NULL)
		return NULL;
	redactor->values[redactor->count++] = v;
	return &redactor->values[redactor->count - 1];
}

/* The entry of value, its use counted; NULL without memory. */
static struct value *use_value(
	struct redactor *redactor, enum redact_kind kind, const char *value, size_t len) {
	struct value *v;
	uint64_t hash;
	size_t at;

	if (len > VALUE_BYTES)
		len = VALUE_BYTES;
	hash = redact_hash(kind, value, len);
	if (2 * (redactor->count + 1) > redactor->slot_count && grow_slots(redactor) < 0)
		return NULL;
	at = find_slot(redactor, kind, hash, value, len);
	if (redactor->slots[at] != 0) {
		v = &redactor->values[redactor->slots[at] - 1];
	} else {
		v = add_value(redactor, kind, hash, value, len);
		if (v != NULL && v != &redactor->nameless[kind])
			redactor->slots[at] = (uint32_t)redactor->count;
	}
	if (v != NULL)
		v->count++;
	return v;
}

/* A value that is known to be somebody's name is that wherever it stands; the number of a function
 * counts in signatures. */
static enum redact_kind known_kind(
	const struct redactor *redactor, enum redact_kind kind, const char *value, size_t len) {
	const struct redact_match match = redact_names_at(
		redactor->in_report ? &redactor->own : &redactor->learned, value, len);

	return match.len == len && len > 0 && kind != REDACT_FUNCTION ? match.kind : kind;
}

static const char *name_value(enum redact_kind kind, const char *value, size_t len, void *user) {
	struct redactor *redactor = user;
	const struct value *v =
		use_value(redactor, known_kind(redactor, kind, value, len), value, len);

	return v != NULL ? v->placeholder : NULL;
}

bool redact_has_address(const struct redactor *redactor, const char *text, size_t len) {
	return redact_address_known(&redactor->addresses, text, len);
}

int redact_begin_report(struct redactor *redactor, const struct report *report) {
	int r;

	redactor->own =
		(struct redact_names){.arena = &redactor->own_arena, .next = &redactor->names};
	redactor->in_report = true;
	r = redact_learn_values(&redactor->own, &redactor->words, NULL, report);
	return r == 0 ? redact_learn_folders(&redactor->own, report) : r;
}

void redact_end_report(struct redactor *redactor) {
	redactor->in_report = false;
	arena_reset(&redactor->own_arena);
}

/* Whether nothing goes, whatever the report. */
static bool stays(
	const struct redactor *redactor, enum redact_form form, const char *text, size_t len) {
	return !redact_finds((struct redact_scan){.names = &redactor->learned,
				     .words = &redactor->words,
				     .text = text,
				     .len = len},
		form);
}

void redact_bytes(struct redactor *redactor, enum redact_form form, const char *text, size_t len,
	struct buf *ret) {
	const struct redact_settle settle = {
		.names = redactor->in_report ? &redactor->own : &redactor->learned,
		.words = &redactor->words,
		.form = form,
		.name = name_value,
		.user = redactor};
	if (text == NULL)
		return;
	if (redact_seen_find(&redactor->seen, form, text, len)) {
		buf_add(ret, text, len);
	} else if (stays(redactor, form, text, len)) {
		redact_seen_add(&redactor->seen, form, text, len);
		buf_add(ret, text, len);
	} else {
		redact_settle(&settle, text, len, ret);
	}
}

void redact(struct redactor *redactor, enum redact_form form, const char *text, struct buf *ret) {
	if (text != NULL)
		redact_bytes(redactor, form, text, strlen(text), ret);
}

void redact_whole(
	struct redactor *redactor, enum redact_kind kind, const char *value, struct buf *ret) {
	size_t len = value != NULL ? strlen(value) : 0;
	const char *placeholder;

	if (len == 0)
		return;
	if (redact_placeholder(value, len) == len) {
		buf_add(ret, value, len);
		return;
	}
	placeholder = name_value(kind, value, len, redactor);
	if (placeholder != NULL)
		buf_add_str(ret, placeholder);
	else
		ret->failed = true;
}

const char *redact_dup(
	struct redactor *redactor, enum redact_form form, const char *text, struct arena *arena) {
	struct buf buf = {0};
	const char *copy = NULL;

	if (text == NULL)
		return NULL;
	redact(redactor, form, text, &buf);
	if (!buf.failed)
		copy = arena_strndup(arena, buf_str(&buf), buf.len);
	buf_finish(&buf);
	return copy;
}

static int tell(const struct value *v, redact_fn fn, void *user) {
	const struct redact_replacement replacement = {.kind = v->kind,
		.value = v->value,
		.placeholder = v->placeholder,
		.count = v->count};

	return fn(&replacement, user);
}

int redactor_each(const struct redactor *redactor, redact_fn fn, void *user) {
	int r = 0;

	for (size_t i = 0; i < redactor->count && r == 0; i++)
		r = tell(&redactor->values[i], fn, user);
	for (size_t i = 0; i < REDACT_KIND_COUNT && r == 0; i++) {
		if (redactor->nameless[i].count > 0)
			r = tell(&redactor->nameless[i], fn, user);
	}
	return r;
}
