/*
 * The configuration file: JSON to values, with file, line and key in every complaint. A key that is
 * misspelt or stands twice would be passed over in silence by a lenient reader, so it is an error.
 */
#include "collect/config_parts.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/places.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list in an object in the object. */
#define DEPTH_MAX 3
/* Exact in a double, and far beyond every limit. */
#define NUMBER_MAX 9e15

struct loader {
	const char *path, *text; /* borrowed */
	struct err *err;
	struct config_value values[CONFIG_KEY_COUNT]; /* owned */
	bool set[CONFIG_KEY_COUNT];
	/* Where the loader is: how many siblings stand before it, on each level. */
	size_t at[DEPTH_MAX], depth;
};

/* What a value has to look like, by config_type. */
static const char *const expectations[] = {
	[CONFIG_TYPE_FOLDERS] = "takes a list of folders: [\"~/reports\", \"/var/reports\"]",
	[CONFIG_TYPE_GLOBS] = "takes a list of patterns: [\"Python*\", \"ollama*\"]",
	[CONFIG_TYPE_COMMAND] =
		"takes a list, the program and its arguments: [\"logger\", \"-t\", \"agx\"]",
	[CONFIG_TYPE_KINDS] = "takes a list of kinds: [\"crash\", \"panic\"]",
	[CONFIG_TYPE_BOOL] = "takes true or false",
	[CONFIG_TYPE_AGE] = "takes a text such as \"90d\", or 0 (for ever)",
	[CONFIG_TYPE_SIZE] = "takes a text such as \"500M\", bytes as a number, or 0 (no limit)",
	[CONFIG_TYPE_SECONDS] = "takes a text such as \"30s\", or seconds as a number",
	[CONFIG_TYPE_COUNT] = "takes a whole number",
};

/*
 * The line of what loader->at leads to: on each level as many commas stand before it. The text was
 * parsed and nests no deeper than DEPTH_MAX.
 */
static size_t line_of(const struct loader *loader) {
	size_t commas[DEPTH_MAX + 1] = {0}, depth = 0, level = 0, line = 1;
	bool quoted = false;
	for (const char *p = loader->text; *p; p++) {
		line += *p == '\n';
		if (!strchr(" \t\r\n,]}", *p) && depth == level + 1 &&
			commas[depth] == loader->at[level] && ++level == loader->depth)
			return line;
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == '{' || *p == '[')
			commas[++depth] = 0;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (*p == ',')
			commas[depth]++;
	}
	return line;
}

/* Completes what stands in loader->err: "FILE:LINE: KEY: WHAT". */
static int complain(struct loader *loader, const char *group, const char *name) {
	int code = loader->err && loader->err->code == -ENOMEM ? -ENOMEM : -EBADMSG;
	err_prefix(loader->err, "%s:%zu: %s%s%.100s", loader->path, line_of(loader),
		group ? group : "", group ? "." : "", name);
	if (loader->err)
		loader->err->code = code;
	return code;
}

static int wrong(struct loader *loader, const char *group, const char *name, const char *what) {
	err_set(loader->err, -EBADMSG, "%s", what);
	return complain(loader, group, name);
}

/* "max_age" of "retention.max_age" in the group "retention"; NULL when the key is in another one.
 */
static const char *leaf_in(const char *key, const char *group) {
	const char *dot = strchr(key, '.');
	size_t len = dot ? (size_t)(dot - key) : 0;
	if (!group || !dot)
		return group || dot ? NULL : key;
	return strlen(group) == len && !memcmp(key, group, len) ? dot + 1 : NULL;
}

static const char *const groups[] = {"retention", "hook", "forwarder"};
enum { GROUP_COUNT = sizeof groups / sizeof *groups };

static const char *group_of(const char *key) {
	for (size_t i = 0; i < GROUP_COUNT; i++)
		if (leaf_in(key, groups[i]))
			return groups[i];
	return NULL;
}

static int unknown(struct loader *loader, const char *group, const char *name) {
	const char *names[CONFIG_KEY_COUNT + GROUP_COUNT];
	size_t count = 0;
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *full = config_rows[key].name, *dot = strchr(full, '.');
		const char *other = dot ? group_of(full) : NULL;
		if (!group && other && (!strcmp(name, full) || !strcmp(name, dot + 1))) {
			err_set(loader->err, -EBADMSG, "no such key here: \"%s\" stands in \"%s\"",
				dot + 1, other);
			return complain(loader, group, name);
		}
		names[count++] = leaf_in(full, group);
	}
	for (size_t i = 0; !group && i < GROUP_COUNT; i++)
		names[count++] = groups[i];
	const char *meant = text_suggest(name, names, count);
	err_set(loader->err, -EBADMSG, "no such key%s%s%s", meant ? "; did you mean \"" : "",
		meant ? meant : "", meant ? "\"?" : "");
	return complain(loader, group, name);
}

