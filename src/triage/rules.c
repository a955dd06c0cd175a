/*
 * The rule set: documents in, one list in order of precedence. What a rule means is rule_match.c's.
 */
#include "triage/rules.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "triage/redact_kept.h"
#include "triage/rule.h"
#include "triage/rules_builtin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for some files of LIMIT_RULES_BYTES, each about twice its size when loaded. */
#define RULES_ARENA_BYTES (16 * (size_t)LIMIT_RULES_BYTES)

static int make_version(struct rules *rules) {
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct buf buf = {0};

	for (size_t i = 0; i < rules->count; i++) {
		buf_add_str(&buf, rules->items[i].canonical);
		buf_add_char(&buf, '\n');
	}
	if (buf.failed) {
		buf_finish(&buf);
		return -ENOMEM;
	}
	sha256(buf_str(&buf), buf.len, digest);
	sha256_hex(digest, hex);
	memcpy(rules->version, hex, sizeof rules->version - 1);
	rules->version[sizeof rules->version - 1] = 0;
	buf_finish(&buf);
	return 0;
}

/* Highest priority first; with equal priority b's rules in front of a's. Both are sorted. */
static void merge(struct rule *out, const struct rules *a, const struct rule_list *b) {
	size_t i = 0, k = 0;

	while (i < a->count || k < b->count) {
		bool take_b = i == a->count ||
			      (k < b->count && b->items[k].priority >= a->items[i].priority);

		*out++ = take_b ? b->items[k++] : a->items[i++];
	}
}

/* By falling priority, then as they stood in the file. */
static int compare_rules(const void *left, const void *right) {
	const struct rule *a = left, *b = right;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

int rules_add(
	struct rules *rules, const char *name, const char *json, size_t len, struct err *err) {
	struct rule_list list;
	struct rules merged;
	int r = rule_list_load(&list, name, json, len, &rules->arena, err);

	if (r < 0)
		return r;
	if (list.count + rules->count > LIMIT_RULES)
		return err_set(err, -EINVAL, "%s: more than %d rules in all", name, LIMIT_RULES);
	qsort(list.items, list.count, sizeof *list.items, compare_rules);
	merged = *rules;
	merged.items =
		arena_calloc(&rules->arena, list.count + rules->count + 1, sizeof *merged.items);
	merged.arena = rules->arena;
	if (merged.items == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	merged.count = list.count + rules->count;
	merge(merged.items, rules, &list);
	if (make_version(&merged) < 0)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	*rules = merged;
	return 0;
}

struct rules *rules_new_builtin(struct err *err) {
	struct rules *rules = calloc(1, sizeof *rules);

	if (rules == NULL) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	arena_init(&rules->arena, RULES_ARENA_BYTES);
	rules->kept = calloc(1, sizeof *rules->kept); /* without memory it goes without */
	if (rules_add(rules, "built-in", rules_builtin, rules_builtin_len, err) < 0) {
		rules_free(rules);
		return NULL;
	}
	return rules;
}

static int compare_texts(const void *left, const void *right) {
	char *const *a = left;
	char *const *b = right;

	return strcmp(*a, *b);
}

/* The names of *.json in a folder, each to be freed with free(), sorted. */
static int list_files(const char *path, char ***ret, size_t *ret_count, struct err *err) {
	DIR *dir = opendir(path);
	char **names = NULL;
	size_t count = 0;
	const struct dirent *entry;
	int r = 0;

	if (dir == NULL)
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		char **more, *name;

		if (entry->d_name[0] == '.' || !text_ends(entry->d_name, ".json"))
			continue;
		more = realloc(names, (count + 1) * sizeof *names);
		if (more != NULL)
			names = more;
		name = more != NULL ? strdup(entry->d_name) : NULL;
		if (name == NULL)
			r = err_set(err, -ENOMEM, "%s: out of memory", path);
		else
			names[count++] = name;
	}
	closedir(dir);
	if (count > 1)
		qsort(names, count, sizeof *names, compare_texts);
	*ret = names;
	*ret_count = count;
	return r;
}

static int add_file(struct rules *rules, int folder, const char *name, struct err *err) {
	struct file_identity identity;
	struct buf buf = {0};
	int r = file_read(folder, name, FILE_FOLLOW, LIMIT_RULES_BYTES, &buf, &identity, err);

	if (r == 0)
		r = rules_add(rules, name, buf_str(&buf), buf.len, err);
	buf_finish(&buf);
	return r;
}

int rules_add_folder(struct rules *rules, const char *path, struct err *err) {
	char **names = NULL;
	size_t count = 0;
	int folder = -1, r;

	r = list_files(path, &names, &count, err);
	if (r < 0 || count == 0)
		goto out;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		r = err_set(err, -errno, "%s: %s", path, strerror(errno));
		goto out;
	}
	/* each file goes before those already there, so the first of the alphabet is added last */
	for (size_t i = count; r == 0 && i-- > 0;)
		r = add_file(rules, folder, names[i], err);
	if (r < 0)
		err_prefix(err, "%s", path);
out:
	if (folder >= 0)
		close(folder);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return r;
}

void rules_free(struct rules *rules) {
	if (rules == NULL)
		return;
	arena_finish(&rules->arena);
	free(rules->kept);
	free(rules);
}

const char *rules_version(const struct rules *rules) {
	return rules->version;
}

size_t rules_count(const struct rules *rules) {
	return rules->count;
}

void rules_info(const struct rules *rules, size_t index, struct rule_info *ret) {
	const struct rule *rule = &rules->items[index];

	*ret = (struct rule_info){
		.site = rule->site,
		.title = rule->title,
		.source = rule->source,
		.attribution = rule->attributes ? attribution_names[rule->attribution] : NULL,
		.reason = rule->reason,
		.url = rule->url,
		.priority = rule->priority,
		.summary = rule->summary,
		.offsets = rule->offset_values,
		.offset_count = rule->offset_count,
	};
}
