/* Lists are split, products made; what a factor means is its caller's business. */
#include "cli/conditions.h"

#include "base/text.h"
#include "export/json_out.h"
#include "repro/fingerprint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (8u << 20)

extern char **environ;

void conditions_init(struct conditions *ret) {
	*ret = (struct conditions){0};
	arena_init(&ret->arena, ARENA_BYTES);
}

void conditions_finish(struct conditions *conditions) {
	arena_finish(&conditions->arena);
}

static int no_memory(struct err *err) {
	return err_set(err, -ENOMEM, "out of memory");
}

/* The database keeps them as text, and a trial that runs something else proves nothing. */
static int check_text(const char *text, const char *what, struct err *err) {
	if (text_is_clean(text, strlen(text), TEXT_LINES))
		return 0;
	return err_set(err, -EINVAL,
		"%s has control bytes or bytes that are no UTF-8, which an experiment cannot "
		"keep: put it into a script",
		what);
}

static int check_words(const char *const *argv, struct err *err) {
	char what[64];
	int code = 0;
	for (size_t i = 0; argv[i] && !code; i++) {
		snprintf(what, sizeof what, "word %zu of the command", i + 1);
		code = check_text(argv[i], what, err);
	}
	return code;
}

/* ---- factors ---- */

static bool has_value(const struct conditions_factor *factor, const char *value) {
	for (size_t i = 0; i < factor->count; i++)
		if (!strcmp(factor->values[i], value))
			return true;
	return false;
}

/* An empty value is a choice for a variable, and a slip of the pen for all else. */
static int take_value(struct conditions *conditions, struct conditions_factor *factor,
	const char *text, size_t len, struct err *err) {
	char *value = arena_strndup(&conditions->arena, text, len);
	if (!value)
		return no_memory(err);
	if (!len && !factor->variable)
		return err_set(err, -EINVAL, "--%s has an empty value in its list", factor->name);
	if (has_value(factor, value))
		return err_set(err, -EINVAL, "%s%s has '%s' twice", factor->variable ? "" : "--",
			factor->name, value);
	factor->values[factor->count++] = value;
	return 0;
}

static int take_list(struct conditions *conditions, struct conditions_factor *factor,
	const char *list, struct err *err) {
	size_t commas = 0;
	int code = 0;
	for (const char *c = list; *c; c++)
		commas += *c == ',';
	factor->values = arena_calloc(&conditions->arena, commas + 1, sizeof *factor->values);
	if (!factor->values)
		return no_memory(err);
	for (const char *at = list; at && !code;) {
		size_t len = strcspn(at, ",");
		code = take_value(conditions, factor, at, len, err);
		at = at[len] ? at + len + 1 : NULL;
	}
	return code;
}

static int add(struct conditions *conditions, struct conditions_factor factor, const char *list,
	struct err *err) {
	if (conditions->factor_count == CONDITIONS_FACTORS)
		return err_set(err, -EINVAL, "more than %d lists of values", CONDITIONS_FACTORS);
	for (size_t i = 0; i < conditions->factor_count; i++)
		if (conditions->factors[i].variable == factor.variable &&
			!strcmp(conditions->factors[i].name, factor.name))
			return err_set(err, -EINVAL, "%s is varied twice", factor.name);
	int code = take_list(conditions, &factor, list, err);
	if (!code)
		conditions->factors[conditions->factor_count++] = factor;
	return code;
}

int conditions_add(
	struct conditions *conditions, const char *name, const char *list, struct err *err) {
	return add(conditions, (struct conditions_factor){.name = name}, list, err);
}

/* Where the value begins, NULL unless text is NAME=... */
static const char *split_variable(const char *text) {
	const char *equals = strchr(text, '=');
	return equals && equals != text ? equals + 1 : NULL;
}

/* As split_variable(); names with such characters no shell can set either. */
static const char *split_named(const char *text) {
	return text[strcspn(text, "=\"\\\n\t")] == '=' ? split_variable(text) : NULL;
}

int conditions_add_variable(struct conditions *conditions, const char *text, struct err *err) {
	const char *list = split_named(text);
	if (!list)
		return err_set(err, -EINVAL, "--matrix takes NAME=a,b,c, not '%s'", text);
	int code = check_text(text, "--matrix", err);
	if (code)
		return code;
	char *name = arena_strndup(&conditions->arena, text, (size_t)(list - 1 - text));
	if (!name)
		return no_memory(err);
	return add(
		conditions, (struct conditions_factor){.name = name, .variable = true}, list, err);
}

/* ---- the product ---- */

/* The value that a factor has in condition number. */
static const char *value_at(const struct conditions *conditions,
	const struct conditions_factor *factor, size_t number) {
	size_t below = 1;
	const struct conditions_factor *end = conditions->factors + conditions->factor_count;
	for (const struct conditions_factor *other = factor + 1; other < end; other++)
		below *= other->count;
	return factor->values[number / below % factor->count];
}

static char *keep_json(struct conditions *conditions, struct buf *text) {
	char *ret =
		text->failed ? NULL : arena_strndup(&conditions->arena, buf_str(text), text->len);
	buf_finish(text);
	return ret;
}

static char *make_command(struct conditions *conditions, const char *const *argv, size_t number) {
	struct buf text = {0}, option = {0};
	struct json_out out;
	json_out_init(&out, &text);
	json_out_array(&out, NULL);
	for (size_t i = 0; argv[i]; i++)
		json_out_text(&out, NULL, argv[i]);
	for (size_t i = 0; i < conditions->factor_count; i++) {
		const struct conditions_factor *factor = &conditions->factors[i];
		if (factor->variable)
			continue;
		buf_reset(&option);
		buf_printf(&option, "--%s", factor->name);
		json_out_text(&out, NULL, buf_str(&option));
		json_out_text(&out, NULL, value_at(conditions, factor, number));
	}
	json_out_array_end(&out);
	buf_finish(&option);
	return keep_json(conditions, &text);
}

