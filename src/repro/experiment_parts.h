/* What the parts of the experiment runner share; see repro/experiment.h. */
#ifndef REPRO_EXPERIMENT_PARTS_H
#define REPRO_EXPERIMENT_PARTS_H

#include "base/lock.h"
#include "collect/collector.h"
#include "repro/answer.h"
#include "repro/output.h"
#include "repro/pairing.h"
#include "repro/plan.h"
#include "repro/signals.h"
#include "repro/taken.h"
#include "repro/watched.h"

/* The trial that runs. */
struct attempt {
	bool running;
	struct store_trial row; /* what is known at its start */
	size_t at;              /* its place in pairing and in known */
	struct watched watched;
	struct output output;
	int64_t stacks_asked_ms; /* of the one that hangs; 0: not yet */
	struct buf stacks;
};

/* What is known of a trial beside its processes; by the same places as in pairing. */
struct known_trial {
	enum trial_outcome outcome;
	int64_t condition;
	int64_t ended_ms;    /* of the monotonic clock, also of one of an earlier session */
	int64_t asked_at_us; /* when it was ended by us; 0: it was not */
	char process[64];    /* of the command, as the system has its name; "" is not known */
};

struct experiment {
	struct store *store;
	const struct rules *rules;
	const struct experiment_options *options;
	struct plan plan;
	struct pairing pairing;
	struct known_trial *known; /* owned */
	size_t known_cap;
	struct arrivals arrivals;
	struct lock lock;
	uv_loop_t loop;
	uv_timer_t tick;
	struct signals *signals;
	struct collector *collector;
	struct taken taken;
	struct attempt attempt;
	enum experiment_phase phase;
	bool due;       /* the next trial is to be started */
	bool stopping;  /* no more trials */
	bool hurried;   /* nor any waiting for reports */
	bool looking;   /* at what stands in the folders, for the last time */
	bool over;      /* the handles are being closed */
	bool committed; /* by our own collector, not looked at yet */
	bool quiet;     /* it has nothing to do */
	/* Of the monotonic clock. */
	int64_t began_ms, told_ms, asked_daemon_ms, waiting_ms, looking_ms, last_end_ms;
	int64_t looked_at_open_ms;
	struct err failure; /* code 0: none */
};

int64_t experiment_now_ms(void);
/* The first one counts; nothing more is started then. */
void experiment_fail(struct experiment *experiment, int code, const struct err *err);
/* The store is free for a transaction. False after a failure. */
bool experiment_free_store(struct experiment *experiment);
/* ended may be NULL. */
void experiment_tell(struct experiment *experiment, const struct store_trial *ended);
/* Something has ended, so look what is next. */
void experiment_go_on(struct experiment *experiment);

/* ---- trials ---- */

/* One that is known from now on; *ret is its place. */
int experiment_know(struct experiment *experiment, const struct pairing_trial *trial,
	const struct known_trial *known, size_t *ret, struct err *err);
/* Begins slot, durably, then starts its command. What cannot be started is recorded. */
void experiment_start_trial(struct experiment *experiment, int64_t slot, size_t condition);
void experiment_finish_attempt(struct experiment *experiment);

/* ---- reports ---- */

int experiment_start_collector(struct experiment *experiment, struct err *err);
/* The daemon may have died. */
void experiment_check_daemon(struct experiment *experiment, int64_t now_ms);
void experiment_take_names(void *user);
/* Pairs what has come. */
void experiment_look(struct experiment *experiment);
/* Makes up the mind about one trial's report, if it has one. last: a surer one will not come. */
void experiment_settle(struct experiment *experiment, size_t at, bool last);
/* A crash still lacks its report. */
bool experiment_lacks(const struct experiment *experiment, size_t at);
size_t experiment_unpaired(const struct experiment *experiment);
/* What a report tells of a trial that ended otherwise. */
bool experiment_shows_crash(const struct experiment *experiment, size_t at);
/* Labels crashes that have none. */
void experiment_label_crashes(struct experiment *experiment);

#endif
