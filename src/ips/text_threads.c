/* Threads, frames, registers and instruction bytes of the text form. */
#include "ips/demangle.h"
#include "ips/text_parse.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(struct text_parse *parse) {
	text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
}

static struct thread *find_thread(struct text_parse *parse, int number) {
	int place = parse->thread_places ? parse->thread_places[number] : 0;
	return place ? &parse->report->threads[place - 1] : NULL;
}

static struct thread *add_thread(struct text_parse *parse, int number) {
	struct report *report = parse->report;
	if (report->thread_count >= LIMIT_THREADS) {
		text_fail(parse, -E2BIG, "too many threads");
		return NULL;
	}
	if (!parse->thread_places)
		parse->thread_places =
			arena_calloc(&report->arena, LIMIT_THREADS, sizeof *parse->thread_places);
	if (!parse->thread_places ||
		arena_grow(&report->arena, (void **)&report->threads, report->thread_count,
			&parse->thread_cap, sizeof *report->threads)) {
		no_memory(parse);
		return NULL;
	}
	struct thread *thread = &report->threads[report->thread_count++];
	parse->thread_places[number] = (int)report->thread_count;
	*thread = (struct thread){.index = number};
	return thread;
}

/* "name  Dispatch queue: q" */
static void read_name_and_queue(struct text_parse *parse, struct thread *thread, struct text text) {
	ptrdiff_t queue = text_find(text, "Dispatch queue:");
	if (queue >= 0) {
		if (!thread->queue)
			thread->queue = text_fact(
				parse, text_from(text, (size_t)queue + 15), LIMIT_SYMBOL_BYTES);
		text = text_upto(text, (size_t)queue);
	}
	if (!thread->name)
		thread->name = text_fact(parse, text, LIMIT_SYMBOL_BYTES);
}

/* What follows, up to the next title, belongs to nobody. */
static void stray(struct text_parse *parse, const char *why) {
	if (!parse->stray_warned)
		report_warn(parse->report, "%s", why);
	parse->stray_warned = parse->stray = true;
}

/* The thread that a title opens; a number that comes again belongs to some other text. */
static void open_thread(struct text_parse *parse, int number, bool crashed, struct text rest) {
	struct report *report = parse->report;
	text_enter(parse, TEXT_SECTION_THREAD);
	parse->in_body = true;
	struct thread *last =
		report->thread_count ? &report->threads[report->thread_count - 1] : NULL;
	struct thread *thread = find_thread(parse, number);
	if (thread && (thread != last || thread->frames.count)) {
		stray(parse, "threads: one stands twice");
		return;
	}
	if (!thread)
		thread = add_thread(parse, number);
	if (!thread)
		return;
	read_name_and_queue(parse, thread, rest);
	if (crashed && parse->marked_thread < 0)
		parse->marked_thread = (int)(thread - report->threads);
}

bool text_thread_title(struct text_parse *parse, struct text line) {
	if (!text_begins(line, "Thread "))
		return false;
	struct text rest = text_from(line, 7);
	size_t digits = 0;
	while (digits < rest.len && rest.p[digits] >= '0' && rest.p[digits] <= '9')
		digits++;
	uint64_t number;
	if (!text_decimal(text_upto(rest, digits), &number) || number >= LIMIT_THREADS)
		return false;
	rest = text_from(rest, digits);
	if (text_begins(rest, " crashed with ") && text_find(rest, "Thread State") >= 0) {
		text_enter(parse, TEXT_SECTION_REGISTERS);
		parse->in_body = true;
		return true;
	}
	if (text_begins(rest, " instruction stream")) {
		text_enter(parse, TEXT_SECTION_INSTRUCTIONS);
		return true;
	}
	bool crashed = text_skip(&rest, " Crashed:");
	if (!crashed && !text_skip(&rest, " name:") && !text_skip(&rest, ":"))
		return false;
	text_skip(&rest, ":");
	open_thread(parse, (int)number, crashed, rest);
	return true;
}

