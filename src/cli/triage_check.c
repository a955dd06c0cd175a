/* What may stand in a state, and what is said of everything else. */
#include "cli/triage.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

/* Builds of the database that are named. */
#define BUILDS_NAMED 8

static enum cli_status check_status(struct cli *cli, const char *status) {
	static const char *const settable[] = {"open", "known", "fixed", "ignored"};
	const size_t count = sizeof settable / sizeof *settable;
	for (size_t i = 0; i < count; i++)
		if (!*status || !strcmp(status, settable[i]))
			return CLI_DONE;
	if (!strcmp(status, "regressed"))
		return cli_usage(cli, "no hand sets 'regressed': what is fixed becomes that when a "
				      "crash, GPU event or panic comes on a build at or after its "
				      "--fixed-in");
	const char *meant =
		strlen(status) <= TEXT_SUGGEST_BYTES ? text_suggest(status, settable, count) : NULL;
	if (meant)
		return cli_usage(cli,
			"--status takes open, known, fixed or ignored, not '%s'; did "
			"you mean '%s'?",
			status, meant);
	return cli_usage(cli, "--status takes open, known, fixed or ignored, not '%s'", status);
}

/* How the store names a value is how the option is called. */
static enum cli_status check_value(
	struct cli *cli, int (*check)(const char *value, struct err *err), const char *value) {
	struct err err = {0};
	return check(value, &err) < 0 ? cli_usage(cli, "--%s", err.text) : CLI_DONE;
}

/* ---- builds ---- */

struct builds {
	const char *version;  /* "15.7.3" as typed, or NULL: any */
	struct buf all, same; /* "24G419 (macOS 15.7.3), ..." */
	size_t count;
};

/* "macOS 15.7.3" or "macOS 15.7.3 (24G419)" */
static bool has_version(const char *os_version, const char *version) {
	size_t len = strlen(version);
	for (const char *at = os_version; at && (at = strstr(at, version)); at++)
		if ((at == os_version || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static int add_build(const struct store_group *group, void *user) {
	struct builds *builds = user;
	const char *build = group->values[0], *version = group->values[1];
	int same;
	if (!build || !state_build_compare(build, build, &same))
		return 0;
	if (builds->count++ < BUILDS_NAMED)
		buf_printf(&builds->all, "%s%s%s%s%s", builds->all.len ? ", " : "", build,
			version ? " (" : "", version ? version : "", version ? ")" : "");
	if (builds->version && has_version(version, builds->version))
		buf_printf(&builds->same, "%s%s", builds->same.len ? ", " : "", build);
	return 0;
}

static bool is_version(const char *text) {
	return *text && !text[strspn(text, "0123456789.")];
}

static void tell_builds(const struct builds *builds, const char *typed) {
	if (builds->same.len)
		log_error("in this database %s is build %s", typed, buf_str(&builds->same));
	else if (builds->all.len)
		log_error("builds in this database: %s%s", buf_str(&builds->all),
			builds->count > BUILDS_NAMED ? ", ..." : "");
}

/* Reading alone: what is wrong must not create anything. */
static enum cli_status check_fixed_in(struct cli *cli, const char *typed) {
	static const char *const fields[] = {"os_build", "os_version"};
	const struct store_filter any = {0};
	struct err err = {0};
	int same;
	if (!*typed || state_build_compare(typed, typed, &same))
		return CLI_DONE;
	/* "macOS 15.7.3", "15.7.3" */
	const char *blank = strrchr(typed, ' '), *version = blank ? blank + 1 : typed;
	struct builds builds = {.version = is_version(version) ? version : NULL};
	if (builds.version)
		cli_usage(
			cli, "--fixed-in takes a build such as 24G419, not a version: '%s'", typed);
	else
		cli_usage(cli, "--fixed-in takes a build such as 24G419, not '%s'", typed);
	if (cli_provide(cli, NEED_STORE_READ) == CLI_DONE &&
		store_top(cli->store, &any, fields, 2, add_build, &builds, &err) == 0)
		tell_builds(&builds, version);
	buf_finish(&builds.all);
	buf_finish(&builds.same);
	return CLI_USAGE;
}

enum cli_status triage_check(struct cli *cli, const struct triage_values *values) {
	enum cli_status status = CLI_DONE;
	if (values->status)
		status = check_status(cli, values->status);
	if (status == CLI_DONE && values->note)
		status = check_value(cli, store_state_check_note, values->note);
	if (status == CLI_DONE && values->url)
		status = check_value(cli, store_state_check_url, values->url);
	if (status == CLI_DONE && values->fixed_in)
		status = check_fixed_in(cli, values->fixed_in);
	return status;
}
