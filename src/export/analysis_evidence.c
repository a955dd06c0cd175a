/*
 * What stands beside the rows: the stack and the calls of a site's crashes, its newest typical
 * report, what people decided of it, and what happened near in time.
 */
#include "base/text.h"
#include "export/analysis_parts.h"
#include "export/load.h"
#include "export/rule_words.h"
#include "triage/normalise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct analysis_work *work) {
	return err_set(work->err, -ENOMEM, "out of memory");
}

int analysis_add_text(struct arena *arena, const char ***items, size_t *count, const char *text) {
	const char **larger = arena_calloc(arena, *count + 1, sizeof *larger);
	char *copy = arena_strdup(arena, text);
	if (!larger || !copy)
		return -ENOMEM;
	if (*count)
		memcpy(larger, *items, *count * sizeof *larger);
	larger[(*count)++] = copy;
	*items = larger;
	return 0;
}

/* ---- the stack of most crashes ---- */

struct frame_taker {
	struct analysis_work *work;
	struct analysis_site *site;
	size_t cap;
};

static int take_frame(const struct store_frame *frame, size_t index, void *user) {
	struct frame_taker *taker = user;
	struct analysis_site *site = taker->site;
	struct texts *texts = &taker->work->texts;
	(void)index;
	int code = arena_grow(&taker->work->analysis->arena, (void **)&site->stack,
		site->stack_count, &taker->cap, sizeof *site->stack);
	if (!code)
		site->stack[site->stack_count++] = (struct analysis_frame){
			.image = texts_keep(texts, REDACT_FORM_NAME, frame->image),
			.symbol = texts_keep(texts, REDACT_FORM_SYMBOL, frame->symbol),
			.offset = frame->offset};
	return code;
}

/* ---- its newest report ---- */

static int take_frameworks(struct analysis_work *work, const struct triage *triage) {
	struct analysis_counts *counts = &work->analysis->frameworks;
	for (size_t i = 0; i < triage->framework_count; i++) {
		const struct framework *framework = &triage->frameworks[i];
		size_t at = 0;
		buf_reset(&work->scratch);
		buf_add_str(&work->scratch, framework->name);
		const char *version =
			texts_keep_fact(&work->texts, REDACT_VERSION, framework->version);
		if (version)
			buf_printf(&work->scratch, " %s", version);
		const char *text = texts_keep(&work->texts, TEXTS_AS_IS, buf_str(&work->scratch));
		while (at < counts->count && counts->items[at].text != text)
			at++;
		if (at == counts->count) {
			int code = arena_grow(&work->analysis->arena, (void **)&counts->items,
				counts->count, &counts->cap, sizeof *counts->items);
			if (code)
				return code;
			counts->items[counts->count++] = (struct analysis_count){.text = text};
		}
		counts->items[at].count++;
	}
	return 0;
}

/* The first that tells more than that the process was ended. */
static const char *message_of(const struct report *report) {
	for (size_t i = 0; i < report->app_info_count; i++)
		if (!text_starts(report->app_info[i], "abort() called"))
			return report->app_info[i];
	return report->exception.message;
}

static int take_sample(struct analysis_work *work, struct analysis_site *site,
	const struct analysis_stack *stack) {
	const struct incident row = {.id = stack->newest, .ordinal = stack->ordinal};
	struct loaded loaded;
	struct err err = {0};
	int code = loaded_open(work->store, work->options->rules, &row, &loaded, &err);
	if (!code) {
		const struct triage *triage = &loaded.triage;
		const char *name = attribution_names[triage->attribution];
		if (!site->attribution || !strcmp(site->attribution, name))
			site->attribution_reason = texts_keep(&work->texts,
				rule_words_reason(work->options->rules, triage->attribution_reason),
				triage->attribution_reason);
		site->message =
			texts_keep(&work->texts, REDACT_FORM_TEXT, message_of(loaded.report));
		if (triage->site_frame >= 0 && (size_t)triage->site_frame < site->stack_count)
			site->stack[triage->site_frame].counts = true;
		code = take_frameworks(work, triage);
	}
	loaded_finish(&loaded);
	/* Bytes that cannot be read any more are for doctor to tell; the rows are still right. */
	return code == -ENOMEM ? code : 0;
}

