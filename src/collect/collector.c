/*
 * Puts watching, looking, reading and writing together. Every event only changes what is wanted;
 * advance() then does what can be done now, and is the only one that changes state from within
 * callbacks of the user.
 */
#include "collect/collector.h"

#include "base/clock.h"
#include "base/text.h"
#include "collect/added.h"
#include "collect/backlog.h"
#include "collect/recent.h"
#include "collect/retry.h"
#include "collect/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Looked up in one turn of the loop, about 10 us each. */
#define SLICE 256
/* What is stored waits no longer for its commit when something else takes long. */
#define COMMIT_MS 100
/* Files in flight: two workers, and some for them to go on with. */
#define JOBS 6
/* After descriptors or memory ran out. */
#define SHORTAGE_MS 5000
/* A file that was dealt with is not looked at again because of its name alone for so long: the look
 * at its folder, which each event asks for, comes soon enough. */
#define TAKEN_US 250000
/* Nor is the same refusal told again. */
#define TOLD_US INT64_C(60000000)
/* Between two looks at all folders while one of them gives no events. */
#define POLL_MS 2000
/* Unreadable files that are told of one by one. */
#define UNREADABLE_MAX 256

/* What is to be done once nothing is in flight. */
struct change {
	bool use, select, stop;
	bool failed;
	struct err err;
	struct store *store;
	const struct rules *rules;
	void (*on_used)(void *user);
};

struct collector {
	uv_loop_t *loop;
	struct collector_options options;
	struct folders *folders;
	struct scanner *scanner;
	struct ingest *ingest; /* NULL: paused */
	struct store *store;
	const struct rules *rules;
	struct selection *selection, *next_selection; /* owned copies */
	struct backlog backlog;
	struct retries retries;
	uv_idle_t idle; /* more to look up */
	uv_timer_t retry_timer, commit_timer, shortage_timer, poll_timer;
	struct change change;
	struct added added;                  /* put, not yet told */
	uint64_t unreadable[UNREADABLE_MAX]; /* hashes of their paths */
	size_t unreadable_count;
	struct recent taken, told; /* paths; refusals */
	bool short_of_told;
	struct i64_opt last_event_at_us;
	struct ingest_summary before; /* of ingests that are gone */
	bool busy, read_any;          /* since the last on_quiet */
	bool advancing, again;
	unsigned ticks;
	unsigned parts; /* handles, watchers and the scanner that are not gone yet */
	bool closing;
	void (*on_stopped)(void *user);
	void *stop_user;
};

static void advance(struct collector *collector);

/* ---- what ingest tells ---- */

static void on_put(
	int64_t id, const struct report *report, const struct triage *triage, void *user) {
	struct collector *collector = user;
	added_put(&collector->added, id, report->kind);
}

static void on_committed(void *user) {
	struct collector *collector = user;
	added_commit(&collector->added);
}

static void on_rejected(const char *path, const char *reason, void *user) {
	struct collector *collector = user;
	if (!recent_note(&collector->told, path, reason, clock_monotonic_us(), TOLD_US) &&
		collector->options.on_rejected)
		collector->options.on_rejected(path, reason, collector->options.user);
}

static struct retry_clock now(void) {
	return (struct retry_clock){clock_monotonic_us(), clock_now_us()};
}

static bool on_incomplete(const struct candidate *candidate, const struct err *err, void *user) {
	struct collector *collector = user;
	return retries_add(&collector->retries, candidate, err->code, now());
}

static void on_shortage_over(uv_timer_t *timer) {
	struct collector *collector = timer->data;
	if (collector->ingest)
		scanner_want_all(collector->scanner);
	advance(collector);
}

/* True: told before. */
static bool is_told(struct collector *collector, const char *path) {
	uint64_t hash = text_hash(TEXT_HASH_START, path, strlen(path));
	for (size_t i = 0; i < collector->unreadable_count; i++)
		if (collector->unreadable[i] == hash)
			return true;
	if (collector->unreadable_count == UNREADABLE_MAX)
		return true;
	collector->unreadable[collector->unreadable_count++] = hash;
	return false;
}

static bool on_unreadable(const struct candidate *candidate, const struct err *err, void *user) {
	struct collector *collector = user;
	int code = err->code;
	if (code != -EMFILE && code != -ENFILE && code != -ENOMEM)
		return is_told(collector, candidate->path);
	if (!collector->short_of_told && collector->options.on_trouble)
		collector->options.on_trouble(err, collector->options.user);
	collector->short_of_told = true;
	if (!uv_is_active((uv_handle_t *)&collector->shortage_timer))
		uv_timer_start(&collector->shortage_timer, on_shortage_over, SHORTAGE_MS, 0);
	return true;
}

