/* The phases of a run, on a loop of its own. */
#include "repro/run.h"

#include "base/clock.h"
#include "base/text.h"
#include "collect/collector.h"
#include "collect/pool.h"
#include "collect/presence.h"
#include "repro/signals.h"
#include "repro/taken.h"
#include "repro/watched.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* How soon a commit of the daemon is noticed. */
#define TICK_MS 100
/* How soon it is looked again whether there is nothing more to take in. */
#define LAST_LOOK_TICK_MS 20
/* Once the report is there, others of the same moment may follow. */
#define FOLLOWERS_MS 2000
/* A daemon gets so long before its work is done here. */
#define DAEMON_MS 3000
/* What a last look at the folders may take. */
#define LAST_LOOK_MS 3000
/* An end so soon after a signal has to do with it. */
#define INTERRUPT_MS 5000

extern char **environ; /* NOLINT(readability-redundant-declaration) */

enum phase {
	PHASE_RUNNING,
	PHASE_WAITING,
	PHASE_LAST_LOOK, /* at what stands in the folders already */
	PHASE_OVER,
};

struct run {
	const struct run_options *options;
	struct run_result *result;
	struct store *store;
	const struct rules *rules;
	uv_loop_t loop;
	uv_timer_t tick;
	char **env; /* of the command */
	struct watched watched;
	struct signals *signals;
	struct collector *collector;
	struct taken taken;
	struct claims claims;
	enum phase phase;
	bool daemon;    /* one serves the database */
	bool committed; /* by our own collector, not looked at yet */
	bool quiet;     /* it has nothing to do */
	/* Of the monotonic clock. */
	int64_t ended_ms, found_ms, last_look_ms, signalled_ms;
};

static int64_t now_ms(void) {
	return clock_monotonic_us() / 1000;
}

static void note_failure(struct run *run, const struct err *err) {
	if (!run->result->collecting.code)
		run->result->collecting = *err;
}

/* ---- taking in ---- */

static void on_added(int64_t id, enum report_kind kind, void *user) {
	struct run *run = user;
	run->committed = true;
}

static void on_quiet(void *user) {
	struct run *run = user;
	run->quiet = run->committed = true;
}

static void on_failure(const struct err *err, void *user) {
	struct run *run = user;
	note_failure(run, err);
	run->quiet = true;
}

static int start_collector(struct run *run, struct err *err) {
	const struct collector_options options = {.folders = run->options->folders,
		.folder_count = run->options->folder_count,
		.selection = &run->taken.current,
		.on_added = on_added,
		.on_quiet = on_quiet,
		.on_failure = on_failure,
		.user = run};
	run->quiet = false;
	return collector_start(&run->loop, run->store, run->rules, &options, &run->collector, err);
}

static void take_names(void *user) {
	struct run *run = user;
	const struct tree *tree = &run->watched.tree;
	bool more = false;
	struct err err = {0};
	for (size_t i = 0; i < tree->count; i++)
		more = taken_add(&run->taken, tree->items[i].name) || more;
	if (!more || !run->collector)
		return;
	run->quiet = false;
	if (collector_select(run->collector, run->options->folders, run->options->folder_count,
		    &run->taken.current, &err) < 0)
		note_failure(run, &err);
}

static void look(struct run *run) {
	struct err err = {0};
	size_t more;
	bool own = run->committed;
	run->committed = false;
	if (claims_look(&run->claims, own, &more, &err) < 0)
		note_failure(run, &err);
	if (more)
		run->found_ms = now_ms();
}

static void refresh(void *user) {
	struct run *run = user;
	watched_sample(&run->watched);
}

/* ---- waiting ---- */

static size_t crashes(const struct run *run, bool of_command) {
	size_t count = 0;
	for (size_t i = 0; i < run->claims.count; i++) {
		const struct claimed *claimed = &run->claims.items[i];
		bool same = claimed->pid.set && claimed->pid.value == run->result->pid;
		count += claimed->crash && (same || !of_command);
	}
	return count;
}

/* Every report that has to come is there. */
static bool is_satisfied(const struct run *run) {
	const struct run_result *result = run->result;
	bool itself = result->crash_signal && result->crash_signal == result->signal;
	return crashes(run, itself) > 0;
}

static int64_t wait_limit(const struct run *run) {
	if (run->result->crash_signal || crashes(run, false))
		return run->options->wait_crash_ms;
	return run->result->interrupted ? 0 : run->options->wait_clean_ms;
}

