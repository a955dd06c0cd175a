/*
 * The text form, line by line. Follows the parser of this form (src/ips/report_text.c): a line that
 * means something to it means the same afterwards; a line that means nothing is prose. What
 * describes the machine, and what follows the report's end, goes.
 */
#include "triage/redact_line.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum section {
	SECTION_HEADER,
	SECTION_INFO,
	SECTION_PROSE,
	SECTION_FRAMES,
	SECTION_REGISTERS,
	SECTION_INSTRUCTIONS,
	SECTION_IMAGES,
	SECTION_CALL_GRAPH,
	SECTION_MACHINE, /* nothing of it leaves */
};

struct text_walk {
	struct redactor *redactor;
	struct buf *ret;
	enum section section;
	bool info, info_blank; /* application info: a line was seen; then a blank one */
};

/* As the parser knows them. */
static const struct {
	const char *title;
	enum section section;
} titles[] = {
	{"Application Specific Information:", SECTION_INFO},
	{"VM Region Info:", SECTION_PROSE},
	{"VM Regions Near ", SECTION_PROSE},
	{"Application Specific Backtrace", SECTION_FRAMES},
	{"Application Specific Signatures:", SECTION_PROSE},
	{"Last Exception Backtrace:", SECTION_FRAMES},
	{"Binary Images:", SECTION_IMAGES},
	{"Kernel Triage:", SECTION_PROSE},
	{"Error Formulating Crash Report:", SECTION_PROSE},
	{"External Modification Summary:", SECTION_PROSE},
	{"External Modification Warnings:", SECTION_PROSE},
	{"VM Region Summary:", SECTION_PROSE},
	{"Microstackshots:", SECTION_PROSE},
	{"Call graph:", SECTION_CALL_GRAPH},
	{"Extra Information:", SECTION_PROSE},
	{"System Profile:", SECTION_MACHINE},
	{"Full Report", SECTION_MACHINE},
	{"EOF", SECTION_MACHINE},
};

static void enter(struct text_walk *walk, enum section section) {
	walk->section = section;
	walk->info = walk->info_blank = false;
}

static bool put_title(struct text_walk *walk, struct redact_line *line, struct text text) {
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
		struct text rest = text;
		size_t n = strlen(titles[i].title);
		if (*text.p != *titles[i].title || !text_skip(&rest, titles[i].title))
			continue;
		bool images = titles[i].section == SECTION_IMAGES;
		if (images && rest.len && !text_begins(rest, "Description"))
			return false;
		enter(walk, titles[i].section);
		line_keep(line, text_trim(text_upto(text, n)));
		if (images)
			line_keep(line, text_upto(rest, rest.len ? strlen("Description") : 0));
		else if (titles[i].section != SECTION_MACHINE)
			line_put(line, POLICY_TEXT, rest);
		return true;
	}
	return false;
}

/* "Thread 5 crashed with ARM Thread State (64-bit):" */
static void put_state_title(struct redact_line *line, struct text text) {
	static const char *const states[] = {" crashed with ARM Thread State (64-bit):",
		" crashed with ARM Thread State (32-bit):",
		" crashed with X86 Thread State (64-bit):",
		" crashed with X86 Thread State (32-bit):", NULL};
	size_t i = 0;
	while (states[i] && !text_equals(text, states[i]))
		i++;
	if (states[i])
		line_keep(line, text);
	else
		buf_add_str(line->ret, " crashed with Thread State:");
}

/* "Thread 4 Crashed:: name Dispatch queue: q" and its siblings. */
static bool put_thread_title(struct text_walk *walk, struct redact_line *line, struct text text) {
	static const char stream[] = " instruction stream";
	size_t n = 7;
	uint64_t number;
	if (!text_begins(text, "Thread "))
		return false;
	while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	struct text title = text_upto(text, n), rest = text_from(text, n);
	if (!text_decimal(text_from(title, 7), &number))
		return false;
	if (text_begins(rest, " crashed with ") && text_find(rest, "Thread State") >= 0) {
		line_keep(line, title);
		put_state_title(line, rest);
		enter(walk, SECTION_REGISTERS);
		return true;
	}
	if (text_begins(rest, stream)) {
		line_keep(line, text_upto(text, n + strlen(stream)));
		buf_add_char(line->ret, ':');
		enter(walk, SECTION_INSTRUCTIONS);
		return true;
	}
	if (!text_skip(&rest, " Crashed:") && !text_skip(&rest, " name:") && !text_skip(&rest, ":"))
		return false;
	text_skip(&rest, ":");
	line_keep(line, text_trim(text_upto(text, (size_t)(rest.p - text.p))));
	line_name_and_queue(line, rest);
	enter(walk, SECTION_FRAMES);
	return true;
}

/* Where another text of the application info may begin after a blank line. */
static bool info_goes_on(const struct text_walk *walk, struct text text) {
	static const char *const starts[] = {
		"abort() called", "terminating ", "*** Terminating", "-[", "+["};
	if (!walk->info || !walk->info_blank)
		return true;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (text_begins(text, starts[i]))
			return true;
	return false;
}

