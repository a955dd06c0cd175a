/*
 * launchctl as it fails: a stand-in in PATH takes its answers from files, one line per call
 * ("STATUS|TEXT", the last one stays), and notes what it was asked.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/launchd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

#define NOT_THERE "113|Could not find service \"agxtriage\" in domain for user gui: 501\\n"
#define RUNNING "0|gui/501/agxtriage = {\\n\\tstate = running\\n\\tpid = 42\\n}\\n"
#define WAITING "0|gui/501/agxtriage = {\\n\\tstate = not running\\n\\tlast exit code = 1\\n}\\n"
#define BUSY "5|Bootstrap failed: 5: Input/output error\\nTry re-running the command as root\\n"

static const char stand_in[] =
	"#!/bin/sh\n"
	"cd \"${0%/*}\"\n"
	"echo \"$*\" >>calls\n"
	"answers=answer.$1\n"
	"[ -f $answers ] || exit 64\n"
	"line=$(head -n 1 $answers)\n"
	"if [ $(wc -l <$answers) -gt 1 ]; then tail -n +2 $answers >rest; mv rest $answers; fi\n"
	"status=${line%%|*}\n"
	"[ $status = hang ] && exec sleep 60\n"
	"if [ $status = 0 ]; then printf \"${line#*|}\"; else printf \"${line#*|}\" >&2; fi\n"
	"exit $status\n";

static char folder[64], *old_path;
static struct launchd launchd;

static void put(const char *name, const char *text, mode_t mode) {
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* What launchctl VERB answers from now on: lines, NULL-terminated. */
static void answers(const char *verb, const char *const *lines) {
	char name[64];
	struct buf text = {0};
	snprintf(name, sizeof name, "answer.%s", verb);
	for (; *lines; lines++)
		buf_printf(&text, "%s\n", *lines);
	put(name, buf_str(&text), 0600);
	buf_finish(&text);
}

#define ANSWERS(verb, ...) answers(verb, (const char *const[]){__VA_ARGS__, NULL})

static void check_calls(const char *want) {
	char path[256];
	struct buf text = {0};
	snprintf(path, sizeof path, "%s/calls", folder);
	assert_int_equal(file_read(AT_FDCWD, path, FILE_NOFOLLOW, 1u << 20, &text, NULL, NULL), 0);
	assert_string_equal(buf_str(&text), want);
	buf_finish(&text);
	unlink(path);
}

