/*
 * Reads the classic text form of a report, line by line. Must not know documents: entities, quotes
 * and what stands around the report are somebody else's business.
 */
#include "ips/text_parse.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int text_fail(struct text_parse *parse, int code, const char *what) {
	if (!parse->code)
		parse->code = err_set(parse->err, code, "%s", what);
	return parse->code;
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

struct text text_trim(struct text text) {
	while (text.len && is_space(text.p[text.len - 1]))
		text.len--;
	while (text.len && is_space(*text.p)) {
		text.p++;
		text.len--;
	}
	return text;
}

bool text_begins(struct text text, const char *prefix) {
	size_t n = strlen(prefix);
	return text.len >= n && memcmp(text.p, prefix, n) == 0;
}

bool text_skip(struct text *text, const char *prefix) {
	if (!text_begins(*text, prefix))
		return false;
	*text = text_trim(text_from(*text, strlen(prefix)));
	return true;
}

ptrdiff_t text_find(struct text text, const char *needle) {
	const char *found = memmem(text.p, text.len, needle, strlen(needle));
	return found ? found - text.p : -1;
}

ptrdiff_t text_find_last(struct text text, const char *needle) {
	size_t n = strlen(needle);
	for (size_t i = text.len; i >= n; i--)
		if (memcmp(text.p + i - n, needle, n) == 0)
			return (ptrdiff_t)(i - n);
	return -1;
}

struct text text_from(struct text text, size_t offset) {
	return (struct text){text.p + offset, text.len - offset};
}

struct text text_upto(struct text text, size_t offset) {
	return (struct text){text.p, offset};
}

struct text text_word(struct text *text) {
	*text = text_trim(*text);
	size_t n = 0;
	while (n < text->len && !is_space(text->p[n]))
		n++;
	struct text word = text_upto(*text, n);
	*text = text_trim(text_from(*text, n));
	return word;
}

bool text_equals(struct text text, const char *other) {
	return text.len == strlen(other) && memcmp(text.p, other, text.len) == 0;
}

bool text_hex(struct text text, uint64_t *ret) {
	return text_begins(text, "0x") && text_u64(text.p, text.len, ret);
}

bool text_decimal(struct text text, uint64_t *ret) {
	return text.len && text.p[0] >= '0' && text.p[0] <= '9' && !text_begins(text, "0x") &&
	       text_u64(text.p, text.len, ret);
}

struct text text_name_and_pid(struct text text, struct i64_opt *ret_pid) {
	ptrdiff_t open = text_find_last(text, " [");
	if (open < 0)
		return text;
	struct text inside = text_from(text, (size_t)open + 2);
	ptrdiff_t close = text_find(inside, "]");
	uint64_t pid;
	if (close >= 0 && text_decimal(text_upto(inside, (size_t)close), &pid) && pid <= INT64_MAX)
		*ret_pid = (struct i64_opt){(int64_t)pid, true};
	return close < 0 ? text : text_trim(text_upto(text, (size_t)open));
}

/* lldb's tests and people who clean reports write placeholders; an "@" on both ends is never
 * Apple's. */
static bool stands_for_nothing(struct text text) {
	return !text.len || text_equals(text, "???") || text_equals(text, "(null)") ||
	       text_equals(text, "TODO") || text_equals(text, "<unavailable>") ||
	       (text.len > 1 && text.p[0] == '@' && text.p[text.len - 1] == '@');
}

static const char *copy_clean(struct text_parse *parse, struct text text, enum text_keep keep) {
	struct arena *arena = &parse->report->arena;
	char *copy;
	if (text_is_clean(text.p, text.len, keep)) {
		copy = arena_strndup(arena, text.p, text.len);
	} else {
		copy = arena_calloc(arena, text.len + 1, 3);
		if (copy)
			text_clean(copy, text.p, text.len, keep);
	}
	if (!copy)
		text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
	return copy;
}

const char *text_fact(struct text_parse *parse, struct text text, size_t max) {
	text = text_trim(text);
	if (stands_for_nothing(text))
		return NULL;
	if (text.len > max) {
		report_warn(parse->report, "text: a value of %zu bytes was shortened", text.len);
		text.len = max;
	}
	return copy_clean(parse, text, TEXT_LINE);
}

/* Several lines as they stand, without the margin that the whole report has and without carriage
 * returns. */
