/* agxtriage list: what is stored, newest first, row by row as the database gives it. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/incident_table.h"
#include "export/json_out.h"
#include "export/json_view.h"
#include "export/load.h"
#include "export/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct list_options {
	struct i64_opt limit, since, until;
	bool one, reverse, rejected, json, no_pager;
};

struct list {
	struct cli *cli;
	const struct list_options *options;
	struct incident_table incidents;
	struct table rejections;
	bool begun;
	int64_t rows;
	struct buf line;
};

static void begin(struct list *list) {
	if (!list->begun)
		cli_page(list->cli, list->options->no_pager);
	list->begun = true;
}

static void print_row(struct list *list, const struct incident *incident) {
	begin(list);
	incident_table_fill(&list->incidents, incident);
	incident_table_put(&list->incidents);
}

/* A row that cannot be read again is worth a warning, not the end of the list. */
static int print_json(struct list *list, const struct incident *incident) {
	struct cli *cli = list->cli;
	struct loaded loaded;
	struct err err = {0};
	int r = loaded_open(cli->store, cli->rules, incident, &loaded, &err);
	if (r >= 0)
		r = json_view_print(
			&list->line, loaded.report, &loaded.triage, incident, JSON_VIEW_LIST, &err);
	loaded_finish(&loaded);
	if (r < 0) {
		log_warning("%s", err.text);
		buf_reset(&list->line);
		return 0;
	}
	begin(list);
	buf_add_char(&list->line, '\n');
	return term_put_buf(&cli->out, &list->line);
}

