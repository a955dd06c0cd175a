/* The measured rates: the newest experiments, whole. */
#include "export/analysis_parts.h"
#include "export/analysis_redact.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct numbers {
	struct analysis_work *work;
	int64_t *items;
	size_t count, cap;
};

/* MATCH is about incidents, but for simulated=false; times hold for both. */
static int take_number(const struct store_experiment *row, void *user) {
	struct numbers *numbers = user;
	const struct store_filter *filter = numbers->work->options->filter;
	if (filter && filter->since_us.set && row->started_at_us < filter->since_us.value)
		return 0;
	if (filter && filter->until_us.set && row->started_at_us >= filter->until_us.value)
		return 0;
	int code = arena_grow(&numbers->work->analysis->arena, (void **)&numbers->items,
		numbers->count, &numbers->cap, sizeof *numbers->items);
	if (!code)
		numbers->items[numbers->count++] = row->id;
	return code;
}

/* Whether MATCH lets no simulated incident through: then simulated runs are not asked for either.
 */
static bool is_real_alone(const struct store_filter *filter) {
	static const char field[] = "simulated=";
	bool real = false;
	for (size_t i = 0; filter && i < filter->match_count; i++) {
		const char *word = filter->matches[i];
		if (strncmp(word, field, sizeof field - 1) != 0)
			continue;
		word += sizeof field - 1;
		/* Words of one field are alternatives. */
		if (strcmp(word, "0") != 0 && strcmp(word, "false") != 0 && strcmp(word, "no") != 0)
			return false;
		real = true;
	}
	return real;
}

static bool has_runs(const struct experiment_summary *summary) {
	for (size_t i = 0; i < summary->condition_count; i++)
		if (summary->conditions[i].runs)
			return true;
	return false;
}

static int take_one(struct analysis_work *work, int64_t number) {
	struct analysis *analysis = work->analysis;
	struct experiment_summary *summary = &analysis->experiments[analysis->experiment_count];
	char word[24];
	const char *words[] = {word};
	snprintf(word, sizeof word, "%" PRId64, number);
	int code = experiment_summary_load(work->store, words, 1, summary, work->err);
	if (code < 0)
		return code;
	if (!has_runs(summary) || (summary->simulated && is_real_alone(work->options->filter))) {
		experiment_summary_finish(summary);
		return 0;
	}
	analysis->experiment_count++;
	if (!analysis->redactor)
		return 0;
	code = analysis_redact_experiment(summary, work->options->rules, analysis->redactor);
	return code ? err_set(work->err, code, "out of memory") : 0;
}

int analysis_take_experiments(struct analysis_work *work) {
	struct analysis *analysis = work->analysis;
	struct numbers numbers = {.work = work};
	if (!work->options->experiments)
		return 0;
	int code = store_experiments(work->store, 0, take_number, &numbers, work->err);
	if (code < 0)
		return code;
	analysis->experiments = arena_calloc(
		&analysis->arena, ANALYSIS_EXPERIMENTS + 1, sizeof *analysis->experiments);
	if (!analysis->experiments)
		return err_set(work->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < numbers.count && code >= 0; i++) {
		if (analysis->experiment_count == ANALYSIS_EXPERIMENTS) {
			analysis->experiments_unlisted = numbers.count - i;
			break;
		}
		code = take_one(work, numbers.items[i]);
	}
	return code < 0 ? code : 0;
}

void analysis_experiments_json(const struct analysis *analysis, struct buf *ret) {
	buf_add_char(ret, '[');
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		if (i)
			buf_add_char(ret, ',');
		experiment_json(&analysis->experiments[i], ret);
		if (!ret->failed && ret->len && ret->data[ret->len - 1] == '\n')
			ret->data[--ret->len] = '\0';
	}
	buf_add_str(ret, "]\n");
}
