/*
 * What people decided of a crash: the state of a site or a signature, its history, and what stands
 * near an incident in time. A part of struct store and its rules.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "store/store.h"

enum state_target { STATE_SITE, STATE_SIGNATURE, STATE_TARGET_COUNT };

/* Who changed a state. */
enum state_cause {
	STATE_BY_USER,
	STATE_BY_REGRESSION, /* an incident came on a build at or after fixed_in */
	STATE_BY_RECLASSIFY, /* taken over from, or gone to, what its incidents were before, or are
				now */
	STATE_BY_IMPORT,
	STATE_CAUSE_COUNT,
};

extern const char *const state_target_names[STATE_TARGET_COUNT]; /* "site", "signature" */
extern const char *const
	state_cause_names[STATE_CAUSE_COUNT]; /* "user", "regression", "reclassify", "import" */
/* "open", "known", "fixed", "ignored", "regressed"; NULL-terminated. */
extern const char *const state_status_names[];

/* Texts borrowed: on the way out until the store's next call. NULL: none. */
struct store_state {
	enum state_target target;
	const char *name;  /* id of the site, 16 hex digits of the signature */
	const char *title; /* of the site, text of the signature; only on the way out */
	const char *site;  /* of a signature; only on the way out */
	const char *status, *note, *url, *fixed_in;
	int64_t incidents; /* of every kind; only on the way out */
	int64_t crashes;   /* of them: of kind crash; only on the way out */
	int64_t on_fixed;  /* of the incidents: on a build at or after fixed_in; only on the way out
			    */
};

/* What to change; NULL: stays as it is, "" takes it away. */
struct store_state_change {
	const char *status, *note, *url, *fixed_in;
	enum state_cause cause;
	int64_t at_us;
	int64_t incident; /* that caused it, 0: none */
};

/* A site id, a signature's hash or an unambiguous prefix of one (4 or more digits); an old hash
 * that reclassify has replaced finds its successor, and a site that is there no more the one that
 * its state has gone to. A site of the rules without any incident may be
 * given a state too (known_site true: the caller has found it among the rules). -ENOENT; -EEXIST:
 * err lists what it may be. */
int store_state_find(struct store *store, const char *word, bool known_site,
	struct store_state *ret, struct err *err);
/* By its whole name, and without counting its incidents: what a row of the list costs. -ENOENT. */
int store_state_get(struct store *store, enum state_target target, const char *name,
	struct store_state *ret, struct err *err);
/* A transaction of its own; writes one row of history. 1: nothing changes, nothing is written.
 * -EINVAL: what store_state_check() refuses. */
int store_state_set(struct store *store, const struct store_state *state,
	const struct store_state_change *change, struct err *err);

/* After all incidents of a site have gone to another one: what people decided of it goes with
 * them, with rows of history. A part of the caller's transaction, like store_update_triage(). 1: it
 * stays where it is, since there is no state, there are incidents still, or the other site has a
 * state of its own. */
int store_state_move(struct store *store, const char *from, const char *to, struct err *err);

/* Read in a table and in a report: a note, not an essay. */
#define STATE_NOTE_BYTES_MAX 2000
/* Browsers and trackers take no longer ones. */
#define STATE_URL_BYTES_MAX 2000

/* Whether a state may hold these values: a status of the list, a note without control bytes, a URL
 * of the web, a build ("24G419") as fixed_in; "" always. -EINVAL; err begins with what is meant:
 * "note takes at most ...". */
int store_state_check(const struct store_state_change *change, struct err *err);
int store_state_check_status(const char *status, struct err *err);
int store_state_check_note(const char *note, struct err *err);
int store_state_check_url(const char *url, struct err *err);

typedef int (*store_state_fn)(const struct store_state *state, void *user);
/* All that have a state, note, url or fixed_in; sites first. */
int store_states(struct store *store, store_state_fn fn, void *user, struct err *err);

struct store_state_event {
	int64_t at_us;
	enum state_cause cause;
	enum state_target target;
	const char *name; /* of the target at that moment */
	const char *status_before, *status, *note, *url, *fixed_in; /* afterwards */
	const char *os_build; /* of the incident that regressed it */
	struct i64_opt incident;
};
typedef int (*store_state_event_fn)(const struct store_state_event *event, void *user);
/* Oldest first; with those of the signatures that it replaced, or of the sites whose state it has
 * taken over. state NULL: of all. */
