/* The keys with their defaults, and the struct that holds what is in force. Reads no file. */
#include "collect/config_parts.h"

#include "base/places.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)

const struct config_row config_rows[CONFIG_KEY_COUNT] = {
	[CONFIG_FOLDERS] = {.name = "folders", .flag = "PATH", .type = CONFIG_TYPE_FOLDERS},
	[CONFIG_ALL] = {.name = "all",
		.flag = "--all",
		.type = CONFIG_TYPE_BOOL,
		.default_text = "false"},
	[CONFIG_INCLUDE] = {.name = "include", .flag = "--include", .type = CONFIG_TYPE_GLOBS},
	[CONFIG_EXCLUDE] = {.name = "exclude", .flag = "--exclude", .type = CONFIG_TYPE_GLOBS},
	[CONFIG_RETENTION_AGE] = {.name = "retention.max_age",
		.flag = "--max-age",
		.type = CONFIG_TYPE_AGE,
		.min = DAY_S,
		.max = INT64_MAX,
		.min_reason = "m means minutes",
		.default_text = "0"},
	[CONFIG_RETENTION_RAW_AGE] = {.name = "retention.raw_max_age",
		.flag = "--raw-max-age",
		.type = CONFIG_TYPE_AGE,
		.min = DAY_S,
		.max = INT64_MAX,
		.min_reason = "m means minutes",
		.default_text = "0"},
	[CONFIG_RETENTION_SIZE] = {.name = "retention.max_size",
		.flag = "--max-size",
		.type = CONFIG_TYPE_SIZE,
		.min = INT64_C(16) << 20,
		.max = INT64_MAX,
		.min_reason = "the write-ahead log and what is always kept need room",
		.default_text = "1G"},
	[CONFIG_HOOK_COMMAND] = {.name = "hook.command",
		.flag = "--hook",
		.type = CONFIG_TYPE_COMMAND},
	[CONFIG_HOOK_TIMEOUT] = {.name = "hook.timeout",
		.flag = "--hook-timeout",
		.type = CONFIG_TYPE_SECONDS,
		.min = 1,
		.max = DAY_S,
		.default_text = "30s"},
	[CONFIG_HOOK_RUNNING] = {.name = "hook.max_running",
		.flag = "--hook-max-running",
		.type = CONFIG_TYPE_COUNT,
		.min = 1,
		.max = 64,
		.default_text = "2"},
	[CONFIG_HOOK_KINDS] = {.name = "hook.kinds",
		.flag = "--hook-kind",
		.type = CONFIG_TYPE_KINDS},
	[CONFIG_FORWARDER] = {.name = "forwarder.command",
		.flag = "--forwarder",
		.type = CONFIG_TYPE_COMMAND},
	[CONFIG_SYMBOLICATE] = {.name = "symbolicate",
		.flag = "--symbolicate",
		.type = CONFIG_TYPE_BOOL,
		.default_text = "false"},
	[CONFIG_SYMBOLS] = {.name = "symbols",
		.flag = "--symbols",
		.type = CONFIG_TYPE_FOLDERS,
		.may_be_empty = true},
};

const char *config_key_name(enum config_key key) {
	return config_rows[key].name;
}

const char *config_key_flag(enum config_key key) {
	return config_rows[key].flag;
}

bool config_type_is_list(enum config_type type) {
	return type == CONFIG_TYPE_FOLDERS || type == CONFIG_TYPE_GLOBS ||
	       type == CONFIG_TYPE_COMMAND || type == CONFIG_TYPE_KINDS;
}

void config_value_finish(struct config_value *value) {
	for (size_t i = 0; value->list && i < value->count; i++)
		free(value->list[i]);
	free(value->list);
	*value = (struct config_value){0};
}

static int set_default(struct config *config, enum config_key key, const char *const *words,
	size_t count, struct err *err) {
	size_t wrong;
	return config_value_read(
		key, words, count, CONFIG_DEFAULT, &config->values[key], &wrong, err);
}

