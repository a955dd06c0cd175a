/* A line counts as a whole or not at all: it is checked first, then read. Knows nothing of how the
 * output came here. */
#include "repro/answer.h"

#include "base/clock.h"
#include "export/json_out.h"
#include "ips/json.h"
#include "repro/stacks.h"

#include <errno.h>
#include <string.h>

/* Longer texts are shortened. */
#define TYPE_BYTES 16
#define NAME_BYTES 256
#define PATH_BYTES 4096
#define ERROR_BYTES 8192
/* The highest number of a signal that any system has. */
#define SIGNAL_MAX 127

enum call {
	CALL_OPERATION,
	CALL_BEGIN,
	CALL_ENCODER,
	CALL_PIPELINE,
	CALL_BUFFERS,
	CALL_DISPATCH,
	CALL_END,
	CALL_COMMIT,
	CALL_WAIT,
	CALL_COUNT,
};

enum quantile { QUANTILE_50, QUANTILE_95, QUANTILE_99, QUANTILE_COUNT };

static const char *const call_names[CALL_COUNT] = {"operation", "begin", "encoder", "pipeline",
	"buffers", "dispatch", "end", "commit", "wait"};
static const char *const quantile_names[QUANTILE_COUNT] = {"p50", "p95", "p99"};

/* Negative: not told. */
struct latency {
	double us[CALL_COUNT][QUANTILE_COUNT];
};

struct reader {
	struct json json;
	struct arena *arena;
	struct answer *answer;
	const char *type; /* of the line */
};

/* One member of a line; consumes its value. */
typedef void (*member_fn)(struct reader *reader, const struct json_key *key);

/* NULL, and the value consumed, for what is no text. */
static const char *text_of(struct reader *reader, size_t max, bool lines) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(&reader->json) != JSON_STRING) {
		json_skip(&reader->json);
		return NULL;
	}
	json_text(&reader->json, reader->arena, max, lines, &text, &odd);
	return text;
}

