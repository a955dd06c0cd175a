/* Start, signals, ticks, reload and the orderly end. */
#include "collect/daemon_parts.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collect/pool.h"
#include "collect/presence.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_HOUR (3600 * 1000 / COLLECTOR_TICK_MS)
/* A machine that slept, or a clock that was set. */
#define CLOCK_JUMP_US INT64_C(30000000)
/* Hooks that run may end by themselves for so long when the daemon ends. */
#define HOOK_GRACE_MS 500
#define HOOK_QUEUE_MAX 10000
/* SQLite, libuv and zstd wait for each other rather than for a core. */
#define WORKERS "2"

void daemon_say(const struct daemon *daemon, enum log_level level, const char *fmt, ...) {
	char text[ERR_TEXT_BYTES + 256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	daemon->setup->say(level, text, daemon->setup->user);
}

/* ---- hook and forwarder ---- */

static int describe(int64_t id, struct buf *ret, void *user, struct err *err) {
	struct daemon *daemon = user;
	if (!daemon->store)
		return err_set(err, -EAGAIN, "the database is closed");
	return daemon->setup->describe(daemon->store, daemon->inputs->rules, id, ret, err);
}

static void on_hook_failure(int64_t id, const char *text, void *user) {
	daemon_say(user, LOG_WARNING, "hook, incident %" PRId64 ": %s", id, text);
}

static void on_companion_end(const char *text, void *user) {
	daemon_say(user, LOG_WARNING, "forwarder: %s", text);
}

static int start_hook(struct daemon *daemon, struct err *err) {
	const struct config *config = &daemon->inputs->config;
	const struct hook_options options = {
		.command = config_list(config, CONFIG_HOOK_COMMAND),
		.timeout_ms = (unsigned)config_number(config, CONFIG_HOOK_TIMEOUT) * 1000,
		.running_max = (unsigned)config_number(config, CONFIG_HOOK_RUNNING),
		.queue_max = HOOK_QUEUE_MAX,
		.describe = describe,
		.on_failure = on_hook_failure,
		.user = daemon,
	};
	if (!options.command || !options.command[0])
		return 0;
	int code = hook_new(&daemon->loop, &options, &daemon->hook, err);
	daemon->parts += !code;
	return code;
}

static int start_companion(struct daemon *daemon, struct err *err) {
	const struct companion_options options = {
		.command = config_list(&daemon->inputs->config, CONFIG_FORWARDER),
		.on_end = on_companion_end,
		.user = daemon,
	};
	if (!options.command || !options.command[0])
		return 0;
	int code = companion_start(&daemon->loop, &options, &daemon->companion, err);
	daemon->parts += !code;
	return code;
}

static bool hook_wants(const struct daemon *daemon, enum report_kind kind) {
	const char *const *kinds = config_list(&daemon->inputs->config, CONFIG_HOOK_KINDS);
	for (; daemon->hook && kinds && *kinds; kinds++)
		if (!strcmp(*kinds, report_kind_names[kind]))
			return true;
	return false;
}

/* ---- the end ---- */

static void on_part_stopped(void *user) {
	struct daemon *daemon = user;
	daemon->parts--;
}

static void on_collector_stopped(void *user) {
	struct daemon *daemon = user;
	daemon->collector = NULL;
	daemon->parts--;
}

static void close_handle(void *handle) {
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void stop_parts(struct daemon *daemon) {
	if (daemon->hook)
		hook_stop(daemon->hook, HOOK_GRACE_MS, on_part_stopped, daemon);
	if (daemon->companion)
		companion_stop(daemon->companion, on_part_stopped, daemon);
	daemon_symbols_stop(daemon);
	daemon->hook = NULL;
	daemon->companion = NULL;
	if (daemon->collector)
		collector_stop(daemon->collector, on_collector_stopped, daemon);
}

static void close_handles(struct daemon *daemon) {
	close_handle(&daemon->tick);
	close_handle(&daemon->reopen);
	close_handle(&daemon->retain);
	close_handle(&daemon->reload);
	close_handle(&daemon->terminate);
	close_handle(&daemon->interrupt);
}

static void stop(struct daemon *daemon) {
	if (daemon->store)
		store_hurry(daemon->store);
	if (daemon->collector)
		collector_commit(daemon->collector);
	/* While the collector still knows; what is being read adds no more than its incidents. */
	daemon_row_stop(daemon);
	daemon->stopping = true;
	stop_parts(daemon);
	close_handle(&daemon->tick);
	close_handle(&daemon->reopen);
	close_handle(&daemon->retain);
	close_handle(&daemon->reload);
}

static void on_end_signal(uv_signal_t *handle, int number) {
	struct daemon *daemon = handle->data;
	if (!daemon->stopping) {
		stop(daemon);
		/* So that a second one has its usual effect. */
		uv_signal_stop(&daemon->terminate);
		uv_signal_stop(&daemon->interrupt);
	}
}

/* ---- reload ---- */

static bool same_value(
	const struct daemon_inputs *a, const struct daemon_inputs *b, enum config_key key) {
	struct buf a_text = {0}, b_text = {0};
	config_format(&a->config, key, &a_text);
	config_format(&b->config, key, &b_text);
	bool same = !strcmp(buf_str(&a_text), buf_str(&b_text));
	buf_finish(&a_text);
	buf_finish(&b_text);
	return same;
}

static bool same_values(const struct daemon_inputs *a, const struct daemon_inputs *b,
	const enum config_key *keys, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (!same_value(a, b, keys[i]))
			return false;
	return true;
}

#define SAME(a, b, ...)                                           \
	same_values(a, b, (const enum config_key[]){__VA_ARGS__}, \
		sizeof((const enum config_key[]){__VA_ARGS__}) / sizeof(enum config_key))

static size_t count_of(const char *const *list) {
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

/* Returns the first failure; what can be exchanged is. */
static int exchange(struct daemon *daemon, const struct daemon_inputs *old, struct err *err) {
	const struct daemon_inputs *now = daemon->inputs;
	int code = 0;
	if (!SAME(old, now, CONFIG_FOLDERS, CONFIG_ALL, CONFIG_INCLUDE, CONFIG_EXCLUDE)) {
		const char *const *folders = config_list(&now->config, CONFIG_FOLDERS);
		const struct selection selection = config_selection(&now->config);
		code = collector_select(
			daemon->collector, folders, count_of(folders), &selection, err);
		daemon->row_dirty = true;
	}
	if (!code &&
		!SAME(old, now, CONFIG_HOOK_COMMAND, CONFIG_HOOK_TIMEOUT, CONFIG_HOOK_RUNNING)) {
		if (daemon->hook)
			hook_stop(daemon->hook, HOOK_GRACE_MS, on_part_stopped, daemon);
		daemon->hook = NULL;
		code = start_hook(daemon, err);
	}
	if (!code && !SAME(old, now, CONFIG_FORWARDER)) {
		if (daemon->companion)
			companion_stop(daemon->companion, on_part_stopped, daemon);
		daemon->companion = NULL;
		code = start_companion(daemon, err);
	}
	if (!code && !SAME(old, now, CONFIG_SYMBOLICATE, CONFIG_SYMBOLS)) {
		daemon_symbols_stop(daemon);
		code = daemon_symbols_start(daemon, err);
	}
	return code;
}

static void on_rules_used(void *user) {
	daemon_settle_reload(user);
}

static void reload(struct daemon *daemon) {
	struct err err;
	daemon->reload_again = daemon->retired || daemon->giving_up;
	if (daemon->reload_again)
		return; /* what the collector is about to exchange comes first */
	struct daemon_inputs *now = daemon->setup->load(true, daemon->setup->user, &err);
	if (!now) {
		daemon_say(daemon, LOG_ERROR, "%s; what was in force stays in force", err.text);
		return;
	}
	daemon->retired = daemon->inputs;
	daemon->inputs = now;
	if (exchange(daemon, daemon->retired, &err))
		daemon_say(daemon, LOG_ERROR, "%s", err.text);
	else
		daemon_say(daemon, LOG_INFO, "configuration and rules were read again");
	collector_use(daemon->collector, daemon->store, now->rules, on_rules_used);
	daemon_upkeep_check(daemon, true);
}

void daemon_settle_reload(struct daemon *daemon) {
	daemon->setup->unload(daemon->retired, daemon->setup->user);
	daemon->retired = NULL;
	if (daemon->reload_again && !daemon->stopping)
		reload(daemon);
}

/* False: the database was deleted or replaced, and is about to be opened again. */
static bool check_store(struct daemon *daemon) {
	struct err err;
	if (!daemon->store || store_is_current(daemon->store))
		return true;
	err_set(&err, -ESTALE, "%s: was deleted or replaced", daemon->setup->db_path);
	daemon_store_give_up(daemon, &err);
	return false;
}

/* Whoever has replaced the database sends it too. */
static void on_reload_signal(uv_signal_t *handle, int number) {
	struct daemon *daemon = handle->data;
	if (daemon->stopping)
		return;
	if (check_store(daemon))
		reload(daemon);
	else
		daemon->reload_again = true;
}

/* ---- what the collector tells ---- */

static void on_added(int64_t id, enum report_kind kind, void *user) {
	struct daemon *daemon = user;
	daemon_store_well(daemon);
	daemon->added_since_training++;
	daemon->setup->on_added(daemon->store, id, daemon->setup->user);
	if (hook_wants(daemon, kind))
		hook_run(daemon->hook, id);
	daemon_symbols_added(daemon, id, kind);
	daemon_row_put(daemon);
	daemon_upkeep_check(daemon, false);
}

static void on_rejected(const char *path, const char *reason, void *user) {
	daemon_say(user, LOG_WARNING, "rejected %s: %s", path, reason);
}

static void on_folder(const char *folder, enum folder_state state, const char *reason, void *user) {
	struct daemon *daemon = user;
	enum log_level level =
		state == FOLDER_WATCHED || state == FOLDER_MISSING ? LOG_INFO : LOG_WARNING;
	daemon->row_dirty = true;
	daemon_say(daemon, level, "%s: %s%s%s", folder, folder_state_names[state],
		reason ? ": " : "", reason ? reason : "");
}

static void on_quiet(void *user) {
	struct daemon *daemon = user;
	daemon_row_put(daemon);
	/* After trouble there is a row to be written: reading alone proves nothing. */
	if (!daemon->row_dirty)
		daemon_store_well(daemon);
	daemon_upkeep_quiet(daemon);
}

static void on_failure(const struct err *err, void *user) {
	daemon_store_fail(user, err);
}

static void on_trouble(const struct err *err, void *user) {
	daemon_say(user, LOG_WARNING, "%s; trying again", err->text);
}

/* ---- ticks ---- */

/* The lock's file was deleted: another daemon could take a new one. */
bool daemon_hold_lock(struct daemon *daemon) {
	struct err err;
	if (lock_stands(&daemon->lock))
		return true;
	lock_release(&daemon->lock);
	if (!presence_take(daemon->setup->db_path, &daemon->lock, &err)) {
		lock_mark(&daemon->lock, daemon->trouble.code != 0);
		return true;
	}
	daemon_say(daemon, LOG_ERROR, "%s", err.text);
	if (err.code != -EAGAIN)
		return true; /* it is asked again at the next tick */
	daemon->stop_reason = err;
	stop(daemon);
	return false;
}

static void on_tick(uv_timer_t *timer) {
	struct daemon *daemon = timer->data;
	int64_t offset_us = clock_now_us() - clock_monotonic_us();
	int64_t jump_us = offset_us - daemon->clock_offset_us;
	daemon->clock_offset_us = offset_us;
	daemon->ticks++;
	daemon->setup->on_tick(daemon->setup->user);
	if (!daemon_hold_lock(daemon))
		return;
	if (!check_store(daemon))
		return;
	collector_tick(daemon->collector, jump_us > CLOCK_JUMP_US || jump_us < -CLOCK_JUMP_US);
	daemon_row_put(daemon);
	if (daemon->ticks % TICKS_PER_HOUR == 0)
		daemon_upkeep_check(daemon, true);
}

/* ---- start ---- */

static void start_signal(
	struct daemon *daemon, uv_signal_t *handle, uv_signal_cb on_signal, int number) {
	uv_signal_init(&daemon->loop, handle);
	handle->data = daemon;
	uv_signal_start(handle, on_signal, number);
}

static void init_timer(struct daemon *daemon, uv_timer_t *timer) {
	uv_timer_init(&daemon->loop, timer);
	timer->data = daemon;
}

static void start_handles(struct daemon *daemon) {
	start_signal(daemon, &daemon->terminate, on_end_signal, SIGTERM);
	start_signal(daemon, &daemon->interrupt, on_end_signal, SIGINT);
	start_signal(daemon, &daemon->reload, on_reload_signal, SIGHUP);
	init_timer(daemon, &daemon->tick);
	init_timer(daemon, &daemon->reopen);
	init_timer(daemon, &daemon->retain);
	uv_timer_start(&daemon->tick, on_tick, COLLECTOR_TICK_MS, COLLECTOR_TICK_MS);
}

static int start_collector(struct daemon *daemon, struct err *err) {
	const struct config *config = &daemon->inputs->config;
	const struct selection selection = config_selection(config);
	const char *const *folders = config_list(config, CONFIG_FOLDERS);
	const struct collector_options options = {
		.folders = folders,
		.folder_count = count_of(folders),
		.selection = &selection,
		.on_added = on_added,
		.on_rejected = on_rejected,
		.on_folder = on_folder,
		.on_quiet = on_quiet,
		.on_failure = on_failure,
		.on_trouble = on_trouble,
		.user = daemon,
	};
	int code = collector_start(&daemon->loop, daemon->store, daemon->inputs->rules, &options,
		&daemon->collector, err);
	daemon->parts += !code;
	return code;
}

static int start_parts(struct daemon *daemon, struct err *err) {
	int code = daemon_store_open(daemon, err);
	if (!code)
		code = start_hook(daemon, err);
	if (!code)
		code = start_companion(daemon, err);
	if (!code)
		code = daemon_symbols_start(daemon, err);
	if (!code)
		code = start_collector(daemon, err);
	return code;
}

/* Everything is told to end; runs the loop until it has. The row is written last of all that needs
 * the collector. */
static void run_to_the_end(struct daemon *daemon) {
	while (daemon->parts)
		uv_run(&daemon->loop, UV_RUN_ONCE);
	close_handles(daemon);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	store_close(daemon->store);
	daemon->setup->unload(daemon->retired, daemon->setup->user);
}

static int run(struct daemon *daemon, struct err *err) {
	daemon->started_at_us = clock_now_us();
	daemon->clock_offset_us = daemon->started_at_us - clock_monotonic_us();
	daemon->row_dirty = true;
	start_handles(daemon);
	int code = start_parts(daemon, err);
	if (code)
		stop(daemon);
	run_to_the_end(daemon);
	if (!code && daemon->stop_reason.code) {
		*err = daemon->stop_reason;
		code = err->code;
	}
	return code;
}

int daemon_run(const struct daemon_setup *setup, struct err *err) {
	struct daemon daemon = {.setup = setup, .lock = {.fd = -1}};
	memory_stay_small();
	setenv("UV_THREADPOOL_SIZE", WORKERS, 0);
	uv_disable_stdio_inheritance();
	int code = presence_take(setup->db_path, &daemon.lock, err);
	if (code)
		return code;
	daemon.inputs = setup->load(false, setup->user, err);
	code = daemon.inputs ? pool_init_loop(&daemon.loop, err) : err->code;
	/* A file that changed while it was read, no room for a thread: no other daemon. */
	if (code == -EAGAIN)
		code = err->code = -EBUSY;
	if (!code) {
		code = run(&daemon, err);
		if (uv_loop_close(&daemon.loop))
			abort();
	}
	setup->unload(daemon.inputs, setup->user);
	lock_release(&daemon.lock);
	return code;
}
