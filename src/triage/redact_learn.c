/*
 * A name is learned where a system puts one: the folder of a home, the start of a Mac's host name.
 */
#include "triage/redact_learn.h"

#include "base/text.h"
#include "triage/redact_char.h"
#include "triage/redact_find.h"
#include "triage/redact_words.h"

#include <errno.h>
#include <string.h>

/* A login has 20 letters at most on most systems, a folder's name up to 255. */
#define NAME_BYTES 255
/* A report that claims higher numbers is not ours: placeholders have six digits at most. */
#define NUMBER_MAX 900000
/* Of a name within a login. */
#define STEM_LETTERS 5

static bool is_ordinary(const char *word, size_t len) {
	return redact_identifier_known(NULL, word, len) ||
	       redact_symbol_word_known(NULL, word, len);
}

/* "smith" of "smith42", "smithson" of "jsmithson": what a login has before or behind the name. */
static int learn_stem(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	size_t letters = 0;

	while (len > 0 && redact_is_digit(value[len - 1]))
		len--;
	while (letters < len && redact_is_letter(value[letters]))
		letters++;
	if (len < STEM_LETTERS || is_ordinary(value, len))
		return 0;
	if (redact_names_add(names, kind, value, len) < 0)
		return -ENOMEM;
	if (kind != REDACT_USER || letters < len || len - 1 < STEM_LETTERS ||
		is_ordinary(value + 1, len - 1))
		return 0;
	return redact_names_add(names, kind, value + 1, len - 1);
}

/* A part of "john.smith" counts where it is long enough and no ordinary word. */
static int learn_parts(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	for (size_t i = 0; i < len;) {
		size_t n = 0;

		while (i + n < len && strchr(" ._-+@'", value[i + n]) == NULL)
			n++;
		if (n >= REDACT_NAME_INSIDE && n < len &&
			!redact_identifier_known(NULL, value + i, n) &&
			redact_names_add(names, kind, value + i, n) < 0)
			return -ENOMEM;
		if (n > 0 && learn_stem(names, kind, value + i, n) < 0)
			return -ENOMEM;
		i += n + 1;
	}
	return 0;
}

/* How those write a letter who have no key for it; "" for others. */
static const char *spell(uint32_t point, char before) {
	switch (point) {
	case 0xc4:
	case 0xe4:
	case 0xc6:
	case 0xe6:
		return "ae";
	case 0xd6:
	case 0xf6:
	case 0xd8:
	case 0xf8:
		return "oe";
	case 0xdc:
	case 0xfc:
		return "ue";
	case 0xc5:
	case 0xe5:
		return "aa";
	case 0xdf:
		return "ss";
	case 0x308: /* behind its letter */
		return before != 0 && strchr("aouAOU", before) != NULL ? "e" : "";
	default:
		return "";
	}
}

/* "mueller" for "m\u00fcller". */
static int learn_spelling(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	char copy[2 * NAME_BYTES];
	bool other = false;
	size_t done = 0;

	for (size_t i = 0, n; i < len; i += n) {
		const char *letters;
		uint32_t point;

		n = redact_char(value + i, len - i, &point);
		letters = spell(point, (char)(done > 0 ? copy[done - 1] : 0));
		other |= letters[0] != 0;
		if (letters[0] == 0) {
			memcpy(copy + done, value + i, n);
			done += n;
		} else {
			memcpy(copy + done, letters, strlen(letters));
			done += strlen(letters);
		}
	}
	if (!other)
		return 0;
	return redact_names_add(names, kind, copy, done) < 0 ? -ENOMEM
							     : learn_parts(names, kind, copy, done);
}

/* Joined of ordinary words, as projects are called; what starts with capitals is Apple's. */
static bool is_joined(const char *value, size_t len) {
	size_t words = 0, n;

	if ((len > 1 && redact_is_upper(value[0]) && redact_is_upper(value[1])) ||
		redact_word_known(NULL, value, len) || !redact_identifier_known(NULL, value, len))
		return false;
	for (size_t i = 0; i<len; i += n> 0 ? n : 1) {
		n = redact_subword(value + i, len - i);
		words += n > 1 && redact_is_letter(value[i]);
	}
	return words > 1;
}

int redact_learn_name(
	struct redact_names *names, enum redact_kind kind, const char *value, size_t len) {
	if (len > NAME_BYTES)
		len = NAME_BYTES;
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '.'))
		len--;
	if (kind == REDACT_WORD && is_joined(value, len))
		return redact_names_add_asked(names, kind, value, len);
	if (redact_names_add(names, kind, value, len) < 0)
		return -ENOMEM;
	if (kind == REDACT_USER && learn_spelling(names, kind, value, len) < 0)
		return -ENOMEM;
	return kind == REDACT_USER || kind == REDACT_HOST ? learn_parts(names, kind, value, len)
							  : 0;
}

/* What ends a folder's name beside a separator. */
static bool ends_name(char c) {
	return (unsigned char)c < 0x20 || strchr("\"`<>|*?:;,)]}", c) != NULL;
}

