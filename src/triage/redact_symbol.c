/*
 * Functions and names. A function that reads like a sentence is read as one.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"
#include "triage/redact_grammar.h"
#include "triage/redact_ident.h"

#include <string.h>

/* Pairs of unknown words with nothing but a blank between them: a result's type and the function
 * make one. */
#define PAIRS_OF_A_FUNCTION 1

/* Of a login, and of a host without a domain. */
#define LOGIN_BYTES 64

static bool is_boundary(const char *text, size_t from, size_t at, size_t to) {
	return at <= from || at >= to ||
	       !(redact_is_letter(text[at]) || redact_is_digit(text[at]) ||
		       (unsigned char)text[at] >= 0x80);
}

/* Whether [at, end) is a piece of a longer word that everybody uses: "hann" of "channel". */
static bool inside_known_word(
	const struct redact_scan *scan, size_t from, size_t at, size_t end, size_t to) {
	const char *text = scan->text;
	size_t start = at, n;

	while (start > from && at - start < REDACT_WORD_BYTES && redact_is_letter(text[start - 1]))
		start--;
	for (; start < to && start <= at; start += n > 0 ? n : 1) {
		n = redact_subword(text + start, to - start);
		if (start <= at && end <= start + n)
			return n > end - at && redact_word_known(scan->words, text + start, n);
	}
	return false;
}

static struct redact_match private_name(
	const struct redact_scan *scan, size_t from, size_t at, size_t to) {
	const struct redact_match none = {0};
	const char *text = scan->text;
	struct redact_match match;
	size_t end;

	if (!redact_names_may_start(scan->names, text[at]))
		return none;
	match = redact_names_at(scan->names, text + at, to - at);
	end = at + match.len;
	if (match.len == 0 || match.part)
		return none;
	if (match.whole && !((at == from || is_boundary(text, from, at - 1, to)) &&
				   is_boundary(text, at, end, to)))
		return none;
	return inside_known_word(scan, from, at, end, to) ? none : match;
}

size_t redact_find_name(const struct redact_scan *scan, size_t from, size_t at, size_t to) {
	struct redact_match match = private_name(scan, from, at, to);

	if (match.len > 0)
		scan->found(match.kind, at, at + match.len, scan->user);
	return match.len;
}

bool redact_has_name(const struct redact_scan *scan, size_t from, size_t to) {
	for (size_t i = from; i < to && !redact_names_none(scan->names); i++) {
		if (private_name(scan, from, i, to).len > 0)
			return true;
	}
	return false;
}

/* "_0123...CDEF" of "(name in _0123...CDEF)": the file of a private name, in Swift. */
static bool is_discriminator(const struct redact_scan *scan, size_t at, size_t n) {
	const char *text = scan->text;

	if (n != 33 || text[at] != '_' || at < 4 || memcmp(text + at - 4, " in ", 4) != 0 ||
		at + n >= scan->len || text[at + n] != ')')
		return false;
	for (size_t i = at + 1; i < at + n; i++) {
		if (!redact_is_hex(text[i]))
			return false;
	}
	return true;
}

/* "lambda", "unnamed0", and so on. */
static bool is_quoted_word(const char *text, size_t len) {
	static const char *const words[] = {"lambda", "unnamed", "block-literal"};

	while (len > 0 && redact_is_digit(text[len - 1]))
		len--;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (len == strlen(words[i]) && memcmp(text, words[i], len) == 0)
			return true;
	}
	return false;
}

/* What stands between quotes is no part of a function, but for C++'s own words there. */
static size_t find_quoted(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text, *close;
	size_t n;

	if (text[at] != '"' && text[at] != '\'')
		return 0;
	n = text[at] == '\'' ? redact_grammar_lifetime(text, at, to) : 0;
	if (n > 0)
		return n;
	close = memchr(text + at + 1, text[at], to - at - 1);
	n = close != NULL ? (size_t)(close - text) - at - 1 : 0;
	if (n == 0)
		return 0;
	if (text[at] == '\'' && is_quoted_word(text + at + 1, n))
		return n + 2;
	if (memchr(text + at + 1, '<', n) != NULL || memchr(text + at + 1, '\n', n) != NULL)
		redact_scan_text(scan, at + 1, at + 1 + n);
	else if (n > 1)
		scan->found(REDACT_WORD, at + 1, at + 1 + n, scan->user);
	return n + 2;
}

static bool starts_word(const struct redact_scan *scan, size_t from, size_t at) {
	char before = (char)(at > from ? scan->text[at - 1] : 0);

	return !redact_is_ident(before) && (unsigned char)before < 0x80;
}