int store_state_history(struct store *store, const struct store_state *state,
	store_state_event_fn fn, void *user, struct err *err);

struct store_salvaged_states {
	uint64_t states, changes; /* saved: of sites and signatures; rows of history */
	bool incomplete;          /* there may have been more */
};
/*
 * What people decided, out of the damaged database at path, which is only read from: into another
 * one that has its incidents already, classified anew, so that a signature may be another now.
 * Damage is no error; negative: the new database failed.
 */
int store_salvage_states(
	const char *path, struct store *to, struct store_salvaged_states *ret, struct err *err);

/* Apple's build numbers in their order: major number, letter, minor number, letter of a beta
 * ("24G5054d" is before "24G84": four digits from 5000 on are betas). < 0, 0, > 0; *ret untouched
 * and false when one is none. */
bool state_build_compare(const char *a, const char *b, int *ret);

/* ---- what stands near in time ---- */

/* A crash's name is compared with a GPU event's, which is cut at 16 characters; a panic has none
 * and is near everything of its machine. Reports of different machines (crashReporterKey, else
 * hardware model) are never near. */
struct store_neighbour {
	int64_t id;
	const char *incident_id;
	enum report_kind kind; /* crash, gpu_event or panic */
	int64_t captured_at_us,
		distance_us; /* distance: its time minus that of the incident asked for */
	const char *process, *site,
		*what;     /* what: a GPU event's restart reason or the site's title; NULL */
	bool same_process; /* names agree; not known of a panic */
};
typedef int (*store_neighbour_fn)(const struct store_neighbour *neighbour, void *user);
/* In a storm there is no use in telling more. */
#define STORE_NEIGHBOURS_MAX 1000
/* Nearest first; of each kind at most the STORE_NEIGHBOURS_MAX nearest. before_us, after_us: the
 * window, for panics too. */
int store_neighbours(struct store *store, int64_t id, int64_t before_us, int64_t after_us,
	store_neighbour_fn fn, void *user, struct err *err);
/* Without those of its own kind, of which a program that crashes again and again has thousands. */
int store_neighbours_of_other_kinds(struct store *store, int64_t id, int64_t before_us,
	int64_t after_us, store_neighbour_fn fn, void *user, struct err *err);

struct store_correlation {
	int64_t gpu_events, panics; /* that the filter selects */
	int64_t crashes;            /* that the filter selects */
	int64_t crashes_simulated;  /* of those; only simulated events are near one */
	int64_t near_gpu_event;     /* of those crashes: with a GPU event of the same process name
				       within the window, be it selected or not */
	int64_t near_simulated;     /* of near_gpu_event */
	int64_t gpu_events_near;    /* of those GPU events: with such a crash */
	int64_t gpu_events_beside;  /* of those GPU events: with a selected crash of whatever
				       process on the same machine within the window */
	int64_t panics_near; /* of those panics: with such a crash within panic_window before */
};
int store_correlate(struct store *store, const struct store_filter *filter, int64_t window_us,
	int64_t panic_window_us, struct store_correlation *ret, struct err *err);

/* The frames of a stored stack (incident.stack_id), as the view frames tells them. Texts borrowed
 * for the call. */
struct store_frame {
	const char *image, *symbol;
	struct u64_opt offset; /* in the symbol, else in the image */
};
typedef int (*store_frame_fn)(const struct store_frame *frame, size_t index, void *user);
int store_stack(
	struct store *store, int64_t stack_id, store_frame_fn fn, void *user, struct err *err);
/* The calls in which other threads were inside Metal or the driver (incident.calls_id), each
 * different one once. */
struct store_call {
	const char *image, *symbol;
	bool blocked;
	int64_t threads; /* in this call */
};
typedef int (*store_call_fn)(const struct store_call *call, void *user);
int store_calls(
	struct store *store, int64_t calls_id, store_call_fn fn, void *user, struct err *err);

#endif
