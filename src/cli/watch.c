/* agxtriage watch: a line per incident as it is stored, until somebody ends it or nobody reads. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/feed.h"
#include "cli/incident_table.h"
#include "collect/hook.h"
#include "collect/pool.h"
#include "collect/presence.h"
#include "export/json_view.h"
#include "export/load.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define POLL_MS 100
#define BATCH 64
#define LAST_MAX 10000
#define EXEC_TIMEOUT_MS 60000
#define EXEC_QUEUE_MAX 100000
#define EXEC_GRACE_MS 2000

struct watch_options {
	struct i64_opt limit, last;
	const char *exec;
	struct option_list exec_args;
	bool json;
};

struct watch {
	struct cli *cli;
	const struct watch_options *options;
	struct feed feed;
	struct incident_table table;
	struct buf line;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t signals[2];
	struct hook *hook; /* NULL: no --exec */
	int64_t shown;     /* new ones */
	bool draining;     /* the last line is out; programs may still run */
	enum cli_status status;
};

/* ---- one incident */

struct wanted {
	struct watch *watch;
	struct buf *out;
	enum json_view_detail detail; /* in full it is that of show, with what surrounds it */
};

static int add_json(const struct incident *incident, void *user, struct err *err) {
	const struct wanted *wanted = user;
	struct watch *watch = wanted->watch;
	bool full = wanted->detail == JSON_VIEW_FULL;
	struct surroundings around = {0};
	struct loaded loaded = {0};
	int r = full ? surroundings_load(watch->feed.store, incident, &around, err) : 0;
	if (r >= 0)
		r = loaded_open(watch->feed.store, watch->cli->rules, incident, &loaded, err);
	if (r >= 0 && full)
		r = json_view_print_stored(
			wanted->out, loaded.report, &loaded.triage, incident, &around, err);
	else if (r >= 0)
		r = json_view_print(
			wanted->out, loaded.report, &loaded.triage, incident, wanted->detail, err);
	loaded_finish(&loaded);
	surroundings_finish(&around);
	buf_add_char(wanted->out, '\n');
	return r < 0 ? r : 1;
}

static int fill_row(const struct incident *incident, void *user, struct err *err) {
	struct watch *watch = user;
	incident_table_fill(&watch->table, incident);
	return 1;
}

/* The row is read whole before it is written: a terminal that is stopped must not keep a reading
 * transaction open. */
static void show(struct watch *watch, int64_t id) {
	struct wanted wanted = {watch, &watch->line, JSON_VIEW_LIST};
	struct err err = {0};
	int r = watch->options->json ? feed_read(&watch->feed, id, add_json, &wanted, &err)
				     : feed_read(&watch->feed, id, fill_row, watch, &err);
	if (r < 0)
		log_warning("%s", err.text);
	if (r <= 0) {
		buf_reset(&watch->line);
		return;
	}
	if (watch->options->json)
		term_put_buf(&watch->cli->out, &watch->line);
	else
		incident_table_put(&watch->table);
	term_flush(&watch->cli->out);
}

/* ---- the program of --exec */

static int describe(int64_t id, struct buf *ret, void *user, struct err *err) {
	struct watch *watch = user;
	struct wanted wanted = {watch, ret, JSON_VIEW_FULL};
	int r = feed_read(&watch->feed, id, add_json, &wanted, err);
	return r == 0  ? err_set(err, -ENOENT, "incident %lld is gone", (long long)id)
	       : r < 0 ? r
		       : 0;
}

static void on_exec_failure(int64_t id, const char *text, void *user) {
	log_warning("%s", text);
}

static int start_hook(struct watch *watch, struct err *err) {
	const struct option_list *args = &watch->options->exec_args;
	const char **command = calloc(args->count + 2, sizeof *command);
	if (!command)
		return err_set(err, -ENOMEM, "out of memory");
	command[0] = watch->options->exec;
	for (size_t i = 0; i < args->count; i++)
		command[i + 1] = args->items[i];
	/* One at a time, so that they come in the order of the incidents. */
	const struct hook_options options = {
		.command = command,
		.timeout_ms = EXEC_TIMEOUT_MS,
		.running_max = 1,
		.queue_max = EXEC_QUEUE_MAX,
		.describe = describe,
		.on_failure = on_exec_failure,
		.user = watch,
	};
	int r = hook_new(&watch->loop, &options, &watch->hook, err);
	free(command);
	return r;
}

/* ---- the loop */

