/* agxtriage compare: experiments, or conditions of them, side by side. */
#include "cli/commands.h"
#include "cli/measure.h"

#include <stddef.h>

struct compare_options {
	struct measure_format format;
	bool no_pager;
};

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	static const char *const latest[] = {"latest"};
	const struct compare_options *options = values;
	struct experiment_summary summary;
	enum cli_status status = measure_check_format(cli, &options->format);
	if (status == CLI_DONE)
		status = measure_load(cli, count ? (const char *const *)operands : latest,
			count ? (size_t)count : 1, &summary);
	if (status != CLI_DONE)
		return status;
	cli_page(cli, options->no_pager);
	status = measure_write(cli, &summary, &options->format);
	experiment_summary_finish(&summary);
	return status;
}

static const struct option_row option_rows[] = {
	MEASURE_FORMAT_ROWS(struct compare_options, format),
	CLI_OPTION_NO_PAGER(struct compare_options),
	{0},
};

const struct command compare_command = {
	.name = "compare",
	.operands = "[ID[:CONDITION]...]",
	.summary = "lay experiments, or conditions of them, side by side",
	.details =
		"ID is an experiment's number or latest, the default; 7:2 is its condition 2,\n"
		"counted from 0. Shows the crash rate of each condition with Wilson's interval,\n"
		"throughputs, and what the differences allow to conclude.\n"
		"\n"
		"  agxtriage compare                        the conditions of the latest\n"
		"  agxtriage compare 7 9                    before and after an update\n"
		"  agxtriage compare 7:0 9:3 --markdown     two conditions, for an issue",
	.options = option_rows,
	.options_bytes = sizeof(struct compare_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ,
	.run = run,
};
