/*
 * What a person who writes rules wants to hear: what is wrong, what can never match, what another
 * rule takes away, and where each rule will stand. Knows nothing of reports.
 */
#include "triage/rule.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define CHECK_ARENA_BYTES (4 * (size_t)LIMIT_RULES_BYTES)

struct check {
	const struct rules *rules;
	const struct rule_list *list;
	const char *name;
	struct buf *out;
};

static void say(
	const struct check *c, const struct rule *rule, const char *level, const char *what) {
	buf_printf(c->out, "%s: %s:%zu: %s: %s\n", level, c->name, rule->line, rule->site, what);
}

/* b comes after a: does a take everything that b would match? Each pattern of b, read as a text,
 * must fit one of a's; what a leaves open b may narrow. */
static bool texts_cover(const struct rule_texts *a, const struct rule_texts *b) {
	if (a->count == 0)
		return true;
	for (size_t i = 0; i < b->count; i++) {
		bool found = false;

		for (size_t k = 0; k < a->count && !found; k++)
			found = strcmp(a->items[k], b->items[i]) == 0 ||
				text_glob(a->globs[k], b->items[i], false);
		if (!found)
			return false;
	}
	return b->count > 0;
}

static bool texts_equal(const struct rule_texts *a, const struct rule_texts *b) {
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool patterns_equal(const struct rule_patterns *a, const struct rule_patterns *b) {
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!texts_equal(&a->items[i].functions, &b->items[i].functions) ||
			!texts_equal(&a->items[i].images, &b->items[i].images))
			return false;
	}
	return true;
}

static bool bits_cover(unsigned a, unsigned b) {
	return a == 0 || (b != 0 && (b & ~a) == 0);
}

static bool match_covers(const struct rule_match *a, const struct rule_match *b) {
	return bits_cover(a->kinds, b->kinds) && bits_cover(a->faults, b->faults) &&
	       bits_cover(a->accesses, b->accesses) && !a->known_offset &&
	       (a->within == 0 || (b->within != 0 && b->within <= a->within)) &&
	       texts_cover(&a->exceptions, &b->exceptions) &&
	       texts_cover(&a->signals, &b->signals) &&
	       texts_cover(&a->frame.functions, &b->frame.functions) &&
	       texts_cover(&a->frame.images, &b->frame.images) &&
	       texts_cover(&a->queues, &b->queues) &&
	       (a->above.count == 0 || patterns_equal(&a->above, &b->above)) &&
	       (a->below.count == 0 || (patterns_equal(&a->below, &b->below) &&
					       a->below_within == b->below_within)) &&
	       (a->messages.count == 0 || texts_equal(&a->messages, &b->messages)) &&
	       (a->expected_messages.count == 0 ||
		       texts_equal(&a->expected_messages, &b->expected_messages)) &&
	       ((a->gpu_signature_count == 0 && a->restart_reasons.count == 0) ||
		       (a->gpu_signature_count == 0 && b->gpu_signature_count == 0 &&
			       texts_equal(&a->restart_reasons, &b->restart_reasons)));
}

/* Every way in which b matches is one of a's. */
static bool rule_covers(const struct rule *a, const struct rule *b) {
	for (size_t i = 0; i < b->match_count; i++) {
		bool found = false;

		for (size_t k = 0; k < a->match_count && !found; k++)
			found = match_covers(&a->matches[k], &b->matches[i]);
		if (!found)
			return false;
	}
	return true;
}

/* Why a function pattern fits no normalised name; NULL when it may. */
static const char *function_fault(const char *pattern) {
	const char *at = strstr(pattern, "AGXG");
	bool objc = strchr(pattern, '[') != NULL;

	if (at != NULL && at[4] >= '0' && at[4] <= '9')
		return "frames are normalised: write AGXG*Family for every driver generation";
	if (strstr(pattern, "_mtlnext") != NULL)
		return "frames are normalised: they have no _mtlnext";
	if (!objc && strchr(pattern, '(') != NULL && strstr(pattern, "operator()") == NULL)
		return "frames are normalised: they have no parameter list";
	at = strchr(pattern, '<');
	if (!objc && at != NULL && at > pattern && strstr(pattern, "operator") == NULL &&
		strchr(">*?", at[1]) == NULL)
		return "frames are normalised: template arguments read <>";
	return NULL;
}

static void check_functions(
	const struct check *c, const struct rule *rule, const struct rule_texts *texts) {
	for (size_t i = 0; i < texts->count; i++) {
		const char *fault = function_fault(texts->items[i]);

		if (fault != NULL)
			buf_printf(c->out, "warning: %s:%zu: %s: \"%s\" never matches: %s\n",
				c->name, rule->line, rule->site, texts->items[i], fault);
	}
}

