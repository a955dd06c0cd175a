/* Redacts a loaded summary in place; knows what each of its texts is. */
#include "export/analysis_redact.h"

#include "base/limits.h"
#include "base/text.h"
#include "export/analysis.h"
#include "export/experiment_parts.h"
#include "export/experiment_secret.h"
#include "export/json_out.h"
#include "export/rule_words.h"
#include "ips/json.h"
#include "triage/redact_fact.h"
#include "triage/redact_variable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct redaction {
	struct experiment_summary *summary;
	struct redactor *redactor;
	const struct rules *rules;
	bool failed;
};

int analysis_redact_prepare(struct redactor *redactor, struct err *err) {
	return redactor_allow(redactor,
		"agxtriage agxtriage-repro run repro backend metal sim scenario independent "
		"shared-queue shared-buffer use-after-end release-in-use torch lock none global "
		"pipeline queue threads runs operations seconds elements kernels add mul copy "
		"queues shared per-thread warm-up wait-every gpu-latency trial-seed seed python "
		"python3 sim-fault gpu-error wrong-result hang env matrix timeout wait resume json "
		"csv markdown hyperfine metric metric-unit reports die-with-parent db config quiet "
		"verbose color always never auto ops s late quota reporter off unknown",
		err);
}

static const char *change(struct redaction *redaction, enum redact_form form, const char *text) {
	const char *ret = redact_dup(redaction->redactor, form, text, &redaction->summary->arena);
	redaction->failed = redaction->failed || (text && !ret);
	return ret;
}

static const char *prose(struct redaction *redaction, const char *text) {
	return change(redaction, REDACT_FORM_TEXT, text);
}

static void add_variable_name(struct redactor *redactor, const char *name, struct buf *ret) {
	if (redact_variable_known(name))
		buf_add_str(ret, name);
	else
		redact(redactor, REDACT_FORM_TEXT, name, ret);
}

/* ---- conditions ---- */

static const char *taken(struct redaction *redaction, struct buf *json) {
	const char *ret =
		json->failed ? NULL : arena_strdup(&redaction->summary->arena, buf_str(json));
	redaction->failed = redaction->failed || !ret;
	buf_finish(json);
	return ret;
}

/* before: the word in front of it as it was, or NULL. */
static const char *change_word(struct redaction *redaction, const char *before, const char *word) {
	size_t at = experiment_secret(before, word);
	struct buf text = {0};
	if (!word[at])
		return prose(redaction, word);
	redact_bytes(redaction->redactor, REDACT_FORM_TEXT, word, at, &text);
	redact_whole(redaction->redactor, REDACT_SECRET, word + at, &text);
	return taken(redaction, &text);
}

static void change_command_words(struct redaction *redaction, const char **words, size_t count) {
	const char *before = NULL;
	for (size_t i = 0; i < count; i++) {
		const char *word = words[i];
		words[i] = change_word(redaction, before, word);
		before = word;
	}
}

static void change_settings(struct redaction *redaction, const char **settings, size_t count) {
	for (size_t i = 0; i < count; i++)
		settings[i] = prose(redaction, settings[i]);
}

