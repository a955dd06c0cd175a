/* agxtriage rules: what the rule set holds, whether a file of rules is right, and what a report
 * matches. */
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "export/json_out.h"
#include "export/table.h"
#include "ips/document.h"
#include "triage/triage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct rules_options {
	bool json, no_pager;
};

/* ---- list ---- */

enum { RULE_SITE, RULE_PRIORITY, RULE_OFFSETS, RULE_SOURCE, RULE_TITLE, RULE_SUMMARY, RULE_COUNT };

static const struct table_column columns[RULE_COUNT] = {
	[RULE_SITE] = {.title = "SITE", .min = 35},
	[RULE_PRIORITY] = {.title = "PRIORITY", .right = true, .priority = 3},
	[RULE_OFFSETS] = {.title = "OFFSETS", .min = 8, .priority = 2},
	[RULE_SOURCE] = {.title = "FROM", .min = 8, .priority = 1},
	[RULE_TITLE] = {.title = "TITLE", .min = 28, .priority = 1},
	[RULE_SUMMARY] = {.title = "MATCHES", .min = 48, .priority = 4},
};

struct rule_row {
	char priority[16];
	struct buf offsets; /* kept between rows */
	struct table_cell cells[RULE_COUNT];
};

static void fill(struct rule_row *row, const struct rule_info *info) {
	snprintf(row->priority, sizeof row->priority, "%d", info->priority);
	buf_reset(&row->offsets);
	for (size_t i = 0; i < info->offset_count; i++)
		buf_printf(&row->offsets, "%s0x%" PRIx64, i ? " " : "", info->offsets[i]);
	row->cells[RULE_SITE] = (struct table_cell){info->site, TERM_SITE};
	row->cells[RULE_PRIORITY] = (struct table_cell){row->priority, TERM_PLAIN};
	row->cells[RULE_OFFSETS] = (struct table_cell){buf_str(&row->offsets), TERM_PLAIN};
	row->cells[RULE_SOURCE] = (struct table_cell){info->source, TERM_DIM};
	row->cells[RULE_TITLE] = (struct table_cell){info->title, TERM_PLAIN};
	row->cells[RULE_SUMMARY] = (struct table_cell){info->summary, TERM_PLAIN};
}

static void list_table(struct cli *cli) {
	struct rule_row row = {0};
	struct rule_info info;
	struct table table;
	size_t count = rules_count(cli->rules);
	table_init(&table, columns, RULE_COUNT, &cli->out);
	for (size_t i = 0; i < count; i++) {
		rules_info(cli->rules, i, &info);
		fill(&row, &info);
		table_measure(&table, row.cells);
	}
	table_begin(&table, true);
	for (size_t i = 0; i < count && !cli->out.error; i++) {
		rules_info(cli->rules, i, &info);
		fill(&row, &info);
		table_row(&table, row.cells);
	}
	table_finish(&table);
	buf_finish(&row.offsets);
}

static void list_json(struct cli *cli) {
	struct buf line = {0};
	size_t count = rules_count(cli->rules);
	for (size_t i = 0; i < count && !cli->out.error; i++) {
		struct rule_info info;
		struct json_out out;
		rules_info(cli->rules, i, &info);
		json_out_init(&out, &line);
		json_out_object(&out, NULL);
		json_out_text(&out, "site", info.site);
		json_out_text(&out, "title", info.title);
		json_out_text(&out, "source", info.source);
		json_out_i64(&out, "priority", info.priority);
		json_out_text(&out, "attribution", info.attribution);
		json_out_text(&out, "url", info.url);
		json_out_text(&out, "summary", info.summary);
		json_out_array(&out, "offsets");
		for (size_t j = 0; j < info.offset_count; j++)
			json_out_hex(&out, NULL, info.offsets[j]);
		json_out_array_end(&out);
		json_out_object_end(&out);
		buf_add_char(&line, '\n');
		term_put_buf(&cli->out, &line);
	}
	buf_finish(&line);
}

static enum cli_status list(struct cli *cli, const struct rules_options *options) {
	if (cli_provide_rules(cli, NULL) != CLI_DONE)
		return CLI_FAILED;
	cli_page(cli, options->no_pager);
	if (options->json)
		list_json(cli);
	else
		list_table(cli);
	log_debug("version of this rule set: %s", rules_version(cli->rules));
	return CLI_DONE;
}

/* ---- check FILE, test REPORT ---- */

/* path "-" is stdin. */
static int read_named(const char *path, size_t limit, struct buf *ret, struct err *err) {
	if (!strcmp(path, "-"))
		return file_read_fd(STDIN_FILENO, "stdin", limit, ret, err);
	return file_read(AT_FDCWD, path, FILE_FOLLOW, limit, ret, NULL, err);
}

static void put_clean(struct cli *cli, const struct buf *text) {
	struct buf clean = {0};
	text_terminal(&clean, buf_str(text), text->len, TEXT_LINES);
	clean.failed = clean.failed || text->failed;
	term_put_buf(&cli->out, &clean);
	buf_finish(&clean);
}

