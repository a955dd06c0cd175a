/*
 * agxtriage-repro: the program that is meant to crash, started by agxtriage. Its answer is one line
 * of JSON: which process crashed, and where its report is.
 */
#include "base/buf.h"
#include "base/log.h"
#include "export/json_out.h"
#include "repro/self_test.h"
#include "repro/supervise.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 20000

enum status { DONE = 0, FAILED = 1, USAGE = 2 };

static const char help[] =
	"Usage: agxtriage-repro --self-test [--reports FOLDER]\n"
	"\n"
	"Crashes a child of its own with a load from address 0x5c8 and says in JSON which\n"
	"process that was. Where the system has no crash reporter, --reports names the\n"
	"folder that its report is written to. 'agxtriage doctor --self-test' runs it.\n";

struct options {
	bool self_test, help, version;
	const char *reports;
};

static bool parse(int argc, char **argv, struct options *ret) {
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--self-test"))
			ret->self_test = true;
		else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			ret->help = true;
		else if (!strcmp(argv[i], "--version"))
			ret->version = true;
		else if (!strcmp(argv[i], "--reports") && i + 1 < argc)
			ret->reports = argv[++i];
		else
			return false;
	}
	return ret->self_test || ret->help || ret->version;
}

static enum status answer(const struct supervised_end *end) {
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
	buf_add_char(&line, '\n');
	bool written = !line.failed && fwrite(line.data, 1, line.len, stdout) == line.len &&
		       fflush(stdout) == 0;
	buf_finish(&line);
	return written ? DONE : FAILED;
}

static enum status self_test(const struct options *options) {
	const struct supervised what = {
		.run = self_test_crash,
		.reports = options->reports,
		.name = "agxtriage-repro",
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
		status = answer(&end);
	free(end.report);
	return status;
}

int main(int argc, char **argv) {
	struct options options = {0};
	if (!parse(argc, argv, &options)) {
		fputs(help, stderr);
		return USAGE;
	}
	if (options.help || options.version) {
		fputs(options.help ? help : "agxtriage-repro " AGXTRIAGE_VERSION "\n", stdout);
		return fflush(stdout) == 0 ? DONE : FAILED;
	}
	return (int)self_test(&options);
}
