/* The phases of a run, on a loop of its own. */
#include "repro/run.h"

#include "base/clock.h"
#include "base/text.h"
#include "collect/collector.h"
#include "collect/presence.h"
#include "repro/child.h"
#include "repro/signals.h"
#include "repro/taken.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* Between two samples: a twentieth of the time since a process came or went, within these, and so
 * much that samples take no more than a twentieth of a processor. */
#define SAMPLE_MIN_MS 10
#define SAMPLE_MAX_MS 1000
#define SAMPLE_SHARE 20
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
/* Between asking a hung command to end and ending it. */
#define GRACE_MS 2000
/* An end so soon after a signal has to do with it. */
#define INTERRUPT_MS 5000

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
	struct child *child;
	struct signals *signals;
	struct collector *collector;
	struct taken taken;
	struct tree tree;
	struct claims claims;
	enum phase phase;
	bool daemon;     /* one serves the database */
	bool committed;  /* by our own collector, not looked at yet */
	bool quiet;      /* it has nothing to do */
	bool terminated; /* the hung command was asked to end */
	bool killed;
	/* Of the monotonic clock. */
	int64_t started_ms, sampled_ms, ended_ms, found_ms, last_look_ms, signalled_ms;
	int64_t changed_ms;     /* a process came or went */
	int64_t sample_cost_us; /* of the last one */
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

