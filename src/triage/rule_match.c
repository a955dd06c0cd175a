/*
 * Holding a report against the rules: the first rule in order of precedence whose conditions all
 * hold. Does not know where rules come from.
 */
#include "triage/rule.h"

#include "base/text.h"

#include <string.h>

struct attempt {
	struct stack *stack;
	const struct report *report;
	const struct fault *fault;
	const struct rule *rule;
};

static bool text_fits(const struct rule_texts *patterns, size_t i, const char *text) {
	const char *item = patterns->items[i];

	switch (patterns->shapes[i]) {
	case RULE_EXACT:
		return strcmp(item, text) == 0;
	case RULE_PREFIX:
		return strncmp(item, text, patterns->lengths[i]) == 0;
	case RULE_CONTAINS:
		return memmem(text, strlen(text), item + 1, patterns->lengths[i]) != NULL;
	case RULE_GLOB:
		/* the literal text in front of the first wildcard refuses most */
		return strncmp(item, text, patterns->lengths[i]) == 0 &&
		       text_glob(patterns->globs[i], text, false);
	}
	return false;
}

/* An empty list fits everything, a missing text nothing else. */
static bool any_glob(const struct rule_texts *patterns, const char *text) {
	if (patterns->count == 0)
		return true;
	for (size_t i = 0; text != NULL && i < patterns->count; i++) {
		if (text_fits(patterns, i, text))
			return true;
	}
	return false;
}

/* A pattern with * must fit the whole text, any other stand somewhere in it. */
static bool any_text(const struct rule_texts *patterns, const char *text) {
	for (size_t i = 0; text != NULL && i < patterns->count; i++) {
		if (strchr(patterns->items[i], '*') != NULL
				? text_glob(patterns->globs[i], text, false)
				: strstr(text, patterns->items[i]) != NULL)
			return true;
	}
	return false;
}

static bool image_fits(const struct rule_texts *images, const struct stack_frame *f) {
	/* an image that is not told (some reports, an assertion's text) speaks for nobody */
	if (images->count == 0 || (f->family == NULL && f->symbol.function != NULL))
		return true;
	return any_glob(images, f->family) ||
	       (f->frame != NULL && any_glob(images, f->frame->image));
}

/* A function that became a template since the rule was written is still that function. */
static bool template_fits(const struct rule_texts *functions, const char *function) {
	char stem[512];
	size_t len = function != NULL ? strlen(function) : 0;

	if (len < 3 || len >= sizeof stem || strcmp(function + len - 2, "<>") != 0)
		return false;
	memcpy(stem, function, len - 2);
	stem[len - 2] = '\0';
	return any_glob(functions, stem);
}

static bool frame_fits(const struct rule_pattern *pattern, const struct stack_frame *f) {
	const char *function = f->symbol.function;

	if (pattern->functions.count == 0 && f->family == NULL)
		return false;
	return (any_glob(&pattern->functions, function) ||
		       template_fits(&pattern->functions, function)) &&
	       image_fits(&pattern->images, f);
}

static bool one_fits(const struct rule_patterns *patterns, const struct stack_frame *f) {
	for (size_t i = 0; i < patterns->count; i++) {
		if (frame_fits(&patterns->items[i], f))
			return true;
	}
	return false;
}

/* Frames above the stack's frame; those of the crashed thread too when the stack is the last
 * exception's. */
static bool above_holds(const struct attempt *a, const struct rule_match *m, size_t frame) {
	const struct thread *thread = report_crashed_thread(a->report);

	/* whose assertion failed is above by what its message tells */
	if (a->stack->frames[frame].frame == NULL)
		return true;
	for (size_t i = 0; i < frame; i++) {
		if (one_fits(&m->above, stack_frame(a->stack, i)))
			return true;
	}
	if (!a->stack->of_last_exception || thread == NULL)
		return false;
	for (size_t i = 0; i < thread->frames.count && i < RULE_BELOW_DEFAULT; i++) {
		struct stack_frame f = {.frame = &thread->frames.items[i]};
		struct stack one = {.report = a->report,
			.arena = a->stack->arena,
			.own = a->stack->own,
			.frames = &f,
			.count = 1};

		if (one_fits(&m->above, stack_frame(&one, 0)))
			return true;
	}
	return false;
}

