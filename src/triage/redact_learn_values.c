/*
 * A word of another program's or a thread's name that prose does not keep stands in functions too,
 * where it looks like any other; so does the key of the machine. What everybody has is left out:
 * words of functions, the process itself, and images of the system and of packages.
 */
#include "triage/redact_learn.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"
#include "triage/redact_kept.h"
#include "triage/redact_scan.h"

#include <errno.h>
#include <string.h>

/* Of a machine's key. */
#define KEY_BYTES 8
/* Letters that one report may teach: thousands of threads with odd names are no reason to run out
 * of memory. */
#define LETTERS_MAX 16384

struct lesson {
	struct redact_names *names;
	const struct redact_words *words;
	struct redact_kept *kept;
	const struct report *report;
	const char *text; /* read now */
	uint32_t start;   /* nodes before the report */
	int result;
};

/* Nobody's own folder. */
static bool is_public(const char *path) {
	return !redact_finds(
		(struct redact_scan){.text = path, .len = strlen(path)}, REDACT_FORM_PATH);
}

static bool everybody_has(const struct report *report, const char *word, size_t len) {
	if (redact_contains(report->process.name, word, len))
		return true;
	for (size_t i = 0; i < report->image_count; i++) {
		const struct image *image = &report->images[i];

		if (image->path != NULL && redact_contains(image->name, word, len) &&
			is_public(image->path))
			return true;
	}
	return false;
}

static void learn_word(struct lesson *lesson, enum redact_kind kind, const char *word, size_t len) {
	if (len < REDACT_NAME_INSIDE || lesson->result < 0 ||
		lesson->names->nodes - lesson->start > LETTERS_MAX ||
		everybody_has(lesson->report, word, len))
		return;
	lesson->result = redact_names_add(lesson->names, kind, word, len);
}

/* Made of words that functions have. */
static bool is_ordinary(const struct lesson *lesson, size_t from, size_t to) {
	const char *text = lesson->text;

	for (size_t i = from, n; i<to; i += n> 0 ? n : 1) {
		n = redact_subword(text + i, to - i);
		if (n == 0 && (unsigned char)text[i] >= 0x80)
			return false;
		if (n > 1 && redact_is_letter(text[i]) &&
			!redact_symbol_word_known(lesson->words, text + i, n))
			return false;
	}
	return true;
}

/* A word, and the unknown ones of those that it is made of. */
static void note_value(enum redact_kind kind, size_t from, size_t to, void *user) {
	struct lesson *lesson = user;
	const char *text = lesson->text;

	if ((kind != REDACT_WORD && kind != REDACT_HOST) || is_ordinary(lesson, from, to))
		return;
	learn_word(lesson, kind, text + from, to - from);
	for (size_t i = from, n; i < to && kind == REDACT_WORD; i += n > 0 ? n : 1) {
		n = redact_subword(text + i, to - i);
		if (n > 0 && n < to - from && redact_is_letter(text[i]) &&
			!redact_symbol_word_known(lesson->words, text + i, n))
			learn_word(lesson, kind, text + i, n);
	}
}

static void learn_value(struct lesson *lesson, const char *text) {
	struct redact_scan scan = {
		.words = lesson->words, .text = text, .found = note_value, .user = lesson};
	enum redact_form form;

	if (text == NULL)
		return;
	lesson->text = text;
	scan.len = strlen(text);
	form = redact_is_bundle(text, scan.len) ? REDACT_FORM_NAME : REDACT_FORM_TEXT;
	if (lesson->kept == NULL || !redact_stays(lesson->kept, form, text, scan.len))
		redact_scan(&scan, form);
}

/* A UUID is known by its form wherever it stands. */
static void learn_key(struct lesson *lesson, const char *key) {
	size_t len = key != NULL ? strlen(key) : 0;

	if (len >= KEY_BYTES && strchr(key, '-') == NULL &&
		!redact_identifier_known(NULL, key, len))
		learn_word(lesson, REDACT_MACHINE, key, len);
}

static bool is_same(const char *a, const char *b) {
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

int redact_learn_values(struct redact_names *names, const struct redact_words *words,
	struct redact_kept *kept, const struct report *report) {
	struct lesson lesson = {.names = names,
		.words = words,
		.kept = kept,
		.report = report,
		.start = names->nodes};
	static const struct thread none = {0};
	const char *const values[] = {report->process.parent, report->process.responsible,
		report->process.coalition, report->termination.by_process};

	learn_key(&lesson, report->crash_reporter_key);
	learn_key(&lesson, report->boot_session);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		learn_value(&lesson, values[i]);
	for (size_t i = 0; i < report->thread_count; i++) {
		const struct thread *now = &report->threads[i];
		const struct thread *before = i > 0 ? now - 1 : &none;

		if (!is_same(now->name, before->name))
			learn_value(&lesson, now->name);
		if (!is_same(now->queue, before->queue))
			learn_value(&lesson, now->queue);
	}
	return lesson.result;
}
