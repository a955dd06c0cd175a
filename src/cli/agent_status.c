/* agent status: the property list, launchd and the lock, side by side. */
#include "base/log.h"
#include "cli/agent.h"
#include "collect/presence.h"
#include "export/json_out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct findings {
	bool installed, current; /* the property list: is there, is what install would write */
	bool loaded, disabled;
	enum launchd_domain domain; /* where it is loaded */
	char target[LAUNCHD_TARGET_BYTES];
	struct launchd_job job;
	char *db_path; /* owned */
	bool served;
	pid_t holder;  /* 0: unknown */
	bool running;  /* all of it: loaded, running, serving */
	bool doubtful; /* something could not be found out; it was logged */
};

static void look_at_plist(struct agent *agent, struct findings *ret) {
	struct err err = {0};
	struct buf there = {0};
	int r = agent_read_plist(agent, true, &there, &err);
	if (r < 0) {
		log_warning("%s", err.text);
		ret->doubtful = true;
	}
	ret->installed = r != 0;
	for (int domain = 0; r == 1 && domain < LAUNCHD_DOMAIN_COUNT; domain++) {
		struct buf wanted = {0};
		if (agent_plist(agent, (enum launchd_domain)domain, &wanted, NULL) >= 0)
			ret->current = ret->current ||
				       (wanted.len == there.len &&
					       !memcmp(wanted.data, there.data, there.len));
		buf_finish(&wanted);
	}
	buf_finish(&there);
}

static void look_at_launchd(const struct agent *agent, struct findings *ret) {
	for (int domain = 0; domain < LAUNCHD_DOMAIN_COUNT && !ret->loaded; domain++) {
		struct err err = {0};
		int r = launchd_find(&agent->launchd, (enum launchd_domain)domain, &ret->job, &err);
		if (r < 0) {
			log_warning("%s", err.text);
			ret->doubtful = true;
		}
		ret->loaded = r == 1;
		ret->domain = (enum launchd_domain)domain;
	}
	for (int domain = 0; domain < LAUNCHD_DOMAIN_COUNT && !ret->loaded; domain++)
		ret->disabled = ret->disabled || launchd_is_disabled(&agent->launchd,
							 (enum launchd_domain)domain, NULL) == 1;
	launchd_target(&agent->launchd, ret->loaded ? ret->domain : LAUNCHD_GUI, true, ret->target);
}

static void look_at_lock(const struct agent *agent, struct findings *ret) {
	struct err err = {0};
	ret->db_path = agent_db_path(agent);
	int r = ret->db_path ? presence_find(ret->db_path, &ret->holder, &err) : 0;
	if (r < 0) {
		log_warning("%s", err.text);
		ret->doubtful = true;
	}
	ret->served = r == 1;
	ret->running =
		ret->loaded && ret->job.running && ret->served &&
		(!ret->holder || !ret->job.pid.set || (int64_t)ret->holder == ret->job.pid.value);
}

static void print_json(struct cli *cli, const struct agent *agent, const struct findings *found) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_bool(&out, "installed", found->installed);
	json_out_bool(&out, "current", found->current);
	json_out_bool(&out, "loaded", found->loaded);
	json_out_bool(&out, "disabled", found->disabled);
	json_out_bool(&out, "running", found->running);
	json_out_text(&out, "service", found->target);
	json_out_text(&out, "state", found->job.state[0] ? found->job.state : NULL);
	json_out_i64_opt(&out, "pid", found->job.pid);
	json_out_i64_opt(&out, "runs", found->job.runs);
	json_out_i64_opt(&out, "last_exit_status", found->job.last_exit);
	json_out_text(
		&out, "last_signal", found->job.last_signal[0] ? found->job.last_signal : NULL);
	json_out_i64_opt(&out, "daemon_pid",
		(struct i64_opt){.set = found->served && found->holder, .value = found->holder});
	json_out_text(&out, "plist", agent->plist_path);
	json_out_text(&out, "database", found->db_path);
	json_out_text(&out, "log", agent->log_path);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

static void describe_job(const struct findings *found, struct buf *text) {
	if (!found->loaded) {
		buf_printf(text, "not loaded%s", found->disabled ? ", and disabled" : "");
		return;
	}
	buf_printf(text, "%s", found->job.state[0] ? found->job.state : "loaded");
	if (found->job.pid.set)
		buf_printf(text, ", process %lld", (long long)found->job.pid.value);
	if (found->job.runs.set)
		buf_printf(text, ", started %lld time%s", (long long)found->job.runs.value,
			found->job.runs.value == 1 ? "" : "s");
	if (found->job.last_exit.set)
		buf_printf(text, ", ended last with status %lld",
			(long long)found->job.last_exit.value);
	if (found->job.last_signal[0])
		buf_printf(text, ", ended last by signal %s", found->job.last_signal);
}

static void print_text(struct cli *cli, const struct agent *agent, const struct findings *found) {
	struct buf text = {0};
	buf_printf(&text, "agent     %s\n",
		found->running     ? "runs"
		: found->installed ? "installed, but does not run"
				   : "not installed");
	buf_printf(&text, "launchd   %s: ", found->target);
	describe_job(found, &text);
	buf_add_char(&text, '\n');
	if (found->installed)
		buf_printf(&text, "plist     %s%s\n", agent->plist_path,
			found->current ? ""
				       : " (not what this version writes: run 'agxtriage agent "
					 "install' again)");
	if (found->db_path)
		buf_printf(&text, "database  %s: ", found->db_path);
	if (found->served && found->holder)
		buf_printf(&text, "served by process %ld\n", (long)found->holder);
	else if (found->db_path)
		buf_add_str(&text, found->served ? "served\n" : "no daemon serves it\n");
	buf_printf(&text, "log       %s\n", agent->log_path);
	agent_put(cli, &text);
	buf_finish(&text);
}

enum cli_status agent_status(struct cli *cli, struct agent *agent, bool json) {
	struct findings found = {0};
	look_at_plist(agent, &found);
	look_at_launchd(agent, &found);
	look_at_lock(agent, &found);
	if (json)
		print_json(cli, agent, &found);
	else
		print_text(cli, agent, &found);
	if (!found.installed && !found.loaded && !json)
		log_info("'agxtriage agent install' installs it");
	free(found.db_path);
	if (found.running)
		return CLI_DONE;
	return found.installed || found.loaded || found.doubtful ? CLI_FAILED : CLI_NOTHING;
}
