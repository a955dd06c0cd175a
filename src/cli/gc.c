/* agxtriage gc: makes the database smaller, by retention or by harder compression. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "export/json_out.h"

#include <inttypes.h>
#include <signal.h>

struct gc_options {
	const char *max_age, *raw_max_age, *max_size;
	bool dry_run, recompress, json;
};

/* Set by the signal handler, polled between slices and rows; what is done until then stays. */
static volatile bool interrupted;

static void on_interrupt(int number) {
	(void)number;
	interrupted = true;
}

static void put_line(struct cli *cli, struct buf *line) {
	buf_add_char(line, '\n');
	term_put_buf(&cli->out, line);
	buf_finish(line);
}

/* ---- retention ---- */

static bool wants_retention(const struct gc_options *options) {
	bool named = options->max_age || options->raw_max_age || options->max_size;
	return named || options->dry_run || !options->recompress;
}

/* Seconds as microseconds; as long as can be for what is longer. */
static int64_t microseconds(int64_t seconds) {
	return seconds > INT64_MAX / 1000000 ? INT64_MAX : seconds * 1000000;
}

static enum cli_status read_age(
	struct cli *cli, const char *name, const char *word, int64_t *ret_us) {
	int64_t seconds;
	if (!word)
		return CLI_DONE;
	if (!config_parse_age(word, &seconds))
		return cli_usage(
			cli, "--%s: '%s' is no age such as 90d, 8w or 0 (for ever)", name, word);
	*ret_us = microseconds(seconds);
	return CLI_DONE;
}

/* What is named on the command line, else what the configuration says. */
static enum cli_status read_limits(
	struct cli *cli, const struct gc_options *options, struct store_retention *ret) {
	*ret = (struct store_retention){.now_us = clock_now_us(), .dry_run = options->dry_run};
	if (!options->max_age && !options->raw_max_age && !options->max_size) {
		enum cli_status status = cli_provide(cli, NEED_CONFIG);
		if (status != CLI_DONE)
			return status;
		const struct config *config = &cli->config;
		ret->max_age_us = microseconds(config_number(config, CONFIG_RETENTION_AGE));
		ret->raw_max_age_us = microseconds(config_number(config, CONFIG_RETENTION_RAW_AGE));
		ret->max_bytes = config_number(config, CONFIG_RETENTION_SIZE);
		return CLI_DONE;
	}
	enum cli_status status = read_age(cli, "max-age", options->max_age, &ret->max_age_us);
	if (status == CLI_DONE)
		status = read_age(cli, "raw-max-age", options->raw_max_age, &ret->raw_max_age_us);
	if (status == CLI_DONE && options->max_size &&
		!config_parse_size(options->max_size, &ret->max_bytes))
		status = cli_usage(cli,
			"--max-size: '%s' is no size such as 500M, 2G or 0 (no limit)",
			options->max_size);
	return status;
}

static void add_slice(struct store_retained *sum, const struct store_retained *slice) {
	sum->raw_removed += slice->raw_removed;
	sum->incidents_removed += slice->incidents_removed;
	sum->files_removed += slice->files_removed;
	sum->bytes_after = slice->bytes_after;
	sum->too_big |= slice->too_big;
	sum->more = slice->more;
}

static int apply(struct store *store, const struct store_retention *limits,
	struct store_retained *ret, struct err *err) {
	struct store_retained slice;
	int r = store_retain(store, limits, ret, err);
	while (r == 0 && ret->more && !interrupted) {
		r = store_retain(store, limits, &slice, err);
		if (r == 0)
			add_slice(ret, &slice);
	}
	return r;
}

static void put_count(struct buf *line, const char **between, uint64_t count, const char *what) {
	if (!count)
		return;
	buf_printf(line, "%s%" PRIu64 " %s%s", *between, count, what, count == 1 ? "" : "s");
	*between = ", ";
}

static void say_retained(
	struct cli *cli, const struct store_retention *limits, const struct store_retained *done) {
	struct buf line = {0};
	const char *between = limits->dry_run ? "would remove " : "removed ";
	if (!done->raw_removed && !done->incidents_removed && !done->files_removed) {
		buf_add_str(&line, "nothing to remove");
	} else {
		if (done->raw_removed) {
			buf_printf(&line, "%sthe bytes of ", between);
			between = "";
		}
		put_count(&line, &between, done->raw_removed, "incident");
		put_count(&line, &between, done->incidents_removed, "incident row");
		put_count(&line, &between, done->files_removed, "row");
		if (done->files_removed)
			buf_printf(&line, " of %s",
				done->files_removed == 1 ? "a file that is gone"
							 : "files that are gone");
		buf_printf(&line, "; database: %" PRId64 " -> %s%" PRId64 " bytes",
			done->bytes_before, limits->dry_run ? "about " : "", done->bytes_after);
	}
	put_line(cli, &line);
}

