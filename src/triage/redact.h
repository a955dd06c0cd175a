/*
 * What may leave the machine. An allow-list: a text is made of words, and a word goes unless it is
 * known to tell nothing of a person: it is in the vocabulary (schema/vocabulary.txt, the words of
 * the built-in rules), is a number, an address, or has the form of what may stand at its place (a
 * function in a symbol). Everything else becomes a placeholder, "<user-1>", the same for the same
 * value within one redactor.
 *
 * Pure: no files, no locale, no time; numbers are given in the order of the calls, so that the same
 * calls give the same bytes. Redacting twice changes nothing more. Signatures are made of texts
 * that went through redact_fold(), so that a redacted report has the signature of the original.
 */
#ifndef TRIAGE_REDACT_H
#define TRIAGE_REDACT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "ips/report.h"

#include <stddef.h>
#include <stdint.h>

/* What a placeholder stands for; its name is the placeholder's: "<user-1>". */
enum redact_kind {
	REDACT_USER, /* login or full name, the folder in /Users or /home */
	REDACT_HOST,
	REDACT_PATH,     /* the part of a path that says where a person keeps things */
	REDACT_MACHINE,  /* crashReporterKey, sleepWakeUUID, boot session, serial number, MAC
			    address, unknown UUIDs */
	REDACT_ADDRESS,  /* IP and e-mail addresses, URLs' hosts and telephone numbers */
	REDACT_SECRET,   /* tokens, keys, whatever looks random */
	REDACT_WORD,     /* a word that no list knows */
	REDACT_FUNCTION, /* an identifier of a function, made of such words */
	REDACT_KIND_COUNT,
};

extern const char *const redact_kind_names[REDACT_KIND_COUNT]; /* "user", "host", "path", ... */

/* How a text is read. */
enum redact_form {
	REDACT_FORM_TEXT,   /* prose: messages, thread and queue names, parents, VM regions; the
			       strictest */
	REDACT_FORM_SYMBOL, /* a function: its identifiers stay unless most of their words are
			       unknown or one is private; its quotes and paths do not */
	REDACT_FORM_PATH,   /* one whole path: system and Python package folders stay, of others the
			       last part */
	REDACT_FORM_NAME,   /* of a process, image, bundle, source file: stays but for private words
			     */
	REDACT_FORM_COUNT,
};

struct redactor;

int redactor_new(struct redactor **ret, struct err *err);
void redactor_free(struct redactor *redactor);

/* A private value known beforehand (login name, full name, host name, what the user named). It is
 * replaced wherever it stands, whatever its case, also inside of longer words when it has four
 * characters or more; a value that is in the vocabulary ("python") only where it is a whole part of
 * a path. */
int redactor_know(
	struct redactor *redactor, enum redact_kind kind, const char *value, struct err *err);
/* The words of text may leave (those of the user's rules). */
int redactor_allow(struct redactor *redactor, const char *text, struct err *err);
/* Finds the user names, hosts and identifiers that a report gives away (in the folders of every
 * path, in every text, in its raw bytes where the report's struct does not hold them), so that they
 * are known in all the others. Before anything is redacted, once for each report. bytes: of the
 * report alone, as read. */
int redactor_learn(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct err *err);

/* Appends text, redacted. NULL appends nothing. Failure shows in ret->failed. */
void redact(struct redactor *redactor, enum redact_form form, const char *text, struct buf *ret);
void redact_bytes(struct redactor *redactor, enum redact_form form, const char *text, size_t len,
	struct buf *ret);
/* Appends the placeholder of the whole value. */
void redact_whole(
	struct redactor *redactor, enum redact_kind kind, const char *value, struct buf *ret);
/* The same into arena, for structs of texts; NULL stays NULL (also without memory). */
const char *redact_dup(
	struct redactor *redactor, enum redact_form form, const char *text, struct arena *arena);

/* What was replaced so far, in the order of the placeholders. Texts borrowed for the call. */
struct redact_replacement {
	enum redact_kind kind;
	const char *value, *placeholder;
	uint64_t count; /* how often */
};
typedef int (*redact_fn)(const struct redact_replacement *replacement, void *user);
int redactor_each(const struct redactor *redactor, redact_fn fn, void *user);

/*
 * One report (the bytes of one report of a document, entities and quoting undone; header line and
 * body, body alone, or classic text) with everything private replaced and every member that is not
 * on the list left out; what stays, stays byte for byte, so that the result is the original with
 * gaps and no reconstruction. It parses as the same report and is triaged to the same site and
 * signature. Appends to ret. Errors: those of report_parse_*().
 *
 * Odd bytes of texts are mended as the parser mends them, so that the result may have fewer
 * warnings than the original.
 */
int redact_report(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, struct err *err);

/*
 * For signatures: text with every placeholder and every word that would become one as "*", that of
 * a function with the sort of its name, "*37". own: the private names that this very report gives
 * away (redact_names_of()), may be NULL. kept: what was found before (triage/redact_kept.h), may be
 * NULL. NULL without memory.
 */
struct redact_names;
struct redact_kept;
int redact_names_of(const struct report *report, struct redact_kept *kept, struct arena *arena,
	const struct redact_names **ret);
const char *redact_fold(enum redact_form form, const struct redact_names *own,
	struct redact_kept *kept, const char *text, struct arena *arena);

#endif
