/* agxtriage experiments: what was measured. */
#include "cli/experiments.h"
#include "cli/commands.h"

static enum cli_status put_platform(struct cli *cli, const struct experiment_summary *summary) {
	struct buf text = {0};
	experiment_platform_text(summary, &cli->out, &text);
	return measure_put(cli, &text);
}

static bool is_text(const struct measure_format *format) {
	return !format->json && !format->csv && !format->markdown && !format->hyperfine;
}

static enum cli_status show(
	struct cli *cli, const struct experiments_options *options, int count, char **operands) {
	struct experiment_summary summary;
	enum cli_status status =
		measure_load(cli, (const char *const *)operands, (size_t)count, &summary);
	if (status != CLI_DONE)
		return status;
	cli_page(cli, options->no_pager);
	if (options->trials)
		status = experiments_trials(cli, options, &summary);
	else
		status = measure_write(cli, &summary, &options->format);
	if (status == CLI_DONE && !options->trials && is_text(&options->format))
		status = put_platform(cli, &summary);
	experiment_summary_finish(&summary);
	return status;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct experiments_options *options = values;
	const struct measure_format *format = &options->format;
	bool shaped = format->csv || format->markdown || format->hyperfine;
	enum cli_status status = measure_check_format(cli, format);
	if (status != CLI_DONE)
		return status;
	if (options->trials && shaped)
		return cli_usage(cli, "--trials come as text or with --json");
	if (count && options->limit.set)
		return cli_usage(cli, "-n is for the list, not for an experiment");
	if (count)
		return show(cli, options, count, operands);
	if (options->trials || shaped)
		return cli_usage(cli, "that needs an experiment: its number, or latest");
	return experiments_list(cli, options);
}

static const struct option_row option_rows[] = {
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.help = "list the newest N",
		.type = OPTION_INT,
		.offset = offsetof(struct experiments_options, limit),
		.min = 1},
	{.name = "trials",
		.help = "every trial on a line of its own",
		.type = OPTION_FLAG,
		.offset = offsetof(struct experiments_options, trials)},
	MEASURE_FORMAT_ROWS(struct experiments_options, format),
	CLI_OPTION_NO_PAGER(struct experiments_options),
	{0},
};

const struct command experiments_command = {
	.name = "experiments",
	.operands = "[ID[:CONDITION]...]",
	.summary = "list experiments, or show what one came to",
	.details =
		"Without ID the list, newest first. ID is a number of that list or latest; 7:2 is\n"
		"its condition 2, counted from 0. Shows what 'compare' shows, and the platform.\n"
		"--json is an object for each experiment of the list, for each of the --trials,\n"
		"or one for what was named.\n"
		"\n"
		"  agxtriage experiments                    what there is\n"
		"  agxtriage experiments latest             rates, throughputs, conclusions\n"
		"  agxtriage experiments 7 --trials --json  every trial of it",
	.options = option_rows,
	.options_bytes = sizeof(struct experiments_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ,
	.run = run,
};
