/* agxtriage status: whether the daemon runs and is well, for people and for monitoring. */
#include "cli/status_facts.h"

#include "base/clock.h"
#include "base/log.h"
#include "cli/agent.h"
#include "cli/commands.h"
#include "export/json_out.h"
#include "export/text_out.h"

#include <inttypes.h>
#include <stdlib.h>

struct status_options {
	bool json;
};

/* ---- --json ---- */

static void print_json(struct cli *cli, const struct status_facts *facts) {
	struct buf line = {0};
	struct json_out out;
	const struct store_counts *counts = &facts->counts;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_bool(&out, "running", facts->running);
	json_out_i64_opt(&out, "pid", facts->pid);
	json_out_time_opt(&out, "since", facts->since_us);
	json_out_array(&out, "folders");
	for (size_t i = 0; i < facts->folder_count; i++) {
		json_out_object(&out, NULL);
		json_out_text(&out, "path", facts->folders[i].path);
		json_out_text(&out, "state", facts->folders[i].state);
		json_out_object_end(&out);
	}
	json_out_array_end(&out);
	json_out_i64_opt(&out, "stored", (struct i64_opt){counts->stored, facts->has_counts});
	json_out_i64_opt(&out, "simulated", (struct i64_opt){counts->simulated, facts->has_counts});
	json_out_i64_opt(&out, "known", (struct i64_opt){counts->known, facts->has_counts});
	json_out_i64_opt(&out, "rejected", (struct i64_opt){counts->rejected, facts->has_counts});
	json_out_i64_opt(&out, "regressed",
		(struct i64_opt){
			facts->regressed_sites + facts->regressed_signatures, facts->has_counts});
	json_out_i64(&out, "queue", facts->queue);
	json_out_time_opt(&out, "last_event_at", facts->last_event_at_us);
	json_out_time_opt(&out, "last_scan_at", facts->last_scan_at_us);
	json_out_text(&out, "last_error", facts->last_error);
	json_out_time_opt(&out, "last_error_at", facts->last_error_at_us);
	json_out_i64_opt(&out, "database_bytes", facts->database_bytes);
	json_out_text(&out, "database", facts->db_path);
	json_out_text(&out, "trouble", facts->trouble.len ? buf_str(&facts->trouble) : NULL);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

/* ---- for people ---- */

static void add_time(struct buf *text, int64_t us) {
	char when[CLOCK_TEXT_BYTES];
	clock_format_local(us, when);
	buf_add_str(text, when);
}

static void add_span(struct buf *text, int64_t us) {
	int64_t s = us / 1000000;
	if (s < 60)
		buf_printf(text, "%" PRId64 " s", s);
	else if (s < 3600)
		buf_printf(text, "%" PRId64 " min", s / 60);
	else if (s < 86400)
		buf_printf(text, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		buf_printf(text, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
}

static void add_bytes(struct buf *text, int64_t bytes) {
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)bytes / 1000;
	size_t unit = 0;
	while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
		value /= 1000;
		unit++;
	}
	buf_printf(text, bytes < 1000 ? "%.0f bytes" : "%.1f %s",
		bytes < 1000 ? value * 1000 : value, units[unit]);
}

/* Puts text as the field's value and empties it. */
static void field(struct text_out *out, const char *label, struct buf *text) {
	text_out_field(out, TERM_PLAIN, label, buf_str(text));
	buf_reset(text);
}

static void show_running(struct text_out *out, const struct status_facts *facts, struct buf *text) {
	if (!facts->running) {
		text_out_field(out, TERM_BAD, "Daemon", "not running");
		return;
	}
	buf_add_str(text, "running");
	if (facts->since_us.set) {
		buf_add_str(text, " since ");
		add_time(text, facts->since_us.value);
		buf_add_str(text, ", ");
		add_span(text, clock_now_us() - facts->since_us.value);
	}
	if (facts->pid.set)
		buf_printf(text, ", process %" PRId64, facts->pid.value);
	text_out_field(out, TERM_GOOD, "Daemon", buf_str(text));
	buf_reset(text);
}

static void show_folders(struct text_out *out, const struct status_facts *facts, struct buf *text) {
	for (size_t i = 0; i < facts->folder_count; i++) {
		buf_printf(text, "%s: %s", facts->folders[i].path, facts->folders[i].state);
		field(out, i ? "" : "Folders", text);
	}
}

static void show_time(
	struct text_out *out, const char *label, struct i64_opt when, struct buf *text) {
	if (when.set)
		add_time(text, when.value);
	else
		buf_add_str(text, "none");
	field(out, label, text);
}

/* The command that shows them stands beside them. */
static void show_regressed(
	struct text_out *out, const struct status_facts *facts, struct buf *text) {
	int64_t sites = facts->regressed_sites, signatures = facts->regressed_signatures;
	if (sites)
		buf_printf(text, "%" PRId64 " site%s", sites, sites == 1 ? "" : "s");
	if (signatures)
		buf_printf(text, "%s%" PRId64 " signature%s", sites ? ", " : "", signatures,
			signatures == 1 ? "" : "s");
	if (text->len)
		buf_add_str(text, ": 'agxtriage list status=regressed' shows them");
	text_out_field(out, TERM_BAD, "Regressed", buf_str(text));
	buf_reset(text);
}

static void show_counts(struct text_out *out, const struct status_facts *facts, struct buf *text) {
	const struct store_counts *counts = &facts->counts;
	if (!facts->has_counts)
		return;
	buf_printf(text, "%" PRId64 " incident%s", counts->stored, counts->stored == 1 ? "" : "s");
	if (counts->simulated)
		buf_printf(text, ", %" PRId64 " of them simulated", counts->simulated);
	field(out, "Stored", text);
	show_regressed(out, facts, text);
	buf_printf(text, "%" PRId64 " other file%s of these incidents", counts->known,
		counts->known == 1 ? "" : "s");
	field(out, "Known", text);
	buf_printf(text, "%" PRId64 " file%s", counts->rejected, counts->rejected == 1 ? "" : "s");
	field(out, "Rejected", text);
	for (size_t i = 0; i < facts->rejection_count; i++) {
		buf_printf(text, "%s: %s", facts->rejections[i].path, facts->rejections[i].reason);
		field(out, "", text);
	}
	if (facts->running) {
		buf_printf(text, "%" PRId64, facts->queue);
		field(out, "Queue", text);
	}
}

static void show_database(
	struct text_out *out, const struct status_facts *facts, struct buf *text) {
	text_out_field_whole(out, "Database", facts->db_path);
	if (!facts->database_bytes.set)
		return;
	add_bytes(text, facts->database_bytes.value);
	field(out, "", text);
}

/* Only where there is launchd. */
static void show_agent(struct cli *cli, struct text_out *out, struct buf *text) {
	struct agent agent = {0};
	struct err err = {0};
	struct buf plist = {0};
	if (agent_init(cli, &agent, &err) == 0) {
		int there = agent_read_plist(&agent, false, &plist, &err);
		if (there > 0)
			buf_printf(text, "installed: %s", agent.plist_path);
		else
			buf_add_str(text, there < 0 ? err.text : "not installed");
		field(out, "Agent", text);
	}
	agent_finish(&agent);
	buf_finish(&plist);
}

static void print_text(struct cli *cli, const struct status_facts *facts) {
	struct buf answer = {0}, text = {0};
	struct text_out out = {.buf = &answer, .term = &cli->out};
	show_running(&out, facts, &text);
	show_folders(&out, facts, &text);
	show_time(&out, "Last event", facts->last_event_at_us, &text);
	show_time(&out, "Last scan", facts->last_scan_at_us, &text);
	show_counts(&out, facts, &text);
	show_database(&out, facts, &text);
	show_agent(cli, &out, &text);
	if (facts->last_error) {
		if (facts->last_error_at_us.set) {
			add_time(&text, facts->last_error_at_us.value);
			buf_add_str(&text, ": ");
		}
		buf_add_str(&text, facts->last_error);
		field(&out, "Last error", &text);
	}
	answer.failed = answer.failed || text.failed;
	term_put_buf(&cli->out, &answer);
	buf_finish(&answer);
	buf_finish(&text);
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct status_options *options = values;
	struct status_facts facts;
	enum cli_status status = status_facts_collect(cli, &facts);
	if (status != CLI_DONE)
		return status;
	if (options->json)
		print_json(cli, &facts);
	else
		print_text(cli, &facts);
	term_flush(&cli->out);
	if (facts.trouble.len) {
		log_error("%s", buf_str(&facts.trouble));
		status = CLI_FAILED;
	}
	status_facts_finish(&facts);
	return status;
}

static const struct option_row option_rows[] = {
	{.name = "json",
		.help = "as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct status_options, json)},
	{0},
};

const struct command status_command = {
	.name = "status",
	.summary = "whether the daemon runs and is well",
	.details =
		"Reads only, and needs no database. For monitoring: the exit status is 0 when a\n"
		"daemon runs and neither its folders nor the database are in trouble, else 1,\n"
		"with one line on stderr that says why.",
	.options = option_rows,
	.options_bytes = sizeof(struct status_options),
	.run = run,
};
