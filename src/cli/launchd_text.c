/*
 * What launchctl prints. Its manual warns that this is no interface and may change: a line that is
 * not understood is passed over, and nothing is guessed.
 */
#include "cli/launchd.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct line {
	const char *text;
	size_t len;
};

/* The next line without the blanks around it; false behind the last. */
static bool next_line(const char **at, struct line *ret) {
	if (!**at)
		return false;
	const char *begin = *at;
	size_t len = strcspn(begin, "\n");
	*at = begin + len + (begin[len] == '\n');
	while (len && (*begin == ' ' || *begin == '\t')) {
		begin++;
		len--;
	}
	while (len && (begin[len - 1] == ' ' || begin[len - 1] == '\t' || begin[len - 1] == '\r'))
		len--;
	*ret = (struct line){begin, len};
	return true;
}

/* The value of "KEY = VALUE"; its text is NULL for another key. */
static struct line value_of(struct line line, const char *key) {
	size_t len = strlen(key);
	if (line.len < len + 3 || memcmp(line.text, key, len) != 0 ||
		memcmp(line.text + len, " = ", 3) != 0)
		return (struct line){NULL, 0};
	return (struct line){line.text + len + 3, line.len - len - 3};
}

/* Leading digits, as in "78: EX_CONFIG"; the first line of a key counts. */
static void take_number(struct line line, const char *key, struct i64_opt *ret) {
	struct line value = value_of(line, key);
	size_t len = 0;
	if (ret->set || !value.text)
		return;
	while (len < value.len && value.text[len] >= '0' && value.text[len] <= '9')
		len++;
	if (len < value.len && value.text[len] != ':')
		return;
	ret->set = text_i64(value.text, len, &ret->value);
}

static void take_text(struct line line, const char *key, char *ret, size_t size) {
	struct line value = value_of(line, key);
	if (ret[0] || !value.text || value.len >= size ||
		!text_is_clean(value.text, value.len, TEXT_LINE))
		return;
	memcpy(ret, value.text, value.len);
	ret[value.len] = '\0';
}

void launchd_parse_job(const char *text, struct launchd_job *ret) {
	struct launchd_job job = {0};
	struct line line;
	/* Blocks within the job's own have states and names of other things. */
	for (int depth = 0; next_line(&text, &line);) {
		if (line.len >= 2 && !memcmp(line.text + line.len - 2, " {", 2)) {
			depth++;
		} else if (line.len == 1 && *line.text == '}') {
			depth--;
		} else if (depth <= 1) {
			take_text(line, "state", job.state, sizeof job.state);
			take_number(line, "pid", &job.pid);
			take_number(line, "runs", &job.runs);
			take_number(line, "last exit code", &job.last_exit);
			take_text(line, "last terminating signal", job.last_signal,
				sizeof job.last_signal);
		}
	}
	job.running = !strcmp(job.state, "running");
	*ret = job;
}

bool launchd_parse_disabled(const char *text, const char *label) {
	size_t len = strlen(label);
	struct line line;
	while (next_line(&text, &line)) {
		if (line.len < len + 2 || line.text[0] != '"' || line.text[len + 1] != '"' ||
			memcmp(line.text + 1, label, len) != 0)
			continue;
		struct line rest = {line.text + len + 2, line.len - len - 2};
		/* The word has changed between releases. */
		return (rest.len == 12 && !memcmp(rest.text, " => disabled", 12)) ||
		       (rest.len == 8 && !memcmp(rest.text, " => true", 8));
	}
	return false;
}