/* What has line feeds becomes one line, with blanks for them. */
static const char *line_of(struct reader *reader, size_t max) {
	const char *odd = NULL, *text = NULL;
	if (json_peek(&reader->json) != JSON_STRING) {
		json_skip(&reader->json);
		return NULL;
	}
	if (!json_text(&reader->json, reader->arena, max, true, &text, &odd) || !text)
		return NULL;
	char *line = arena_strdup(reader->arena, text);
	if (!line) {
		json_fail(&reader->json, -ENOMEM, "out of memory");
		return NULL;
	}
	for (char *p = line; *p; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	return line;
}

static struct i64_opt whole_of(struct reader *reader, int64_t min, int64_t max) {
	int64_t value;
	if (json_peek(&reader->json) != JSON_NUMBER) {
		json_skip(&reader->json);
		return (struct i64_opt){0};
	}
	bool good = json_i64(&reader->json, &value) && value >= min && value <= max;
	return good ? (struct i64_opt){value, true} : (struct i64_opt){0};
}

/* Negative when it is none: everything that is told here counts or measures. */
static double number_of(struct reader *reader) {
	double value;
	if (json_peek(&reader->json) != JSON_NUMBER) {
		json_skip(&reader->json);
		return -1;
	}
	return json_double(&reader->json, &value) && value >= 0 ? value : -1;
}

static struct i64_opt time_of(struct reader *reader) {
	int64_t us;
	const char *text = text_of(reader, CLOCK_TEXT_BYTES, false);
	bool good = text && clock_parse(text, strlen(text), &us);
	return good ? (struct i64_opt){us, true} : (struct i64_opt){0};
}

static int index_of(const struct json_key *key, const char *const *names, int count) {
	int i = 0;
	while (i < count && !json_key_is(key, names[i]))
		i++;
	return i;
}

static void read_quantiles(struct reader *reader, double us[QUANTILE_COUNT]) {
	struct json *json = &reader->json;
	struct json_key key;
	bool first = true;
	for (int i = 0; i < QUANTILE_COUNT; i++)
		us[i] = -1;
	if (json_peek(json) != JSON_OBJECT) {
		json_skip(json);
		return;
	}
	json_enter(json);
	while (json_next_member(json, &first, &key)) {
		int i = index_of(&key, quantile_names, QUANTILE_COUNT);
		if (i < QUANTILE_COUNT)
			us[i] = number_of(reader);
		else
			json_skip(json);
	}
}

static void write_latency(const struct latency *latency, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	for (int call = 0; call < CALL_COUNT; call++) {
		bool opened = false;
		for (int i = 0; i < QUANTILE_COUNT; i++) {
			if (latency->us[call][i] < 0)
				continue;
			if (!opened)
				json_out_object(&out, call_names[call]);
			opened = true;
			json_out_double(&out, quantile_names[i], latency->us[call][i]);
		}
		if (opened)
			json_out_object_end(&out);
	}
	json_out_object_end(&out);
}

/* In our words and order, whatever stood there; NULL when no number did. */
static const char *latency_of(struct reader *reader) {
	struct json *json = &reader->json;
	struct latency latency;
	struct json_key key;
	struct buf text = {0};
	const char *kept = NULL;
	bool first = true;
	for (int i = 0; i < CALL_COUNT * QUANTILE_COUNT; i++)
		latency.us[i / QUANTILE_COUNT][i % QUANTILE_COUNT] = -1;
	if (json_peek(json) != JSON_OBJECT) {
		json_skip(json);
		return NULL;
	}
	json_enter(json);
	while (json_next_member(json, &first, &key)) {
		int call = index_of(&key, call_names, CALL_COUNT);
		if (call < CALL_COUNT)
			read_quantiles(reader, latency.us[call]);
		else
			json_skip(json);
	}
	write_latency(&latency, &text);
	if (text.failed)
		json_fail(json, -ENOMEM, "out of memory");
	else if (text.len > strlen("{}") &&
		 !(kept = arena_strndup(reader->arena, text.data, text.len)))
		json_fail(json, -ENOMEM, "out of memory");
	buf_finish(&text);
	return kept;
}

/* True when key was one of those that tell of the process. */
static bool read_process(struct reader *reader, const struct json_key *key) {
	struct answer *answer = reader->answer;
	if (json_key_is(key, "pid"))
		answer->pid = whole_of(reader, 1, INT32_MAX);
	else if (json_key_is(key, "launched_at"))
		answer->launched_at_us = time_of(reader);
	else
		return false;
	return true;
}

static void start_member(struct reader *reader, const struct json_key *key) {
	if (json_key_is(key, "device"))
		reader->answer->device = line_of(reader, NAME_BYTES);
	else if (!read_process(reader, key))
		json_skip(&reader->json);
}

static void crash_member(struct reader *reader, const struct json_key *key) {
	struct answer *answer = reader->answer;
	if (json_key_is(key, "signal"))
		answer->signal = whole_of(reader, 1, SIGNAL_MAX);
	else if (json_key_is(key, "report"))
		answer->report = text_of(reader, PATH_BYTES, false);
	else if (json_key_is(key, "error"))
		answer->error = line_of(reader, ERROR_BYTES);
	else if (!read_process(reader, key))
		json_skip(&reader->json);
}

/* False: a word of somebody else's. */
static bool outcome_of(const char *word, enum trial_outcome *ret) {
	static const enum trial_outcome outcomes[] = {
		TRIAL_FINISHED, TRIAL_GPU_ERROR, TRIAL_WRONG_RESULT, TRIAL_FAILED};
	static const char *const words[] = {"finished", "gpu_error", "wrong_result", "failed"};
	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = outcomes[i];
			return true;
		}
	}
	return false;
}

static void end_measure(struct reader *reader, const struct json_key *key) {
	struct answer *answer = reader->answer;
	if (json_key_is(key, "operations")) {
		answer->operations = whole_of(reader, 0, INT64_MAX);
	} else if (json_key_is(key, "elapsed_s")) {
		double value = number_of(reader);
		answer->elapsed_s = value >= 0 ? value : 0;
	} else if (json_key_is(key, "throughput")) {
		double value = number_of(reader);
		answer->has_throughput = value >= 0;
		answer->throughput = value >= 0 ? value : 0;
	} else if (json_key_is(key, "lock_wait_s")) {
		double value = number_of(reader);
		answer->has_lock_wait = value >= 0;
		answer->lock_wait_s = value >= 0 ? value : 0;
	} else {
		json_skip(&reader->json);
	}
}

