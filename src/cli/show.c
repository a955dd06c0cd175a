/* show: one report, readable, as JSON or as its exact bytes; from the database, a file or stdin. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/show_symbols.h"
#include "export/json_view.h"
#include "export/load.h"
#include "export/text_view.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct show_options {
	bool all, explain, raw, symbolicate, json, no_pager;
	struct option_list symbols;
};

static const struct option_row show_rows[] = {
	{.name = "all",
		.letter = 'a',
		.help = "every thread, the registers, nothing shortened",
		.type = OPTION_FLAG,
		.offset = offsetof(struct show_options, all)},
	{.name = "explain",
		.help = "step by step: which rule matched, the signature",
		.type = OPTION_FLAG,
		.offset = offsetof(struct show_options, explain)},
	{.name = "raw",
		.help = "the exact bytes",
		.type = OPTION_FLAG,
		.offset = offsetof(struct show_options, raw)},
	{.name = "symbolicate",
		.help = "ask atos for the symbols that the report lacks",
		.type = OPTION_FLAG,
		.offset = offsetof(struct show_options, symbolicate)},
	{.name = "symbols",
		.argument = "DIR",
		.help = "with dSYMs, for --symbolicate; may be repeated",
		.type = OPTION_LIST,
		.offset = offsetof(struct show_options, symbols)},
	CLI_OPTION_JSON(struct show_options),
	CLI_OPTION_NO_PAGER(struct show_options),
	{0},
};

/* One report on its way out; everything borrowed. */
struct item {
	struct text_view view;
	const char *explain; /* NULL unless asked for */
};

static int print_json(struct buf *out, const struct text_view *view, struct err *err) {
	return view->around ? json_view_print_stored(out, view->report, view->triage,
				      view->incident, view->around, err)
			    : json_view_print(out, view->report, view->triage, view->incident,
				      JSON_VIEW_FULL, err);
}

static enum cli_status put_item(
	struct cli *cli, const struct show_options *options, const struct item *item) {
	struct err err = {0};
	struct buf out = {0};
	const struct text_view *view = &item->view;
	const struct text_view_options looks = {.term = &cli->out,
		.all = options->all,
		.hints = cli->out.tty,
		.explain = item->explain};
	int r = options->json ? print_json(&out, view, &err)
			      : text_view_print(&out, view, &looks, &err);
	if (r == 0 && options->json)
		buf_add_char(&out, '\n');
	enum cli_status status = r < 0 ? cli_fail(&err) : CLI_DONE;
	if (r == 0)
		term_put_buf(&cli->out, &out);
	buf_finish(&out);
	return status;
}

static bool safe_on_terminal(const struct buf *bytes) {
	struct buf shown = {0};
	text_terminal(&shown, buf_str(bytes), bytes->len, TEXT_LINES);
	bool same = !shown.failed && shown.len == bytes->len &&
		    !memcmp(buf_str(&shown), buf_str(bytes), bytes->len);
	buf_finish(&shown);
	return same;
}

/* A report that could hold anything must not reach a terminal as it is. */
static enum cli_status put_raw(
	struct cli *cli, const struct show_options *options, const struct buf *bytes) {
	if (cli->out.tty && !safe_on_terminal(bytes)) {
		log_error("these bytes are not clean text: send them to a file or a program");
		return CLI_FAILED;
	}
	cli_page(cli, options->no_pager);
	term_put(&cli->out, buf_str(bytes), bytes->len);
	return CLI_DONE;
}

/* Before the first line is printed: it may take a while, and has warnings of its own. */
static void complete(
	struct cli *cli, const struct show_options *options, struct report *report, bool stored) {
	const struct show_symbols how = {.ask = options->symbolicate,
		.all = options->all || options->json,
		.stored = stored};
	show_symbols_complete(cli, &how, report);
}

/* ---- a file or stdin ---- */

static enum cli_status show_report(struct cli *cli, const struct show_options *options,
	const struct document *document, const struct incident *row) {
	struct arena arena;
	struct buf explain = {0};
	struct triage triage;
	enum cli_status status = CLI_FAILED;
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	const struct report *report = document->reports[row->ordinal];
	if (triage_run(&triage, report, cli->rules, &arena, options->explain ? &explain : NULL) <
		0) {
		log_error("out of memory");
		goto out;
	}
	const struct item item = {
		{report, &triage, row, NULL}, options->explain ? buf_str(&explain) : NULL};
	status = put_item(cli, options, &item);
out:
	buf_finish(&explain);
	arena_finish(&arena);
	return status;
}

static void put_separator(struct cli *cli, size_t number, size_t count) {
	char line[80];
	int n = snprintf(line, sizeof line, "%s---- report %zu of %zu ----\n\n",
		number > 1 ? "\n" : "", number, count);
	term_put(&cli->out, line, (size_t)n);
}

static enum cli_status show_document(struct cli *cli, const struct show_options *options,
	const char *path, const struct buf *bytes) {
	struct err err = {0};
	struct document document = {0};
	if (document_parse(buf_str(bytes), bytes->len, &document, &err) < 0) {
		err_prefix(&err, "%s", path ? path : "stdin");
		return cli_fail(&err);
	}
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	sha256(bytes->data, bytes->len, digest);
	sha256_hex(digest, hex);
	enum cli_status status = CLI_DONE;
	for (size_t i = 0; i < document.count; i++)
		complete(cli, options, document.reports[i], false);
	cli_page(cli, options->no_pager);
	for (size_t i = 0; i < document.count && status == CLI_DONE; i++) {
		const struct incident row = {
			.path = path, .sha256 = hex, .size = (int64_t)bytes->len, .ordinal = i};
		if (document.count > 1 && !options->json)
			put_separator(cli, i + 1, document.count);
		status = show_report(cli, options, &document, &row);
	}
	document_finish(&document);
	return status;
}

