/* A trial without a supervisor around it: when it crashes, it crashes. For tests of the trial
 * alone. */
#include "repro/trial/trial.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
	struct trial_options options;
	struct trial_error error = {0};
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		trial_print_help();
		return 0;
	}
	trial_defaults(&options);
	if (trial_parse(&argc, argv, &options, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	if (argc > 1) {
		fprintf(stderr, "%s: no such option\n", argv[1]);
		return 2;
	}
	return trial_run(&options);
}
