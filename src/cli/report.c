/* agxtriage report: the analysis of what is stored, as Markdown, JSON or one HTML page. */
#include "base/log.h"
#include "cli/commands.h"
#include "cli/export.h"
#include "export/analysis.h"
#include "export/bundle_file.h"
#include "export/load.h"
#include "export/page.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Who writes a page for others to read does not mean to hide it. */
#define PAGE_MODE 0644

struct report_options {
	const char *html;
	struct i64_opt since, until;
	bool json, redact, no_experiments, no_pager;
};

struct reporting {
	struct cli *cli;
	const struct report_options *options;
	struct store_filter filter;
	struct redactor *redactor; /* NULL: nothing is redacted */
	struct analysis analysis;
	struct buf text; /* the answer */
};

/* ---- private names ---- */

/* A report that cannot be read now is not shown either. */
static int learn_one(struct reporting *reporting, const struct incident *row, struct err *err) {
	struct loaded loaded = {0};
	struct buf text = {0};
	struct err unread = {0};
	size_t ordinal = row->ordinal;
	int r = loaded_open(reporting->cli->store, reporting->cli->rules, row, &loaded, &unread);
	if (r == 0 && !loaded.raw_gone)
		r = document_text(buf_str(&loaded.raw), loaded.raw.len, ordinal, &text, &unread);
	if (r == 0)
		r = redactor_learn(
			reporting->redactor, loaded.report, buf_str(&text), text.len, err);
	else
		r = r == -ENOMEM ? err_set(err, r, "%s", unread.text) : 0;
	buf_finish(&text);
	loaded_finish(&loaded);
	return r;
}

/* What one report gives away may stand in the texts of another. */
static int learn(struct reporting *reporting, struct err *err) {
	const struct option_list none = {0};
	struct store_cursor *cursor = NULL;
	struct incident row;
	int r = redactor_new(&reporting->redactor, err);
	if (r == 0)
		r = export_know(reporting->redactor, &none, err);
	if (r == 0)
		r = store_list(reporting->cli->store, &reporting->filter, &cursor, err);
	while (r >= 0) {
		r = store_cursor_next(cursor, &row, err);
		if (r <= 0)
			break;
		r = learn_one(reporting, &row, err);
	}
	store_cursor_close(cursor);
	return r;
}

/* ---- the page ---- */

static int keep_piece(const char *bytes, size_t len, void *user) {
	struct buf *text = user;
	buf_add(text, bytes, len);
	return text->failed ? -ENOMEM : 0;
}

static int send_piece(const char *bytes, size_t len, void *user) {
	struct cli *cli = user;
	term_put(&cli->out, bytes, len);
	return cli->out.error ? -EPIPE : 0;
}

static int write_page(struct reporting *reporting, struct err *err) {
	const struct page_options page = {
		.store = reporting->cli->store, .rules = reporting->cli->rules};
	const char *path = reporting->options->html;
	if (!strcmp(path, "-"))
		return page_write(&reporting->analysis, &page, send_piece, reporting->cli, err);
	int r = page_write(&reporting->analysis, &page, keep_piece, &reporting->text, err);
	return r < 0 ? r
		     : bundle_file_write(path, PAGE_MODE, buf_str(&reporting->text),
			       reporting->text.len, err);
}

/* ---- the answer ---- */

static int write_text(struct reporting *reporting, struct err *err) {
	struct cli *cli = reporting->cli;
	if (reporting->options->json)
		analysis_json(&reporting->analysis, &reporting->text);
	else
		analysis_markdown(&reporting->analysis, &reporting->text);
	if (reporting->text.failed)
		return err_set(err, -ENOMEM, "out of memory");
	if (!reporting->options->json)
		cli_page(cli, reporting->options->no_pager);
	return term_put_buf(&cli->out, &reporting->text);
}

static int make(struct reporting *reporting, struct err *err) {
	const struct report_options *options = reporting->options;
	int r = options->redact ? learn(reporting, err) : 0;
	const struct analysis_options analysis = {.filter = &reporting->filter,
		.rules = reporting->cli->rules,
		.redactor = reporting->redactor,
		.experiments = !options->no_experiments};
	if (r >= 0)
		r = analysis_load(reporting->cli->store, &analysis, &reporting->analysis, err);
	return r;
}

/* A MATCH that finds nothing is told; an empty database makes a report that says so. */
static bool found_nothing(const struct reporting *reporting) {
	const struct analysis *analysis = &reporting->analysis;
	return reporting->filter.match_count && !analysis->incident_count;
}

static enum cli_status report(struct reporting *reporting, char **operands) {
	struct err err = {0};
	int r = make(reporting, &err);
	if (r >= 0 && found_nothing(reporting))
		return cli_nothing(reporting->cli, operands);
	if (r >= 0)
		r = reporting->options->html ? write_page(reporting, &err)
					     : write_text(reporting, &err);
	return r < 0 && !reporting->cli->out.error ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status check(struct cli *cli, const struct report_options *options) {
	if (options->html && options->json)
		return cli_usage(cli, "--html and --json do not go together");
	if (options->html && !*options->html)
		return cli_usage(cli, "--html: no file is named");
	if (options->html && !strcmp(options->html, "-") && cli->out.tty)
		return cli_usage(cli, "--html -: a page is not for a terminal; name a file");
	return CLI_DONE;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	struct reporting reporting = {.cli = cli, .options = values};
	reporting.filter = (struct store_filter){
		.matches = (const char *const *)operands,
		.match_count = (size_t)count,
		.since_us = reporting.options->since,
		.until_us = reporting.options->until,
	};
	enum cli_status status = check(cli, reporting.options);
	if (status == CLI_DONE)
		status = cli_check_matches(cli, operands);
	if (status == CLI_DONE)
		status = report(&reporting, operands);
	analysis_finish(&reporting.analysis);
	redactor_free(reporting.redactor);
	buf_finish(&reporting.text);
	return status;
}

static const struct option_row option_rows[] = {
	CLI_OPTION_SINCE(struct report_options),
	CLI_OPTION_UNTIL(struct report_options),
	{.name = "html",
		.argument = "FILE",
		.help = "write one page that needs nothing else; - for stdout",
		.type = OPTION_STRING,
		.offset = offsetof(struct report_options, html)},
	{.name = "json",
		.help = "one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct report_options, json)},
	{.name = "redact",
		.help = "placeholders for what tells of persons, machines",
		.type = OPTION_FLAG,
		.offset = offsetof(struct report_options, redact)},
	{.name = "no-experiments",
		.help = "leave out what was measured",
		.type = OPTION_FLAG,
		.offset = offsetof(struct report_options, no_experiments)},
	CLI_OPTION_NO_PAGER(struct report_options),
	{0},
};

const struct command report_command = {
	.name = "report",
	.operands = "[MATCH...]",
	.summary = "write the analysis of what is stored: Markdown, HTML",
	.details =
		"Sites with their fault addresses, stacks, operations and what other threads did;\n"
		"driver versions and system builds; measured crash rates and what workarounds\n"
		"cost; GPU events near crashes; who looks to blame and what to run next. All of\n"
		"it is computed from the database. MATCH and times are as for 'agxtriage list';\n"
		"of experiments times and simulated=false select. What may leave the machine is\n"
		"'agxtriage export'; --redact makes the report alone so.\n"
		"\n"
		"  agxtriage report > REPORT.md\n"
		"  agxtriage report --html report.html --since 30d\n"
		"  agxtriage report 'site=agx-*' simulated=false",
	.options = option_rows,
	.options_bytes = sizeof(struct report_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ | NEED_RULES,
	.run = run,
};