/* path: NULL for stdin. */
static enum cli_status show_file(
	struct cli *cli, const struct show_options *options, const char *path) {
	struct err err = {0};
	struct buf bytes = {0};
	int r = path ? file_read(
			       AT_FDCWD, path, FILE_FOLLOW, LIMIT_REPORT_BYTES, &bytes, NULL, &err)
		     : file_read_fd(STDIN_FILENO, "stdin", LIMIT_REPORT_BYTES, &bytes, &err);
	enum cli_status status;
	if (r < 0)
		status = cli_fail(&err);
	else if (options->raw)
		status = put_raw(cli, options, &bytes);
	else
		status = show_document(cli, options, path, &bytes);
	buf_finish(&bytes);
	return status;
}

/* ---- a row of the database ---- */

static enum cli_status find(struct cli *cli, const char *word, struct incident *ret) {
	struct err err = {0};
	int r = store_find(cli->store, word, ret, &err);
	if (r == -ENOENT) {
		char *all[] = {NULL};
		if (!strcmp(word, "latest"))
			return cli_nothing(cli, all);
		log_error("nothing matches '%s'; 'agxtriage list' shows the IDs", word);
		return CLI_NOTHING;
	}
	return r < 0 ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status show_raw_row(
	struct cli *cli, const struct show_options *options, int64_t id) {
	struct err err = {0};
	struct buf bytes = {0};
	enum cli_status status = store_raw(cli->store, id, &bytes, &err) < 0
					 ? cli_fail(&err)
					 : put_raw(cli, options, &bytes);
	buf_finish(&bytes);
	return status;
}

static enum cli_status put_loaded(struct cli *cli, const struct show_options *options,
	struct loaded *loaded, const struct incident *row, const struct surroundings *around) {
	struct buf explain = {0};
	enum cli_status status = CLI_FAILED;
	if (options->explain && loaded->raw_gone)
		buf_add_str(&explain,
			"The report's bytes were removed by retention: what rules made "
			"of them cannot be shown step by step.\n");
	else if (options->explain && triage_run(&loaded->triage, loaded->report, cli->rules,
					     &loaded->arena, &explain) < 0) {
		log_error("out of memory");
		goto out;
	}
	const struct item item = {{loaded->report, &loaded->triage, row, around},
		options->explain ? buf_str(&explain) : NULL};
	if (loaded->document.reports)
		complete(cli, options, loaded->document.reports[row->ordinal], true);
	else if (options->symbolicate)
		log_warning("no symbols are asked for: retention has removed the report's bytes");
	cli_page(cli, options->no_pager);
	status = put_item(cli, options, &item);
out:
	buf_finish(&explain);
	return status;
}

static enum cli_status show_row(
	struct cli *cli, const struct show_options *options, const char *word) {
	struct err err = {0};
	struct loaded loaded = {0};
	struct surroundings around = {0};
	struct incident row;
	char id[24];
	enum cli_status status = find(cli, word, &row);
	if (status != CLI_DONE)
		return status;
	if (options->raw)
		return show_raw_row(cli, options, row.id);
	snprintf(id, sizeof id, "%" PRId64, row.id);
	if (surroundings_load(cli->store, &row, &around, &err) < 0 ||
		loaded_open(cli->store, cli->rules, &row, &loaded, &err) < 0)
		status = cli_fail(&err);
	else
		status = find(cli, id, &row); /* loading took the texts of the row away */
	if (status == CLI_DONE)
		status = put_loaded(cli, options, &loaded, &row, &around);
	loaded_finish(&loaded);
	surroundings_finish(&around);
	return status;
}

static bool names_a_file(const char *word) {
	struct stat status;
	return strchr(word, '/') || text_ends(word, ".ips") || stat(word, &status) == 0;
}

static enum cli_status show_run(struct cli *cli, const void *values, int count, char **operands) {
	const struct show_options *options = values;
	const char *word = count ? operands[0] : "latest";
	if (options->raw &&
		(options->json || options->explain || options->all || options->symbolicate))
		return cli_usage(cli, "--raw shows the bytes and nothing else");
	if (options->json && options->explain)
		return cli_usage(cli, "--explain and --json exclude each other");
	if (options->symbols.count && !options->symbolicate)
		return cli_usage(cli, "--symbols goes with --symbolicate");
	if (options->symbolicate &&
		(cli_provide(cli, NEED_CONFIG) != CLI_DONE ||
			show_symbols_folders(cli, options->symbols.items) != CLI_DONE))
		return CLI_FAILED;
	if (!options->raw && cli_provide(cli, NEED_RULES) != CLI_DONE)
		return CLI_FAILED;
	if (strcmp(word, "-") == 0)
		return show_file(cli, options, NULL);
	if (names_a_file(word))
		return show_file(cli, options, word);
	if (cli_provide(cli, NEED_STORE_READ) != CLI_DONE)
		return CLI_FAILED;
	return show_row(cli, options, word);
}

const struct command show_command = {
	.name = "show",
	.operands = "[ID or latest or FILE or -]",
	.summary = "explain one report: what crashed where, what else ran",
	.details = "ID is the number in the first column of 'agxtriage list', or the start of an\n"
		   "incident id (4 characters or more); without one, the latest is shown. A word\n"
		   "with a slash and the name of an existing file are a FILE; - is stdin. A FILE\n"
		   "or - needs no database and may hold several reports, also in the middle of\n"
		   "other text, as JSON or in the classic text form.\n"
		   "\n"
		   "  agxtriage show                           the latest\n"
		   "  pbpaste | agxtriage show -               what somebody pasted into an issue",
	.options = show_rows,
	.options_bytes = sizeof(struct show_options),
	.operands_max = 1,
	.run = show_run,
};