static int compare_variables(const void *left, const void *right) {
	const struct summary_variable *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static const char *variable_name(struct redaction *redaction, const char *name) {
	struct buf text = {0};
	if (redact_variable_known(name))
		return name;
	add_variable_name(redaction->redactor, name, &text);
	const char *ret = taken(redaction, &text);
	return ret ? ret : "";
}

/* Names that differ in case alone have one placeholder; an object has each name once. */
static void tell_apart(struct redaction *redaction, struct summary_condition *condition) {
	const char *before = NULL;
	size_t same = 1;
	for (size_t i = 0; i < condition->env_count; i++) {
		struct summary_variable *variable = &condition->env[i];
		same = before && !strcmp(before, variable->name) ? same + 1 : 1;
		before = same == 1 ? variable->name : before;
		if (same == 1)
			continue;
		const char *name =
			arena_printf(&redaction->summary->arena, "%s (%zu)", variable->name, same);
		redaction->failed = redaction->failed || !name;
		if (name)
			variable->name = name;
	}
}

static const char *variable_value(
	struct redaction *redaction, const struct summary_variable *variable) {
	struct buf text = {0};
	if (!variable->value || !experiment_secret_variable(variable->name, variable->value))
		return prose(redaction, variable->value);
	redact_whole(redaction->redactor, REDACT_SECRET, variable->value, &text);
	return taken(redaction, &text);
}

/* They are compared in the order of their names. */
static void change_env(struct redaction *redaction, struct summary_condition *condition) {
	for (size_t i = 0; i < condition->env_count; i++) {
		struct summary_variable *variable = &condition->env[i];
		variable->value = variable_value(redaction, variable);
		variable->name = variable_name(redaction, variable->name);
	}
	if (condition->env_count > 1)
		qsort(condition->env, condition->env_count, sizeof *condition->env,
			compare_variables);
	tell_apart(redaction, condition);
}

static const char *words_json(struct redaction *redaction, const char *const *words, size_t count) {
	struct buf json = {0};
	struct json_out out;
	json_out_init(&out, &json);
	json_out_array(&out, NULL);
	for (size_t i = 0; i < count; i++)
		json_out_text(&out, NULL, words[i]);
	json_out_array_end(&out);
	return taken(redaction, &json);
}

static const char *env_json(
	struct redaction *redaction, const struct summary_condition *condition) {
	struct buf json = {0};
	struct json_out out;
	json_out_init(&out, &json);
	json_out_object(&out, NULL);
	for (size_t i = 0; i < condition->env_count; i++)
		json_out_text(&out, condition->env[i].name, condition->env[i].value);
	json_out_object_end(&out);
	return taken(redaction, &json);
}

static bool is_same(const char *a, const char *b) {
	return a && b ? !strcmp(a, b) : a == b;
}

/* Texts that differ in case alone are one now. */
static void unite(struct summary_counts *counts) {
	size_t kept = 0;
	for (size_t i = 0; i < counts->count; i++) {
		size_t at = 0;
		while (at < kept && !is_same(counts->items[at].text, counts->items[i].text))
			at++;
		if (at < kept)
			counts->items[at].count += counts->items[i].count;
		else
			counts->items[kept++] = counts->items[i];
	}
	counts->count = kept;
}

static void change_counts(struct redaction *redaction, struct summary_counts *counts) {
	for (size_t i = 0; i < counts->count; i++)
		counts->items[i].text = prose(redaction, counts->items[i].text);
	unite(counts);
}

static void change_sites(struct redaction *redaction, struct summary_counts *sites) {
	for (size_t i = 0; i < sites->count; i++) {
		const char *site = sites->items[i].text;
		enum redact_form form = rule_words_site(redaction->rules, site);
		if (site && form != RULE_WORDS_OURS)
			sites->items[i].text = change(redaction, form, site);
	}
	unite(sites);
}

static void change_condition(struct redaction *redaction, struct summary_condition *condition) {
	struct store_condition *facts = &condition->facts;
	facts->backend = prose(redaction, facts->backend);
	facts->scenario = prose(redaction, facts->scenario);
	facts->lock = prose(redaction, facts->lock);
	facts->throughput_unit = prose(redaction, facts->throughput_unit);
	change_command_words(redaction, condition->words, condition->word_count);
	change_settings(redaction, condition->settings, condition->setting_count);
	change_env(redaction, condition);
	facts->command = words_json(redaction, condition->words, condition->word_count);
	facts->env = env_json(redaction, condition);
	change_sites(redaction, &condition->sites);
	change_counts(redaction, &condition->labels);
	change_counts(redaction, &condition->errors);
}

/* ---- experiments ---- */

/* A JSON array of words; what is none is the empty one. */
static const char *change_command(struct redaction *redaction, const char *command) {
	struct arena *arena = &redaction->summary->arena;
	const char **words = NULL, *odd = NULL, *word;
	size_t count = 0, cap = 0;
	struct err err = {0};
	struct json json;
	json_init(&json, command ? command : "", command ? strlen(command) : 0, &err);
	if (json_peek(&json) != JSON_ARRAY)
		return "[]";
	json_enter(&json);
	for (bool first = true; json_next_element(&json, &first);) {
		word = NULL;
		if (json_peek(&json) != JSON_STRING) {
			json_skip(&json);
			continue;
		}
		if (!json_text(&json, arena, LIMIT_TEXT_BYTES, true, &word, &odd))
			break;
		if (arena_grow(arena, (void **)&words, count, &cap, sizeof *words) < 0) {
			redaction->failed = true;
			break;
		}
		words[count++] = word ? word : "";
	}
	change_command_words(redaction, words, count);
	return words_json(redaction, words, count);
}

static const char *change_platform(struct redaction *redaction, const char *platform) {
	struct buf json = {0};
	struct err err = {0};
	if (analysis_platform_json(redaction->redactor, platform, &json, &err) < 0) {
		redaction->failed = redaction->failed || err.code == -ENOMEM;
		buf_finish(&json);
		return "{}";
	}
	return taken(redaction, &json);
}

static void change_experiments(struct redaction *redaction) {
	struct experiment_summary *summary = redaction->summary;
	struct store_experiment *changed =
		arena_calloc(&summary->arena, summary->experiment_count, sizeof *changed);
	if (!changed) {
		redaction->failed = true;
		return;
	}
	for (size_t i = 0; i < summary->experiment_count; i++) {
		changed[i] = summary->experiments[i];
		changed[i].command = change_command(redaction, changed[i].command);
		changed[i].settings = "{}"; /* the runner's own, shown nowhere */
		changed[i].platform = change_platform(redaction, changed[i].platform);
	}
	summary->experiments = changed;
}

/* Conclusions name conditions by what was just replaced. */
static void change_comparison(struct redaction *redaction, struct summary_comparison *comparison) {
	struct buf text = {0};
	if (comparison->variable)
		comparison->variable = variable_name(redaction, comparison->variable);
	experiment_conclude(redaction->summary, comparison, false, &text);
	comparison->conclusion = taken(redaction, &text);
}

int analysis_redact_experiment(
	struct experiment_summary *summary, const struct rules *rules, struct redactor *redactor) {
	struct redaction redaction = {.summary = summary, .redactor = redactor, .rules = rules};
	change_experiments(&redaction);
	for (size_t i = 0; i < summary->condition_count; i++)
		change_condition(&redaction, &summary->conditions[i]);
	for (size_t i = 0; i < summary->comparison_count && !redaction.failed; i++)
		change_comparison(&redaction, &summary->comparisons[i]);
	return redaction.failed ? -ENOMEM : 0;
}

/* ---- the platform ---- */

static bool is_known_member(const char *key) {
	static const char *const known[] = {"model", "os_version", "os_build", "kernel", "cpu",
		"cores", "gpu", "gpu_cores", "virtual", "driver", "image", "version",
		"memory_bytes", "swap_used_bytes", "load_1m", "power_source", "low_power",
		"governor", "thermal_state", "temperature_c", "agxtriage", "env"};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(key, known[i]))
			return true;
	return false;
}