static const char *block_fact(struct text_parse *parse) {
	struct buf lines = {0};
	struct text rest = parse->block;
	while (rest.len && lines.len <= LIMIT_TEXT_BYTES) {
		const char *feed = memchr(rest.p, '\n', rest.len);
		size_t n = feed ? (size_t)(feed - rest.p) : rest.len;
		struct text line = text_upto(rest, n);
		rest = text_from(rest, feed ? n + 1 : n);
		for (size_t i = 0; i < parse->margin && line.len && is_space(*line.p); i++)
			line = text_from(line, 1);
		while (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (lines.len)
			buf_add_char(&lines, '\n');
		buf_add(&lines, line.p, line.len);
	}
	while (lines.len &&
		(is_space(lines.data[lines.len - 1]) || lines.data[lines.len - 1] == '\n'))
		lines.len--;
	if (lines.len > LIMIT_TEXT_BYTES) {
		report_warn(parse->report, "text: a block of %zu bytes was shortened",
			parse->block.len);
		lines.len = LIMIT_TEXT_BYTES;
	}
	const char *ret = NULL;
	if (lines.failed)
		text_fail(parse, -ENOMEM, "out of memory");
	else if (lines.len)
		ret = copy_clean(parse, (struct text){lines.data, lines.len}, TEXT_LINES);
	buf_finish(&lines);
	return ret;
}

static void add_app_info(struct text_parse *parse) {
	struct report *report = parse->report;
	const char *text = block_fact(parse);
	if (!text)
		return;
	if (report->app_info_count >= LIMIT_APP_INFO) {
		report_warn(report, "application information: more than %d texts", LIMIT_APP_INFO);
		return;
	}
	if (arena_grow(&report->arena, (void **)&report->app_info, report->app_info_count,
		    &parse->app_info_cap, sizeof *report->app_info))
		text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
	else
		report->app_info[report->app_info_count++] = text;
}

static void leave_section(struct text_parse *parse, enum text_section next) {
	if (parse->section == TEXT_SECTION_APP_INFO)
		add_app_info(parse);
	else if (parse->section == TEXT_SECTION_VM_REGION && !parse->report->vm_region_info)
		parse->report->vm_region_info = block_fact(parse);
	text_frames_finish(parse);
	parse->block = (struct text){0};
	parse->section = next;
}

/* Titles that stand alone on their line, or begin one. Other titles that end a section. */
static const struct {
	const char *title;
	enum text_section section;
	bool body;
} titles[] = {
	{"Application Specific Information:", TEXT_SECTION_APP_INFO, false},
	{"VM Region Info:", TEXT_SECTION_VM_REGION, false},
	{"VM Regions Near ", TEXT_SECTION_VM_REGION, false},
	{"Application Specific Backtrace", TEXT_SECTION_OTHER, false},
	{"Application Specific Signatures:", TEXT_SECTION_OTHER, false},
	{"Last Exception Backtrace:", TEXT_SECTION_LAST_EXCEPTION, true},
	{"Binary Images:", TEXT_SECTION_IMAGES, true},
	{"Kernel Triage:", TEXT_SECTION_OTHER, false},
	{"Error Formulating Crash Report:", TEXT_SECTION_OTHER, false},
	{"External Modification Summary:", TEXT_SECTION_OTHER, true},
	{"External Modification Warnings:", TEXT_SECTION_OTHER, false},
	{"VM Region Summary:", TEXT_SECTION_OTHER, true},
	{"Microstackshots:", TEXT_SECTION_OTHER, true},
	{"Call graph:", TEXT_SECTION_OTHER, true},
	{"Extra Information:", TEXT_SECTION_OTHER, true},
	{"System Profile:", TEXT_SECTION_OTHER, true},
	{"Full Report", TEXT_SECTION_OTHER, true},
	{"EOF", TEXT_SECTION_OTHER, true},
};

static bool section_title(struct text_parse *parse, struct text line) {
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
		struct text rest = line;
		if (*line.p != *titles[i].title || !text_skip(&rest, titles[i].title))
			continue;
		/* "Binary Images" and the like may stand in a sentence. */
		if (titles[i].section == TEXT_SECTION_IMAGES && rest.len &&
			!text_begins(rest, "Description"))
			return false;
		leave_section(parse, titles[i].section);
		parse->in_body |= titles[i].body;
		parse->images_seen |= titles[i].section == TEXT_SECTION_IMAGES;
		parse->sampled |= strcmp(titles[i].title, "Call graph:") == 0;
		if (titles[i].section == TEXT_SECTION_VM_REGION) {
			if (!text_begins(line, "VM Region Info:"))
				rest = line;
			parse->block = rest;
		} else if (titles[i].section == TEXT_SECTION_APP_INFO) {
			parse->block = (struct text){line.p + line.len, 0};
		}
		return true;
	}
	return false;
}

/* The texts stand one behind the other, and one that ends in a line feed leaves a blank line behind
 * it. */
static bool app_info_goes_on(const struct text_parse *parse, struct text line) {
	static const char *const starts[] = {
		"abort() called", "terminating ", "*** Terminating", "-[", "+["};
	const char *end = parse->block.p + parse->block.len;
	const char *feed = memchr(end, '\n', (size_t)(line.p - end));
	if (!parse->block.len || !feed || !memchr(feed + 1, '\n', (size_t)(line.p - feed - 1)))
		return true;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (text_begins(line, starts[i]))
			return true;
	return false;
}

