/* One run of the hook. */
#include "collect/hook_call.h"

#include "base/text.h"
#include "collect/program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a failed run's last words are waited for; a child of it may hold the stream for ever. */
#define LINGER_MS 100
/* The first line of standard error, as much as belongs into a log. */
#define LINE_BYTES 400
#define READ_BYTES 16384
#define VARIABLE_BYTES 128

/* No header of macOS declares it. */
extern char **environ; /* NOLINT(readability-redundant-declaration) */

enum variable { VARIABLE_ID, VARIABLE_INCIDENT, VARIABLE_STATUS, VARIABLE_COUNT };

static const char *const variable_names[VARIABLE_COUNT] = {
	"AGXTRIAGE_ID=", "AGXTRIAGE_INCIDENT_ID=", "AGXTRIAGE_STATUS="};

struct hook_call {
	struct hook_call_options options;
	struct program program;
	uv_pipe_t in, err;
	uv_timer_t timer; /* the time limit, then LINGER_MS */
	uv_write_t write;
	struct buf json; /* lent to write until in is closed */
	struct buf variables[VARIABLE_COUNT];
	char **environment;
	unsigned handles;
	bool started, timed_out, stopped, closing;
	bool err_ended;
	struct err failure; /* why it was not started */
	struct buf line;
	bool line_ended;
	char bytes[READ_BYTES];
};

/* ---- its end */

static void describe_end(const struct hook_call *call, struct buf *ret) {
	const struct program *program = &call->program;
	if (!call->started)
		buf_printf(ret, "not started: %s", call->failure.text);
	else if (!program->exited)
		buf_add_str(ret, "given up: SIGKILL does not end it");
	else if (call->timed_out)
		buf_printf(ret, "ended at the time limit of %g s",
			(double)call->options.timeout_ms / 1000);
	else if (call->stopped)
		buf_add_str(ret, "ended because the daemon stops");
	else if (program->signal)
		buf_printf(ret, "killed by signal %d (%s)", program->signal,
			strsignal(program->signal));
	else
		buf_printf(ret, "exit status %" PRId64, program->status);
	if (call->line.len)
		buf_printf(ret, ": %s", call->line.data);
}

static bool succeeded(const struct hook_call *call) {
	const struct program *program = &call->program;
	return call->started && program->exited && !program->status && !program->signal &&
	       !call->timed_out;
}

static void over(struct hook_call *call) {
	struct buf text = {0};
	bool good = succeeded(call);
	if (!good)
		describe_end(call, &text);
	call->options.on_over(call, good ? NULL : buf_str(&text), call->options.user);
	buf_finish(&text);
	buf_finish(&call->line);
	buf_finish(&call->json);
	for (int i = 0; i < VARIABLE_COUNT; i++)
		buf_finish(&call->variables[i]);
	free(call->environment);
	free(call);
}

static void one_less(struct hook_call *call) {
	if (--call->handles == 0)
		over(call);
}

static void on_handle_closed(uv_handle_t *handle) {
	one_less(handle->data);
}

static void on_program_closed(struct program *program) {
	one_less(program->user);
}

static void close_handle(uv_handle_t *handle) {
	if (!uv_is_closing(handle))
		uv_close(handle, on_handle_closed);
}

static void close_all(struct hook_call *call) {
	if (call->closing)
		return;
	call->closing = true;
	close_handle((uv_handle_t *)&call->in);
	close_handle((uv_handle_t *)&call->err);
	close_handle((uv_handle_t *)&call->timer);
	program_close(&call->program, on_program_closed, call);
}

static void on_linger_over(uv_timer_t *timer) {
	close_all(timer->data);
}

static void on_program_end(struct program *program) {
	struct hook_call *call = program->user;
	uv_timer_stop(&call->timer);
	if (succeeded(call) || call->err_ended)
		close_all(call);
	else
		uv_timer_start(&call->timer, on_linger_over, LINGER_MS, 0);
}

static void on_time_limit(uv_timer_t *timer) {
	struct hook_call *call = timer->data;
	call->timed_out = true;
	program_end(&call->program, call->options.kill_ms);
}

/* ---- its streams */

