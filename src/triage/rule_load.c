/*
 * A rule document: JSON to struct rule, with every member checked. A misspelt condition that was
 * passed over would make a rule match too much, so an unknown member is an error. Does not know
 * reports.
 */
#include "triage/rule_parts.h"

#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SITE_BYTES 64

static int load_site(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	int r = rule_read_text(loader, item, &rule->site);

	if (r < 0)
		return r;
	if (strlen(rule->site) > SITE_BYTES ||
		strspn(rule->site, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(rule->site))
		return rule_fail(loader, "site", "is not made of at most 64 of a-z, 0-9 and -");
	loader->site = rule->site;
	return 0;
}

static int load_title(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_text(loader, item, &((struct rule *)target)->title);
}

static int load_reason(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_text(loader, item, &((struct rule *)target)->reason);
}

static int load_url(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	struct rule_texts texts = {0};
	int r = rule_read_texts(loader, item, &texts);

	for (size_t i = 0; r == 0 && i < texts.count; i++) {
		rule->url = rule->url == NULL ? texts.items[i]
					      : arena_printf(loader->arena, "%s %s", rule->url,
							texts.items[i]);
		if (rule->url == NULL)
			r = rule_no_memory(loader);
		else if (strlen(rule->url) > 4 * LIMIT_RULE_PATTERN_BYTES)
			r = rule_fail(loader, "url", "is longer than 4096 bytes in all");
	}
	return r;
}

static int load_priority(struct rule_loader *loader, const cJSON *item, void *target) {
	int64_t value = 0;
	int r = rule_read_integer(loader, item, -1000, 1000, &value);

	if (r == 0)
		((struct rule *)target)->priority = (int)value;
	return r;
}

static int load_attribution(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	unsigned bits = 0;
	int r = rule_read_bits(loader, item, attribution_names, ATTRIBUTION_COUNT, &bits);

	if (r < 0)
		return r;
	if (!cJSON_IsString(item))
		return rule_fail(loader, "attribution", "is not one name");
	for (unsigned i = 0; i < ATTRIBUTION_COUNT; i++) {
		if (bits == 1u << i)
			rule->attribution = (enum attribution)i;
	}
	rule->attributes = true;
	return 0;
}

static int load_offset_value(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_offset *offset = target;

	if (!cJSON_IsString(item) || !text_starts(item->valuestring, "0x") ||
		!text_u64(item->valuestring, strlen(item->valuestring), &offset->offset))
		return rule_fail(loader, "offset", "is not a string such as \"0x5c8\"");
	return 0;
}

static int load_offset_access(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_offset *offset = target;
	unsigned bits = 0;
	int r = rule_read_bits(loader, item, fault_access_names, ACCESS_COUNT, &bits);

	for (unsigned i = 0; i < ACCESS_COUNT; i++) {
		if (bits == 1u << i)
			offset->access = (enum fault_access)i;
	}
	return r;
}

static int load_offset_note(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_text(loader, item, &((struct rule_offset *)target)->note);
}

static int load_offsets(struct rule_loader *loader, const cJSON *item, void *target) {
	static const struct rule_member members[] = {{"offset", load_offset_value},
		{"access", load_offset_access}, {"note", load_offset_note}};
	struct rule *rule = target;
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return rule_fail(loader, "offsets", "is not a list of {offset, access, note}");
	rule->offsets = arena_calloc(loader->arena, count, sizeof *rule->offsets);
	rule->offset_values = arena_calloc(loader->arena, count, sizeof *rule->offset_values);
	if (rule->offsets == NULL || rule->offset_values == NULL)
		return rule_no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		if (!cJSON_IsObject(one) || cJSON_GetObjectItemCaseSensitive(one, "offset") == NULL)
			return rule_fail(
				loader, "offsets", "is not a list of {offset, access, note}");
		r = rule_read_members(loader, one, members, 3, &rule->offsets[rule->offset_count]);
		if (r < 0)
			return r;
		rule->offset_values[rule->offset_count] = rule->offsets[rule->offset_count].offset;
		rule->offset_count++;
	}
	return 0;
}