static void tell_waiting(struct run *run, int64_t left_ms) {
	const struct run_wait wait = {.process = run->result->process,
		.pid = run->result->pid,
		.crashed = run->result->crash_signal != 0,
		.found = run->claims.count,
		.left_ms = left_ms};
	if (run->options->on_wait)
		run->options->on_wait(&wait, run->options->user);
}

static void on_stopped(void *user) {
}

static void finish(struct run *run) {
	if (run->phase == PHASE_OVER)
		return;
	run->phase = PHASE_OVER;
	if (run->options->on_wait)
		run->options->on_wait(NULL, run->options->user);
	uv_close((uv_handle_t *)&run->tick, NULL);
	watched_close(&run->watched);
	signals_stop(run->signals);
	if (run->collector)
		collector_stop(run->collector, on_stopped, run);
	run->collector = NULL;
}

/* An event may have been lost, or the daemon may have passed over what is ours. */
static void last_look(struct run *run) {
	struct err err = {0};
	run->phase = PHASE_LAST_LOOK;
	run->last_look_ms = now_ms();
	if (run->collector) {
		run->quiet = false;
		collector_reconcile(run->collector);
	} else if (start_collector(run, &err) < 0) {
		note_failure(run, &err);
		run->quiet = true;
	}
}

static void wait_more(struct run *run, int64_t now) {
	struct err err = {0};
	int64_t waited = now - run->ended_ms, limit = wait_limit(run);
	int64_t since = run->found_ms > run->ended_ms ? run->found_ms : run->ended_ms;
	if (waited >= limit) {
		last_look(run);
		return;
	}
	if (is_satisfied(run) && now - since >= FOLLOWERS_MS) {
		finish(run);
		return;
	}
	if (!run->collector && waited >= DAEMON_MS && start_collector(run, &err) < 0)
		note_failure(run, &err);
	tell_waiting(run, limit - waited);
}

static void set_tick(struct run *run);

static void on_tick(uv_timer_t *handle) {
	struct run *run = handle->data;
	int64_t now = now_ms();
	watched_tick(&run->watched, now);
	look(run);
	if (run->phase == PHASE_WAITING)
		wait_more(run, now);
	else if (run->phase == PHASE_LAST_LOOK &&
		 (run->quiet || now - run->last_look_ms >= LAST_LOOK_MS))
		finish(run);
	if (run->phase != PHASE_OVER)
		set_tick(run);
}

static void set_tick(struct run *run) {
	int64_t next = TICK_MS;
	if (run->phase == PHASE_RUNNING)
		next = watched_next_ms(&run->watched, now_ms());
	else if (run->phase == PHASE_LAST_LOOK)
		next = LAST_LOOK_TICK_MS;
	uv_timer_start(&run->tick, on_tick, (uint64_t)next, 0);
}

/* ---- what comes from outside ---- */

