/* The options of a trial: one table row each, which is also its line of help. */
#include "repro/trial/backends.h"
#include "repro/trial/locks.h"
#include "repro/trial/scenarios.h"
#include "repro/trial/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_THREADS_MAX 256
#define TRIAL_ELEMENTS_MAX (64 << 20) /* 256 MiB for each of a thread's three buffers */
#define TRIAL_OPERATIONS_MAX UINT64_C(1000000000000)
#define TRIAL_SECONDS_MAX 86400
#define TRIAL_LATENCY_MAX_US 10000000

struct trial_option {
	const char *name, *value; /* "--threads", "N" */
	const char *about;
	/* NULL: a number from low to high, which goes to the member at offset. */
	int (*set)(struct trial_options *options, const char *value, struct trial_error *err);
	uint64_t low, high;
	size_t offset, size;
};

#define trial_option_say(err, ...) snprintf((err)->text, sizeof(err)->text, __VA_ARGS__)
#define trial_option_fail(err, ...) (trial_option_say(err, __VA_ARGS__), -1)

/* ---- names */

/* Appends ", name" or " and name" of what is known. */
static void trial_option_known(struct trial_error *err, const char *name, size_t index) {
	size_t len = strlen(err->text);
	snprintf(err->text + len, sizeof err->text - len, "%s%s", index ? ", " : " ", name);
}

static int trial_set_backend(
	struct trial_options *options, const char *value, struct trial_error *err) {
	for (size_t i = 0; backends[i]; i++) {
		if (strcmp(backends[i]->name, value) != 0)
			continue;
		options->backend = backends[i];
		return 0;
	}
	trial_option_say(err, "--backend %.64s: this build has", value);
	for (size_t i = 0; backends[i]; i++)
		trial_option_known(err, backends[i]->name, i);
	return -1;
}

static int trial_set_scenario(
	struct trial_options *options, const char *value, struct trial_error *err) {
	const struct scenario *scenario = scenario_find(value);
	if (scenario) {
		options->scenario = scenario;
		return 0;
	}
	trial_option_say(err, "--scenario %.64s: there are", value);
	for (size_t i = 0; scenarios[i].name; i++)
		trial_option_known(err, scenarios[i].name, i);
	return -1;
}

static int trial_set_lock(
	struct trial_options *options, const char *value, struct trial_error *err) {
	const struct lock_policy *policy = lock_policy_find(value);
	if (policy) {
		options->lock = policy;
		return 0;
	}
	trial_option_say(err, "--lock %.64s: there are", value);
	for (size_t i = 0; lock_policies[i].name; i++)
		trial_option_known(err, lock_policies[i].name, i);
	return -1;
}

static int trial_set_queues(
	struct trial_options *options, const char *value, struct trial_error *err) {
	if (!strcmp(value, "shared"))
		options->queues = 1;
	else if (!strcmp(value, "per-thread"))
		options->queues = 0;
	else
		return trial_option_fail(err, "--queues %.64s: shared or per-thread", value);
	return 0;
}

static const char *const trial_rehearsals[REHEARSAL_COUNT] = {
	[REHEARSAL_NONE] = "none",
	[REHEARSAL_GPU_ERROR] = "gpu-error",
	[REHEARSAL_WRONG_RESULT] = "wrong-result",
	[REHEARSAL_HANG] = "hang",
};

static int trial_set_rehearsal(
	struct trial_options *options, const char *value, struct trial_error *err) {
	for (int i = 0; i < REHEARSAL_COUNT; i++) {
		if (strcmp(trial_rehearsals[i], value) != 0)
			continue;
		options->rehearsal = (enum rehearsal)i;
		return 0;
	}
	trial_option_say(err, "--sim-fault %.64s: there are", value);
	for (size_t i = 0; i < REHEARSAL_COUNT; i++)
		trial_option_known(err, trial_rehearsals[i], i);
	return -1;
}

static int trial_kernel_bit(const char *name, size_t len, unsigned *ret) {
	for (int i = 0; i < KERNEL_COUNT; i++) {
		if (strlen(kernel_names[i]) != len || memcmp(kernel_names[i], name, len) != 0)
			continue;
		*ret |= 1u << i;
		return 0;
	}
	return -1;
}

static int trial_set_kernels(
	struct trial_options *options, const char *value, struct trial_error *err) {
	unsigned kernels = 0;
	for (const char *at = value;; at++) {
		size_t len = strcspn(at, ",");
		if (trial_kernel_bit(at, len, &kernels) < 0) {
			trial_option_say(err, "--kernels %.64s: a list, with commas, of", value);
			for (size_t i = 0; i < KERNEL_COUNT; i++)
				trial_option_known(err, kernel_names[i], i);
			return -1;
		}
		at += len;
		if (!*at)
			break;
	}
	options->kernels = kernels;
	return 0;
}