/* "smith@studio" as a name; "python@3.11" and "light@default" are no logins. Bytes. */
static size_t login_length(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text + at;
	size_t len = to - at, n = 0, host;

	if ((scan->has & REDACT_HAS_AT) == 0 || !redact_is_letter(text[0]))
		return 0;
	while (n < len && n < LOGIN_BYTES &&
		(redact_is_ident(text[n]) || strchr(".-", text[n]) != NULL))
		n++;
	host = n + 1;
	if (host >= len || text[n] != '@' || !redact_is_letter(text[host]))
		return 0;
	for (n = host;
		n < len && n - host < LOGIN_BYTES && (redact_is_ident(text[n]) || text[n] == '-');)
		n++;
	if (redact_identifier_known(scan->words, text, host - 1) &&
		redact_identifier_known(scan->words, text + host, n - host))
		return 0;
	return n;
}

/* Something that is private whatever stands around it; bytes, 0 for none. */
static size_t find_mark(
	const struct redact_scan *scan, size_t from, size_t at, size_t to, bool symbol) {
	size_t n = 0;

	if (starts_word(scan, from, at)) {
		n = redact_ident_length(scan->text + at, to - at);
		if (symbol && n > 0 && is_discriminator(scan, at, n))
			return n;
		n = symbol && redact_is_encoded(scan->text + at, n)
			    ? 0
			    : redact_find(scan, at, to, false);
	}
	if (n == 0 && !symbol && starts_word(scan, from, at)) {
		n = login_length(scan, at, to);
		if (n > 0)
			scan->found(REDACT_ADDRESS, at, at + n, scan->user);
	}
	if (n == 0)
		n = redact_find_name(scan, from, at, to);
	if (n == 0 && symbol)
		n = find_quoted(scan, at, to);
	return n > 0 ? n : redact_find_path(scan, at, to, false);
}

/* What begins no identifier; bytes, 0 when the function ends in front of it. */
static size_t read_sign(const struct redact_scan *scan, struct redact_grammar *grammar, size_t from,
	size_t at, size_t to) {
	size_t n = scan->text[at] == '(' ? redact_grammar_remark(grammar, scan, at, to) : 0;

	if (n == 0)
		return redact_grammar_sign(grammar, scan, from, at, to);
	redact_scan_text(scan, at, at + n);
	return n;
}

/* Something that is private by its form, or a placeholder; bytes, 0 for none. */
static size_t skip_mark(
	const struct redact_scan *scan, size_t from, size_t at, size_t to, bool symbol) {
	size_t n = scan->text[at] == '<' ? redact_placeholder(scan->text + at, to - at) : 0;

	return n > 0 ? n : find_mark(scan, from, at, to, symbol);
}

void redact_scan_marks(const struct redact_scan *scan, size_t from, size_t to, bool symbol) {
	struct redact_grammar grammar = {0};
	const char *text = scan->text;

	for (size_t i = from, n; i < to; i += n) {
		n = skip_mark(scan, from, i, to, symbol);
		if (n > 0)
			continue;
		n = redact_ident_length(text + i, 1);
		if (n > 0) {
			grammar.selector |=
				text[i] == 'o' && redact_at(text + i, to - i, "objc_msgsend$");
			n = redact_scan_ident(scan, i, to, symbol);
		} else if (redact_is_hidden((unsigned char)text[i])) {
			n = 1;
			scan->found(REDACT_WORD, i, i + n, scan->user);
		} else {
			n = symbol ? read_sign(scan, &grammar, from, i, to) : 1;
		}
		if (n == 0) {
			redact_scan_text(scan, i, to);
			return;
		}
	}
}

static bool is_unknown(const struct redact_scan *scan, size_t at, size_t len) {
	return redact_is_letter(scan->text[at]) &&
	       !redact_identifier_known(scan->words, scan->text + at, len);
}

/* Whether a symbol has more unknown words side by side than functions have. */
static bool is_sentence(const struct redact_scan *scan, size_t from, size_t to) {
	const char *text = scan->text;
	size_t pairs = 0, depth = 0, before = 0, blanks = 2;

	for (size_t i = from, n; i < to; i += n) {
		n = redact_ident_length(text + i, to - i);
		if (n > 0) {
			if (depth == 0 && blanks == 1 && is_unknown(scan, i, n) &&
				is_unknown(scan, i - 1 - before, before))
				pairs++;
			before = n;
			blanks = 0;
			continue;
		}
		n = 1;
		blanks += text[i] == ' ' ? 1 : 2;
		if (strchr("<([{", text[i]) != NULL)
			depth++;
		if (strchr(">)]}", text[i]) != NULL && depth > 0)
			depth--;
	}
	return pairs > PAIRS_OF_A_FUNCTION;
}

void redact_scan_symbol(const struct redact_scan *scan, size_t from, size_t to) {
	if (memchr(scan->text + from, ' ', to - from) != NULL && is_sentence(scan, from, to))
		redact_scan_text(scan, from, to);
	else
		redact_scan_marks(scan, from + redact_module_length(scan, from, to), to, true);
}

void redact_scan_name(const struct redact_scan *scan, size_t from, size_t to) {
	if (memchr(scan->text + from, '/', to - from) != NULL ||
		memchr(scan->text + from, '\\', to - from) != NULL)
		redact_scan_path(scan, from, to);
	else
		redact_scan_marks(scan, from, to, false);
}
