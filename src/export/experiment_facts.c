/* The JSON in the rows of experiments: variables, words of a command, latencies. */
#include "base/limits.h"
#include "export/experiment_parts.h"
#include "ips/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *read_string(struct json *json, struct arena *arena) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(json) != JSON_STRING) {
		json_skip(json);
		return NULL;
	}
	if (!json_text(json, arena, LIMIT_TEXT_BYTES, false, &text, &odd))
		return NULL;
	return text ? text : "";
}

/* A variable's name may be longer than a key that a report can have, so it is read as a text;
 * before: the reader as it stood in front of the member. */
static const char *read_name(struct json before, struct arena *arena) {
	while (before.p < before.end && *before.p != '"')
		before.p++;
	return read_string(&before, arena);
}

static int by_name(const void *a, const void *b) {
	const struct summary_variable *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static int read_env(struct arena *arena, struct json *json, struct summary_condition *ret) {
	struct json_key key;
	struct json before = *json;
	size_t cap = 0;
	for (bool first = true; json_next_member(json, &first, &key); before = *json) {
		struct summary_variable variable = {.name = read_name(before, arena)};
		bool named = variable.name != NULL;
		if (json_peek(json) == JSON_STRING || json_peek(json) == JSON_NULL)
			variable.value = read_string(json, arena);
		else
			named = json_skip(json) && false;
		if (!named)
			continue;
		if (arena_grow(arena, (void **)&ret->env, ret->env_count, &cap, sizeof *ret->env))
			return -ENOMEM;
		ret->env[ret->env_count++] = variable;
	}
	if (ret->env_count)
		qsort(ret->env, ret->env_count, sizeof *ret->env, by_name);
	return 0;
}

static int read_words(
	struct arena *arena, struct json *json, const char ***ret_words, size_t *ret_count) {
	size_t cap = 0;
	*ret_words = NULL;
	*ret_count = 0;
	for (bool first = true; json_next_element(json, &first);) {
		const char *word = read_string(json, arena);
		if (!word)
			continue;
		if (arena_grow(arena, (void **)ret_words, *ret_count, &cap, sizeof **ret_words))
			return -ENOMEM;
		(*ret_words)[(*ret_count)++] = word;
	}
	return 0;
}

/* What the program is told on its own account, and what the other factors stand for. */
static bool is_no_setting(const char *word) {
	static const char *const names[] = {
		"--die-with-parent", "--reports", "--backend", "--scenario", "--lock", "--threads"};
	size_t len = strcspn(word, "=");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len && !strncmp(word, names[i], len))
			return true;
	return false;
}

/* An option and its value are one setting. */
static int read_settings(struct arena *arena, struct summary_condition *ret) {
	struct buf text = {0};
	size_t cap = 0, end;
	int code = 0;
	for (size_t i = 1; i < ret->word_count && !code; i = end) {
		for (end = i + 1; end < ret->word_count && strncmp(ret->words[end], "--", 2) != 0;)
			end++;
		if (is_no_setting(ret->words[i]))
			continue;
		buf_reset(&text);
		experiment_words(ret->words + i, end - i, &text);
		const char *setting = text.failed ? NULL : arena_strdup(arena, buf_str(&text));
		code = setting ? arena_grow(arena, (void **)&ret->settings, ret->setting_count,
					 &cap, sizeof *ret->settings)
			       : -ENOMEM;
		if (!code)
			ret->settings[ret->setting_count++] = setting;
	}
	buf_finish(&text);
	return code;
}

int experiment_read_facts(struct arena *arena, struct summary_condition *condition) {
	const struct store_condition *facts = &condition->facts;
	struct err err = {0};
	struct json json;
	int code = 0;
	if (facts->env) {
		json_init(&json, facts->env, strlen(facts->env), &err);
		if (json_peek(&json) == JSON_OBJECT) {
			json_enter(&json);
			code = read_env(arena, &json, condition);
		}
	}
	if (!code && facts->command) {
		json_init(&json, facts->command, strlen(facts->command), &err);
		if (json_peek(&json) == JSON_ARRAY) {
			json_enter(&json);
			code = read_words(arena, &json, &condition->words, &condition->word_count);
		}
	}
	if (!code && facts->backend)
		code = read_settings(arena, condition);
	return code;
}

static void read_quantiles(struct json *json, double ret_us[3]) {
	static const char *const names[] = {"p50", "p95", "p99"};
	struct json_key key;
	json_enter(json);
	for (bool first = true; json_next_member(json, &first, &key);) {
		size_t i = 0;
		while (i < 3 && !json_key_is(&key, names[i]))
			i++;
		if (i < 3 && json_peek(json) == JSON_NUMBER)
			json_double(json, &ret_us[i]);
		else
			json_skip(json);
	}
}

bool experiment_read_latency(const char *text, double ret_us[3]) {
	struct err err = {0};
	struct json_key key;
	struct json json;
	ret_us[0] = ret_us[1] = ret_us[2] = -1;
	json_init(&json, text, strlen(text), &err);
	if (json_peek(&json) != JSON_OBJECT)
		return false;
	json_enter(&json);
	for (bool first = true; json_next_member(&json, &first, &key);)
		if (json_key_is(&key, "operation") && json_peek(&json) == JSON_OBJECT)
			read_quantiles(&json, ret_us);
		else
			json_skip(&json);
	return ret_us[0] >= 0 && ret_us[1] >= 0 && ret_us[2] >= 0;
}

void experiment_command(const char *words_json, struct buf *ret) {
	const char *text = words_json ? words_json : "";
	const char **words = NULL;
	size_t count = 0;
	struct arena arena;
	struct err err = {0};
	struct json json;
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	json_init(&json, text, strlen(text), &err);
	if (json_peek(&json) == JSON_ARRAY) {
		json_enter(&json);
		if (read_words(&arena, &json, &words, &count) < 0)
			ret->failed = true;
		experiment_words(words, count, ret);
	}
	arena_finish(&arena);
}