/* The folder's name at text: up to the next separator; a blank belongs to it when one follows. */
static size_t folder_name(const char *text, size_t len) {
	size_t n = 0, blank = 0;

	while (n < len && n < NAME_BYTES && !ends_name(text[n]) &&
		redact_separator(text + n, len - n) == 0) {
		if (text[n] == ' ' && blank == 0)
			blank = n;
		n++;
	}
	return blank > 0 && (n >= len || redact_separator(text + n, len - n) == 0) ? blank : n;
}

/* Bytes of "Users" and the separator behind it. */
static size_t homes(const char *text, size_t len) {
	static const char *const folders[] = {"users", "home"};

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		size_t n = strlen(folders[i]), more;

		if (!redact_at(text, len, folders[i]))
			continue;
		more = redact_separator(text + n, len - n);
		while (more > 0 && redact_separator(text + n + more, len - n - more) > 0)
			more += redact_separator(text + n + more, len - n - more);
		if (more > 0)
			return n + more;
	}
	return 0;
}

/* Where the next separators may stand; each sort is looked for again only when it is passed. */
struct search {
	const char *text;
	size_t len;
	size_t next[4];
};

static size_t find_separator(struct search *search, size_t from) {
	static const char signs[] = {'/', '\\', '%', '&'};
	size_t best = search->len;

	for (size_t i = 0; i < sizeof signs; i++) {
		if (search->next[i] < from || from == 0) {
			const char *at = memchr(search->text + from, signs[i], search->len - from);

			search->next[i] = at != NULL ? (size_t)(at - search->text) : search->len;
		}
		if (search->next[i] < best)
			best = search->next[i];
	}
	return best;
}

int redact_learn_text(struct redact_names *names, const char *text, size_t len) {
	struct search search = {.text = text, .len = len};

	for (size_t i = 0; i < len;) {
		size_t n, skip, name;

		i = find_separator(&search, i);
		n = redact_separator(text + i, len - i);
		skip = n > 0 ? homes(text + i + n, len - i - n) : 0;
		i += n > 0 ? n + skip : 1;
		if (skip == 0)
			continue;
		name = folder_name(text + i, len - i);
		if (name > 0 && redact_learn_name(names, REDACT_USER, text + i, name) < 0)
			return -ENOMEM;
		i += name;
	}
	return 0;
}

static int learn_one(struct redact_names *names, const char *text) {
	return text != NULL ? redact_learn_text(names, text, strlen(text)) : 0;
}

static int learn_frames(struct redact_names *names, const struct frames *frames) {
	int r = 0;

	for (size_t i = 0; i < frames->count && r == 0; i++) {
		r = learn_one(names, frames->items[i].symbol);
		if (r == 0)
			r = learn_one(names, frames->items[i].source_file);
	}
	return r;
}

static int learn_threads(struct redact_names *names, const struct report *report) {
	int r = learn_frames(names, &report->last_exception);

	for (size_t i = 0; i < report->thread_count && r == 0; i++) {
		const struct thread *thread = &report->threads[i];

		r = learn_one(names, thread->name);
		if (r == 0)
			r = learn_one(names, thread->queue);
		if (r == 0)
			r = learn_frames(names, &thread->frames);
	}
	return r;
}

int redact_learn_paths(struct redact_names *names, const struct report *report) {
	const char *const texts[] = {report->process.name, report->process.path,
		report->process.parent, report->process.responsible, report->process.coalition,
		report->exception.message, report->exception.subtype, report->termination.indicator,
		report->termination.by_process, report->vm_region_info, report->panic_string,
		report->gpu_event.restart_reason_desc};
	int r = 0;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0] && r == 0; i++)
		r = learn_one(names, texts[i]);
	for (size_t i = 0; i < report->app_info_count && r == 0; i++)
		r = learn_one(names, report->app_info[i]);
	for (size_t i = 0; i < report->image_count && r == 0; i++)
		r = learn_one(names, report->images[i].path);
	return r == 0 ? learn_threads(names, report) : r;
}

void redact_learn_numbers(const char *text, size_t len, uint64_t numbers[REDACT_KIND_COUNT]) {
	for (const char *at = memchr(text, '<', len); at != NULL;
		at = memchr(at + 1, '<', len - (size_t)(at + 1 - text))) {
		size_t n = redact_placeholder(at, len - (size_t)(at - text));

		for (size_t i = 0; n > 0 && i < REDACT_KIND_COUNT; i++) {
			size_t word = strlen(redact_kind_names[i]) + 1;
			uint64_t number;

			if (text_starts(at + 1, redact_kind_names[i]) && at[word] == '-' &&
				text_u64(at + word + 1, n - word - 2, &number) &&
				number > numbers[i] && number <= NUMBER_MAX)
				numbers[i] = number;
		}
	}
}

int redact_names_of(const struct report *report, struct redact_kept *kept, struct arena *arena,
	const struct redact_names **ret) {
	struct redact_names *names = arena_calloc(arena, 1, sizeof *names);
	int r;

	if (names == NULL)
		return -ENOMEM;
	names->arena = arena;
	*ret = names;
	r = redact_learn_paths(names, report);
	if (r == 0)
		r = redact_learn_values(names, NULL, kept, report);
	return r == 0 ? redact_learn_folders(names, report) : r;
}
