/* Asks one tool after the other, then the kernel. Knows neither the tools nor the kernel. */
#include "repro/stacks.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "repro/stacks_system.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What spawn_run() may need behind a time limit: from SIGTERM to SIGKILL, and its last look. */
#define AFTER_LIMIT_MS 1200
/* Of the reason why a tool failed. */
#define REASON_BYTES 200

struct asked {
	pid_t pid;
	char number[24]; /* pid in digits */
	int64_t until_us;
	struct buf failures; /* why tools had nothing to tell; owned */
};

/* Appends len bytes cleaned, as far as they fit into max; cut between lines. */
static void add_clean(struct buf *ret, const char *text, size_t len, size_t max) {
	struct buf clean = {0};
	if (len > max)
		len = max;
	if (!buf_reserve(&clean, 3 * len + 1)) {
		ret->failed = true;
		return;
	}
	size_t clean_len = text_clean(clean.data, text, len, TEXT_LINES), kept = clean_len;
	if (kept > max) {
		for (kept = max; kept && clean.data[kept - 1] != '\n';)
			kept--;
	}
	buf_add(ret, clean.data, kept);
	buf_finish(&clean);
}

/* The last line of what it said before it gave up. */
static void add_failure(struct asked *asked, const char *name, const struct spawn_result *result,
	const char *what) {
	const char *text = buf_str(&result->err);
	size_t len = strlen(text);
	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	size_t start = len;
	while (start && text[start - 1] != '\n')
		start--;
	len = len - start < REASON_BYTES ? len - start : REASON_BYTES;
	buf_printf(&asked->failures, "%s %s%s", name, what, len ? ": " : "");
	text_terminal(&asked->failures, text + start, len, TEXT_LINE);
	buf_add_char(&asked->failures, '\n');
}

static void judge(struct asked *asked, const struct stacks_tool *tool,
	const struct spawn_result *result, struct buf *ret) {
	char what[48];
	bool good = strstr(buf_str(&result->out), tool->proof) != NULL;
	size_t before = ret->len;
	if (good) {
		buf_printf(ret, "process %s, by %s%s\n", asked->number, tool->name,
			result->timed_out ? " (not to its end: no time left)" : "");
		size_t head = ret->len - before;
		add_clean(ret, buf_str(&result->out), result->out.len, STACKS_BYTES - head - 1);
		if (!ret->failed && ret->data[ret->len - 1] != '\n')
			buf_add_char(ret, '\n');
		return;
	}
	if (result->timed_out)
		snprintf(what, sizeof what, "took too long");
	else if (result->signal)
		snprintf(what, sizeof what, "was ended by signal %d", result->signal);
	else
		snprintf(what, sizeof what, "told nothing (exit status %d)", result->status);
	add_failure(asked, tool->name, result, what);
}

/* Adds what the tool has to tell, or why it has nothing. */
static int ask(struct asked *asked, const struct stacks_tool *tool, struct buf *ret) {
	const char *argv[STACKS_WORDS + 1] = {NULL};
	struct spawn_result result;
	int64_t left_ms = (asked->until_us - clock_monotonic_us()) / 1000;
	if (left_ms <= 0)
		return 0;
	for (size_t i = 0; i < STACKS_WORDS && tool->words[i]; i++)
		argv[i] = strcmp(tool->words[i], STACKS_PID) == 0 ? asked->number : tool->words[i];
	int64_t limit_ms =
		left_ms > 2 * AFTER_LIMIT_MS ? left_ms - AFTER_LIMIT_MS : left_ms / 2 + 1;
	int code = spawn_run(argv, (unsigned)limit_ms, &result, NULL);
	if (code)
		add_failure(asked, tool->name, &result, strerror(-code));
	else
		judge(asked, tool, &result, ret);
	spawn_finish(&result);
	return code == -ENOMEM ? code : 0;
}

static int ask_tools(struct asked *asked, struct buf *ret) {
	size_t before = ret->len;
	int code = 0;
	for (const struct stacks_tool *tool = stacks_tools; tool->name && !code; tool++) {
		char *path = spawn_find(tool->name);
		if (path)
			code = ask(asked, tool, ret);
		free(path);
		if (ret->len > before)
			break;
	}
	return code;
}

static int ask_kernel(struct asked *asked, struct buf *ret, struct err *err) {
	struct buf threads = {0};
	int code = stacks_threads(asked->pid, STACKS_BYTES, &threads, err);
	if (!code && threads.failed)
		code = err_set(err, -ENOMEM, "out of memory");
	if (code)
		goto out;
	size_t before = ret->len;
	buf_printf(ret, "process %s, by the kernel (threads without their stacks)\n%s",
		asked->number, buf_str(&asked->failures));
	add_clean(ret, buf_str(&threads), threads.len, STACKS_BYTES - (ret->len - before));
out:
	buf_finish(&threads);
	return code;
}

int stacks_take(pid_t pid, unsigned timeout_ms, struct buf *ret, struct err *err) {
	struct asked asked = {
		.pid = pid, .until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000};
	size_t before = ret->len;
	snprintf(asked.number, sizeof asked.number, "%ld", (long)pid);
	/* Zero and below are groups of processes. */
	if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
		return err_set(err, -ESRCH, "process %s is not there", asked.number);
	int code = ask_tools(&asked, ret);
	if (!code && ret->len == before && !ret->failed)
		code = ask_kernel(&asked, ret, err);
	else if (code)
		err_set(err, code, "process %s: %s", asked.number, strerror(-code));
	if (!code && (ret->failed || asked.failures.failed))
		code = err_set(err, -ENOMEM, "out of memory");
	buf_finish(&asked.failures);
	return code;
}