static bool ends_things(int number) {
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void on_signal(int number, bool direct, void *user) {
	struct run *run = user;
	if (run->phase == PHASE_RUNNING) {
		run->signalled_ms = ends_things(number) ? now_ms() : run->signalled_ms;
		if (direct)
			child_signal(run->watched.child, number);
		return;
	}
	if (!ends_things(number))
		return;
	run->result->interrupted = true;
	if (run->phase == PHASE_WAITING)
		last_look(run);
	else
		finish(run);
	if (run->phase != PHASE_OVER)
		set_tick(run);
}

static void on_end(void *user) {
	struct run *run = user;
	struct run_result *result = run->result;
	const struct watched *watched = &run->watched;
	const struct child_end *end = child_end(watched->child);
	memcpy(result->process, watched->tree.items[0].name, sizeof result->process);
	result->ended_at_us = watched->ended_at_us;
	result->status = end->status;
	result->signal = end->signal;
	result->hung = watched->hung;
	/* Who ends a hung command by SIGABRT did not see it crash. */
	result->crash_signal = result->hung ? 0 : run_crash_signal(end->status, end->signal);
	run->ended_ms = watched->ended_ms;
	result->interrupted = run->signalled_ms && run->ended_ms - run->signalled_ms < INTERRUPT_MS;
	run->phase = PHASE_WAITING;
	set_tick(run);
}

/* ---- from start to end ---- */

/* Everything that has to be there before the command is. */
static int prepare(struct run *run, struct err *err) {
	pid_t pid;
	int found = presence_find(run->options->db_path, &pid, err);
	if (found < 0)
		return found;
	run->daemon = found > 0;
	int code = claims_start(&run->claims, run->store, run->rules, &run->watched.tree, err);
	run->claims.refresh = refresh;
	run->claims.user = run;
	if (!code)
		code = signals_start(&run->loop, on_signal, run, &run->signals, err);
	if (!code && !run->daemon)
		code = start_collector(run, err);
	return code;
}

static int start(struct run *run, bool *ret_not_started, struct err *err) {
	const struct watched_options options = {.argv = run->options->argv,
		.env = run->env,
		.stdout_fd = run->options->stdout_fd,
		.timeout_ms = run->options->timeout_ms,
		.on_sample = take_names,
		.on_end = on_end,
		.user = run};
	int code = prepare(run, err);
	if (!code)
		code = watched_start(&run->watched, &run->loop, &options, ret_not_started, err);
	run->result->started_at_us = run->watched.started_at_us;
	if (code)
		return code;
	run->result->pid = child_pid(run->watched.child);
	set_tick(run);
	return 0;
}

static int keep_texts(struct run *run, struct err *err) {
	struct run_result *result = run->result;
	size_t len;
	const char *text = tail_text(child_tail(run->watched.child), &len);
	result->stderr_tail = malloc(3 * len + 1);
	if (!result->stderr_tail)
		return err_set(err, -ENOMEM, "out of memory");
	text_clean(result->stderr_tail, text, len, TEXT_LINES);
	return stderr_facts_find(text, len, &result->facts, err);
}

/* Why a crash of the command has no report. */
static void explain(struct run *run) {
	struct run_result *result = run->result;
	result->unreported = result->crash_signal && !is_satisfied(run);
	if (!result->unreported)
		return;
	bool itself = result->crash_signal == result->signal;
	const struct reporter_question question = {.process = itself ? result->process : NULL,
		.crashed_at_us = result->ended_at_us,
		.now_us = clock_now_us(),
		.folders = run->options->folders,
		.folder_count = run->options->folder_count};
	result->label = reporter_explain(run->options->reporter, &question);
}

static void read_log(struct run *run) {
	struct run_result *result = run->result;
	/* A child may have crashed at any moment before. */
	int64_t from = crashes(run, true) || result->crash_signal ? result->ended_at_us - 5000000
								  : result->started_at_us;
	if (run_crashed(result))
		reporter_log(run->options->reporter, from, clock_now_us(), &result->system_log,
			&result->log_error);
}

static int conclude(struct run *run, struct err *err) {
	struct run_result *result = run->result;
	run->committed = true;
	watched_sample(&run->watched);
	look(run);
	explain(run);
	result->crash_count = crashes(run, false);
	read_log(run);
	result->incidents = run->claims.items;
	result->incident_count = run->claims.count;
	run->claims.items = NULL;
	run->claims.count = 0;
	return keep_texts(run, err);
}

/* Ours as it is now: the loop sets a variable of its own. */
static char **copy_env(char *const *env) {
	size_t count = 0;
	while (env[count])
		count++;
	char **ret = calloc(count + 1, sizeof *ret);
	if (ret)
		memcpy(ret, env, count * sizeof *ret);
	return ret;
}

static void release(struct run *run) {
	watched_finish(&run->watched);
	signals_free(run->signals);
	claims_finish(&run->claims);
	taken_finish(&run->taken);
	free(run->env);
	if (uv_loop_close(&run->loop))
		abort();
}

int run_once(struct store *store, const struct rules *rules, const struct run_options *options,
	struct run_result *ret, bool *ret_not_started, struct err *err) {
	struct run run = {.options = options, .result = ret, .store = store, .rules = rules};
	*ret = (struct run_result){0};
	*ret_not_started = false;
	run.env = copy_env(options->env ? options->env : environ);
	int code =
		run.env ? pool_init_loop(&run.loop, err) : err_set(err, -ENOMEM, "out of memory");
	if (code) {
		free(run.env);
		return code;
	}
	uv_timer_init(&run.loop, &run.tick);
	run.tick.data = &run;
	taken_init(&run.taken, options->selection);
	code = start(&run, ret_not_started, err);
	if (code)
		finish(&run);
	uv_run(&run.loop, UV_RUN_DEFAULT);
	if (!code)
		code = conclude(&run, err);
	release(&run);
	return code;
}
