/*
 * One value of the configuration: from the words of a person or a file, with everything checked
 * that can be checked without looking at the system, and back to words.
 */
#include "collect/config_parts.h"

#include "base/limits.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct unit {
	char letter;
	int64_t factor;
};

static const struct unit age_units[] = {
	{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}, {'w', 604800}};
static const struct unit size_units[] = {
	{'T', INT64_C(1) << 40}, {'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}};

static bool parse_units(
	const char *text, const struct unit *units, size_t count, int64_t *ret, bool *ret_bare) {
	size_t len = strlen(text);
	int64_t factor = 1, number;
	if (len == 0 || !isdigit((unsigned char)text[0]))
		return false;
	*ret_bare = true;
	for (size_t i = 0; i < count; i++)
		if (text[len - 1] == units[i].letter) {
			factor = units[i].factor;
			*ret_bare = false;
		}
	if (!text_i64(text, len - (*ret_bare ? 0 : 1), &number) || number > INT64_MAX / factor)
		return false;
	*ret = number * factor;
	return true;
}

bool config_parse_age(const char *text, int64_t *ret_s) {
	bool bare;
	int64_t s;
	if (!parse_units(text, age_units, sizeof age_units / sizeof *age_units, &s, &bare) ||
		(bare && s != 0) || s > CONFIG_AGE_MAX_S)
		return false;
	*ret_s = s;
	return true;
}

bool config_parse_size(const char *text, int64_t *ret_bytes) {
	bool bare;
	return parse_units(
		text, size_units, sizeof size_units / sizeof *size_units, ret_bytes, &bare);
}

static void format_units(int64_t number, const struct unit *units, size_t count, struct buf *ret) {
	for (size_t i = 0; i < count; i++)
		if (number != 0 && number % units[i].factor == 0) {
			buf_printf(ret, "%" PRId64 "%c", number / units[i].factor, units[i].letter);
			return;
		}
	buf_printf(ret, "%" PRId64, number);
}

void config_format_age(int64_t s, struct buf *ret) {
	format_units(s, age_units, sizeof age_units / sizeof *age_units, ret);
}

void config_format_size(int64_t bytes, struct buf *ret) {
	format_units(bytes, size_units, sizeof size_units / sizeof *size_units, ret);
}

/* Appends path without "." parts, doubled and closing slashes. ".." stays: behind a link it does
 * not lead back. */
static void add_normal(struct buf *out, const char *path) {
	while (*path) {
		size_t len = strcspn(path, "/");
		if (len > 0 && !(len == 1 && path[0] == '.')) {
			buf_add_char(out, '/');
			buf_add(out, path, len);
		}
		path += len + (path[len] == '/');
	}
}

int config_resolve(const char *word, enum config_origin origin, char **ret, struct err *err) {
	struct buf path = {0};
	char *here = NULL;
	if (!word[0])
		return err_set(err, -EINVAL, "is empty");
	if (word[0] == '~' && (word[1] == '/' || !word[1])) {
		const char *home = getenv("HOME");
		if (!home || home[0] != '/')
			return err_set(err, -EINVAL, "'%s' needs HOME, which is not set", word);
		add_normal(&path, home);
		word++;
	} else if (word[0] != '/' && origin == CONFIG_FILE) {
		return err_set(err, -EINVAL, "'%s' is relative; write /... or ~/...", word);
	} else if (word[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return err_set(
				err, -errno, "cannot tell the current folder: %s", strerror(errno));
		add_normal(&path, here);
	}
	free(here);
	add_normal(&path, word);
	if (!path.len)
		buf_add_char(&path, '/');
	*ret = path.failed ? NULL : buf_take(&path);
	buf_finish(&path);
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int read_copy(const char *word, char **ret, struct err *err) {
	*ret = strdup(word);
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int read_glob(const char *word, char **ret, struct err *err) {
	if (!word[0])
		return err_set(err, -EINVAL, "is empty");
	if (strchr(word, '/'))
		return err_set(err, -EINVAL,
			"'%s' never matches: patterns are for names of files, without '/'", word);
	return read_copy(word, ret, err);
}

static int read_kind(const char *word, char **ret, struct err *err) {
	for (int i = 0; i < REPORT_KIND_COUNT; i++)
		if (!strcmp(word, report_kind_names[i]))
			return read_copy(word, ret, err);
	const char *meant = text_suggest(word, report_kind_names, REPORT_KIND_COUNT);
	return err_set(err, -EINVAL, "no kind '%s'%s%s%s", word, meant ? "; did you mean '" : "",
		meant ? meant : "", meant ? "'?" : "");
}

/* A program without a slash is looked for in PATH when it is started. */
static int read_argument(
	const char *word, size_t index, enum config_origin origin, char **ret, struct err *err) {
	if (index == 0 && !word[0])
		return err_set(err, -EINVAL, "the program's name is empty");
	if (index == 0 && strchr(word, '/'))
		return config_resolve(word, origin, ret, err);
	return read_copy(word, ret, err);
}

static int read_word(const struct config_row *row, const char *word, size_t index,
	enum config_origin origin, char **ret, struct err *err) {
	if (strlen(word) > LIMIT_CONFIG_WORD_BYTES)
		return err_set(err, -EINVAL, "is longer than %d bytes", LIMIT_CONFIG_WORD_BYTES);
	if (row->type == CONFIG_TYPE_FOLDERS)
		return config_resolve(word, origin, ret, err);
	if (row->type == CONFIG_TYPE_GLOBS)
		return read_glob(word, ret, err);
	if (row->type == CONFIG_TYPE_KINDS)
		return read_kind(word, ret, err);
	return read_argument(word, index, origin, ret, err);
}

static bool has(const struct config_value *value, const char *word) {
	for (size_t i = 0; i < value->count; i++)
		if (!strcmp(value->list[i], word))
			return true;
	return false;
}

static int read_list(const struct config_row *row, const char *const *words, size_t count,
	struct config_value *ret, size_t *ret_wrong, struct err *err) {
	struct config_value value = {.origin = ret->origin};
	bool must = row->type == CONFIG_TYPE_FOLDERS || row->type == CONFIG_TYPE_KINDS;
	int r = 0;
	*ret_wrong = 0;
	if (count == 0 && must && !row->may_be_empty && ret->origin != CONFIG_DEFAULT)
		return err_set(err, -EINVAL, "is an empty list");
	if (count > LIMIT_CONFIG_WORDS)
		return err_set(err, -EINVAL, "has more than %d words", LIMIT_CONFIG_WORDS);
	value.list = calloc(count + 1, sizeof *value.list);
	if (!value.list)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count && r == 0; i++) {
		char *word = NULL;
		*ret_wrong = i;
		r = read_word(row, words[i], i, ret->origin, &word, err);
		if (word && row->type != CONFIG_TYPE_COMMAND && has(&value, word))
			free(word);
		else if (word)
			value.list[value.count++] = word;
	}
	if (r < 0)
		config_value_finish(&value);
	else
		*ret = value;
	return r;
}

static bool parse_number(enum config_type type, const char *word, int64_t *ret) {
	if (type == CONFIG_TYPE_AGE)
		return config_parse_age(word, ret);
	if (type == CONFIG_TYPE_SIZE)
		return config_parse_size(word, ret);
	if (type == CONFIG_TYPE_SECONDS && config_parse_age(word, ret))
		return true;
	return isdigit((unsigned char)word[0]) && text_i64(word, strlen(word), ret);
}

static int wrong_number(const struct config_row *row, const char *word, struct err *err) {
	if (row->type == CONFIG_TYPE_AGE)
		return err_set(
			err, -EINVAL, "'%s' is no age such as 90d, 8w or 0 (for ever)", word);
	if (row->type == CONFIG_TYPE_SIZE)
		return err_set(
			err, -EINVAL, "'%s' is no size such as 500M, 2G or 0 (no limit)", word);
	if (row->type == CONFIG_TYPE_SECONDS)
		return err_set(err, -EINVAL, "'%s' is no time such as 30s or 2m", word);
	return err_set(err, -EINVAL, "'%s' is no whole number", word);
}

static int out_of_range(
	const struct config_row *row, const char *word, bool below, struct err *err) {
	struct buf limit = {0};
	int64_t number = below ? row->min : row->max;
	if (row->type == CONFIG_TYPE_SIZE)
		config_format_size(number, &limit);
	else if (row->type == CONFIG_TYPE_COUNT)
		buf_printf(&limit, "%" PRId64, number);
	else
		config_format_age(number, &limit);
	int r = err_set(err, -EINVAL, "'%s' is %s than %s%s%s%s", word, below ? "less" : "more",
		buf_str(&limit), below && row->min_reason ? " (" : "",
		below && row->min_reason ? row->min_reason : "",
		below && row->min_reason ? ")" : "");
	buf_finish(&limit);
	return r;
}

static int read_number(const struct config_row *row, const char *const *words, size_t count,
	struct config_value *ret, struct err *err) {
	bool zero_counts = row->type == CONFIG_TYPE_AGE || row->type == CONFIG_TYPE_SIZE;
	int64_t number;
	if (count != 1)
		return err_set(err, -EINVAL, "takes one value");
	if (row->type == CONFIG_TYPE_BOOL) {
		bool yes = !strcmp(words[0], "true");
		if (!yes && strcmp(words[0], "false") != 0)
			return err_set(err, -EINVAL, "'%s' is neither true nor false", words[0]);
		ret->number = yes;
		return 0;
	}
	if (!parse_number(row->type, words[0], &number))
		return wrong_number(row, words[0], err);
	if (!(zero_counts && number == 0) && (number < row->min || number > row->max))
		return out_of_range(row, words[0], number < row->min, err);
	ret->number = number;
	return 0;
}

int config_value_read(enum config_key key, const char *const *words, size_t count,
	enum config_origin origin, struct config_value *ret, size_t *ret_wrong, struct err *err) {
	const struct config_row *row = &config_rows[key];
	struct config_value value = {.origin = origin};
	*ret_wrong = 0;
	int r = config_type_is_list(row->type)
			? read_list(row, words, count, &value, ret_wrong, err)
			: read_number(row, words, count, &value, err);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}
