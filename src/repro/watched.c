/* A child, a tree, and the system's list of processes as often as it is worth its cost. */
#include "repro/watched.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* Between two samples: a twentieth of the time since a process came or went, within these, and so
 * much that samples take no more than a twentieth of a processor. */
#define SAMPLE_MIN_MS 10
#define SAMPLE_MAX_MS 1000
#define SAMPLE_SHARE 20
/* How soon the time limit is noticed. */
#define LIMIT_TICK_MS 100
/* Between asking a hung command to end and ending it. */
#define GRACE_MS 2000

/* ---- samples ---- */

void watched_sample(struct watched *watched) {
	struct err err = {0};
	struct process_info *all = NULL;
	size_t count = 0;
	int64_t began_us = clock_monotonic_us();
	uint64_t changes = watched->tree.changes;
	watched->sampled_ms = began_us / 1000;
	/* A system that does not tell leaves us with the command itself. */
	if (process_list(&all, &count, &err) < 0)
		return;
	tree_update(&watched->tree, all, count, clock_now_us());
	free(all);
	if (watched->tree.changes != changes)
		watched->changed_ms = watched->sampled_ms;
	watched->options.on_sample(watched->options.user);
	watched->sample_cost_us = clock_monotonic_us() - began_us;
}

static int64_t sample_interval(const struct watched *watched, int64_t now) {
	int64_t interval = (now - watched->changed_ms) / SAMPLE_SHARE;
	int64_t cheap = watched->sample_cost_us * SAMPLE_SHARE / 1000;
	interval = interval > cheap ? interval : cheap;
	return interval < SAMPLE_MIN_MS   ? SAMPLE_MIN_MS
	       : interval > SAMPLE_MAX_MS ? SAMPLE_MAX_MS
					  : interval;
}

int64_t watched_next_ms(const struct watched *watched, int64_t now_ms) {
	int64_t interval = sample_interval(watched, now_ms);
	bool limited = watched->options.timeout_ms || watched->asked_ms;
	return limited && interval > LIMIT_TICK_MS ? LIMIT_TICK_MS : interval;
}

/* ---- the end of a tree ---- */

static void signal_tree(struct watched *watched, int number) {
	struct process_info info;
	watched_sample(watched);
	child_signal(watched->child, number);
	for (size_t i = 1; i < watched->tree.count; i++) {
		const struct tree_member *member = &watched->tree.items[i];
		if (member->alive && process_find(member->pid, &info, NULL) == 0 &&
			info.birth == member->birth)
			kill(member->pid, number);
	}
}

void watched_stop(struct watched *watched, int64_t now_ms) {
	if (watched->asked_ms || watched->ended_at_us)
		return;
	watched->asked_ms = now_ms;
	signal_tree(watched, SIGTERM);
}

static void check_limit(struct watched *watched, int64_t now) {
	const struct watched_options *options = &watched->options;
	if (watched->asked_ms) {
		if (!watched->killed && now - watched->asked_ms >= GRACE_MS) {
			watched->killed = true;
			signal_tree(watched, SIGKILL);
		}
		return;
	}
	if (!options->timeout_ms || now - watched->started_ms < options->timeout_ms)
		return;
	watched->hung = true;
	if (!options->on_limit || options->on_limit(options->user))
		watched_stop(watched, now);
}

void watched_tick(struct watched *watched, int64_t now_ms) {
	if (now_ms - watched->sampled_ms >= sample_interval(watched, now_ms))
		watched_sample(watched);
	if (!watched->ended_at_us)
		check_limit(watched, now_ms);
}

static void on_output(const char *bytes, size_t len, void *user) {
	struct watched *watched = user;
	watched->options.on_output(bytes, len, watched->options.user);
}

static void on_end(void *user) {
	struct watched *watched = user;
	watched->ended_at_us = clock_now_us();
	watched->ended_ms = clock_monotonic_us() / 1000;
	if (watched->hung || watched->asked_ms)
		signal_tree(watched, SIGKILL);
	else
		watched_sample(watched);
	watched->options.on_end(watched->options.user);
}

/* ---- from start to end ---- */

static int find_root(
	struct watched *watched, const struct process_info *before, size_t before_count) {
	struct err err = {0};
	struct process_info info;
	pid_t pid = child_pid(watched->child);
	if (process_find(pid, &info, &err) < 0)
		info = (struct process_info){.pid = pid, .started_at_us = clock_now_us()};
	return tree_init(&watched->tree, &info, before, before_count, clock_now_us());
}

int watched_start(struct watched *ret, uv_loop_t *loop, const struct watched_options *options,
	bool *ret_not_started, struct err *err) {
	const struct child_options command = {.argv = options->argv,
		.env = options->env,
		.stdout_fd = options->stdout_fd,
		.on_output = options->on_output ? on_output : NULL,
		.silent = options->silent,
		.on_end = on_end,
		.user = ret};
	struct process_info *before = NULL;
	size_t before_count = 0;
	struct err ignored = {0};
	ret->options = *options;
	/* Without it nothing is told by launch. */
	process_list(&before, &before_count, &ignored);
	ret->started_at_us = clock_now_us();
	ret->started_ms = ret->changed_ms = clock_monotonic_us() / 1000;
	int code = child_start(loop, &command, &ret->child, err);
	*ret_not_started = code < 0 && ret->child;
	/* Who has no memory for the first process of a tree cannot watch it. */
	if (!code && find_root(ret, before, before_count) < 0)
		abort();
	free(before);
	if (!code)
		ret->options.on_sample(ret->options.user);
	return code;
}

void watched_close(struct watched *watched) {
	child_close(watched->child);
}

void watched_finish(struct watched *watched) {
	child_free(watched->child);
	tree_finish(&watched->tree);
	*watched = (struct watched){0};
}
