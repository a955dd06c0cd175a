/* agxtriage export: reports and what is known of them, as one archive that may leave the machine.
 */
#include "cli/export.h"

#include "base/log.h"
#include "cli/commands.h"
#include "cli/helper.h"
#include "export/flat.h"
#include "export/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPRO_SOURCE "agxtriage-repro.m"
/* The line that stands at the top of that file. */
#define REPRO_BUILD                                                                        \
	"clang -fobjc-arc -O2 -framework Foundation -framework Metal " REPRO_SOURCE " -o " \
	"agxtriage-repro"
/* What GitHub takes of a file in an issue. */
#define GITHUB_BYTES 25000000

static const char *const format_choices[] = {"auto", "tar.gz", "tar.zst", "zip", NULL};
static const char *const purpose_choices[] = {"archive", "apple", "github", NULL};

#define OPTION(letter_, name_, argument_, help_, type_, field)                                  \
	{                                                                                       \
		.letter = (letter_), .name = (name_), .argument = (argument_), .help = (help_), \
		.type = (type_), .offset = offsetof(struct export_options, field)               \
	}

static const struct option_row option_rows[] = {
	OPTION('o', "output", "FILE", "the archive; - for standard output", OPTION_STRING, output),
	{.name = "format",
		.argument = "FORMAT",
		.help = "auto (by the name of FILE), tar.gz, tar.zst or zip",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct export_options, format),
		.choices = format_choices},
	{.name = "for",
		.argument = "WHOM",
		.help = "archive (everything), apple or github (at most 25 MB)",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct export_options, purpose),
		.choices = purpose_choices},
	OPTION(0, "site", "SITE", "of this crash site alone, whatever MATCH says", OPTION_STRING,
		site),
	CLI_OPTION_SINCE(struct export_options),
	CLI_OPTION_UNTIL(struct export_options),
	OPTION(0, "max-size", "SIZE", "drop the oldest incidents until FILE fits: 10M, 1G",
		OPTION_STRING, max_size),
	OPTION(0, "redact", "WORD", "replace this word too; may be repeated", OPTION_LIST, redact),
	OPTION(0, "no-redact", NULL, "originals, byte for byte, with everything private",
		OPTION_FLAG, no_redact),
	OPTION(0, "no-experiments", NULL, "leave out what was measured", OPTION_FLAG,
		no_experiments),
	OPTION(0, "review", NULL, "show each replacement first; asks on a terminal", OPTION_FLAG,
		review),
	OPTION('y', "yes", NULL, "with --review: do not ask", OPTION_FLAG, yes),
	OPTION(0, "flat", "DIR", "no archive: crash_YYYYMMDD_HHMMSS.json per incident",
		OPTION_STRING, flat),
	OPTION(0, "json", NULL, "what came of it as one JSON object", OPTION_FLAG, json),
	{0},
};

static volatile bool interrupted;

static void on_interrupt(int number) {
	interrupted = true;
}

/* What one run works with. */
struct exporting {
	struct cli *cli;
	const struct export_options *options;
	struct store_filter filter;
	struct redactor *redactor;
	struct archive_options archive;
	struct buf platform;
	char *repro_path, *program;
	struct export_looker looker;
	enum bundle_format format;
};

static void make_filter(struct exporting *exporting, int count, char **operands) {
	exporting->filter = (struct store_filter){
		.matches = (const char *const *)operands,
		.match_count = (size_t)count,
		.site = exporting->options->site,
		.since_us = exporting->options->since,
		.until_us = exporting->options->until,
	};
}

static int make_redactor(struct exporting *exporting, struct err *err) {
	if (exporting->options->no_redact)
		return 0;
	int r = redactor_new(&exporting->redactor, err);
	return r < 0 ? r : export_know(exporting->redactor, &exporting->options->redact, err);
}

/* Of what lies beside the program; a repro that is not there is told in the manifest. */
static int find_parts(struct exporting *exporting, struct err *err) {
	struct err missing = {0};
	int r = helper_find("agxtriage-bundle", &exporting->program, err);
	if (r == 0)
		r = export_platform(&exporting->platform, err);
	if (r == 0 && helper_find_data(REPRO_SOURCE, &exporting->repro_path, &missing) == -ENOMEM)
		r = err_set(err, -ENOMEM, "out of memory");
	return r;
}

static enum cli_status read_size(struct exporting *exporting, int64_t *ret) {
	const struct export_options *options = exporting->options;
	*ret = options->purpose == ARCHIVE_FOR_GITHUB ? GITHUB_BYTES : 0;
	if (options->max_size && (!config_parse_size(options->max_size, ret) || *ret < 0))
		return cli_usage(exporting->cli,
			"--max-size: '%s' is no size such as 10M, 1G or 0 (no limit)",
			options->max_size);
	return CLI_DONE;
}

