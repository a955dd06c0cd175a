/*
 * Experiments made by hand, put into a database through the store's own functions; for the tests of
 * what is made of them, and for the program that makes the database of the command line's tests.
 */
#ifndef TESTS_MADE_EXPERIMENT_H
#define TESTS_MADE_EXPERIMENT_H

#include "store_fixture.h"

#include "store/experiment.h"

#define MADE_STARTED_US INT64_C(1766284200000000) /* 2025-12-21T02:30:00Z */

/* Trials of one condition that ended alike. */
struct made_trials {
	int64_t condition;
	int count;
	enum trial_outcome outcome;
	const char
		*site; /* of a crash: its incident gets it; "": no rule knows it; NULL: no report */
	const char *label; /* of a crash without a report */
	int64_t signal, exit_status;
	double throughput, step; /* of the first and what each further one adds; 0: not measured */
	double lock_wait_s;      /* with a throughput */
	const char *latency;
	const char *error;
	int64_t operations;
};

struct made_experiment {
	struct store *store;
	int64_t id, slot;
};

static inline void made_begin(struct made_experiment *made, struct store *store,
	const struct store_experiment *facts, const struct store_condition *rows, size_t count) {
	struct err err = {0};
	*made = (struct made_experiment){.store = store};
	if (store_experiment_add(store, facts, rows, count, &made->id, &err) < 0)
		fail_msg("%s", err.text);
	if (facts->ended_at_us.set &&
		store_experiment_end(store, made->id, facts->ended_at_us, &err) < 0)
		fail_msg("%s", err.text);
}

/* An incident like no other of this database. */
static inline int64_t made_incident(struct made_experiment *made, const char *site) {
	char id[40], bytes[64], path[64];
	struct made report = made_default();
	enum store_put put;
	struct err err = {0};
	int64_t row = 0;
	snprintf(id, sizeof id, "79BC4A1F-C45B-45D9-%04llX-%012llX", (long long)made->id,
		(long long)made->slot);
	snprintf(bytes, sizeof bytes, "{\"made\":\"%s\"}", id);
	snprintf(path, sizeof path, "/reports/%s.ips", id);
	report.id = id;
	report.process = "agxtriage-repro";
	report.bytes = bytes;
	report.path = path;
	report.site = *site ? site : NULL;
	report.pid = 1000 + made->slot;
	report.captured_at_us = MADE_STARTED_US + made->slot * 2000000;
	assert_int_equal(store_begin(made->store, &err), 0);
	assert_int_equal(made_put(made->store, &report, &put, &row, &err), 0);
	assert_int_equal(put, STORE_ADDED);
	assert_int_equal(store_commit(made->store, &err), 0);
	return row;
}

static inline void made_end(struct made_experiment *made, const struct made_trials *kind, int i,
	struct store_trial *trial) {
	struct err err = {0};
	bool status = kind->outcome != TRIAL_CRASHED && kind->outcome != TRIAL_HUNG;
	trial->ended_at_us = (struct i64_opt){trial->started_at_us + 1500000 + i * 1000, true};
	trial->exit_status = (struct i64_opt){kind->exit_status, status};
	trial->signal = (struct i64_opt){kind->signal, !status};
	trial->operations = (struct i64_opt){kind->operations, kind->operations > 0};
	trial->has_throughput = kind->throughput > 0;
	trial->throughput = kind->throughput + i * kind->step;
	trial->has_lock_wait = kind->throughput > 0;
	trial->lock_wait_s = kind->lock_wait_s;
	trial->latency = kind->latency;
	trial->error = kind->error;
	if (store_trial_end(made->store, trial, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void made_one(struct made_experiment *made, const struct made_trials *kind, int i) {
	struct store_trial trial = {.condition = kind->condition,
		.slot = made->slot,
		.outcome = kind->outcome,
		.started_at_us = MADE_STARTED_US + made->slot * 2000000};
	struct err err = {0};
	if (store_trial_begin(made->store, made->id, &trial, &trial.id, &err) < 0)
		fail_msg("%s", err.text);
	if (kind->outcome != TRIAL_STARTED) {
		trial.pid = (struct i64_opt){1000 + made->slot, true};
		made_end(made, kind, i, &trial);
	}
	if (kind->site &&
		store_trial_pair(made->store, trial.id, made_incident(made, kind->site), &err) < 0)
		fail_msg("%s", err.text);
	if (kind->label && store_trial_label(made->store, trial.id, kind->label, &err) < 0)
		fail_msg("%s", err.text);
	made->slot++;
}

static inline void made_trials(
	struct made_experiment *made, const struct made_trials *kinds, size_t count) {
	for (size_t i = 0; i < count; i++)
		for (int j = 0; j < kinds[i].count; j++)
			made_one(made, &kinds[i], j);
}

/* What a finished trial tells of latencies, as far as anybody asks for them. */
#define MADE_LATENCY(p50, p95, p99)                                            \
	"{\"operation\":{\"p50\":" #p50 ",\"p95\":" #p95 ",\"p99\":" #p99 "}," \
	"\"encoder\":{\"p50\":1,\"p95\":2,\"p99\":3}}"

#endif