static int trial_set_python(
	struct trial_options *options, const char *value, struct trial_error *err) {
	if (!*value)
		return trial_option_fail(err, "--python: the path of a Python is empty");
	options->python = value;
	return 0;
}

/* ---- numbers */

/* Digits only, so neither blanks nor signs. */
static int trial_number(const char *value, uint64_t *ret) {
	char *end = NULL;
	if (value[0] < '0' || value[0] > '9')
		return -1;
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (errno || *end)
		return -1;
	*ret = number;
	return 0;
}

static int trial_set_number(struct trial_options *options, const struct trial_option *option,
	const char *value, struct trial_error *err) {
	char *member = (char *)options + option->offset;
	uint64_t number = 0;
	if (trial_number(value, &number) < 0 || number < option->low || number > option->high)
		return trial_option_fail(err,
			"%s %.64s: a whole number from %" PRIu64 " to %" PRIu64 " is wanted",
			option->name, value, option->low, option->high);
	unsigned small = (unsigned)number;
	if (option->size == sizeof small)
		memcpy(member, &small, sizeof small);
	else
		memcpy(member, &number, sizeof number);
	return 0;
}

/* A fraction of at least a microsecond, in digits and one point. */
static int trial_set_seconds(
	struct trial_options *options, const char *value, struct trial_error *err) {
	char *end = NULL;
	double seconds = strtod(value, &end);
	bool plain = *value && strspn(value, "0123456789.") == strlen(value);
	if (!plain || *end || !(seconds >= 1e-6 && seconds <= TRIAL_SECONDS_MAX))
		return trial_option_fail(err,
			"--seconds %.64s: a number of seconds above 0, at most %d, is wanted",
			value, TRIAL_SECONDS_MAX);
	options->seconds = seconds;
	return 0;
}

/* ---- the table */

#define TRIAL_MEMBER(name) \
	offsetof(struct trial_options, name), sizeof(((struct trial_options *)0)->name)

static const struct trial_option trial_option_rows[] = {
	{"--backend", "NAME", "what encodes and computes; see below", trial_set_backend, 0, 0, 0,
		0},
	{"--scenario", "NAME", "what the threads share; see below (shared-queue)",
		trial_set_scenario, 0, 0, 0, 0},
	{"--lock", "NAME", "locking policy; see below (none)", trial_set_lock, 0, 0, 0, 0},
	{"--threads", "N", "threads that encode (1)", NULL, 1, TRIAL_THREADS_MAX,
		TRIAL_MEMBER(threads)},
	{"--operations", "N",
		"of all threads together; 0: until --seconds are over (400, 0 with --seconds)",
		NULL, 0, TRIAL_OPERATIONS_MAX, TRIAL_MEMBER(operations)},
	{"--seconds", "S", "stop after S seconds, however many operations were done",
		trial_set_seconds, 0, 0, 0, 0},
	{"--warm-up", "N", "operations of each thread before measuring, one thread at a time (4)",
		NULL, 0, 1000000, TRIAL_MEMBER(warm_up)},
	{"--elements", "N", "elements of a buffer, float32 (8192)", NULL, 1, TRIAL_ELEMENTS_MAX,
		TRIAL_MEMBER(elements)},
	{"--kernels", "LIST", "which kernels, of add,mul,copy (all)", trial_set_kernels, 0, 0, 0,
		0},
	{"--queues", "HOW", "shared or per-thread (as the scenario has it)", trial_set_queues, 0, 0,
		0, 0},
	{"--wait-every", "N", "a thread waits for the GPU and checks after N operations (8)", NULL,
		1, 1000000, TRIAL_MEMBER(wait_every)},
	{"--seed", "N", "of the buffers' contents and the choice of kernels (1)", NULL, 0,
		UINT64_MAX, TRIAL_MEMBER(seed)},
	{"--gpu-latency", "US", "microseconds that a submission to the simulated GPU takes (500)",
		NULL, 0, TRIAL_LATENCY_MAX_US, TRIAL_MEMBER(latency_us)},
	{"--sim-fault", "WHAT",
		"for rehearsals: the simulated GPU does gpu-error, wrong-result or hang (none)",
		trial_set_rehearsal, 0, 0, 0, 0},
	{"--python", "PATH", "the Python of the scenario torch (python3)", trial_set_python, 0, 0,
		0, 0},
};

enum { TRIAL_OPTIONS = sizeof trial_option_rows / sizeof trial_option_rows[0] };

