/* agent install and uninstall. */
#include "base/file.h"
#include "base/file_save.h"
#include "base/log.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/agent.h"
#include "collect/presence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define LINT_MS 10000

/* ---- the file ---- */

static int make_parent(const char *path, struct err *err) {
	char *folder = path_parent(path);
	if (!folder)
		return err_set(err, -ENOMEM, "out of memory");
	int r = file_make_folders(folder, err);
	free(folder);
	return r;
}

static int refused(const char *words, struct err *err) {
	return err_set(err, -EINVAL, "plutil does not accept the property list: %.*s",
		(int)strcspn(words, "\n"), words);
}

/* What Apple's own tool thinks of it, where there is one. */
static int lint(const char *path, void *user, struct err *err) {
	const char *plutil = user;
	struct spawn_result result = {0};
	int r = 0;
	if (!plutil)
		return 0;
	r = spawn_run((const char *const[]){plutil, "-lint", path, NULL}, LINT_MS, &result, err);
	if (r >= 0 && (result.timed_out || result.status != 0))
		r = refused(buf_str(result.out.len ? &result.out : &result.err), err);
	spawn_finish(&result);
	return r;
}

static void tell_changes(const char *before, const struct agent *agent) {
	char *db = agent_plist_option(before, "--db");
	if (db && (!agent->db || strcmp(db, agent->db) != 0))
		log_warning("until now the agent served %s; --db keeps it there", db);
	free(db);
}