/* Without HOME there may be none: that is for those who need one to say. */
static int set_default_folders(struct config *config, struct err *err) {
	char *folders[8] = {0};
	size_t count = 0;
	while (count < sizeof folders / sizeof *folders - 1 &&
		(folders[count] = places_report_folder(count)))
		count++;
	int r = set_default(config, CONFIG_FOLDERS, (const char *const *)folders, count, err);
	for (size_t i = 0; i < count; i++)
		free(folders[i]);
	return r;
}

static size_t words_in(const char *const *words) {
	size_t count = 0;
	while (words[count])
		count++;
	return count;
}

int config_init(struct config *ret, struct err *err) {
	const char *const crash = report_kind_names[REPORT_CRASH];
	struct config config = {0};
	int r = set_default_folders(&config, err);
	for (int key = 0; key < CONFIG_KEY_COUNT && r == 0; key++) {
		const char *text = config_rows[key].default_text;
		if (key == CONFIG_INCLUDE)
			r = set_default(&config, CONFIG_INCLUDE, select_default_include,
				words_in(select_default_include), err);
		else if (key == CONFIG_HOOK_KINDS)
			r = set_default(&config, CONFIG_HOOK_KINDS, &crash, 1, err);
		else if (key != CONFIG_FOLDERS)
			r = set_default(&config, (enum config_key)key, &text, text ? 1 : 0, err);
	}
	if (r < 0)
		config_finish(&config);
	else
		*ret = config;
	return r;
}

void config_finish(struct config *config) {
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		config_value_finish(&config->values[key]);
	free(config->path);
	*config = (struct config){0};
}

int config_set(struct config *config, enum config_key key, const char *const *words, size_t count,
	enum config_origin origin, struct err *err) {
	const struct config_row *row = &config_rows[key];
	struct config_value value;
	size_t wrong;
	int r = config_value_read(key, words, count, origin, &value, &wrong, err);
	if (r < 0)
		return err_prefix(err, "%s", origin == CONFIG_FLAG ? row->flag : row->name), r;
	config_value_finish(&config->values[key]);
	config->values[key] = value;
	return 0;
}

const char *const *config_list(const struct config *config, enum config_key key) {
	static const char *const none[] = {NULL};
	char **list = config->values[key].list;
	return list ? (const char *const *)list : none;
}

int64_t config_number(const struct config *config, enum config_key key) {
	return config->values[key].number;
}

struct selection config_selection(const struct config *config) {
	return (struct selection){
		.all = config_number(config, CONFIG_ALL) != 0,
		.include = config_list(config, CONFIG_INCLUDE),
		.exclude = config_list(config, CONFIG_EXCLUDE),
	};
}

static void format_list(const struct config_value *value, struct buf *ret) {
	cJSON *array = cJSON_CreateStringArray((const char *const *)value->list, (int)value->count);
	char *text = array ? cJSON_PrintUnformatted(array) : NULL;
	if (text)
		buf_add_str(ret, text);
	else
		ret->failed = true;
	cJSON_free(text);
	cJSON_Delete(array);
}

void config_format(const struct config *config, enum config_key key, struct buf *ret) {
	const struct config_value *value = &config->values[key];
	switch (config_rows[key].type) {
	case CONFIG_TYPE_FOLDERS:
	case CONFIG_TYPE_GLOBS:
	case CONFIG_TYPE_COMMAND:
	case CONFIG_TYPE_KINDS:
		format_list(value, ret);
		return;
	case CONFIG_TYPE_BOOL:
		buf_add_str(ret, value->number ? "true" : "false");
		return;
	case CONFIG_TYPE_AGE:
	case CONFIG_TYPE_SECONDS:
		config_format_age(value->number, ret);
		return;
	case CONFIG_TYPE_SIZE:
		config_format_size(value->number, ret);
		return;
	case CONFIG_TYPE_COUNT:
		buf_printf(ret, "%" PRId64, value->number);
		return;
	}
}
