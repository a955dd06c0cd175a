/* States of a store's tests: crashes on builds, and what a state or a history says as one text. */
#ifndef TESTS_STATE_FIXTURE_H
#define TESTS_STATE_FIXTURE_H

#include "store_fixture.h"

#include "store/state.h"

#define SITE "agx-set-compute-pipeline-state"
#define OLD "00000000000005c8"
#define NEW "aaaa0000000005c8"
#define AT INT64_C(1766280979000000)

static inline struct store *open_store(const struct fixture *fixture) {
	struct store *store = NULL;
	struct err err = {0};
	if (store_open(fixture->db, STORE_WRITE, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

/* A crash of its own: number decides its id, bytes and path. */
static inline int put_numbered(
	struct store *store, unsigned number, const struct made *like, int64_t *ret_id) {
	struct made made = *like;
	enum store_put put = STORE_KNOWN;
	struct err err = {0};
	char id[64], bytes[64], path[64];
	snprintf(id, sizeof id, "%08X-0000-4000-8000-000000000000", number);
	snprintf(bytes, sizeof bytes, "{\"n\":%u}", number);
	snprintf(path, sizeof path, "/reports/%u.ips", number);
	made.id = id;
	made.bytes = bytes;
	made.path = path;
	assert_int_equal(store_begin(store, &err), 0);
	if (made_put(store, &made, &put, ret_id, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(store_commit(store, &err), 0);
	return put;
}

static inline int set_state(struct store *store, const char *word, const char *status,
	const char *fixed_in, struct err *err) {
	struct store_state state;
	struct store_state_change change = {
		.status = status, .fixed_in = fixed_in, .cause = STATE_BY_USER, .at_us = AT};
	int r = store_state_find(store, word, false, &state, err);
	return r < 0 ? r : store_state_set(store, &state, &change, err);
}

static inline void set_done(
	struct store *store, const char *word, const char *status, const char *fixed_in) {
	struct err err = {0};
	if (set_state(store, word, status, fixed_in, &err) < 0)
		fail_msg("%s", err.text);
}

static inline int add_state(const struct store_state *state, void *user) {
	struct buf *ret = user;
	buf_printf(ret, "%s %s %s %s %lld/%lld\n", state->name, state->status ? state->status : "-",
		state->fixed_in ? state->fixed_in : "-", state->note ? state->note : "-",
		(long long)state->on_fixed, (long long)state->incidents);
	return 0;
}

/* Frees *ret before. */
static inline const char *states_text(struct store *store, struct buf *ret) {
	struct err err = {0};
	buf_reset(ret);
	if (store_states(store, add_state, ret, &err) < 0)
		fail_msg("%s", err.text);
	return buf_str(ret);
}

static inline int add_change(const struct store_state_event *event, void *user) {
	struct buf *ret = user;
	buf_printf(ret, "%s %s %s>%s %s %s %lld\n", state_cause_names[event->cause], event->name,
		event->status_before ? event->status_before : "-",
		event->status ? event->status : "-", event->fixed_in ? event->fixed_in : "-",
		event->os_build ? event->os_build : "-",
		event->incident.set ? (long long)event->incident.value : -1);
	return 0;
}

/* word NULL: of all. */
static inline const char *history_text(struct store *store, const char *word, struct buf *ret) {
	struct err err = {0};
	struct store_state state;
	buf_reset(ret);
	if (word != NULL && store_state_find(store, word, false, &state, &err) < 0)
		fail_msg("%s", err.text);
	if (store_state_history(store, word != NULL ? &state : NULL, add_change, ret, &err) < 0)
		fail_msg("%s", err.text);
	return buf_str(ret);
}

static inline void assert_status(struct store *store, const char *word, const char *status) {
	struct incident incident;
	struct err err = {0};
	if (store_find(store, word, &incident, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(incident.status, status);
}

/* As reclassify does: the incident becomes what made says. */
static inline void reclassify_as(struct store *store, int64_t id, const struct made *now) {
	struct made made = *now;
	struct err err = {0};
	bool changed;
	struct report report = made_report(&made);
	struct triage triage = made_triage(&made);
	assert_int_equal(store_begin(store, &err), 0);
	if (store_update_triage(store, id, &report, &triage, "0123456789abcdef", &changed, &err) <
		0)
		fail_msg("%s", err.text);
	assert_true(changed);
	assert_int_equal(store_commit(store, &err), 0);
}

/* It gets another signature. */
static inline void reclassify(struct store *store, int64_t id, const char *signature, int version) {
	struct made made = made_default();
	made.signature = signature;
	made.signature_version = version;
	reclassify_as(store, id, &made);
}

#endif
