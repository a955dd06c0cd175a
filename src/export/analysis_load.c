/* The analysis from its first query to its last; what each part does stands in analysis_parts.h. */
#include "export/analysis_parts.h"
#include "export/analysis_redact.h"
#include "export/experiment_secret.h"

#include <errno.h>
#include <inttypes.h>

static int keep_filter(struct analysis_work *work) {
	const struct store_filter *filter = work->options->filter;
	struct analysis *analysis = work->analysis;
	if (!filter)
		return 0;
	analysis->since_us = filter->since_us;
	analysis->until_us = filter->until_us;
	if (!filter->match_count && !filter->site)
		return 0;
	analysis->filter_words = arena_calloc(
		&analysis->arena, filter->match_count + 1, sizeof *analysis->filter_words);
	if (!analysis->filter_words)
		return -ENOMEM;
	for (size_t i = 0; i < filter->match_count; i++)
		analysis->filter_words[i] =
			texts_keep(&work->texts, REDACT_FORM_TEXT, filter->matches[i]);
	analysis->filter_word_count = filter->match_count;
	if (filter->site) {
		buf_reset(&work->scratch);
		buf_printf(&work->scratch, "site=%s", filter->site);
		analysis->filter_words[analysis->filter_word_count++] =
			texts_keep(&work->texts, REDACT_FORM_TEXT, buf_str(&work->scratch));
	}
	return work->texts.failed ? -ENOMEM : 0;
}

/* Further files with incidents that are here already are not told apart by MATCH. */
static int count_copies(struct analysis_work *work) {
	const struct store_filter *filter = work->options->filter;
	struct store_counts counts;
	if (filter && (filter->match_count || filter->site || filter->since_us.set ||
			      filter->until_us.set))
		return 0;
	int code = store_counts(work->store, &counts, work->err);
	if (code >= 0)
		work->analysis->copies = (struct i64_opt){counts.known, true};
	return code < 0 ? code : 0;
}

static int load(struct analysis_work *work) {
	struct analysis *analysis = work->analysis;
	int code = 0;
	if (analysis->redactor)
		code = analysis_redact_prepare(analysis->redactor, work->err);
	if (!code && analysis->redactor)
		code = experiment_secrets_learn(work->store, analysis->redactor, work->err);
	analysis->rules_version = rules_version(work->options->rules);
	if (!code && keep_filter(work) < 0)
		code = err_set(work->err, -ENOMEM, "out of memory");
	if (!code)
		code = analysis_take_incidents(work);
	if (!code)
		code = count_copies(work);
	if (!code)
		code = analysis_take_evidence(work);
	if (!code)
		code = analysis_take_experiments(work);
	if (!code)
		code = analysis_take_next(work);
	if (!code && analysis_order(analysis) < 0)
		code = err_set(work->err, -ENOMEM, "out of memory");
	return code ? code : analysis_take_groups(work);
}

int analysis_load(struct store *store, const struct analysis_options *options, struct analysis *ret,
	struct err *err) {
	const struct store_filter everything = {0};
	struct analysis_options whole = *options;
	struct analysis_work work = {
		.store = store, .options = &whole, .analysis = ret, .err = err};
	if (!whole.filter)
		whole.filter = &everything;
	*ret = (struct analysis){.redactor = options->redactor, .members = options->members};
	arena_init(&ret->arena, SIZE_MAX);
	work.texts.arena = &ret->arena;
	work.texts.redactor = options->redactor;
	int code = load(&work);
	places_finish(&work.places);
	texts_finish(&work.texts);
	buf_finish(&work.scratch);
	if (code < 0)
		analysis_finish(ret);
	return code;
}

uint64_t analysis_total(const struct analysis *analysis) {
	return analysis->crashes + analysis->gpu_events + analysis->panics + analysis->other;
}

void analysis_finish(struct analysis *analysis) {
	for (size_t i = 0; i < analysis->experiment_count; i++)
		experiment_summary_finish(&analysis->experiments[i]);
	arena_finish(&analysis->arena);
	*analysis = (struct analysis){0};
}
