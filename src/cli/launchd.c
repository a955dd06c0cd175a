/*
 * Calls of launchctl. That `bootout` returns before the job is gone, that a `bootstrap` then fails
 * with 5 or 37 for some seconds, that without a session at the screen it fails with 125, 112 or
 * 134, and with 119 (or 5) for a disabled label, is what users of many projects report of it.
 */
#include "cli/launchd.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 4
#define WORDS_BYTES 240
/* So often in a row a job must have been seen as ended. */
#define ENDED_LOOKS 4
/* Bootstraps after the first that are made even when each of them takes long: one more than others
 * have seen fail. */
#define BOOTSTRAP_WAITS 11

enum {
	LAUNCHCTL_NO_PROCESS = 3,
	LAUNCHCTL_IO_ERROR = 5,
	LAUNCHCTL_NOW_IN_PROGRESS = 36,
	LAUNCHCTL_ALREADY_IN_PROGRESS = 37,
	LAUNCHCTL_NO_DOMAIN = 112,
	LAUNCHCTL_NO_SERVICE = 113,
	LAUNCHCTL_DISABLED = 119,
	LAUNCHCTL_DOMAIN_UNABLE = 125,
	LAUNCHCTL_OTHER_SESSION = 134,
};

const struct launchd_times launchd_default_times = {
	.call_ms = 10000,
	/* More than the plist's ExitTimeOut. */
	.gone_ms = 25000,
	.poll_ms = 100,
	.poll_max_ms = 1000,
	/* Five seconds and ten attempts were measured by others. */
	.bootstrap_ms = 15000,
	.running_ms = 10000,
};

/* What one call came to. */
struct reply {
	int status; /* of launchctl; -1 when a signal ended it */
	bool timed_out;
	char words[WORDS_BYTES]; /* the line of its stderr, or stdout, that tells most; cleaned */
	char *out;               /* its stdout; owned */
};

static void finish(struct reply *reply) {
	free(reply->out);
	*reply = (struct reply){0};
}

/* The first line with " failed: ", else the first that is not empty. */
static void find_words(const char *text, char ret[WORDS_BYTES]) {
	const char *best = NULL;
	size_t best_len = 0;
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		bool tells = memmem(line, len, " failed: ", 9) != NULL;
		if (len && (tells || !best)) {
			best = line;
			best_len = len;
		}
		if (tells)
			break;
		line += len + (line[len] == '\n');
	}
	struct buf clean = {0};
	text_terminal(&clean, best ? best : "", best_len, TEXT_LINE);
	snprintf(ret, WORDS_BYTES, "%s", buf_str(&clean));
	buf_finish(&clean);
}

/* words: behind "launchctl", NULL-terminated. Fails only when it could not be run. */
static int ask(const struct launchd *launchd, const char *const *words, struct reply *ret,
	struct err *err) {
	const char *argv[ARGUMENTS_MAX + 2] = {launchd->launchctl};
	for (size_t i = 0; words[i] && i < ARGUMENTS_MAX; i++)
		argv[i + 1] = words[i];
	struct spawn_result result = {0};
	int r = spawn_run(argv, launchd->times.call_ms, &result, err);
	*ret = (struct reply){0};
	if (r < 0)
		goto out;
	ret->status = result.status;
	ret->timed_out = result.timed_out;
	find_words(result.err.len ? buf_str(&result.err) : buf_str(&result.out), ret->words);
	ret->out = buf_take(&result.out);
out:
	spawn_finish(&result);
	return r;
}

/* Says what went wrong with "launchctl VERB TARGET". */
static int complain(const struct launchd *launchd, const char *const *words,
	const struct reply *reply, struct err *err) {
	if (reply->timed_out)
		return err_set(err, -ETIMEDOUT, "launchctl %s %s: no answer within %u s", words[0],
			words[1], (launchd->times.call_ms + 999) / 1000);
	if (reply->words[0])
		return err_set(err, -EIO, "launchctl %s %s: %s", words[0], words[1], reply->words);
	return err_set(err, -EIO, "launchctl %s %s: ended with %d and said nothing", words[0],
		words[1], reply->status);
}

static bool is_absent(const struct reply *reply) {
	switch (reply->status) {
	case LAUNCHCTL_NO_PROCESS:
	case LAUNCHCTL_NO_DOMAIN:
	case LAUNCHCTL_NO_SERVICE:
	case LAUNCHCTL_DOMAIN_UNABLE:
		return true;
	default:
		return reply->status != 0 && text_starts(reply->words, "Could not find ");
	}
}

/* ---- waiting ---- */

struct patience {
	int64_t until_us;
	unsigned delay_ms, delay_max_ms;
	unsigned granted; /* waits that the time does not cut short */
};

