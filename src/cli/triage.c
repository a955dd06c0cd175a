/* agxtriage triage: what people know of a site or a signature, shown and changed. */
#include "cli/triage.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "export/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { CHANGED_STATUS, CHANGED_FIXED_IN, CHANGED_URL, CHANGED_NOTE, CHANGED_COUNT };

static const char *const changed_names[CHANGED_COUNT] = {"status", "fixed_in", "url", "note"};
static const char *const changed_words[CHANGED_COUNT] = {"status", "fixed in", "URL", "note"};

/* What is asked for, beside what there is; NULL: none. */
struct change {
	const char *before[CHANGED_COUNT], *after[CHANGED_COUNT];
};

static const char *none_if_empty(const char *text) {
	return text && *text ? text : NULL;
}

static bool same_text(const char *a, const char *b) {
	return a == b || (a && b && !strcmp(a, b));
}

static void fill_texts(const struct triage_subject *subject, const char *ret[CHANGED_COUNT]) {
	const struct store_state *state = &subject->state;
	ret[CHANGED_STATUS] = triage_status(state, subject->site_status);
	ret[CHANGED_FIXED_IN] = none_if_empty(state->fixed_in);
	ret[CHANGED_URL] = none_if_empty(state->url);
	ret[CHANGED_NOTE] = none_if_empty(state->note);
}

static bool is_change(const struct change *change) {
	for (int i = 0; i < CHANGED_COUNT; i++)
		if (!same_text(change->before[i], change->after[i]))
			return true;
	return false;
}

/* ---- the answer ---- */

static void add_value(struct buf *text, const char *value) {
	buf_add_str(text, value ? value : "none");
}

static void put_text(
	struct cli *cli, const struct triage_subject *subject, const struct change *change) {
	const char *name = subject->state.name;
	struct buf text = {0}, clean = {0};
	for (int i = 0; i < CHANGED_COUNT; i++) {
		if (same_text(change->before[i], change->after[i]))
			continue;
		buf_printf(&text, "%s: %s: ", name, changed_words[i]);
		add_value(&text, change->after[i]);
		buf_add_str(&text, " (before: ");
		add_value(&text, change->before[i]);
		buf_add_str(&text, ")\n");
	}
	if (!is_change(change))
		buf_printf(&text, "%s: nothing changes: it is so already\n", name);
	text_terminal(&clean, buf_str(&text), text.len, TEXT_LINES);
	clean.failed = clean.failed || text.failed;
	term_put_buf(&cli->out, &clean);
	buf_finish(&text);
	buf_finish(&clean);
}

static void put_json(
	struct cli *cli, const struct triage_subject *subject, const struct change *change) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	triage_json_state(&out, &subject->state, subject->site_status);
	json_out_object(&out, "before");
	for (int i = 0; i < CHANGED_COUNT; i++)
		json_out_text(&out, changed_names[i], change->before[i]);
	json_out_object_end(&out);
	json_out_array(&out, "changed");
	for (int i = 0; i < CHANGED_COUNT; i++)
		if (!same_text(change->before[i], change->after[i]))
			json_out_text(&out, NULL, changed_names[i]);
	json_out_array_end(&out);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

/* A signature's own status is stronger than what was just said of its site. */
static int tell_own(const struct store_state *state, void *user) {
	const struct store_state *site = user;
	if (state->target == STATE_SIGNATURE && state->status && state->site &&
		!strcmp(state->site, site->name) && !same_text(state->status, site->status))
		log_info("its signature %s keeps a status of its own, %s; 'agxtriage triage %s "
			 "--status \"\"' takes that away",
			state->name, state->status, state->name);
	return 0;
}

/* What the user may not expect of the state as it is now. */
static void tell(const struct triage_subject *subject, const struct triage_values *values) {
	const struct store_state *state = &subject->state;
	const char *status = triage_status(state, subject->site_status);
	bool fixed = !strcmp(status, "fixed"), regressed = !strcmp(status, "regressed");
	if (state->fixed_in && state->on_fixed && (fixed || values->fixed_in))
		log_warning("%" PRId64 " of its incidents %s on a build at or after %s already; "
			    "'agxtriage triage %s' shows the builds",
			state->on_fixed, state->on_fixed == 1 ? "is" : "are", state->fixed_in,
			state->name);
	/* A status that is the site's goes with the site's build. */
	if (!state->status)
		return;
	if (fixed && !state->fixed_in)
		log_info("without --fixed-in BUILD no incident is told from those before the fix, "
			 "so none will be a regression");
	if (!fixed && !regressed && state->fixed_in && values->fixed_in)
		log_info(
			"its status is %s: only with --status fixed an incident on %s or later is a "
			"regression",
			status, state->fixed_in);
}

/* ---- changing ---- */

