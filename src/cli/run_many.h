/* run -n: a command again and again, as an experiment. */
#ifndef CLI_RUN_MANY_H
#define CLI_RUN_MANY_H

#include "cli/measure.h"

struct run_many {
	struct i64_opt runs, seed;
	struct option_list env, matrix;
	const char *metric, *unit;
	bool resume;
	struct measure_format format;
};

/* What a single run knows too. */
struct run_common {
	bool fail_on_crash;
	struct i64_opt wait_s, timeout_s;
	const char *summary;
};

/* Whether anything was asked for that a single run does not do. */
bool run_many_wanted(const struct run_many *many);
enum cli_status run_many(struct cli *cli, const struct run_many *many,
	const struct run_common *common, int count, char **operands);

#endif
