/* daemon: the collector in the foreground, for launchd, systemd and people. */
#include "collect/daemon.h"

#include "base/log_file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/helper.h"
#include "export/json_view.h"
#include "export/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct session {
	struct cli *cli;
	const struct daemon_options *options;
	int count;
	char **operands;
	uint64_t added;
};

/* ---- configuration and rules ---- */

static void unload(struct daemon_inputs *inputs, void *user) {
	if (!inputs)
		return;
	config_finish(&inputs->config);
	rules_free(inputs->rules);
	free(inputs);
}

/* At the start a bad rule file is left out with a warning; later it keeps what is in force. */
static int load_into(
	const struct session *session, bool again, struct daemon_inputs *inputs, struct err *err) {
	int code = config_init(&inputs->config, err);
	if (!code)
		code = config_load(&inputs->config, session->cli->globals.config, err);
	if (!code)
		code = daemon_options_apply(
			session->options, session->count, session->operands, &inputs->config, err);
	if (!code)
		code = cli_load_rules(session->cli, again, &inputs->rules, err);
	return code;
}

static struct daemon_inputs *load(bool again, void *user, struct err *err) {
	struct daemon_inputs *inputs = calloc(1, sizeof *inputs);
	if (!inputs) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (!load_into(user, again, inputs, err))
		return inputs;
	unload(inputs, user);
	return NULL;
}

/* ---- what is told ---- */

static void say(enum log_level level, const char *text, void *user) {
	switch (level) {
	case LOG_ERROR:
		log_error("%s", text);
		break;
	case LOG_WARNING:
		log_warning("%s", text);
		break;
	case LOG_DEBUG:
		log_debug("%s", text);
		break;
	case LOG_INFO:
	default:
		log_info("%s", text);
		break;
	}
}

static void on_added(struct store *store, int64_t id, void *user) {
	struct session *session = user;
	struct incident incident;
	struct err err;
	char word[32], pid[32] = "", fault[32] = "";
	session->added++;
	snprintf(word, sizeof word, "%" PRId64, id);
	if (store_find(store, word, &incident, &err))
		return;
	if (incident.pid.set)
		snprintf(pid, sizeof pid, " [%" PRId64 "]", incident.pid.value);
	if (incident.fault_address.set)
		snprintf(fault, sizeof fault, " 0x%" PRIx64, incident.fault_address.value);
	log_info("%" PRId64 ": %s%s %s%s: %s%s%s%s", id, incident.simulated ? "[simulated] " : "",
		report_kind_names[incident.kind], incident.process ? incident.process : "", pid,
		incident.site        ? incident.site
		: incident.signature ? incident.signature
				     : "no signature",
		fault, incident.operation ? " in " : "",
		incident.operation ? incident.operation : "");
}

static int describe(struct store *store, const struct rules *rules, int64_t id, struct buf *ret,
	struct err *err) {
	struct incident incident;
	struct loaded loaded = {0};
	struct surroundings around = {0};
	char word[32];
	snprintf(word, sizeof word, "%" PRId64, id);
	int code = store_find(store, word, &incident, err);
	if (code)
		return code;
	code = surroundings_load(store, &incident, &around, err);
	if (!code)
		code = loaded_open(store, rules, &incident, &loaded, err);
	if (!code)
		code = json_view_print_stored(
			ret, loaded.report, &loaded.triage, &incident, &around, err);
	if (!code)
		buf_add_char(ret, '\n');
	loaded_finish(&loaded);
	surroundings_finish(&around);
	return code;
}

static void on_tick(void *user) {
	log_file_check();
}

/* ---- the command ---- */

/* So that a hook or forwarder that calls agxtriage means the same database. */
static void pass_on(const char *db_path) {
	char *real = realpath(db_path, NULL);
	setenv("AGXTRIAGE_DB", real ? real : db_path, 1);
	free(real);
}

/* This program again, of the same database, less important than everything else. */
#define SYMBOLICATE_WORDS 12

