/* Tells the built-in rules from the user's by what they say. */
#include "export/rule_words.h"

#include <errno.h>
#include <string.h>

#define BUILT_IN "built-in"

static bool same(const char *a, const char *b) {
	return a && b && strcmp(a, b) == 0;
}

static bool is_built_in(const struct rule_info *info) {
	return same(info->source, BUILT_IN);
}

enum redact_form rule_words_site(const struct rules *rules, const char *site) {
	struct rule_info info;
	for (size_t i = 0; i < rules_count(rules); i++) {
		rules_info(rules, i, &info);
		if (is_built_in(&info) && same(info.site, site))
			return RULE_WORDS_OURS;
	}
	return REDACT_FORM_TEXT;
}

/* The user may give a title of their own to a site that is built in. */
enum redact_form rule_words_title(const struct rules *rules, const char *site, const char *title) {
	struct rule_info info;
	for (size_t i = 0; i < rules_count(rules); i++) {
		rules_info(rules, i, &info);
		if (is_built_in(&info) && same(info.site, site) && same(info.title, title))
			return RULE_WORDS_OURS;
	}
	return REDACT_FORM_TEXT;
}

enum redact_form rule_words_reason(const struct rules *rules, const char *reason) {
	struct rule_info info;
	for (size_t i = 0; i < rules_count(rules); i++) {
		rules_info(rules, i, &info);
		if (!is_built_in(&info) && same(info.reason, reason))
			return REDACT_FORM_TEXT;
	}
	return RULE_WORDS_OURS;
}

struct leaving {
	struct redactor *redactor;
	struct arena *arena;
	bool failed; /* no memory */
};

static const char *text(struct leaving *leaving, enum redact_form form, const char *value) {
	if (form == RULE_WORDS_OURS)
		return value;
	const char *ret = redact_dup(leaving->redactor, form, value, leaving->arena);
	leaving->failed |= value && !ret;
	return ret;
}

/* "SITE (built-in)" stays; the name of the user's file goes. */
static const char *rule_name(struct leaving *leaving, const struct triage *was, const char *site) {
	size_t len = was->site ? strlen(was->site) : 0;
	if (!was->rule || !was->site ||
		(strncmp(was->rule, was->site, len) == 0 &&
			strcmp(was->rule + len, " (" BUILT_IN ")") == 0))
		return was->rule;
	const char *ret = arena_printf(leaving->arena, "%s (own)", site ? site : "");
	leaving->failed |= !ret;
	return ret;
}

int rule_words_redact(struct redactor *redactor, const struct rules *rules, struct triage *triage,
	struct arena *arena) {
	struct leaving leaving = {.redactor = redactor, .arena = arena};
	struct triage was = *triage;
	triage->site = text(&leaving, rule_words_site(rules, was.site), was.site);
	triage->site_title =
		text(&leaving, rule_words_title(rules, was.site, was.site_title), was.site_title);
	triage->rule = rule_name(&leaving, &was, triage->site);
	triage->attribution_reason = text(
		&leaving, rule_words_reason(rules, was.attribution_reason), was.attribution_reason);
	return leaving.failed ? -ENOMEM : 0;
}
