/*
 * A folder that goes in a path goes in functions, threads and texts, too: it is a project, a
 * company, a person. What a program shows by its own name and those of its images is left out, and
 * so are folders that every project has.
 */
#include "triage/redact_learn.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"
#include "triage/redact_scan.h"

#include <string.h>

/* Shorter ones stand in half of all words. */
#define FOLDER_INSIDE 6
/* Letters that one report may teach. */
#define LETTERS_MAX 16384

struct lesson {
	struct redact_names *names;
	const struct report *report;
	const char *text; /* read now */
	uint32_t start;   /* nodes before the report */
	int result;
};

/* Thousands of images in places that nobody but the system writes to. */
static bool is_of_the_system(const char *text) {
	return (strncmp(text, "/System/Library/", 16) == 0 || strncmp(text, "/usr/lib/", 9) == 0) &&
	       strstr(text, "..") == NULL;
}

/* The last parts of paths stay. The system names nothing after somebody's folder. */
static bool is_shown(const struct report *report, const char *word, size_t len) {
	if (redact_contains(report->process.name, word, len))
		return true;
	for (size_t i = 0; i < report->image_count; i++) {
		const struct image *image = &report->images[i];

		if ((image->path == NULL || !is_of_the_system(image->path)) &&
			redact_contains(image->name, word, len))
			return true;
	}
	return false;
}

/* Folders of bundles, of package managers and of those who build for others; in lower case. */
static bool is_usual(const char *word, size_t len) {
	static const char *const folders[] = {"anaconda", "caskroom", "cellar", "cloudstorage",
		"coresimulator", "deriveddata", "driverextensions", "envs", "helpertools",
		"homebrew", "launchservices", "llama.cpp", "loginitems", "macports", "miniconda",
		"miniforge", "miniconda3", "anaconda3", "miniforge3", "node_modules",
		"privateframeworks", "pyenv", "quicklook", "runner", "rustup", "sharedframeworks",
		"sharedsupport", "sourcepackages", "stable-diffusion-webui", "systemextensions",
		"xpcservices"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		if (strlen(folders[i]) == len && redact_at(word, len, folders[i]))
			return true;
	}
	return false;
}

struct shape {
	size_t known, unknown;
	bool joined; /* words with a capital each and nothing between them */
};

static struct shape shape_of(const char *word, size_t len) {
	struct shape shape = {.joined = true};

	for (size_t i = 0, n; i<len; i += n> 0 ? n : 1) {
		n = redact_subword(word + i, len - i);
		shape.joined &= n > 2 && redact_is_upper(word[i]);
		if (n == 0)
			shape.unknown += (unsigned char)word[i] >= 0x80;
		else if (n > 1 && redact_is_letter(word[i]))
			*(redact_symbol_word_known(NULL, word + i, n) ? &shape.known
								      : &shape.unknown) += 1;
	}
	return shape;
}

/* Without the dot of a hidden folder and what a bundle ends in. */
static void learn_folder(struct lesson *lesson, const char *word, size_t len) {
	const char *dot;
	struct shape shape;

	while (len > 0 && (*word == '.' || *word == ' ')) {
		word++;
		len--;
	}
	dot = len > 0 ? memchr(word + 1, '.', len - 1) : NULL;
	if (dot != NULL && redact_is_letter(dot[1]) && len - (size_t)(dot - word) <= 12)
		len = (size_t)(dot - word);
	shape = shape_of(word, len);
	if (len < REDACT_NAME_INSIDE || shape.unknown + shape.known == 0 || lesson->result < 0 ||
		lesson->names->nodes - lesson->start > LETTERS_MAX || is_usual(word, len) ||
		is_shown(lesson->report, word, len))
		return;
	if (shape.unknown > 0 && len >= FOLDER_INSIDE)
		lesson->result = redact_names_add(lesson->names, REDACT_PATH, word, len);
	else if (shape.unknown > 0 || (shape.joined && shape.known > 1))
		lesson->result = redact_names_add_whole(lesson->names, REDACT_PATH, word, len);
}

static void note_folders(enum redact_kind kind, size_t from, size_t to, void *user) {
	struct lesson *lesson = user;
	const char *text = lesson->text;

	for (size_t i = from, n; i < to && kind == REDACT_PATH; i += n > 0 ? n : 1) {
		size_t start = i;

		while (i < to && redact_separator(text + i, to - i) == 0)
			i++;
		learn_folder(lesson, text + start, i - start);
		n = redact_separator(text + i, to - i);
	}
}

/* Reports have thousands of texts; most have none of these. */
static bool may_have_folders(const char *text) {
	return strchr(text, '/') != NULL || strchr(text, '\\') != NULL ||
	       strchr(text, '%') != NULL || strstr(text, "&#") != NULL;
}

/* Bytes of a path up to what its maker, not its owner, has named. */
static size_t own_folders(const char *path) {
	static const char *const marks[] = {".app/", "/site-packages/"};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		const char *at = strstr(path, marks[i]);

		if (at != NULL)
			return (size_t)(at - path) + strlen(marks[i]);
	}
	return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* The image before it has taught the same. */
static bool is_beside(const char *path, const char *other) {
	size_t n = path != NULL && other != NULL ? own_folders(path) : 0;

	return n > 0 && strncmp(path, other, n) == 0 && own_folders(other) == n;
}

static void learn(struct lesson *lesson, enum redact_form form, const char *text) {
	struct redact_scan scan = {.text = text, .found = note_folders, .user = lesson};

	if (text == NULL || !may_have_folders(text) ||
		(form == REDACT_FORM_PATH && is_of_the_system(text)))
		return;
	lesson->text = text;
	scan.len = strlen(text);
	redact_scan(&scan, form);
}

static void learn_frames(struct lesson *lesson, const struct frames *frames) {
	for (size_t i = 0; i < frames->count; i++) {
		learn(lesson, REDACT_FORM_SYMBOL, frames->items[i].symbol);
		learn(lesson, REDACT_FORM_PATH, frames->items[i].source_file);
	}
}

int redact_learn_folders(struct redact_names *names, const struct report *report) {
	struct lesson lesson = {.names = names, .report = report, .start = names->nodes};

	learn(&lesson, REDACT_FORM_PATH, report->process.path);
	for (size_t i = 0; i < report->image_count; i++) {
		const char *path = report->images[i].path;

		if (i == 0 || !is_beside(path, report->images[i - 1].path))
			learn(&lesson, REDACT_FORM_PATH, path);
	}
	for (size_t i = 0; i < report->app_info_count; i++)
		learn(&lesson, REDACT_FORM_TEXT, report->app_info[i]);
	learn_frames(&lesson, &report->last_exception);
	for (size_t i = 0; i < report->thread_count; i++)
		learn_frames(&lesson, &report->threads[i].frames);
	return lesson.result;
}
