/* A line for each condition, after a line of titles; columns are only ever added at the end. */
#include "base/text.h"
#include "export/experiment_parts.h"
#include "export/json_out.h"

#include <inttypes.h>
#include <string.h>

static const char titles[] =
	"experiment,condition,backend,scenario,lock,threads,env,command,simulated,planned,runs,"
	"finished,crashed,hung,gpu_error,wrong_result,failed,rate,rate_low,rate_high,sites,"
	"unreported,throughput_unit,throughput_trials,throughput_median,throughput_low,"
	"throughput_high,lock_wait_share,p50_us,p95_us,p99_us\n";

struct line {
	struct buf *out;
	struct buf text; /* scratch for one field */
	bool begun;
};

static struct buf *scratch(struct line *line) {
	buf_reset(&line->text);
	return &line->text;
}

/* Quoted where RFC 4180 wants it. What could be taken for a formula by a spreadsheet stays as it
 * is: a text that is changed is no evidence. */
static void put_text(struct line *line, const char *text) {
	struct buf safe = {0};
	if (line->begun)
		buf_add_char(line->out, ',');
	line->begun = true;
	text_terminal(&safe, text ? text : "", text ? strlen(text) : 0, TEXT_LINE);
	bool quoted = safe.len && strpbrk(safe.data, ",\"");
	if (quoted)
		buf_add_char(line->out, '"');
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.data[i] == '"')
			buf_add_char(line->out, '"');
		buf_add_char(line->out, safe.data[i]);
	}
	if (quoted)
		buf_add_char(line->out, '"');
	line->out->failed = line->out->failed || safe.failed;
	buf_finish(&safe);
}

static void put_u64(struct line *line, uint64_t value) {
	buf_printf(scratch(line), "%" PRIu64, value);
	put_text(line, buf_str(&line->text));
}

static void put_i64(struct line *line, int64_t value) {
	buf_printf(scratch(line), "%" PRId64, value);
	put_text(line, buf_str(&line->text));
}

/* Empty when not measured. */
static void put_double(struct line *line, bool measured, double value) {
	struct json_out out;
	scratch(line);
	if (measured) {
		json_out_init(&out, &line->text);
		json_out_double(&out, NULL, value);
	}
	put_text(line, buf_str(&line->text));
}

static void put_env(struct line *line, const struct summary_condition *condition) {
	struct json_out out;
	json_out_init(&out, scratch(line));
	json_out_object(&out, NULL);
	for (size_t i = 0; i < condition->env_count; i++)
		json_out_text(&out, condition->env[i].name, condition->env[i].value);
	json_out_object_end(&out);
	put_text(line, buf_str(&line->text));
}

static void put_facts(struct line *line, const struct summary_condition *condition) {
	const struct store_condition *facts = &condition->facts;
	put_i64(line, condition->experiment);
	put_i64(line, facts->number);
	put_text(line, facts->backend);
	put_text(line, facts->scenario);
	put_text(line, facts->lock);
	if (facts->threads.set)
		put_i64(line, facts->threads.value);
	else
		put_text(line, NULL);
	put_env(line, condition);
	experiment_words(condition->words, condition->word_count, scratch(line));
	put_text(line, buf_str(&line->text));
	put_text(line, experiment_is_simulated(condition) ? "true" : "false");
}

/* "agx-a=3;agx-b=1" */
static void put_sites(struct line *line, const struct summary_condition *condition) {
	scratch(line);
	for (size_t i = 0; i < condition->sites.count; i++)
		buf_printf(&line->text, "%s%s=%" PRIu64, i ? ";" : "",
			condition->sites.items[i].text ? condition->sites.items[i].text : "unknown",
			condition->sites.items[i].count);
	put_text(line, buf_str(&line->text));
	scratch(line);
	for (size_t i = 0; i < condition->labels.count; i++)
		buf_printf(&line->text, "%s%s=%" PRIu64, i ? ";" : "",
			condition->labels.items[i].text, condition->labels.items[i].count);
	put_text(line, buf_str(&line->text));
}

static void put_numbers(struct line *line, const struct summary_condition *condition) {
	bool any = condition->runs > 0, measured = condition->throughput_count > 0;
	put_i64(line, condition->planned);
	put_u64(line, condition->runs);
	for (int i = TRIAL_FINISHED; i <= TRIAL_FAILED; i++)
		put_u64(line, condition->outcomes[i]);
	put_double(line, any, condition->crash_rate.rate);
	put_double(line, any, condition->crash_rate.low);
	put_double(line, any, condition->crash_rate.high);
	put_sites(line, condition);
	put_text(line, condition->facts.throughput_unit);
	put_u64(line, condition->throughput_count);
	put_double(line, measured, condition->throughput.value);
	put_double(line, measured, condition->throughput.low);
	put_double(line, measured, condition->throughput.high);
	put_double(line, condition->lock_wait_share >= 0, condition->lock_wait_share);
	put_double(line, condition->p50_us >= 0, condition->p50_us);
	put_double(line, condition->p95_us >= 0, condition->p95_us);
	put_double(line, condition->p99_us >= 0, condition->p99_us);
}

void experiment_csv(const struct experiment_summary *summary, struct buf *ret) {
	struct line line = {.out = ret};
	buf_add_str(ret, titles);
	for (size_t i = 0; i < summary->condition_count; i++) {
		line.begun = false;
		put_facts(&line, &summary->conditions[i]);
		put_numbers(&line, &summary->conditions[i]);
		buf_add_char(ret, '\n');
	}
	ret->failed = ret->failed || line.text.failed;
	buf_finish(&line.text);
}
