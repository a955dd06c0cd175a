/* Starts a program again and again, later and later. */
#include "collect/companion.h"

#include "base/buf.h"
#include "collect/program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_S_MIN 1
#define WAIT_S_MAX (5 * 60)
/* A program that lived so long had started well. */
#define STEADY_S 60
/* From SIGTERM to SIGKILL. */
#define KILL_MS 2000

struct companion {
	uv_loop_t *loop;
	struct companion_options options;
	char **command;
	struct program program;
	uv_timer_t timer; /* until the next start */
	uint64_t started_at_ms;
	unsigned wait_s; /* before the next start, or before the last one */
	int tether;      /* our end of its standard input, -1: none */
	unsigned handles;
	bool present; /* program is not closed */
	bool stopping;
	void (*on_stopped)(void *user);
	void *stop_user;
};

static void free_companion(struct companion *companion) {
	program_free_command(companion->command);
	free(companion);
}

/* ---- its end */

static void on_timer_closed(uv_handle_t *handle) {
	struct companion *companion = handle->data;
	void (*on_stopped)(void *) = companion->on_stopped;
	void *user = companion->stop_user;
	free_companion(companion);
	if (on_stopped)
		on_stopped(user);
}

static void on_due(uv_timer_t *timer);

static void on_program_closed(struct program *program) {
	struct companion *companion = program->user;
	companion->present = false;
	if (companion->stopping)
		uv_close((uv_handle_t *)&companion->timer, on_timer_closed);
	else
		uv_timer_start(&companion->timer, on_due, companion->wait_s * UINT64_C(1000), 0);
}

/* Tells, and sees to what comes next. */
static void conclude(struct companion *companion, struct buf *text) {
	if (companion->tether >= 0)
		close(companion->tether);
	companion->tether = -1;
	if (!companion->stopping)
		buf_printf(text, "; again in %u s", companion->wait_s);
	bool wanted = companion->stopping && !companion->program.killed;
	if (companion->options.on_end && !wanted && !text->failed)
		companion->options.on_end(buf_str(text), companion->options.user);
	buf_finish(text);
	program_close(&companion->program, on_program_closed, companion);
}

static void describe_end(const struct program *program, struct buf *ret) {
	if (!program->exited)
		buf_add_str(ret, "given up: SIGKILL does not end it");
	else if (program->signal)
		buf_printf(ret, "ended by signal %d (%s)", program->signal,
			strsignal(program->signal));
	else
		buf_printf(ret, "ended with status %" PRId64, program->status);
}

unsigned companion_wait_s(unsigned before_s, uint64_t lived_ms) {
	if (!before_s || lived_ms >= STEADY_S * UINT64_C(1000))
		return WAIT_S_MIN;
	return before_s < WAIT_S_MAX / 2 ? before_s * 2 : WAIT_S_MAX;
}

static void on_program_end(struct program *program) {
	struct companion *companion = program->user;
	struct buf text = {0};
	uint64_t lived_ms = uv_now(companion->loop) - companion->started_at_ms;
	companion->wait_s = companion_wait_s(companion->wait_s, lived_ms);
	describe_end(program, &text);
	buf_printf(&text, " after %" PRIu64 " s", lived_ms / 1000);
	conclude(companion, &text);
}

/* ---- its start */

static void start(struct companion *companion) {
	uv_file fds[2] = {-1, -1};
	struct err err = {0};
	program_init(companion->loop, &companion->program);
	companion->present = true;
	uv_update_time(companion->loop);
	companion->started_at_ms = uv_now(companion->loop);
	int code = uv_pipe(fds, 0, 0);
	if (code)
		err_set(&err, code, "pipe: %s", uv_strerror(code));
	companion->tether = fds[1];
	if (!code)
		code = program_start(&companion->program,
			&(struct program_options){
				.command = (const char *const *)companion->command,
				.files = {fds[0], STDERR_FILENO, STDERR_FILENO},
				.on_end = on_program_end,
				.user = companion,
			},
			&err);
	if (fds[0] >= 0)
		close(fds[0]);
	if (code) {
		struct buf text = {0};
		companion->wait_s = companion_wait_s(companion->wait_s, 0);
		buf_printf(&text, "cannot be started: %s", err.text);
		conclude(companion, &text);
	}
}

static void on_due(uv_timer_t *timer) {
	start(timer->data);
}

int companion_start(uv_loop_t *loop, const struct companion_options *options,
	struct companion **ret, struct err *err) {
	struct companion *companion = calloc(1, sizeof *companion);
	if (!companion)
		return err_set(err, -ENOMEM, "out of memory");
	companion->loop = loop;
	companion->options = *options;
	companion->options.command = NULL;
	companion->tether = -1;
	companion->command = program_copy_command(options->command);
	if (!companion->command) {
		free_companion(companion);
		return err_set(err, -ENOMEM, "out of memory");
	}
	uv_timer_init(loop, &companion->timer);
	companion->timer.data = companion;
	/* From the loop: on_end comes to nobody who is not ready for it. */
	uv_timer_start(&companion->timer, on_due, 0, 0);
	*ret = companion;
	return 0;
}

void companion_stop(struct companion *companion, void (*on_stopped)(void *user), void *user) {
	companion->stopping = true;
	companion->on_stopped = on_stopped;
	companion->stop_user = user;
	uv_timer_stop(&companion->timer);
	if (!companion->present) {
		uv_close((uv_handle_t *)&companion->timer, on_timer_closed);
		return;
	}
	program_end(&companion->program, KILL_MS);
}
