/*
 * Wall times in the shape that hyperfine's --export-json has, for the programs that read it. As
 * there, a run that failed or crashed counts too; its exit code tells (here minus the signal).
 */
#include "export/experiment_parts.h"
#include "export/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) {
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static double mean_of(const double *values, size_t count) {
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

/* Of a sample; one value has none. */
static double deviation_of(const double *values, size_t count) {
	double mean = mean_of(values, count), sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return count > 1 ? sqrt(sum / (double)(count - 1)) : NAN;
}

static void put_times(const struct summary_condition *condition, struct json_out *out) {
	size_t count = condition->elapsed_count;
	double *sorted = count ? malloc(count * sizeof *sorted) : NULL;
	if (count && !sorted) {
		out->buf->failed = true;
		return;
	}
	if (sorted) {
		memcpy(sorted, condition->elapsed_s, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, by_size);
	}
	json_out_double(out, "mean", sorted ? mean_of(condition->elapsed_s, count) : NAN);
	json_out_double(out, "stddev", sorted ? deviation_of(condition->elapsed_s, count) : NAN);
	json_out_double(out, "median", sorted ? sample_quantile(sorted, count, 0.5) : NAN);
	json_out_double(out, "min", sorted ? sorted[0] : NAN);
	json_out_double(out, "max", sorted ? sorted[count - 1] : NAN);
	json_out_array(out, "times");
	for (size_t i = 0; i < count; i++)
		json_out_double(out, NULL, condition->elapsed_s[i]);
	json_out_array_end(out);
	json_out_array(out, "exit_codes");
	for (size_t i = 0; i < condition->exit_count; i++)
		json_out_i64(out, NULL, condition->exit_codes[i]);
	json_out_array_end(out);
	free(sorted);
}

/* hyperfine's parameters are texts. */
static void put_parameters(const struct summary_condition *condition, struct json_out *out) {
	const struct store_condition *facts = &condition->facts;
	struct buf threads = {0};
	json_out_object(out, "parameters");
	if (facts->backend)
		json_out_text(out, "backend", facts->backend);
	if (facts->scenario)
		json_out_text(out, "scenario", facts->scenario);
	if (facts->lock)
		json_out_text(out, "lock", facts->lock);
	if (facts->threads.set) {
		buf_printf(&threads, "%" PRId64, facts->threads.value);
		json_out_text(out, "threads", buf_str(&threads));
	}
	for (size_t i = 0; i < condition->env_count; i++)
		if (condition->env[i].value)
			json_out_text(out, condition->env[i].name, condition->env[i].value);
	json_out_object_end(out);
	buf_finish(&threads);
}

void experiment_hyperfine(const struct experiment_summary *summary, struct buf *ret) {
	struct json_out out;
	struct buf command = {0};
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	json_out_array(&out, "results");
	for (size_t i = 0; i < summary->condition_count; i++) {
		const struct summary_condition *condition = &summary->conditions[i];
		buf_reset(&command);
		experiment_words(condition->words, condition->word_count, &command);
		json_out_object(&out, NULL);
		json_out_text(&out, "command", buf_str(&command));
		put_times(condition, &out);
		put_parameters(condition, &out);
		json_out_object_end(&out);
	}
	json_out_array_end(&out);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
	ret->failed = ret->failed || command.failed;
	buf_finish(&command);
}
