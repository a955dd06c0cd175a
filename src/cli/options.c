/* The option parser. Knows tables, not commands. */
#include "cli/options.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUGGEST_CANDIDATES 64

const char *const option_type_names[OPTION_TYPE_COUNT] = {
	[OPTION_FLAG] = "flag",
	[OPTION_STRING] = "string",
	[OPTION_INT] = "int",
	[OPTION_TIME] = "time",
	[OPTION_CHOICE] = "choice",
	[OPTION_LIST] = "list",
};

/* Seconds up to this still fit into microseconds. */
#define INT_MAXIMUM INT64_C(1000000000000)

/* An option as it was found: its row, the struct it fills and how the user wrote it. */
struct found {
	const struct option_row *row;
	void *values;
	const char *spelling;
};

static size_t min_size(size_t a, size_t b) {
	return a < b ? a : b;
}

static bool find_name(
	const struct option_input *input, const char *name, size_t len, struct found *ret) {
	for (size_t i = 0; i < input->set_count; i++)
		for (const struct option_row *row = input->sets[i].rows; row && row->help; row++)
			if (row->name && strlen(row->name) == len &&
				!memcmp(row->name, name, len)) {
				*ret = (struct found){row, input->sets[i].values, NULL};
				return true;
			}
	return false;
}

static bool find_letter(const struct option_input *input, char letter, struct found *ret) {
	for (size_t i = 0; i < input->set_count; i++)
		for (const struct option_row *row = input->sets[i].rows; row && row->help; row++)
			if (row->letter == letter) {
				*ret = (struct found){row, input->sets[i].values, NULL};
				return true;
			}
	return false;
}

static int unknown_name(
	const struct option_input *input, const char *name, size_t len, struct err *err) {
	const char *names[SUGGEST_CANDIDATES];
	size_t count = 0;
	for (size_t i = 0; i < input->set_count; i++)
		for (const struct option_row *row = input->sets[i].rows; row && row->help; row++)
			if (count < SUGGEST_CANDIDATES)
				names[count++] = row->name;
	char typed[TEXT_SUGGEST_BYTES + 1] = "";
	if (len <= TEXT_SUGGEST_BYTES)
		memcpy(typed, name, len);
	const char *meant = typed[0] ? text_suggest(typed, names, count) : NULL;
	if (meant)
		return err_set(err, -EINVAL, "unknown option --%.*s; did you mean --%s?", (int)len,
			name, meant);
	return err_set(err, -EINVAL, "unknown option --%.*s", (int)len, name);
}

static int set_choice(const struct found *found, const char *value, struct err *err) {
	char all[128] = "";
	size_t len = 0;
	for (int i = 0; found->row->choices[i]; i++) {
		const char *choice = found->row->choices[i];
		if (!strcmp(choice, value)) {
			memcpy((char *)found->values + found->row->offset, &i, sizeof i);
			return 0;
		}
		size_t choice_len = strlen(choice);
		if (len + choice_len + 3 > sizeof all)
			continue;
		if (len) {
			memcpy(all + len, ", ", 2);
			len += 2;
		}
		memcpy(all + len, choice, choice_len + 1);
		len += choice_len;
	}
	return err_set(err, -EINVAL, "%s takes one of %s, not '%s'", found->spelling, all, value);
}

static int add_value(const struct found *found, const char *value, struct err *err) {
	char *target = (char *)found->values + found->row->offset;
	struct option_list list;
	memcpy(&list, target, sizeof list);
	const char **items = realloc(list.items, (list.count + 2) * sizeof *items);
	if (!items)
		return err_set(err, -ENOMEM, "out of memory");
	items[list.count] = value;
	items[list.count + 1] = NULL;
	list = (struct option_list){items, list.count + 1};
	memcpy(target, &list, sizeof list);
	return 0;
}