static bool is_being_read(const char *path, void *user) {
	const struct collector *collector = user;
	return ingest_is_reading(collector->ingest, path);
}

static void on_ready(void *user) {
	struct collector *collector = user;
	retries_sweep(&collector->retries, is_being_read, collector);
	advance(collector);
}

static int open_ingest(struct collector *collector, struct err *err) {
	const struct ingest_options options = {
		.selection = collector->selection,
		.on_incomplete = on_incomplete,
		.on_unreadable = on_unreadable,
		.on_rejected = on_rejected,
		.on_added = on_put,
		.on_committed = on_committed,
		.on_ready = on_ready,
		.user = collector,
		.jobs = JOBS,
		.looks_again = true,
		.leave_training = true,
	};
	return ingest_new(collector->loop, collector->store, collector->rules, &options,
		&collector->ingest, err);
}

static void add_summary(struct ingest_summary *sum, const struct ingest_summary *more) {
	sum->seen += more->seen;
	sum->added += more->added;
	sum->known += more->known;
	sum->passed_over += more->passed_over;
	sum->rejected += more->rejected;
	sum->conflicts += more->conflicts;
}

static void close_ingest(struct collector *collector) {
	if (!collector->ingest)
		return;
	add_summary(&collector->before, ingest_summary(collector->ingest));
	ingest_free(collector->ingest);
	collector->ingest = NULL;
	added_roll_back(&collector->added);
	uv_timer_stop(&collector->commit_timer);
}

/* ---- doing what can be done ---- */

static void fail(struct collector *collector, const struct err *err) {
	struct change *change = &collector->change;
	if (!change->failed)
		change->err = *err;
	change->failed = true;
}

static bool is_changing(const struct collector *collector) {
	const struct change *change = &collector->change;
	return change->use || change->select || change->stop || change->failed;
}

/* Tells of what others can see by now. The user may call anything from within. */
static void deliver(struct collector *collector) {
	struct added_item item;
	while (added_take(&collector->added, &item))
		if (collector->options.on_added)
			collector->options.on_added(item.id, item.kind, collector->options.user);
}

static void submit(struct collector *collector, struct candidate *candidate) {
	struct err err;
	collector->read_any = true;
	if (ingest_submit(collector->ingest, candidate, &err))
		fail(collector, &err);
}

static void take_hinted(struct collector *collector, struct candidate *candidate) {
	int64_t now_us = clock_monotonic_us();
	if (!retries_hint(&collector->retries, candidate, now_us) &&
		!recent_note(&collector->taken, candidate->path, NULL, now_us, TAKEN_US))
		submit(collector, candidate);
}

/* One file that is looked at because of its name. */
static void take_name(
	struct collector *collector, const char *folder, const char *name, bool is_due) {
	struct walk walk = {0};
	struct err err;
	if (walk_add_name(&walk, folder, name, &err))
		scanner_hint(collector->scanner, folder);
	for (size_t i = 0; i < walk.count && !collector->change.failed; i++) {
		struct candidate *candidate = &walk.items[i];
		if (ingest_is_reading(collector->ingest, candidate->path))
			continue; /* if it changes meanwhile, the look at the whole folder finds it
				   */
		if (is_due)
			submit(collector, candidate);
		else
			take_hinted(collector, candidate);
	}
	walk_finish(&walk);
}

static void take_due(struct collector *collector, const char *path) {
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	char *name = slash ? strdup(slash + 1) : NULL;
	if (folder && name)
		take_name(collector, folder, name, true);
	free(folder);
	free(name);
	/* What is gone, or turned out to be known, is no longer in anybody's hands. */
	retries_sweep(&collector->retries, is_being_read, collector);
}

static void take_seen(struct collector *collector, struct candidate *candidate) {
	if (!ingest_is_reading(collector->ingest, candidate->path) &&
		!retries_hint(&collector->retries, candidate, clock_monotonic_us()))
		submit(collector, candidate);
}

/* False: nothing waits. */
static bool take_one(struct collector *collector) {
	const char *path = retries_due(&collector->retries, clock_monotonic_us());
	if (path) {
		take_due(collector, path);
		return true;
	}
	const struct backlog_name *name = backlog_take(&collector->backlog);
	if (name) {
		take_name(collector, name->folder, name->name, false);
		return true;
	}
	struct candidate *candidate = scanner_next(collector->scanner);
	if (candidate)
		take_seen(collector, candidate);
	return candidate;
}