/* The bracket that the last byte of text closes, or -1. */
static ptrdiff_t opening_of(struct text text) {
	size_t depth = 0;
	for (size_t i = text.len; i-- > 0;) {
		depth += text.p[i] == ')';
		if (text.p[i] == '(' && --depth == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

/* " (file.c:45)" at the end of text, cut off. */
static void cut_source(struct text_parse *parse, struct text *text, struct frame *frame) {
	if (!text->len || text->p[text->len - 1] != ')')
		return;
	ptrdiff_t open = opening_of(*text);
	if (open < 0 || (open > 0 && text->p[open - 1] != ' '))
		return;
	size_t from = (size_t)open + 1;
	struct text inside = text_upto(text_from(*text, from), text->len - from - 1);
	ptrdiff_t colon = text_find_last(inside, ":");
	if (colon < 0)
		return;
	struct text line = text_from(inside, (size_t)colon + 1);
	bool none = text_equals(line, "-1");
	uint64_t number = 0;
	if (!none && (!text_decimal(line, &number) || number > INT32_MAX))
		return;
	frame->source_file = text_fact(parse, text_upto(inside, (size_t)colon), LIMIT_SYMBOL_BYTES);
	if (frame->source_file && !none)
		frame->source_line = (struct i64_opt){(int64_t)number, true};
	*text = text_trim(text_upto(*text, (size_t)open));
}

/* " + 123" at the end of text, cut off. */
static bool cut_offset(struct text *text, uint64_t *ret) {
	ptrdiff_t plus = text_find_last(*text, "+ ");
	if (plus < 0 || (plus > 0 && text->p[plus - 1] != ' ') ||
		!text_decimal(text_from(*text, (size_t)plus + 2), ret))
		return false;
	*text = text_trim(text_upto(*text, (size_t)plus));
	return true;
}

static void read_symbol(struct text_parse *parse, struct text text, struct frame *frame) {
	uint64_t offset;
	if (cut_offset(&text, &offset))
		frame->symbol_offset = (struct u64_opt){offset, true};
	frame->symbol = text_fact(parse, text, LIMIT_SYMBOL_BYTES);
	if (!frame->symbol)
		frame->symbol_offset = (struct u64_opt){0};
	else if (frame->symbol[0] == '_')
		frame->symbol = demangle(&parse->report->arena, frame->symbol);
}

/* "0x18249000 + 37", with "(symbol + 8)" behind it when somebody symbolicated the text later. */
static bool read_unsymbolicated(struct text_parse *parse, struct text text, struct frame *frame) {
	struct text rest = text;
	struct text base = text_word(&rest);
	uint64_t start, offset;
	if (!text_hex(base, &start) && !text_decimal(base, &start))
		return false;
	if (!text_skip(&rest, "+ ") || !text_decimal(text_word(&rest), &offset))
		return false;
	if (frame->address.set && start + offset == frame->address.value)
		frame->image_offset = (struct u64_opt){offset, true};
	if (rest.len > 2 && rest.p[0] == '(' && rest.p[rest.len - 1] == ')') {
		rest = text_from(rest, 1);
		rest.len--;
		read_symbol(parse, rest, frame);
	}
	return true;
}

/* Where the address begins: the first word "0x..." of digits. -1 without. */
static ptrdiff_t find_address(struct text text, uint64_t *ret, size_t *ret_len) {
	for (size_t i = 1; i + 2 < text.len; i++) {
		if (text.p[i] != '0' || text.p[i + 1] != 'x' ||
			(text.p[i - 1] != ' ' && text.p[i - 1] != '\t'))
			continue;
		struct text rest = text_from(text, i);
		struct text word = text_word(&rest);
		if (text_hex(word, ret)) {
			*ret_len = word.len;
			return (ptrdiff_t)i;
		}
	}
	return -1;
}

/* Without an address: the image ends at a tab or two spaces. */
static size_t image_columns(struct text text) {
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.p[i] == '\t' || (text.p[i] == ' ' && text.p[i + 1] == ' '))
			return i;
	return text.len;
}

static void read_frame(struct text_parse *parse, struct text text, struct frame *frame) {
	uint64_t address;
	size_t address_len = 0;
	ptrdiff_t at = find_address(text, &address, &address_len);
	size_t image_len = at < 0 ? image_columns(text) : (size_t)at;
	frame->image = text_fact(parse, text_upto(text, image_len), LIMIT_SYMBOL_BYTES);
	text = text_trim(text_from(text, image_len + address_len));
	if (at >= 0) {
		frame->address = (struct u64_opt){address, true};
	} else {
		struct text rest = text;
		struct text word = text_word(&rest);
		if (word.len > 1 && word.p[0] == '@' && word.p[word.len - 1] == '@')
			text = rest;
	}
	size_t inlined = strlen(" [inlined]");
	if (text.len > inlined && text_equals(text_from(text, text.len - inlined), " [inlined]")) {
		frame->inlined = true;
		text = text_trim(text_upto(text, text.len - inlined));
	}
	cut_source(parse, &text, frame);
	if (!read_unsymbolicated(parse, text, frame))
		read_symbol(parse, text, frame);
}

static struct frame *add_frame(struct text_parse *parse) {
	if (parse->frame_count >= LIMIT_FRAMES_PER_THREAD || parse->frame_total >= LIMIT_FRAMES) {
		text_fail(parse, -E2BIG, "too many frames");
		return NULL;
	}
	if (parse->frame_count == parse->frame_cap) {
		size_t cap = parse->frame_cap ? parse->frame_cap * 2 : 64;
		struct frame *frames = realloc(parse->frames, cap * sizeof *frames);
		if (!frames) {
			no_memory(parse);
			return NULL;
		}
		parse->frames = frames;
		parse->frame_cap = cap;
	}
	parse->frame_total++;
	struct frame *frame = &parse->frames[parse->frame_count++];
	*frame = (struct frame){.image_index = -1};
	return frame;
}

void text_frame_line(struct text_parse *parse, struct text line) {
	size_t digits = 0;
	while (digits < line.len && line.p[digits] >= '0' && line.p[digits] <= '9')
		digits++;
	uint64_t number;
	if (parse->stray || !digits || digits > 6 || digits == line.len ||
		(line.p[digits] != ' ' && line.p[digits] != '\t') ||
		!text_decimal(text_upto(line, digits), &number))
		return;
	struct i64_opt *last = &parse->last_frame_number;
	if (last->set && (int64_t)number <= last->value) {
		stray(parse, "threads: frames without a thread");
		return;
	}
	struct text rest = text_trim(text_from(line, digits));
	struct frame *frame = add_frame(parse);
	if (!frame)
		return;
	*last = (struct i64_opt){(int64_t)number, true};
	read_frame(parse, rest, frame);
}

void text_address_list(struct text_parse *parse, struct text line) {
	while (line.len && !parse->code) {
		struct text word = text_word(&line);
		while (word.len && word.p[0] == '(')
			word = text_from(word, 1);
		while (word.len && word.p[word.len - 1] == ')')
			word.len--;
		uint64_t address;
		if (!text_hex(word, &address))
			return;
		struct frame *frame = add_frame(parse);
		if (frame)
			frame->address = (struct u64_opt){address, true};
	}
}

void text_frames_finish(struct text_parse *parse) {
	struct report *report = parse->report;
	struct frames *to = NULL;
	if (parse->section == TEXT_SECTION_LAST_EXCEPTION)
		to = &report->last_exception;
	else if (parse->section == TEXT_SECTION_THREAD && report->thread_count)
		to = &report->threads[report->thread_count - 1].frames;
	if (to && !to->count && parse->frame_count) {
		to->items = arena_calloc(&report->arena, parse->frame_count, sizeof *to->items);
		if (to->items) {
			memcpy(to->items, parse->frames, parse->frame_count * sizeof *to->items);
			to->count = parse->frame_count;
		} else {
			no_memory(parse);
		}
	}
	parse->frame_count = 0;
	parse->last_frame_number = (struct i64_opt){0};
	parse->stray = false;
}

void text_threads_finish(struct text_parse *parse) {
	struct report *report = parse->report;
	struct i64_opt number = parse->crashed_number;
	report->crashed_thread = parse->marked_thread;
	if (report->crashed_thread < 0 && number.set && !parse->sampled) {
		struct thread *thread = find_thread(parse, (int)number.value);
		if (thread)
			report->crashed_thread = (int)(thread - report->threads);
	}
	if (number.set && report->crashed_thread < 0)
		report_warn(
			report, "crashed thread: thread %d is not in the text", (int)number.value);
	if (report->crashed_thread < 0)
		return;
	struct thread *crashed = &report->threads[report->crashed_thread];
	crashed->triggered = true;
	if (!number.set)
		return;
	if (crashed->index != number.value) {
		report_warn(report, "crashed thread: the header names %d, the threads %d",
			(int)number.value, crashed->index);
		return;
	}
	if (!crashed->name)
		crashed->name = text_fact(parse, parse->crashed_name, LIMIT_SYMBOL_BYTES);
	if (!crashed->queue)
		crashed->queue = text_fact(parse, parse->crashed_queue, LIMIT_SYMBOL_BYTES);
}

void text_add_register(struct text_parse *parse, const char *name, uint64_t value) {
	struct report *report = parse->report;
	if (report->register_count >= LIMIT_REGISTERS || report_register(report, name).set)
		return;
	if (arena_grow(&report->arena, (void **)&report->registers, report->register_count,
		    &parse->register_cap, sizeof *report->registers))
		no_memory(parse);
	else
		report->registers[report->register_count++] = (struct reg){name, value};
}

/* The text shortens two names that the JSON spells out. Rosetta's scratch registers are not the
 * program's. */
static const char *register_name(struct text_parse *parse, struct text name) {
	if (text_equals(name, "rfl"))
		return "rflags";
	if (text_equals(name, "efl"))
		return "eflags";
	if (!name.len || name.len > 8 || text_begins(name, "tmp"))
		return NULL;
	return text_fact(parse, name, 8);
}

void text_register_line(struct text_parse *parse, struct text line) {
	bool any = false;
	while (line.len && !parse->code) {
		struct text rest = line;
		struct text name = text_word(&rest);
		if (name.len < 2 || name.p[name.len - 1] != ':')
			break;
		name.len--;
		uint64_t value;
		struct text word = text_word(&rest);
		bool known = text_hex(word, &value);
		if (!known && !text_equals(word, "<unavailable>"))
			break;
		const char *copy = register_name(parse, name);
		if (known && copy)
			text_add_register(parse, copy, value);
		any = true;
		line = rest;
		if (copy && strcmp(copy, "esr") == 0) {
			if (!parse->report->esr_description)
				parse->report->esr_description =
					text_fact(parse, line, LIMIT_SYMBOL_BYTES);
			break;
		}
	}
	if (!any && line.len) {
		text_enter(parse, TEXT_SECTION_OTHER);
		text_header_line(parse, line);
	}
}

static int hex_digit(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "  5b 5b 2a 00 48 8b 75 c8-4c ...  [[*.H.u.L" and " [48]f7 fe 48 ...   <==" for the line with the
 * pc */
void text_instruction_line(struct text_parse *parse, struct text line) {
	for (int n = 0; n < 16 && line.len >= 2; n++) {
		if (line.p[0] == '[') {
			parse->at_pc = true;
			line = text_from(line, 1);
		}
		if (line.len < 2)
			return;
		int high = hex_digit(line.p[0]), low = hex_digit(line.p[1]);
		if (high < 0 || low < 0)
			return;
		buf_add_char(parse->at_pc ? &parse->bytes_after : &parse->bytes,
			(char)(high << 4 | low));
		line = text_from(line, 2);
		if (line.len && (line.p[0] == ' ' || line.p[0] == '-' || line.p[0] == ']'))
			line = text_from(line, 1);
	}
}