static int prepare(struct exporting *exporting, int count, char **operands, struct err *err) {
	const struct export_options *options = exporting->options;
	make_filter(exporting, count, operands);
	int r = make_redactor(exporting, err);
	if (r == 0 && !options->flat)
		r = find_parts(exporting, err);
	exporting->looker = (struct export_looker){
		.cli = exporting->cli, .options = options, .stop = &interrupted};
	exporting->archive = (struct archive_options){
		.filter = &exporting->filter,
		.rules = exporting->cli->rules,
		.redactor = exporting->redactor,
		.purpose = (enum archive_purpose)options->purpose,
		.no_experiments = options->no_experiments,
		.platform = exporting->platform.len ? buf_str(&exporting->platform) : NULL,
		.repro_path = exporting->repro_path,
		.repro_build = REPRO_BUILD,
		.version = AGXTRIAGE_VERSION,
		.stop = &interrupted,
		.on_review = options->review ? export_review : NULL,
		.user = &exporting->looker,
	};
	return r;
}

static void finish(struct exporting *exporting) {
	redactor_free(exporting->redactor);
	free(exporting->repro_path);
	free(exporting->program);
	buf_finish(&exporting->platform);
	buf_finish(&exporting->looker.json);
}

static enum cli_status fail(struct exporting *exporting, char **operands, const struct err *err) {
	if (err->code == -ENODATA)
		return cli_nothing(exporting->cli, operands);
	if (err->code == -EINVAL)
		return cli_usage(exporting->cli, "%s", err->text);
	if (err->code == -EINTR) {
		log_error("interrupted%s", exporting->options->flat ? "" : ": nothing was written");
		return CLI_FAILED;
	}
	return cli_fail(err);
}

/* A word that was looked for in vain is most often a word that was mistyped. */
static enum cli_status tell_words(const struct exporting *exporting) {
	const struct option_list *words = &exporting->options->redact;
	struct err err = {0};
	for (size_t i = 0; i < words->count; i++) {
		bool stands = false;
		if (export_stands(exporting->redactor, words->items[i], &stands, &err) < 0)
			return cli_fail(&err);
		if (!stands)
			log_warning("--redact: '%s' stands nowhere in what was written",
				words->items[i]);
	}
	return CLI_DONE;
}

/* ---- into an archive ---- */

static enum cli_status write_archive(struct exporting *exporting, char **operands) {
	const struct export_options *options = exporting->options;
	bool to_stdout = strcmp(options->output, "-") == 0;
	struct archive_result result = {0};
	struct err err = {0};
	const struct bundle_options bundle = {
		.program = exporting->program,
		.path = to_stdout ? NULL : options->output,
		.fd = STDOUT_FILENO,
		.format = exporting->format,
	};
	int r = archive_write(exporting->cli->store, &exporting->archive, &bundle, &result, &err);
	enum cli_status status = CLI_DONE;
	if (r < 0)
		status = fail(exporting, operands, &err);
	else
		export_tell(&exporting->looker, &result, options->output);
	archive_result_finish(&result);
	return status == CLI_DONE ? tell_words(exporting) : status;
}

/* ---- into a folder ---- */

static void tell_flat(struct exporting *exporting, const struct flat_result *result) {
	struct cli *cli = exporting->cli;
	struct buf line = {0};
	struct json_out out;
	if (exporting->options->json) {
		json_out_init(&out, &line);
		json_out_object(&out, NULL);
		json_out_text(&out, "path", exporting->options->flat);
		json_out_bool(&out, "redacted", !exporting->options->no_redact);
		json_out_u64(&out, "incidents", result->incidents);
		json_out_u64(&out, "written", result->written);
		json_out_u64(&out, "unreadable", result->unreadable);
		json_out_u64(&out, "changed", result->changed);
		json_out_u64(&out, "replaced", result->replaced);
		json_out_object_end(&out);
	} else {
		buf_printf(&line, "%s: %" PRIu64 " incident%s, %" PRIu64 " file%s written",
			exporting->options->flat, result->incidents,
			result->incidents == 1 ? "" : "s", result->written,
			result->written == 1 ? "" : "s");
	}
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
	if (result->unreadable)
		log_warning("%" PRIu64 " incident%s not be read and left out", result->unreadable,
			result->unreadable == 1 ? " could" : "s could");
}

static enum cli_status write_flat(struct exporting *exporting, char **operands) {
	struct flat_result result = {0};
	struct err err = {0};
	int r = flat_write(exporting->cli->store, &exporting->archive, exporting->options->flat,
		&result, &err);
	if (r < 0)
		return fail(exporting, operands, &err);
	tell_flat(exporting, &result);
	return tell_words(exporting);
}