static bool may_take(const struct collector *collector) {
	return collector->ingest && !is_changing(collector) && ingest_ready(collector->ingest);
}

static void on_idle(uv_idle_t *idle) {
	advance(idle->data);
}

static void take(struct collector *collector) {
	unsigned left = SLICE;
	while (left && may_take(collector) && take_one(collector))
		left--;
	if (!left && may_take(collector))
		uv_idle_start(&collector->idle, on_idle);
	else
		uv_idle_stop(&collector->idle);
}

static void on_commit_timer(uv_timer_t *timer) {
	struct collector *collector = timer->data;
	struct err err;
	if (collector->ingest && ingest_flush(collector->ingest, &err))
		fail(collector, &err);
	advance(collector);
}

/* At once when nothing else is being read. */
static void commit(struct collector *collector) {
	struct err err;
	uv_timer_t *timer = &collector->commit_timer;
	if (!collector->ingest)
		return;
	const struct err *failure = ingest_failure(collector->ingest);
	if (failure)
		fail(collector, failure);
	if (collector->change.failed || !ingest_in_batch(collector->ingest))
		return;
	if (ingest_in_flight(collector->ingest)) {
		if (!uv_is_active((uv_handle_t *)timer))
			uv_timer_start(timer, on_commit_timer, COMMIT_MS, 0);
		return;
	}
	uv_timer_stop(timer);
	if (ingest_flush(collector->ingest, &err))
		fail(collector, &err);
}

static void on_retry_timer(uv_timer_t *timer) {
	advance(timer->data);
}

static void set_retry_timer(struct collector *collector) {
	int64_t next = retries_next_us(&collector->retries), now_us = clock_monotonic_us();
	if (next == INT64_MAX || !may_take(collector))
		uv_timer_stop(&collector->retry_timer);
	else
		uv_timer_start(&collector->retry_timer, on_retry_timer,
			next > now_us ? (uint64_t)(next - now_us) / 1000 + 1 : 1, 0);
}

static void forget_wishes(struct collector *collector) {
	backlog_finish(&collector->backlog);
	retries_finish(&collector->retries);
}

static void on_gone(void *user) {
	struct collector *collector = user;
	if (--collector->parts || !collector->closing)
		return;
	void (*on_stopped)(void *user) = collector->on_stopped;
	void *stop_user = collector->stop_user;
	selection_free(collector->selection);
	selection_free(collector->next_selection);
	added_finish(&collector->added);
	free(collector);
	if (on_stopped)
		on_stopped(stop_user);
}

static void on_closed(uv_handle_t *handle) {
	on_gone(handle->data);
}

static void close_all(struct collector *collector) {
	collector->closing = true;
	uv_close((uv_handle_t *)&collector->idle, on_closed);
	uv_close((uv_handle_t *)&collector->retry_timer, on_closed);
	uv_close((uv_handle_t *)&collector->commit_timer, on_closed);
	uv_close((uv_handle_t *)&collector->shortage_timer, on_closed);
	uv_close((uv_handle_t *)&collector->poll_timer, on_closed);
	if (collector->folders)
		folders_stop(collector->folders, on_gone, collector);
	if (collector->scanner)
		scanner_stop(collector->scanner, on_gone, collector);
}

/* Nothing is in flight. */
static void apply(struct collector *collector) {
	struct change change = collector->change;
	struct err err;
	if (collector->ingest && !change.failed && ingest_flush(collector->ingest, &err)) {
		change.failed = true;
		change.err = err;
	}
	collector->change = (struct change){0};
	close_ingest(collector);
	deliver(collector);
	forget_wishes(collector);
	if (change.failed) {
		if (change.store == collector->store)
			change.store = NULL;
		collector->store = NULL;
		if (collector->options.on_failure)
			collector->options.on_failure(&change.err, collector->options.user);
	}
	if (change.select) {
		selection_free(collector->selection);
		collector->selection = collector->next_selection;
		collector->next_selection = NULL;
	}
	if (change.use) {
		collector->store = change.store;
		collector->rules = change.rules;
		if (change.on_used)
			change.on_used(collector->options.user);
	}
	if (change.stop) {
		close_all(collector);
		return;
	}
	if (!collector->store || collector->ingest)
		return;
	if (open_ingest(collector, &err)) {
		fail(collector, &err);
		return;
	}
	collector->busy = true;
	scanner_want_all(collector->scanner);
	collector->again = true; /* this step has taken already */
}

