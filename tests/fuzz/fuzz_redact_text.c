/*
 * Any text in every form: a second redaction changes nothing, a signature's text is the same before
 * and after, and the name that was known beforehand is gone, or that the report has learned. The
 * first line, when there is more, is such a name.
 */
#include "fuzz.h"

#include "base/text.h"
#include "triage/redact.h"

#include <string.h>

#define INPUT_BYTES 4096

static bool has_name(const char *text, const char *name) {
	size_t len = strlen(name);

	for (; *text != 0; text++) {
		if (strncasecmp(text, name, len) == 0)
			return true;
	}
	return false;
}

/* A name that is no part of a word of the vocabulary and of no placeholder. */
static bool is_odd_name(const char *name) {
	size_t odd = 0;

	for (size_t i = 0; name[i] != 0; i++) {
		if (name[i] < 'a' || name[i] > 'z')
			return false;
		odd += name[i] == 'q' || name[i] == 'z' || name[i] == 'j';
	}
	return strlen(name) >= 6 && strlen(name) <= 20 && odd >= 3;
}

static void try_form(enum redact_form form, const char *text, const char *name) {
	struct buf first = {0}, second = {0};
	struct redactor *redactor = NULL;
	struct arena arena;
	const char *before, *after;

	arena_init(&arena, (size_t)64 << 20);
	MUST(redactor_new(&redactor, NULL) == 0);
	redact(redactor, form, text, &first);
	redact(redactor, form, buf_str(&first), &second);
	MUST(!first.failed && !second.failed);
	MUST(strcmp(buf_str(&first), buf_str(&second)) == 0);
	before = redact_fold(form, NULL, NULL, text, &arena);
	after = redact_fold(form, NULL, NULL, buf_str(&first), &arena);
	MUST(before != NULL && after != NULL && strcmp(before, after) == 0);
	if (name != NULL) {
		buf_reset(&first);
		MUST(redactor_know(redactor, REDACT_USER, name, NULL) == 0);
		redact(redactor, form, text, &first);
		MUST(!has_name(buf_str(&first), name));
		buf_reset(&second);
		redact(redactor, form, buf_str(&first), &second);
		MUST(strcmp(buf_str(&first), buf_str(&second)) == 0);
	}
	buf_finish(&first);
	buf_finish(&second);
	arena_finish(&arena);
	redactor_free(redactor);
}

/* The name is that of another program in the report. */
static void try_learned(enum redact_form form, const char *text, const char *name) {
	const struct report report = {.process.parent = name, .crashed_thread = -1};
	const struct redact_names *own = NULL;
	struct redactor *redactor = NULL;
	struct buf first = {0};
	struct arena arena;

	arena_init(&arena, (size_t)64 << 20);
	MUST(redactor_new(&redactor, NULL) == 0);
	MUST(redactor_learn(redactor, &report, "", 0, NULL) == 0);
	redact(redactor, form, text, &first);
	MUST(!first.failed && !has_name(buf_str(&first), name));
	MUST(redact_names_of(&report, NULL, &arena, &own) == 0);
	MUST(strcmp(redact_fold(form, own, NULL, text, &arena),
		     redact_fold(form, NULL, NULL, buf_str(&first), &arena)) == 0);
	buf_finish(&first);
	arena_finish(&arena);
	redactor_free(redactor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text, *name = NULL;
	char *copy, *clean;
	size_t line;

	if (size > INPUT_BYTES)
		size = INPUT_BYTES;
	clean = malloc(3 * size + 1);
	copy = malloc(size + 1);
	MUST(clean != NULL && copy != NULL);
	memcpy(copy, data, size);
	copy[size] = 0;
	text_clean(clean, copy, size, TEXT_LINES);
	text = clean;
	line = strcspn(clean, "\n");
	if (clean[line] != 0) {
		clean[line] = 0;
		text = clean + line + 1;
		if (is_odd_name(clean))
			name = clean;
	}
	for (int form = 0; form < REDACT_FORM_COUNT; form++) {
		try_form((enum redact_form)form, text, name);
		if (name != NULL)
			try_learned((enum redact_form)form, text, name);
	}
	free(copy);
	free(clean);
	return 0;
}
