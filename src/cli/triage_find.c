/* From a word to the site or signature that it names, or to what may have been meant. */
#include "cli/triage.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Names that have the word in their middle. */
#define CONTAINING 5

static const char *dup_text(struct arena *arena, const char *text, bool *failed) {
	const char *copy = text ? arena_strdup(arena, text) : NULL;
	*failed = *failed || (text && !copy);
	return copy;
}

const char *triage_status(const struct store_state *state, const char *site_status) {
	return state->status ? state->status : site_status ? site_status : "open";
}

static int load_site_status(struct cli *cli, struct triage_subject *subject, struct err *err) {
	struct store_state site;
	bool failed = false;
	if (subject->state.target == STATE_SITE || !subject->state.site)
		return 0;
	int r = store_state_find(cli->store, subject->state.site, true, &site, err);
	if (r == 0)
		subject->site_status = dup_text(&subject->arena, site.status, &failed);
	return failed ? err_set(err, -ENOMEM, "out of memory") : r;
}

int triage_subject_load(struct cli *cli, const struct store_state *state,
	struct triage_subject *ret, struct err *err) {
	bool failed = false;
	struct store_state *kept = &ret->state;
	arena_init(&ret->arena, SIZE_MAX);
	*kept = *state;
	kept->name = dup_text(&ret->arena, state->name, &failed);
	kept->title = dup_text(&ret->arena, state->title, &failed);
	kept->site = dup_text(&ret->arena, state->site, &failed);
	kept->status = dup_text(&ret->arena, state->status, &failed);
	kept->note = dup_text(&ret->arena, state->note, &failed);
	kept->url = dup_text(&ret->arena, state->url, &failed);
	kept->fixed_in = dup_text(&ret->arena, state->fixed_in, &failed);
	ret->site_status = NULL;
	return failed ? err_set(err, -ENOMEM, "out of memory") : load_site_status(cli, ret, err);
}

const char *triage_subject_match(struct triage_subject *subject) {
	return arena_printf(&subject->arena, "%s=%s", state_target_names[subject->state.target],
		subject->state.name);
}

/* The title that the rules give a site without incidents; NULL when they know none. */
static const char *site_of_rules(const struct rules *rules, const char *name) {
	struct rule_info info;
	for (size_t i = 0; i < rules_count(rules); i++) {
		rules_info(rules, i, &info);
		if (!strcmp(info.site, name))
			return info.title ? info.title : "";
	}
	return NULL;
}

/* ---- what may be meant ---- */

struct names {
	struct arena arena;
	const char **items;
	size_t count, cap;
};

/* Without memory there are fewer suggestions. */
static void add_name(struct names *names, const char *name) {
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->items[i], name))
			return;
	const char *copy = arena_strdup(&names->arena, name);
	if (copy && arena_grow(&names->arena, (void **)&names->items, names->count, &names->cap,
			    sizeof *names->items) == 0)
		names->items[names->count++] = copy;
}

static int add_group(const struct store_group *group, void *user) {
	if (group->values[0])
		add_name(user, group->values[0]);
	return 0;
}

static void gather(struct cli *cli, struct names *names) {
	static const char *const site[] = {"site"}, *const signature[] = {"signature"};
	const struct store_filter any = {0};
	struct rule_info info;
	struct err err = {0};
	for (size_t i = 0; i < rules_count(cli->rules); i++) {
		rules_info(cli->rules, i, &info);
		add_name(names, info.site);
	}
	store_top(cli->store, &any, site, 1, add_group, names, &err);
	store_top(cli->store, &any, signature, 1, add_group, names, &err);
}

static void add_containing(const struct names *names, const char *word, struct buf *ret) {
	size_t count = 0;
	for (size_t i = 0; i < names->count; i++)
		if (strstr(names->items[i], word) && count++ < CONTAINING)
			buf_printf(ret, "%s%s", ret->len ? ", " : "", names->items[i]);
	if (count > CONTAINING)
		buf_add_str(ret, ", ...");
}

static enum cli_status unknown(struct cli *cli, const char *word) {
	struct names names = {0};
	struct buf containing = {0};
	arena_init(&names.arena, SIZE_MAX);
	gather(cli, &names);
	const char *meant = NULL;
	if (*word && strlen(word) <= TEXT_SUGGEST_BYTES)
		meant = text_suggest(word, names.items, names.count);
	if (*word)
		add_containing(&names, word, &containing);
	if (containing.len)
		log_error("no site or signature is '%s'; these have it in their name: %s", word,
			buf_str(&containing));
	else if (meant)
		log_error("no site or signature is '%s'; did you mean '%s'?", word, meant);
	else
		log_error("no site or signature is '%s'; 'agxtriage top', 'agxtriage top --by "
			  "signature' and 'agxtriage rules list' show those that there are",
			word);
	buf_finish(&containing);
	arena_finish(&names.arena);
	return CLI_NOTHING;
}

/* A hash is told by its beginning, in any case. */
static bool names_it(const struct store_state *state, const char *word) {
	return !strncasecmp(state->name, word, strlen(word));
}

enum cli_status triage_find(struct cli *cli, const char *word, struct triage_subject *ret) {
	struct store_state state;
	struct err err = {0};
	const char *title = site_of_rules(cli->rules, word);
	int r = store_state_find(cli->store, word, title != NULL, &state, &err);
	if (r == -ENOENT)
		return unknown(cli, word);
	if (r < 0)
		return cli_fail(&err);
	if (state.target == STATE_SIGNATURE && !names_it(&state, word))
		log_info("signature %s has been replaced: its incidents are %s now", word,
			state.name);
	if (state.target == STATE_SITE && strcmp(state.name, word) != 0)
		log_info("site %s has been replaced: its incidents are %s now", word, state.name);
	if (state.target == STATE_SITE && !state.title && title && *title)
		state.title = title;
	return triage_subject_load(cli, &state, ret, &err) < 0 ? cli_fail(&err) : CLI_DONE;
}