static int setup(void **state) {
	struct buf path = {0};
	snprintf(folder, sizeof folder, "/tmp/agxtriage-launchd-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	put("launchctl", stand_in, 0700);
	const char *here = getenv("PATH");
	old_path = here ? strdup(here) : NULL;
	buf_printf(&path, "%s:%s", folder, old_path ? old_path : "/usr/bin:/bin");
	setenv("PATH", buf_str(&path), 1);
	buf_finish(&path);
	if (launchd_open(&launchd, "agxtriage", NULL) < 0)
		return -1;
	launchd.uid = 501;
	launchd.times = (struct launchd_times){.call_ms = 20000,
		.gone_ms = 2000,
		.poll_ms = 1,
		.poll_max_ms = 2,
		.bootstrap_ms = 20000,
		.running_ms = 300};
	return 0;
}

static int teardown(void **state) {
	launchd_close(&launchd);
	if (old_path)
		setenv("PATH", old_path, 1);
	free(old_path);
	DIR *dir = opendir(folder);
	struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return rmdir(folder);
}

static void test_missing(void **state) {
	struct launchd none;
	char *with = strdup(getenv("PATH"));
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(launchd_open(&none, "agxtriage", NULL), -ENOENT);
	setenv("PATH", with, 1);
	free(with);
}

static void test_find(void **state) {
	struct launchd_job job;
	struct err err;
	ANSWERS("print", RUNNING, NOT_THERE, "112|Could not find specified domain", "125|x",
		"1|Could not find domain for user gui: 501", "1|odd\\nwords", "0|", "77|");
	assert_int_equal(launchd_find(&launchd, LAUNCHD_GUI, &job, &err), 1);
	assert_true(job.running && job.pid.value == 42);
	for (int i = 0; i < 4; i++)
		assert_int_equal(launchd_find(&launchd, LAUNCHD_USER, &job, &err), 0);
	assert_int_equal(launchd_find(&launchd, LAUNCHD_GUI, &job, &err), -EIO);
	assert_string_equal(err.text, "launchctl print gui/501/agxtriage: odd");
	assert_int_equal(launchd_find(&launchd, LAUNCHD_GUI, &job, &err), 1);
	assert_false(job.running);
	assert_int_equal(launchd_find(&launchd, LAUNCHD_GUI, &job, &err), -EIO);
	assert_non_null(strstr(err.text, "ended with 77"));
}

static void test_hangs(void **state) {
	struct launchd_job job;
	struct err err;
	int64_t start_us = clock_monotonic_us();
	ANSWERS("print", "hang|");
	launchd.times.call_ms = 200;
	assert_int_equal(launchd_find(&launchd, LAUNCHD_GUI, &job, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no answer within"));
	assert_true(clock_monotonic_us() - start_us < 10 * 1000000LL);
}

static void test_boot_out(void **state) {
	struct err err;
	ANSWERS("bootout", "0|", "36|Boot-out failed: 36: Operation now in progress",
		"3|Boot-out failed: 3: No such process", "113|", "5|Boot-out failed: 5: x",
		"150|Boot-out failed: 150: Operation not permitted");
	ANSWERS("print", RUNNING, WAITING, NOT_THERE, RUNNING, NOT_THERE, NOT_THERE, RUNNING);
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), 1);
	check_calls("bootout gui/501/agxtriage\nprint gui/501/agxtriage\n"
		    "print gui/501/agxtriage\nprint gui/501/agxtriage\n");
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_USER, &err), 1);
	check_calls("bootout user/501/agxtriage\nprint user/501/agxtriage\n"
		    "print user/501/agxtriage\n");
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), 0);
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), 0);
	check_calls("bootout gui/501/agxtriage\nbootout gui/501/agxtriage\n");
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), 0);
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), -EIO);
	assert_non_null(strstr(err.text, "150: Operation not permitted"));
}

static void test_never_gone(void **state) {
	struct err err;
	ANSWERS("bootout", "0|");
	ANSWERS("print", RUNNING);
	launchd.times.gone_ms = 100;
	assert_int_equal(launchd_boot_out(&launchd, LAUNCHD_GUI, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "still there"));
}

static void test_bootstrap_busy(void **state) {
	struct err err;
	ANSWERS("print", "0|");
	ANSWERS("bootstrap", BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, "0|");
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), 0);
	/* After the first one it asks, once, whether there is such a domain. */
	check_calls("bootstrap gui/501 /p.plist\nprint gui/501\n"
		    "bootstrap gui/501 /p.plist\nbootstrap gui/501 /p.plist\n"
		    "bootstrap gui/501 /p.plist\nbootstrap gui/501 /p.plist\n"
		    "bootstrap gui/501 /p.plist\nbootstrap gui/501 /p.plist\n"
		    "bootstrap gui/501 /p.plist\nbootstrap gui/501 /p.plist\n"
		    "bootstrap gui/501 /p.plist\nbootstrap gui/501 /p.plist\n");
	/* However slow each of them is. */
	launchd.times.bootstrap_ms = 1;
	ANSWERS("bootstrap", BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, "0|");
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), 0);
	ANSWERS("bootstrap", BUSY);
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), -EIO);
	assert_string_equal(
		err.text, "launchctl bootstrap gui/501: Bootstrap failed: 5: Input/output error");
}

