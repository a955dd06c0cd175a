/* How new rows are noticed, across databases that come and go. */
#include "cli/feed.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A database that is being made or recovered cannot be read for a moment. */
#define PATIENCE_US 2000000
/* Opening one that is damaged costs more than asking one for its version. */
#define RETRY_US 1000000

static void tell(struct feed *feed, const char *text) {
	if (feed->on_news)
		feed->on_news(text, feed->user);
}

static bool was_known(struct feed *feed, const struct incident *incident) {
	struct incident found;
	return feed->former && incident->incident_id &&
	       store_find(feed->former, incident->incident_id, &found, NULL) == 0;
}

static int newest(struct feed *feed, int64_t *ret, struct err *err) {
	struct store_counts counts;
	int r = store_counts(feed->store, &counts, err);
	if (r == 0)
		*ret = counts.newest_id;
	return r;
}

/* 1: open, 0: not yet, negative: it will not do. */
static int cannot_open(struct feed *feed, int code, struct err *err) {
	int64_t now_us = clock_monotonic_us();
	feed->retry_at_us = now_us + (code == -ENOENT ? 0 : RETRY_US / 10);
	if (!feed->trying_since_us)
		feed->trying_since_us = now_us;
	if (code == -ENOENT) {
		if (!feed->begun)
			tell(feed, "no database yet: waiting for it");
		feed->begun = true;
		feed->trying_since_us = 0;
		return 0;
	}
	if (now_us - feed->trying_since_us < PATIENCE_US)
		return 0;
	if (!feed->begun)
		return code;
	feed->retry_at_us = now_us + RETRY_US;
	if (!feed->troubled)
		tell(feed, err->text);
	feed->troubled = true;
	return 0;
}

static int open_store(struct feed *feed, struct err *err) {
	int64_t id = 0;
	if (feed->store)
		return 1;
	if (clock_monotonic_us() < feed->retry_at_us)
		return 0;
	int r = store_open(feed->path, STORE_READ, &feed->store, err);
	if (r == 0)
		r = newest(feed, &id, err);
	if (r < 0) {
		store_close(feed->store);
		feed->store = NULL;
		return cannot_open(feed, r, err);
	}
	/* What is there at the start is not new; what is there when a database appears is. */
	if (!feed->begun)
		feed->last_id = id;
	else if (id < feed->last_id)
		feed->last_id = 0;
	feed->begun = true;
	feed->trying_since_us = 0;
	feed->version = -1;
	return 1;
}

/* The file is another one, or gone. */
static void set_aside(struct feed *feed) {
	store_close(feed->former);
	feed->former = feed->store;
	feed->store = NULL;
	feed->last_id = 0;
	feed->more = false;
}

/* Tried again from where the last good answer ended. */
static int cannot_read(struct feed *feed, const struct err *err) {
	store_close(feed->store);
	feed->store = NULL;
	feed->more = false;
	feed->retry_at_us = clock_monotonic_us() + RETRY_US;
	if (!feed->troubled)
		tell(feed, err->text);
	feed->troubled = true;
	return 0;
}

/* Rows behind id in the order of their ids; 0 alone would mean another order. */
static int64_t behind(int64_t id) {
	return id > 0 ? id : -1;
}

static int list_new(struct feed *feed, int64_t *ids, size_t max, struct err *err) {
	struct store_filter filter = feed->filter;
	struct store_cursor *cursor = NULL;
	struct incident incident;
	size_t count = 0, rows = 0;
	int64_t newest_id = 0;
	filter.after_id = behind(feed->last_id);
	filter.limit = (int64_t)max;
	/* Asked before the rows: what is stored in between is among them, or comes next time. */
	int r = newest(feed, &newest_id, err);
	if (r == 0 && newest_id > feed->last_id)
		r = store_list(feed->store, &filter, &cursor, err);
	while (r >= 0 && cursor && (r = store_cursor_next(cursor, &incident, err)) > 0) {
		feed->last_id = incident.id;
		rows++;
		if (!was_known(feed, &incident))
			ids[count++] = incident.id;
	}
	store_cursor_close(cursor);
	if (r < 0)
		return r;
	feed->more = rows == max;
	if (!feed->more && newest_id > feed->last_id)
		feed->last_id = newest_id;
	return (int)count;
}

int feed_begin(struct feed *feed, struct err *err) {
	int r = open_store(feed, err);
	return r < 0 ? r : 0;
}

int feed_next(struct feed *feed, int64_t *ids, size_t max, struct err *err) {
	int64_t version = 0;
	if (feed->store && !store_is_current(feed->store))
		set_aside(feed);
	int r = open_store(feed, err);
	if (r <= 0)
		return r;
	r = store_data_version(feed->store, &version, err);
	if (r == 0 && version == feed->version && !feed->more)
		return 0;
	feed->version = version;
	if (r == 0)
		do
			r = list_new(feed, ids, max, err);
		while (r == 0 && feed->more);
	if (r < 0)
		return cannot_read(feed, err);
	if (feed->troubled)
		tell(feed, "the database can be read again");
	feed->troubled = false;
	return r;
}

int feed_last(struct feed *feed, int64_t *ids, size_t max, struct err *err) {
	struct store_filter filter = feed->filter;
	struct store_cursor *cursor = NULL;
	struct incident incident;
	size_t count = 0;
	if (!feed->store || !max)
		return 0;
	filter.limit = (int64_t)max;
	int r = store_list(feed->store, &filter, &cursor, err);
	while (r >= 0 && (r = store_cursor_next(cursor, &incident, err)) > 0)
		if (incident.id <= feed->last_id)
			ids[count++] = incident.id;
	store_cursor_close(cursor);
	for (size_t i = 0; i < count / 2; i++) {
		int64_t id = ids[i];
		ids[i] = ids[count - 1 - i];
		ids[count - 1 - i] = id;
	}
	return r < 0 ? r : (int)count;
}

int feed_read(struct feed *feed, int64_t id,
	int (*each)(const struct incident *incident, void *user, struct err *err), void *user,
	struct err *err) {
	const struct store_filter filter = {.after_id = behind(id - 1), .limit = 1};
	struct store_cursor *cursor = NULL;
	struct incident incident = {0};
	int r = feed->store ? store_list(feed->store, &filter, &cursor, err) : 0;
	if (r == 0 && cursor)
		r = store_cursor_next(cursor, &incident, err);
	if (r > 0)
		r = incident.id == id ? each(&incident, user, err) : 0;
	/* Not left open: nothing new is seen from within a reading transaction. */
	store_cursor_close(cursor);
	return r;
}

void feed_finish(struct feed *feed) {
	store_close(feed->store);
	store_close(feed->former);
	feed->store = feed->former = NULL;
}
