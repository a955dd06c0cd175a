/* Any bytes as the words of a trial: what is taken from them is clean and within its limits, does
 * not depend on where the last line ends, and said again reads as the same. */
#include "fuzz.h"

#include "base/text.h"
#include "export/json_out.h"
#include "repro/answer.h"
#include "repro/stacks.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* The longest of its texts that are one line. */
#define LINE_BYTES 8192

static void check_text(const char *text, size_t max, enum text_keep keep) {
	if (!text)
		return;
	MUST(*text && strlen(text) <= max && text_is_clean(text, strlen(text), keep));
}

static void check_latency(const char *latency) {
	const cJSON *call, *quantile;
	if (!latency)
		return;
	cJSON *json = cJSON_Parse(latency);
	MUST(cJSON_IsObject(json) && json->child);
	cJSON_ArrayForEach(call, json) {
		MUST(cJSON_IsObject(call) && call->child);
		cJSON_ArrayForEach(quantile, call) {
			MUST(cJSON_IsNumber(quantile) && quantile->valuedouble >= 0);
			MUST(quantile->string[0] == 'p' && strlen(quantile->string) == 3);
		}
	}
	cJSON_Delete(json);
}

static void check(const struct answer *answer) {
	MUST(!answer->pid.set || (answer->pid.value > 0 && answer->pid.value <= INT32_MAX));
	MUST(!answer->signal.set || (answer->signal.value > 0 && answer->signal.value < 128));
	MUST(!answer->operations.set || answer->operations.value >= 0);
	MUST(isfinite(answer->throughput) && answer->throughput >= 0);
	MUST(isfinite(answer->lock_wait_s) && answer->lock_wait_s >= 0);
	MUST(isfinite(answer->elapsed_s) && answer->elapsed_s >= 0);
	MUST(!answer->ended || answer->outcome == TRIAL_FINISHED ||
		answer->outcome == TRIAL_GPU_ERROR || answer->outcome == TRIAL_WRONG_RESULT ||
		answer->outcome == TRIAL_FAILED);
	check_text(answer->report, LINE_BYTES, TEXT_LINE);
	check_text(answer->error, LINE_BYTES, TEXT_LINE);
	check_text(answer->error_code, LINE_BYTES, TEXT_LINE);
	check_text(answer->device, LINE_BYTES, TEXT_LINE);
	check_text(answer->stacks, STACKS_BYTES, TEXT_LINES);
	check_latency(answer->latency);
}

static const char *outcome_word(enum trial_outcome outcome) {
	if (outcome == TRIAL_FINISHED)
		return "finished";
	if (outcome == TRIAL_GPU_ERROR)
		return "gpu_error";
	return outcome == TRIAL_WRONG_RESULT ? "wrong_result" : "failed";
}

static void say_end(const struct answer *answer, struct json_out *out) {
	json_out_object(out, NULL);
	json_out_text(out, "type", "end");
	json_out_text(out, "outcome", outcome_word(answer->outcome));
	json_out_i64_opt(out, "operations", answer->operations);
	json_out_double(out, "elapsed_s", answer->elapsed_s);
	json_out_double(out, "throughput", answer->has_throughput ? answer->throughput : NAN);
	json_out_double(out, "lock_wait_s", answer->has_lock_wait ? answer->lock_wait_s : NAN);
	json_out_raw(out, "latency_us", answer->latency ? answer->latency : "null");
	json_out_text(out, "error_code", answer->error_code);
	json_out_object_end(out);
	buf_add_char(out->buf, '\n');
}

static void say(const struct answer *answer, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	json_out_text(&out, "type", "start");
	json_out_i64_opt(&out, "pid", answer->pid);
	json_out_time_opt(&out, "launched_at", answer->launched_at_us);
	json_out_text(&out, "device", answer->device);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
	json_out_init(&out, ret);
	if (answer->ended)
		say_end(answer, &out);
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	json_out_text(&out, "type", "crash");
	json_out_i64_opt(&out, "signal", answer->signal);
	json_out_text(&out, "report", answer->report);
	json_out_text(&out, "error", answer->error);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	json_out_text(&out, "type", "stacks");
	json_out_text(&out, "text", answer->stacks);
	json_out_object_end(&out);
	MUST(!ret->failed);
}

static bool same_text(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_number(struct i64_opt a, struct i64_opt b) {
	return a.set == b.set && (!a.set || a.value == b.value);
}

static void compare(const struct answer *a, const struct answer *b) {
	MUST(same_number(a->pid, b->pid) && same_number(a->launched_at_us, b->launched_at_us));
	MUST(same_number(a->signal, b->signal) && same_number(a->operations, b->operations));
	MUST(a->ended == b->ended && (!a->ended || a->outcome == b->outcome));
	MUST(a->has_throughput == b->has_throughput && a->has_lock_wait == b->has_lock_wait);
	MUST(a->throughput == b->throughput && a->lock_wait_s == b->lock_wait_s);
	MUST(a->elapsed_s == b->elapsed_s);
	MUST(same_text(a->latency, b->latency) && same_text(a->error_code, b->error_code));
	MUST(same_text(a->report, b->report) && same_text(a->error, b->error));
	MUST(same_text(a->device, b->device) && same_text(a->stacks, b->stacks));
}

static struct answer read_all(const char *text, size_t len, struct arena *arena) {
	struct answer answer;
	struct err err = {0};
	MUST(answer_read(text, len, arena, &answer, &err) == 0);
	check(&answer);
	return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena arena;
	struct buf text = {0};
	if (size > (1u << 20))
		return 0;
	arena_init(&arena, 64u << 20);
	struct answer answer = read_all((const char *)data, size, &arena);
	buf_add(&text, data, size);
	buf_add_char(&text, '\n');
	struct answer again = read_all(buf_str(&text), text.len, &arena);
	compare(&answer, &again);
	buf_reset(&text);
	say(&answer, &text);
	again = read_all(buf_str(&text), text.len, &arena);
	compare(&answer, &again);
	buf_finish(&text);
	arena_finish(&arena);
	return 0;
}