static void end_member(struct reader *reader, const struct json_key *key) {
	struct answer *answer = reader->answer;
	if (json_key_is(key, "outcome"))
		answer->ended = outcome_of(text_of(reader, TYPE_BYTES, false), &answer->outcome);
	else if (json_key_is(key, "latency_us"))
		answer->latency = latency_of(reader);
	else if (json_key_is(key, "error"))
		answer->error = line_of(reader, ERROR_BYTES);
	else if (json_key_is(key, "error_code"))
		answer->error_code = line_of(reader, NAME_BYTES);
	else
		end_measure(reader, key);
}

static void stacks_member(struct reader *reader, const struct json_key *key) {
	if (json_key_is(key, "text"))
		reader->answer->stacks = text_of(reader, STACKS_BYTES, true);
	else
		json_skip(&reader->json);
}

static void type_member(struct reader *reader, const struct json_key *key) {
	if (json_key_is(key, "type"))
		reader->type = text_of(reader, TYPE_BYTES, false);
	else
		json_skip(&reader->json);
}

/* Any other line has the members of none. */
static member_fn members_of(const char *type) {
	static const char *const types[] = {"start", "end", "crash", "stacks"};
	static const member_fn members[] = {start_member, end_member, crash_member, stacks_member};
	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++) {
		if (strcmp(type, types[i]) == 0)
			return members[i];
	}
	return NULL;
}

/* Whether the line is one object and nothing else. */
static bool is_object(const char *line, size_t len) {
	struct json json;
	json_init(&json, line, len, NULL);
	if (json_peek(&json) != JSON_OBJECT || !json_skip(&json))
		return false;
	while (json.p < json.end && (*json.p == ' ' || *json.p == '\t' || *json.p == '\r'))
		json.p++;
	return json.p == json.end;
}

static int read_members(struct reader *reader, const char *line, size_t len, member_fn member) {
	struct json_key key;
	bool first = true;
	json_init(&reader->json, line, len, NULL);
	json_peek(&reader->json);
	json_enter(&reader->json);
	while (json_next_member(&reader->json, &first, &key))
		member(reader, &key);
	return reader->json.code;
}

/* An end says all that there is to say of it, so nothing of an earlier one stays. */
static void forget_end(struct answer *answer) {
	answer->ended = answer->has_throughput = answer->has_lock_wait = false;
	answer->operations = (struct i64_opt){0};
	answer->throughput = answer->lock_wait_s = answer->elapsed_s = 0;
	answer->latency = answer->error = answer->error_code = NULL;
}

static int read_line(const char *line, size_t len, struct arena *arena, struct answer *ret) {
	struct answer answer = *ret;
	struct reader reader = {.arena = arena, .answer = &answer};
	if (!is_object(line, len))
		return 0;
	int code = read_members(&reader, line, len, type_member);
	member_fn member = code ? NULL : members_of(reader.type);
	if (!member)
		return code;
	if (member == end_member)
		forget_end(&answer);
	answer.launched_at_us = (struct i64_opt){0};
	code = read_members(&reader, line, len, member);
	if (code)
		return code;
	if (!answer.pid.set)
		answer.pid = ret->pid;
	/* A time belongs to the process that it was told of. */
	if (!answer.launched_at_us.set && answer.pid.value == ret->pid.value)
		answer.launched_at_us = ret->launched_at_us;
	if (member != end_member || answer.ended)
		*ret = answer;
	return 0;
}

int answer_read(
	const char *text, size_t len, struct arena *arena, struct answer *ret, struct err *err) {
	struct answer answer = {0};
	const char *end = text + len;
	for (const char *p = text; p < end;) {
		const char *feed = memchr(p, '\n', (size_t)(end - p));
		const char *stop = feed ? feed : end;
		if (read_line(p, (size_t)(stop - p), arena, &answer) < 0)
			return err_set(err, -ENOMEM, "what the trial said: out of memory");
		p = feed ? feed + 1 : end;
	}
	*ret = answer;
	return 0;
}
