/* One trial after the other, then the wait for reports, on a loop of its own. */
#include "repro/experiment.h"

#include "base/clock.h"
#include "collect/pool.h"
#include "collect/presence.h"
#include "repro/experiment_parts.h"
#include "repro/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* How soon a commit of the daemon is noticed, and how often progress is told. */
#define TICK_MS 100
/* A daemon gets so long before its work is done here. */
#define DAEMON_MS 3000
/* What a last look at the folders may take. */
#define LAST_LOOK_MS 10000
#define LAST_LOOK_TICK_MS 20

extern char **environ; /* NOLINT(readability-redundant-declaration) */

int64_t experiment_now_ms(void) {
	return clock_monotonic_us() / 1000;
}

void experiment_fail(struct experiment *experiment, int code, const struct err *err) {
	if (!experiment->failure.code) {
		experiment->failure = *err;
		experiment->failure.code = code;
	}
	if (experiment->attempt.running)
		watched_stop(&experiment->attempt.watched, experiment_now_ms());
}

bool experiment_free_store(struct experiment *experiment) {
	if (!experiment->failure.code && experiment->collector &&
		!collector_commit(experiment->collector)) {
		struct err err = {0};
		err_set(&err, -EIO, "the database failed while reports were taken in");
		experiment_fail(experiment, -EIO, &err);
	}
	return !experiment->failure.code;
}

/* ---- progress ---- */

static int64_t wait_until(const struct experiment *experiment);

static int64_t left_ms(const struct experiment *experiment, int64_t now, int64_t running) {
	if (experiment->phase == EXPERIMENT_TRIALS)
		return plan_left_ms(
			&experiment->plan, (size_t)experiment->attempt.row.condition, running);
	int64_t left = experiment->looking ? 0 : wait_until(experiment) - now;
	return left > 0 ? left : 0;
}

void experiment_tell(struct experiment *experiment, const struct store_trial *ended) {
	const struct plan *plan = &experiment->plan;
	const struct attempt *attempt = &experiment->attempt;
	int64_t now = experiment_now_ms();
	int64_t running = attempt->running ? now - attempt->watched.started_ms : -1;
	const struct experiment_progress progress = {.phase = experiment->phase,
		.conditions = plan->tallies,
		.condition_count = plan->condition_count,
		.planned = plan->slots,
		.done = plan->done,
		.elapsed_ms = now - experiment->began_ms,
		.left_ms = left_ms(experiment, now, running),
		.condition = attempt->row.condition,
		.unpaired = experiment_unpaired(experiment),
		.ended = ended};
	experiment->told_ms = now;
	if (experiment->options->on_progress)
		experiment->options->on_progress(&progress, experiment->options->user);
}

/* ---- phases ---- */

static void on_stopped(void *user) {
}

static void finish(struct experiment *experiment) {
	if (experiment->over)
		return;
	experiment->over = true;
	uv_close((uv_handle_t *)&experiment->tick, NULL);
	signals_stop(experiment->signals);
	if (experiment->collector)
		collector_stop(experiment->collector, on_stopped, experiment);
	experiment->collector = NULL;
}

