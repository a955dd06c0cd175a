/* What experiments measured: rates, prices, and how to see it oneself. */
#include "export/experiment_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>
#include <string.h>

#define RECIPES_MAX 3

static uint64_t all_runs(const struct analysis *analysis) {
	uint64_t runs = 0;
	for (size_t i = 0; i < analysis->experiment_count; i++)
		for (size_t j = 0; j < analysis->experiments[i].condition_count; j++)
			runs += analysis->experiments[i].conditions[j].runs;
	return runs;
}

void report_measured(struct buf *out, const struct analysis *analysis) {
	if (!analysis->experiment_count)
		return;
	buf_printf(out, "## Measured crash rates\n\n%zu experiment%s, ", analysis->experiment_count,
		analysis->experiment_count == 1 ? "" : "s");
	experiment_count(all_runs(analysis), out);
	buf_add_str(out, " runs. A rate counts how processes ended, never reports.\n\n");
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		experiment_markdown(&analysis->experiments[i], out);
		buf_add_str(out, "\n");
	}
	if (analysis->experiments_unlisted)
		buf_printf(out, "%" PRIu64 " older experiments: `agxtriage experiments`.\n\n",
			analysis->experiments_unlisted);
}

/* ---- workarounds ---- */

struct sentences {
	struct buf *out;
	size_t count;
};

static void put_sentence(const char *sentence, void *user) {
	struct sentences *sentences = user;
	if (!sentences->count++)
		buf_add_str(sentences->out,
			"## Workarounds and their price\n\n"
			"What was measured; what was not measured is not listed.\n\n");
	buf_add_str(sentences->out, "- ");
	report_prose(sentences->out, sentence);
	buf_add_str(sentences->out, "\n");
}

void report_workarounds(struct buf *out, const struct analysis *analysis) {
	struct sentences sentences = {.out = out};
	analysis_workarounds(analysis, put_sentence, &sentences);
	if (sentences.count)
		buf_add_str(out, "\n");
}

/* ---- how to reproduce ---- */

struct recipe {
	const struct experiment_summary *summary;
	const struct summary_condition *condition;
};

static bool is_worse(const struct summary_condition *a, const struct summary_condition *b) {
	bool a_real = !experiment_is_simulated(a), b_real = !experiment_is_simulated(b);
	if (a_real != b_real)
		return a_real;
	/* What is sure counts, not what a few runs had. */
	return a->crash_rate.low > b->crash_rate.low;
}

/* The worst conditions, each of another experiment. */
static size_t find_recipes(const struct analysis *analysis, struct recipe *ret, size_t max) {
	size_t count = 0;
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		const struct experiment_summary *summary = &analysis->experiments[i];
		const struct summary_condition *worst = NULL;
		for (size_t j = 0; j < summary->condition_count; j++) {
			const struct summary_condition *condition = &summary->conditions[j];
			if (condition->outcomes[TRIAL_CRASHED] &&
				(!worst || is_worse(condition, worst)))
				worst = condition;
		}
		if (!worst)
			continue;
		size_t at = count;
		while (at && is_worse(worst, ret[at - 1].condition))
			at--;
		if (at == max)
			continue;
		count += count < max;
		memmove(&ret[at + 1], &ret[at], (count - at - 1) * sizeof *ret);
		ret[at] = (struct recipe){.summary = summary, .condition = worst};
	}
	return count;
}

const struct summary_condition *report_worst(
	const struct analysis *analysis, const struct experiment_summary **ret_summary) {
	struct recipe recipe;
	/* Real ones come first. */
	if (!find_recipes(analysis, &recipe, 1) || experiment_is_simulated(recipe.condition))
		return NULL;
	*ret_summary = recipe.summary;
	return recipe.condition;
}

/* "A=1", or "-u A" for one that is taken out of the environment. */
static void add_variable(const struct summary_variable *variable, struct buf *ret) {
	struct buf text = {0};
	buf_add_str(ret, variable->value ? "" : "-u ");
	buf_printf(&text, variable->value ? "%s=" : "%s", variable->name);
	buf_add_str(&text, variable->value ? variable->value : "");
	experiment_words(&(const char *){buf_str(&text)}, 1, ret);
	ret->failed = ret->failed || text.failed;
	buf_finish(&text);
}

/* The option of the simulated driver alone that takes a value. */
static bool is_of_simulation(const char *word) {
	return !strcmp(word, "--gpu-latency") || !strcmp(word, "--sim-fault");
}

/* One trial by hand: without what only its runner needs; metal: on a real driver, whatever it was.
 */
static void add_trial(const struct summary_condition *condition, bool metal, struct buf *ret) {
	for (size_t i = 0; i < condition->env_count; i++) {
		const struct summary_variable *variable = &condition->env[i];
		buf_add_str(ret, i ? " " : "env ");
		add_variable(variable, ret);
	}
	for (size_t i = 0; i < condition->word_count; i++) {
		const char *word = condition->words[i], *slash = strrchr(word, '/');
		bool ours = condition->facts.backend != NULL;
		if (ours && !strcmp(word, "--die-with-parent"))
			continue;
		if (ours && !strcmp(word, "--reports")) {
			i++;
			continue;
		}
		if (metal && is_of_simulation(word)) {
			i++;
			continue;
		}
		if (metal && i && !strcmp(condition->words[i - 1], "--backend"))
			word = "metal";
		if (ours && !i && slash)
			word = slash + 1;
		buf_add_str(ret, ret->len ? " " : "");
		experiment_words(&word, 1, ret);
	}
}