struct platform_copy {
	struct redactor *redactor;
	struct arena arena;
	struct json_out out;
	struct buf text;
};

/* What a machine is called by its maker is a name; what a person has set is prose. */
static void copy_text(
	struct platform_copy *copy, struct json *json, const char *key, enum redact_form form) {
	const char *text = NULL, *odd = NULL;
	if (!json_text(json, &copy->arena, LIMIT_TEXT_BYTES, false, &text, &odd))
		return;
	buf_reset(&copy->text);
	if (!copy->redactor)
		buf_add_str(&copy->text, text ? text : "");
	else if (form == REDACT_FORM_NAME && !strcmp(key, "os_version"))
		redact_fact(copy->redactor, REDACT_SYSTEM, text, &copy->text);
	else
		redact(copy->redactor, form, text ? text : "", &copy->text);
	json_out_text(&copy->out, key, buf_str(&copy->text));
}

static void copy_scalar(
	struct platform_copy *copy, struct json *json, const char *key, enum redact_form form) {
	double number;
	int64_t whole;
	const char *start;
	enum json_type type = json_peek(json);
	start = json->p;
	if (type == JSON_STRING) {
		copy_text(copy, json, key, form);
	} else if (type == JSON_NUMBER && json_i64(json, &whole)) {
		json_out_i64(&copy->out, key, whole);
	} else if (type == JSON_NUMBER && !json->code) {
		json->p = start; /* it has a fraction */
		if (json_double(json, &number))
			json_out_double(&copy->out, key, number);
	} else {
		json_skip(json);
		if (type == JSON_TRUE || type == JSON_FALSE)
			json_out_bool(&copy->out, key, type == JSON_TRUE);
		else
			json_out_null(&copy->out, key);
	}
}