void trial_defaults(struct trial_options *ret) {
	*ret = (struct trial_options){
		.backend = backends[0],
		.scenario = scenario_find("shared-queue"),
		.lock = lock_policy_find("none"),
		.threads = 1,
		.operations = 400,
		.warm_up = 4,
		.elements = 8192,
		.kernels = (1u << KERNEL_COUNT) - 1,
		.queues = -1,
		.wait_every = 8,
		.latency_us = 500,
		.seed = 1,
		.python = "python3",
	};
}

/* ---- the command line */

/* The row that argument names, with its value if that stands behind "=", else NULL. */
static int trial_option_find(const char *argument, const char **ret_value) {
	size_t len = strcspn(argument, "=");
	for (int i = 0; i < TRIAL_OPTIONS; i++) {
		const char *name = trial_option_rows[i].name;
		if (strlen(name) != len || memcmp(name, argument, len) != 0)
			continue;
		*ret_value = argument[len] ? argument + len + 1 : NULL;
		return i;
	}
	return -1;
}

static int trial_option_set(struct trial_options *options, const struct trial_option *option,
	const char *value, struct trial_error *err) {
	if (!value)
		return trial_option_fail(err, "%s wants a value: %s", option->name, option->value);
	if (option->set)
		return option->set(options, value, err);
	return trial_set_number(options, option, value, err);
}

/* What no single option can tell. */
static int trial_options_agree(
	struct trial_options *options, bool operations_given, struct trial_error *err) {
	if (options->seconds > 0 && !operations_given)
		options->operations = 0;
	if (!options->operations && !(options->seconds > 0))
		return trial_option_fail(err, "--operations 0 would never end without --seconds");
	if (options->rehearsal && strcmp(options->backend->name, "sim") != 0)
		return trial_option_fail(err, "--sim-fault is for --backend sim");
	bool torch = !options->scenario->run,
	     known = !strcmp(options->lock->name, "none") || !strcmp(options->lock->name, "global");
	if (torch && !known)
		return trial_option_fail(err,
			"--lock %s: the scenario torch has none and global only, for nobody can "
			"lock inside of PyTorch from outside",
			options->lock->name);
	return 0;
}

/* Everything behind "--" is somebody else's. */
int trial_parse(int *argc, char **argv, struct trial_options *ret, struct trial_error *err) {
	struct trial_options options = *ret;
	int kept = 1, i = 1;
	bool operations_given = false;
	*err = (struct trial_error){0};
	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = NULL;
		int row = trial_option_find(argv[i], &value);
		if (row < 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!value && i + 1 < *argc)
			value = argv[++i];
		if (trial_option_set(&options, &trial_option_rows[row], value, err) < 0)
			return -1;
		operations_given |= !strcmp(trial_option_rows[row].name, "--operations");
	}
	if (trial_options_agree(&options, operations_given, err) < 0)
		return -1;
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	*ret = options;
	return 0;
}

/* ---- help */

#define TRIAL_HELP_COLUMNS 79

/* Wrapped at blanks, each line but the first indented by so many; the first is there already. */
static void trial_print_wrapped(const char *text, size_t indent) {
	size_t column = indent;
	for (const char *word = text; *word;) {
		size_t len = strcspn(word, " ");
		if (column > indent && column + 1 + len > TRIAL_HELP_COLUMNS) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		fwrite(word, 1, len, stdout);
		column += len;
		word += len + strspn(word + len, " ");
	}
	putchar('\n');
}

static void trial_print_row(const char *name, const char *value, const char *text, size_t indent) {
	char head[64];
	snprintf(head, sizeof head, "  %s%s%s", name, *value ? " " : "", value);
	printf("%-*s", (int)indent, head);
	trial_print_wrapped(text, indent);
}

static void trial_print_part(const char *name, const char *text) {
	printf("    %-11s", name);
	trial_print_wrapped(text, 15);
}

void trial_print_help(void) {
	puts("Options of a trial:");
	for (int i = 0; i < TRIAL_OPTIONS; i++)
		trial_print_row(trial_option_rows[i].name, trial_option_rows[i].value,
			trial_option_rows[i].about, 24);
	puts("\nBackends:");
	for (size_t i = 0; backends[i]; i++)
		trial_print_row(backends[i]->name, "", backends[i]->about, 12);
	puts("\nLocking policies, for all from the command buffer to the wait:");
	for (size_t i = 0; lock_policies[i].name; i++)
		trial_print_row(lock_policies[i].name, "", lock_policies[i].about, 12);
	puts("\nScenarios:");
	for (size_t i = 0; scenarios[i].name; i++) {
		printf("  %s\n    ", scenarios[i].name);
		trial_print_wrapped(scenarios[i].does, 4);
		trial_print_part("expected:", scenarios[i].expected);
		trial_print_part("simulated:", scenarios[i].simulated);
	}
}
