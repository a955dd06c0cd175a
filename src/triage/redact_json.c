/*
 * Goes through one JSON object once and copies what may leave: no tree, no recursion. Whatever is
 * not in the table goes with its comma; a value of a wrong type becomes null, which is to a reader
 * what the wrong type was.
 */
#include "triage/redact_parts.h"

#include "base/limits.h"
#include "base/text.h"
#include "ips/json.h"

#include <errno.h>
#include <string.h>

/* Names of images that are looked for: reports have a handful. */
#define NAMES_MAX 256

/* The table nests six deep; each level of arrays counts. */
#define DEPTH 16

/* An object or array that is being copied. */
struct level {
	const struct redact_member *members; /* of an object; NULL: of an array, or of one that
						loses all */
	const struct redact_member *item;    /* of the elements of an array */
	unsigned char lists;                 /* arrays around the elements */
	bool first, kept;                    /* nothing was read yet; something was kept */
};

struct walk {
	struct redactor *redactor;
	const struct report *report;
	struct json json;
	struct arena arena; /* of one text */
	struct buf *ret;
	struct buf text; /* what became of it */
	struct level levels[DEPTH];
	size_t depth, names; /* names: of "*" so far */
	bool body;
};

static void copy(struct walk *walk, const char *from, const char *to) {
	buf_add(walk->ret, from, (size_t)(to - from));
}

/* Escapes as the source does: with "\/" where that has one. */
static void add_escaped(struct walk *walk, bool slashes) {
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	buf_add_char(walk->ret, '"');
	for (size_t i = 0; i < walk->text.len; i++) {
		char c = walk->text.data[i];
		const char *known = c ? strchr(from, c) : NULL;
		if (known || (c == '/' && slashes)) {
			buf_add_char(walk->ret, '\\');
			buf_add(walk->ret, known ? &to[known - from] : &c, 1);
		} else if ((unsigned char)c < 0x20) {
			buf_printf(walk->ret, "\\u%04x", (unsigned)c);
		} else {
			buf_add_char(walk->ret, c);
		}
	}
	buf_add_char(walk->ret, '"');
}

static bool has_lines(enum redact_policy policy) {
	return policy == POLICY_LINES || policy == POLICY_BACKTRACE;
}

static bool is_same(const struct buf *buf, const char *text, size_t len) {
	return buf->len == len && (!len || memcmp(buf->data, text, len) == 0);
}

static bool put_plain(struct walk *walk, enum redact_policy policy, const char *text, size_t len) {
	if (policy != POLICY_CODE)
		return redact_value(walk->redactor, policy, text, len, &walk->text);
	if (!redact_is_code(walk->report->arch, text, len))
		return false;
	buf_add(&walk->text, text, len);
	return true;
}

/* The text between raw and raw_to, quotes included, was read as text. */
static void put_text(struct walk *walk, enum redact_policy policy, const char *text, bool odd,
	const char *raw, const char *raw_to) {
	size_t len = text ? strlen(text) : 0;
	buf_reset(&walk->text);
	if (len && !put_plain(walk, policy, text, len))
		buf_add_str(walk->ret, "null");
	else if (!odd && is_same(&walk->text, text, len))
		copy(walk, raw, raw_to);
	else
		add_escaped(walk, memmem(raw, (size_t)(raw_to - raw), "\\/", 2) != NULL);
	if (walk->text.failed)
		walk->ret->failed = true;
	arena_reset(&walk->arena);
}

/* Consumes a string. */
static void put_string(struct walk *walk, enum redact_policy policy) {
	const char *raw = walk->json.p, *text = NULL, *odd = NULL;
	bool lines = has_lines(policy), texts = policy != POLICY_NUMBER && policy != POLICY_OBJECT;
	if (!texts) {
		if (json_skip(&walk->json))
			buf_add_str(walk->ret, "null");
		return;
	}
	/* The parser shortens at the same limits; a policy that has lines is the only one with
	 * long texts, but for the messages of an exception. */
	size_t max = lines || policy == POLICY_TEXT ? LIMIT_TEXT_BYTES : LIMIT_SYMBOL_BYTES;
	if (json_text(&walk->json, &walk->arena, max, lines, &text, &odd))
		put_text(walk, policy, text, odd != NULL, raw, walk->json.p);
}

static bool takes_number(enum redact_policy policy) {
	return policy == POLICY_NUMBER || policy == POLICY_TIME || policy == POLICY_NUMBER_ID ||
	       policy == POLICY_BUG_TYPE;
}

static void put_scalar(struct walk *walk, enum redact_policy policy, enum json_type type) {
	const char *from = walk->json.p;
	bool keep = type == JSON_NULL || (type == JSON_NUMBER && takes_number(policy)) ||
		    policy == POLICY_NUMBER;
	if (!json_skip(&walk->json))
		return;
	if (keep)
		copy(walk, from, walk->json.p);
	else
		buf_add_str(walk->ret, "null");
}

