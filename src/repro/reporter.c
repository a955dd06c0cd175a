/* Asks launchctl and log, and counts files; never opens a report. */
#include "repro/reporter.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LAUNCHCTL_TIMEOUT_MS 5000
#define LOG_TIMEOUT_MS 20000

const char *const reporter_label_names[REPORTER_LABEL_COUNT] = {
	[REPORTER_LATE] = "late",
	[REPORTER_FULL] = "quota",
	[REPORTER_OFF] = "reporter off",
	[REPORTER_UNKNOWN] = "unknown",
};

/* ---- why there is none ---- */

/* "Python-2025-..." or, in an older form, "Python_2025-...". */
static bool is_report_of(const char *file, const char *process) {
	size_t len = strlen(process);
	return !strncmp(file, process, len) && (file[len] == '-' || file[len] == '_') &&
	       (file[len + 1] == '1' || file[len + 1] == '2') &&
	       (text_ends(file, ".ips") || text_ends(file, ".crash"));
}

static size_t count_in(const char *folder, const char *process) {
	size_t count = 0;
	DIR *dir = opendir(folder);
	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += is_report_of(entry->d_name, process);
	closedir(dir);
	return count;
}

size_t reporter_count(const char *folder, const char *process) {
	struct buf retired = {0};
	buf_printf(&retired, "%s/Retired", folder);
	size_t count = count_in(folder, process);
	if (!retired.failed)
		count += count_in(buf_str(&retired), process);
	buf_finish(&retired);
	return count;
}

/* A line such as: "com.apple.ReportCrash" => disabled (older systems: => true). */
static bool says_disabled(const char *text) {
	static const char name[] = "\"com.apple.ReportCrash\" => ";
	const char *found = strstr(text, name);
	if (!found)
		return false;
	found += sizeof name - 1;
	return text_starts(found, "disabled") || text_starts(found, "true");
}

static bool is_disabled(const char *launchctl, const char *kind) {
	char domain[32];
	struct err err = {0};
	struct spawn_result result;
	snprintf(domain, sizeof domain, "%s/%lu", kind, (unsigned long)getuid());
	const char *const argv[] = {launchctl, "print-disabled", domain, NULL};
	bool disabled = spawn_run(argv, LAUNCHCTL_TIMEOUT_MS, &result, &err) == 0 &&
			says_disabled(buf_str(&result.out));
	spawn_finish(&result);
	return disabled;
}

static bool is_off(const struct reporter *reporter) {
	return !reporter->launchctl || is_disabled(reporter->launchctl, "user") ||
	       is_disabled(reporter->launchctl, "gui");
}

enum reporter_label reporter_explain(
	const struct reporter *reporter, const struct reporter_question *question) {
	size_t kept = 0;
	if (question->now_us - question->crashed_at_us < REPORTER_LATE_US)
		return REPORTER_LATE;
	for (size_t i = 0; i < question->folder_count && question->process; i++)
		kept += reporter_count(question->folders[i], question->process);
	if (kept >= REPORTER_QUOTA)
		return REPORTER_FULL;
	return is_off(reporter) ? REPORTER_OFF : REPORTER_UNKNOWN;
}

/* ---- the log ---- */

/* log(1) prints what it filters by, and a line of headings. */
static bool is_heading(const char *line) {
	return text_starts(line, "Filtering the log data") || text_starts(line, "Timestamp ");
}

static const char *next(const char *line) {
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static void add_lines(struct buf *ret, const char *text) {
	size_t lines = 0, skip;
	for (const char *line = text; *line; line = next(line))
		lines += !is_heading(line);
	skip = lines > REPORTER_LOG_LINES ? lines - REPORTER_LOG_LINES : 0;
	for (const char *line = text; *line; line = next(line)) {
		if (is_heading(line) || (skip && skip--))
			continue;
		text_terminal(ret, line, strcspn(line, "\n"), TEXT_LINE);
		buf_add_char(ret, '\n');
	}
}

int reporter_log(const struct reporter *reporter, int64_t from_us, int64_t to_us, struct buf *ret,
	struct err *err) {
	static const char wanted[] =
		"processImagePath ENDSWITH \"/ReportCrash\" OR senderImagePath CONTAINS \"AGX\" "
		"OR senderImagePath CONTAINS \"IOGPU\" OR eventMessage CONTAINS \"AGX\" "
		"OR eventMessage CONTAINS \"IOGPU\"";
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
	struct spawn_result result;
	if (!reporter->log_program)
		return 0;
	/* It takes local time in whole seconds. */
	clock_format_local(from_us, from);
	clock_format_local(to_us + 1000000, to);
	const char *const argv[] = {reporter->log_program, "show", "--style", "compact", "--start",
		from, "--end", to, "--predicate", wanted, NULL};
	int code = spawn_run(argv, LOG_TIMEOUT_MS, &result, err);
	if (!code && result.timed_out)
		code = err_set(err, -ETIMEDOUT, "%s took longer than %d s", reporter->log_program,
			LOG_TIMEOUT_MS / 1000);
	else if (!code && result.status)
		code = err_set(err, -EIO, "%s failed: %.*s", reporter->log_program,
			(int)strcspn(buf_str(&result.err), "\n"), buf_str(&result.err));
	if (!code)
		add_lines(ret, buf_str(&result.out));
	spawn_finish(&result);
	return code;
}
