/*
 * launchd through launchctl: what it is asked, and what its answers mean. Nothing here depends on
 * the platform; where launchctl is not in PATH, launchd_open() says so.
 *
 * launchctl ends with the number of the error that it prints ("Bootstrap failed: 5: Input/output
 * error" ends with 5); `launchctl error N` tells their texts.
 */
#ifndef CLI_LAUNCHD_H
#define CLI_LAUNCHD_H

#include "base/err.h"
#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>

enum launchd_domain {
	LAUNCHD_GUI,  /* gui/UID: while the user is logged in at the screen */
	LAUNCHD_USER, /* user/UID: also over ssh alone; wants LimitLoadToSessionType Background */
	LAUNCHD_DOMAIN_COUNT,
};

/* How long launchd is waited for. */
struct launchd_times {
	unsigned call_ms; /* one launchctl */
	unsigned gone_ms; /* until a job that was booted out is gone */
	unsigned poll_ms; /* between two looks; grows to poll_max_ms */
	unsigned poll_max_ms;
	unsigned bootstrap_ms; /* all attempts of a bootstrap together */
	unsigned running_ms;   /* until the job runs */
};

extern const struct launchd_times launchd_default_times;

struct launchd {
	char *launchctl;   /* owned */
	const char *label; /* borrowed */
	unsigned uid;
	struct launchd_times times;
};

/* What `launchctl print` tells of a job. It is not made for programs: whatever is not understood
 * is absent. */
struct launchd_job {
	char state[32]; /* "running", "not running", ...; "" when it does not tell */
	bool running;
	struct i64_opt pid, runs, last_exit; /* last_exit: its exit status */
	char last_signal[32];                /* "Killed: 9"; "" when there was none */
};

/* label is borrowed. -ENOENT when there is no launchctl in PATH. */
int launchd_open(struct launchd *ret, const char *label, struct err *err);
void launchd_close(struct launchd *launchd);

/* "gui/501", or with the label "gui/501/LABEL". */
#define LAUNCHD_TARGET_BYTES 256
void launchd_target(const struct launchd *launchd, enum launchd_domain domain, bool with_label,
	char ret[LAUNCHD_TARGET_BYTES]);

/* 1 when the job is loaded, 0 when it or its domain is not there. Negative: launchctl did not
 * answer (-ETIMEDOUT) or failed (-EIO). */
int launchd_find(const struct launchd *launchd, enum launchd_domain domain, struct launchd_job *ret,
	struct err *err);

/* Whether the domain is there for this user. */
bool launchd_has_domain(const struct launchd *launchd, enum launchd_domain domain);

/* Unloads the job and waits until it is gone. 1 when it was loaded, 0 when it was not. Negative:
 * it is still there. */
int launchd_boot_out(const struct launchd *launchd, enum launchd_domain domain, struct err *err);

/* 1 when the user, or a tool, has disabled the label there: it would not be loaded. */
int launchd_is_disabled(const struct launchd *launchd, enum launchd_domain domain, struct err *err);
int launchd_enable(const struct launchd *launchd, enum launchd_domain domain, struct err *err);

/*
 * Loads the plist, again and again while launchd is still busy with the old job. -EOPNOTSUPP when
 * the domain is not there or wants another session type, -EPERM when the label is disabled, else
 * -EIO or -ETIMEDOUT; err has launchctl's words.
 */
int launchd_bootstrap(const struct launchd *launchd, enum launchd_domain domain, const char *plist,
	struct err *err);

/* Starts the job now unless it runs. */
int launchd_kickstart(const struct launchd *launchd, enum launchd_domain domain, struct err *err);

/* Waits for the job to run. -ETIMEDOUT, sooner when it runs no more, with what is known of it.
 * ready: what else must be true, may be NULL. */
int launchd_wait_running(const struct launchd *launchd, enum launchd_domain domain,
	bool (*ready)(int64_t pid, void *user), void *user, struct err *err);

/* ---- launchctl's texts ---- */

void launchd_parse_job(const char *text, struct launchd_job *ret);
/* Of `launchctl print-disabled`. */
bool launchd_parse_disabled(const char *text, const char *label);

#endif