static int set_value(
	const struct found *found, const char *value, int64_t now_us, struct err *err) {
	char *target = (char *)found->values + found->row->offset;
	struct i64_opt number = {.set = true};
	switch (found->row->type) {
	case OPTION_STRING:
		memcpy(target, &value, sizeof value);
		return 0;
	case OPTION_INT:
		if (!text_i64(value, strlen(value), &number.value) ||
			number.value < found->row->min)
			return err_set(err, -EINVAL,
				"%s takes a whole number of at least %lld, not '%s'",
				found->spelling, (long long)found->row->min, value);
		if (number.value > INT_MAXIMUM)
			return err_set(err, -EINVAL, "%s takes at most %lld, not '%s'",
				found->spelling, (long long)INT_MAXIMUM, value);
		memcpy(target, &number, sizeof number);
		return 0;
	case OPTION_TIME:
		if (!clock_parse_user(value, now_us, &number.value))
			return err_set(err, -EINVAL,
				"%s takes a time such as 2d, 36h, 2025-12-20 or "
				"2025-12-20T17:36:18Z, not '%s'",
				found->spelling, value);
		memcpy(target, &number, sizeof number);
		return 0;
	case OPTION_CHOICE:
		return set_choice(found, value, err);
	case OPTION_LIST:
		return add_value(found, value, err);
	case OPTION_FLAG:
	case OPTION_TYPE_COUNT:
		break;
	}
	return err_set(err, -EINVAL, "%s takes no value", found->spelling);
}

static void set_flag(const struct found *found) {
	bool on = true;
	memcpy((char *)found->values + found->row->offset, &on, sizeof on);
}

/* argv[*index] is "--name" or "--name=value"; a value of its own is skipped in *index. */
static int parse_long(const struct option_input *input, int *index, struct err *err) {
	const char *word = input->argv[*index], *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	struct found found;
	if (!find_name(input, name, len, &found))
		return unknown_name(input, name, len, err);
	char spelling[64] = "--";
	memcpy(spelling + 2, name, min_size(len, sizeof spelling - 3));
	found.spelling = spelling;
	if (found.row->type == OPTION_FLAG) {
		if (equals)
			return err_set(err, -EINVAL, "%s takes no value", spelling);
		set_flag(&found);
		return 0;
	}
	if (equals)
		return set_value(&found, equals + 1, input->now_us, err);
	if (*index + 1 >= input->argc)
		return err_set(
			err, -EINVAL, "%s needs a value (%s)", spelling, found.row->argument);
	return set_value(&found, input->argv[++*index], input->now_us, err);
}

/* argv[*index] is "-abc", "-nvalue" or "-n". */
static int parse_letters(const struct option_input *input, int *index, struct err *err) {
	for (const char *letter = input->argv[*index] + 1; *letter; letter++) {
		struct found found;
		if (!find_letter(input, *letter, &found))
			return err_set(err, -EINVAL, "unknown option -%c in '%s'", *letter,
				input->argv[*index]);
		char spelling[] = {'-', *letter, '\0'};
		found.spelling = spelling;
		if (found.row->type == OPTION_FLAG) {
			set_flag(&found);
			continue;
		}
		if (letter[1])
			return set_value(&found, letter + 1, input->now_us, err);
		if (*index + 1 >= input->argc)
			return err_set(err, -EINVAL, "%s needs a value (%s)", spelling,
				found.row->argument);
		return set_value(&found, input->argv[++*index], input->now_us, err);
	}
	return 0;
}

int options_parse(const struct option_input *input, int *ret_operands, struct err *err) {
	int operands = 0;
	bool rest = false;
	for (int i = 0; i < input->argc; i++) {
		char *word = input->argv[i];
		int r = 0;
		if (rest || word[0] != '-' || !word[1]) {
			input->argv[operands++] = word;
			rest = rest || input->stop_at_operand;
		} else if (!strcmp(word, "--")) {
			rest = true;
		} else if (word[1] == '-') {
			r = parse_long(input, &i, err);
		} else {
			r = parse_letters(input, &i, err);
		}
		if (r < 0)
			return r;
	}
	*ret_operands = operands;
	return 0;
}

void options_finish(const struct option_set *set) {
	for (const struct option_row *row = set->rows; row && row->help; row++) {
		char *target = (char *)set->values + row->offset;
		struct option_list list;
		if (row->type != OPTION_LIST)
			continue;
		memcpy(&list, target, sizeof list);
		free(list.items);
		memset(target, 0, sizeof list);
	}
}
