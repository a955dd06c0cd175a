/*
 * A rule document: JSON to struct rule, with every member checked. A misspelt condition that was
 * passed over would make a rule match too much, so an unknown member is an error. Does not know
 * reports.
 */
#include "triage/rule.h"

#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SITE_BYTES 64

struct loader {
	const char *name, *json;
	struct arena *arena;
	struct err *err;
	size_t index; /* of the rule, from 0 */
	size_t line;
	const char *site; /* of the rule, NULL until it is known */
};

struct member {
	const char *name;
	int (*load)(struct loader *loader, const cJSON *item, void *target);
};

static int fail(struct loader *loader, const char *member, const char *what) {
	return err_set(loader->err, -EINVAL, "%s:%zu: rule %zu%s%s%s: %s%s%s", loader->name,
		loader->line, loader->index + 1, loader->site != NULL ? " (" : "",
		loader->site != NULL ? loader->site : "", loader->site != NULL ? ")" : "",
		member != NULL ? member : "", member != NULL ? ": " : "", what);
}

static int no_memory(struct loader *loader) {
	return err_set(loader->err, -ENOMEM, "%s: out of memory", loader->name);
}

static int load_text(struct loader *loader, const cJSON *item, const char **ret) {
	size_t len;
	char *copy;

	if (!cJSON_IsString(item))
		return fail(loader, item->string, "is not a string");
	len = strlen(item->valuestring);
	if (len == 0)
		return fail(loader, item->string, "is empty");
	if (len > LIMIT_RULE_PATTERN_BYTES)
		return fail(loader, item->string, "is longer than 1024 bytes");
	if (!text_is_clean(item->valuestring, len, TEXT_LINE))
		return fail(loader, item->string, "has control bytes or invalid UTF-8");
	copy = arena_strndup(loader->arena, item->valuestring, len);
	if (copy == NULL)
		return no_memory(loader);
	*ret = copy;
	return 0;
}

/* wild: the characters that are wildcards in this list. */
static enum rule_shape shape_of(const char *pattern, const char *wild, size_t *ret_length) {
	size_t len = strlen(pattern), plain = strcspn(pattern, wild);

	*ret_length = plain;
	if (plain == len)
		return RULE_EXACT;
	if (plain == len - 1 && pattern[plain] == '*')
		return RULE_PREFIX;
	if (len > 2 && pattern[0] == '*' && pattern[len - 1] == '*' &&
		strcspn(pattern + 1, wild) == len - 2) {
		*ret_length = len - 2;
		return RULE_CONTAINS;
	}
	return RULE_GLOB;
}

static int load_shapes(struct loader *loader, struct rule_texts *texts, const char *wild) {
	texts->shapes = arena_calloc(loader->arena, texts->count, sizeof *texts->shapes);
	texts->lengths = arena_calloc(loader->arena, texts->count, sizeof *texts->lengths);
	if (texts->shapes == NULL || texts->lengths == NULL)
		return no_memory(loader);
	for (size_t i = 0; i < texts->count; i++)
		texts->shapes[i] = shape_of(texts->items[i], wild, &texts->lengths[i]);
	return 0;
}

/* A string or an array of them. */
static int load_texts(struct loader *loader, const cJSON *item, void *target) {
	struct rule_texts *texts = target;
	bool many = cJSON_IsArray(item);
	const cJSON *one = many ? item->child : item;
	size_t count = many ? (size_t)cJSON_GetArraySize(item) : 1;
	int r;

	if (count == 0)
		return fail(loader, item->string, "is an empty list");
	texts->items = arena_calloc(loader->arena, count, sizeof *texts->items);
	texts->globs = texts->items;
	if (texts->items == NULL)
		return no_memory(loader);
	for (; texts->count < count; one = one->next, texts->count++) {
		r = load_text(loader, one, &texts->items[texts->count]);
		if (r < 0)
			return r;
	}
	return load_shapes(loader, texts, "*?[");
}

/* Functions and messages are full of brackets: there only * and ? are wildcards. */
static int load_bracketed(struct loader *loader, const cJSON *item, struct rule_texts *ret) {
	int r = load_texts(loader, item, ret);

	if (r < 0)
		return r;
	ret->globs = arena_calloc(loader->arena, ret->count, sizeof *ret->globs);
	if (ret->globs == NULL)
		return no_memory(loader);
	for (size_t i = 0; i < ret->count; i++) {
		const char *from = ret->items[i];
		char *to = arena_alloc(loader->arena, 3 * strlen(from) + 1);

		if (to == NULL)
			return no_memory(loader);
		ret->globs[i] = to;
		for (; *from != 0; from++) {
			if (*from == '[') {
				memcpy(to, "[[]", 3);
				to += 3;
			} else {
				*to++ = *from;
			}
		}
	}
	return load_shapes(loader, ret, "*?");
}

