/* A small table, searched by hash. */
#include "collect/retry.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRIES_MAX 512
#define DELAY_MIN_MS 20
#define DELAY_MAX_MS 2000
/* A report that has not changed for so long is finished: ReportCrash writes one in milliseconds. */
#define STABLE_US 3000000
/* What looks whole, but may have more to come. */
#define GROWING_US 500000

static uint64_t hash_of(const char *path) {
	return text_hash(TEXT_HASH_START, path, strlen(path));
}

static struct retry *find(struct retries *retries, const char *path) {
	uint64_t hash = retries->count ? hash_of(path) : 0;
	for (size_t i = 0; i < retries->count; i++)
		if (retries->items[i].hash == hash && !strcmp(retries->items[i].path, path))
			return &retries->items[i];
	return NULL;
}

static void bring_back(struct retries *retries, struct retry *retry) {
	retries->away -= retry->away;
	retry->away = false;
}

static void take_out(struct retries *retries, struct retry *retry) {
	bring_back(retries, retry);
	free(retry->path);
	*retry = retries->items[--retries->count];
}

static struct retry *put_in(struct retries *retries, const struct candidate *candidate) {
	if (!retries->items)
		retries->items = calloc(RETRIES_MAX, sizeof *retries->items);
	char *path =
		retries->items && retries->count < RETRIES_MAX ? strdup(candidate->path) : NULL;
	if (!path)
		return NULL;
	struct retry *retry = &retries->items[retries->count++];
	*retry = (struct retry){.path = path,
		.hash = hash_of(path),
		.identity = candidate->identity,
		.delay_ms = DELAY_MIN_MS / 2};
	return retry;
}

/* How long the file has been as it is: since somebody looked, or as its own times tell. A time in
 * the future tells nothing. */
static int64_t unchanged_us(const struct retry *retry, struct retry_clock now) {
	int64_t seen = now.monotonic_us - retry->same_since_us;
	int64_t mtime = retry->identity.mtime_ns / 1000, ctime = retry->identity.ctime_ns / 1000;
	int64_t told = now.wall_us - (mtime > ctime ? mtime : ctime);
	return told > seen ? told : seen;
}

/* Renamed or copied with its times after it was written: nobody writes any more. A write leaves
 * both times equal. */
static bool is_placed(const struct file_identity *identity) {
	return identity->mtime_ns != identity->ctime_ns;
}

bool retries_add(struct retries *retries, const struct candidate *candidate, int code,
	struct retry_clock now) {
	if (code == -EINPROGRESS && is_placed(&candidate->identity))
		return false;
	struct retry *retry = find(retries, candidate->path);
	if (!retry) {
		retry = put_in(retries, candidate);
		if (!retry)
			return false;
		retry->same_since_us = now.monotonic_us;
	}
	bring_back(retries, retry);
	if (code == -EAGAIN || !file_identity_equal(&retry->identity, &candidate->identity))
		retry->same_since_us = now.monotonic_us;
	retry->identity = candidate->identity;
	int64_t enough = code == -EINPROGRESS ? GROWING_US : STABLE_US;
	if (code != -EAGAIN && unchanged_us(retry, now) >= enough) {
		take_out(retries, retry);
		return false;
	}
	retry->delay_ms = retry->delay_ms * 2 < DELAY_MAX_MS ? retry->delay_ms * 2 : DELAY_MAX_MS;
	retry->due_us = now.monotonic_us + (int64_t)retry->delay_ms * 1000;
	return true;
}

/* Large files are worth a longer wait than small ones: each try reads them whole. */
static int64_t soon_us(const struct retry *retry) {
	return DELAY_MIN_MS * 1000 + (retry->identity.size >> 6);
}

bool retries_hint(struct retries *retries, const struct candidate *candidate, int64_t now_us) {
	struct retry *retry = find(retries, candidate->path);
	if (!retry)
		return false;
	if (!file_identity_equal(&retry->identity, &candidate->identity) &&
		retry->due_us > now_us + soon_us(retry))
		retry->due_us = now_us + soon_us(retry);
	return true;
}

const char *retries_due(struct retries *retries, int64_t now_us) {
	for (size_t i = 0; i < retries->count; i++) {
		struct retry *retry = &retries->items[i];
		if (retry->away || retry->due_us > now_us)
			continue;
		retry->away = true;
		retries->away++;
		return retry->path;
	}
	return NULL;
}

void retries_sweep(
	struct retries *retries, bool (*still)(const char *path, void *user), void *user) {
	for (size_t i = retries->away ? retries->count : 0; i-- > 0;)
		if (retries->items[i].away && !still(retries->items[i].path, user))
			take_out(retries, &retries->items[i]);
}

int64_t retries_next_us(const struct retries *retries) {
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < retries->count; i++)
		if (!retries->items[i].away && retries->items[i].due_us < next)
			next = retries->items[i].due_us;
	return next;
}

size_t retries_young(const struct retries *retries) {
	size_t young = 0;
	for (size_t i = 0; i < retries->count; i++)
		young += retries->items[i].delay_ms < DELAY_MAX_MS || retries->items[i].away;
	return young;
}

void retries_finish(struct retries *retries) {
	for (size_t i = 0; i < retries->count; i++)
		free(retries->items[i].path);
	free(retries->items);
	*retries = (struct retries){0};
}
