/*
 * What the parts of redact_report() share: how single values are read, the table of a JSON report's
 * members, and the two forms of a report. Internal to src/triage.
 */
#ifndef TRIAGE_REDACT_PARTS_H
#define TRIAGE_REDACT_PARTS_H

#include "triage/redact.h"

#include <stdbool.h>

/* What may stand at a place, and what becomes of it. Where a shape is expected and something else
 * stands, it is prose, or nothing where prose would be of no use. */
enum redact_policy {
	POLICY_TEXT,
	POLICY_LINES, /* the same with line feeds */
	POLICY_SYMBOL,
	POLICY_SELECTOR,
	POLICY_PATH,
	POLICY_NAME,
	POLICY_BUNDLE,    /* an identifier of a bundle, else prose */
	POLICY_SOURCE,    /* a source file, with folders or without */
	POLICY_BACKTRACE, /* lines of frames as the text form has them */
	POLICY_MACHINE,   /* as a whole */
	POLICY_WORD,      /* one of few words that reports use there, else prose */
	POLICY_VERSION,
	POLICY_SYSTEM,    /* "macOS 15.7.3 (24G419)", "24G419" */
	POLICY_MODEL,     /* "Mac16,5" */
	POLICY_INCIDENT,  /* UUID, else prose */
	POLICY_UUID,      /* else nothing */
	POLICY_HEX,       /* "0x1, 0x5c8", else nothing */
	POLICY_BUG_TYPE,  /* number, or a text of one, else prose */
	POLICY_NUMBER_ID, /* number, or a text of digits or hexadecimal digits, else nothing */
	POLICY_TIME,      /* else nothing */
	POLICY_CODE,      /* machine code in base64, else nothing */
	POLICY_NUMBER,    /* number, true or false, else nothing */
	POLICY_OBJECT,
};

/* Whether text is what a report has of the code around its program counter. */
bool redact_is_code(enum report_arch arch, const char *text, size_t len);

/* Appends what may leave of text; any policy but POLICY_CODE. False, and nothing appended, when
 * that is nothing. */
bool redact_value(struct redactor *redactor, enum redact_policy policy, const char *text,
	size_t len, struct buf *ret);

/* Whether an address that a report has where no version is expected stands there as a whole. */
bool redact_has_address(const struct redactor *redactor, const char *text, size_t len);

/* Between these two calls the words that other reports have taught stay, unless this one teaches
 * them as well: its signature is made of what it tells itself. Returns 0 or -ENOMEM. */
int redact_begin_report(struct redactor *redactor, const struct report *report);
void redact_end_report(struct redactor *redactor);

/* A member of an object that may leave. Tables end with a name that is NULL. */
struct redact_member {
	const char *name; /* "*": any; that of an image is a name, another prose */
	enum redact_policy policy;
	unsigned char lists;                 /* arrays that may stand around the value */
	bool body;                           /* only the body of a report has it */
	const struct redact_member *members; /* POLICY_OBJECT; NULL: none of them may leave */
};
extern const struct redact_member redact_report_members[];

/* One object of report that begins at bytes, white space in front of it. *ret_len: its bytes;
 * *ret_body: it has members of a body. Errors: those of report_parse_json(). */
int redact_object(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, size_t *ret_len, bool *ret_body, struct err *err);

/* A report in the text form. */
int redact_text(
	struct redactor *redactor, const char *bytes, size_t len, struct buf *ret, struct err *err);
/* Text of any kind, cleaned. */
int redact_prose(
	struct redactor *redactor, const char *bytes, size_t len, struct buf *ret, struct err *err);
/* One line "0  image  0x1000 symbol + 4"; other lines are prose. */
void redact_frame_line(struct redactor *redactor, const char *bytes, size_t len, struct buf *ret);

#endif