static void close_handle(uv_handle_t *handle) {
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void finish(struct watch *watch) {
	close_handle((uv_handle_t *)&watch->timer);
	for (int i = 0; i < 2; i++)
		close_handle((uv_handle_t *)&watch->signals[i]);
	if (watch->hook)
		hook_stop(watch->hook, EXEC_GRACE_MS, NULL, NULL);
	watch->hook = NULL;
}

static void on_signal(uv_signal_t *handle, int number) {
	finish(handle->data);
}

/* A reader that went away is noticed also while nothing is there to be written. */
static bool nobody_reads(const struct watch *watch) {
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	struct stat status;
	if (watch->cli->out.error)
		return true;
	if (fstat(STDOUT_FILENO, &status) < 0 ||
		!(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)))
		return false;
	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static void show_new(struct watch *watch, int64_t id) {
	const struct i64_opt *limit = &watch->options->limit;
	show(watch, id);
	if (watch->hook)
		hook_run(watch->hook, id);
	watch->shown++;
	watch->draining = limit->set && watch->shown >= limit->value;
}

static void take_new(struct watch *watch) {
	int64_t ids[BATCH];
	struct err err = {0};
	int count = 0;
	while (!watch->draining && !watch->cli->out.error &&
		(count = feed_next(&watch->feed, ids, BATCH, &err)) > 0)
		for (int i = 0; i < count && !watch->draining && !watch->cli->out.error; i++)
			show_new(watch, ids[i]);
	if (count < 0) {
		watch->status = cli_fail(&err);
		finish(watch);
	}
}

static void on_tick(uv_timer_t *timer) {
	struct watch *watch = timer->data;
	if (!watch->draining)
		take_new(watch);
	bool over = watch->draining && !(watch->hook && hook_pending(watch->hook));
	if (over || nobody_reads(watch))
		finish(watch);
}

static void start_handles(struct watch *watch) {
	const int numbers[] = {SIGINT, SIGTERM};
	uv_timer_init(&watch->loop, &watch->timer);
	watch->timer.data = watch;
	uv_timer_start(&watch->timer, on_tick, 0, POLL_MS);
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&watch->loop, &watch->signals[i]);
		watch->signals[i].data = watch;
		uv_signal_start(&watch->signals[i], on_signal, numbers[i]);
	}
}

/* ---- the command */

static void on_news(const char *text, void *user) {
	log_info("%s", text);
}

static void tell_presence(const char *path) {
	pid_t pid;
	if (presence_find(path, &pid, NULL) == 0)
		log_info("no daemon runs, so nothing comes by itself; "
			 "'agxtriage agent install' (macOS) or 'agxtriage daemon' starts one");
}

static enum cli_status show_last(struct watch *watch) {
	int64_t max = watch->options->last.set ? watch->options->last.value : 0;
	struct err err = {0};
	int64_t *ids = calloc((size_t)max + 1, sizeof *ids);
	int count = ids ? feed_begin(&watch->feed, &err) : err_set(&err, -ENOMEM, "out of memory");
	log_debug("watching %s", watch->feed.path);
	if (count == 0)
		count = feed_last(&watch->feed, ids, (size_t)max, &err);
	for (int i = 0; i < count && !watch->cli->out.error; i++)
		show(watch, ids[i]);
	free(ids);
	return count < 0 ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status follow(struct watch *watch) {
	struct err err = {0};
	if (pool_init_loop(&watch->loop, &err) < 0)
		return cli_fail(&err);
	if (watch->options->exec && start_hook(watch, &err) < 0) {
		watch->status = cli_fail(&err);
	} else {
		start_handles(watch);
		uv_run(&watch->loop, UV_RUN_DEFAULT);
	}
	int r = uv_loop_close(&watch->loop);
	assert(r == 0);
	return watch->status;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct watch_options *options = values;
	struct watch watch = {.cli = cli, .options = options};
	if (options->exec_args.count && !options->exec)
		return cli_usage(cli, "--exec-arg needs --exec");
	if (options->last.value > LAST_MAX)
		return cli_usage(cli, "--last takes at most %d", LAST_MAX);
	enum cli_status status = cli_check_matches(cli, operands);
	if (status == CLI_DONE && (options->json || options->exec))
		status = cli_provide(cli, NEED_RULES);
	if (status != CLI_DONE)
		return status;
	watch.feed = (struct feed){
		.path = cli_db_path(cli),
		.filter = {.matches = (const char *const *)operands, .match_count = (size_t)count},
		.on_news = on_news,
	};
	if (!watch.feed.path)
		return CLI_FAILED;
	/* On a terminal; a program that reads lines wants none that is no incident. */
	incident_table_init(&watch.table, &cli->out, cli->out.tty);
	tell_presence(watch.feed.path);
	status = show_last(&watch);
	if (status == CLI_DONE)
		status = follow(&watch);
	incident_table_finish(&watch.table);
	feed_finish(&watch.feed);
	buf_finish(&watch.line);
	return status;
}

static const struct option_row option_rows[] = {
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.help = "end after N new ones",
		.type = OPTION_INT,
		.offset = offsetof(struct watch_options, limit),
		.min = 1},
	{.name = "last",
		.argument = "N",
		.help = "first show the newest N that are stored already",
		.type = OPTION_INT,
		.offset = offsetof(struct watch_options, last)},
	{.name = "exec",
		.argument = "PROGRAM",
		.help = "run it for each new one, with its JSON on stdin",
		.type = OPTION_STRING,
		.offset = offsetof(struct watch_options, exec)},
	{.name = "exec-arg",
		.argument = "ARG",
		.help = "an argument of PROGRAM; may be repeated",
		.type = OPTION_LIST,
		.offset = offsetof(struct watch_options, exec_args)},
	CLI_OPTION_JSON(struct watch_options),
	{0},
};

const struct command watch_command = {
	.name = "watch",
	.operands = "[MATCH...]",
	.summary = "print incidents as they are stored",
	.details =
		"One line for each, as by 'list', within a moment of its commit, whoever stores\n"
		"it; without MATCH all of them. Ends with Ctrl-C, or when nobody reads what it\n"
		"prints.\n"
		"\n"
		"  agxtriage watch 'site=agx-*'             the driver's crashes\n"
		"  agxtriage watch --last 10                with the last ten before\n"
		"  agxtriage watch -n 1 kind=crash          wait for the next crash\n"
		"  agxtriage watch --json | jq .operation   for programs",
	.options = option_rows,
	.options_bytes = sizeof(struct watch_options),
	.operands_max = -1,
	.run = run,
};
