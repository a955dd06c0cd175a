/* Values of a rule document. Knows which are allowed, not what they are for. */
#include "triage/rule_parts.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

int rule_fail(struct rule_loader *loader, const char *member, const char *what) {
	return err_set(loader->err, -EINVAL, "%s:%zu: rule %zu%s%s%s: %s%s%s", loader->name,
		loader->line, loader->index + 1, loader->site != NULL ? " (" : "",
		loader->site != NULL ? loader->site : "", loader->site != NULL ? ")" : "",
		member != NULL ? member : "", member != NULL ? ": " : "", what);
}

int rule_no_memory(struct rule_loader *loader) {
	return err_set(loader->err, -ENOMEM, "%s: out of memory", loader->name);
}

int rule_read_text(struct rule_loader *loader, const cJSON *item, const char **ret) {
	size_t len;
	char *copy;

	if (!cJSON_IsString(item))
		return rule_fail(loader, item->string, "is not a string");
	len = strlen(item->valuestring);
	if (len == 0)
		return rule_fail(loader, item->string, "is empty");
	if (len > LIMIT_RULE_PATTERN_BYTES)
		return rule_fail(loader, item->string, "is longer than 1024 bytes");
	if (!text_is_clean(item->valuestring, len, TEXT_LINE))
		return rule_fail(loader, item->string, "has control bytes or invalid UTF-8");
	copy = arena_strndup(loader->arena, item->valuestring, len);
	if (copy == NULL)
		return rule_no_memory(loader);
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

static int load_shapes(struct rule_loader *loader, struct rule_texts *texts, const char *wild) {
	texts->shapes = arena_calloc(loader->arena, texts->count, sizeof *texts->shapes);
	texts->lengths = arena_calloc(loader->arena, texts->count, sizeof *texts->lengths);
	if (texts->shapes == NULL || texts->lengths == NULL)
		return rule_no_memory(loader);
	for (size_t i = 0; i < texts->count; i++)
		texts->shapes[i] = shape_of(texts->items[i], wild, &texts->lengths[i]);
	return 0;
}

int rule_read_texts(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_texts *texts = target;
	bool many = cJSON_IsArray(item);
	const cJSON *one = many ? item->child : item;
	size_t count = many ? (size_t)cJSON_GetArraySize(item) : 1;
	int r;

	if (count == 0)
		return rule_fail(loader, item->string, "is an empty list");
	texts->items = arena_calloc(loader->arena, count, sizeof *texts->items);
	texts->globs = texts->items;
	if (texts->items == NULL)
		return rule_no_memory(loader);
	for (; texts->count < count; one = one->next, texts->count++) {
		r = rule_read_text(loader, one, &texts->items[texts->count]);
		if (r < 0)
			return r;
	}
	return load_shapes(loader, texts, "*?[");
}

int rule_read_bracketed(struct rule_loader *loader, const cJSON *item, struct rule_texts *ret) {
	int r = rule_read_texts(loader, item, ret);

	if (r < 0)
		return r;
	ret->globs = arena_calloc(loader->arena, ret->count, sizeof *ret->globs);
	if (ret->globs == NULL)
		return rule_no_memory(loader);
	for (size_t i = 0; i < ret->count; i++) {
		const char *from = ret->items[i];
		char *to = arena_alloc(loader->arena, 3 * strlen(from) + 1);

		if (to == NULL)
			return rule_no_memory(loader);
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

int rule_read_bits(struct rule_loader *loader, const cJSON *item, const char *const *names,
	size_t count, unsigned *ret) {
	struct rule_texts texts = {0};
	int r = rule_read_texts(loader, item, &texts);

	if (r < 0)
		return r;
	for (size_t i = 0; i < texts.count; i++) {
		size_t k = 0;

		while (k < count && (names[k] == NULL || strcmp(names[k], texts.items[i]) != 0))
			k++;
		if (k == count)
			return rule_fail(loader, item->string, "is none of the names allowed");
		*ret |= 1u << k;
	}
	return 0;
}

int rule_read_integer(
	struct rule_loader *loader, const cJSON *item, double low, double high, int64_t *ret) {
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high) ||
		item->valuedouble != (double)(int64_t)item->valuedouble)
		return rule_fail(loader, item->string, "is not an integer in its range");
	*ret = (int64_t)item->valuedouble;
	return 0;
}

int rule_read_members(struct rule_loader *loader, const cJSON *object,
	const struct rule_member *members, size_t count, void *target) {
	uint64_t seen = 0;

	for (const cJSON *item = object->child; item != NULL; item = item->next) {
		size_t i = 0;
		int r;

		while (i < count && strcmp(members[i].name, item->string) != 0)
			i++;
		if (i == count)
			return rule_fail(loader, item->string, "is no member known here");
		if (seen & (uint64_t)1 << i)
			return rule_fail(loader, item->string, "stands twice");
		seen |= (uint64_t)1 << i;
		r = members[i].load(loader, item, target);
		if (r < 0)
			return r;
	}
	return 0;
}
