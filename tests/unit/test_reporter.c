/* What can be learnt of a crash reporter, from files of our own and programs that stand in for the
 * system's. */
#include "repro/reporter.h"

#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define S 1000000 /* one second */

static char folder[64];

static const char *path_of(const char *name) {
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode) {
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static int set_up(void **state) {
	snprintf(folder, sizeof folder, "/tmp/agxtriage-reporter-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(path_of("Retired"), 0700), 0);
	return 0;
}

static int tear_down(void **state) {
	char name[128];
	static const char *const parts[] = {"Retired/", ""};
	for (size_t i = 0; i < 2; i++)
		for (int n = 0; n < 40; n++) {
			snprintf(name, sizeof name, "%spython3-2026-01-01-0000%02d.ips", parts[i],
				n);
			unlink(path_of(name));
		}
	unlink(path_of("python3.11-2026-01-01-000000.ips"));
	unlink(path_of("python3-notes.txt"));
	unlink(path_of("program"));
	unlink(path_of("args"));
	rmdir(path_of("Retired"));
	return rmdir(folder);
}

static struct reporter_question ask(int64_t elapsed_s) {
	static const char *folders[1];
	folders[0] = folder;
	return (struct reporter_question){.process = "python3",
		.crashed_at_us = 100 * S,
		.now_us = (100 + elapsed_s) * S,
		.folders = folders,
		.folder_count = 1};
}

static void test_labels(void **state) {
	const struct reporter none = {0};
	struct reporter_question question = ask(59);
	assert_int_equal(reporter_explain(&none, &question), REPORTER_LATE);
	question = ask(60);
	assert_int_equal(reporter_explain(&none, &question), REPORTER_OFF);
	put("program", "#!/bin/sh\necho '\"com.apple.ReportCrash\" => enabled'\n", 0700);
	char *program = strdup(path_of("program"));
	const struct reporter with = {.launchctl = program};
	assert_int_equal(reporter_explain(&with, &question), REPORTER_UNKNOWN);
	put("program",
		"#!/bin/sh\ncase $2 in gui/*) echo '\t\"com.apple.ReportCrash\" => disabled';; esac\n",
		0700);
	assert_int_equal(reporter_explain(&with, &question), REPORTER_OFF);
	put("program", "#!/bin/sh\necho '\t\"com.apple.ReportCrash\" => true'\n", 0700);
	assert_int_equal(reporter_explain(&with, &question), REPORTER_OFF);
	unlink(program);
	assert_int_equal(reporter_explain(&with, &question), REPORTER_UNKNOWN);
	free(program);
}

static void test_quota(void **state) {
	char name[64];
	struct reporter_question question = ask(61);
	for (int i = 0; i < 24; i++) {
		snprintf(name, sizeof name, "%spython3-2026-01-01-0000%02d.ips",
			i % 2 ? "Retired/" : "", i);
		put(name, "", 0600);
	}
	put("python3.11-2026-01-01-000000.ips", "", 0600);
	put("python3-notes.txt", "", 0600);
	assert_int_equal(reporter_count(folder, "python3"), 24);
	assert_int_equal(reporter_explain(&(struct reporter){0}, &question), REPORTER_OFF);
	put("python3-2026-01-01-000030.ips", "", 0600);
	assert_int_equal(reporter_explain(&(struct reporter){0}, &question), REPORTER_FULL);
	assert_int_equal(reporter_count("/nowhere/at/all", "python3"), 0);
}

static void test_log(void **state) {
	struct buf text = {0};
	struct err err = {0};
	assert_int_equal(reporter_log(&(struct reporter){0}, 0, S, &text, &err), 0);
	assert_int_equal(text.len, 0);
	put("program",
		"#!/bin/sh\nprintf '%s\\n' \"$@\" >\"${0%/*}/args\"\n"
		"echo 'Filtering the log data using ...'\n"
		"echo 'Timestamp               Ty Process[PID:TID]'\n"
		"printf '2026-01-01 00:00:01.000 E  kernel[0:1] (IOGPU) \\033[1mfault\\n'\n",
		0700);
	char *program = strdup(path_of("program"));
	const struct reporter with = {.log_program = program};
	assert_int_equal(reporter_log(&with, 1767225600LL * S, 1767225610LL * S, &text, &err), 0);
	assert_string_equal(buf_str(&text),
		"2026-01-01 00:00:01.000 E  kernel[0:1] (IOGPU) \xef\xbf\xbd[1mfault\n");
	char args[1024] = "";
	FILE *file = fopen(path_of("args"), "r");
	assert_non_null(file);
	assert_true(fread(args, 1, sizeof args - 1, file) > 0);
	fclose(file);
	assert_true(text_starts(args, "show\n--style\ncompact\n--start\n"));
	assert_non_null(strstr(args, "\n--end\n"));
	assert_non_null(strstr(args, "\n--predicate\n"));
	assert_non_null(strstr(args, "ReportCrash"));
	buf_finish(&text);
	free(program);
}

static void test_log_long_and_failing(void **state) {
	struct buf text = {0};
	struct err err = {0};
	put("program",
		"#!/bin/sh\ni=0; while [ $i -lt 300 ]; do echo line $i; i=$((i + 1)); done\n",
		0700);
	char *program = strdup(path_of("program"));
	const struct reporter with = {.log_program = program};
	assert_int_equal(reporter_log(&with, 0, S, &text, &err), 0);
	assert_true(text_starts(buf_str(&text), "line 100\n"));
	assert_true(text_ends(buf_str(&text), "\nline 299\n"));
	put("program", "#!/bin/sh\necho 'log: not permitted' >&2; exit 64\n", 0700);
	buf_reset(&text);
	assert_int_equal(reporter_log(&with, 0, S, &text, &err), -EIO);
	assert_non_null(strstr(err.text, "log: not permitted"));
	assert_int_equal(text.len, 0);
	buf_finish(&text);
	free(program);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quota, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_log_long_and_failing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