static struct patience patience_start(const struct launchd *launchd, unsigned total_ms) {
	return (struct patience){.until_us = clock_monotonic_us() + (int64_t)total_ms * 1000,
		.delay_ms = launchd->times.poll_ms,
		.delay_max_ms = launchd->times.poll_max_ms};
}

/* Sleeps before the next attempt; false when the time is over. */
static bool patience_wait(struct patience *patience) {
	if (patience->granted)
		patience->granted--;
	else if (clock_monotonic_us() + (int64_t)patience->delay_ms * 1000 > patience->until_us)
		return false;
	struct timespec pause = {.tv_sec = patience->delay_ms / 1000,
		.tv_nsec = (long)(patience->delay_ms % 1000) * 1000000};
	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		continue;
	patience->delay_ms *= 2;
	if (patience->delay_ms > patience->delay_max_ms)
		patience->delay_ms = patience->delay_max_ms;
	return true;
}

/* ---- the calls ---- */

int launchd_open(struct launchd *ret, const char *label, struct err *err) {
	char *path = spawn_find("launchctl");
	if (!path)
		return err_set(err, -ENOENT, "no launchctl in PATH");
	*ret = (struct launchd){.launchctl = path,
		.label = label,
		.uid = (unsigned)getuid(),
		.times = launchd_default_times};
	return 0;
}

void launchd_close(struct launchd *launchd) {
	free(launchd->launchctl);
	*launchd = (struct launchd){0};
}

void launchd_target(const struct launchd *launchd, enum launchd_domain domain, bool with_label,
	char ret[LAUNCHD_TARGET_BYTES]) {
	snprintf(ret, LAUNCHD_TARGET_BYTES, "%s/%u%s%s", domain == LAUNCHD_GUI ? "gui" : "user",
		launchd->uid, with_label ? "/" : "", with_label ? launchd->label : "");
}

int launchd_find(const struct launchd *launchd, enum launchd_domain domain, struct launchd_job *ret,
	struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, true, target);
	const char *const words[] = {"print", target, NULL};
	struct reply reply;
	int r = ask(launchd, words, &reply, err);
	if (r < 0)
		return r;
	if (reply.timed_out || (reply.status != 0 && !is_absent(&reply)))
		r = complain(launchd, words, &reply, err);
	else
		r = reply.status == 0;
	if (r == 1)
		launchd_parse_job(reply.out ? reply.out : "", ret);
	finish(&reply);
	return r;
}

bool launchd_has_domain(const struct launchd *launchd, enum launchd_domain domain) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, false, target);
	struct reply reply;
	if (ask(launchd, (const char *const[]){"print", target, NULL}, &reply, NULL) < 0)
		return false;
	bool there = reply.status == 0;
	finish(&reply);
	return there;
}

static int wait_gone(const struct launchd *launchd, enum launchd_domain domain, struct err *err) {
	struct patience patience = patience_start(launchd, launchd->times.gone_ms);
	struct launchd_job job;
	int r;
	while ((r = launchd_find(launchd, domain, &job, err)) != 0 && patience_wait(&patience))
		continue;
	if (r == 1)
		return err_set(err, -ETIMEDOUT, "the old agent is still there after %u s",
			launchd->times.gone_ms / 1000);
	return r;
}

int launchd_boot_out(const struct launchd *launchd, enum launchd_domain domain, struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, true, target);
	const char *const words[] = {"bootout", target, NULL};
	struct launchd_job job;
	struct reply reply;
	int r = ask(launchd, words, &reply, err);
	if (r < 0)
		return r;
	if (!reply.timed_out && is_absent(&reply)) {
		finish(&reply);
		return 0;
	}
	bool under_way = reply.timed_out || reply.status == 0 ||
			 reply.status == LAUNCHCTL_NOW_IN_PROGRESS ||
			 reply.status == LAUNCHCTL_ALREADY_IN_PROGRESS;
	if (under_way)
		r = wait_gone(launchd, domain, err);
	else if (launchd_find(launchd, domain, &job, NULL) == 0)
		r = 0;
	else
		r = complain(launchd, words, &reply, err);
	finish(&reply);
	return r < 0 ? r : under_way;
}

int launchd_is_disabled(
	const struct launchd *launchd, enum launchd_domain domain, struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, false, target);
	const char *const words[] = {"print-disabled", target, NULL};
	struct reply reply;
	int r = ask(launchd, words, &reply, err);
	if (r < 0)
		return r;
	if (reply.timed_out || reply.status != 0)
		r = complain(launchd, words, &reply, err);
	else
		r = launchd_parse_disabled(reply.out ? reply.out : "", launchd->label);
	finish(&reply);
	return r;
}

