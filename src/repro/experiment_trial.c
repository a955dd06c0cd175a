/* One trial: its row, its process, its stacks when it hangs, and what it came to. */
#include "repro/experiment_parts.h"

#include "base/clock.h"
#include "base/text.h"
#include "repro/metric.h"
#include "repro/outcome.h"
#include "repro/run.h"
#include "repro/stacks.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What a trial that hangs gets for telling its stacks. */
#define STACKS_WAIT_MS 5000
/* For reading them from outside, of each process and of all of its tree: a debugger needs seconds
 * for a Python with some hundred libraries, and nothing else is done meanwhile. */
#define STACKS_TAKE_MS 10000
#define STACKS_ALL_MS 20000
#define STACKS_PROCESSES 4
/* Everything that one trial said, cleaned and copied. */
#define ARENA_BYTES (16u << 20)

int experiment_know(struct experiment *experiment, const struct pairing_trial *trial,
	const struct known_trial *known, size_t *ret, struct err *err) {
	if (experiment->pairing.count == experiment->known_cap) {
		size_t cap = experiment->known_cap ? experiment->known_cap * 2 : 64;
		struct known_trial *items = realloc(experiment->known, cap * sizeof *items);
		if (!items)
			return err_set(err, -ENOMEM, "out of memory");
		experiment->known = items;
		experiment->known_cap = cap;
	}
	if (pairing_add(&experiment->pairing, trial, ret) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	experiment->known[*ret] = *known;
	return 0;
}

/* ---- what it says ---- */

static void on_output(const char *bytes, size_t len, void *user) {
	struct experiment *experiment = user;
	output_add(&experiment->attempt.output, bytes, len);
}

/* *ret lives in arena. */
static void read_answer(struct experiment *experiment, struct arena *arena, struct answer *ret) {
	struct buf text = {0};
	struct err err = {0};
	*ret = (struct answer){0};
	if (!experiment->options->answers)
		return;
	output_text(&experiment->attempt.output, &text);
	int code = text.failed ? err_set(&err, -ENOMEM, "out of memory")
			       : answer_read(buf_str(&text), text.len, arena, ret, &err);
	if (code)
		experiment_fail(experiment, code, &err);
	buf_finish(&text);
}

/* ---- when it hangs ---- */

static void take_stacks(struct attempt *attempt) {
	struct watched *watched = &attempt->watched;
	size_t taken = 0;
	int64_t until = experiment_now_ms() + STACKS_ALL_MS;
	watched_sample(watched);
	for (size_t i = 0; i < watched->tree.count && taken < STACKS_PROCESSES; i++) {
		struct err err = {0};
		int64_t left = until - experiment_now_ms();
		if (!watched->tree.items[i].alive || attempt->stacks.len >= STACKS_BYTES ||
			left <= 0)
			continue;
		if (taken++)
			buf_add_char(&attempt->stacks, '\n');
		if (stacks_take(watched->tree.items[i].pid,
			    (unsigned)(left < STACKS_TAKE_MS ? left : STACKS_TAKE_MS),
			    &attempt->stacks, &err) < 0)
			buf_printf(&attempt->stacks, "%s\n", err.text);
	}
}

/* A supervisor that knows its threads is asked first; without one the process itself would get the
 * signal and end. */
static bool ask_for_stacks(struct experiment *experiment) {
	struct attempt *attempt = &experiment->attempt;
	struct arena arena;
	struct answer answer;
	arena_init(&arena, ARENA_BYTES);
	read_answer(experiment, &arena, &answer);
	bool supervised = answer.pid.set && answer.pid.value != child_pid(attempt->watched.child);
	arena_finish(&arena);
	if (supervised)
		child_signal(attempt->watched.child, SIGQUIT);
	return supervised;
}

static bool have_stacks(struct experiment *experiment) {
	struct arena arena;
	struct answer answer;
	arena_init(&arena, ARENA_BYTES);
	read_answer(experiment, &arena, &answer);
	bool have = answer.stacks != NULL;
	arena_finish(&arena);
	return have;
}

static bool on_limit(void *user) {
	struct experiment *experiment = user;
	struct attempt *attempt = &experiment->attempt;
	int64_t now = experiment_now_ms();
	if (!attempt->stacks_asked_ms) {
		attempt->stacks_asked_ms = now;
		if (ask_for_stacks(experiment))
			return false;
		take_stacks(attempt);
		return true;
	}
	if (have_stacks(experiment))
		return true;
	if (now - attempt->stacks_asked_ms < STACKS_WAIT_MS)
		return false;
	take_stacks(attempt);
	return true;
}

/* ---- what it came to ---- */

static const char *clean_copy(struct arena *arena, const char *text, size_t len) {
	char *copy = arena_alloc(arena, 3 * len + 1);
	if (copy)
		text_clean(copy, text, len, TEXT_LINES);
	return copy ? copy : "";
}

static void add_metric(struct experiment *experiment, struct store_trial *row) {
	struct attempt *attempt = &experiment->attempt;
	struct buf text = {0};
	size_t len;
	if (row->has_throughput || !experiment->options->metric)
		return;
	output_text(&attempt->output, &text);
	row->has_throughput = metric_find(
		experiment->options->metric, buf_str(&text), text.len, &row->throughput);
	buf_finish(&text);
	if (row->has_throughput)
		return;
	const char *errors = tail_text(child_tail(attempt->watched.child), &len);
	row->has_throughput =
		metric_find(experiment->options->metric, errors, len, &row->throughput);
}

/* Of the process that was started the kernel knows better when that was: what it takes until a new
 * program can tell the time may be seconds. */
static void add_answer(const struct answer *answer, struct store_trial *row) {
	if (answer->pid.set && answer->pid.value != row->pid.value) {
		row->pid = answer->pid;
		if (answer->launched_at_us.set)
			row->launched_at_us = answer->launched_at_us;
	}
	row->operations = answer->operations;
	row->has_throughput = answer->has_throughput;
	row->throughput = answer->throughput;
	row->has_lock_wait = answer->has_lock_wait;
	row->lock_wait_s = answer->lock_wait_s;
	row->latency = answer->latency;
	row->stacks = answer->stacks;
}

/* The report of a child came while the command still ran. */
static void add_report(struct experiment *experiment, struct store_trial *row) {
	size_t at = experiment->attempt.at;
	const struct pairing_trial *trial = &experiment->pairing.items[at];
	experiment->known[at].outcome = row->outcome;
	if (!experiment_shows_crash(experiment, at))
		return;
	row->outcome = TRIAL_CRASHED;
	if (trial->says.pid.set) {
		row->pid = trial->says.pid;
		row->launched_at_us = trial->says.launched_at_us;
	}
}

static void fill_row(struct experiment *experiment, struct arena *arena, struct buf *error,
	struct store_trial *row) {
	struct attempt *attempt = &experiment->attempt;
	const struct watched *watched = &attempt->watched;
	struct answer answer;
	size_t len;
	const char *errors = tail_text(child_tail(watched->child), &len);
	read_answer(experiment, arena, &answer);
	bool stopped = experiment->stopping || experiment->failure.code || signals_pending();
	const struct outcome_facts facts = {.end = *child_end(watched->child),
		.hung = watched->hung,
		.interrupted = stopped && !watched->hung,
		.answer = experiment->options->answers ? &answer : NULL,
		.stderr_tail = clean_copy(arena, errors, len)};
	row->outcome = outcome_of(&facts);
	row->ended_at_us = (struct i64_opt){.value = watched->ended_at_us, .set = true};
	row->exit_status =
		(struct i64_opt){.value = facts.end.status, .set = facts.end.signal == 0};
	row->signal = outcome_signal(&facts);
	row->stderr_tail = facts.stderr_tail;
	add_answer(&answer, row);
	add_metric(experiment, row);
	if (!row->stacks && attempt->stacks.len && !attempt->stacks.failed)
		row->stacks = buf_str(&attempt->stacks);
	outcome_error(&facts, row->outcome, error);
	row->error = error->len && !error->failed ? buf_str(error) : NULL;
}

static void record(struct experiment *experiment, const struct store_trial *row) {
	struct err err = {0};
	if (!experiment_free_store(experiment))
		return;
	int code = store_trial_end(experiment->store, row, &err);
	if (code) {
		experiment_fail(experiment, code, &err);
		return;
	}
	plan_count(&experiment->plan, row);
}

/* What pairing has to know of its end. */
static void hand_over(struct experiment *experiment, const struct store_trial *row) {
	struct attempt *attempt = &experiment->attempt;
	struct watched *watched = &attempt->watched;
	struct known_trial *known = &experiment->known[attempt->at];
	struct pairing_trial *trial = &experiment->pairing.items[attempt->at];
	const struct child_end *end = child_end(watched->child);
	known->ended_ms = experiment->last_end_ms = watched->ended_ms;
	known->asked_at_us =
		watched->asked_ms
			? watched->ended_at_us - (watched->ended_ms - watched->asked_ms) * 1000
			: 0;
	memcpy(known->process, watched->tree.items[0].name, sizeof known->process);
	trial->pid = row->pid;
	trial->launched_at_us = row->launched_at_us;
	bool told = row->pid.set && row->pid.value != child_pid(watched->child);
	trial->itself = row->outcome == TRIAL_CRASHED && (end->signal || told);
	pairing_end(&experiment->pairing, attempt->at, watched->ended_at_us, &watched->tree);
}

static void release(struct attempt *attempt) {
	child_release(attempt->watched.child);
	attempt->watched.child = NULL;
	watched_finish(&attempt->watched);
	output_reset(&attempt->output);
	buf_reset(&attempt->stacks);
	attempt->stacks_asked_ms = 0;
	attempt->running = false;
}

static void on_end(void *user) {
	struct experiment *experiment = user;
	struct attempt *attempt = &experiment->attempt;
	struct store_trial row = attempt->row;
	struct arena arena;
	struct buf error = {0};
	arena_init(&arena, ARENA_BYTES);
	fill_row(experiment, &arena, &error, &row);
	hand_over(experiment, &row);
	add_report(experiment, &row);
	experiment->known[attempt->at].outcome = row.outcome;
	record(experiment, &row);
	experiment_settle(experiment, attempt->at, false);
	attempt->running = false;
	experiment_tell(experiment, &row);
	release(attempt);
	buf_finish(&error);
	arena_finish(&arena);
	experiment_go_on(experiment);
}

/* ---- its start ---- */

/* A lack of something that may be there again for the next one. */
static bool is_shortage(int code) {
	return code == -EAGAIN || code == -ENOMEM || code == -EMFILE || code == -ENFILE;
}

/* A command that could never be started will not be started the next time either: then the
 * experiment ends, and the trial is as if it had not been begun. */
static void not_started(struct experiment *experiment, int code, const struct err *why) {
	struct attempt *attempt = &experiment->attempt;
	struct plan_condition *condition = &experiment->plan.conditions[attempt->row.condition];
	struct pairing_trial *trial = &experiment->pairing.items[attempt->at];
	struct store_trial row = attempt->row;
	bool never = !condition->was_started && !is_shortage(code);
	row.outcome = never ? TRIAL_INTERRUPTED : TRIAL_FAILED;
	row.ended_at_us = (struct i64_opt){.value = clock_now_us(), .set = true};
	row.error = why->text;
	trial->live = NULL;
	trial->ended_at_us = row.ended_at_us;
	experiment->known[attempt->at].outcome = row.outcome;
	record(experiment, &row);
	release(attempt);
	experiment_tell(experiment, &row);
	if (never)
		experiment_fail(experiment, code, why);
	experiment_go_on(experiment);
}

static void launched(struct experiment *experiment) {
	struct attempt *attempt = &experiment->attempt;
	struct pairing_trial *trial = &experiment->pairing.items[attempt->at];
	const struct tree_member *root = &attempt->watched.tree.items[0];
	struct store_trial *row = &attempt->row;
	struct err err = {0};
	row->pid = trial->pid = (struct i64_opt){.value = root->pid, .set = true};
	row->launched_at_us = trial->launched_at_us =
		(struct i64_opt){.value = root->started_at_us, .set = true};
	attempt->running = true;
	experiment->plan.conditions[row->condition].was_started = true;
	int code = store_trial_launched(
		experiment->store, row->id, row->pid.value, row->launched_at_us.value, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

static int begin(struct experiment *experiment, struct err *err) {
	struct attempt *attempt = &experiment->attempt;
	struct store_trial *row = &attempt->row;
	const struct known_trial known = {.condition = row->condition};
	int code = store_trial_begin(experiment->store, experiment->plan.id, row, &row->id, err);
	if (code)
		return code;
	const struct pairing_trial trial = {
		.id = row->id, .started_at_us = row->started_at_us, .live = &attempt->watched.tree};
	return experiment_know(experiment, &trial, &known, &attempt->at, err);
}

void experiment_start_trial(struct experiment *experiment, int64_t slot, size_t condition) {
	struct attempt *attempt = &experiment->attempt;
	const struct plan_condition *facts = &experiment->plan.conditions[condition];
	const struct watched_options options = {.argv = facts->argv,
		.env = facts->env,
		.on_output = on_output,
		.silent = !experiment->options->show_output,
		.timeout_ms = experiment->options->timeout_ms,
		.on_sample = experiment_take_names,
		.on_limit = on_limit,
		.on_end = on_end,
		.user = experiment};
	struct err err = {0};
	bool ignored;
	attempt->row = (struct store_trial){
		.condition = (int64_t)condition, .slot = slot, .started_at_us = clock_now_us()};
	if (!experiment_free_store(experiment))
		return;
	int code = begin(experiment, &err);
	if (code) {
		experiment_fail(experiment, code, &err);
		return;
	}
	code = watched_start(&attempt->watched, &experiment->loop, &options, &ignored, &err);
	if (code)
		not_started(experiment, code, &err);
	else
		launched(experiment);
}

void experiment_finish_attempt(struct experiment *experiment) {
	output_finish(&experiment->attempt.output);
	buf_finish(&experiment->attempt.stacks);
}
