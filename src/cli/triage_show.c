/* One site or signature with its state, its incidents and its history. */
#include "cli/triage.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/incident_table.h"
#include "export/json_out.h"
#include "export/text_around.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Its newest incidents are shown; list shows all. */
#define NEWEST 5

/* ---- one ---- */

struct show {
	struct cli *cli;
	struct triage_subject *subject;
	const char *match;
	struct text_out out;
	struct buf value; /* scratch for one field */
	struct i64_opt first_at_us, last_at_us;
	int64_t count;
};

static struct buf *value(struct show *show) {
	buf_reset(&show->value);
	return &show->value;
}

static void field(struct show *show, enum term_role role, const char *label) {
	text_out_field(&show->out, role, label, buf_str(&show->value));
}

static void put_name(struct show *show) {
	const struct store_state *state = &show->subject->state;
	bool site = state->target == STATE_SITE;
	text_out_field(&show->out, TERM_SITE, site ? "Site" : "Signature", state->name);
	text_out_field(&show->out, TERM_PLAIN, "", state->title);
	if (!site)
		text_out_field(&show->out, TERM_SITE, "Site", state->site);
}

/* The last one; a signature that was fixed with its site has no build of its own. */
struct regressed {
	struct triage_subject *subject;
	struct regression last;
	const char *fixed_in;
};

static int find_regression(const struct store_state_event *event, void *user) {
	struct regressed *regressed = user;
	struct arena *arena = &regressed->subject->arena;
	if (event->cause != STATE_BY_REGRESSION)
		return 0;
	regressed->last = (struct regression){.at_us = {event->at_us, true},
		.incident = event->incident,
		.os_build = event->os_build ? arena_strdup(arena, event->os_build) : NULL};
	regressed->fixed_in = event->fixed_in ? arena_strdup(arena, event->fixed_in) : NULL;
	return 0;
}

static int put_state(struct show *show, struct err *err) {
	const struct store_state *state = &show->subject->state;
	struct regressed regressed = {.subject = show->subject};
	int r = store_state_history(show->cli->store, state, find_regression, &regressed, err);
	if (r < 0)
		return r;
	const char *status = triage_status(state, show->subject->site_status);
	bool is_regressed = !strcmp(status, "regressed");
	text_around_status(value(show), status,
		state->fixed_in || !is_regressed ? state->fixed_in : regressed.fixed_in,
		&regressed.last);
	if (!state->status && show->subject->site_status)
		buf_add_str(&show->value, ", as its site");
	field(show, text_around_role(status), "Status");
	text_out_field(&show->out, TERM_PLAIN, "Note", state->note);
	text_out_field_whole(&show->out, "URL", state->url);
	return 0;
}

static void add_range(struct buf *out, struct i64_opt first_us, struct i64_opt last_us) {
	char text[CLOCK_TEXT_BYTES];
	if (!first_us.set || !last_us.set)
		return;
	clock_format_local(first_us.value, text);
	buf_printf(out, ", %s", text);
	if (first_us.value == last_us.value)
		return;
	clock_format_local(last_us.value, text);
	buf_printf(out, " to %s", text);
}

/* A GPU event is no crash, and is never counted as one. */
static void add_count(struct buf *out, const char *kind, int64_t count) {
	const char *name = kind;
	for (int i = 0; i < REPORT_KIND_COUNT; i++)
		if (!strcmp(report_kind_names[i], kind))
			name = text_around_kind((enum report_kind)i);
	const char *ending = count == 1 ? "" : text_ends(name, "sh") ? "es" : "s";
	buf_printf(out, "%" PRId64 " %s%s", count, name, ending);
}

static int add_kind(const struct store_group *group, void *user) {
	struct show *show = user;
	show->count += group->count;
	add_count(value(show), group->values[0], group->count);
	if (group->simulated)
		buf_printf(&show->value, " (%" PRId64 " simulated)", group->simulated);
	add_range(&show->value, group->first_at_us, group->last_at_us);
	field(show, TERM_PLAIN, show->count == group->count ? "Seen" : "");
	return 0;
}

/* Of a site: a regression is one of a signature. */
static int add_regressed(const struct store_group *group, void *user) {
	struct show *show = user;
	if (group->values[0])
		buf_printf(&show->value, "%ssignature %s (%" PRId64 ")",
			show->value.len ? ", " : "", group->values[0], group->count);
	return 0;
}

static int put_regressed(struct show *show, struct err *err) {
	static const char *const signature[] = {"signature"};
	const char *const matches[] = {show->match, TRIAGE_KINDS, "status=regressed"};
	const struct store_filter filter = {.matches = matches, .match_count = 3};
	if (show->subject->state.target != STATE_SITE)
		return 0;
	buf_reset(&show->value);
	int r = store_top(show->cli->store, &filter, signature, 1, add_regressed, show, err);
	field(show, TERM_BAD, "Regressed");
	return r;
}

static int add_build(const struct store_group *group, void *user) {
	struct show *show = user;
	const char *build = group->values[0], *fixed_in = show->subject->state.fixed_in;
	struct buf *text = &show->value;
	int order;
	buf_printf(text, "%s%s (%" PRId64, text->len ? ", " : "", build ? build : "unknown",
		group->count);
	if (build && fixed_in && state_build_compare(build, fixed_in, &order) && order >= 0)
		buf_add_str(text, ", at or after the fix");
	buf_add_char(text, ')');
	return 0;
}

