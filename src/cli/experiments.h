/* What 'experiments' prints beside the summary of one: the list of all, and the trials of one. */
#ifndef CLI_EXPERIMENTS_H
#define CLI_EXPERIMENTS_H

#include "cli/measure.h"

struct experiments_options {
	struct measure_format format;
	struct i64_opt limit;
	bool trials, no_pager;
};

/* All experiments, newest first. CLI_NOTHING when there are none. */
enum cli_status experiments_list(struct cli *cli, const struct experiments_options *options);
/* The trials of the conditions of a summary, in the order in which they were started. */
enum cli_status experiments_trials(struct cli *cli, const struct experiments_options *options,
	const struct experiment_summary *summary);

#endif