static bool below_holds(const struct attempt *a, const struct rule_match *m, size_t frame) {
	size_t end = a->stack->count;

	if (m->below_within > 0 && end - frame - 1 > m->below_within)
		end = frame + 1 + m->below_within;
	for (size_t i = frame + 1; i < end; i++) {
		if (one_fits(&m->below, stack_frame(a->stack, i)))
			return true;
	}
	return false;
}

static bool message_holds(const struct attempt *a, const struct rule_texts *patterns) {
	const struct report *report = a->report;

	for (size_t i = 0; i < report->app_info_count; i++) {
		if (any_text(patterns, report->app_info[i]))
			return true;
	}
	return any_text(patterns, report->exception.message) ||
	       any_text(patterns, report->termination.indicator) ||
	       any_text(patterns, report->panic_string);
}

static bool offset_known(const struct attempt *a) {
	for (size_t i = 0; a->fault->address.set && i < a->rule->offset_count; i++) {
		if (a->rule->offset_values[i] == a->fault->address.value)
			return true;
	}
	return false;
}

/* The reason decides where the event tells one; a signature alone is enough only without. */
static bool gpu_event_holds(const struct attempt *a, const struct rule_match *m) {
	const struct report_gpu_event *event = &a->report->gpu_event;

	if (m->restart_reasons.count > 0 && event->restart_reason_desc != NULL)
		return any_text(&m->restart_reasons, event->restart_reason_desc);
	for (size_t i = 0; event->signature.set && i < m->gpu_signature_count; i++) {
		if (m->gpu_signatures[i] == event->signature.value)
			return true;
	}
	return false;
}

/* What of the report as a whole does not hold; NULL when all does. */
static const char *report_fails(const struct attempt *a, const struct rule_match *m) {
	const struct report *report = a->report;
	const struct thread *thread = report_crashed_thread(report);

	if (!any_glob(&m->exceptions, report->exception.type))
		return "the exception is another one";
	if (!any_glob(&m->signals, report->exception.signal))
		return "the signal is another one";
	if (m->faults != 0 && !(m->faults & 1u << a->fault->kind))
		return "the fault is of another kind";
	if (m->accesses != 0 && !(m->accesses & 1u << a->fault->access))
		return "the access is another one";
	if (m->known_offset && !offset_known(a))
		return "the fault offset is none of the known ones";
	if (m->queues.count > 0 && !any_glob(&m->queues, thread != NULL ? thread->queue : NULL))
		return "the thread's queue is another one";
	if (m->messages.count > 0 && !message_holds(a, &m->messages))
		return "the message is another one";
	if (m->expected_messages.count > 0 && a->stack->assertion != NULL &&
		!message_holds(a, &m->expected_messages))
		return "the assertion's message is another one";
	if ((m->gpu_signature_count > 0 || m->restart_reasons.count > 0) && !gpu_event_holds(a, m))
		return "the GPU event's signature and reason are others";
	return NULL;
}

static const char *place_fails(const struct attempt *a, const struct rule_match *m, size_t frame) {
	if (m->above.count > 0 && !above_holds(a, m, frame))
		return "none of the frames it asks for stands above";
	if (m->below.count > 0 && !below_holds(a, m, frame))
		return "none of the frames it asks for stands below";
	return NULL;
}

static bool asks_for_frame(const struct rule_match *m) {
	return m->frame.functions.count > 0 || m->frame.images.count > 0;
}