static bool is_quiet(const struct collector *collector) {
	return collector->busy && collector->ingest && !is_changing(collector) &&
	       !ingest_in_flight(collector->ingest) && !ingest_in_batch(collector->ingest) &&
	       !backlog_count(&collector->backlog) && !scanner_busy(collector->scanner) &&
	       !retries_young(&collector->retries);
}

static void be_quiet(struct collector *collector) {
	collector->busy = false;
	if (collector->read_any)
		ingest_trim(collector->ingest);
	collector->read_any = false;
	if (!collector->retries.count)
		retries_finish(&collector->retries);
	backlog_finish(&collector->backlog);
	if (!uv_is_active((uv_handle_t *)&collector->shortage_timer))
		collector->short_of_told = false;
	if (collector->options.on_quiet)
		collector->options.on_quiet(collector->options.user);
}

static void on_poll_timer(uv_timer_t *timer) {
	struct collector *collector = timer->data;
	if (collector->ingest)
		collector_reconcile(collector); /* watches again what can be */
	advance(collector);
}

static bool any_unwatched(const struct collector *collector) {
	enum folder_state state;
	for (size_t i = 0; collector->folders && i < folders_count(collector->folders); i++)
		if (folders_state(collector->folders, i) == FOLDER_UNWATCHED ||
			(folders_retired_trouble(collector->folders, i, &state) &&
				state == FOLDER_UNWATCHED))
			return true;
	return false;
}

static void set_poll_timer(struct collector *collector) {
	uv_timer_t *timer = &collector->poll_timer;
	if (!any_unwatched(collector))
		uv_timer_stop(timer);
	else if (!uv_is_active((uv_handle_t *)timer))
		uv_timer_start(timer, on_poll_timer, POLL_MS, 0);
}

static void step(struct collector *collector) {
	deliver(collector);
	take(collector);
	commit(collector);
	deliver(collector);
	if (is_changing(collector) && (!collector->ingest || !ingest_in_flight(collector->ingest)))
		apply(collector);
	set_retry_timer(collector);
	if (!collector->closing)
		set_poll_timer(collector);
	if (is_quiet(collector))
		be_quiet(collector);
}

static void advance(struct collector *collector) {
	if (collector->closing)
		return;
	collector->again = true;
	if (collector->advancing)
		return;
	collector->advancing = true;
	while (collector->again && !collector->closing) {
		collector->again = false;
		step(collector);
	}
	collector->advancing = false;
}

/* ---- what the folders tell ---- */

static void on_event(const char *folder, const char *name, void *user) {
	struct collector *collector = user;
	collector->last_event_at_us = (struct i64_opt){.value = clock_now_us(), .set = true};
	if (!collector->ingest || is_changing(collector))
		return; /* what comes after is a look at everything */
	collector->busy = true;
	if (name)
		backlog_add(&collector->backlog, folder, name); /* the hint stands for the rest */
	scanner_hint(collector->scanner, folder);
	advance(collector);
}

static void on_state(const char *folder, enum folder_state state, const char *reason, void *user) {
	const struct collector *collector = user;
	if (collector->options.on_folder)
		collector->options.on_folder(folder, state, reason, collector->options.user);
}

static void on_scanner_work(void *user) {
	advance(user);
}

/* ---- outside ---- */

static int watch(struct collector *collector, const char *const *paths, size_t count,
	struct folders **ret, struct err *err) {
	const struct folders_options options = {
		.on_event = on_event, .on_state = on_state, .user = collector};
	int code = folders_start(collector->loop, paths, count, &options, ret, err);
	collector->parts += !code;
	return code;
}

static void init_timer(struct collector *collector, uv_timer_t *timer) {
	uv_timer_init(collector->loop, timer);
	timer->data = collector;
	collector->parts++;
}

static void init_handles(struct collector *collector) {
	uv_idle_init(collector->loop, &collector->idle);
	collector->idle.data = collector;
	collector->parts++;
	init_timer(collector, &collector->retry_timer);
	init_timer(collector, &collector->commit_timer);
	init_timer(collector, &collector->shortage_timer);
	init_timer(collector, &collector->poll_timer);
}