static void test_bootstrap_in_progress(void **state) {
	struct err err;
	ANSWERS("print", NOT_THERE, NOT_THERE, RUNNING);
	ANSWERS("bootstrap", "37|Bootstrap failed: 37: Operation already in progress");
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), 0);
	ANSWERS("bootstrap", "36|Bootstrap failed: 36: Operation now in progress", "0|");
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), 0);
	ANSWERS("bootstrap", "hang|");
	launchd.times.call_ms = 300;
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), 0);
	ANSWERS("print", NOT_THERE);
	assert_int_equal(launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err), -ETIMEDOUT);
}

static void test_bootstrap_refused(void **state) {
	static const struct {
		const char *answer;
		int code;
	} cases[] = {
		{"125|Bootstrap failed: 125: Domain does not support specified action",
			-EOPNOTSUPP},
		{"112|Bootstrap failed: 112: Could not find specified domain", -EOPNOTSUPP},
		{"134|Bootstrap failed: 134: Service cannot load in requested session",
			-EOPNOTSUPP},
		{"119|/p.plist: Service is disabled\\nBootstrap failed: 119: Service is disabled",
			-EPERM},
		{"122|Bootstrap failed: 122: Path had bad ownership/permissions", -EIO},
		{"5|Bootstrap failed: 5: Input/output error", -EOPNOTSUPP},
	};
	/* No domain: then 5 means that, too. */
	ANSWERS("print", "125|Domain does not support specified action");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};
		ANSWERS("bootstrap", cases[i].answer);
		int r = launchd_bootstrap(&launchd, LAUNCHD_GUI, "/p.plist", &err);
		assert_int_equal(r, cases[i].code);
		assert_int_equal(err.code, r);
		assert_non_null(strstr(err.text, "Bootstrap failed: "));
	}
}

static void test_disabled(void **state) {
	struct err err;
	ANSWERS("print-disabled",
		"0|\\tdisabled services = {\\n\\t\\t\"agxtriage\" => disabled\\n\\t}\\n", "0|",
		"1|no");
	ANSWERS("enable", "0|", "1|not so");
	assert_int_equal(launchd_is_disabled(&launchd, LAUNCHD_GUI, &err), 1);
	assert_int_equal(launchd_is_disabled(&launchd, LAUNCHD_GUI, &err), 0);
	assert_int_equal(launchd_is_disabled(&launchd, LAUNCHD_USER, &err), -EIO);
	assert_int_equal(launchd_enable(&launchd, LAUNCHD_GUI, &err), 0);
	assert_int_equal(launchd_enable(&launchd, LAUNCHD_GUI, &err), -EIO);
	check_calls("print-disabled gui/501\nprint-disabled gui/501\nprint-disabled user/501\n"
		    "enable gui/501/agxtriage\nenable gui/501/agxtriage\n");
}

static bool third_time(int64_t pid, void *user) {
	int *count = user;
	assert_int_equal(pid, 42);
	return ++*count == 3;
}

static void test_running(void **state) {
	struct err err;
	int looks = 0;
	launchd.times.running_ms = 5000;
	ANSWERS("print", WAITING, "1|odd", RUNNING);
	ANSWERS("kickstart", "37|Operation already in progress", "1|no");
	assert_int_equal(launchd_kickstart(&launchd, LAUNCHD_GUI, &err), 0);
	assert_int_equal(launchd_kickstart(&launchd, LAUNCHD_GUI, &err), -EIO);
	assert_int_equal(launchd_wait_running(&launchd, LAUNCHD_GUI, third_time, &looks, &err), 0);
	assert_int_equal(looks, 3);
}

static bool never(int64_t pid, void *user) {
	return false;
}