/* "(0x18249 0x1824a ...)" */
static void put_addresses(struct redact_line *line, struct text text) {
	while (text.len) {
		struct text rest = text, word = text_word(&rest), bare = word;
		uint64_t address;
		while (bare.len && *bare.p == '(')
			bare = text_from(bare, 1);
		while (bare.len && bare.p[bare.len - 1] == ')')
			bare.len--;
		if (!text_hex(bare, &address))
			break;
		line_keep(line, word);
		text = rest;
	}
	line_put(line, POLICY_TEXT, text);
}

static void put_section_line(struct text_walk *walk, struct redact_line *line, struct text text) {
	if (walk->section == SECTION_INFO && !info_goes_on(walk, text))
		enter(walk, SECTION_HEADER);
	if (walk->section == SECTION_REGISTERS && line_registers(line, text))
		return;
	if (walk->section == SECTION_REGISTERS)
		enter(walk, SECTION_HEADER);
	switch (walk->section) {
	case SECTION_INFO:
		walk->info = true;
		walk->info_blank = false;
		line_put(line, POLICY_TEXT, text);
		break;
	case SECTION_FRAMES:
		if (*text.p == '(')
			put_addresses(line, text);
		else
			line_frame(line, text);
		break;
	case SECTION_INSTRUCTIONS:
		line_instructions(line, text);
		break;
	case SECTION_IMAGES:
		line_image(line, text);
		break;
	case SECTION_CALL_GRAPH:
		line_call_graph(line, text);
		break;
	case SECTION_HEADER:
	case SECTION_PROSE:
	case SECTION_REGISTERS:
	case SECTION_MACHINE:
	default:
		line_header(line, text);
		break;
	}
}

/* A line whose place is the machine's description: only its model. */
static bool goes(struct text_walk *walk, struct text text) {
	if (walk->section == SECTION_MACHINE)
		return !text_begins(text, "Model: ");
	if (walk->section != SECTION_INFO && text_begins(text, "Model: ") &&
		text_find(text, ", BootROM") >= 0)
		enter(walk, SECTION_MACHINE);
	return false;
}

/* Copies a line, white space and all. False: nothing of it may leave. */
static bool put_line(struct text_walk *walk, const char *bytes, size_t len) {
	struct text text = text_trim((struct text){bytes, len});
	struct redact_line line = {walk->redactor, walk->ret, bytes};
	if (!text.len) {
		if (walk->section == SECTION_INSTRUCTIONS)
			enter(walk, SECTION_HEADER);
		walk->info_blank = true;
		buf_add(walk->ret, bytes, walk->section == SECTION_MACHINE ? 0 : len);
		return walk->section != SECTION_MACHINE;
	}
	bool titled = (*text.p == 'T' && put_thread_title(walk, &line, text)) ||
		      put_title(walk, &line, text);
	if (!titled && goes(walk, text))
		return false;
	if (!titled)
		put_section_line(walk, &line, text);
	buf_add(walk->ret, text.p + text.len, (size_t)(bytes + len - text.p) - text.len);
	return true;
}

/* Control bytes and what is no UTF-8 become U+FFFD first, as they do when the text is read. */
static int put_cleaned(struct text_walk *walk, const char *bytes, size_t len, bool *ret_kept) {
	size_t end = len;
	while (end && bytes[end - 1] == '\r')
		end--;
	if (text_is_clean(bytes, end, TEXT_LINES)) {
		*ret_kept = put_line(walk, bytes, len);
		return 0;
	}
	char *copy = malloc(3 * end + 1);
	if (!copy)
		return -ENOMEM;
	size_t n = text_clean(copy, bytes, end, TEXT_LINES);
	*ret_kept = put_line(walk, copy, n);
	if (*ret_kept)
		buf_add(walk->ret, bytes + end, len - end);
	free(copy);
	return 0;
}

int redact_text(struct redactor *redactor, const char *bytes, size_t len, struct buf *ret,
	struct err *err) {
	struct text_walk walk = {.redactor = redactor, .ret = ret};
	while (len && !ret->failed) {
		const char *feed = memchr(bytes, '\n', len);
		size_t n = feed ? (size_t)(feed - bytes) : len;
		bool kept;
		if (put_cleaned(&walk, bytes, n, &kept))
			return err_set(err, -ENOMEM, "out of memory");
		if (feed && kept)
			buf_add_char(ret, '\n');
		n += feed != NULL;
		bytes += n;
		len -= n;
	}
	return ret->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

int redact_prose(struct redactor *redactor, const char *bytes, size_t len, struct buf *ret,
	struct err *err) {
	char *copy = malloc(3 * len + 1);
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	size_t n = text_clean(copy, bytes, len, TEXT_LINES);
	redact_bytes(redactor, REDACT_FORM_TEXT, copy, n, ret);
	free(copy);
	return ret->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}
