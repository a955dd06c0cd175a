/* The default selection of the contract. */
#include "collect/select.h"

#include "base/text.h"
#include "triage/triage.h"

#include <stdlib.h>
#include <string.h>

const char *const select_default_include[] = {
	"Python*",
	"python*",
	"agxtriage-repro*",
	"gpuEvent-*",
	"panic-*",
	"*.panic",
	"JetsamEvent-*",
	NULL,
};

static const char *last_part(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool any_glob(const char *const *globs, const char *path) {
	const char *name = last_part(path);
	for (; globs && *globs; globs++)
		if (text_glob(*globs, name, false))
			return true;
	return false;
}

bool select_excludes(const struct selection *selection, const char *path) {
	return any_glob(selection->exclude, path);
}

bool select_by_name(const struct selection *selection, const char *path) {
	return selection->all ||
	       any_glob(selection->include ? selection->include : select_default_include, path);
}

bool select_by_content(const struct report *report) {
	switch (report->kind) {
	case REPORT_GPU_EVENT:
	case REPORT_PANIC:
	case REPORT_JETSAM:
		return true;
	case REPORT_CRASH:
		return triage_is_gpu_related(report);
	case REPORT_USER_FAULT:
	case REPORT_HANG:
	case REPORT_STACKSHOT:
	case REPORT_RESOURCE:
	case REPORT_OTHER:
	case REPORT_KIND_COUNT:
	default:
		return false;
	}
}

bool select_is_report_name(const char *path) {
	static const char *const endings[] = {
		".ips", ".crash", ".panic", ".ips.synced", ".ips.beta", ".ips.ca"};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (text_ends(path, endings[i]))
			return true;
	return false;
}

static void free_words(const char *const *words) {
	for (const char *const *word = words; word && *word; word++)
		free((void *)(uintptr_t)*word);
	free((void *)(uintptr_t)words);
}

void selection_free(struct selection *selection) {
	if (!selection)
		return;
	free_words(selection->include);
	free_words(selection->exclude);
	free(selection);
}

/* NULL for NULL; false without memory. */
static bool copy_words(const char *const *words, const char *const **ret) {
	size_t count = 0;
	if (!words)
		return true;
	while (words[count])
		count++;
	const char **copy = calloc(count + 1, sizeof *copy);
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(words[i]);
		if (copy[i])
			continue;
		free_words(copy);
		copy = NULL;
	}
	*ret = copy;
	return copy != NULL;
}

struct selection *selection_dup(const struct selection *selection) {
	struct selection *copy = calloc(1, sizeof *copy);
	if (!copy)
		return NULL;
	copy->all = selection->all;
	if (copy_words(selection->include, &copy->include) &&
		copy_words(selection->exclude, &copy->exclude))
		return copy;
	selection_free(copy);
	return NULL;
}