static bool stands_before(const cJSON *first, const cJSON *item) {
	for (; first != item; first = first->next)
		if (!strcmp(first->string, item->string))
			return true;
	return false;
}

static int take(struct loader *loader, enum config_key key, const char *const *words, size_t count,
	size_t *ret_wrong) {
	int r = config_value_read(
		key, words, count, CONFIG_FILE, &loader->values[key], ret_wrong, loader->err);
	loader->set[key] = r == 0;
	return r;
}

/* With its place set to the element that is wrong; the error still lacks the key. */
static int read_elements(
	struct loader *loader, enum config_key key, const cJSON *item, const char **words) {
	bool lines = config_rows[key].type == CONFIG_TYPE_COMMAND;
	size_t count = 0, bad;
	loader->at[loader->depth++] = 0;
	for (const cJSON *one = item->child; one; one = one->next) {
		loader->at[loader->depth - 1] = count;
		if (!cJSON_IsString(one))
			return err_set(loader->err, -EBADMSG, "is a list of texts alone");
		if (!text_is_clean(one->valuestring, strlen(one->valuestring),
			    lines ? TEXT_LINES : TEXT_LINE))
			return err_set(
				loader->err, -EBADMSG, "has control characters or invalid UTF-8");
		words[count++] = one->valuestring;
	}
	int r = take(loader, key, words, count, &bad);
	loader->at[loader->depth - 1] = bad;
	if (r < 0 && !count)
		loader->depth--;
	return r;
}

static int load_list(
	struct loader *loader, enum config_key key, const cJSON *item, const char *group) {
	size_t depth = loader->depth, count = (size_t)cJSON_GetArraySize(item);
	if (!cJSON_IsArray(item))
		return wrong(loader, group, item->string, expectations[config_rows[key].type]);
	const char **words = calloc(count + 1, sizeof *words);
	int r = words ? read_elements(loader, key, item, words)
		      : err_set(loader->err, -ENOMEM, "out of memory");
	if (r < 0)
		r = complain(loader, group, item->string);
	loader->depth = depth;
	free(words);
	return r;
}

static bool is_whole(const cJSON *item) {
	double number = item->valuedouble;
	return cJSON_IsNumber(item) && number >= -NUMBER_MAX && number <= NUMBER_MAX &&
	       number == (double)(int64_t)number;
}

static int load_scalar(
	struct loader *loader, enum config_key key, const cJSON *item, const char *group) {
	enum config_type type = config_rows[key].type;
	bool number_fits =
		type != CONFIG_TYPE_BOOL && (type != CONFIG_TYPE_AGE || item->valuedouble == 0);
	bool text_fits = type != CONFIG_TYPE_BOOL && type != CONFIG_TYPE_COUNT;
	char number[32];
	const char *word = NULL;
	size_t bad;
	if (type == CONFIG_TYPE_BOOL && cJSON_IsBool(item))
		word = cJSON_IsTrue(item) ? "true" : "false";
	else if (text_fits && cJSON_IsString(item) &&
		 text_is_clean(item->valuestring, strlen(item->valuestring), TEXT_LINE))
		word = item->valuestring;
	else if (number_fits && is_whole(item)) {
		snprintf(number, sizeof number, "%lld", (long long)item->valuedouble);
		word = number;
	}
	if (!word)
		return wrong(loader, group, item->string, expectations[type]);
	return take(loader, key, &word, 1, &bad) < 0 ? complain(loader, group, item->string) : 0;
}

static int load_member(struct loader *loader, const cJSON *item, const char *group) {
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *leaf = leaf_in(config_rows[key].name, group);
		if (!leaf || strcmp(leaf, item->string) != 0)
			continue;
		return config_type_is_list(config_rows[key].type)
			       ? load_list(loader, (enum config_key)key, item, group)
			       : load_scalar(loader, (enum config_key)key, item, group);
	}
	return unknown(loader, group, item->string);
}

static int load_group(struct loader *loader, const cJSON *object) {
	int r = 0;
	if (!cJSON_IsObject(object))
		return wrong(loader, NULL, object->string, "takes an object: {...}");
	loader->depth = 2;
	loader->at[1] = 0;
	for (const cJSON *item = object->child; item && r == 0; item = item->next) {
		r = stands_before(object->child, item)
			    ? wrong(loader, object->string, item->string, "stands twice")
			    : load_member(loader, item, object->string);
		loader->at[1]++;
	}
	loader->depth = 1;
	return r;
}

