/*
 * Shared by the files that read the classic text form: report_text.c goes through the lines and
 * knows the sections, text_header.c reads "Key: value", text_threads.c threads, frames and
 * registers, text_images.c images and which frame belongs to which.
 */
#ifndef IPS_TEXT_PARSE_H
#define IPS_TEXT_PARSE_H

#include "base/buf.h"
#include "ips/report.h"

/* Borrowed bytes of the text, never NUL-terminated. */
struct text {
	const char *p;
	size_t len;
};

enum text_section {
	TEXT_SECTION_HEADER,
	TEXT_SECTION_APP_INFO,
	TEXT_SECTION_VM_REGION,
	TEXT_SECTION_THREAD,
	TEXT_SECTION_LAST_EXCEPTION,
	TEXT_SECTION_REGISTERS,
	TEXT_SECTION_INSTRUCTIONS,
	TEXT_SECTION_IMAGES,
	TEXT_SECTION_OTHER, /* read by nobody */
};

struct text_parse {
	struct report *report;
	struct err *err;
	int code; /* 0, or the first failure */
	enum text_section section;
	bool in_body;            /* threads have begun: header lines are over */
	bool sampled;            /* by sample(1) or spindump(8): nothing crashed */
	bool short_version_last; /* "Version: BUNDLE (SHORT)", the order before iOS 14 */
	struct text version;     /* waits for the line that tells the order */
	struct text block;       /* of application info or VM region info, from its first byte */
	size_t margin;           /* white space before the report's first line */
	bool margin_known;
	struct i64_opt crashed_number; /* as the header names it */
	struct text crashed_name, crashed_queue;
	int marked_thread; /* "Crashed" stands in its title; -1 */
	const char *termination_signal;
	struct frame *frames; /* of the thread being read; malloc'ed */
	size_t frame_count, frame_cap, frame_total;
	struct i64_opt last_frame_number;
	bool stray; /* frames without a title follow */
	bool stray_warned;
	int *thread_places; /* by number: its place in the list, from 1; 0 when not seen */
	size_t thread_cap, image_cap, register_cap, app_info_cap, code_cap;
	struct buf bytes, bytes_after; /* of the instruction stream, before and from the pc */
	bool at_pc;                    /* the byte at the pc was seen */
	bool images_seen;
};

/* Ends the section before it. */
void text_enter(struct text_parse *parse, enum text_section section);

/* Sets the first failure. Returns its code. */
int text_fail(struct text_parse *parse, int code, const char *what);

struct text text_trim(struct text text);
bool text_begins(struct text text, const char *prefix);
/* Cuts prefix and the white space behind it off; false and untouched without it. */
bool text_skip(struct text *text, const char *prefix);
/* Where needle begins, or -1. */
ptrdiff_t text_find(struct text text, const char *needle);
ptrdiff_t text_find_last(struct text text, const char *needle);
/* The part of text from offset on, and up to it. */
struct text text_from(struct text text, size_t offset);
struct text text_upto(struct text text, size_t offset);
/* Cuts the first word off. Empty at the end. */
struct text text_word(struct text *text);
bool text_equals(struct text text, const char *other);
/* A hexadecimal number with "0x", nothing else. */
bool text_hex(struct text text, uint64_t *ret);
/* Decimal digits, nothing else. */
bool text_decimal(struct text text, uint64_t *ret);
/* "name [123]": name and pid; either may be absent. */
struct text text_name_and_pid(struct text text, struct i64_opt *ret_pid);

/* A clean copy in the report's arena; NULL for what stands for nothing ("???", "@UUID@", "(null)",
 * ""). */
const char *text_fact(struct text_parse *parse, struct text text, size_t max);

/* One "Key: value" line; others are ignored. */
void text_header_line(struct text_parse *parse, struct text line);
/* What needs several header lines. */
void text_header_finish(struct text_parse *parse);

/* "Thread 4 Crashed:: name Dispatch queue: q" and its siblings: enters the section, true. False for
 * other lines. */
bool text_thread_title(struct text_parse *parse, struct text line);
void text_frame_line(struct text_parse *parse, struct text line);
/* "(0x18249 0x1824a ...)" below "Last Exception Backtrace:". */
void text_address_list(struct text_parse *parse, struct text line);
void text_register_line(struct text_parse *parse, struct text line);
/* Sets name unless the report has it already. */
void text_add_register(struct text_parse *parse, const char *name, uint64_t value);
void text_instruction_line(struct text_parse *parse, struct text line);
/* Hands the collected frames to whom they belong. Called whenever a section ends. */
void text_frames_finish(struct text_parse *parse);
/* Which thread crashed. */
void text_threads_finish(struct text_parse *parse);

void text_image_line(struct text_parse *parse, struct text line);
/* Gives every frame its image, image offset and address. */
void text_images_connect(struct text_parse *parse);

#endif
