/* What keeps a database small over the years, in slices between other work. */
#include "collect/daemon_parts.h"

#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>

#define CHECK_US 100000
/* Between two slices the loop has time for what comes in. */
#define SLICE_PAUSE_MS 1
/* So many reports must have come before a dictionary can be worth it, and between two attempts. */
#define TRAIN_EVERY 64
#define US_PER_S INT64_C(1000000)
/* Retention that failed is tried again after so long, then later and later: a disk that takes small
 * writes may still be too full for it. */
#define RETRY_MIN_US (60 * US_PER_S)
#define RETRY_MAX_US (3600 * US_PER_S)

static struct store_retention wanted(const struct daemon *daemon) {
	const struct config *config = &daemon->inputs->config;
	return (struct store_retention){
		.now_us = clock_now_us(),
		.max_age_us = config_number(config, CONFIG_RETENTION_AGE) * US_PER_S,
		.raw_max_age_us = config_number(config, CONFIG_RETENTION_RAW_AGE) * US_PER_S,
		.max_bytes = config_number(config, CONFIG_RETENTION_SIZE),
	};
}

static void tell(struct daemon *daemon) {
	const struct store_retained *done = &daemon->retained;
	if (done->raw_removed || done->incidents_removed)
		daemon_say(daemon, LOG_INFO,
			"retention: removed the bytes of %" PRIu64 " incidents and %" PRIu64
			" rows; %" PRId64 " bytes before, %" PRId64 " after",
			done->raw_removed, done->incidents_removed, done->bytes_before,
			done->bytes_after);
	if (done->too_big && !daemon->too_big_told)
		daemon_say(daemon, LOG_WARNING,
			"the database stays above its limit: what is left is the first and the "
			"newest three of each signature; raise retention.max_size");
	daemon->too_big_told = done->too_big;
	daemon->retained = (struct store_retained){0};
}

static void add(struct store_retained *sum, const struct store_retained *slice) {
	if (!sum->bytes_before)
		sum->bytes_before = slice->bytes_before;
	sum->bytes_after = slice->bytes_after;
	sum->raw_removed += slice->raw_removed;
	sum->incidents_removed += slice->incidents_removed;
	sum->files_removed += slice->files_removed;
	sum->too_big = slice->too_big;
}

static void put_off(struct daemon *daemon) {
	int64_t next_us = 2 * daemon->retention_wait_us;
	daemon->retention_wait_us = next_us < RETRY_MIN_US   ? RETRY_MIN_US
				    : next_us > RETRY_MAX_US ? RETRY_MAX_US
							     : next_us;
	daemon->retention_after_us = clock_monotonic_us() + daemon->retention_wait_us;
}

/* The first read after a write leaves its mark in the log's index: now, and not when nothing else
 * is to be written. */
static void come_to_rest(const struct daemon *daemon) {
	int64_t version;
	struct err err;
	(void)store_data_version(daemon->store, &version, &err);
}

static void on_slice(uv_timer_t *timer) {
	struct daemon *daemon = timer->data;
	const struct store_retention retention = wanted(daemon);
	struct store_retained slice = {0};
	struct err err;
	if (!daemon->store || daemon->stopping)
		return;
	/* The store has one transaction at a time. */
	if (!collector_commit(daemon->collector))
		return;
	if (store_retain(daemon->store, &retention, &slice, &err)) {
		put_off(daemon);
		daemon_store_give_up(daemon, &err);
		return;
	}
	add(&daemon->retained, &slice);
	if (slice.more) {
		uv_timer_start(timer, on_slice, SLICE_PAUSE_MS, 0);
		return;
	}
	daemon->retention_wait_us = 0;
	tell(daemon);
	come_to_rest(daemon);
}

void daemon_upkeep_check(struct daemon *daemon, bool now) {
	int64_t now_us = clock_monotonic_us();
	if (!daemon->store || daemon->stopping || uv_is_active((uv_handle_t *)&daemon->retain) ||
		now_us < daemon->retention_after_us ||
		(!now && now_us - daemon->retention_checked_us < CHECK_US))
		return;
	const struct store_retention retention = wanted(daemon);
	struct err err;
	bool due = false;
	daemon->retention_checked_us = now_us;
	if (store_retention_due(daemon->store, &retention, &due, &err) == 0 && due)
		uv_timer_start(&daemon->retain, on_slice, 0, 0);
}

static void train(struct daemon *daemon) {
	struct err err;
	if (daemon->trained || daemon->added_since_training < TRAIN_EVERY)
		return;
	daemon->added_since_training = 0;
	if (store_train(daemon->store, &daemon->trained, &err))
		daemon_store_give_up(daemon, &err);
	else if (daemon->trained)
		collector_retrained(daemon->collector);
}

void daemon_upkeep_quiet(struct daemon *daemon) {
	if (!daemon->store || daemon->stopping)
		return;
	train(daemon);
	daemon_upkeep_check(daemon, true);
	come_to_rest(daemon);
	memory_give_back();
}