static void test_not_running(void **state) {
	static const struct {
		const char *answer, *words;
	} cases[] = {
		{WAITING, "ended with status 1"},
		{"0|x = {\\n\\tstate = not running\\n\\tlast terminating signal = Killed: 9\\n}\\n",
			"Killed: 9"},
		{"0|x = {\\n\\tstate = spawn scheduled\\n}\\n", "spawn scheduled"},
		{"0|\\377\\001garbage", "it does not run"},
		{NOT_THERE, "no longer knows"},
		{"1|odd", "odd"},
		{RUNNING, "does not serve"},
	};
	launchd.times.running_ms = 30;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};
		ANSWERS("print", cases[i].answer);
		assert_int_equal(
			launchd_wait_running(&launchd, LAUNCHD_GUI, never, NULL, &err), -ETIMEDOUT);
		assert_int_equal(err.code, -ETIMEDOUT);
		assert_non_null(strstr(err.text, cases[i].words));
	}
}

/* ---- texts ---- */

static void test_parse_job(void **state) {
	struct launchd_job job;
	launchd_parse_job(
		"gui/501/agxtriage = {\n"
		"\tactive count = 1\n"
		"\tpath = /Users/x/Library/LaunchAgents/agxtriage.plist\n"
		"\tstate = running\n"
		"\targuments = {\n\t\tpid = 7\n\t\tstate = odd\n\t}\n"
		"\tinherited environment = {\n\t\tA => {\n\t\truns = 9\n\t\t}\n\t}\n"
		"\truns = 3\n\tpid = 4711\n\timmediate reason = speculative\n"
		"\tlast exit code = 78: EX_CONFIG\n"
		"\tspawn type = background (1)\n\tdomain = {\n\t\tstate = active\n\t}\n}\n",
		&job);
	assert_true(job.running);
	assert_string_equal(job.state, "running");
	assert_int_equal(job.pid.value, 4711);
	assert_int_equal(job.runs.value, 3);
	assert_true(job.last_exit.set);
	assert_int_equal(job.last_exit.value, 78);
	assert_string_equal(job.last_signal, "");
	launchd_parse_job("\tstate = running\r\n\tlast exit code = (never exited)\n\tpid = -1\n"
			  "\tlast terminating signal = Killed: 9",
		&job);
	assert_true(job.running);
	assert_false(job.last_exit.set || job.pid.set || job.runs.set);
	assert_string_equal(job.last_signal, "Killed: 9");
}

static void test_parse_odd(void **state) {
	static const char *const texts[] = {"", "{", "}", "}\n}\n}\n",
		"state = ", "state =", "pid = \n", "pid = 99999999999999999999\n",
		"state = a very long state that nobody has ever seen\n", "state = \x1b[2J\n",
		" = \n", "x = {\nx = {\nstate = running\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct launchd_job job;
		launchd_parse_job(texts[i], &job);
		assert_false(job.running || job.pid.set);
		assert_string_equal(job.state, "");
	}
}

static void test_parse_disabled(void **state) {
	static const char text[] = "disabled services = {\n\t\"agxtriage.other\" => disabled\n"
				   "\t\"old\" => true\n\t\"off\" => false\n\t\"on\" => enabled\n"
				   "\t\"agxtriage\" => disabled\n\t\"cut\" =";
	assert_true(launchd_parse_disabled(text, "agxtriage"));
	assert_true(launchd_parse_disabled(text, "old"));
	assert_false(launchd_parse_disabled(text, "off"));
	assert_false(launchd_parse_disabled(text, "on"));
	assert_false(launchd_parse_disabled(text, "agx"));
	assert_false(launchd_parse_disabled(text, "cut"));
	assert_false(launchd_parse_disabled("", "agxtriage"));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_missing), T(test_find), T(test_hangs),
		T(test_boot_out), T(test_never_gone), T(test_bootstrap_busy),
		T(test_bootstrap_in_progress), T(test_bootstrap_refused), T(test_disabled),
		T(test_running), T(test_not_running), cmocka_unit_test(test_parse_job),
		cmocka_unit_test(test_parse_odd), cmocka_unit_test(test_parse_disabled)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
