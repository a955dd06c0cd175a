/* Secrets by the name of their option or variable, whatever they look like. */
#include "export/experiment_secret.h"

#include "export/experiment_parts.h"
#include "triage/redact_setting.h"
#include "triage/redact_variable.h"
#include "triage/redact_words.h"

#include <errno.h>
#include <string.h>

/* Shorter ones stand in too many words, or are numbers that stand everywhere. */
#define KNOWN_BYTES 4
#define KNOWN_DIGITS 6
/* "-p 8" is a count, a part, a priority; "-p 4711" is what nobody can tell from a PIN. */
#define SHORT_DIGITS 4
/* Of a variable. */
#define NAME_BYTES 128

static bool is_digits(const char *text) {
	return text[strspn(text, "0123456789")] == '\0';
}

/* "MODE=fast", as env(1) and --matrix take it. */
static bool sets_variable(const char *word, size_t len) {
	char name[NAME_BYTES];
	if (len >= sizeof name || !redact_environment_key(word, len))
		return false;
	memcpy(name, word, len);
	name[len] = '\0';
	return experiment_secret_variable(name, word + len + 1);
}

/* By the name of the option or variable alone. */
static size_t secret_at(const char *before, const char *word) {
	size_t len = strlen(word), name = strcspn(word, "=");
	if (name < len && redact_is_secret_setting(word, name, word + name + 1))
		return name + 1;
	if (!before || before[0] != '-' || strchr(before, '='))
		return len;
	if (strcmp(before, "-p") == 0)
		return len >= SHORT_DIGITS && is_digits(word) ? 0 : len;
	return word[0] != '-' && redact_is_secret_setting(before, strlen(before), word) ? 0 : len;
}

size_t experiment_secret(const char *before, const char *word) {
	size_t at = secret_at(before, word), name = strcspn(word, "=");
	return !word[at] && word[name] && sets_variable(word, name) ? name + 1 : at;
}

/* One character is a switch or a count, and no secret. */
bool experiment_secret_variable(const char *name, const char *value) {
	if (redact_is_secret_setting(name, strlen(name), value))
		return true;
	return !redact_variable_known(name) && strlen(value) > 1;
}

/* ---- known beforehand ---- */

struct learning {
	struct store *store;
	struct redactor *redactor;
	struct err *err;
};

static int know(const struct learning *learning, const char *value) {
	size_t len = strlen(value);
	if (len < (is_digits(value) ? KNOWN_DIGITS : KNOWN_BYTES) ||
		redact_identifier_known(NULL, value, len))
		return 0;
	return redactor_know(learning->redactor, REDACT_SECRET, value, learning->err);
}

static int learn_facts(const struct learning *learning, const struct summary_condition *condition) {
	int code = 0;
	for (size_t i = 0; i < condition->env_count && !code; i++) {
		const struct summary_variable *variable = &condition->env[i];
		if (variable->value && redact_is_secret_setting(variable->name,
					       strlen(variable->name), variable->value))
			code = know(learning, variable->value);
	}
	for (size_t i = 0; i < condition->word_count && !code; i++) {
		const char *word = condition->words[i];
		size_t at = secret_at(i ? condition->words[i - 1] : NULL, word);
		if (word[at])
			code = know(learning, word + at);
	}
	return code;
}

static int learn_condition(const struct store_condition *row, void *user) {
	const struct learning *learning = user;
	struct summary_condition condition = {.facts = *row};
	struct arena arena;
	arena_init(&arena, SIZE_MAX);
	int code = experiment_read_facts(&arena, &condition);
	if (code)
		err_set(learning->err, code, "out of memory");
	else
		code = learn_facts(learning, &condition);
	arena_finish(&arena);
	return code;
}

static int learn_experiment(const struct store_experiment *row, void *user) {
	struct learning *learning = user;
	return store_conditions(learning->store, row->id, learn_condition, learning, learning->err);
}

int experiment_secrets_learn(struct store *store, struct redactor *redactor, struct err *err) {
	struct learning learning = {.store = store, .redactor = redactor, .err = err};
	return store_experiments(store, 0, learn_experiment, &learning, err);
}