/* What needs the loop to run before it is gone: on failure collector_stop() ends it. */
static int start_parts(
	struct collector *collector, const struct collector_options *options, struct err *err) {
	int code =
		scanner_new(collector->loop, on_scanner_work, collector, &collector->scanner, err);
	if (code)
		return code;
	collector->parts++;
	code = watch(collector, options->folders, options->folder_count, &collector->folders, err);
	if (code)
		return code;
	return scanner_set_folders(collector->scanner, collector->folders, err);
}

int collector_start(uv_loop_t *loop, struct store *store, const struct rules *rules,
	const struct collector_options *options, struct collector **ret, struct err *err) {
	struct collector *collector = calloc(1, sizeof *collector);
	if (collector)
		collector->selection = selection_dup(options->selection);
	if (!collector || !collector->selection) {
		free(collector);
		return err_set(err, -ENOMEM, "out of memory");
	}
	collector->loop = loop;
	collector->options = *options;
	collector->options.folders = NULL; /* whoever has them keeps a copy */
	collector->options.selection = NULL;
	collector->rules = rules;
	collector->store = store;
	int code = store ? open_ingest(collector, err) : 0;
	if (code) {
		selection_free(collector->selection);
		free(collector);
		return code;
	}
	init_handles(collector);
	code = start_parts(collector, options, err);
	if (code) {
		collector_stop(collector, NULL, NULL);
		return code;
	}
	collector->busy = true;
	if (collector->ingest)
		scanner_want_all(collector->scanner);
	*ret = collector;
	return 0;
}

void collector_use(struct collector *collector, struct store *store, const struct rules *rules,
	void (*on_used)(void *user)) {
	struct change *change = &collector->change;
	change->use = true;
	change->store = store;
	change->rules = rules;
	change->on_used = on_used;
	advance(collector);
}

int collector_select(struct collector *collector, const char *const *folders, size_t folder_count,
	const struct selection *selection, struct err *err) {
	struct folders *old = collector->folders, *watched;
	struct selection *copy = selection_dup(selection);
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	int code = watch(collector, folders, folder_count, &watched, err);
	if (!code) {
		code = scanner_set_folders(collector->scanner, watched, err);
		if (code)
			old = watched;
		else
			collector->folders = watched;
		backlog_finish(&collector->backlog); /* its names borrow from the old folders */
		folders_stop(old, on_gone, collector);
	}
	if (code) {
		selection_free(copy);
		return code;
	}
	selection_free(collector->next_selection);
	collector->next_selection = copy;
	collector->change.select = true;
	advance(collector);
	return 0;
}

void collector_reconcile(struct collector *collector) {
	folders_check(collector->folders);
	if (!collector->ingest)
		return;
	collector->busy = true;
	scanner_want_all(collector->scanner);
	advance(collector);
}

void collector_tick(struct collector *collector, bool in_doubt) {
	collector->ticks++;
	if (in_doubt || collector->ticks % COLLECTOR_TICKS_PER_RECONCILE == 0 ||
		folders_check(collector->folders))
		collector_reconcile(collector);
}

bool collector_commit(struct collector *collector) {
	struct err err;
	if (!collector->ingest || is_changing(collector) || ingest_failure(collector->ingest))
		return false;
	if (!ingest_in_batch(collector->ingest))
		return true;
	if (ingest_flush(collector->ingest, &err))
		fail(collector, &err);
	/* In the next turn of the loop: now it could begin another transaction. */
	uv_idle_start(&collector->idle, on_idle);
	return !collector->change.failed;
}

void collector_status(const struct collector *collector, struct collector_status *ret) {
	*ret = (struct collector_status){
		.summary = collector->before,
		.last_event_at_us = collector->last_event_at_us,
		.last_scan_at_us = scanner_last_us(collector->scanner),
		.queue = backlog_count(&collector->backlog) + scanner_waiting(collector->scanner) +
			 collector->retries.count,
	};
	if (!collector->ingest)
		return;
	add_summary(&ret->summary, ingest_summary(collector->ingest));
	ret->queue += ingest_in_flight(collector->ingest);
}

const struct folders *collector_folders(const struct collector *collector) {
	return collector->folders;
}

void collector_retrained(struct collector *collector) {
	if (collector->ingest)
		ingest_retrained(collector->ingest);
}

void collector_stop(struct collector *collector, void (*on_stopped)(void *user), void *user) {
	collector->on_stopped = on_stopped;
	collector->stop_user = user;
	collector->change.stop = true;
	if (collector->ingest)
		ingest_cancel(collector->ingest);
	advance(collector);
}
