/* The runs that wait and those that go on. What one run is, hook_call knows. */
#include "collect/hook.h"

#include "collect/hook_call.h"
#include "collect/program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* From SIGTERM to SIGKILL. */
#define KILL_MS 2000
#define TEXT_BYTES (ERR_TEXT_BYTES + 64)

struct hook {
	uv_loop_t *loop;
	struct hook_options options;
	char **command;
	int64_t *queue; /* a ring */
	size_t first, count, cap;
	size_t dropped;           /* since the queue was full */
	struct hook_call **calls; /* those that run, running_max places */
	unsigned running;
	uv_idle_t idle; /* starts one run in each turn of the loop, while there are any to start */
	uv_timer_t grace; /* since hook_stop() */
	unsigned handles;
	bool stopping, closing;
	void (*on_stopped)(void *user);
	void *stop_user;
};

/* ---- memory */

static void free_hook(struct hook *hook) {
	program_free_command(hook->command);
	free(hook->queue);
	free(hook->calls);
	free(hook);
}

/* ---- the queue */

static void tell(const struct hook *hook, int64_t id, const char *text) {
	if (hook->options.on_failure)
		hook->options.on_failure(id, text, hook->options.user);
}

static bool grow(struct hook *hook) {
	size_t cap = hook->cap ? hook->cap * 2 : 16;
	if (cap > hook->options.queue_max)
		cap = hook->options.queue_max;
	int64_t *queue = cap > hook->cap ? malloc(cap * sizeof *queue) : NULL;
	if (!queue)
		return false;
	for (size_t i = 0; hook->cap && i < hook->count; i++)
		queue[i] = hook->queue[(hook->first + i) % hook->cap];
	free(hook->queue);
	hook->queue = queue;
	hook->cap = cap;
	hook->first = 0;
	return true;
}

static void push(struct hook *hook, int64_t id) {
	if (hook->count < hook->cap || grow(hook)) {
		hook->queue[(hook->first + hook->count++) % hook->cap] = id;
		return;
	}
	if (hook->dropped++ == 0) {
		char text[TEXT_BYTES];
		snprintf(text, sizeof text, "not run, nor for what follows: %zu incidents wait",
			hook->count);
		tell(hook, id, text);
	}
}

static int64_t pop(struct hook *hook) {
	int64_t id = hook->queue[hook->first];
	hook->first = (hook->first + 1) % hook->cap;
	hook->count--;
	if (!hook->count) {
		free(hook->queue);
		hook->queue = NULL;
		hook->cap = hook->first = 0;
	}
	return id;
}

/* Once for each time that the queue was full, when it has room again. */
static void tell_dropped(struct hook *hook, int64_t id) {
	char text[TEXT_BYTES];
	if (!hook->dropped)
		return;
	snprintf(text, sizeof text, "runs again; not run for %zu incidents", hook->dropped);
	hook->dropped = 0;
	tell(hook, id, text);
}

/* ---- the runs */

static void on_handle_closed(uv_handle_t *handle) {
	struct hook *hook = handle->data;
	if (--hook->handles > 0)
		return;
	void (*on_stopped)(void *) = hook->on_stopped;
	void *user = hook->stop_user;
	free_hook(hook);
	if (on_stopped)
		on_stopped(user);
}

static void close_if_over(struct hook *hook) {
	if (!hook->stopping || hook->running || hook->closing)
		return;
	hook->closing = true;
	uv_close((uv_handle_t *)&hook->idle, on_handle_closed);
	uv_close((uv_handle_t *)&hook->grace, on_handle_closed);
}

static bool can_start(const struct hook *hook) {
	return !hook->stopping && hook->count && hook->running < hook->options.running_max;
}

static void on_idle(uv_idle_t *idle);

static void wake(struct hook *hook) {
	if (can_start(hook))
		uv_idle_start(&hook->idle, on_idle);
}

static void on_over(struct hook_call *call, const char *failure, void *user) {
	struct hook *hook = user;
	unsigned i = 0;
	while (hook->calls[i] != call)
		i++;
	if (failure)
		tell(hook, hook_call_id(call), failure);
	hook->calls[i] = hook->calls[--hook->running];
	wake(hook);
	close_if_over(hook);
}

static void start(struct hook *hook, int64_t id) {
	struct hook_call_options options = {
		.command = (const char *const *)hook->command,
		.kill_ms = hook->options.kill_ms ? hook->options.kill_ms : KILL_MS,
		.append_id = hook->options.append_id,
		.timeout_ms = hook->options.timeout_ms,
		.id = id,
		.on_over = on_over,
		.user = hook,
	};
	char text[TEXT_BYTES];
	struct buf json = {0};
	struct err err = {0};
	int code = hook->options.describe(id, &json, hook->options.user, &err);
	if (code >= 0 && json.failed)
		code = err_set(&err, -ENOMEM, "out of memory");
	if (code < 0) {
		snprintf(text, sizeof text, "not run: %s", err.text);
		tell(hook, id, text);
	} else {
		struct hook_call *call = hook_call_start(hook->loop, &options, &json);
		if (call)
			hook->calls[hook->running++] = call;
		else
			tell(hook, id, "not run: out of memory");
	}
	buf_finish(&json);
}

static void on_idle(uv_idle_t *idle) {
	struct hook *hook = idle->data;
	if (can_start(hook)) {
		int64_t id = pop(hook);
		tell_dropped(hook, id);
		start(hook, id);
	}
	if (!can_start(hook))
		uv_idle_stop(idle);
}

/* ---- what the daemon calls */

int hook_new(
	uv_loop_t *loop, const struct hook_options *options, struct hook **ret, struct err *err) {
	struct hook *hook = calloc(1, sizeof *hook);
	if (!hook)
		return err_set(err, -ENOMEM, "out of memory");
	hook->loop = loop;
	hook->options = *options;
	if (!hook->options.running_max)
		hook->options.running_max = 1;
	hook->command = program_copy_command(options->command);
	hook->calls = calloc(hook->options.running_max, sizeof(struct hook_call *));
	if (!hook->command || !hook->calls) {
		free_hook(hook);
		return err_set(err, -ENOMEM, "out of memory");
	}
	hook->options.command = NULL;
	hook->idle.data = hook->grace.data = hook;
	uv_idle_init(loop, &hook->idle);
	uv_timer_init(loop, &hook->grace);
	hook->handles = 2;
	*ret = hook;
	return 0;
}

void hook_run(struct hook *hook, int64_t id) {
	if (hook->stopping)
		return;
	push(hook, id);
	wake(hook);
}

void hook_forget(struct hook *hook) {
	hook->first = hook->count = 0;
}

size_t hook_pending(const struct hook *hook) {
	return hook->count + hook->running;
}

static void on_grace_over(uv_timer_t *timer) {
	struct hook *hook = timer->data;
	for (unsigned i = 0; i < hook->running; i++)
		hook_call_end(hook->calls[i]);
}

void hook_stop(struct hook *hook, unsigned grace_ms, void (*on_stopped)(void *user), void *user) {
	hook->stopping = true;
	hook->on_stopped = on_stopped;
	hook->stop_user = user;
	hook->count = 0;
	uv_idle_stop(&hook->idle);
	uv_update_time(hook->loop);
	uv_timer_start(&hook->grace, on_grace_over, grace_ms, 0);
	close_if_over(hook);
}