/* The texts of a recipe, as long as it is told. */
struct recipe_texts {
	struct buf command, condition, rate, trial, metal;
};

static bool describe_recipe(
	const struct recipe *recipe, struct recipe_texts *texts, struct report_recipe *ret) {
	const struct summary_condition *condition = recipe->condition;
	const struct store_experiment *experiment = experiment_of(recipe->summary, condition);
	size_t index = (size_t)(condition - recipe->summary->conditions);
	if (experiment)
		experiment_command(experiment->command, &texts->command);
	experiment_summary_name(recipe->summary, index, &texts->condition);
	experiment_summary_rate(condition, &texts->rate);
	add_trial(condition, false, &texts->trial);
	bool rehearsed = condition->facts.backend && experiment_is_simulated(condition);
	if (rehearsed)
		add_trial(condition, true, &texts->metal);
	*ret = (struct report_recipe){.command = buf_str(&texts->command),
		.condition = texts->condition.len ? buf_str(&texts->condition) : NULL,
		.rate = buf_str(&texts->rate),
		.trial = buf_str(&texts->trial),
		.crashed = condition->outcomes[TRIAL_CRASHED],
		.runs = condition->runs,
		.ours = condition->facts.backend != NULL,
		.metal = rehearsed ? buf_str(&texts->metal) : NULL,
		.simulated = experiment_is_simulated(condition)};
	return !texts->command.failed && !texts->condition.failed && !texts->rate.failed &&
	       !texts->trial.failed && !texts->metal.failed;
}

bool report_recipes(const struct analysis *analysis, report_recipe_fn fn, void *user) {
	struct recipe recipes[RECIPES_MAX];
	size_t count = find_recipes(analysis, recipes, RECIPES_MAX);
	bool whole = true;
	for (size_t i = 0; i < count; i++) {
		struct recipe_texts texts = {0};
		struct report_recipe shown;
		whole = describe_recipe(&recipes[i], &texts, &shown) && whole;
		fn(&shown, user);
		buf_finish(&texts.command);
		buf_finish(&texts.condition);
		buf_finish(&texts.rate);
		buf_finish(&texts.trial);
		buf_finish(&texts.metal);
	}
	return whole;
}

struct recipe_list {
	struct buf *out;
	bool simulated; /* those wanted */
	size_t count;
	struct buf metal; /* of the first simulated one */
};

static void put_recipe(const struct report_recipe *recipe, void *user) {
	struct recipe_list *list = user;
	struct buf *out = list->out;
	if (recipe->simulated != list->simulated)
		return;
	if (recipe->metal && !list->metal.len)
		buf_add_str(&list->metal, recipe->metal);
	list->count++;
	buf_add_str(out, recipe->simulated ? "- " : "1. ");
	report_code(out, recipe->command);
	if (recipe->condition) {
		buf_add_str(out, ", in it ");
		report_code(out, recipe->condition);
	}
	buf_printf(
		out, ": %" PRIu64 " of %" PRIu64 " runs crashed, ", recipe->crashed, recipe->runs);
	report_prose(out, recipe->rate);
	if (recipe->simulated)
		buf_add_str(out, " (**simulated**)");
	buf_add_str(out, recipe->simulated ? "\n  - one run: " : "\n   - one run: ");
	report_code(out, recipe->trial);
	buf_add_str(out, "\n");
}

/* What was done with the simulated driver only. */
static void put_rehearsed(struct buf *out, const struct analysis *analysis, bool real) {
	struct buf lines = {0};
	struct recipe_list list = {.out = &lines, .simulated = true};
	out->failed = !report_recipes(analysis, put_recipe, &list) || out->failed;
	if (list.count && !real && list.metal.len) {
		buf_add_str(out, "On a real driver that was not measured. To try on a Mac: ");
		report_code(out, buf_str(&list.metal));
		buf_add_str(out, "\n\n");
	}
	if (list.count)
		buf_printf(out,
			"%snly rehearsed, with the simulated driver, which shows the method and "
			"nothing of a real one:\n\n%s",
			real ? "\nBesides, o" : "O", buf_str(&lines));
	out->failed = out->failed || lines.failed || list.metal.failed;
	buf_finish(&list.metal);
	buf_finish(&lines);
}

void report_reproduce(struct buf *out, const struct analysis *analysis) {
	struct recipe_list list = {.out = out};
	if (!analysis->crashes && !analysis->experiment_count)
		return;
	buf_add_str(out, "## How to reproduce\n\n");
	out->failed = !report_recipes(analysis, put_recipe, &list) || out->failed;
	size_t before = out->len;
	put_rehearsed(out, analysis, list.count > 0);
	bool any = list.count || out->len > before;
	if (!any && !analysis->experiment_count)
		buf_add_str(out, "No experiment has been made here, so how to bring these crashes "
				 "about is not known. Each site tells what to run next; for a "
				 "program of one's own: `agxtriage run -n 30 -- COMMAND`.\n");
	else if (!any)
		buf_add_str(out, "No run of an experiment crashed, so how to bring these crashes "
				 "about is not known.\n");
	buf_add_str(out, "\n");
}