static void make_symbolicate(
	const struct cli *cli, const char *self, const char *ret[SYMBOLICATE_WORDS]) {
	size_t count = 0;
	ret[count++] = "nice";
	ret[count++] = "-n";
	ret[count++] = "10";
	ret[count++] = self;
	ret[count++] = "--quiet";
	if (cli->globals.config) {
		ret[count++] = "--config";
		ret[count++] = cli->globals.config;
	}
	ret[count++] = "show";
	ret[count++] = "--symbolicate";
	ret[count++] = "--json";
	ret[count] = NULL;
}

static enum cli_status serve(struct session *session) {
	struct cli *cli = session->cli;
	struct err err;
	char *self = NULL;
	const char *symbolicate[SYMBOLICATE_WORDS];
	const char *db_path = cli_db_path(cli);
	if (!db_path)
		return CLI_FAILED;
	if (helper_find("agxtriage", &self, &err) == 0)
		make_symbolicate(cli, self, symbolicate);
	const struct daemon_setup setup = {
		.db_path = db_path,
		.symbolicate = self ? symbolicate : NULL,
		.patient = session->options->agent,
		.load = load,
		.unload = unload,
		.describe = describe,
		.say = say,
		.on_added = on_added,
		.on_tick = on_tick,
		.user = session,
	};
	pass_on(db_path);
	log_never_wait(true);
	log_info("agxtriage " AGXTRIAGE_VERSION " [%ld] collects into %s", (long)getpid(), db_path);
	int code = daemon_run(&setup, &err);
	free(self);
	if (code == -EAGAIN && session->options->agent) {
		/* launchd starts again what fails; there is nothing to be done here. */
		log_info("%s", err.text);
		return CLI_DONE;
	}
	if (code == -EIO)
		log_error("%s; 'agxtriage doctor' repairs what can be repaired", err.text);
	if (code)
		return code == -EIO ? CLI_FAILED : cli_fail(&err);
	log_info("ended; %" PRIu64 " new since its start", session->added);
	return CLI_DONE;
}

/* NULL, or the first that is there and is no folder. */
static const char *find_no_folder(char **operands) {
	struct stat st;
	for (; *operands; operands++)
		if (stat(*operands, &st) == 0 && !S_ISDIR(st.st_mode))
			return *operands;
	return NULL;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct daemon_options *options = values;
	struct session session = {
		.cli = cli, .options = options, .count = count, .operands = operands};
	struct err err;
	int code = daemon_options_apply(options, count, operands, &cli->config, &err);
	if (code == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	if (code)
		return cli_fail(&err);
	if (options->check)
		return daemon_check(cli, options->json);
	if (options->json)
		return cli_usage(cli, "--json goes with --check");
	const char *no_folder = find_no_folder(operands);
	if (no_folder)
		return cli_usage(cli, "%s is no folder; 'agxtriage scan' takes files", no_folder);
	if (options->log && log_file_open(options->log, LOG_FILE_BYTES, &err))
		return cli_fail(&err);
	return serve(&session);
}

const struct command daemon_command = {
	.name = "daemon",
	.operands = "[PATH...]",
	.summary = "take in reports as they appear, for ever",
	.details =
		"Stays in the foreground; launchd ('agxtriage agent install') or systemd starts\n"
		"it. PATHs are folders and replace the watched ones; each is taken with its\n"
		"Retired/. A folder that is not there yet is waited for. One daemon serves a\n"
		"database; a second one says who does, and ends.\n"
		"\n"
		"SIGTERM and SIGINT end it after what is being read is stored; SIGHUP reads the\n"
		"configuration and the rules again. Every key of the configuration is an option\n"
		"here; --check prints what is in force and where each value came from.",
	.options = daemon_option_rows,
	.options_bytes = sizeof(struct daemon_options),
	.operands_max = -1,
	.needs = NEED_CONFIG,
	.run = run,
};