/* ---- the command ---- */

static enum cli_status check_target(struct cli *cli, const struct export_options *options) {
	if (options->flat && options->output)
		return cli_usage(cli, "--flat and -o exclude each other");
	if (options->redact.count && options->no_redact)
		return cli_usage(cli, "--redact and --no-redact exclude each other");
	if (options->yes && !options->review)
		return cli_usage(cli, "--yes answers what only --review asks");
	if (options->flat && options->format)
		return cli_usage(cli, "--flat writes no archive that could have a --format");
	if (options->flat)
		return options->review || options->max_size
			       ? cli_usage(cli, "--flat knows neither --review nor --max-size")
			       : CLI_DONE;
	if (!options->output)
		return cli_usage(cli, "needs -o FILE (or --flat DIR)");
	if (strcmp(options->output, "-") == 0 && cli->out.tty)
		return cli_usage(
			cli, "an archive is nothing for a terminal: send it to a file or program");
	if (strcmp(options->output, "-") == 0 && options->json)
		return cli_usage(cli, "--json and the archive cannot both go to standard output");
	if (options->review && options->no_redact)
		return cli_usage(cli, "--no-redact replaces nothing that could be reviewed");
	return CLI_DONE;
}

/* A word that stays in spite of being asked away must not be left to be found by others. */
static enum cli_status check_words(struct cli *cli, const struct export_options *options) {
	for (size_t i = 0; i < options->redact.count; i++) {
		const char *word = options->redact.items[i];
		struct err err = {0};
		bool goes = false;
		if (!*word)
			return cli_usage(cli, "--redact: an empty word stands everywhere");
		if (export_goes(word, &goes, &err) < 0)
			return cli_fail(&err);
		if (!goes)
			return cli_usage(cli,
				"--redact: '%s' cannot be replaced everywhere: reports themselves "
				"are made of it",
				word);
	}
	return CLI_DONE;
}

/* *ret is untouched when there will be no archive. */
static enum cli_status choose_format(
	struct cli *cli, const struct export_options *options, enum bundle_format *ret) {
	if (options->flat)
		return CLI_DONE;
	if (options->format)
		*ret = (enum bundle_format)(options->format - 1); /* behind "auto" */
	else if (strcmp(options->output, "-") == 0)
		*ret = BUNDLE_TAR_GZ;
	else
		*ret = bundle_format_of(options->output);
	if (*ret != BUNDLE_FORMAT_COUNT)
		return CLI_DONE;
	return cli_usage(cli,
		"'%s' does not tell the format: end it in .tar.gz, .tar.zst or .zip, or say "
		"--format",
		options->output);
}

static enum cli_status export_run(struct cli *cli, const void *values, int count, char **operands) {
	const struct export_options *options = values;
	struct exporting exporting = {.cli = cli, .options = options};
	struct err err = {0};
	int64_t max_bytes = 0;
	enum cli_status status = check_target(cli, options);
	if (status == CLI_DONE)
		status = check_words(cli, options);
	if (status == CLI_DONE)
		status = choose_format(cli, options, &exporting.format);
	if (status == CLI_DONE)
		status = read_size(&exporting, &max_bytes);
	if (status == CLI_DONE)
		status = cli_check_matches(cli, operands);
	if (status != CLI_DONE)
		return status;
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	if (prepare(&exporting, count, operands, &err) < 0) {
		status = cli_fail(&err);
	} else {
		exporting.archive.max_bytes = (uint64_t)max_bytes;
		status = options->flat ? write_flat(&exporting, operands)
				       : write_archive(&exporting, operands);
	}
	finish(&exporting);
	return status;
}

const struct command export_command = {
	.name = "export",
	.operands = "[MATCH...]",
	.summary = "an archive of reports and evidence, redacted, to send",
	.details =
		"The reports that MATCH selects (as for 'agxtriage list'), newest first, with\n"
		"REPORT.md, report.html, incidents.json, experiments.json, the machine's\n"
		"fingerprint, the single-file repro, FEEDBACK.md for Apple's form, ISSUE.md for\n"
		"a tracker, a manifest and checksums. What may leave is on a list; everything\n"
		"else is replaced: <user-1>. The same database gives the same bytes.\n"
		"\n"
		"  agxtriage export --site agx-set-compute-pipeline-state -o radar.tar.gz\n"
		"  agxtriage export --review --for github -o issue.zip\n"
		"  agxtriage import radar.tar.gz            on the other side",
	.options = option_rows,
	.options_bytes = sizeof(struct export_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ | NEED_RULES,
	.run = export_run,
};