static const char *most_frequent(const struct analysis_counts *counts, bool real) {
	const struct analysis_count *best = NULL;
	uint64_t most = 0;
	for (size_t i = 0; i < counts->count; i++) {
		const struct analysis_count *item = &counts->items[i];
		uint64_t count = real ? item->count - item->simulated : item->count;
		if (item->text && (count > most || (count && count == most &&
							   strcmp(item->text, best->text) < 0))) {
			best = item;
			most = count;
		}
	}
	return best ? best->text : NULL;
}

static int take_site(struct analysis_work *work, size_t at) {
	struct analysis_site *site = &work->analysis->sites[at];
	struct analysis_typical typical;
	struct frame_taker taker = {.work = work, .site = site};
	int code = analysis_typical_stack(work, at, &typical);
	const struct analysis_stack *stack = typical.stack;
	site->attribution = most_frequent(&site->attributions, site->count > site->simulated);
	if (code || !stack)
		return code;
	site->sample = stack->newest;
	site->sample_id = stack->newest_id;
	site->sample_member = analysis_member(work, stack->newest);
	if (stack->stack_id) {
		site->stack_crashes = typical.crashes;
		site->stack_exact = stack->count;
		code = store_stack(work->store, stack->stack_id, take_frame, &taker, work->err);
	}
	return code < 0 ? code : take_sample(work, site, stack);
}

/* ---- other threads ---- */

bool analysis_is_driver(const char *image) {
	return image && text_starts(image, "AGX");
}

/* The end of an encoder's life: "-[AGXG16XFamilyComputeContext endEncoding]", "dealloc" and
 * "release" of a class of contexts or encoders. */
static bool ends_encoder(const char *symbol) {
	static const char *const ends[] = {" endEncoding]", " dealloc]", " release]",
		" _xpc_dispose]", " deferredEndEncoding]"};
	if (!symbol || symbol[0] != '-' || symbol[1] != '[')
		return false;
	if (!strstr(symbol, "Context") && !strstr(symbol, "Encoder"))
		return false;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (text_ends(symbol, ends[i]))
			return true;
	return false;
}

struct call_taker {
	struct analysis_work *work;
	size_t at;     /* site */
	size_t number; /* of the calls of some crashes, from 1 */
	uint64_t crashes;
	struct arena scratch;
	bool in_driver, ending;
};

struct call_name {
	const char *image, *symbol;
};

/* Redacted first: what is folded is no symbol any more. */
static int name_call(
	struct call_taker *taker, const struct store_call *call, struct call_name *ret) {
	struct texts *texts = &taker->work->texts;
	struct normal_image image;
	struct normal_symbol symbol;
	ret->image = texts_keep(texts, REDACT_FORM_NAME, call->image);
	ret->symbol = texts_keep(texts, REDACT_FORM_SYMBOL, call->symbol);
	if (!analysis_is_driver(ret->image))
		return 0;
	if (normalise_image(ret->image, &taker->scratch, &image) < 0)
		return -ENOMEM;
	ret->image = texts_keep(texts, TEXTS_AS_IS, image.family);
	if (!ret->symbol)
		return 0;
	if (normalise_symbol(ret->symbol, &taker->scratch, &symbol) < 0)
		return -ENOMEM;
	ret->symbol = texts_keep(texts, TEXTS_AS_IS, symbol.function);
	return 0;
}

static int find_call(struct call_taker *taker, const struct call_name *name, size_t *ret) {
	struct analysis_work *work = taker->work;
	struct analysis_site *site = &work->analysis->sites[taker->at];
	size_t at = 0;
	while (at < site->call_count &&
		(site->calls[at].image != name->image || site->calls[at].symbol != name->symbol))
		at++;
	*ret = at;
	if (at < site->call_count)
		return 0;
	int code = arena_grow(&work->analysis->arena, (void **)&site->calls, site->call_count,
		&work->rooms[taker->at].calls, sizeof *site->calls);
	if (!code)
		site->calls[site->call_count++] =
			(struct analysis_call){.image = name->image, .symbol = name->symbol};
	return code;
}

