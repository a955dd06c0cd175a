/* uv_spawn() and the signals that end what it started. Knows neither hook nor forwarder. */
#include "collect/program.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How often a group that was told to end is looked at. */
#define LOOK_MS 50
/* What SIGKILL does not end in this time hangs in the kernel. */
#define GIVE_UP_MS 500

char **program_copy_command(const char *const *command) {
	size_t count = 0;
	while (command[count])
		count++;
	char **copy = calloc(count + 1, sizeof *copy);
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(command[i]);
		if (!copy[i]) {
			program_free_command(copy);
			return NULL;
		}
	}
	return copy;
}

void program_free_command(char **command) {
	for (size_t i = 0; command && command[i]; i++)
		free(command[i]);
	free(command);
}

static void finish(struct program *program) {
	if (program->over)
		return;
	program->over = true;
	uv_timer_stop(&program->timer);
	program->on_end(program);
}

/* The number of the group is in use, and so not another's, as long as one of its members lives. */
static int signal_group(const struct program *program, int number) {
	return kill(-program->process.pid, number) < 0 ? -errno : 0;
}

static bool group_is_gone(const struct program *program) {
	return signal_group(program, 0) == -ESRCH;
}

static void on_exited(uv_process_t *process, int64_t status, int number) {
	struct program *program = process->data;
	program->exited = true;
	program->status = status;
	program->signal = number;
	if (!program->ending || program->killed || group_is_gone(program))
		finish(program);
}

static void on_look(uv_timer_t *timer) {
	struct program *program = timer->data;
	uint64_t now_ms = uv_now(timer->loop);
	if (program->exited && group_is_gone(program)) {
		finish(program);
		return;
	}
	if (now_ms < program->kill_at_ms)
		return;
	if (!program->killed) {
		program->killed = true;
		signal_group(program, SIGKILL);
	}
	if (program->exited || now_ms >= program->kill_at_ms + GIVE_UP_MS)
		finish(program);
}

static void set_streams(uv_stdio_container_t streams[3], const int files[3]) {
	for (int i = 0; i < 3; i++) {
		streams[i].flags = files[i] < 0 ? UV_IGNORE : UV_INHERIT_FD;
		streams[i].data.fd = files[i];
	}
}

void program_init(uv_loop_t *loop, struct program *program) {
	*program = (struct program){.handles = 1, .over = true};
	program->timer.data = program;
	program->process.data = program;
	uv_timer_init(loop, &program->timer);
}

int program_start(struct program *program, const struct program_options *options, struct err *err) {
	uv_stdio_container_t streams[3];
	set_streams(streams, options->files);
	program->on_end = options->on_end;
	program->user = options->user;
	program->handles = 2;
	/* exec changes none of the words; the type is older than const. */
	int code = uv_spawn(program->timer.loop, &program->process,
		&(uv_process_options_t){
			.exit_cb = on_exited,
			.file = options->command[0],
			.args = (char **)(uintptr_t)options->command,
			.env = options->environment,
			.flags = UV_PROCESS_DETACHED,
			.stdio = streams,
			.stdio_count = 3,
		});
	if (code)
		return err_set(err, code, "%s: %s", options->command[0], uv_strerror(code));
	program->over = false;
	return 0;
}

void program_end(struct program *program, unsigned kill_ms) {
	uv_timer_t *timer = &program->timer;
	if (program->ending || program->exited || program->over)
		return;
	program->ending = true;
	signal_group(program, SIGTERM);
	/* The loop's idea of now may be older than what the caller has just done. */
	uv_update_time(timer->loop);
	program->kill_at_ms = uv_now(timer->loop) + kill_ms;
	uv_timer_start(timer, on_look, LOOK_MS < kill_ms ? LOOK_MS : kill_ms, LOOK_MS);
}

static void on_handle_closed(uv_handle_t *handle) {
	struct program *program = handle->data;
	if (--program->handles == 0)
		program->on_closed(program);
}

void program_close(
	struct program *program, void (*on_closed)(struct program *program), void *user) {
	program->user = user;
	program->over = true;
	program->on_closed = on_closed;
	if (program->handles > 1)
		uv_close((uv_handle_t *)&program->process, on_handle_closed);
	uv_close((uv_handle_t *)&program->timer, on_handle_closed);
}