static void print_retained(
	struct cli *cli, const struct store_retention *limits, const struct store_retained *done) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_u64(&out, "raw_removed", done->raw_removed);
	json_out_u64(&out, "incidents_removed", done->incidents_removed);
	json_out_u64(&out, "files_removed", done->files_removed);
	json_out_i64(&out, "bytes_before", done->bytes_before);
	json_out_i64(&out, "bytes_after", done->bytes_after);
	json_out_bool(&out, "too_big", done->too_big);
	json_out_bool(&out, "dry_run", limits->dry_run);
	json_out_object_end(&out);
	put_line(cli, &line);
}

static enum cli_status retain(
	struct cli *cli, const struct gc_options *options, const struct store_retention *limits) {
	struct store_retained done = {0};
	struct err err = {0};
	if (apply(cli->store, limits, &done, &err) < 0)
		return cli_fail(&err);
	if (done.too_big)
		log_warning("still larger than the limit: the first and the newest three of each "
			    "signature stay, and so does what another program is reading");
	if (options->json)
		print_retained(cli, limits, &done);
	else
		say_retained(cli, limits, &done);
	return CLI_DONE;
}

/* ---- compression ---- */

static void print_recompressed(
	struct cli *cli, bool json, bool trained, const struct store_recompress *done) {
	struct buf line = {0};
	if (json) {
		struct json_out out;
		json_out_init(&out, &line);
		json_out_object(&out, NULL);
		json_out_u64(&out, "recompressed", done->rows);
		json_out_u64(&out, "bytes_before", done->bytes_before);
		json_out_u64(&out, "bytes_after", done->bytes_after);
		json_out_bool(&out, "dictionary_trained", trained);
		json_out_object_end(&out);
	} else if (!done->rows) {
		buf_add_str(&line, "nothing to recompress");
	} else {
		buf_printf(&line,
			"recompressed %" PRIu64 " report%s%s: %" PRIu64 " -> %" PRIu64 " bytes",
			done->rows, done->rows == 1 ? "" : "s",
			trained ? " with a new dictionary" : "", done->bytes_before,
			done->bytes_after);
	}
	put_line(cli, &line);
}

static enum cli_status recompress(struct cli *cli, const struct gc_options *options) {
	struct store_recompress done = {0};
	struct err err = {0};
	bool trained = false;
	if (store_train(cli->store, &trained, &err) < 0 ||
		store_recompress(cli->store, &interrupted, &done, &err) < 0)
		return cli_fail(&err);
	print_recompressed(cli, options->json, trained, &done);
	return CLI_DONE;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct gc_options *options = values;
	struct store_retention limits = {0};
	if (options->dry_run && options->recompress)
		return cli_usage(
			cli, "--dry-run tells of retention; it cannot tell of --recompress");
	enum cli_status status =
		wants_retention(options) ? read_limits(cli, options, &limits) : CLI_DONE;
	if (status == CLI_DONE)
		status = cli_provide(cli, options->dry_run ? NEED_STORE_READ : NEED_STORE_CHANGE);
	if (status != CLI_DONE)
		return status;
	struct sigaction action = {.sa_handler = on_interrupt};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (wants_retention(options))
		status = retain(cli, options, &limits);
	if (status == CLI_DONE && options->recompress && !interrupted)
		status = recompress(cli, options);
	if (interrupted)
		log_warning("interrupted; run it again to do the rest");
	return interrupted ? CLI_FAILED : status;
}

static const struct option_row option_rows[] = {
	{.name = "max-age",
		.argument = "AGE",
		.help = "drop incidents captured longer ago: 365d, 36h",
		.type = OPTION_STRING,
		.offset = offsetof(struct gc_options, max_age)},
	{.name = "raw-max-age",
		.argument = "AGE",
		.help = "drop only the reports' bytes, keep the facts",
		.type = OPTION_STRING,
		.offset = offsetof(struct gc_options, raw_max_age)},
	{.name = "max-size",
		.argument = "SIZE",
		.help = "drop the oldest while the database is larger: 1G",
		.type = OPTION_STRING,
		.offset = offsetof(struct gc_options, max_size)},
	{.name = "dry-run",
		.help = "only say what would be removed",
		.type = OPTION_FLAG,
		.offset = offsetof(struct gc_options, dry_run)},
	{.name = "recompress",
		.help = "compress reports harder, with their own dictionary",
		.type = OPTION_FLAG,
		.offset = offsetof(struct gc_options, recompress)},
	{.name = "json",
		.help = "the summary as JSON, one object for each task",
		.type = OPTION_FLAG,
		.offset = offsetof(struct gc_options, json)},
	{0},
};

const struct command gc_command = {
	.name = "gc",
	.summary = "make the database smaller: retention, compression",
	.details = "Without an option, applies the retention of the configuration. Bytes go\n"
		   "before rows and the oldest first; the first and the newest three of each\n"
		   "signature stay whole. No file of a report is touched, and what was removed\n"
		   "does not come back from its file unless 'agxtriage scan' is given its name.\n"
		   "\n"
		   "  agxtriage gc --raw-max-age 90d --max-size 500M --dry-run\n"
		   "  agxtriage gc --recompress                removes nothing",
	.options = option_rows,
	.options_bytes = sizeof(struct gc_options),
	.run = run,
};
