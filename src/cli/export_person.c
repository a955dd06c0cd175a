/* Who uses this machine and what it is called: known beforehand, so that it is found wherever it
 * stands in a report. */
#include "cli/export.h"

#include "base/path.h"
#include "triage/redact_names.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Shorter parts of a full name would hit what is no name. */
#define NAME_PART_MIN 3
#define HOST_BYTES 256
/* The letters of one word. */
#define WORD_ARENA_BYTES ((size_t)1 << 20)

/* Names that every system has tell nothing of anybody. */
static bool is_telling(const char *value) {
	static const char *const common[] = {"root", "nobody", "daemon", "user", "admin", "guest",
		"localhost", "localdomain", "local", "home", "Users", "/", "."};
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (strcmp(value, common[i]) == 0)
			return false;
	return *value != '\0';
}

static int know(
	struct redactor *redactor, enum redact_kind kind, const char *value, struct err *err) {
	return value && is_telling(value) ? redactor_know(redactor, kind, value, err) : 0;
}

/* A name of several parts, whole and part by part. separators end a part. */
static int know_parts(struct redactor *redactor, enum redact_kind kind, const char *value,
	const char *separators, struct err *err) {
	char *copy = strdup(value), *rest = NULL;
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	int r = know(redactor, kind, value, err);
	for (char *part = strtok_r(copy, separators, &rest); part && r == 0;
		part = strtok_r(NULL, separators, &rest))
		if (strlen(part) >= NAME_PART_MIN)
			r = know(redactor, kind, part, err);
	free(copy);
	return r;
}

/* "Full Name,Room,Phone,...": each of the fields is somebody's own business. */
static int know_gecos(struct redactor *redactor, const char *gecos, struct err *err) {
	char *copy = strdup(gecos), *rest = NULL;
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	int r = 0;
	for (char *field = strtok_r(copy, ",", &rest); field && r == 0;
		field = strtok_r(NULL, ",", &rest))
		r = know_parts(redactor, REDACT_USER, field, " .", err);
	free(copy);
	return r;
}

static int know_account(struct redactor *redactor, uid_t uid, struct err *err) {
	const struct passwd *entry = getpwuid(uid);
	if (!entry)
		return 0;
	int r = know(redactor, REDACT_USER, entry->pw_name, err);
	if (r == 0 && entry->pw_gecos && is_telling(entry->pw_gecos))
		r = know_gecos(redactor, entry->pw_gecos, err);
	if (r == 0 && entry->pw_dir)
		r = know(redactor, REDACT_USER, path_name(entry->pw_dir), err);
	return r;
}

static int know_user(struct redactor *redactor, struct err *err) {
	static const char *const variables[] = {"USER", "LOGNAME", "SUDO_USER"};
	int r = know_account(redactor, getuid(), err);
	if (r == 0 && geteuid() != getuid())
		r = know_account(redactor, geteuid(), err);
	for (size_t i = 0; i < sizeof variables / sizeof *variables && r == 0; i++)
		r = know(redactor, REDACT_USER, getenv(variables[i]), err);
	const char *home = getenv("HOME");
	if (r == 0 && home)
		r = know(redactor, REDACT_USER, path_name(home), err);
	return r;
}

/* "alices-mac.local": whole, and without its domain. */
static int know_host(struct redactor *redactor, const char *name, struct err *err) {
	char label[HOST_BYTES];
	size_t len = strcspn(name, ".");
	int r = know(redactor, REDACT_HOST, name, err);
	if (r < 0 || name[len] == '\0' || len >= sizeof label)
		return r;
	memcpy(label, name, len);
	label[len] = '\0';
	return know(redactor, REDACT_HOST, label, err);
}

static int know_machine(struct redactor *redactor, struct err *err) {
	char name[HOST_BYTES];
	struct utsname system;
	int r = 0;
	if (gethostname(name, sizeof name) == 0) {
		name[sizeof name - 1] = '\0';
		r = know_host(redactor, name, err);
	}
	if (r == 0 && uname(&system) == 0)
		r = know_host(redactor, system.nodename, err);
	return r;
}

int export_goes(const char *word, bool *ret, struct err *err) {
	struct redactor *redactor = NULL;
	struct buf text = {0};
	bool goes = *word != '\0';
	int r = redactor_new(&redactor, err);
	if (r == 0)
		r = redactor_know(redactor, REDACT_WORD, word, err);
	for (int form = 0; form < REDACT_FORM_COUNT && r == 0; form++) {
		buf_reset(&text);
		redact(redactor, (enum redact_form)form, word, &text);
		goes &= !strcasestr(buf_str(&text), word);
	}
	if (r == 0 && text.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	if (r == 0)
		*ret = goes;
	redactor_free(redactor);
	buf_finish(&text);
	return r;
}

struct search {
	struct redact_names names; /* the word alone */
	bool found;
};

/* Also a longer one, as the word is found whatever its case and accents. */
static int search_value(const struct redact_replacement *replacement, void *user) {
	struct search *search = user;
	const char *value = replacement->value;
	size_t len = strlen(value);
	for (size_t i = 0; i < len && replacement->count && !search->found; i++)
		search->found = redact_names_at(&search->names, value + i, len - i).len > 0;
	return search->found;
}

int export_stands(const struct redactor *redactor, const char *word, bool *ret, struct err *err) {
	struct arena arena;
	struct search search = {.names = {.arena = &arena}};
	arena_init(&arena, WORD_ARENA_BYTES);
	int r = redact_names_add(&search.names, REDACT_WORD, word, strlen(word));
	if (r < 0)
		err_set(err, r, "out of memory");
	else
		redactor_each(redactor, search_value, &search);
	*ret = search.found;
	arena_finish(&arena);
	return r;
}

int export_know(struct redactor *redactor, const struct option_list *words, struct err *err) {
	int r = 0;
	for (size_t i = 0; i < words->count && r == 0; i++)
		r = words->items[i][0] ? redactor_know(redactor, REDACT_WORD, words->items[i], err)
				       : 0;
	if (r == 0)
		r = know_user(redactor, err);
	return r == 0 ? know_machine(redactor, err) : r;
}
