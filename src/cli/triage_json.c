/* A site or signature with all that is known of its state, as one JSON object. */
#include "cli/triage.h"

#include "export/json_out.h"

#include <errno.h>

/* Its newest incidents are named; list tells all. */
#define NEWEST 5

void triage_json_state(
	struct json_out *out, const struct store_state *state, const char *site_status) {
	json_out_text(out, "target", state_target_names[state->target]);
	json_out_text(out, "name", state->name);
	json_out_text(out, "title", state->title);
	json_out_text(out, "site", state->target == STATE_SITE ? state->name : state->site);
	json_out_text(out, "status", triage_status(state, site_status));
	json_out_text(out, "own_status", state->status);
	json_out_text(out, "note", state->note);
	json_out_text(out, "url", state->url);
	json_out_text(out, "fixed_in", state->fixed_in);
	json_out_i64(out, "crashes", state->crashes);
	json_out_i64(out, "incidents", state->incidents);
	json_out_i64(out, "on_fixed", state->on_fixed);
}

struct counting {
	struct json_out *out;
	const char *key;
};

static int put_count(const struct store_group *group, void *user) {
	const struct counting *counting = user;
	struct json_out *out = counting->out;
	json_out_object(out, NULL);
	json_out_text(out, counting->key, group->values[0]);
	json_out_i64(out, "count", group->count);
	json_out_i64(out, "simulated", group->simulated);
	json_out_time_opt(out, "first_at", group->first_at_us);
	json_out_time_opt(out, "last_at", group->last_at_us);
	json_out_object_end(out);
	return 0;
}

static int put_kinds(
	struct json_out *out, struct store *store, const char *match, struct err *err) {
	static const char *const kind[] = {"kind"};
	struct counting counting = {out, kind[0]};
	const char *const matches[] = {match, TRIAGE_KINDS};
	const struct store_filter filter = {.matches = matches, .match_count = 2};
	json_out_array(out, "kinds");
	int r = store_top(store, &filter, kind, 1, put_count, &counting, err);
	json_out_array_end(out);
	return r;
}

static int put_builds(
	struct json_out *out, struct store *store, const char *match, struct err *err) {
	struct counting counting = {out, "os_build"};
	json_out_array(out, "builds");
	int r = triage_builds(store, match, put_count, &counting, err);
	json_out_array_end(out);
	return r;
}

/* Of a site: its signatures that came again. */
static int put_regressed(
	struct json_out *out, struct store *store, const char *match, struct err *err) {
	static const char *const signature[] = {"signature"};
	const char *const matches[] = {match, TRIAGE_KINDS, "status=regressed"};
	const struct store_filter filter = {.matches = matches, .match_count = 3};
	struct counting counting = {out, signature[0]};
	json_out_array(out, "regressed");
	int r = store_top(store, &filter, signature, 1, put_count, &counting, err);
	json_out_array_end(out);
	return r;
}

static int put_newest(
	struct json_out *out, struct store *store, const char *match, struct err *err) {
	const struct store_filter filter = {.matches = &match, .match_count = 1, .limit = NEWEST};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	json_out_array(out, "newest");
	int r = store_list(store, &filter, &cursor, err);
	while (r >= 0 && (r = store_cursor_next(cursor, &incident, err)) > 0) {
		json_out_object(out, NULL);
		json_out_i64(out, "id", incident.id);
		json_out_text(out, "incident_id", incident.incident_id);
		json_out_text(out, "kind", report_kind_names[incident.kind]);
		json_out_bool(out, "simulated", incident.simulated);
		json_out_time_opt(out, "captured_at", incident.captured_at_us);
		json_out_text(out, "os_build", incident.os_build);
		json_out_object_end(out);
	}
	store_cursor_close(cursor);
	json_out_array_end(out);
	return r;
}

static int put_event(const struct store_state_event *event, void *user) {
	struct json_out *out = user;
	json_out_object(out, NULL);
	json_out_time(out, "at", event->at_us);
	json_out_text(out, "cause", state_cause_names[event->cause]);
	json_out_text(out, "target", state_target_names[event->target]);
	json_out_text(out, "name", event->name);
	json_out_text(out, "status_before", event->status_before);
	json_out_text(out, "status", event->status);
	json_out_text(out, "note", event->note);
	json_out_text(out, "url", event->url);
	json_out_text(out, "fixed_in", event->fixed_in);
	json_out_text(out, "os_build", event->os_build);
	json_out_i64_opt(out, "incident", event->incident);
	json_out_object_end(out);
	return 0;
}

int triage_json(struct cli *cli, struct triage_subject *subject, struct err *err) {
	struct buf line = {0};
	struct json_out out;
	const char *match = triage_subject_match(subject);
	if (!match)
		return err_set(err, -ENOMEM, "out of memory");
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	triage_json_state(&out, &subject->state, subject->site_status);
	int r = put_kinds(&out, cli->store, match, err);
	if (r >= 0)
		r = put_builds(&out, cli->store, match, err);
	if (r >= 0)
		r = put_regressed(&out, cli->store, match, err);
	if (r >= 0)
		r = put_newest(&out, cli->store, match, err);
	json_out_array(&out, "history");
	if (r >= 0)
		r = store_state_history(cli->store, &subject->state, put_event, &out, err);
	json_out_array_end(&out);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	if (r >= 0)
		r = term_put_buf(&cli->out, &line);
	buf_finish(&line);
	return r;
}