/* Keeps the first line that is not empty. */
static void keep_line(struct hook_call *call, const char *bytes, size_t len) {
	for (size_t i = 0; i < len && !call->line_ended; i++) {
		bool end = bytes[i] == '\n' || bytes[i] == '\r';
		if (!end && bytes[i])
			buf_add_char(&call->line, bytes[i]);
		call->line_ended = call->line.len >= LINE_BYTES || (end && call->line.len);
	}
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
	struct hook_call *call = handle->data;
	*ret = uv_buf_init(call->bytes, sizeof call->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct hook_call *call = stream->data;
	if (n > 0)
		keep_line(call, buf->base, (size_t)n);
	if (n >= 0)
		return;
	call->err_ended = true;
	uv_read_stop(stream);
	if (call->program.over)
		close_all(call);
}

/* Also when it closed its input before the end: whether that is a failure, its status tells. */
static void on_written(uv_write_t *write, int status) {
	struct hook_call *call = write->data;
	close_handle((uv_handle_t *)&call->in);
}

/* Gives the handle our end, and *ret the program's. Real pipes: a program that opens /dev/stdin
 * could not do so with the sockets that uv_spawn() would make. */
static int open_stream(uv_pipe_t *pipe, bool to_program, uv_file *ret, struct err *err) {
	uv_file fds[2];
	int ours = to_program ? 1 : 0;
	int code =
		uv_pipe(fds, to_program ? 0 : UV_NONBLOCK_PIPE, to_program ? UV_NONBLOCK_PIPE : 0);
	if (code)
		return err_set(err, code, "pipe: %s", uv_strerror(code));
	code = uv_pipe_open(pipe, fds[ours]);
	if (code) {
		close(fds[0]);
		close(fds[1]);
		return err_set(err, code, "pipe: %s", uv_strerror(code));
	}
	*ret = fds[1 - ours];
	return 0;
}

static void run_streams(struct hook_call *call) {
	uv_buf_t buf = uv_buf_init(call->json.data, (unsigned)call->json.len);
	call->write.data = call;
	if (uv_write(&call->write, (uv_stream_t *)&call->in, &buf, 1, on_written) < 0)
		close_handle((uv_handle_t *)&call->in);
	if (uv_read_start((uv_stream_t *)&call->err, on_buffer, on_read) < 0)
		call->err_ended = true;
}

/* ---- its start */

/* In what json_out writes no text holds an unescaped quotation mark, so the first match is the
 * incident's own member, unless names of members come from the report (registers). */
static void find_member(const struct buf *json, const char *member, char ret[VARIABLE_BYTES]) {
	const char *from = strstr(buf_str(json), member);
	if (!from)
		return;
	from += strlen(member);
	size_t len = strcspn(from, "\"\\");
	if (len < VARIABLE_BYTES && from[len] == '"') {
		memcpy(ret, from, len);
		ret[len] = '\0';
	}
}

static bool is_ours(const char *variable) {
	for (int i = 0; i < VARIABLE_COUNT; i++) {
		if (text_starts(variable, variable_names[i]))
			return true;
	}
	return false;
}

static bool fill_variables(struct hook_call *call) {
	char incident[VARIABLE_BYTES] = "", status[VARIABLE_BYTES] = "";
	find_member(&call->json, "\"incident_id\":\"", incident);
	/* Behind an object, which no register is. */
	find_member(&call->json, "},\"status\":\"", status);
	buf_printf(&call->variables[VARIABLE_ID], "%s%" PRId64, variable_names[VARIABLE_ID],
		call->options.id);
	if (*incident)
		buf_printf(&call->variables[VARIABLE_INCIDENT], "%s%s",
			variable_names[VARIABLE_INCIDENT], incident);
	if (*status)
		buf_printf(&call->variables[VARIABLE_STATUS], "%s%s",
			variable_names[VARIABLE_STATUS], status);
	bool failed = false;
	for (int i = 0; i < VARIABLE_COUNT; i++)
		failed = failed || call->variables[i].failed;
	return !failed;
}

/* This process's environment, whose texts are borrowed, with the call's variables. */
static bool fill_environment(struct hook_call *call) {
	size_t count = 0, kept = 0;
	while (environ[count])
		count++;
	call->environment = calloc(count + VARIABLE_COUNT + 1, sizeof *call->environment);
	if (!call->environment || !fill_variables(call))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_ours(environ[i]))
			call->environment[kept++] = environ[i];
	}
	for (int i = 0; i < VARIABLE_COUNT; i++) {
		if (call->variables[i].len)
			call->environment[kept++] = call->variables[i].data;
	}
	return true;
}

/* The command, and the id where it is wanted; words are borrowed. */
static const char **make_words(const struct hook_call *call, const char *id) {
	const char *const *command = call->options.command;
	size_t count = 0;
	while (command[count])
		count++;
	const char **ret = calloc(count + 2, sizeof *ret);
	if (!ret)
		return NULL;
	memcpy(ret, command, count * sizeof *ret);
	if (call->options.append_id)
		ret[count] = id;
	return ret;
}

static int start_program(struct hook_call *call) {
	char id[24];
	uv_file in = -1, err_fd = -1;
	snprintf(id, sizeof id, "%" PRId64, call->options.id);
	const char **words = make_words(call, id);
	if (!words)
		return err_set(&call->failure, -ENOMEM, "out of memory");
	int code = open_stream(&call->in, true, &in, &call->failure);
	if (!code)
		code = open_stream(&call->err, false, &err_fd, &call->failure);
	if (!code)
		code = program_start(&call->program,
			&(struct program_options){
				.command = words,
				.environment = call->environment,
				.files = {in, -1, err_fd},
				.on_end = on_program_end,
				.user = call,
			},
			&call->failure);
	if (in >= 0)
		close(in);
	if (err_fd >= 0)
		close(err_fd);
	free(words);
	return code;
}

static struct hook_call *make(uv_loop_t *loop, const struct hook_call_options *options) {
	struct hook_call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	call->options = *options;
	call->in.data = call->err.data = call->timer.data = call;
	uv_pipe_init(loop, &call->in, 0);
	uv_pipe_init(loop, &call->err, 0);
	uv_timer_init(loop, &call->timer);
	program_init(loop, &call->program);
	call->handles = 4;
	return call;
}

struct hook_call *hook_call_start(
	uv_loop_t *loop, const struct hook_call_options *options, struct buf *json) {
	struct hook_call *call = make(loop, options);
	if (!call)
		return NULL;
	call->json = *json;
	*json = (struct buf){0};
	if (!fill_environment(call))
		err_set(&call->failure, -ENOMEM, "out of memory");
	else
		call->started = start_program(call) == 0;
	if (!call->started) {
		close_all(call);
		return call;
	}
	run_streams(call);
	if (options->timeout_ms)
		uv_timer_start(&call->timer, on_time_limit, options->timeout_ms, 0);
	return call;
}

void hook_call_end(struct hook_call *call) {
	if (call->program.over || call->program.ending)
		return;
	call->stopped = true;
	uv_timer_stop(&call->timer);
	program_end(&call->program, call->options.kill_ms);
}

int64_t hook_call_id(const struct hook_call *call) {
	return call->options.id;
}