static const struct rule_member rule_members[] = {
	{"site", load_site},
	{"title", load_title},
	{"priority", load_priority},
	{"match", rule_read_matches},
	{"offsets", load_offsets},
	{"attribution", load_attribution},
	{"reason", load_reason},
	{"url", load_url},
};

static const char *first_text(const struct rule_texts *texts) {
	return texts->count > 0 ? texts->items[0] : NULL;
}

/* One line on what the first alternative asks for. */
static const char *summarise(const struct rule *rule, struct arena *arena) {
	const struct rule_match *m = &rule->matches[0];
	const char *frame = first_text(&m->frame.functions), *image = first_text(&m->frame.images);
	const char *message = first_text(&m->messages);
	const char *exception = first_text(&m->exceptions);
	struct buf buf = {0};
	char *copy = NULL;

	if (message == NULL)
		message = first_text(&m->expected_messages);
	if (message == NULL)
		message = first_text(&m->restart_reasons);
	for (size_t i = 0; i < REPORT_KIND_COUNT; i++) {
		if (m->kinds & 1u << i)
			buf_printf(&buf, "%s%s", buf.len > 0 ? ", " : "", report_kind_names[i]);
	}
	if (exception != NULL)
		buf_printf(&buf, " %s", exception);
	if (frame != NULL || image != NULL)
		buf_printf(&buf, " in %s", frame != NULL ? frame : "any function");
	if (m->frame.functions.count > 1)
		buf_printf(&buf, " (or %zu others)", m->frame.functions.count - 1);
	if (image != NULL)
		buf_printf(&buf, " of %s", image);
	for (size_t i = 0; i < rule->offset_count; i++)
		buf_printf(&buf, "%s0x%llx", i == 0 ? " at " : ", ",
			(unsigned long long)rule->offset_values[i]);
	if (message != NULL)
		buf_printf(&buf, ": %s", message);
	if (rule->match_count > 1)
		buf_printf(&buf, " (or %zu more way%s)", rule->match_count - 1,
			rule->match_count == 2 ? "" : "s");
	if (!buf.failed)
		copy = arena_strdup(arena, buf_str(&buf));
	buf_finish(&buf);
	return copy;
}

static int finish_rule(struct rule_loader *loader, const cJSON *object, struct rule *rule) {
	char *canonical;

	if (rule->site == NULL || rule->title == NULL || rule->match_count == 0)
		return rule_fail(loader, NULL, "site, title and match are required");
	if (rule->attributes != (rule->reason != NULL))
		return rule_fail(loader, NULL, "attribution and reason need each other");
	canonical = cJSON_PrintUnformatted(object);
	if (canonical == NULL)
		return rule_no_memory(loader);
	rule->canonical = arena_strdup(loader->arena, canonical);
	cJSON_free(canonical);
	rule->summary = summarise(rule, loader->arena);
	rule->source = arena_strdup(loader->arena, loader->name);
	if (rule->canonical == NULL || rule->summary == NULL || rule->source == NULL)
		return rule_no_memory(loader);
	return 0;
}

/* Moves *offset behind the '{' of the next rule, an object at depth 3, and counts the lines passed.
 */
static void next_rule(const char *json, size_t *offset, size_t *depth, size_t *line) {
	bool quoted = false;
	size_t i;

	for (i = *offset; json[i] != 0; i++) {
		char c = json[i];

		if (c == '\n')
			++*line;
		else if (quoted && c == '\\' && json[i + 1] != 0)
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '{' || c == '[')
			++*depth;
		else if ((c == '}' || c == ']') && *depth > 0)
			--*depth;
		if (c == '{' && !quoted && *depth == 3) {
			i++;
			break;
		}
	}
	*offset = i;
}

