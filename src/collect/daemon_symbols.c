/*
 * Symbols for what was just stored, while the image is most likely still there: a program of our
 * own for each crash, one at a time, at low priority, with a time limit. What it reads and whom it
 * calls concerns neither this process nor its threads.
 */
#include "collect/daemon_parts.h"

#include "base/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Longer than all that it allows itself. */
#define TIMEOUT_MS 150000
/* So that it can first end what it has started, which may want SIGKILL. */
#define KILL_MS 10000
/* A first scan stores thousands: those can be asked for one by one, by who looks at them. */
#define QUEUE_MAX 64

static int describe(int64_t id, struct buf *ret, void *user, struct err *err) {
	buf_add_char(ret, '\n');
	return 0;
}

static void on_failure(int64_t id, const char *text, void *user) {
	daemon_say(user, LOG_WARNING, "symbols of incident %" PRId64 ": %s", id, text);
}

static size_t count_of(const char *const *list) {
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

/* The program's words, "--symbols DIR" for each folder; the id comes last. Borrows all texts. */
static const char **make_command(const char *const *words, const char *const *folders) {
	size_t count = count_of(words), folder_count = count_of(folders);
	const char **ret = calloc(count + 2 * folder_count + 1, sizeof *ret);
	for (size_t i = 0; ret && i < count; i++)
		ret[i] = words[i];
	for (size_t i = 0; ret && i < folder_count; i++) {
		ret[count++] = "--symbols";
		ret[count++] = folders[i];
	}
	return ret;
}

int daemon_symbols_start(struct daemon *daemon, struct err *err) {
	const struct config *config = &daemon->inputs->config;
	const char *const *words = daemon->setup->symbolicate;
	if (!config_number(config, CONFIG_SYMBOLICATE) || !words)
		return 0;
	const char **command = make_command(words, config_list(config, CONFIG_SYMBOLS));
	if (!command)
		return err_set(err, -ENOMEM, "out of memory");
	const struct hook_options options = {
		.command = command,
		.append_id = true,
		.kill_ms = KILL_MS,
		.timeout_ms = TIMEOUT_MS,
		.running_max = 1,
		.queue_max = QUEUE_MAX,
		.describe = describe,
		.on_failure = on_failure,
		.user = daemon,
	};
	int code = hook_new(&daemon->loop, &options, &daemon->symbols, err);
	daemon->parts += !code;
	free(command);
	return code;
}

static void on_stopped(void *user) {
	struct daemon *daemon = user;
	daemon->parts--;
}

void daemon_symbols_stop(struct daemon *daemon) {
	if (daemon->symbols)
		hook_stop(daemon->symbols, 0, on_stopped, daemon);
	daemon->symbols = NULL;
}

void daemon_symbols_added(struct daemon *daemon, int64_t id, enum report_kind kind) {
	if (daemon->symbols && kind == REPORT_CRASH)
		hook_run(daemon->symbols, id);
}