int launchd_enable(const struct launchd *launchd, enum launchd_domain domain, struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, true, target);
	const char *const words[] = {"enable", target, NULL};
	struct reply reply;
	int r = ask(launchd, words, &reply, err);
	if (r >= 0 && (reply.timed_out || reply.status != 0))
		r = complain(launchd, words, &reply, err);
	finish(&reply);
	return r;
}

/* The code of a bootstrap that failed for good; 0 when it is worth another attempt. */
static int verdict(const struct launchd *launchd, enum launchd_domain domain,
	const struct reply *reply, bool first) {
	switch (reply->status) {
	case LAUNCHCTL_NO_DOMAIN:
	case LAUNCHCTL_DOMAIN_UNABLE:
	case LAUNCHCTL_OTHER_SESSION:
		return -EOPNOTSUPP;
	case LAUNCHCTL_DISABLED:
		return -EPERM;
	case LAUNCHCTL_IO_ERROR:
		/* It stands for many things; one of them is a domain that is not there. */
		return first && !launchd_has_domain(launchd, domain) ? -EOPNOTSUPP : 0;
	case LAUNCHCTL_NOW_IN_PROGRESS: /* the old job's end */
	case LAUNCHCTL_ALREADY_IN_PROGRESS:
		return 0;
	default:
		return -EIO;
	}
}

int launchd_bootstrap(const struct launchd *launchd, enum launchd_domain domain, const char *plist,
	struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, false, target);
	const char *const words[] = {"bootstrap", target, plist, NULL};
	struct patience patience = patience_start(launchd, launchd->times.bootstrap_ms);
	patience.granted = BOOTSTRAP_WAITS;
	for (bool first = true;; first = false) {
		struct reply reply;
		struct launchd_job job;
		int r = ask(launchd, words, &reply, err);
		if (r < 0)
			return r;
		if (!reply.timed_out && reply.status == 0) {
			finish(&reply);
			return 0;
		}
		/* What timed out, or is "already in progress", may have come about nevertheless. */
		if ((reply.timed_out || reply.status == LAUNCHCTL_ALREADY_IN_PROGRESS) &&
			launchd_find(launchd, domain, &job, NULL) == 1) {
			finish(&reply);
			return 0;
		}
		int code = reply.timed_out ? -ETIMEDOUT : verdict(launchd, domain, &reply, first);
		r = complain(launchd, words, &reply, err);
		finish(&reply);
		if (code)
			return err ? (err->code = code) : code;
		if (!patience_wait(&patience))
			return r;
	}
}

int launchd_kickstart(const struct launchd *launchd, enum launchd_domain domain, struct err *err) {
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(launchd, domain, true, target);
	const char *const words[] = {"kickstart", target, NULL};
	struct reply reply;
	int r = ask(launchd, words, &reply, err);
	if (r >= 0 && (reply.timed_out ||
			      (reply.status != 0 && reply.status != LAUNCHCTL_ALREADY_IN_PROGRESS)))
		r = complain(launchd, words, &reply, err);
	finish(&reply);
	return r;
}

static int not_running(const struct launchd_job *job, struct err *err) {
	if (job->last_signal[0])
		return err_set(err, -ETIMEDOUT, "it does not run: a signal ended it (%s)",
			job->last_signal);
	if (job->last_exit.set)
		return err_set(err, -ETIMEDOUT, "it does not run: it ended with status %lld",
			(long long)job->last_exit.value);
	if (job->running)
		return err_set(
			err, -ETIMEDOUT, "launchd runs it, but it does not serve the database yet");
	return err_set(err, -ETIMEDOUT, "it does not run%s%s", job->state[0] ? ", its state: " : "",
		job->state);
}

int launchd_wait_running(const struct launchd *launchd, enum launchd_domain domain,
	bool (*ready)(int64_t pid, void *user), void *user, struct err *err) {
	struct patience patience = patience_start(launchd, launchd->times.running_ms);
	int ended = 0;
	do {
		struct launchd_job job = {0};
		int r = launchd_find(launchd, domain, &job, err);
		if (r == 1 && job.running && job.pid.set && (!ready || ready(job.pid.value, user)))
			return 0;
		if (r == 1)
			not_running(&job, err);
		else if (r == 0)
			err_set(err, -ETIMEDOUT, "launchd no longer knows it");
		/* The throttle's 30 seconds before the next start are not worth waiting for. */
		bool over = r == 1 && !job.running && (job.last_exit.set || job.last_signal[0]);
		ended = over ? ended + 1 : 0;
	} while (ended < ENDED_LOOKS && patience_wait(&patience));
	return err ? (err->code = -ETIMEDOUT) : -ETIMEDOUT;
}
