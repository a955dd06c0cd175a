/* What cannot be passed on exactly is refused: a trial runs as it was planned or not at all. */
#include "repro/condition_command.h"

#include "base/limits.h"
#include "ips/json.h"

#include <errno.h>
#include <string.h>

struct list {
	struct arena *arena;
	const char **items;
	size_t count, cap;
};

static int put(struct list *list, const char *text, struct err *err) {
	void *items = list->items;
	if (!text ||
		arena_grow(list->arena, &items, list->count, &list->cap, sizeof *list->items) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	list->items = items;
	list->items[list->count] = text;
	return 0;
}

static int add(struct list *list, const char *text, struct err *err) {
	int code = put(list, text, err);
	list->count += !code;
	return code;
}

/* The NULL at the end. */
static int close_list(struct list *list, struct err *err) {
	int code = put(list, "", err);
	if (!code)
		list->items[list->count] = NULL;
	return code;
}

static int fail(const struct json *json, const char *what, struct err *err) {
	return err_set(err, -EINVAL, "%s: %s", what,
		json->code ? json->err->text : "not what a process can be given");
}

/* NULL for what is no text, or not exactly. */
static const char *read_word(struct json *json, struct arena *arena) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(json) != JSON_STRING ||
		!json_text(json, arena, LIMIT_TEXT_BYTES, true, &text, &odd) || odd)
		return NULL;
	return text ? text : "";
}

int condition_argv(
	const char *json_text, struct arena *arena, const char *const **ret, struct err *err) {
	static const char what[] = "the condition's command";
	struct list list = {.arena = arena};
	struct json json;
	struct err of_json = {0};
	int code = 0;
	json_init(&json, json_text, strlen(json_text), &of_json);
	if (json_peek(&json) != JSON_ARRAY)
		return fail(&json, what, err);
	json_enter(&json);
	for (bool first = true; !code && json_next_element(&json, &first);) {
		const char *word = read_word(&json, arena);
		code = word ? add(&list, word, err) : fail(&json, what, err);
	}
	if (!code && (json.code || !list.count || !*list.items[0]))
		code = fail(&json, what, err);
	if (!code)
		code = close_list(&list, err);
	if (!code)
		*ret = list.items;
	return code;
}

/* As it stands between its quotes: the reader shortens long ones. NULL: it has an escape. */
static const char *raw_name(struct arena *arena, const char *from, const char *end) {
	const char *open = memchr(from, '"', (size_t)(end - from));
	const char *close = open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
	if (!close || close == open + 1 || memchr(open, '\\', (size_t)(close - open)) ||
		memchr(open, '=', (size_t)(close - open)))
		return NULL;
	return arena_strndup(arena, open + 1, (size_t)(close - open - 1));
}

static bool is_of(const char *setting, const char *name) {
	size_t len = strlen(name);
	return !strncmp(setting, name, len) && setting[len] == '=';
}

static void take_away(struct list *list, const char *name) {
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!is_of(list->items[i], name))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int set_variable(struct list *list, struct json *json, const char *from, struct err *err) {
	static const char what[] = "the condition's environment";
	const char *name = raw_name(list->arena, from, json->end);
	if (!name)
		return fail(json, what, err);
	take_away(list, name);
	if (json_peek(json) == JSON_NULL)
		return json_skip(json) ? 0 : fail(json, what, err);
	const char *value = read_word(json, list->arena);
	if (!value)
		return fail(json, what, err);
	return add(list, arena_printf(list->arena, "%s=%s", name, value), err);
}

int condition_env(const char *json_text, char *const *ours, struct arena *arena, char *const **ret,
	struct err *err) {
	struct list list = {.arena = arena};
	struct json json;
	struct json_key key;
	struct err of_json = {0};
	int code = 0;
	for (size_t i = 0; ours[i] && !code; i++)
		code = add(&list, ours[i], err);
	json_init(&json, json_text, strlen(json_text), &of_json);
	if (!code && json_peek(&json) != JSON_OBJECT)
		code = fail(&json, "the condition's environment", err);
	if (code)
		return code;
	json_enter(&json);
	const char *from = json.p;
	for (bool first = true; !code && json_next_member(&json, &first, &key); from = json.p)
		code = set_variable(&list, &json, from, err);
	if (!code && json.code)
		code = fail(&json, "the condition's environment", err);
	if (!code)
		code = close_list(&list, err);
	if (!code)
		*ret = (char *const *)(uintptr_t)list.items;
	return code;
}
