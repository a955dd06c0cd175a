/*
 * The stages of a document: unwrap (what forums, mail and clipboards did to the text is undone),
 * find (where reports begin and end), and document.c, which parses and merges what was found.
 */
#ifndef IPS_DOCUMENT_PARTS_H
#define IPS_DOCUMENT_PARTS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* What must be undone before reports can be read. */
struct unwrap_needs {
	bool tags;      /* <br>, <pre>, <code> ... */
	bool entities;  /* &lt; &amp; &#39; ... */
	bool quotes;    /* "> " in front of lines */
	bool keep_quot; /* the JSON in it has bare quotation marks: &quot; is text */
};

/* A place in the unwrapped text, and where it was before. Sorted by unwrapped. */
struct unwrap_mark {
	size_t unwrapped, original;
};

struct unwrap_marks {
	struct unwrap_mark *items;
	size_t count;
};

bool unwrap_is_utf16(const char *bytes, size_t len);
/* To UTF-8; lone surrogates become U+FFFD. */
void unwrap_utf16(const char *bytes, size_t len, struct buf *ret);
/* Looks for evidence. True when anything is needed. */
bool unwrap_find_needs(const char *bytes, size_t len, struct unwrap_needs *ret);
/* Appends the unwrapped text to ret and fills the marks' original; either may be NULL. */
void unwrap(const char *bytes, size_t len, const struct unwrap_needs *needs, struct buf *ret,
	const struct unwrap_marks *marks);

enum piece_kind {
	PIECE_JSON, /* header and body, or a body alone; also a header with a text body; may be
		       broken */
	PIECE_TEXT,
	PIECE_TAILED_JSON, /* body of which the header's end stands before it: head_from .. head_to
			    */
};

struct piece {
	enum piece_kind kind;
	size_t from, to; /* in the bytes */
	size_t head_from, head_to;
};

/* Returns false to stop. */
typedef bool piece_found(void *context, const struct piece *piece);

/* Calls found for each part of bytes that looks like a report, in order. Linear time, never
 * recurses. */
void find_pieces(const char *bytes, size_t len, piece_found *found, void *context);

/* Whether a stretch of JSON has a member that only reports have. */
bool find_looks_like_report(const char *from, const char *to);

/*
 * Goes over one JSON object (p at its brace, or behind the brace when inside). Returns the byte
 * behind it and *ret_whole, or the first byte that does not fit. Stricter than the parser: a line
 * feed inside a string ends it, because in prose that is where a quotation mark went astray.
 */
const char *find_json_end(const char *p, const char *end, bool inside, bool *ret_whole);

#endif
