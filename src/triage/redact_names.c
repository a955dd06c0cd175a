/*
 * The tree's edges stand in one hash table; node 1 is the root.
 */
#include "triage/redact_names.h"

#include "base/text.h"
#include "triage/redact_char.h"
#include "triage/redact_words.h"

#include <errno.h>
#include <string.h>

#define ROOT 1u

static size_t slot_of(const struct redact_names *names, uint32_t parent, uint32_t point) {
	uint64_t hash =
		(parent * UINT64_C(0x9e3779b97f4a7c15)) ^ (point * UINT64_C(0xff51afd7ed558ccd));
	size_t at = (size_t)(hash >> 20) & (names->slot_count - 1);

	while (names->slots[at].child != 0 &&
		(names->slots[at].parent != parent || names->slots[at].point != point))
		at = (at + 1) & (names->slot_count - 1);
	return at;
}

static int grow(struct redact_names *names) {
	struct redact_names next = *names;

	next.slot_count = names->slot_count > 0 ? 2 * names->slot_count : 64;
	next.slots = arena_calloc(names->arena, next.slot_count, sizeof *next.slots);
	if (next.slots == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < names->slot_count; i++) {
		const struct redact_name *old = &names->slots[i];

		if (old->child != 0)
			next.slots[slot_of(&next, old->parent, old->point)] = *old;
	}
	*names = next;
	return 0;
}

/* Slot of the edge that point leads to from *node, which it then leads to; NULL without memory. */
static struct redact_name *step(struct redact_names *names, uint32_t *node, uint32_t point) {
	struct redact_name *edge;

	if (names->slot_count == 0)
		names->nodes = ROOT;
	if (2 * ((size_t)names->nodes + 1) > names->slot_count && grow(names) < 0)
		return NULL;
	edge = &names->slots[slot_of(names, *node, point)];
	if (edge->child == 0)
		*edge = (struct redact_name){
			.parent = *node, .point = point, .child = ++names->nodes};
	*node = edge->child;
	return edge;
}

/* Nobody's name. */
static bool is_common(const char *value, size_t len) {
	static const char *const common[] = {"shared", "guest", "root", "user", "users", "home",
		"local", "localhost", "library", "public", "default", "all", "null", "none",
		"admin", "daemon", "nobody", "var", "tmp", "usr"};

	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
		if (strlen(common[i]) == len && redact_at(value, len, common[i]))
			return true;
	}
	return len < 2;
}

/* Encoded or accented, the first letter may be any of these bytes. */
static void note_first(struct redact_names *names, uint32_t point) {
	if (point < 0x80) {
		names->first[point] = true;
		if (point >= 'a' && point <= 'z')
			names->first[point - 'a' + 'A'] = true;
	}
	names->first['%'] = true;
	memset(names->first + 0x80, true, 0x80);
}

/* *ret: where the name ends; NULL for one that was known, or that is none. */
static int add(struct redact_names *names, enum redact_kind kind, const char *value, size_t len,
	struct redact_name **ret) {
	struct redact_name *edge = NULL;
	uint32_t node = ROOT, point;
	size_t letters = 0;

	*ret = NULL;
	if (is_common(value, len) || memchr(value, '<', len) != NULL ||
		memchr(value, '>', len) != NULL)
		return 0;
	for (size_t i = 0; i < len && letters < REDACT_NAME_LETTERS;) {
		i += redact_letter(value + i, len - i, &point);
		if (point == 0)
			continue;
		edge = step(names, &node, point);
		if (edge == NULL)
			return -ENOMEM;
		if (letters++ == 0)
			note_first(names, point);
	}
	if (edge == NULL || edge->ends)
		return 0;
	edge->ends = true;
	edge->kind = kind;
	edge->whole = letters < REDACT_NAME_INSIDE;
	edge->part = redact_identifier_known(NULL, value, len);
	*ret = edge;
	return 0;
}

int redact_names_add(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	struct redact_name *edge;

	return add(names, kind, value, len, &edge);
}

int redact_names_add_whole(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	struct redact_name *edge;
	int r = add(names, kind, value, len, &edge);

	if (edge != NULL) {
		edge->whole = true;
		edge->part = false;
	}
	return r;
}

int redact_names_add_asked(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	struct redact_name *edge;
	int r = add(names, kind, value, len, &edge);

	if (edge != NULL)
		edge->part = false;
	return r;
}

/* What may stand between the parts of a name that was learned without it. */
static bool is_joint(char c) {
	return strchr(" _-.", c) != NULL;
}

static struct redact_match find_at(const struct redact_names *names, const char *text, size_t len) {
	struct redact_match match = {0};
	uint32_t node = ROOT, point;
	size_t letters = 0;
	bool joined = false;

	if (names->slot_count == 0 || !names->first[(unsigned char)text[0]])
		return match;
	for (size_t i = 0; i < len;) {
		const struct redact_name *edge;
		char c = text[i];

		i += redact_letter(text + i, len - i, &point);
		/* an accent belongs to the letter before it */
		if (point == 0) {
			if (match.len > 0 && node == ROOT)
				break;
			continue;
		}
		edge = &names->slots[slot_of(names, node, point)];
		if (edge->child == 0 && letters >= REDACT_NAME_INSIDE - 1 && c != 0 &&
			is_joint(c) && !is_joint(text[i - 2])) {
			joined = true;
			continue;
		}
		if (edge->child == 0)
			break;
		node = edge->child;
		letters++;
		if (edge->ends && (!joined || letters >= REDACT_NAME_JOINED))
			match = (struct redact_match){.len = i,
				.kind = edge->kind,
				.whole = edge->whole,
				.part = edge->part};
	}
	return match;
}

struct redact_match redact_names_at(
	const struct redact_names *names, const char *text, size_t len) {
	struct redact_match best = {0};

	for (; names != NULL; names = names->next) {
		struct redact_match match = find_at(names, text, len);

		/* of two that are as long, the one that is found in more places, and of those the
		 * one of a person */
		if (match.len > best.len ||
			(match.len > 0 && match.len == best.len && match.whole <= best.whole &&
				match.part <= best.part))
			best = match;
	}
	return best;
}