static enum cli_status stream(
	struct list *list, const struct store_filter *filter, char **operands) {
	struct cli *cli = list->cli;
	struct store_cursor *cursor = NULL;
	struct incident incident;
	struct err err = {0};
	int r = store_list(cli->store, filter, &cursor, &err);
	if (r == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	while (r >= 0 && (r = store_cursor_next(cursor, &incident, &err)) > 0) {
		list->rows++;
		if (list->options->json)
			print_json(list, &incident);
		else
			print_row(list, &incident);
		if (cli->out.error)
			break;
	}
	store_cursor_close(cursor);
	if (r < 0)
		return cli_fail(&err);
	return list->rows ? CLI_DONE : cli_nothing(cli, operands);
}

static enum cli_status list_incidents(
	struct cli *cli, const struct list_options *options, int count, char **operands) {
	struct list list = {.cli = cli, .options = options};
	const struct store_filter filter = {
		.matches = (const char *const *)operands,
		.match_count = (size_t)count,
		.since_us = options->since,
		.until_us = options->until,
		.oldest_first = options->reverse,
		.limit = options->one ? 1 : options->limit.value,
	};
	enum cli_status status = cli_check_matches(cli, operands);
	if (options->json && status == CLI_DONE)
		status = cli_provide(cli, NEED_RULES);
	incident_table_init(&list.incidents, &cli->out, true);
	if (status == CLI_DONE)
		status = stream(&list, &filter, operands);
	incident_table_finish(&list.incidents);
	buf_finish(&list.line);
	return status;
}

enum { REJECTED_SEEN, REJECTED_SIZE, REJECTED_REASON, REJECTED_PATH, REJECTED_COUNT };

static const struct table_column rejected_columns[REJECTED_COUNT] = {
	[REJECTED_SEEN] = {.title = "SEEN", .width = 19, .priority = 1},
	[REJECTED_SIZE] = {.title = "SIZE", .width = 9, .right = true, .priority = 2},
	[REJECTED_REASON] = {.title = "REASON", .width = 44, .min = 20},
	[REJECTED_PATH] = {.title = "PATH", .width = 200, .min = 20, .middle = true},
};

static void rejected_json(struct buf *line, const struct store_rejection *rejection) {
	struct json_out out;
	json_out_init(&out, line);
	json_out_object(&out, NULL);
	json_out_text(&out, "path", rejection->path);
	json_out_text(&out, "reason", rejection->reason);
	json_out_i64(&out, "size", rejection->size);
	json_out_time(&out, "seen_at", rejection->seen_at_us);
	json_out_object_end(&out);
	buf_add_char(line, '\n');
}

static int rejected_row(struct list *list, const struct store_rejection *rejection) {
	char seen[CLOCK_TEXT_BYTES], size[24];
	clock_format_local(rejection->seen_at_us, seen);
	snprintf(size, sizeof size, "%" PRId64, rejection->size);
	const struct table_cell cells[REJECTED_COUNT] = {
		[REJECTED_SEEN] = {seen, TERM_DIM},
		[REJECTED_SIZE] = {size, TERM_PLAIN},
		[REJECTED_REASON] = {rejection->reason, TERM_BAD},
		[REJECTED_PATH] = {rejection->path, TERM_PLAIN},
	};
	return table_row(&list->rejections, cells);
}

static int print_rejected(const struct store_rejection *rejection, void *user) {
	struct list *list = user;
	const struct list_options *options = list->options;
	int64_t limit = options->one ? 1 : options->limit.value;
	if ((options->since.set && rejection->seen_at_us < options->since.value) ||
		(options->until.set && rejection->seen_at_us >= options->until.value) ||
		(limit && list->rows >= limit))
		return 0;
	if (list->rows++ == 0) {
		cli_page(list->cli, options->no_pager);
		if (!options->json)
			table_begin(&list->rejections, true);
	}
	if (!options->json)
		return rejected_row(list, rejection);
	rejected_json(&list->line, rejection);
	return term_put_buf(&list->cli->out, &list->line);
}

static enum cli_status list_rejected(struct cli *cli, const struct list_options *options) {
	struct list list = {.cli = cli, .options = options};
	struct err err = {0};
	table_init(&list.rejections, rejected_columns, REJECTED_COUNT, &cli->out);
	int r = store_rejections(cli->store, print_rejected, &list, &err);
	table_finish(&list.rejections);
	buf_finish(&list.line);
	if (cli->out.error)
		return CLI_DONE;
	if (r < 0)
		return cli_fail(&err);
	if (!list.rows)
		log_info("no rejected files");
	return list.rows ? CLI_DONE : CLI_NOTHING;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct list_options *options = values;
	if (!options->rejected)
		return list_incidents(cli, options, count, operands);
	if (count || options->reverse)
		return cli_usage(cli, "--rejected takes neither MATCH nor --reverse");
	return list_rejected(cli, options);
}

static const struct option_row option_rows[] = {
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.help = "at most N",
		.type = OPTION_INT,
		.offset = offsetof(struct list_options, limit),
		.min = 1},
	{.letter = '1',
		.help = "the newest alone",
		.type = OPTION_FLAG,
		.offset = offsetof(struct list_options, one)},
	{.name = "reverse",
		.letter = 'r',
		.help = "oldest first",
		.type = OPTION_FLAG,
		.offset = offsetof(struct list_options, reverse)},
	CLI_OPTION_SINCE(struct list_options),
	CLI_OPTION_UNTIL(struct list_options),
	{.name = "rejected",
		.help = "the files that could not be read, and why",
		.type = OPTION_FLAG,
		.offset = offsetof(struct list_options, rejected)},
	CLI_OPTION_JSON(struct list_options),
	CLI_OPTION_NO_PAGER(struct list_options),
	{0},
};

const struct command list_command = {
	.name = "list",
	.operands = "[MATCH...]",
	.summary = "list incidents, newest first",
	.details = "MATCH is a process name, a PID, a /path, the start of an incident id, or\n"
		   "FIELD=GLOB. Words for one field: any of them; for different fields: all.\n"
		   "\n"
		   "  agxtriage list Python                    one process\n"
		   "  agxtriage list 'site=agx-*' --since 2d   sites of the driver, last two days\n"
		   "  agxtriage list kind=panic kind=gpu_event --until 2025-12-20\n"
		   "  agxtriage list fault_address=0x5c8 os_build=24G419 -n 5\n"
		   "\n"
		   "A time is so long ago (30m, 36h, 2d, 3w), in local time (2025-12-20,\n"
		   "'2025-12-20 18:30'), or ISO 8601 with a zone (2025-12-20T17:36:18Z).",
	.options = option_rows,
	.options_bytes = sizeof(struct list_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ,
	.run = run,
};
