/* Goes over the text once, line by line. */
#include "repro/stderr_facts.h"

#include "base/text.h"
#include "repro/metal_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *text;
	size_t len; /* without its end */
};

/* The next line of what stands between *at and end; false behind the last. */
static bool next_line(const char **at, const char *end, struct line *ret) {
	if (*at == end)
		return false;
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	ret->text = *at;
	ret->len = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	if (ret->len && ret->text[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static bool starts(const struct line *line, const char *prefix) {
	size_t len = strlen(prefix);
	return line->len >= len && !memcmp(line->text, prefix, len);
}

static const char *find_in(const struct line *line, const char *words) {
	return memmem(line->text, line->len, words, strlen(words));
}

/* Drops the first to make room: the end of the text is where it crashed. */
static void push(char **items, size_t *count, size_t max, char *text) {
	if (*count == max) {
		free(items[0]);
		memmove(items, items + 1, (max - 1) * sizeof *items);
		--*count;
	}
	items[(*count)++] = text;
}

static char *clean(const char *text, size_t len, enum text_keep keep) {
	char *ret = malloc(3 * len + 1);
	if (ret)
		text_clean(ret, text, len, keep);
	return ret;
}

/* ---- Metal ---- */

/* An error says no more than this behind its first line; what follows is somebody else's. */
#define METAL_LINES 16

/* An error that is being read. */
struct metal {
	const char *start, *end; /* start: NULL when there is none; end: behind what is its own */
	size_t indent;           /* of its first line; what is further in belongs to it */
	size_t lines;
	bool open; /* an assertion's text that has to end with a quote, anywhere in a line */
};

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trim(struct line line) {
	while (line.len && is_space(*line.text)) {
		line.text++;
		line.len--;
	}
	while (line.len && is_space(line.text[line.len - 1]))
		line.len--;
	return line;
}

/* Cleans it line by line, in one place; lines of blanks are left out. */
static char *clean_metal(const struct metal *metal) {
	char *ret = malloc(3 * (size_t)(metal->end - metal->start) + 1);
	const char *at = metal->start;
	struct line line;
	size_t len = 0;
	if (!ret)
		return NULL;
	*ret = '\0';
	while (next_line(&at, metal->end, &line)) {
		line = trim(line);
		if (!line.len)
			continue;
		if (len)
			ret[len++] = '\n';
		len += text_clean(ret + len, line.text, line.len, TEXT_LINES);
	}
	return ret;
}

static int finish_metal(struct stderr_facts *facts, struct metal *metal) {
	if (!metal->start)
		return 0;
	char *text = clean_metal(metal);
	metal->start = NULL;
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < facts->metal_error_count; i++)
		if (!strcmp(facts->metal_errors[i], text)) {
			free(text);
			return 0;
		}
	push(facts->metal_errors, &facts->metal_error_count, STDERR_METAL_ERRORS, text);
	return 0;
}

/* Whether a line may belong to the error; moves its end when it does for certain. */
static bool continues_metal(struct metal *metal, const struct line *line) {
	struct line inner = trim(*line);
	bool within = inner.len && (size_t)(inner.text - line->text) > metal->indent;
	if (!metal->start || metal->lines++ == METAL_LINES || (!within && !metal->open))
		return false;
	bool closes = metal->open && inner.len && inner.text[inner.len - 1] == '\'';
	if (within || closes)
		metal->end = line->text + line->len;
	metal->open = metal->open && !closes;
	return true;
}

static void begin_metal(struct metal *metal, const struct line *line) {
	struct line inner = trim(*line);
	*metal = (struct metal){.start = line->text,
		.end = line->text + line->len,
		.indent = (size_t)(inner.text - line->text),
		.open = metal_line_is_open(inner.text, inner.len)};
}

/* source: a line of code that a traceback quotes. */
static int take_metal(
	struct stderr_facts *facts, struct metal *metal, const struct line *line, bool source) {
	bool error = !source && metal_line_is_error(line->text, line->len);
	struct line inner = trim(*line);
	/* Another error is one of its own unless it stands further in. */
	bool apart = source || (error && (size_t)(inner.text - line->text) <= metal->indent);
	if (!apart && continues_metal(metal, line))
		return 0;
	int code = finish_metal(facts, metal);
	if (!code && error)
		begin_metal(metal, line);
	return code;
}

/* ---- Python ---- */

static const char python_head[] = "Traceback (most recent call last):";
static const char python_fatal[] = "Fatal Python error: ";

/* A traceback that is being read. */
struct trace {
	const char *start, *end; /* end: behind the last line that belongs to it */
	size_t indent;           /* what stands before each line: a logger's or pytest's margin */
	enum { TRACE_NONE, TRACE_STACK, TRACE_SAID, TRACE_OVER, TRACE_CHAINED, TRACE_FATAL } state;
};

static int finish_trace(struct stderr_facts *facts, struct trace *trace) {
	if (trace->state == TRACE_NONE)
		return 0;
	trace->state = TRACE_NONE;
	char *text = clean(trace->start, (size_t)(trace->end - trace->start), TEXT_LINES);
	if (!text)
		return -ENOMEM;
	push(facts->tracebacks, &facts->traceback_count, STDERR_TRACEBACKS, text);
	return 0;
}

static struct line behind_margin(const struct trace *trace, const struct line *line) {
	size_t skip = trace->indent < line->len ? trace->indent : line->len;
	return (struct line){line->text + skip, line->len - skip};
}

static bool says_chained(const struct line *line) {
	return starts(line, "During handling of the above exception") ||
	       starts(line, "The above exception was the direct cause");
}

static bool is_blank(const struct line *line) {
	return line->len == 0 || strspn(line->text, " \t") >= line->len;
}

/* What faulthandler prints behind its first line. */
static bool is_fatal_line(const struct line *line) {
	return is_blank(line) || starts(line, "  ") || starts(line, "Current thread 0x") ||
	       starts(line, "Thread 0x") || starts(line, "Python runtime state") ||
	       starts(line, "Extension modules: ") || starts(line, "Current thread's C stack");
}

/* Whether a line goes on with what is being read; moves its end. */
static bool continues(struct trace *trace, const struct line *whole) {
	struct line line = behind_margin(trace, whole);
	bool blank = is_blank(&line);
	switch (trace->state) {
	case TRACE_STACK:
		if (blank || line.text[0] != ' ')
			trace->state = TRACE_SAID;
		break;
	case TRACE_SAID: /* a message may go on, further in */
		if (blank)
			trace->state = TRACE_OVER;
		else if (says_chained(&line))
			trace->state = TRACE_CHAINED;
		else if (line.text[0] != ' ')
			return false;
		break;
	case TRACE_OVER: /* unless another exception follows */
		if (says_chained(&line))
			trace->state = TRACE_CHAINED;
		else if (!blank)
			return false;
		break;
	case TRACE_CHAINED:
		if (starts(&line, python_head))
			trace->state = TRACE_STACK;
		else if (!blank)
			return false;
		break;
	case TRACE_FATAL:
		if (!is_fatal_line(&line))
			return false;
		break;
	case TRACE_NONE:
		return false;
	}
	if (!blank)
		trace->end = whole->text + whole->len;
	return true;
}

static void begin(struct trace *trace, const struct line *line) {
	const char *head = find_in(line, python_head);
	bool fatal = starts(line, python_fatal);
	if (!head && !fatal)
		return;
	*trace = (struct trace){.start = line->text,
		.end = line->text + line->len,
		.indent = head ? (size_t)(head - line->text) : 0,
		.state = fatal ? TRACE_FATAL : TRACE_STACK};
	/* A logger's time stamp stands before the first line alone; blanks before all. */
	for (size_t i = 0; i < trace->indent; i++)
		if (line->text[i] != ' ') {
			trace->start = head;
			trace->indent = 0;
		}
}

struct reading {
	struct trace trace;
	struct metal metal;
};

static int take_line(struct stderr_facts *facts, struct reading *reading, const struct line *line) {
	struct trace *trace = &reading->trace;
	struct line inner = behind_margin(trace, line);
	bool source = trace->state == TRACE_STACK && inner.len && inner.text[0] == ' ';
	int code = take_metal(facts, &reading->metal, line, source);
	if (!code && !continues(trace, line)) {
		code = finish_trace(facts, trace);
		begin(trace, line);
	}
	return code;
}

int stderr_facts_find(const char *text, size_t len, struct stderr_facts *ret, struct err *err) {
	struct reading reading = {0};
	struct line line;
	const char *at = text, *end = text + len;
	int code = 0;
	*ret = (struct stderr_facts){0};
	while (!code && next_line(&at, end, &line))
		code = take_line(ret, &reading, &line);
	if (!code)
		code = finish_metal(ret, &reading.metal);
	if (!code)
		code = finish_trace(ret, &reading.trace);
	if (!code)
		return 0;
	stderr_facts_finish(ret);
	return err_set(err, code, "out of memory");
}

void stderr_facts_finish(struct stderr_facts *facts) {
	for (size_t i = 0; i < facts->traceback_count; i++)
		free(facts->tracebacks[i]);
	for (size_t i = 0; i < facts->metal_error_count; i++)
		free(facts->metal_errors[i]);
	*facts = (struct stderr_facts){0};
}