/* "(not kept)" stands where a secret was. */
static void copy_variable(
	struct platform_copy *copy, struct json *json, const char *name, const char *shown) {
	const char *value = NULL, *odd = NULL;
	if (!copy->redactor || json_peek(json) != JSON_STRING) {
		copy_scalar(copy, json, shown, REDACT_FORM_TEXT);
		return;
	}
	if (!json_text(json, &copy->arena, LIMIT_TEXT_BYTES, true, &value, &odd))
		return;
	value = value ? value : "";
	buf_reset(&copy->text);
	if (experiment_secret_variable(name, value) && strcmp(value, "(not kept)") != 0)
		redact_whole(copy->redactor, REDACT_SECRET, value, &copy->text);
	else
		redact(copy->redactor, REDACT_FORM_TEXT, value, &copy->text);
	json_out_text(&copy->out, shown, buf_str(&copy->text));
}

static void copy_env(struct platform_copy *copy, struct json *json) {
	struct json_key key;
	struct buf name = {0};
	json_enter(json);
	for (bool first = true; json_next_member(json, &first, &key);) {
		buf_reset(&name);
		if (copy->redactor)
			add_variable_name(copy->redactor, key.text, &name);
		else
			buf_add_str(&name, key.text);
		copy_variable(copy, json, key.text, buf_str(&name));
	}
	copy->text.failed = copy->text.failed || name.failed;
	buf_finish(&name);
}

static void copy_members(struct platform_copy *copy, struct json *json) {
	struct json_key key;
	json_enter(json);
	for (bool first = true; json_next_member(json, &first, &key);) {
		bool object = json_peek(json) == JSON_OBJECT;
		if (!is_known_member(key.text)) {
			json_skip(json);
		} else if (object && !strcmp(key.text, "env")) {
			json_out_object(&copy->out, key.text);
			copy_env(copy, json);
			json_out_object_end(&copy->out);
		} else if (object && !strcmp(key.text, "driver")) {
			struct json_key fact;
			json_out_object(&copy->out, key.text);
			json_enter(json);
			for (bool one = true; json_next_member(json, &one, &fact);)
				if (is_known_member(fact.text))
					copy_scalar(copy, json, fact.text, REDACT_FORM_NAME);
				else
					json_skip(json);
			json_out_object_end(&copy->out);
		} else {
			copy_scalar(copy, json, key.text, REDACT_FORM_NAME);
		}
	}
}

int analysis_platform_json(
	struct redactor *redactor, const char *json, struct buf *ret, struct err *err) {
	struct platform_copy copy = {.redactor = redactor};
	struct buf made = {0};
	struct json reader;
	int code = 0;
	arena_init(&copy.arena, SIZE_MAX);
	json_out_init(&copy.out, &made);
	json_init(&reader, json ? json : "", json ? strlen(json) : 0, err);
	if (json_peek(&reader) == JSON_OBJECT) {
		json_out_object(&copy.out, NULL);
		copy_members(&copy, &reader);
		json_out_object_end(&copy.out);
	}
	if (reader.code == -ENOMEM || made.failed || copy.text.failed)
		code = err_set(err, -ENOMEM, "out of memory");
	else if (reader.code || !made.len)
		code = err_set(err, -EINVAL, "the machine's fingerprint is no JSON object");
	else
		buf_add(ret, made.data, made.len);
	buf_finish(&made);
	buf_finish(&copy.text);
	arena_finish(&copy.arena);
	return code;
}