static bool is_varied(const struct conditions *conditions, const char *name, size_t len) {
	for (size_t i = 0; i < conditions->factor_count; i++) {
		const struct conditions_factor *factor = &conditions->factors[i];
		if (factor->variable && strlen(factor->name) == len &&
			!memcmp(factor->name, name, len))
			return true;
	}
	return false;
}

static bool is_variable_of(const struct conditions *conditions, const struct option_list *fixed,
	const char *name, size_t len) {
	for (size_t i = 0; i < fixed->count; i++)
		if (!strncmp(fixed->items[i], name, len) && fixed->items[i][len] == '=')
			return true;
	return is_varied(conditions, name, len);
}

static void put_variable(struct json_out *out, struct buf *scratch, const char *name, size_t len,
	const char *value) {
	buf_reset(scratch);
	buf_add(scratch, name, len);
	json_out_text(out, buf_str(scratch), value);
}

/* A layer that is on in this environment is on in every trial. */
static void put_inherited(struct conditions *conditions, const struct option_list *fixed,
	struct json_out *out, struct buf *scratch) {
	for (char **entry = environ; *entry; entry++) {
		const char *value = split_variable(*entry);
		if (!value)
			continue;
		size_t len = (size_t)(value - 1 - *entry);
		buf_reset(scratch);
		buf_add(scratch, *entry, len);
		if (fingerprint_is_validation(buf_str(scratch)) &&
			!is_variable_of(conditions, fixed, *entry, len))
			put_variable(out, scratch, *entry, len, value);
	}
}

/* Of a variable that is fixed twice, the last value counts. */
static bool is_overruled(
	const struct conditions *conditions, const struct option_list *fixed, size_t index) {
	const char *word = fixed->items[index];
	size_t len = (size_t)(split_variable(word) - 1 - word);
	const struct option_list rest = {fixed->items + index + 1, fixed->count - index - 1};
	return is_variable_of(conditions, &rest, word, len);
}

static char *make_env(
	struct conditions *conditions, const struct option_list *fixed, size_t number) {
	struct buf text = {0}, scratch = {0};
	struct json_out out;
	json_out_init(&out, &text);
	json_out_object(&out, NULL);
	put_inherited(conditions, fixed, &out, &scratch);
	for (size_t i = 0; i < fixed->count; i++) {
		const char *word = fixed->items[i], *value = split_variable(word);
		if (!is_overruled(conditions, fixed, i))
			put_variable(&out, &scratch, word, (size_t)(value - 1 - word), value);
	}
	for (size_t i = 0; i < conditions->factor_count; i++) {
		const struct conditions_factor *factor = &conditions->factors[i];
		if (factor->variable)
			json_out_text(&out, factor->name, value_at(conditions, factor, number));
	}
	json_out_object_end(&out);
	buf_finish(&scratch);
	return keep_json(conditions, &text);
}

static void set_facts(
	const struct conditions *conditions, size_t number, struct store_condition *ret) {
	for (size_t i = 0; i < conditions->factor_count; i++) {
		const struct conditions_factor *factor = &conditions->factors[i];
		const char *value = value_at(conditions, factor, number);
		if (factor->variable)
			continue;
		if (!strcmp(factor->name, "backend"))
			ret->backend = value;
		else if (!strcmp(factor->name, "scenario"))
			ret->scenario = value;
		else if (!strcmp(factor->name, "lock"))
			ret->lock = value;
		else if (!strcmp(factor->name, "threads"))
			ret->threads.set = text_i64(value, strlen(value), &ret->threads.value);
	}
	/* A Python of the user's brings its own, whatever this program has. */
	if (ret->scenario && !strcmp(ret->scenario, "torch"))
		ret->backend = "torch";
}

static int check_fixed(
	const struct conditions *conditions, const struct option_list *fixed, struct err *err) {
	int code = 0;
	for (size_t i = 0; i < fixed->count && !code; i++) {
		const char *word = fixed->items[i], *value = split_named(word);
		if (!value)
			return err_set(err, -EINVAL, "--env takes NAME=VALUE, not '%s'", word);
		size_t len = (size_t)(value - 1 - word);
		if (is_varied(conditions, word, len))
			return err_set(err, -EINVAL, "%.*s has values by --matrix and one by --env",
				(int)len, word);
		code = check_text(word, "--env", err);
	}
	return code;
}

static int count_product(const struct conditions *conditions, size_t *ret, struct err *err) {
	*ret = 1;
	for (size_t i = 0; i < conditions->factor_count; i++) {
		*ret *= conditions->factors[i].count;
		if (*ret > CONDITIONS_MAX)
			return err_set(err, -EINVAL, "more than %d conditions", CONDITIONS_MAX);
	}
	return 0;
}

int conditions_make(struct conditions *conditions, const char *const *argv,
	const struct option_list *fixed, const char *unit, struct err *err) {
	size_t count = 0;
	int code = check_words(argv, err);
	if (!code)
		code = check_fixed(conditions, fixed, err);
	if (!code)
		code = count_product(conditions, &count, err);
	if (code)
		return code;
	conditions->items = arena_calloc(&conditions->arena, count, sizeof *conditions->items);
	if (!conditions->items)
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct store_condition *item = &conditions->items[i];
		item->number = (int64_t)i;
		item->throughput_unit = unit;
		item->command = make_command(conditions, argv, i);
		item->env = make_env(conditions, fixed, i);
		set_facts(conditions, i, item);
		if (!item->command || !item->env)
			return no_memory(err);
	}
	conditions->count = count;
	return 0;
}
