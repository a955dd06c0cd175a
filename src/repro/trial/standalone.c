/* The trial as a program of its own, with no backend but Metal: what amalgamate.py ends with. */
#include "repro/trial/backends.h"
#include "repro/trial/trial.h"

#include <stdio.h>
#include <string.h>

enum { WRONG_USAGE = 2 };

const struct backend *const backends[] = {&backend_metal, NULL};

int main(int argc, char **argv) {
	struct trial_options options;
	struct trial_error err = {.text = ""};
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		trial_print_help();
		return 0;
	}
	trial_defaults(&options);
	if (trial_parse(&argc, argv, &options, &err) < 0) {
		fprintf(stderr, "agxtriage-repro: %s\n", err.text);
		return WRONG_USAGE;
	}
	if (argc > 1) {
		fprintf(stderr, "agxtriage-repro: what is %s? (--help tells)\n", argv[1]);
		return WRONG_USAGE;
	}
	return trial_run(&options);
}
