/* The contract's object, and the shape that hyperfine's own export has. */
#include "export/experiment_parts.h"
#include "export/json_out.h"
#include "ips/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void put_env(const struct summary_condition *condition, struct json_out *out) {
	json_out_object(out, "env");
	for (size_t i = 0; i < condition->env_count; i++)
		json_out_text(out, condition->env[i].name, condition->env[i].value);
	json_out_object_end(out);
}

static void put_words(const struct summary_condition *condition, struct json_out *out) {
	json_out_array(out, "command");
	for (size_t i = 0; i < condition->word_count; i++)
		json_out_text(out, NULL, condition->words[i]);
	json_out_array_end(out);
}

/* Negative: not measured. */
static void put_measure(struct json_out *out, const char *key, double value) {
	if (value < 0)
		json_out_null(out, key);
	else
		json_out_double(out, key, value);
}

static void put_facts(
	const struct summary_condition *condition, size_t place, struct json_out *out) {
	const struct store_condition *facts = &condition->facts;
	json_out_u64(out, "index", place);
	json_out_i64(out, "experiment", condition->experiment);
	json_out_i64(out, "condition", facts->number);
	json_out_text(out, "backend", facts->backend);
	json_out_text(out, "scenario", facts->scenario);
	json_out_text(out, "lock", facts->lock);
	json_out_i64_opt(out, "threads", facts->threads);
	put_env(condition, out);
	put_words(condition, out);
	json_out_bool(out, "simulated", experiment_is_simulated(condition));
}

static void put_texts(const char *key, const struct summary_counts *counts, struct json_out *out) {
	json_out_object(out, key);
	for (size_t i = 0; i < counts->count; i++)
		json_out_u64(out, counts->items[i].text ? counts->items[i].text : "unknown",
			counts->items[i].count);
	json_out_object_end(out);
}

static void put_counts(const struct summary_condition *condition, struct json_out *out) {
	bool any = condition->runs > 0;
	json_out_i64(out, "planned", condition->planned);
	json_out_u64(out, "runs", condition->runs);
	for (int i = TRIAL_FINISHED; i < TRIAL_OUTCOME_COUNT; i++)
		json_out_u64(out, trial_outcome_names[i], condition->outcomes[i]);
	json_out_double(out, "rate", any ? condition->crash_rate.rate : NAN);
	json_out_double(out, "rate_low", any ? condition->crash_rate.low : NAN);
	json_out_double(out, "rate_high", any ? condition->crash_rate.high : NAN);
	put_texts("sites", &condition->sites, out);
	put_texts("unreported", &condition->labels, out);
	put_texts("errors", &condition->errors, out);
}

static void put_measures(const struct summary_condition *condition, struct json_out *out) {
	bool any = condition->throughput_count > 0;
	json_out_double(out, "throughput_median", any ? condition->throughput.value : NAN);
	json_out_double(out, "throughput_low", any ? condition->throughput.low : NAN);
	json_out_double(out, "throughput_high", any ? condition->throughput.high : NAN);
	const char *unit = condition->facts.throughput_unit;
	json_out_text(out, "throughput_unit", unit && *unit ? unit : NULL);
	json_out_u64(out, "throughput_trials", condition->throughput_count);
	put_measure(out, "lock_wait_share", condition->lock_wait_share);
	put_measure(out, "p50_us", condition->p50_us);
	put_measure(out, "p95_us", condition->p95_us);
	put_measure(out, "p99_us", condition->p99_us);
}

static void put_comparison(const struct summary_comparison *comparison, struct json_out *out) {
	bool ratio = comparison->has_ratio;
	json_out_object(out, NULL);
	json_out_u64(out, "a", comparison->a);
	json_out_u64(out, "b", comparison->b);
	json_out_text(out, "factor",
		comparison->one_factor ? summary_factor_names[comparison->factor] : NULL);
	json_out_double(out, "rate_difference", comparison->rate.difference);
	json_out_double(out, "low", comparison->rate.low);
	json_out_double(out, "high", comparison->rate.high);
	json_out_double(out, "fisher_p", comparison->fisher_p);
	json_out_double(out, "throughput_ratio", ratio ? comparison->ratio.value : NAN);
	json_out_double(out, "ratio_low", ratio ? comparison->ratio.low : NAN);
	json_out_double(out, "ratio_high", ratio ? comparison->ratio.high : NAN);
	json_out_text(out, "conclusion", comparison->conclusion);
	json_out_object_end(out);
}

/* As it stands in the row, unless it would break the line or the object. */
static void put_object(struct json_out *out, const char *key, const char *text) {
	struct err err = {0};
	struct json json;
	text = text ? text : "";
	json_init(&json, text, strlen(text), &err);
	bool whole = json_peek(&json) == JSON_OBJECT && json_skip(&json) &&
		     json_peek(&json) == JSON_END && !strpbrk(text, "\r\n");
	json_out_raw(out, key, whole ? text : "null");
}

static void put_experiments(const struct experiment_summary *summary, struct json_out *out) {
	json_out_i64(out, "experiment", summary->experiments[0].id);
	json_out_array(out, "experiments");
	for (size_t i = 0; i < summary->experiment_count; i++)
		json_out_i64(out, NULL, summary->experiments[i].id);
	json_out_array_end(out);
	json_out_bool(out, "simulated", summary->simulated);
	json_out_array(out, "platforms");
	for (size_t i = 0; i < summary->experiment_count; i++)
		put_object(out, NULL, summary->experiments[i].platform);
	json_out_array_end(out);
}

void experiment_json(const struct experiment_summary *summary, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	put_experiments(summary, &out);
	json_out_array(&out, "conditions");
	for (size_t i = 0; i < summary->condition_count; i++) {
		const struct summary_condition *condition = &summary->conditions[i];
		json_out_object(&out, NULL);
		put_facts(condition, i, &out);
		put_counts(condition, &out);
		put_measures(condition, &out);
		json_out_object_end(&out);
	}
	json_out_array_end(&out);
	json_out_array(&out, "comparisons");
	for (size_t i = 0; i < summary->comparison_count; i++)
		put_comparison(&summary->comparisons[i], &out);
	json_out_array_end(&out);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
}
