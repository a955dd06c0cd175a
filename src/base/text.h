/*
 * Text from outside: cleaning to valid UTF-8, widths, escaping for a terminal, globbing, numbers.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* What text_clean() lets through beside printable text. */
enum text_keep { TEXT_LINE, TEXT_LINES /* line feeds and tabs too */ };

/* True when cleaning would change nothing (printable ASCII and valid UTF-8 without controls). */
bool text_is_clean(const char *text, size_t len, enum text_keep keep);

/*
 * Copies len bytes to dst (room for 3 * len + 1) with invalid UTF-8, C0 and C1 controls, DEL and
 * noncharacters as U+FFFD: one for each byte that is no UTF-8, one for each such code point.
 * Returns the length; dst gets a NUL behind it.
 */
size_t text_clean(char *dst, const char *text, size_t len, enum text_keep keep);

/*
 * Adds a copy that is safe on a terminal: beside what text_clean() replaces, everything that
 * reorders or breaks lines (bidirectional controls, U+2028, U+2029) becomes U+FFFD.
 */
void text_terminal(struct buf *ret, const char *text, size_t len, enum text_keep keep);

/* Decodes one code point; returns its bytes (1 .. 4), or 0 when the bytes are not valid UTF-8. */
size_t text_decode(const char *text, size_t len, uint32_t *ret);
/* Encodes; dst has room for 4. Returns the bytes written. What is no code point (surrogates)
 * becomes U+FFFD. */
size_t text_encode(char *dst, uint32_t code_point);

/* Columns on a terminal; a byte that is no UTF-8 takes one. */
size_t text_width(const char *text);
/* The longest prefix (bytes, whole code points) of at most columns columns. */
size_t text_prefix(const char *text, size_t columns);

/*
 * Shell-style glob with * ? [a-z] [!a] over the whole text, case-sensitive unless fold (ASCII). A
 * backslash takes the next character literally; so is a "[" without "]". No memory, no recursion,
 * at most pattern times text steps.
 */
bool text_glob(const char *pattern, const char *text, bool fold);

/* FNV-1a, for tables that check what they find: not for hostile collisions. Continue a hash to join
 * several texts. */
#define TEXT_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t text_hash(uint64_t hash, const char *text, size_t len);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

/*
 * The word among count candidates that a mistyped one (of at most TEXT_SUGGEST_BYTES) most likely
 * means, or NULL when none is near. NULL candidates are skipped. Borrowed.
 */
#define TEXT_SUGGEST_BYTES 40
const char *text_suggest(const char *typed, const char *const *candidates, size_t count);

/* Whole text as a number. "0x" is taken in u64. False (and *ret untouched) when it is anything
 * else. */
bool text_u64(const char *text, size_t len, uint64_t *ret);
bool text_i64(const char *text, size_t len, int64_t *ret);

#endif