static void take_names(struct run *run) {
	bool more = false;
	struct err err = {0};
	for (size_t i = 0; i < run->tree.count; i++)
		more = taken_add(&run->taken, run->tree.items[i].name) || more;
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

/* ---- the processes ---- */

static void sample(struct run *run) {
	struct err err = {0};
	struct process_info *all = NULL;
	size_t count = 0;
	int64_t began_us = clock_monotonic_us();
	uint64_t changes = run->tree.changes;
	run->sampled_ms = began_us / 1000;
	/* A system that does not tell leaves us with the command itself. */
	if (process_list(&all, &count, &err) < 0)
		return;
	tree_update(&run->tree, all, count, clock_now_us());
	free(all);
	if (run->tree.changes != changes)
		run->changed_ms = run->sampled_ms;
	take_names(run);
	run->sample_cost_us = clock_monotonic_us() - began_us;
}

static void refresh(void *user) {
	sample(user);
}

static int64_t sample_interval(const struct run *run, int64_t now) {
	int64_t interval = (now - run->changed_ms) / SAMPLE_SHARE;
	int64_t cheap = run->sample_cost_us * SAMPLE_SHARE / 1000;
	interval = interval > cheap ? interval : cheap;
	return interval < SAMPLE_MIN_MS   ? SAMPLE_MIN_MS
	       : interval > SAMPLE_MAX_MS ? SAMPLE_MAX_MS
					  : interval;
}

static void signal_tree(struct run *run, int number) {
	struct process_info info;
	sample(run);
	child_signal(run->child, number);
	for (size_t i = 1; i < run->tree.count; i++) {
		const struct tree_member *member = &run->tree.items[i];
		if (member->alive && process_find(member->pid, &info, NULL) == 0 &&
			info.birth == member->birth)
			kill(member->pid, number);
	}
}

static void check_timeout(struct run *run, int64_t now) {
	int64_t limit = run->options->timeout_ms, elapsed = now - run->started_ms;
	if (!limit || elapsed < limit)
		return;
	if (!run->terminated) {
		run->terminated = run->result->hung = true;
		signal_tree(run, SIGTERM);
	} else if (!run->killed && elapsed >= limit + GRACE_MS) {
		run->killed = true;
		signal_tree(run, SIGKILL);
	}
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
	child_close(run->child);
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
	if (now - run->sampled_ms >= sample_interval(run, now))
		sample(run);
	look(run);
	if (run->phase == PHASE_RUNNING)
		check_timeout(run, now);
	else if (run->phase == PHASE_WAITING)
		wait_more(run, now);
	else if (run->quiet || now - run->last_look_ms >= LAST_LOOK_MS)
		finish(run);
	if (run->phase != PHASE_OVER)
		set_tick(run);
}

static void set_tick(struct run *run) {
	int64_t next = TICK_MS, interval = sample_interval(run, now_ms());
	if (run->phase == PHASE_RUNNING && (interval < TICK_MS || !run->options->timeout_ms))
		next = interval;
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
			child_signal(run->child, number);
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

static int crash_signal_of(const struct child_end *end) {
	if (run_is_crash_signal(end->signal))
		return end->signal;
	/* As a shell tells of a command that a signal ended. */
	return end->status > 128 && run_is_crash_signal(end->status - 128) ? end->status - 128 : 0;
}

static void on_end(void *user) {
	struct run *run = user;
	struct run_result *result = run->result;
	const struct child_end *end = child_end(run->child);
	memcpy(result->process, run->tree.items[0].name, sizeof result->process);
	result->ended_at_us = clock_now_us();
	result->status = end->status;
	result->signal = end->signal;
	/* Who ends a hung command by SIGABRT did not see it crash. */
	result->crash_signal = result->hung ? 0 : crash_signal_of(end);
	run->ended_ms = now_ms();
	result->interrupted = run->signalled_ms && run->ended_ms - run->signalled_ms < INTERRUPT_MS;
	if (result->hung)
		signal_tree(run, SIGKILL);
	else
		sample(run);
	run->phase = PHASE_WAITING;
	set_tick(run);
}

/* ---- from start to end ---- */

static void find_root(struct run *run, const struct process_info *before, size_t before_count) {
	struct err err = {0};
	struct process_info info;
	pid_t pid = child_pid(run->child);
	if (process_find(pid, &info, &err) < 0)
		info = (struct process_info){.pid = pid, .started_at_us = clock_now_us()};
	run->result->pid = pid;
	if (tree_init(&run->tree, &info, before, before_count, clock_now_us()) < 0)
		abort();
	take_names(run);
}

/* Everything that has to be there before the command is. */
static int prepare(struct run *run, struct err *err) {
	pid_t pid;
	int found = presence_find(run->options->db_path, &pid, err);
	if (found < 0)
		return found;
	run->daemon = found > 0;
	int code = claims_start(&run->claims, run->store, run->rules, &run->tree, err);
	run->claims.refresh = refresh;
	run->claims.user = run;
	if (!code)
		code = signals_start(&run->loop, on_signal, run, &run->signals, err);
	if (!code && !run->daemon)
		code = start_collector(run, err);
	return code;
}

static int start(struct run *run, bool *ret_not_started, struct err *err) {
	const struct child_options options = {.argv = run->options->argv,
		.env = run->options->env,
		.stdout_fd = run->options->stdout_fd,
		.on_end = on_end,
		.user = run};
	struct process_info *before = NULL;
	size_t before_count = 0;
	struct err ignored = {0};
	int code = prepare(run, err);
	if (code)
		return code;
	/* Without it nothing is told by launch. */
	process_list(&before, &before_count, &ignored);
	run->result->started_at_us = clock_now_us();
	run->started_ms = run->changed_ms = now_ms();
	code = child_start(&run->loop, &options, &run->child, err);
	*ret_not_started = code < 0 && run->child;
	if (!code) {
		find_root(run, before, before_count);
		set_tick(run);
	}
	free(before);
	return code;
}

static int keep_texts(struct run *run, struct err *err) {
	struct run_result *result = run->result;
	size_t len;
	const char *text = tail_text(child_tail(run->child), &len);
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
	sample(run);
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

int run_once(struct store *store, const struct rules *rules, const struct run_options *options,
	struct run_result *ret, bool *ret_not_started, struct err *err) {
	struct run run = {.options = options, .result = ret, .store = store, .rules = rules};
	*ret = (struct run_result){0};
	*ret_not_started = false;
	int code = uv_loop_init(&run.loop);
	if (code)
		return err_set(err, code, "cannot make a loop: %s", strerror(-code));
	uv_timer_init(&run.loop, &run.tick);
	run.tick.data = &run;
	taken_init(&run.taken, options->selection);
	code = start(&run, ret_not_started, err);
	if (code)
		finish(&run);
	uv_run(&run.loop, UV_RUN_DEFAULT);
	if (!code)
		code = conclude(&run, err);
	child_free(run.child);
	signals_free(run.signals);
	claims_finish(&run.claims);
	tree_finish(&run.tree);
	taken_finish(&run.taken);
	if (uv_loop_close(&run.loop))
		abort();
	return code;
}