static void enter(struct walk *walk, struct level level) {
	if (walk->depth == DEPTH) {
		json_fail(&walk->json, -E2BIG, "nested too deep");
		return;
	}
	copy(walk, walk->json.p, walk->json.p + 1);
	json_enter(&walk->json);
	walk->levels[walk->depth] = level;
	walk->levels[walk->depth++].first = true;
}

/* Consumes the value that stands next, or its opening bracket. lists: the arrays around it. */
static void put_value(struct walk *walk, const struct redact_member *member, unsigned char lists) {
	enum json_type type = json_peek(&walk->json);
	if (type == JSON_OBJECT && member->policy == POLICY_OBJECT)
		enter(walk, (struct level){.members = member->members});
	else if (type == JSON_ARRAY && lists < member->lists)
		enter(walk, (struct level){.item = member, .lists = (unsigned char)(lists + 1)});
	else if (type == JSON_STRING)
		put_string(walk, member->policy);
	else if (type != JSON_OBJECT && type != JSON_ARRAY)
		put_scalar(walk, member->policy, type);
	else if (json_skip(&walk->json))
		buf_add_str(walk->ret, "null");
}

static const struct redact_member *find_member(
	const struct redact_member *members, const struct json_key *key) {
	for (; members && members->name; members++)
		if (members->name[0] == '*' || json_key_is(key, members->name))
			return members;
	return NULL;
}

/* Whether the string at quote is the name of an image. */
static bool names_image(struct walk *walk, const char *quote) {
	struct json json = walk->json;
	const char *text = NULL, *odd = NULL;
	bool found = false;
	json.p = quote;
	if (walk->names++ >= NAMES_MAX ||
		!json_text(&json, &walk->arena, LIMIT_SYMBOL_BYTES, false, &text, &odd))
		return false;
	for (size_t i = 0; text && !found && i < walk->report->image_count; i++) {
		const char *name = walk->report->images[i].name;
		found = name && strcmp(name, text) == 0;
	}
	arena_reset(&walk->arena);
	return found;
}

/* The name in quotes in front of json.p, whatever it is. */
static void put_name(struct walk *walk, const char *from) {
	const char *quote = memchr(from, '"', (size_t)(walk->json.p - from));
	if (!quote)
		return;
	copy(walk, from, quote);
	struct json outer = walk->json;
	walk->json.p = quote;
	put_string(walk, names_image(walk, quote) ? POLICY_NAME : POLICY_TEXT);
	quote = walk->json.p;
	if (!walk->json.code)
		walk->json.p = outer.p;
	copy(walk, quote, outer.p);
}

/* Copies what stands between the member before this one (that ends at tail) and this one's value.
 */
static void put_gap(struct walk *walk, struct level *level, const struct redact_member *member,
	const char *tail, bool first) {
	if (!first && !level->kept) /* all before it went: so does the comma */
		tail = (const char *)memchr(tail, ',', (size_t)(walk->json.p - tail)) + 1;
	level->kept = true;
	if (member->name[0] == '*' && !level->item)
		put_name(walk, tail);
	else
		copy(walk, tail, walk->json.p);
}

static void step(struct walk *walk) {
	struct level *level = &walk->levels[walk->depth - 1];
	const char *tail = walk->json.p;
	const struct redact_member *member = level->item;
	struct json_key key = {0};
	bool first = level->first;
	bool more = level->item ? json_next_element(&walk->json, &level->first)
				: json_next_member(&walk->json, &level->first, &key);
	if (walk->json.code)
		return;
	if (!more) {
		copy(walk, tail, walk->json.p);
		walk->depth--;
		return;
	}
	if (!level->item)
		member = find_member(level->members, &key);
	if (!member) {
		json_skip(&walk->json);
		return;
	}
	walk->body |= member->body;
	put_gap(walk, level, member, tail, first);
	put_value(walk, member, level->lists);
}

int redact_object(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, size_t *ret_len, bool *ret_body, struct err *err) {
	struct walk walk = {.redactor = redactor, .report = report, .ret = ret};
	static const struct redact_member members = {
		"", POLICY_OBJECT, 0, false, redact_report_members};
	json_init(&walk.json, bytes, len, err);
	arena_init(&walk.arena, LIMIT_REPORT_ARENA_BYTES);
	if (json_peek(&walk.json) != JSON_OBJECT && !walk.json.code)
		json_fail(&walk.json, 0, "no JSON object");
	copy(&walk, bytes, walk.json.code ? bytes : walk.json.p);
	if (!walk.json.code)
		put_value(&walk, &members, 0);
	while (walk.depth && !walk.json.code)
		step(&walk);
	*ret_len = (size_t)(walk.json.p - bytes);
	*ret_body = walk.body;
	buf_finish(&walk.text);
	arena_finish(&walk.arena);
	return walk.json.code;
}