static int load_root_member(struct loader *loader, const cJSON *item) {
	for (size_t i = 0; i < GROUP_COUNT; i++)
		if (!strcmp(item->string, groups[i]))
			return load_group(loader, item);
	/* For editors that check and complete by a schema. */
	if (!strcmp(item->string, "$schema"))
		return cJSON_IsString(item)
			       ? 0
			       : wrong(loader, NULL, item->string, "takes the address of a schema");
	return load_member(loader, item, NULL);
}

static int load_root(struct loader *loader, const cJSON *root) {
	int r = 0;
	if (!cJSON_IsObject(root))
		return err_set(
			loader->err, -EBADMSG, "%s:1: is no JSON object {...}", loader->path);
	loader->depth = 1;
	for (const cJSON *item = root->child; item && r == 0; item = item->next) {
		r = stands_before(root->child, item)
			    ? wrong(loader, NULL, item->string, "stands twice")
			    : load_root_member(loader, item);
		loader->at[0]++;
	}
	return r;
}

/* Outside of texts: what people write that JSON has not, and nesting. */
static const char *check_outside(char c, char before, size_t *depth) {
	if ((c == '{' || c == '[') && ++*depth > DEPTH_MAX)
		return "is nested deeper than a configuration is";
	if (c == '/')
		return "is no JSON: it has no comments";
	if (c != '}' && c != ']')
		return NULL;
	if (before == ',')
		return "is no JSON: a comma without anything behind it";
	*depth -= *depth > 0;
	return NULL;
}

/* What cJSON would cut, take or spend much memory on without a word, or could not explain. */
static int check_text(const char *path, const char *text, size_t len, struct err *err) {
	const char *what = NULL;
	size_t line = 1, depth = 0;
	bool quoted = false;
	char before = '\0';
	for (size_t i = 0; i < len && !what; i++) {
		char c = text[i];
		if (c == '\0')
			what = "has a NUL byte";
		else if (quoted && c == '\\' && text_starts(text + i, "\\u0000"))
			what = "has a NUL character";
		else if (quoted && (c == '\n' || c == '\r'))
			what = "a text has no end on its line";
		else if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted)
			what = check_outside(c, before, &depth);
		line += c == '\n' && !what;
		if (!strchr(" \t\r\n", c))
			before = c;
	}
	if (!what && (quoted || depth))
		what = "is no JSON: it ends too early";
	return what ? err_set(err, -EBADMSG, "%s:%zu: %s", path, line, what) : 0;
}

static int not_json(const char *path, const char *text, const char *end, struct err *err) {
	size_t line = 1, len = strcspn(end, "\r\n");
	for (const char *p = text; p < end; p++)
		line += *p == '\n';
	return err_set(err, -EBADMSG, "%s:%zu: is no JSON%s%.*s", path, line, len ? " at " : "",
		(int)(len < 24 ? len : 24), end);
}

static int load_text(struct loader *loader, size_t len) {
	const char *end = loader->text;
	int r = check_text(loader->path, loader->text, len, loader->err);
	/* An empty file says nothing, which is no mistake. */
	if (r < 0 || strspn(loader->text, " \t\r\n") == len)
		return r;
	cJSON *root = cJSON_ParseWithLengthOpts(loader->text, len + 1, &end, true);
	r = root ? load_root(loader, root) : not_json(loader->path, loader->text, end, loader->err);
	cJSON_Delete(root);
	return r;
}

static char *default_path(void) {
	struct buf path = {0};
	char *folder = places_config_folder();
	if (folder) {
		buf_add_str(&path, folder);
		buf_add_str(&path, "/config.json");
	}
	free(folder);
	char *ret = buf_take(&path);
	buf_finish(&path);
	return ret;
}

int config_parse(
	struct config *config, const char *name, const char *text, size_t len, struct err *err) {
	struct loader loader = {.path = name, .text = text, .err = err};
	int r = load_text(&loader, len);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		struct config_value *value = &loader.values[key];
		if (r == 0 && loader.set[key]) {
			config_value_finish(&config->values[key]);
			config->values[key] = *value;
		} else {
			config_value_finish(value);
		}
	}
	return r;
}

int config_load(struct config *config, const char *path, struct err *err) {
	struct buf text = {0};
	char *own = path ? strdup(path) : default_path();
	int r = 0;
	if (!own && path)
		return err_set(err, -ENOMEM, "out of memory");
	if (own)
		r = file_read(AT_FDCWD, own, FILE_FOLLOW, LIMIT_CONFIG_BYTES, &text, NULL, err);
	bool missing = !own || (!path && (r == -ENOENT || r == -ENOTDIR));
	if (missing)
		r = 0;
	else if (r == 0)
		r = config_parse(config, own, buf_str(&text), text.len, err);
	if (r == 0) {
		free(config->path);
		config->path = own;
		config->loaded = !missing;
		own = NULL;
	}
	buf_finish(&text);
	free(own);
	return r;
}