static void section_line(struct text_parse *parse, struct text line) {
	if (parse->section == TEXT_SECTION_APP_INFO && !app_info_goes_on(parse, line))
		leave_section(parse, parse->in_body ? TEXT_SECTION_OTHER : TEXT_SECTION_HEADER);
	switch (parse->section) {
	case TEXT_SECTION_HEADER:
		text_header_line(parse, line);
		break;
	case TEXT_SECTION_APP_INFO:
	case TEXT_SECTION_VM_REGION:
		parse->block.len = (size_t)(line.p + line.len - parse->block.p);
		break;
	case TEXT_SECTION_THREAD:
		text_frame_line(parse, line);
		break;
	case TEXT_SECTION_LAST_EXCEPTION:
		if (line.p[0] == '(')
			text_address_list(parse, line);
		else
			text_frame_line(parse, line);
		break;
	case TEXT_SECTION_REGISTERS:
		text_register_line(parse, line);
		break;
	case TEXT_SECTION_INSTRUCTIONS:
		text_instruction_line(parse, line);
		break;
	case TEXT_SECTION_IMAGES:
		text_image_line(parse, line);
		break;
	case TEXT_SECTION_OTHER:
	default:
		text_header_line(parse, line);
		break;
	}
}

static void blank_line(struct text_parse *parse) {
	if (parse->section == TEXT_SECTION_VM_REGION || parse->section == TEXT_SECTION_INSTRUCTIONS)
		leave_section(parse, parse->in_body ? TEXT_SECTION_OTHER : TEXT_SECTION_HEADER);
}

static void read_lines(struct text_parse *parse, struct text rest) {
	while (rest.len && !parse->code) {
		const char *feed = memchr(rest.p, '\n', rest.len);
		size_t n = feed ? (size_t)(feed - rest.p) : rest.len;
		struct text line = text_trim(text_upto(rest, n));
		if (!parse->margin_known && line.len) {
			parse->margin = (size_t)(line.p - rest.p);
			parse->margin_known = true;
		}
		rest = text_from(rest, feed ? n + 1 : n);
		if (!line.len)
			blank_line(parse);
		else if (line.p[0] == 'T' && text_thread_title(parse, line))
			continue;
		else if (!section_title(parse, line))
			section_line(parse, line);
	}
	leave_section(parse, TEXT_SECTION_OTHER);
}

void text_enter(struct text_parse *parse, enum text_section section) {
	leave_section(parse, section);
}

static void set_kind(struct text_parse *parse) {
	struct report *report = parse->report;
	if (report->bug_type)
		report->kind = report_kind_of_bug_type(report->bug_type);
	else if (report->exception.type && strcmp(report->exception.type, "EXC_RESOURCE") == 0)
		report->kind = REPORT_RESOURCE;
	else if (report->exception.type || report->exception.signal ||
		 (parse->marked_thread >= 0 && !parse->sampled))
		report->kind = REPORT_CRASH;
	else
		report->kind = REPORT_OTHER;
}

/* A head alone says that something ran, not that it crashed. */
static bool is_report(const struct text_parse *parse) {
	const struct report *report = parse->report;
	return report->exception.type || report->exception.signal || report->thread_count ||
	       report->image_count || parse->sampled;
}

static void warn_of_gaps(struct text_parse *parse) {
	struct report *report = parse->report;
	if (report->kind == REPORT_OTHER)
		return;
	if (!report->thread_count)
		report_warn(report, "threads: the text has none");
	if (!parse->images_seen)
		report_warn(report, "images: the text ends before its binary images");
}

static void take_instructions(struct text_parse *parse) {
	struct report *report = parse->report;
	struct buf *before = &parse->bytes, *at = &parse->bytes_after;
	if (!at->len || before->failed || at->failed)
		return;
	report->before_pc = (uint8_t *)arena_strndup(&report->arena, buf_str(before), before->len);
	report->at_pc = (uint8_t *)arena_strndup(&report->arena, at->data, at->len);
	if (!report->before_pc || !report->at_pc) {
		text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
		return;
	}
	report->before_pc_len = before->len;
	report->at_pc_len = at->len;
}

int report_parse_text(struct report *report, const char *bytes, size_t len, struct err *err) {
	struct text_parse parse = {.report = report, .err = err, .marked_thread = -1};
	if (len > LIMIT_REPORT_BYTES)
		return err_set(err, -E2BIG, "larger than %u MiB", LIMIT_REPORT_BYTES >> 20);
	struct text text = {bytes, len};
	if (text_begins(text, "\xef\xbb\xbf"))
		text = text_from(text, 3);
	report->form = REPORT_FORM_TEXT;
	report->crashed_thread = -1;
	read_lines(&parse, text);
	text_header_finish(&parse);
	text_images_connect(&parse);
	text_threads_finish(&parse);
	take_instructions(&parse);
	set_kind(&parse);
	if (!parse.code && !is_report(&parse))
		text_fail(&parse, -EBADMSG, "no crash report in it: neither exception nor threads");
	if (!parse.code) {
		warn_of_gaps(&parse);
		report_note_simulated(report);
		report->source_offset = 0;
		report->source_len = len;
	}
	buf_finish(&parse.bytes);
	buf_finish(&parse.bytes_after);
	free(parse.frames);
	return parse.code;
}