/* launchd refuses a property list that others may write. */
static bool is_ours_alone(const char *path) {
	struct stat st;
	return stat(path, &st) == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Writes the property list unless it is there already. */
static int write_plist(struct agent *agent, enum launchd_domain domain, struct err *err) {
	struct buf old = {0}, new = {0};
	char *plutil = NULL;
	const struct file_save_options *save = NULL;
	int there = agent_read_plist(agent, false, &old, NULL);
	int r = agent_plist(agent, domain, &new, err);
	if (r < 0)
		goto out;
	if (there == 1 && old.len == new.len && !memcmp(old.data, new.data, new.len) &&
		is_ours_alone(agent->plist_path)) {
		log_debug("%s stays as it is", agent->plist_path);
		goto out;
	}
	if (there == 1)
		tell_changes(buf_str(&old), agent);
	plutil = spawn_find("plutil");
	save = &(struct file_save_options){.mode = 0644, .check = lint, .user = plutil};
	r = file_save(agent->plist_path, new.data, new.len, save, err);
	if (r >= 0)
		log_debug("wrote %s", agent->plist_path);
out:
	free(plutil);
	buf_finish(&old);
	buf_finish(&new);
	return r;
}

/* ---- launchd ---- */

static int boot_out_everywhere(struct agent *agent, bool *ret_any, struct err *err) {
	bool any = false;
	for (int domain = 0; domain < LAUNCHD_DOMAIN_COUNT; domain++) {
		int r = launchd_boot_out(&agent->launchd, (enum launchd_domain)domain, err);
		if (r < 0)
			return r;
		any = any || r;
	}
	*ret_any = any;
	return 0;
}

static int enable(struct agent *agent, enum launchd_domain domain, struct err *err) {
	log_info("the agent was disabled (by 'launchctl disable' or an earlier 'unload -w'); "
		 "enabling it");
	return launchd_enable(&agent->launchd, domain, err);
}

static int load(struct agent *agent, enum launchd_domain domain, struct err *err) {
	struct err ignored = {0};
	int r = 0;
	int disabled = launchd_is_disabled(&agent->launchd, domain, &ignored);
	if (disabled < 0)
		log_debug("%s", ignored.text);
	if (disabled == 1)
		r = enable(agent, domain, err);
	if (r >= 0)
		r = launchd_bootstrap(&agent->launchd, domain, agent->plist_path, err);
	if (r != -EPERM || disabled == 1)
		return r;
	r = enable(agent, domain, err);
	return r < 0 ? r : launchd_bootstrap(&agent->launchd, domain, agent->plist_path, err);
}

struct expectation {
	const char *db_path;
	int64_t pid; /* of the last look */
};

static bool serves(int64_t pid, void *user) {
	struct expectation *expectation = user;
	pid_t holder = 0;
	expectation->pid = pid;
	return presence_find(expectation->db_path, &holder, NULL) == 1 &&
	       (!holder || holder == (pid_t)pid);
}

/* ---- install ---- */

static enum cli_status fail_at(const char *step, const struct err *err) {
	log_error("%s: %s", step, err->text);
	return CLI_FAILED;
}

/* After the property list is in its place. */
static enum cli_status fail_later(struct agent *agent, const char *step, const struct err *err) {
	fail_at(step, err);
	if (err->code == -EPERM)
		log_info("System Settings, General, Login Items may forbid agxtriage to run in the "
			 "background");
	log_info("%s stays: launchd reads it at the next login. 'agxtriage agent install' tries "
		 "again, 'agxtriage agent uninstall' removes it, and without launchd 'agxtriage "
		 "daemon' runs in a terminal",
		agent->plist_path);
	return CLI_FAILED;
}

static enum cli_status prepare(struct cli *cli, struct agent *agent) {
	struct err err = {0};
	const char *doubt = agent_program_doubt(agent->program, getenv("HOME"));
	if (doubt)
		log_warning("%s %s; better install the program first ('meson install' does)",
			agent->program, doubt);
	if (text_starts(agent->program, "/Volumes/"))
		log_warning("%s is on a volume that may not be there at login", agent->program);
	if (make_parent(agent->plist_path, &err) < 0 || make_parent(agent->log_path, &err) < 0)
		return fail_at("making folders", &err);
	enum cli_status status = agent_take_backlog(cli);
	if (status != CLI_DONE)
		return status;
	return write_plist(agent, LAUNCHD_GUI, &err) < 0 ? fail_at("writing the agent", &err)
							 : CLI_DONE;
}

/* A daemon that somebody started by hand would make launchd's end at once. */
static enum cli_status check_alone(struct agent *agent, const char *db_path) {
	pid_t holder = 0;
	struct err err = {0};
	int r = presence_find(db_path, &holder, &err);
	if (r == 1)
		err_set(&err, -EBUSY,
			"a daemon that launchd did not start serves %s already (process id %ld); "
			"end it first",
			db_path, (long)holder);
	return r ? fail_later(agent, "starting the agent", &err) : CLI_DONE;
}

static enum cli_status start(
	struct agent *agent, struct expectation *expectation, enum launchd_domain *ret_domain) {
	struct err err = {0}, kick = {0};
	enum launchd_domain domain = LAUNCHD_GUI;
	int r = load(agent, domain, &err);
	if (r == -EOPNOTSUPP) {
		log_debug("%s", err.text);
		log_info("nobody is logged in at the screen: the agent runs in the background "
			 "session");
		domain = LAUNCHD_USER;
		r = write_plist(agent, domain, &err);
		if (r >= 0)
			r = load(agent, domain, &err);
	}
	if (r < 0)
		return fail_later(agent, "loading the agent", &err);
	/* RunAtLoad has started it already, as a rule; whether it runs is what counts. */
	if (launchd_kickstart(&agent->launchd, domain, &kick) < 0)
		log_debug("%s", kick.text);
	if (launchd_wait_running(&agent->launchd, domain, serves, expectation, &err) < 0) {
		enum cli_status status = fail_later(agent, "starting the agent", &err);
		log_info("what the daemon said is in %s", agent->log_path);
		return status;
	}
	*ret_domain = domain;
	return CLI_DONE;
}

static void tell_installed(struct cli *cli, const struct agent *agent,
	const struct expectation *expectation, enum launchd_domain domain) {
	struct buf text = {0};
	char target[LAUNCHD_TARGET_BYTES];
	launchd_target(&agent->launchd, domain, true, target);
	buf_printf(&text,
		"installed: %s runs as process %lld\nplist     %s\nprogram   %s\n"
		"database  %s\nlog       %s\n",
		target, (long long)expectation->pid, agent->plist_path, agent->program,
		expectation->db_path, agent->log_path);
	agent_put(cli, &text);
	buf_finish(&text);
	log_info("'agxtriage agent status' tells whether it runs, 'agxtriage status' what it does");
}

enum cli_status agent_install(struct cli *cli, struct agent *agent) {
	struct err err = {0};
	enum launchd_domain domain;
	bool any;
	char *db_path = agent_db_path(agent);
	struct expectation expectation = {.db_path = db_path};
	enum cli_status status = db_path ? prepare(cli, agent) : CLI_FAILED;
	if (status == CLI_DONE && boot_out_everywhere(agent, &any, &err) < 0)
		status = fail_later(agent, "ending the agent that ran before", &err);
	if (status == CLI_DONE)
		status = check_alone(agent, db_path);
	if (status == CLI_DONE)
		status = start(agent, &expectation, &domain);
	if (status == CLI_DONE)
		tell_installed(cli, agent, &expectation, domain);
	free(db_path);
	return status;
}

/* ---- uninstall ---- */

enum cli_status agent_uninstall(struct cli *cli, struct agent *agent) {
	struct err err = {0};
	struct buf plist = {0}, text = {0};
	bool ended = false;
	int there = agent_read_plist(agent, true, &plist, NULL);
	if (boot_out_everywhere(agent, &ended, &err) < 0) {
		buf_finish(&plist);
		return fail_at("ending the agent", &err);
	}
	bool removed = unlink(agent->plist_path) == 0;
	if (!removed && errno != ENOENT) {
		err_set(&err, -errno, "%s: %s", agent->plist_path, strerror(errno));
		buf_finish(&plist);
		return fail_at("removing the agent", &err);
	}
	char *db_path = agent_db_path(agent);
	if (ended || removed || there)
		buf_printf(&text, "%s%s\n", ended ? "ended the agent" : "the agent was not loaded",
			removed ? "; its property list is removed" : "");
	else
		buf_add_str(&text, "no agent is installed\n");
	if (db_path && !access(db_path, F_OK))
		buf_printf(&text, "kept: %s\n", db_path);
	if (!access(agent->log_path, F_OK))
		buf_printf(&text, "kept: %s\n", agent->log_path);
	agent_put(cli, &text);
	free(db_path);
	buf_finish(&plist);
	buf_finish(&text);
	return CLI_DONE;
}