/* A crash counts once, however many of its threads were there. */
static int take_call(const struct store_call *call, void *user) {
	struct call_taker *taker = user;
	struct call_name name;
	size_t at;
	taker->in_driver = taker->in_driver || analysis_is_driver(call->image);
	taker->ending = taker->ending || ends_encoder(call->symbol);
	int code = name_call(taker, call, &name);
	if (!code)
		code = find_call(taker, &name, &at);
	if (code)
		return code;
	struct analysis_call *counted = &taker->work->analysis->sites[taker->at].calls[at];
	if (counted->counted != taker->number)
		counted->crashes += taker->crashes;
	counted->counted = taker->number;
	if (!call->blocked && counted->counted_running != taker->number) {
		counted->running += taker->crashes;
		counted->counted_running = taker->number;
	}
	return 0;
}

static int take_calls(struct analysis_work *work) {
	int code = 0;
	for (size_t i = 0; i < work->calls_count && code >= 0; i++) {
		const struct analysis_calls *calls = &work->calls[i];
		struct call_taker taker = {
			.work = work, .at = calls->site, .number = i + 1, .crashes = calls->count};
		struct analysis_site *site = &work->analysis->sites[calls->site];
		arena_init(&taker.scratch, SIZE_MAX);
		code = store_calls(work->store, calls->calls_id, take_call, &taker, work->err);
		arena_finish(&taker.scratch);
		if (taker.in_driver)
			site->in_driver += calls->count;
		if (taker.ending)
			site->ending += calls->count;
	}
	return code < 0 ? code : 0;
}

/* ---- what people decided ---- */

static void take_site_state(
	struct texts *texts, const struct store_state *state, struct analysis_site *site) {
	if (state->status)
		site->status = texts_keep(texts, TEXTS_AS_IS, state->status);
	site->note = texts_keep(texts, REDACT_FORM_TEXT, state->note);
	site->url = texts_keep(texts, REDACT_FORM_TEXT, state->url);
	site->fixed_in = texts_keep_fact(texts, REDACT_SYSTEM, state->fixed_in);
}

/* A site of which a signature came again is not what was said of it. */
static void take_signature_state(
	struct texts *texts, const struct store_state *state, struct analysis_site *site) {
	const char *hash = texts_keep(texts, TEXTS_AS_IS, state->name);
	if (state->site && state->status && !strcmp(state->status, "regressed"))
		site->status = texts_keep(texts, TEXTS_AS_IS, state->status);
	for (size_t i = 0; i < site->signature_count; i++) {
		struct analysis_signature *signature = &site->signatures[i];
		if (signature->hash != hash)
			continue;
		signature->note = texts_keep(texts, REDACT_FORM_TEXT, state->note);
		signature->url = texts_keep(texts, REDACT_FORM_TEXT, state->url);
		signature->fixed_in = texts_keep_fact(texts, REDACT_SYSTEM, state->fixed_in);
	}
}

/* Sites come first. A signature without a site is among the crashes that no rule knows. */
static int take_state(const struct store_state *state, void *user) {
	struct analysis_work *work = user;
	struct analysis *analysis = work->analysis;
	bool of_site = state->target == STATE_SITE;
	const char *id = of_site ? state->name : state->site;
	const char *name = texts_keep(&work->texts, rule_words_site(work->options->rules, id), id);
	for (size_t i = 0; i < analysis->site_count; i++) {
		struct analysis_site *site = &analysis->sites[i];
		if (site->id != name)
			continue;
		if (of_site)
			take_site_state(&work->texts, state, site);
		else
			take_signature_state(&work->texts, state, site);
	}
	return work->texts.failed ? -ENOMEM : 0;
}

int analysis_take_evidence(struct analysis_work *work) {
	struct analysis *analysis = work->analysis;
	int code = 0;
	for (size_t i = 0; i < analysis->site_count && code >= 0; i++)
		code = take_site(work, i);
	if (code >= 0)
		code = take_calls(work);
	if (code >= 0)
		code = store_states(work->store, take_state, work, work->err);
	if (code >= 0)
		code = store_correlate(work->store, work->options->filter, ANALYSIS_GPU_WINDOW_US,
			ANALYSIS_PANIC_WINDOW_US, &analysis->correlation, work->err);
	if (code == -ENOMEM || work->texts.failed)
		return out_of_memory(work);
	return code < 0 ? code : 0;
}