static void check_match(
	const struct check *c, const struct rule *rule, const struct rule_match *m) {
	const unsigned with_frames = 1u << REPORT_CRASH | 1u << REPORT_USER_FAULT;
	bool frame = m->frame.functions.count > 0 || m->frame.images.count > 0;
	bool gpu = m->gpu_signature_count > 0 || m->restart_reasons.count > 0;

	if ((m->kinds & with_frames) == 0 &&
		(frame || m->exceptions.count > 0 || m->signals.count > 0 || m->queues.count > 0 ||
			m->faults != 0 || m->known_offset))
		say(c, rule, "warning",
			"never matches: reports of this kind have no crashed thread");
	if (gpu && m->kinds != 1u << REPORT_GPU_EVENT)
		say(c, rule, "warning", "only a gpu_event has a signature and a restart reason");
	if (!frame && (m->above.count > 0 || m->below.count > 0 || m->within != 1))
		say(c, rule, "warning",
			"above, below and within mean nothing without frame or image");
	if (m->known_offset && rule->offset_count == 0)
		say(c, rule, "warning", "never matches: asks for a known offset and knows none");
	if (!frame && !gpu && m->messages.count == 0 && m->queues.count == 0)
		say(c, rule, "warning", "matches by kind, exception or fault alone: very much");
	check_functions(c, rule, &m->frame.functions);
	for (size_t i = 0; i < m->above.count; i++)
		check_functions(c, rule, &m->above.items[i].functions);
	for (size_t i = 0; i < m->below.count; i++)
		check_functions(c, rule, &m->below.items[i].functions);
}

/* Whether list->items[at] will stand in front of a rule of that priority and, with others, in the
 * document. */
static bool comes_before(const struct rule *a, const struct rule *b) {
	return a->priority > b->priority || (a->priority == b->priority && a->index < b->index);
}

static void check_shadow(const struct check *c, const struct rule *rule) {
	for (size_t i = 0; i < c->list->count; i++) {
		const struct rule *other = &c->list->items[i];

		if (other != rule && comes_before(other, rule) && rule_covers(other, rule)) {
			buf_printf(c->out, "warning: %s:%zu: %s: shadowed by %s of line %zu\n",
				c->name, rule->line, rule->site, other->site, other->line);
			return;
		}
	}
	for (size_t i = 0; i < c->rules->count; i++) {
		const struct rule *other = &c->rules->items[i];

		if (other->priority > rule->priority && rule_covers(other, rule)) {
			buf_printf(c->out,
				"warning: %s:%zu: %s: shadowed by %s (%s), whose priority %d is "
				"higher\n",
				c->name, rule->line, rule->site, other->site, other->source,
				other->priority);
			return;
		}
	}
}

/* Where the rule will stand, and which loaded rule it takes reports from. */
static void tell_place(const struct check *c, const struct rule *rule) {
	size_t before = 0;

	for (size_t i = 0; i < c->list->count; i++)
		before += comes_before(&c->list->items[i], rule);
	for (size_t i = 0; i < c->rules->count; i++)
		before += c->rules->items[i].priority > rule->priority;
	buf_printf(c->out, "note: %s:%zu: %s: priority %d, number %zu of %zu\n", c->name,
		rule->line, rule->site, rule->priority, before + 1,
		c->list->count + c->rules->count);
	for (size_t i = 0; i < c->rules->count; i++) {
		const struct rule *other = &c->rules->items[i];

		if (other->priority <= rule->priority && rule_covers(rule, other))
			buf_printf(c->out, "note: %s:%zu: %s: replaces %s (%s)\n", c->name,
				rule->line, rule->site, other->site, other->source);
	}
}

int rules_check(const struct rules *rules, const char *name, const char *json, size_t len,
	struct buf *out) {
	struct check c = {.rules = rules, .name = name, .out = out};
	struct rule_list list;
	struct arena arena;
	struct err err;
	int r;

	arena_init(&arena, CHECK_ARENA_BYTES);
	r = rule_list_load(&list, name, json, len, &arena, &err);
	if (r < 0) {
		buf_printf(out, "error: %s\n", err.text);
		arena_finish(&arena);
		return -EINVAL;
	}
	c.list = &list;
	for (size_t i = 0; i < list.count; i++) {
		for (size_t k = 0; k < list.items[i].match_count; k++)
			check_match(&c, &list.items[i], &list.items[i].matches[k]);
		check_shadow(&c, &list.items[i]);
		tell_place(&c, &list.items[i]);
	}
	if (list.count + rules->count > LIMIT_RULES) {
		buf_printf(out, "error: %s: more than %d rules in all\n", name, LIMIT_RULES);
		r = -EINVAL;
	}
	arena_finish(&arena);
	return r;
}