static const char *base_name(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static enum cli_status check(struct cli *cli, const char *path) {
	struct buf json = {0}, findings = {0};
	struct err err = {0};
	if (cli_provide_rules(cli, path) != CLI_DONE)
		return CLI_FAILED;
	enum cli_status status = CLI_FAILED;
	if (read_named(path, LIMIT_RULES_BYTES, &json, &err) < 0) {
		cli_fail(&err);
	} else {
		int r = rules_check(
			cli->rules, base_name(path), buf_str(&json), json.len, &findings);
		put_clean(cli, &findings);
		status = r < 0 ? CLI_FAILED : CLI_DONE;
	}
	buf_finish(&json);
	buf_finish(&findings);
	return status;
}

static void test_json(struct buf *line, const struct report *report, const struct triage *triage,
	const char *steps) {
	struct json_out out;
	json_out_init(&out, line);
	json_out_object(&out, NULL);
	json_out_text(&out, "incident_id", report->incident_id);
	json_out_text(&out, "site", triage->site);
	json_out_text(&out, "site_title", triage->site_title);
	json_out_text(&out, "rule", triage->rule);
	json_out_bool(&out, "offset_unknown", triage->offset_unknown);
	json_out_text(&out, "explanation", steps);
	json_out_object_end(&out);
	buf_add_char(line, '\n');
}

static void test_text(struct buf *text, const struct report *report, const struct triage *triage,
	const char *steps) {
	if (report->process.name)
		buf_printf(text, "%s", report->process.name);
	if (report->process.pid.set)
		buf_printf(text, "[%" PRId64 "]", report->process.pid.value);
	if (report->incident_id)
		buf_printf(text, " %s", report->incident_id);
	buf_add_char(text, '\n');
	if (triage->site)
		buf_printf(text, "site %s (%s)\nrule %s\n", triage->site,
			triage->site_title ? triage->site_title : "no title",
			triage->rule ? triage->rule : "");
	else
		buf_add_str(text, "no rule matches\n");
	buf_add_str(text, steps);
}

/* *matched is raised when a rule matched. */
static int test_report(struct cli *cli, const struct rules_options *options,
	const struct report *report, bool *matched) {
	struct arena arena;
	struct triage triage;
	struct buf steps = {0}, text = {0};
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	int r = triage_run(&triage, report, cli->rules, &arena, &steps);
	if (r >= 0) {
		*matched = *matched || triage.site;
		if (options->json) {
			test_json(&text, report, &triage, buf_str(&steps));
			term_put_buf(&cli->out, &text);
		} else {
			test_text(&text, report, &triage, buf_str(&steps));
			put_clean(cli, &text);
		}
	}
	buf_finish(&steps);
	buf_finish(&text);
	arena_finish(&arena);
	return r;
}

static enum cli_status test(
	struct cli *cli, const struct rules_options *options, const char *path) {
	struct buf bytes = {0};
	struct document document = {0};
	struct err err = {0};
	bool matched = false;
	if (cli_provide_rules(cli, NULL) != CLI_DONE)
		return CLI_FAILED;
	int r = read_named(path, LIMIT_REPORT_BYTES, &bytes, &err);
	if (r >= 0) {
		r = document_parse(buf_str(&bytes), bytes.len, &document, &err);
		if (r < 0)
			err_prefix(&err, "%s", path);
	}
	if (r >= 0)
		cli_page(cli, options->no_pager);
	for (size_t i = 0; i < document.count && r >= 0; i++) {
		r = test_report(cli, options, document.reports[i], &matched);
		if (r < 0)
			err_set(&err, r, "out of memory");
	}
	document_finish(&document);
	buf_finish(&bytes);
	if (r < 0)
		return cli_fail(&err);
	return matched ? CLI_DONE : CLI_NOTHING;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct rules_options *options = values;
	static const char *const verbs[] = {"list", "check", "test"};
	const char *verb = operands[0];
	if (!strcmp(verb, "list") && count == 1)
		return list(cli, options);
	if (!strcmp(verb, "check") && count == 2 && options->json)
		return cli_usage(cli, "check has no --json");
	if (!strcmp(verb, "check") && count == 2)
		return check(cli, operands[1]);
	if (!strcmp(verb, "test") && count == 2)
		return test(cli, options, operands[1]);
	const char *meant = text_suggest(verb, verbs, sizeof verbs / sizeof *verbs);
	if (meant && strcmp(meant, verb) != 0)
		return cli_usage(cli, "no '%s'; did you mean '%s'?", verb, meant);
	return cli_usage(cli, "takes list, check FILE or test REPORT");
}

static const struct option_row option_rows[] = {
	CLI_OPTION_JSON(struct rules_options),
	CLI_OPTION_NO_PAGER(struct rules_options),
	{0},
};

const struct command rules_command = {
	.name = "rules",
	.operands = "list | check FILE | test REPORT",
	.summary = "list or check the rules of sites, or test a report",
	.details =
		"list shows the built-in rules and your own, in the order they are tried.\n"
		"check says what is wrong with FILE and how its rules stand against the others;\n"
		"the exit status is 1 when it could not be loaded.\n"
		"test explains, step by step, what a report (a file, or - for stdin) matches.\n"
		"\n"
		"Your own rules are the *.json files of rules.d in the configuration folder.",
	.options = option_rows,
	.options_bytes = sizeof(struct rules_options),
	.operands_min = 1,
	.operands_max = 2,
	.run = run,
};
