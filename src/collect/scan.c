/* Drives an ingest over a list of candidates until all are done. */
#include "collect/scan.h"

#include "base/clock.h"
#include "collect/pool.h"

#include <errno.h>

#define PROGRESS_EVERY_US 100000

struct scan {
	struct ingest *ingest; /* NULL until it exists */
	struct walk *walk;
	size_t next;
	const struct scan_options *options;
	int64_t progress_at_us;
	int code;
	struct err *err;
};

static bool stopped(const struct scan *scan) {
	return scan->options->stop && *scan->options->stop;
}

static void show_progress(struct scan *scan) {
	int64_t now_us = clock_monotonic_us();
	if (!scan->options->on_progress || now_us - scan->progress_at_us < PROGRESS_EVERY_US)
		return;
	scan->progress_at_us = now_us;
	scan->options->on_progress(scan->next - ingest_in_flight(scan->ingest), scan->walk->count,
		scan->options->user);
}

static void feed(void *user) {
	struct scan *scan = user;
	while (!scan->code && scan->next < scan->walk->count && !stopped(scan) &&
		ingest_ready(scan->ingest)) {
		scan->code =
			ingest_submit(scan->ingest, &scan->walk->items[scan->next++], scan->err);
		show_progress(scan);
	}
}

static void rejected(const char *path, const char *reason, void *user) {
	const struct scan *scan = user;
	if (scan->options->on_rejected)
		scan->options->on_rejected(path, reason, scan->options->user);
}

static int outcome(struct scan *scan) {
	struct err *err = scan->err;
	const struct err *failure = ingest_failure(scan->ingest);
	struct err flush = {0};
	int flushed = failure ? 0 : ingest_flush(scan->ingest, &flush);
	if (scan->code)
		return scan->code;
	if (failure) {
		*err = *failure;
		return err->code;
	}
	if (flushed) {
		*err = flush;
		return flushed;
	}
	if (scan->next < scan->walk->count)
		return err_set(err, -ECANCELED, "stopped; what was done is kept");
	return 0;
}

int scan_run(struct store *store, const struct rules *rules, struct walk *walk,
	const struct scan_options *options, struct ingest_summary *ret, struct err *err) {
	struct scan scan = {.walk = walk, .options = options, .err = err};
	struct ingest_options ingest_options = {
		.selection = options->selection,
		.on_rejected = rejected,
		.on_ready = feed,
		.user = &scan,
	};
	uv_loop_t loop;
	int code = pool_init_loop(&loop, err);
	if (code)
		return code;
	code = ingest_new(&loop, store, rules, &ingest_options, &scan.ingest, err);
	if (!code) {
		feed(&scan);
		uv_run(&loop, UV_RUN_DEFAULT);
		code = outcome(&scan);
		*ret = *ingest_summary(scan.ingest);
	}
	ingest_free(scan.ingest);
	uv_loop_close(&loop);
	return code;
}