static int load_rules(struct rule_loader *loader, const cJSON *array, struct rule_list *ret) {
	size_t count = (size_t)cJSON_GetArraySize(array), offset = 0, depth = 0;
	struct rule_list list = {0};
	int r;

	assert(array != NULL);
	if (count > LIMIT_RULES)
		return err_set(
			loader->err, -EINVAL, "%s: more than %d rules", loader->name, LIMIT_RULES);
	list.items = arena_calloc(loader->arena, count + 1, sizeof *list.items);
	if (list.items == NULL)
		return rule_no_memory(loader);
	loader->line = 1;
	for (const cJSON *item = array->child; item != NULL; item = item->next, list.count++) {
		struct rule *rule = &list.items[list.count];

		loader->index = list.count;
		loader->site = NULL;
		if (!cJSON_IsObject(item))
			return rule_fail(loader, NULL, "is not an object");
		next_rule(loader->json, &offset, &depth, &loader->line);
		rule->index = loader->index;
		rule->line = loader->line;
		rule->priority = RULE_PRIORITY_DEFAULT;
		r = rule_read_members(loader, item, rule_members,
			sizeof rule_members / sizeof rule_members[0], rule);
		if (r == 0)
			r = finish_rule(loader, item, rule);
		if (r < 0)
			return r;
	}
	*ret = list;
	return 0;
}

/* The members of the document itself; "$schema" and "description" are for people and editors. */
static int load_document(struct rule_loader *loader, const cJSON *root, struct rule_list *ret) {
	static const char *const names[] = {"$schema", "description", "version", "rules"};
	const cJSON *rules = NULL;

	if (!cJSON_IsObject(root))
		return err_set(loader->err, -EINVAL, "%s:1: is not an object", loader->name);
	for (const cJSON *item = root->child; item != NULL; item = item->next) {
		size_t i = 0;

		while (i < sizeof names / sizeof names[0] && strcmp(names[i], item->string) != 0)
			i++;
		if (i == sizeof names / sizeof names[0])
			return err_set(loader->err, -EINVAL, "%s: %.100s: is no member known here",
				loader->name, item->string);
		if (i == 2 && !(cJSON_IsNumber(item) && item->valuedouble == 1))
			return err_set(loader->err, -EINVAL, "%s: version: only version 1 is known",
				loader->name);
		if (i < 2 && !cJSON_IsString(item))
			return err_set(loader->err, -EINVAL, "%s: %s: is not a string",
				loader->name, names[i]);
		if (i == 3 && rules != NULL)
			return err_set(
				loader->err, -EINVAL, "%s: rules: stands twice", loader->name);
		if (i == 3)
			rules = item;
	}
	if (!cJSON_IsArray(rules))
		return err_set(loader->err, -EINVAL, "%s: rules: is not a list", loader->name);
	return load_rules(loader, rules, ret);
}

static size_t line_of(const char *text, const char *end) {
	size_t line = 1;

	for (; text < end; text++)
		line += *text == '\n';
	return line;
}

int rule_list_load(struct rule_list *ret, const char *name, const char *json, size_t len,
	struct arena *arena, struct err *err) {
	struct rule_loader loader = {.name = name, .arena = arena, .err = err};
	const char *end = NULL;
	cJSON *root = NULL;
	char *copy = NULL;
	int r;

	if (len > LIMIT_RULES_BYTES)
		return err_set(err, -EINVAL, "%s: longer than %u bytes", name, LIMIT_RULES_BYTES);
	if (memchr(json, 0, len) != NULL)
		return err_set(err, -EINVAL, "%s: has a NUL byte", name);
	copy = malloc(len + 1);
	if (copy == NULL)
		return rule_no_memory(&loader);
	memcpy(copy, json, len);
	copy[len] = 0;
	loader.json = copy;
	root = cJSON_ParseWithLengthOpts(copy, len + 1, &end, true);
	if (root == NULL)
		r = err_set(err, -EINVAL, "%s:%zu: is not valid JSON", name,
			end != NULL ? line_of(copy, end) : 1);
	else
		r = load_document(&loader, root, ret);
	cJSON_Delete(root);
	free(copy);
	return r;
}
