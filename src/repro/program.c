/*
 * agxtriage-repro: the program that is meant to crash. Runs one trial, watched where the system has
 * no crash reporter, or the self-test of 'agxtriage doctor'. What it says stands in answer.h.
 */
#include "base/buf.h"
#include "base/log.h"
#include "export/json_out.h"
#include "repro/self_test.h"
#include "repro/supervise.h"
#include "repro/trial/trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "agxtriage-repro"
#define TIMEOUT_MS 20000

/* By a signal: 128 and its number. */
enum status { DONE = 0, FAILED = 1, USAGE = 2, SIGNALLED = 128 };

static const char help[] =
	"Usage: agxtriage-repro [--reports FOLDER] [--die-with-parent] [TRIAL OPTIONS]\n"
	"       agxtriage-repro --self-test [--reports FOLDER]\n"
	"\n"
	"Runs one trial: threads that encode small kernels, which may crash. Says in lines of\n"
	"JSON how it went. Exit status: 0 finished, 1 failed, 2 wrong usage, 3 a command\n"
	"buffer failed, 4 wrong results, 128 + N ended by signal N. 'agxtriage repro' runs it.\n"
	"\n"
	"  --reports FOLDER    where the report of a crash is written to, on systems that have\n"
	"                      no crash reporter; without it there is none\n"
	"  --die-with-parent   ends when the process that started it does, however that ends\n"
	"  --check             only looks whether the options make sense\n"
	"  --self-test         crashes a child with a load from address 0x5c8 and says in JSON\n"
	"                      which process that was ('agxtriage doctor --self-test' runs it)\n"
	"  --version, --help\n"
	"\n"
	"SIGQUIT: says where every thread stands, and goes on (not on macOS: sample(1) does).\n"
	"\n";

struct options {
	bool self_test, help, version, check, die_with_parent;
	const char *reports;
};

/* ---- options ---- */

/* "--name VALUE" and "--name=VALUE" at argv[*at]. */
static bool take_value(char **argv, int *at, const char *name, const char **ret) {
	size_t len = strlen(name);
	if (strncmp(argv[*at], name, len) != 0)
		return false;
	if (argv[*at][len] == '=')
		*ret = argv[*at] + len + 1;
	else if (!argv[*at][len] && argv[*at + 1])
		*ret = argv[++*at];
	else
		return false;
	return true;
}

/* Takes our own out of argv; what is left is the trial's. */
static void parse(int *argc, char **argv, struct options *ret) {
	int kept = 1;
	for (int i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--self-test"))
			ret->self_test = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			ret->help = true;
		else if (!strcmp(argv[i], "--version"))
			ret->version = true;
		else if (!strcmp(argv[i], "--check"))
			ret->check = true;
		else if (!strcmp(argv[i], "--die-with-parent"))
			ret->die_with_parent = true;
		else if (!take_value(argv, &i, "--reports", &ret->reports))
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
}

static enum status wrong_usage(const char *what, const char *which) {
	log_error("%s%s (agxtriage-repro --help)", what, which);
	return USAGE;
}

/* ---- answers ---- */

static enum status say(struct buf *line) {
	buf_add_char(line, '\n');
	bool written = !line->failed && fwrite(line->data, 1, line->len, stdout) == line->len &&
		       fflush(stdout) == 0;
	return written ? DONE : FAILED;
}

static void say_stacks(const char *text) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_text(&out, "type", "stacks");
	json_out_text(&out, "text", text);
	json_out_object_end(&out);
	(void)say(&line);
	buf_finish(&line);
}

static void say_crash(const struct supervised_end *end, const struct err *err) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_text(&out, "type", "crash");
	json_out_i64(&out, "pid", end->pid);
	json_out_time(&out, "launched_at", end->launched_at_us);
	json_out_i64(&out, "signal", end->signal);
	json_out_text(&out, "report", end->report);
	json_out_text(&out, "error", err->code ? err->text : NULL);
	json_out_object_end(&out);
	(void)say(&line);
	buf_finish(&line);
}

static enum status say_self_test(const struct supervised_end *end) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_i64(&out, "pid", end->pid);
	json_out_time(&out, "launched_at", end->launched_at_us);
	json_out_i64(&out, "signal", end->signal);
	json_out_i64(&out, "status", end->status);
	json_out_text(&out, "report", end->report);
	json_out_object_end(&out);
	enum status status = say(&line);
	buf_finish(&line);
	return status;
}

/* ---- what is run ---- */

static enum status self_test(const struct options *options) {
	const struct supervised what = {
		.run = self_test_crash,
		.reports = options->reports,
		.name = NAME,
		.timeout_ms = TIMEOUT_MS,
	};
	struct supervised_end end = {0};
	struct err err = {0};
	int r = supervise(&what, &end, &err);
	enum status status = FAILED;
	if (r < 0)
		log_error("%s", err.text);
	else if (!end.signal)
		log_error("the child did not crash: it ended with status %d", end.status);
	else
		status = say_self_test(&end);
	free(end.report);
	return status;
}

static int run_trial(void *user) {
	return trial_run(user);
}

/* A report that could not be written changes nothing of how the trial ended. */
static int finish_trial(const struct supervised_end *end, const struct err *err) {
	bool obeyed = end->signal ? supervise_obeyed(end) : end->told && end->status;
	if (obeyed)
		return SIGNALLED + end->told;
	if (!end->signal)
		return end->status;
	say_crash(end, err);
	return SIGNALLED + end->signal;
}

static int trial(const struct options *options, struct trial_options *of_trial) {
	const struct supervised what = {
		.run = run_trial,
		.user = of_trial,
		.reports = options->reports,
		.name = NAME,
		.abort_text = trial_abort_text,
		.stacks = say_stacks,
	};
	struct supervised_end end = {0};
	struct err err = {0};
	int status = FAILED;
	of_trial->thread_started = supervise_thread_started;
	if ((options->die_with_parent && supervise_parent(&err) < 0) ||
		(supervise_trial(&what, &end, &err) < 0 && !end.ended))
		log_error("%s", err.text);
	else
		status = finish_trial(&end, &err);
	free(end.report);
	return status;
}

static enum status print(const struct options *options) {
	if (options->help) {
		fputs(help, stdout);
		trial_print_help();
	} else {
		puts("agxtriage-repro " AGXTRIAGE_VERSION);
	}
	return fflush(stdout) == 0 ? DONE : FAILED;
}

int main(int argc, char **argv) {
	struct options options = {0};
	struct trial_options of_trial;
	struct trial_error error = {0};
	parse(&argc, argv, &options);
	if (options.help || options.version)
		return (int)print(&options);
	if (options.self_test && argc > 1)
		return (int)wrong_usage("no option of the self-test: ", argv[1]);
	if (options.self_test)
		return (int)self_test(&options);
	trial_defaults(&of_trial);
	if (trial_parse(&argc, argv, &of_trial, &error) < 0)
		return (int)wrong_usage(error.text, "");
	if (argc > 1)
		return (int)wrong_usage("no option known here: ", argv[1]);
	return options.check ? DONE : trial(&options, &of_trial);
}