/* An event may have been lost, or the daemon may have passed over what is ours. */
static void last_look(struct experiment *experiment) {
	struct err err = {0};
	experiment->looking = true;
	experiment->looking_ms = experiment_now_ms();
	if (experiment->collector) {
		experiment->quiet = false;
		collector_reconcile(experiment->collector);
		return;
	}
	int code = experiment_start_collector(experiment, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

/* Of the monotonic clock: until then a report may come. */
static int64_t wait_until(const struct experiment *experiment) {
	const struct experiment_options *options = experiment->options;
	int64_t until = 0;
	if (experiment->hurried)
		return 0;
	for (size_t i = 0; i < experiment->pairing.count; i++)
		if (experiment_lacks(experiment, i) &&
			experiment->known[i].ended_ms + options->wait_ms > until)
			until = experiment->known[i].ended_ms + options->wait_ms;
	/* Only a report tells of a crash that the command hid. */
	int64_t hidden =
		options->wait_ms < RUN_WAIT_CLEAN_MS ? options->wait_ms : RUN_WAIT_CLEAN_MS;
	if (!options->answers && experiment->last_end_ms &&
		experiment->last_end_ms + hidden > until)
		until = experiment->last_end_ms + hidden;
	return until;
}

static void wait_more(struct experiment *experiment, int64_t now) {
	struct err err = {0};
	if (experiment->looking) {
		if (experiment->quiet || now - experiment->looking_ms >= LAST_LOOK_MS)
			finish(experiment);
	} else if (now >= wait_until(experiment)) {
		last_look(experiment);
	} else if (!experiment->collector && now - experiment->waiting_ms >= DAEMON_MS) {
		int code = experiment_start_collector(experiment, &err);
		if (code)
			experiment_fail(experiment, code, &err);
	}
}

static void next_trial(struct experiment *experiment) {
	int64_t slot;
	size_t condition;
	experiment->due = false;
	if (!experiment->stopping && plan_next(&experiment->plan, &slot, &condition)) {
		experiment_start_trial(experiment, slot, condition);
		return;
	}
	experiment->phase = EXPERIMENT_REPORTS;
	experiment->waiting_ms = experiment_now_ms();
}

static void on_tick(uv_timer_t *handle);

static void set_tick(struct experiment *experiment) {
	int64_t next = TICK_MS;
	if (experiment->attempt.running) {
		int64_t sample = watched_next_ms(&experiment->attempt.watched, experiment_now_ms());
		next = sample < next ? sample : next;
	} else if (experiment->looking) {
		next = LAST_LOOK_TICK_MS;
	}
	if (experiment->due)
		next = 0;
	uv_timer_start(&experiment->tick, on_tick, (uint64_t)next, 0);
}

void experiment_go_on(struct experiment *experiment) {
	experiment->due = true;
	set_tick(experiment);
}

static void on_tick(uv_timer_t *handle) {
	struct experiment *experiment = handle->data;
	struct attempt *attempt = &experiment->attempt;
	int64_t now = experiment_now_ms();
	if (attempt->running)
		watched_tick(&attempt->watched, now);
	experiment_look(experiment);
	experiment_check_daemon(experiment, now);
	if (experiment->failure.code && !attempt->running)
		finish(experiment);
	else if (experiment->due)
		next_trial(experiment);
	else if (experiment->phase == EXPERIMENT_REPORTS)
		wait_more(experiment, now);
	if (experiment->over)
		return;
	if (now - experiment->told_ms >= TICK_MS)
		experiment_tell(experiment, NULL);
	set_tick(experiment);
}

static bool ends_things(int number) {
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void on_signal(int number, bool direct, void *user) {
	struct experiment *experiment = user;
	struct attempt *attempt = &experiment->attempt;
	if (!ends_things(number)) {
		if (direct && attempt->running)
			child_signal(attempt->watched.child, number);
	} else if (experiment->phase == EXPERIMENT_TRIALS) {
		experiment->stopping = true;
		/* Who types Ctrl-C may do so again; others do not ask twice. */
		experiment->hurried = experiment->hurried || number != SIGINT;
		if (attempt->running)
			watched_stop(&attempt->watched, experiment_now_ms());
	} else if (experiment->looking) {
		finish(experiment);
	} else if (!experiment->over) {
		last_look(experiment);
		set_tick(experiment);
	}
}

/* ---- what was there before ---- */

struct broken {
	struct experiment *experiment;
	int64_t *ids; /* of trials whose runner was killed; owned */
	size_t count, cap;
	struct err *err;
};

static int keep_broken(struct broken *broken, int64_t id) {
	if (broken->count == broken->cap) {
		size_t cap = broken->cap ? broken->cap * 2 : 8;
		int64_t *ids = realloc(broken->ids, cap * sizeof *ids);
		if (!ids)
			return err_set(broken->err, -ENOMEM, "out of memory");
		broken->ids = ids;
		broken->cap = cap;
	}
	broken->ids[broken->count++] = id;
	return 0;
}

/* A process that nobody watches any more. */
static int plant(const struct store_trial *row, struct tree *ret, struct err *err) {
	const struct process_info info = {.pid = (pid_t)row->pid.value,
		.birth = row->launched_at_us.value,
		.started_at_us = row->launched_at_us.value};
	int64_t seen = row->ended_at_us.set ? row->ended_at_us.value : row->started_at_us;
	*ret = (struct tree){0};
	if (!row->pid.set || !row->launched_at_us.set)
		return 0;
	if (tree_init(ret, &info, NULL, 0, seen) < 0) {
		tree_finish(ret);
		return err_set(err, -ENOMEM, "out of memory");
	}
	ret->items[0].alive = false;
	tree_trim(ret, false);
	return 0;
}

static int recall(const struct store_trial *row, void *user) {
	struct broken *broken = user;
	struct experiment *experiment = broken->experiment;
	struct pairing_trial trial = {.id = row->id,
		.started_at_us = row->started_at_us,
		.ended_at_us = row->ended_at_us,
		.pid = row->pid,
		.launched_at_us = row->launched_at_us,
		.itself = row->outcome == TRIAL_CRASHED &&
			  (!row->exit_status.set || experiment->options->answers),
		.incident = row->incident.set  ? row->incident.value
			    : row->incident_id ? -1
					       : 0};
	trial.paired = trial.incident != 0;
	int64_t ended_us = row->ended_at_us.set ? row->ended_at_us.value : row->started_at_us;
	int64_t limit_us = row->started_at_us + experiment->options->timeout_ms * 1000;
	int64_t ago_ms = (clock_now_us() - ended_us) / 1000;
	const struct known_trial known = {
		.outcome = row->outcome == TRIAL_STARTED ? TRIAL_INTERRUPTED : row->outcome,
		.condition = row->condition,
		.ended_ms = experiment_now_ms() - (ago_ms > 0 ? ago_ms : 0),
		.asked_at_us = row->outcome == TRIAL_HUNG ? limit_us : 0};
	size_t at;
	int code = plant(row, &trial.tree, broken->err);
	if (!code)
		code = experiment_know(experiment, &trial, &known, &at, broken->err);
	if (!code && row->outcome == TRIAL_STARTED)
		code = keep_broken(broken, row->id);
	return code;
}

static int mend(struct experiment *experiment, const struct broken *broken, struct err *err) {
	int code = 0;
	for (size_t i = 0; i < broken->count && !code; i++)
		for (size_t k = 0; k < experiment->pairing.count && !code; k++) {
			const struct pairing_trial *known = &experiment->pairing.items[k];
			if (known->id != broken->ids[i])
				continue;
			const struct store_trial row = {.id = known->id,
				.outcome = TRIAL_INTERRUPTED,
				.pid = known->pid,
				.launched_at_us = known->launched_at_us,
				.error = "its runner was killed, or the machine stopped"};
			code = store_trial_end(experiment->store, &row, err);
		}
	return code;
}

static int load(struct experiment *experiment, int64_t id, struct err *err) {
	struct broken broken = {.experiment = experiment, .err = err};
	int code =
		plan_load(&experiment->plan, experiment->store, id, environ, recall, &broken, err);
	if (!code)
		code = mend(experiment, &broken, err);
	free(broken.ids);
	if (!code && experiment->plan.ended && experiment->plan.done < experiment->plan.slots)
		code = store_experiment_end(experiment->store, id, (struct i64_opt){0}, err);
	arrivals_start_since(&experiment->arrivals, experiment->store, experiment->rules,
		experiment->plan.started_at_us);
	experiment->arrivals.crashes_only = true;
	return code;
}

/* ---- from start to end ---- */

static int take_lock(struct experiment *experiment, struct err *err) {
	int code = presence_take_experiment(experiment->options->db_path, &experiment->lock, err);
	if (code == -EAGAIN)
		code = err->code = -EBUSY;
	return code;
}

static int start(struct experiment *experiment, struct err *err) {
	pid_t pid;
	int found = presence_ask(&experiment->lock, &pid, err);
	if (found < 0)
		return found;
	int code =
		signals_start(&experiment->loop, on_signal, experiment, &experiment->signals, err);
	if (!code && !found)
		code = experiment_start_collector(experiment, err);
	if (!code)
		experiment_go_on(experiment);
	return code;
}

static int run_loop(struct experiment *experiment, struct err *err) {
	int code = pool_init_loop(&experiment->loop, err);
	if (code)
		return code;
	uv_timer_init(&experiment->loop, &experiment->tick);
	experiment->tick.data = experiment;
	code = start(experiment, err);
	if (code)
		finish(experiment);
	uv_run(&experiment->loop, UV_RUN_DEFAULT);
	experiment_finish_attempt(experiment);
	signals_free(experiment->signals);
	if (uv_loop_close(&experiment->loop))
		abort();
	return code;
}

/* With everything stopped: nothing comes any more. */
static int conclude(struct experiment *experiment, enum experiment_end *ret, struct err *err) {
	const struct plan *plan = &experiment->plan;
	const struct i64_opt now = {.value = clock_now_us(), .set = true};
	bool done = plan->done == plan->slots;
	int code = 0;
	experiment->committed = true;
	experiment_look(experiment);
	for (size_t i = 0; i < experiment->pairing.count; i++)
		experiment_settle(experiment, i, true);
	experiment_label_crashes(experiment);
	if (experiment->failure.code) {
		*err = experiment->failure;
		return err->code;
	}
	if (done && !plan->ended)
		code = store_experiment_end(experiment->store, plan->id, now, err);
	if (!code)
		*ret = done ? EXPERIMENT_DONE : EXPERIMENT_STOPPED;
	return code;
}

int experiment_run(struct store *store, const struct rules *rules, int64_t id,
	const struct experiment_options *options, enum experiment_end *ret, struct err *err) {
	struct experiment experiment = {.store = store,
		.rules = rules,
		.options = options,
		.lock = {.fd = -1},
		.began_ms = experiment_now_ms()};
	struct err own = {0};
	err = err ? err : &own;
	taken_init(&experiment.taken, options->selection);
	int code = take_lock(&experiment, err);
	if (!code)
		code = load(&experiment, id, err);
	if (!code)
		code = run_loop(&experiment, err);
	if (!code)
		code = conclude(&experiment, ret, err);
	plan_finish(&experiment.plan);
	pairing_finish(&experiment.pairing);
	free(experiment.known);
	taken_finish(&experiment.taken);
	lock_release(&experiment.lock);
	return code;
}