/* A bit for each name of the list that stands in names. */
static int load_bits(struct loader *loader, const cJSON *item, const char *const *names,
	size_t count, unsigned *ret) {
	struct rule_texts texts = {0};
	int r = load_texts(loader, item, &texts);

	if (r < 0)
		return r;
	for (size_t i = 0; i < texts.count; i++) {
		size_t k = 0;

		while (k < count && (names[k] == NULL || strcmp(names[k], texts.items[i]) != 0))
			k++;
		if (k == count)
			return fail(loader, item->string, "is none of the names allowed");
		*ret |= 1u << k;
	}
	return 0;
}

static int load_integer(
	struct loader *loader, const cJSON *item, double low, double high, int64_t *ret) {
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high) ||
		item->valuedouble != (double)(int64_t)item->valuedouble)
		return fail(loader, item->string, "is not an integer in its range");
	*ret = (int64_t)item->valuedouble;
	return 0;
}

/* Every member of an object through its table; each at most once. */
static int load_members(struct loader *loader, const cJSON *object, const struct member *members,
	size_t count, void *target) {
	uint64_t seen = 0;

	for (const cJSON *item = object->child; item != NULL; item = item->next) {
		size_t i = 0;
		int r;

		while (i < count && strcmp(members[i].name, item->string) != 0)
			i++;
		if (i == count)
			return fail(loader, item->string, "is no member known here");
		if (seen & (uint64_t)1 << i)
			return fail(loader, item->string, "stands twice");
		seen |= (uint64_t)1 << i;
		r = members[i].load(loader, item, target);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_kinds(struct loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return load_bits(loader, item, report_kind_names, REPORT_KIND_COUNT, &match->kinds);
}

static int load_faults(struct loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return load_bits(loader, item, fault_kind_names, FAULT_KIND_COUNT, &match->faults);
}

static int load_accesses(struct loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return load_bits(loader, item, fault_access_names, ACCESS_COUNT, &match->accesses);
}

static int load_exceptions(struct loader *loader, const cJSON *item, void *target) {
	return load_texts(loader, item, &((struct rule_match *)target)->exceptions);
}

static int load_signals(struct loader *loader, const cJSON *item, void *target) {
	return load_texts(loader, item, &((struct rule_match *)target)->signals);
}

static int load_frame(struct loader *loader, const cJSON *item, void *target) {
	return load_bracketed(loader, item, &((struct rule_match *)target)->frame.functions);
}

static int load_image(struct loader *loader, const cJSON *item, void *target) {
	return load_texts(loader, item, &((struct rule_match *)target)->frame.images);
}

static int load_within(struct loader *loader, const cJSON *item, unsigned *ret) {
	int64_t value = 0;
	int r;

	if (cJSON_IsString(item) && strcmp(item->valuestring, "any") == 0) {
		*ret = 0;
		return 0;
	}
	r = load_integer(loader, item, 1, STACK_FRAMES, &value);
	if (r == 0)
		*ret = (unsigned)value;
	return r;
}

static int load_frame_within(struct loader *loader, const cJSON *item, void *target) {
	return load_within(loader, item, &((struct rule_match *)target)->within);
}

static int load_below_within(struct loader *loader, const cJSON *item, void *target) {
	return load_within(loader, item, &((struct rule_match *)target)->below_within);
}

static int load_pattern_frame(struct loader *loader, const cJSON *item, void *target) {
	return load_bracketed(loader, item, &((struct rule_pattern *)target)->functions);
}

static int load_pattern_image(struct loader *loader, const cJSON *item, void *target) {
	return load_texts(loader, item, &((struct rule_pattern *)target)->images);
}

static int load_patterns(struct loader *loader, const cJSON *item, struct rule_patterns *ret) {
	static const struct member members[] = {
		{"frame", load_pattern_frame}, {"image", load_pattern_image}};
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return fail(loader, item->string, "is not a list of {frame, image}");
	ret->items = arena_calloc(loader->arena, count, sizeof *ret->items);
	if (ret->items == NULL)
		return no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		if (!cJSON_IsObject(one) || one->child == NULL)
			return fail(loader, item->string, "is not a list of {frame, image}");
		r = load_members(loader, one, members, 2, &ret->items[ret->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_above(struct loader *loader, const cJSON *item, void *target) {
	return load_patterns(loader, item, &((struct rule_match *)target)->above);
}

static int load_below(struct loader *loader, const cJSON *item, void *target) {
	return load_patterns(loader, item, &((struct rule_match *)target)->below);
}

static int load_messages(struct loader *loader, const cJSON *item, void *target) {
	return load_bracketed(loader, item, &((struct rule_match *)target)->messages);
}

static int load_expected(struct loader *loader, const cJSON *item, void *target) {
	return load_bracketed(loader, item, &((struct rule_match *)target)->expected_messages);
}

static int load_queues(struct loader *loader, const cJSON *item, void *target) {
	return load_texts(loader, item, &((struct rule_match *)target)->queues);
}

static int load_offset_condition(struct loader *loader, const cJSON *item, void *target) {
	if (!cJSON_IsString(item) || strcmp(item->valuestring, "known") != 0)
		return fail(loader, item->string, "can only be \"known\"");
	((struct rule_match *)target)->known_offset = true;
	return 0;
}

static int load_gpu_signatures(struct loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return fail(loader, item->string, "is not a list of integers");
	match->gpu_signatures = arena_calloc(loader->arena, count, sizeof *match->gpu_signatures);
	if (match->gpu_signatures == NULL)
		return no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		r = load_integer(loader, one, -9e15, 9e15,
			&match->gpu_signatures[match->gpu_signature_count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_restart_reasons(struct loader *loader, const cJSON *item, void *target) {
	return load_bracketed(loader, item, &((struct rule_match *)target)->restart_reasons);
}

static const struct member match_members[] = {
	{"kind", load_kinds},
	{"exception", load_exceptions},
	{"signal", load_signals},
	{"frame", load_frame},
	{"image", load_image},
	{"within", load_frame_within},
	{"above", load_above},
	{"below", load_below},
	{"below_within", load_below_within},
	{"message", load_messages},
	{"expect_message", load_expected},
	{"queue", load_queues},
	{"fault", load_faults},
	{"access", load_accesses},
	{"offset", load_offset_condition},
	{"gpu_signature", load_gpu_signatures},
	{"restart_reason", load_restart_reasons},
};

static int load_match(struct loader *loader, const cJSON *object, struct rule_match *match) {
	int r;

	if (!cJSON_IsObject(object) || object->child == NULL)
		return fail(loader, "match", "is not an object with at least one condition");
	*match = (struct rule_match){.within = 1, .below_within = RULE_BELOW_DEFAULT};
	r = load_members(loader, object, match_members,
		sizeof match_members / sizeof match_members[0], match);
	if (r < 0)
		return r;
	if (match->kinds == 0) {
		bool gpu = match->gpu_signature_count > 0 || match->restart_reasons.count > 0;

		match->kinds = 1u << (gpu ? REPORT_GPU_EVENT : REPORT_CRASH);
	}
	return 0;
}

static int load_matches(struct loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	bool many = cJSON_IsArray(item);
	const cJSON *one = many ? item->child : item;
	size_t count = many ? (size_t)cJSON_GetArraySize(item) : 1;
	int r;

	if (count == 0)
		return fail(loader, "match", "is an empty list");
	rule->matches = arena_calloc(loader->arena, count, sizeof *rule->matches);
	if (rule->matches == NULL)
		return no_memory(loader);
	for (; rule->match_count < count; one = one->next, rule->match_count++) {
		r = load_match(loader, one, &rule->matches[rule->match_count]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_site(struct loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	int r = load_text(loader, item, &rule->site);

	if (r < 0)
		return r;
	if (strlen(rule->site) > SITE_BYTES ||
		strspn(rule->site, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(rule->site))
		return fail(loader, "site", "is not made of at most 64 of a-z, 0-9 and -");
	loader->site = rule->site;
	return 0;
}

static int load_title(struct loader *loader, const cJSON *item, void *target) {
	return load_text(loader, item, &((struct rule *)target)->title);
}

static int load_reason(struct loader *loader, const cJSON *item, void *target) {
	return load_text(loader, item, &((struct rule *)target)->reason);
}

static int load_url(struct loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	struct rule_texts texts = {0};
	int r = load_texts(loader, item, &texts);

	for (size_t i = 0; r == 0 && i < texts.count; i++) {
		rule->url = rule->url == NULL ? texts.items[i]
					      : arena_printf(loader->arena, "%s %s", rule->url,
							texts.items[i]);
		if (rule->url == NULL)
			r = no_memory(loader);
		else if (strlen(rule->url) > 4 * LIMIT_RULE_PATTERN_BYTES)
			r = fail(loader, "url", "is longer than 4096 bytes in all");
	}
	return r;
}

static int load_priority(struct loader *loader, const cJSON *item, void *target) {
	int64_t value = 0;
	int r = load_integer(loader, item, -1000, 1000, &value);

	if (r == 0)
		((struct rule *)target)->priority = (int)value;
	return r;
}

static int load_attribution(struct loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	unsigned bits = 0;
	int r = load_bits(loader, item, attribution_names, ATTRIBUTION_COUNT, &bits);

	if (r < 0)
		return r;
	if (!cJSON_IsString(item))
		return fail(loader, "attribution", "is not one name");
	for (unsigned i = 0; i < ATTRIBUTION_COUNT; i++) {
		if (bits == 1u << i)
			rule->attribution = (enum attribution)i;
	}
	rule->attributes = true;
	return 0;
}

static int load_offset_value(struct loader *loader, const cJSON *item, void *target) {
	struct rule_offset *offset = target;

	if (!cJSON_IsString(item) || !text_starts(item->valuestring, "0x") ||
		!text_u64(item->valuestring, strlen(item->valuestring), &offset->offset))
		return fail(loader, "offset", "is not a string such as \"0x5c8\"");
	return 0;
}

static int load_offset_access(struct loader *loader, const cJSON *item, void *target) {
	struct rule_offset *offset = target;
	unsigned bits = 0;
	int r = load_bits(loader, item, fault_access_names, ACCESS_COUNT, &bits);

	for (unsigned i = 0; i < ACCESS_COUNT; i++) {
		if (bits == 1u << i)
			offset->access = (enum fault_access)i;
	}
	return r;
}

static int load_offset_note(struct loader *loader, const cJSON *item, void *target) {
	return load_text(loader, item, &((struct rule_offset *)target)->note);
}

static int load_offsets(struct loader *loader, const cJSON *item, void *target) {
	static const struct member members[] = {{"offset", load_offset_value},
		{"access", load_offset_access}, {"note", load_offset_note}};
	struct rule *rule = target;
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return fail(loader, "offsets", "is not a list of {offset, access, note}");
	rule->offsets = arena_calloc(loader->arena, count, sizeof *rule->offsets);
	rule->offset_values = arena_calloc(loader->arena, count, sizeof *rule->offset_values);
	if (rule->offsets == NULL || rule->offset_values == NULL)
		return no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		if (!cJSON_IsObject(one) || cJSON_GetObjectItemCaseSensitive(one, "offset") == NULL)
			return fail(loader, "offsets", "is not a list of {offset, access, note}");
		r = load_members(loader, one, members, 3, &rule->offsets[rule->offset_count]);
		if (r < 0)
			return r;
		rule->offset_values[rule->offset_count] = rule->offsets[rule->offset_count].offset;
		rule->offset_count++;
	}
	return 0;
}

static const struct member rule_members[] = {
	{"site", load_site},
	{"title", load_title},
	{"priority", load_priority},
	{"match", load_matches},
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

static int finish_rule(struct loader *loader, const cJSON *object, struct rule *rule) {
	char *canonical;

	if (rule->site == NULL || rule->title == NULL || rule->match_count == 0)
		return fail(loader, NULL, "site, title and match are required");
	if (rule->attributes != (rule->reason != NULL))
		return fail(loader, NULL, "attribution and reason need each other");
	canonical = cJSON_PrintUnformatted(object);
	if (canonical == NULL)
		return no_memory(loader);
	rule->canonical = arena_strdup(loader->arena, canonical);
	cJSON_free(canonical);
	rule->summary = summarise(rule, loader->arena);
	rule->source = arena_strdup(loader->arena, loader->name);
	if (rule->canonical == NULL || rule->summary == NULL || rule->source == NULL)
		return no_memory(loader);
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

static int load_rules(struct loader *loader, const cJSON *array, struct rule_list *ret) {
	size_t count = (size_t)cJSON_GetArraySize(array), offset = 0, depth = 0;
	struct rule_list list = {0};
	int r;

	assert(array != NULL);
	if (count > LIMIT_RULES)
		return err_set(
			loader->err, -EINVAL, "%s: more than %d rules", loader->name, LIMIT_RULES);
	list.items = arena_calloc(loader->arena, count + 1, sizeof *list.items);
	if (list.items == NULL)
		return no_memory(loader);
	loader->line = 1;
	for (const cJSON *item = array->child; item != NULL; item = item->next, list.count++) {
		struct rule *rule = &list.items[list.count];

		loader->index = list.count;
		loader->site = NULL;
		if (!cJSON_IsObject(item))
			return fail(loader, NULL, "is not an object");
		next_rule(loader->json, &offset, &depth, &loader->line);
		rule->index = loader->index;
		rule->line = loader->line;
		rule->priority = RULE_PRIORITY_DEFAULT;
		r = load_members(loader, item, rule_members,
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
static int load_document(struct loader *loader, const cJSON *root, struct rule_list *ret) {
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
	struct loader loader = {.name = name, .arena = arena, .err = err};
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
		return no_memory(&loader);
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
