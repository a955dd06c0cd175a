/* Three walks over the store, then counting. */
#include "repro/plan.h"

#include "repro/condition_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Commands and environments of all conditions, which repeat ours. */
#define ARENA_BYTES (256u << 20)

/* ---- reading ---- */

struct load {
	struct plan *plan;
	char *const *env;
	size_t cap;
	plan_trial_fn fn;
	void *user;
	int code;
	struct err *err;
};

static int on_experiment(const struct store_experiment *experiment, void *user) {
	struct plan *plan = user;
	plan->id = experiment->id;
	plan->seed = experiment->seed;
	plan->started_at_us = experiment->started_at_us;
	plan->ended = experiment->ended_at_us.set;
	plan->runs = experiment->runs;
	return 0;
}

static int on_condition(const struct store_condition *condition, void *user) {
	struct load *load = user;
	struct plan *plan = load->plan;
	void *items = plan->conditions;
	if (plan->condition_count == PLAN_CONDITIONS_MAX ||
		condition->number != (int64_t)plan->condition_count)
		return load->code = err_set(load->err, -EINVAL,
			       "the experiment's conditions are too many or not in order");
	if (arena_grow(&plan->arena, &items, plan->condition_count, &load->cap,
		    sizeof *plan->conditions) < 0)
		return load->code = err_set(load->err, -ENOMEM, "out of memory");
	plan->conditions = items;
	struct plan_condition *ret = &plan->conditions[plan->condition_count];
	*ret = (struct plan_condition){0};
	load->code = condition_argv(condition->command, &plan->arena, &ret->argv, load->err);
	if (!load->code)
		load->code = condition_env(condition->env ? condition->env : "{}", load->env,
			&plan->arena, &ret->env, load->err);
	plan->condition_count += !load->code;
	return load->code;
}

static int on_trial(const struct store_trial *trial, void *user) {
	struct load *load = user;
	struct plan *plan = load->plan;
	if (trial->condition < 0 || trial->condition >= (int64_t)plan->condition_count ||
		trial->slot < 0 || trial->slot >= plan->slots)
		return 0;
	plan_count(plan, trial);
	return load->code = load->fn(trial, load->user);
}

static int make_room(struct plan *plan, struct err *err) {
	if (!plan->condition_count || plan->runs < 1 ||
		plan->runs > PLAN_TRIALS_MAX / (int64_t)plan->condition_count)
		return err_set(err, -EINVAL, "experiment %lld has no trials, or more than %d",
			(long long)plan->id, PLAN_TRIALS_MAX);
	plan->slots = plan->runs * (int64_t)plan->condition_count;
	plan->tallies = arena_calloc(&plan->arena, plan->condition_count, sizeof *plan->tallies);
	plan->counted = arena_calloc(&plan->arena, (size_t)plan->slots, sizeof *plan->counted);
	if (!plan->tallies || !plan->counted)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < plan->condition_count; i++)
		plan->tallies[i].planned = plan->runs;
	return 0;
}

int plan_load(struct plan *ret, struct store *store, int64_t id, char *const *env, plan_trial_fn fn,
	void *user, struct err *err) {
	struct load load = {.plan = ret, .env = env, .fn = fn, .user = user, .err = err};
	*ret = (struct plan){0};
	arena_init(&ret->arena, ARENA_BYTES);
	int code = store_experiment_get(store, id, on_experiment, ret, err);
	if (!code)
		code = store_conditions(store, id, on_condition, &load, err);
	if (!code)
		code = make_room(ret, err);
	if (!code)
		code = store_trials(store, id, on_trial, &load, err);
	return code;
}

void plan_finish(struct plan *plan) {
	arena_finish(&plan->arena);
	*plan = (struct plan){0};
}

/* ---- counting ---- */

bool plan_next(struct plan *plan, int64_t *ret_slot, size_t *ret_condition) {
	while (plan->next < plan->slots && plan->counted[plan->next])
		plan->next++;
	if (plan->next >= plan->slots)
		return false;
	*ret_slot = plan->next;
	*ret_condition = experiment_order(plan->seed, plan->condition_count, plan->next);
	return true;
}

bool plan_is_counted(enum trial_outcome outcome) {
	return outcome != TRIAL_STARTED && outcome != TRIAL_INTERRUPTED;
}

static void set_mean(struct plan *plan, int64_t condition) {
	const struct plan_condition *facts = &plan->conditions[condition];
	plan->tallies[condition].throughput =
		facts->throughput_count ? facts->throughput_sum / (double)facts->throughput_count
					: 0;
}

static void add_throughput(struct plan *plan, const struct store_trial *trial, int sign) {
	struct plan_condition *facts = &plan->conditions[trial->condition];
	if (!trial->has_throughput || trial->outcome != TRIAL_FINISHED)
		return;
	facts->throughput_sum += sign * trial->throughput;
	facts->throughput_count += sign;
	set_mean(plan, trial->condition);
}

void plan_count(struct plan *plan, const struct store_trial *trial) {
	if (!plan_is_counted(trial->outcome) || plan->counted[trial->slot])
		return;
	struct plan_condition *facts = &plan->conditions[trial->condition];
	struct experiment_tally *tally = &plan->tallies[trial->condition];
	plan->counted[trial->slot] = true;
	plan->done++;
	tally->done++;
	tally->outcomes[trial->outcome]++;
	facts->was_started = true;
	if (trial->ended_at_us.set && trial->ended_at_us.value >= trial->started_at_us) {
		facts->lasted_ms += (trial->ended_at_us.value - trial->started_at_us) / 1000;
		facts->lasted_count++;
	}
	add_throughput(plan, trial, 1);
}

void plan_correct(struct plan *plan, const struct store_trial *before, enum trial_outcome outcome) {
	struct experiment_tally *tally = &plan->tallies[before->condition];
	add_throughput(plan, before, -1);
	tally->outcomes[before->outcome]--;
	tally->outcomes[outcome]++;
}

int64_t plan_left_ms(const struct plan *plan, size_t condition, int64_t running_ms) {
	int64_t all_ms = 0, all = 0;
	double left = 0;
	for (size_t i = 0; i < plan->condition_count; i++) {
		all_ms += plan->conditions[i].lasted_ms;
		all += plan->conditions[i].lasted_count;
	}
	if (!all)
		return plan->done == plan->slots ? 0 : -1;
	double overall = (double)all_ms / (double)all;
	for (size_t i = 0; i < plan->condition_count; i++) {
		const struct plan_condition *facts = &plan->conditions[i];
		double mean = facts->lasted_count
				      ? (double)facts->lasted_ms / (double)facts->lasted_count
				      : overall;
		left += mean * (double)(plan->runs - plan->tallies[i].done);
		/* What runs has some of its time behind it. */
		if (running_ms >= 0 && i == condition)
			left -= (double)running_ms < mean ? (double)running_ms : mean;
	}
	return left > 0 ? (int64_t)left : 0;
}