/* The same one again, as it is now. */
static int read_again(struct cli *cli, const struct triage_subject *subject,
	struct triage_subject *ret, struct err *err) {
	struct store_state state;
	int r = store_state_find(
		cli->store, subject->state.name, subject->state.target == STATE_SITE, &state, err);
	if (r == 0 && !state.title)
		state.title = subject->state.title;
	return r < 0 ? r : triage_subject_load(cli, &state, ret, err);
}

/* value: as given, NULL: not at all, "" takes away. */
static bool differs(const char *value, const char *before) {
	return value && !same_text(none_if_empty(value), none_if_empty(before));
}

/* What was never set is open, and needs no word for it. */
static bool changes_status(const struct triage_subject *subject, const char *status) {
	const char *own = subject->state.status;
	bool open = status && !own && !strcmp(status, "open") &&
		    !strcmp(triage_status(&subject->state, subject->site_status), "open");
	return differs(status, own) && !open;
}

static bool changes_any(const struct triage_subject *subject, const struct triage_values *values) {
	const struct store_state *state = &subject->state;
	return changes_status(subject, values->status) || differs(values->note, state->note) ||
	       differs(values->url, state->url) || differs(values->fixed_in, state->fixed_in);
}

static enum cli_status change_state(
	struct cli *cli, const struct triage_values *values, const struct triage_subject *subject) {
	const struct store_state_change wish = {.status = values->status,
		.note = values->note,
		.url = values->url,
		.fixed_in = values->fixed_in,
		.cause = STATE_BY_USER,
		.at_us = clock_now_us()};
	struct triage_subject now = {0};
	struct change change;
	struct err err = {0};
	fill_texts(subject, change.before);
	int r = changes_any(subject, values)
			? store_state_set(cli->store, &subject->state, &wish, &err)
			: 0;
	if (r >= 0)
		r = read_again(cli, subject, &now, &err);
	if (r >= 0) {
		fill_texts(&now, change.after);
		if (values->json)
			put_json(cli, &now, &change);
		else
			put_text(cli, &now, &change);
		term_flush(&cli->out);
		tell(&now, values);
		if (values->status && now.state.target == STATE_SITE)
			r = store_states(cli->store, tell_own, &now.state, &err);
	}
	arena_finish(&now.arena);
	return r < 0 ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status run(struct cli *cli, const void *options, int count, char **operands) {
	const struct triage_values *values = options;
	bool changes = values->status || values->note || values->url || values->fixed_in;
	struct triage_subject subject = {0};
	if (changes && !count)
		return cli_usage(cli, "which site or signature? 'agxtriage top' shows them");
	enum cli_status status = triage_check(cli, values);
	if (status == CLI_DONE)
		status = cli_provide(
			cli, NEED_RULES | (changes ? NEED_STORE_CHANGE : NEED_STORE_READ));
	if (status != CLI_DONE)
		return status;
	if (!count)
		return triage_list(cli, values);
	status = triage_find(cli, operands[0], &subject);
	if (status == CLI_DONE)
		status = changes ? change_state(cli, values, &subject)
				 : triage_show(cli, values, &subject);
	arena_finish(&subject.arena);
	return status;
}

static const struct option_row option_rows[] = {
	{.name = "status",
		.argument = "WORD",
		.help = "open, known, fixed or ignored; '' takes it away",
		.type = OPTION_STRING,
		.offset = offsetof(struct triage_values, status)},
	{.name = "note",
		.argument = "TEXT",
		.help = "what is known of it; '' takes it away",
		.type = OPTION_STRING,
		.offset = offsetof(struct triage_values, note)},
	{.name = "url",
		.argument = "URL",
		.help = "where it is tracked; '' takes it away",
		.type = OPTION_STRING,
		.offset = offsetof(struct triage_values, url)},
	{.name = "fixed-in",
		.argument = "BUILD",
		.help = "first OS build without it: 24G419; '' takes it away",
		.type = OPTION_STRING,
		.offset = offsetof(struct triage_values, fixed_in)},
	CLI_OPTION_JSON(struct triage_values),
	CLI_OPTION_NO_PAGER(struct triage_values),
	{0},
};

const struct command triage_command = {
	.name = "triage",
	.operands = "[SITE-or-SIGNATURE]",
	.summary = "keep track of what is known, fixed or ignored",
	.details = "Without an operand: all that have a state. With a site (of 'agxtriage top' or\n"
		   "'agxtriage rules list') or the hash of a signature, or its first digits: the\n"
		   "state, its incidents and its history. With options: sets it. A signature's\n"
		   "state is stronger than that of its site.\n"
		   "\n"
		   "An incident on a build at or after the one that it was fixed in makes it\n"
		   "'regressed', which list, watch, show, status and hooks tell.\n"
		   "\n"
		   "  agxtriage triage agx-bind-resource --status known --note 'seen since 24D60'\n"
		   "  agxtriage triage agx-bind-resource --status fixed --fixed-in 24G419\n"
		   "  agxtriage list status=regressed          the crashes that came again",
	.options = option_rows,
	.options_bytes = sizeof(struct triage_values),
	.operands_max = 1,
	.run = run,
};
