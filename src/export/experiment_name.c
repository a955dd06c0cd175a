/* What conditions differ in, and what they are called by it. */
#include "base/text.h"
#include "export/experiment_parts.h"

#include <inttypes.h>
#include <string.h>

const char *const summary_factor_names[SUMMARY_FACTOR_COUNT] = {
	[SUMMARY_EXPERIMENT] = "experiment",
	[SUMMARY_BACKEND] = "backend",
	[SUMMARY_SCENARIO] = "scenario",
	[SUMMARY_LOCK] = "lock",
	[SUMMARY_THREADS] = "threads",
	[SUMMARY_SETTINGS] = "settings",
	[SUMMARY_ENV] = "env",
	[SUMMARY_COMMAND] = "command",
};

/* ---- differences ---- */

static bool same_text(const char *a, const char *b) {
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_words(const struct summary_condition *a, const struct summary_condition *b) {
	/* A trial program's words stand in the other factors. */
	if (a->facts.backend || b->facts.backend)
		return true;
	if (a->word_count != b->word_count)
		return false;
	for (size_t i = 0; i < a->word_count; i++)
		if (strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

static bool has_setting(const struct summary_condition *condition, const char *setting) {
	for (size_t i = 0; i < condition->setting_count; i++)
		if (!strcmp(condition->settings[i], setting))
			return true;
	return false;
}

static bool same_settings(const struct summary_condition *a, const struct summary_condition *b) {
	if (a->setting_count != b->setting_count)
		return false;
	for (size_t i = 0; i < a->setting_count; i++)
		if (!has_setting(b, a->settings[i]))
			return false;
	return true;
}

static bool differs(const struct summary_condition *a, const struct summary_condition *b,
	enum summary_factor factor) {
	const struct store_condition *left = &a->facts, *right = &b->facts;
	switch (factor) {
	case SUMMARY_EXPERIMENT:
		return a->experiment != b->experiment;
	case SUMMARY_BACKEND:
		return !same_text(left->backend, right->backend);
	case SUMMARY_SCENARIO:
		return !same_text(left->scenario, right->scenario);
	case SUMMARY_LOCK:
		return !same_text(left->lock, right->lock);
	case SUMMARY_THREADS:
		return left->threads.set != right->threads.set ||
		       (left->threads.set && left->threads.value != right->threads.value);
	case SUMMARY_SETTINGS:
		return !same_settings(a, b);
	case SUMMARY_COMMAND:
		return !same_words(a, b);
	case SUMMARY_ENV:
	case SUMMARY_FACTOR_COUNT:
		break;
	}
	return false;
}

/* Both lists are sorted by name. Counts variables with another value or on one side only. */
static size_t env_differences(const struct summary_condition *a, const struct summary_condition *b,
	const char **ret_variable) {
	size_t i = 0, j = 0, count = 0;
	while (i < a->env_count || j < b->env_count) {
		int order = i == a->env_count   ? 1
			    : j == b->env_count ? -1
						: strcmp(a->env[i].name, b->env[j].name);
		if (order || !same_text(a->env[i].value, b->env[j].value)) {
			count++;
			*ret_variable = order <= 0 ? a->env[i].name : b->env[j].name;
		}
		i += order <= 0;
		j += order >= 0;
	}
	return count;
}

size_t experiment_differences(const struct summary_condition *a, const struct summary_condition *b,
	enum summary_factor *ret_factor, const char **ret_variable) {
	enum summary_factor factor = SUMMARY_FACTOR_COUNT;
	const char *variable = NULL;
	size_t count = env_differences(a, b, &variable);
	if (count)
		factor = SUMMARY_ENV;
	for (int i = SUMMARY_BACKEND; i < SUMMARY_FACTOR_COUNT; i++)
		if (differs(a, b, (enum summary_factor)i)) {
			factor = (enum summary_factor)i;
			count++;
		}
	if (!count && differs(a, b, SUMMARY_EXPERIMENT)) {
		factor = SUMMARY_EXPERIMENT;
		count = 1;
	}
	if (ret_factor)
		*ret_factor = factor;
	if (ret_variable)
		*ret_variable = variable;
	return count;
}

bool experiment_varies(const struct experiment_summary *summary, enum summary_factor factor) {
	const char *variable;
	for (size_t i = 1; i < summary->condition_count; i++) {
		const struct summary_condition *a = &summary->conditions[0],
					       *b = &summary->conditions[i];
		if (factor == SUMMARY_ENV ? env_differences(a, b, &variable) != 0
					  : differs(a, b, factor))
			return true;
	}
	return false;
}

const char *experiment_variable(const struct summary_condition *condition, const char *name) {
	for (size_t i = 0; i < condition->env_count; i++)
		if (!strcmp(condition->env[i].name, name))
			return condition->env[i].value;
	return NULL;
}

const struct store_experiment *experiment_of(
	const struct experiment_summary *summary, const struct summary_condition *condition) {
	for (size_t i = 0; i < summary->experiment_count; i++)
		if (summary->experiments[i].id == condition->experiment)
			return &summary->experiments[i];
	return NULL;
}

/* ---- names ---- */

/* Commas between the parts of a name. */
static void begin_part(struct buf *ret, size_t start) {
	if (ret->len > start)
		buf_add_str(ret, ", ");
}

static void add_variable(
	const struct summary_condition *condition, const char *name, struct buf *ret) {
	const char *value = experiment_variable(condition, name);
	if (!value)
		buf_printf(ret, "no %s", name);
	else if (!*value)
		buf_printf(ret, "%s empty", name);
	else
		buf_printf(ret, "%s=%s", name, value);
}

/* Whether another condition has another value of it. */
static bool variable_varies(const struct experiment_summary *summary,
	const struct summary_condition *condition, const char *name) {
	const char *value = experiment_variable(condition, name);
	for (size_t i = 0; i < summary->condition_count; i++)
		if (!same_text(value, experiment_variable(&summary->conditions[i], name)))
			return true;
	return false;
}

static bool has_been(const struct experiment_summary *summary, size_t condition, const char *name) {
	for (size_t i = 0; i < condition; i++)
		for (size_t j = 0; j < summary->conditions[i].env_count; j++)
			if (!strcmp(summary->conditions[i].env[j].name, name))
				return true;
	return false;
}

/* The variables of all conditions, each once, as far as they vary; except: NULL, or one that is
 * left out. */
static void add_env(const struct experiment_summary *summary,
	const struct summary_condition *condition, const char *except, struct buf *ret) {
	size_t start = ret->len;
	for (size_t i = 0; i < summary->condition_count; i++)
		for (size_t j = 0; j < summary->conditions[i].env_count; j++) {
			const char *name = summary->conditions[i].env[j].name;
			if (same_text(name, except) || has_been(summary, i, name) ||
				!variable_varies(summary, condition, name))
				continue;
			begin_part(ret, start);
			add_variable(condition, name, ret);
		}
}

static bool all_have(const struct experiment_summary *summary, const char *setting) {
	for (size_t i = 0; i < summary->condition_count; i++)
		if (!has_setting(&summary->conditions[i], setting))
			return false;
	return true;
}

/* Those that others lack; a condition without any has to be called something, too. */
static void add_settings(const struct experiment_summary *summary,
	const struct summary_condition *condition, struct buf *ret) {
	size_t start = ret->len;
	for (size_t i = 0; i < condition->setting_count; i++)
		if (!all_have(summary, condition->settings[i]))
			buf_printf(
				ret, "%s%s", ret->len > start ? " " : "", condition->settings[i]);
	if (ret->len == start && condition->facts.backend)
		buf_add_str(
			ret, condition->setting_count ? "no further settings" : "default settings");
}

void experiment_value(const struct experiment_summary *summary,
	const struct summary_condition *condition, enum summary_factor factor, struct buf *ret) {
	const struct store_condition *facts = &condition->facts;
	const char *text = factor == SUMMARY_BACKEND    ? facts->backend
			   : factor == SUMMARY_SCENARIO ? facts->scenario
			   : factor == SUMMARY_LOCK     ? facts->lock
							: NULL;
	if (text)
		buf_add_str(ret, text);
	if (factor == SUMMARY_EXPERIMENT)
		buf_printf(ret, "experiment %" PRId64, condition->experiment);
	if (factor == SUMMARY_THREADS && facts->threads.set)
		buf_printf(ret, "%" PRId64 " thread%s", facts->threads.value,
			facts->threads.value == 1 ? "" : "s");
	if (factor == SUMMARY_SETTINGS)
		add_settings(summary, condition, ret);
	if (factor == SUMMARY_ENV)
		add_env(summary, condition, NULL, ret);
	if (factor == SUMMARY_COMMAND)
		experiment_words(condition->words, condition->word_count, ret);
}

static void add_part(const struct experiment_summary *summary,
	const struct summary_condition *condition, enum summary_factor factor, size_t start,
	struct buf *ret) {
	struct buf part = {0};
	experiment_value(summary, condition, factor, &part);
	if (part.len) {
		begin_part(ret, start);
		buf_add_str(ret, buf_str(&part));
	}
	ret->failed = ret->failed || part.failed;
	buf_finish(&part);
}

static bool is_across(
	const struct experiment_summary *summary, const struct summary_comparison *comparison) {
	return summary->conditions[comparison->a].experiment !=
	       summary->conditions[comparison->b].experiment;
}

/* Whether it is what the two are told apart by. */
static bool is_about(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, enum summary_factor factor) {
	return factor == comparison->factor ||
	       (factor == SUMMARY_EXPERIMENT && is_across(summary, comparison));
}

/* A condition's name without what a comparison is about (NULL: the whole name). */
static void add_name(const struct experiment_summary *summary, size_t index,
	const struct summary_comparison *about, struct buf *ret) {
	const struct summary_condition *condition = &summary->conditions[index];
	size_t start = ret->len;
	for (int i = 0; i < SUMMARY_FACTOR_COUNT; i++) {
		enum summary_factor factor = (enum summary_factor)i;
		if ((!about || !is_about(summary, about, factor)) &&
			experiment_varies(summary, factor))
			add_part(summary, condition, factor, start, ret);
	}
	if (!about || about->factor != SUMMARY_ENV)
		return;
	struct buf others = {0};
	add_env(summary, condition, about->variable, &others);
	if (others.len) {
		begin_part(ret, start);
		buf_add_str(ret, buf_str(&others));
	}
	ret->failed = ret->failed || others.failed;
	buf_finish(&others);
}

void experiment_summary_name(
	const struct experiment_summary *summary, size_t index, struct buf *ret) {
	const struct summary_condition *condition = &summary->conditions[index];
	size_t start = ret->len;
	add_name(summary, index, NULL, ret);
	if (ret->len > start)
		return;
	/* Nothing varies: what it is. */
	add_part(summary, condition, SUMMARY_LOCK, start, ret);
	add_part(summary, condition, SUMMARY_THREADS, start, ret);
	if (ret->len == start)
		add_part(summary, condition, SUMMARY_COMMAND, start, ret);
	if (ret->len == start)
		buf_printf(ret, "condition %" PRId64, condition->facts.number);
}

void experiment_label(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, size_t index, struct buf *ret) {
	const struct summary_condition *condition = &summary->conditions[index];
	size_t start = ret->len;
	if (!comparison->one_factor)
		experiment_summary_name(summary, index, ret);
	else if (comparison->factor == SUMMARY_ENV)
		add_variable(condition, comparison->variable, ret);
	else if (comparison->factor == SUMMARY_COMMAND && is_across(summary, comparison))
		/* The table has the commands, which are too long to be read again and again. */
		experiment_value(summary, condition, SUMMARY_EXPERIMENT, ret);
	else
		experiment_value(summary, condition, comparison->factor, ret);
	if (ret->len == start)
		buf_printf(ret, "no %s", summary_factor_names[comparison->factor]);
	if (comparison->one_factor && comparison->factor != SUMMARY_EXPERIMENT &&
		comparison->factor != SUMMARY_COMMAND && is_across(summary, comparison))
		buf_printf(ret, " of experiment %" PRId64, condition->experiment);
}

size_t experiment_base(const struct summary_comparison *comparison) {
	return comparison->b_is_base ? comparison->b : comparison->a;
}

size_t experiment_subject(const struct summary_comparison *comparison) {
	return comparison->b_is_base ? comparison->a : comparison->b;
}

void experiment_title(const struct experiment_summary *summary,
	const struct summary_comparison *comparison, struct buf *ret) {
	struct buf context = {0};
	experiment_label(summary, comparison, experiment_subject(comparison), ret);
	buf_add_str(ret, " against ");
	experiment_label(summary, comparison, experiment_base(comparison), ret);
	if (comparison->one_factor)
		add_name(summary, comparison->a, comparison, &context);
	if (context.len)
		buf_printf(ret, ", %s", buf_str(&context));
	ret->failed = ret->failed || context.failed;
	buf_finish(&context);
}

bool experiment_is_simulated(const struct summary_condition *condition) {
	return condition->simulated ||
	       (condition->facts.backend && !strcmp(condition->facts.backend, "sim"));
}

void experiment_common(const struct experiment_summary *summary, struct buf *ret) {
	const struct summary_condition *first = &summary->conditions[0];
	size_t start = ret->len;
	for (int i = SUMMARY_BACKEND; i <= SUMMARY_SCENARIO; i++)
		if (!experiment_varies(summary, (enum summary_factor)i))
			add_part(summary, first, (enum summary_factor)i, start, ret);
	for (size_t i = 0; i < first->setting_count; i++) {
		if (!all_have(summary, first->settings[i]))
			continue;
		begin_part(ret, start);
		buf_add_str(ret, first->settings[i]);
	}
	for (size_t i = 0; i < first->env_count; i++) {
		if (variable_varies(summary, first, first->env[i].name))
			continue;
		begin_part(ret, start);
		add_variable(first, first->env[i].name, ret);
	}
}