static int put_counts(struct show *show, struct err *err) {
	static const char *const kind[] = {"kind"};
	const char *const matches[] = {show->match, TRIAGE_KINDS};
	const struct store_filter filter = {.matches = matches, .match_count = 2};
	struct store *store = show->cli->store;
	int r = put_regressed(show, err);
	if (r >= 0)
		r = store_top(store, &filter, kind, 1, add_kind, show, err);
	buf_reset(&show->value);
	if (r >= 0)
		r = triage_builds(store, show->match, add_build, show, err);
	field(show, TERM_PLAIN, "Builds");
	if (r >= 0 && !show->count)
		text_out_field(&show->out, TERM_PLAIN, "Seen", "never");
	return r;
}

static int put_newest(struct show *show, struct err *err) {
	const struct store_filter filter = {
		.matches = &show->match, .match_count = 1, .limit = NEWEST};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	struct incident_table table;
	if (!show->count)
		return 0;
	text_out_newline(&show->out);
	term_put_buf(&show->cli->out, show->out.buf);
	incident_table_init(&table, &show->cli->out, true);
	int r = store_list(show->cli->store, &filter, &cursor, err);
	while (r >= 0 && (r = store_cursor_next(cursor, &incident, err)) > 0) {
		incident_table_fill(&table, &incident);
		incident_table_put(&table);
	}
	store_cursor_close(cursor);
	incident_table_finish(&table);
	if (r >= 0 && show->count > NEWEST) {
		buf_printf(value(show), "and %" PRId64 " more: agxtriage list %s",
			show->count - NEWEST, show->match);
		text_out_paragraph(&show->out, TERM_DIM, 2, buf_str(&show->value));
	}
	return r;
}

/* ---- history ---- */

struct history {
	struct show *show;
	bool begun;
	const char *note, *url, *fixed_in; /* as the change before left them; in the arena */
};

static void add_change(
	struct history *history, const char *name, const char *text, const char **before) {
	struct buf *out = &history->show->value;
	if (text && (!*before || strcmp(*before, text) != 0))
		buf_printf(out, "; %s: %s", name, text);
	else if (!text && *before)
		buf_printf(out, "; no %s any more", name);
	*before = text ? arena_strdup(&history->show->subject->arena, text) : NULL;
}

/* A site whose state has gone to another one. */
static bool is_taken(const struct store_state_event *event) {
	return event->cause == STATE_BY_RECLASSIFY && event->target == STATE_SITE &&
	       !event->status && !event->note && !event->url && !event->fixed_in;
}

static void add_cause(struct buf *out, const struct store_state_event *event) {
	switch (event->cause) {
	case STATE_BY_REGRESSION:
		buf_add_str(out, event->incident.set ? ", by incident" : ", by an incident");
		if (event->incident.set)
			buf_printf(out, " %" PRId64, event->incident.value);
		if (event->os_build)
			buf_printf(out, " on %s", event->os_build);
		break;
	case STATE_BY_RECLASSIFY:
		buf_add_str(out, is_taken(event)
					 ? ", gone with its incidents to another site"
					 : ", taken over when its incidents were classified again");
		break;
	case STATE_BY_IMPORT:
		buf_add_str(out, ", imported");
		break;
	case STATE_BY_USER:
	case STATE_CAUSE_COUNT:
		break;
	}
}

/* One that has none of its own. */
static const char *status_word(const struct store_state_event *event, const char *status) {
	return status ? status : event->target == STATE_SITE ? "open" : "as its site";
}

static int put_event(const struct store_state_event *event, void *user) {
	struct history *history = user;
	struct show *show = history->show;
	const char *before = status_word(event, event->status_before);
	const char *status = status_word(event, event->status);
	char when[CLOCK_TEXT_BYTES];
	bool other = event->target == show->subject->state.target &&
		     strcmp(event->name, show->subject->state.name) != 0;
	/* That it came here is told by itself. */
	if (other && is_taken(event))
		return 0;
	if (!history->begun)
		text_out_heading(&show->out, "History");
	history->begun = true;
	clock_format_local(event->at_us, when);
	buf_printf(value(show), "%s  %s", when, status);
	if (strcmp(before, status) != 0)
		buf_printf(&show->value, " (before: %s)", before);
	if (other)
		buf_printf(&show->value, ", as %s", event->name);
	add_cause(&show->value, event);
	add_change(history, "fixed in", event->fixed_in, &history->fixed_in);
	add_change(history, "note", event->note, &history->note);
	add_change(history, "URL", event->url, &history->url);
	text_out_paragraph(&show->out, TERM_PLAIN, 2, buf_str(&show->value));
	return 0;
}

static int put_history(struct show *show, struct err *err) {
	struct history history = {.show = show};
	return store_state_history(
		show->cli->store, &show->subject->state, put_event, &history, err);
}

enum cli_status triage_show(
	struct cli *cli, const struct triage_values *values, struct triage_subject *subject) {
	struct buf text = {0};
	struct err err = {0};
	struct show show = {.cli = cli, .subject = subject, .out = {&text, &cli->out}};
	int r;
	show.match = triage_subject_match(subject);
	cli_page(cli, values->no_pager);
	if (values->json) {
		r = triage_json(cli, subject, &err);
	} else {
		put_name(&show);
		r = show.match ? put_state(&show, &err) : err_set(&err, -ENOMEM, "out of memory");
		if (r >= 0)
			r = put_counts(&show, &err);
		if (r >= 0)
			r = put_newest(&show, &err);
		if (r >= 0)
			r = put_history(&show, &err);
		text.failed = text.failed || show.value.failed;
		term_put_buf(&cli->out, &text);
	}
	buf_finish(&text);
	buf_finish(&show.value);
	return r < 0 && !cli->out.error ? cli_fail(&err) : CLI_DONE;
}