/* The first frame from *at on that fits and stands where it must; false when there is none. */
static bool next_frame(
	const struct attempt *a, const struct rule_match *m, size_t *at, unsigned *counted) {
	for (size_t i = *at; i < a->stack->count; i++) {
		const struct stack_frame *f;

		if (m->within > 0 && *counted >= m->within)
			return false;
		f = stack_frame(a->stack, i);
		if (f->skipped != NULL)
			continue;
		++*counted;
		if (frame_fits(&m->frame, f)) {
			*at = i;
			return true;
		}
	}
	return false;
}

static void explain_near(
	struct buf *explain, const struct attempt *a, size_t frame, const char *why) {
	if (explain == NULL)
		return;
	buf_printf(explain, "rule: %s (%s) nearly: ", a->rule->site, a->rule->source);
	if (frame != SIZE_MAX)
		buf_printf(explain, "%s fits, but ", stack_frame_name(&a->stack->frames[frame]));
	buf_printf(explain, "%s\n", why);
}

/* Whether one alternative holds; *ret_frame: the frame that fits, SIZE_MAX when it asks for none.
 */
static bool match_holds(const struct attempt *a, const struct rule_match *m, size_t *ret_frame,
	struct buf *explain) {
	size_t at = a->stack->first;
	unsigned counted = 0;
	const char *why;

	if (!(m->kinds & 1u << a->report->kind))
		return false;
	why = report_fails(a, m);
	if (!asks_for_frame(m)) {
		*ret_frame = SIZE_MAX;
		return why == NULL;
	}
	if (why != NULL && explain == NULL)
		return false;
	for (; next_frame(a, m, &at, &counted); at++) {
		const char *here = why != NULL ? why : place_fails(a, m, at);

		if (here == NULL) {
			*ret_frame = at;
			return true;
		}
		explain_near(explain, a, at, here);
		if (why != NULL)
			return false;
	}
	return false;
}

static void explain_hit(struct buf *explain, const struct attempt *a, const struct rule_hit *hit) {
	const struct rule *rule = a->rule;

	buf_printf(explain, "rule: %s (%s, priority %d) matches: %s\n", rule->site, rule->source,
		rule->priority, rule->summary);
	if (hit->frame != SIZE_MAX) {
		const struct stack_frame *f = &a->stack->frames[hit->frame];

		buf_printf(explain, "rule: by frame %d %s\n", f->index, stack_frame_name(f));
	}
	for (size_t i = 0; a->fault->address.set && i < rule->offset_count; i++) {
		const struct rule_offset *o = &rule->offsets[i];

		if (o->offset != a->fault->address.value)
			continue;
		buf_printf(explain, "rule: fault offset 0x%llx is known%s%s\n",
			(unsigned long long)o->offset, o->note != NULL ? ": " : "",
			o->note != NULL ? o->note : "");
		if (o->access != ACCESS_UNKNOWN && a->fault->access != ACCESS_UNKNOWN &&
			o->access != a->fault->access)
			buf_printf(explain, "rule: it was a %s, the known one is a %s\n",
				fault_access_names[a->fault->access],
				fault_access_names[o->access]);
	}
	if (hit->offset_unknown)
		buf_printf(explain,
			"rule: fault address 0x%llx is none of the known offsets: offset "
			"unknown, the site stays\n",
			(unsigned long long)a->fault->address.value);
}

void rule_find(struct rule_hit *ret, const struct rules *rules, struct stack *stack,
	const struct fault *fault, struct buf *explain) {
	struct attempt a = {.stack = stack, .report = stack->report, .fault = fault};

	*ret = (struct rule_hit){.frame = SIZE_MAX};
	for (size_t i = 0; i < rules->count; i++) {
		a.rule = &rules->items[i];
		for (size_t k = 0; k < a.rule->match_count; k++) {
			if (!match_holds(&a, &a.rule->matches[k], &ret->frame, explain))
				continue;
			ret->rule = a.rule;
			ret->offset_unknown =
				a.rule->offset_count > 0 && fault->address.set && !offset_known(&a);
			if (explain != NULL)
				explain_hit(explain, &a, ret);
			return;
		}
	}
	if (explain != NULL)
		buf_printf(explain, "rule: none of %zu matches\n", rules->count);
}
