/*
 * One identifier of a function: it stays when it looks like a program's, by the words that it is
 * made of. Compilers add pieces that are no words: hashes, lengths, tags; those do not count.
 */
#include "triage/redact_ident.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* Digits of a UUID, of a key of a machine. */
#define MACHINE_DIGITS 32
/* Digits in a piece of a name: a size or a version, not a number of somebody. */
#define DIGITS_OF_A_NAME 4
/* Letters of a mangled name that stand for types; what is longer is a word. */
#define LETTERS_OF_A_TYPE 3

struct tally {
	size_t known, unknown, single, pieces;
};

size_t redact_ident_length(const char *text, size_t len) {
	size_t n = 0;

	while (n < len && (redact_is_ident(text[n]) || (unsigned char)text[n] >= 0x80))
		n++;
	return n;
}

/* ---- what compilers add */

/* "2ul", "0x1f", "42" */
static bool is_literal(const char *text, size_t len) {
	size_t n = redact_at(text, len, "0x") ? 2 + redact_span_hex(text + 2, len - 2)
					      : redact_span_digits(text, len);

	if (n == 0 || n > 20)
		return false;
	while (n < len && strchr("uUlLfF", text[n]) != NULL)
		n++;
	return n == len;
}

/* "h0123456789abcdef" behind "::": a version of a function, in Rust. */
static bool is_rust_hash(const struct redact_scan *scan, size_t at, size_t n) {
	const char *text = scan->text;

	return n == 17 && text[at] == 'h' && redact_span_hex(text + at + 1, n - 1) == n - 1 &&
	       at > 2 && text[at - 1] == ':' && text[at - 2] == ':';
}

/* "se180100" of "[abi:se180100]": a version of the C++ library. */
static bool is_abi_tag(const struct redact_scan *scan, size_t at, size_t n) {
	const char *text = scan->text;
	size_t letters = 0;

	if (at < 5 || memcmp(text + at - 5, "[abi:", 5) != 0)
		return false;
	while (letters < n && text[at + letters] >= 'a' && text[at + letters] <= 'z')
		letters++;
	return letters <= 3 && n - letters <= 6 &&
	       letters + redact_span_digits(text + at + letters, n - letters) == n;
}

/* Bytes of "_m" and a hash at the end of what Unity makes of C#. */
static size_t unity_hash(const char *text, size_t len) {
	const size_t n = 42;

	if (len <= n || text[len - n] != '_' || strchr("mt", text[len - n + 1]) == NULL)
		return 0;
	for (size_t i = len - 40; i < len; i++) {
		if (!redact_is_digit(text[i]) && (text[i] < 'A' || text[i] > 'F'))
			return 0;
	}
	return n;
}

/* "$LT$", "$u7b$": how Rust writes signs that no symbol has. */
static bool has_escape(const char *text, size_t len) {
	static const char *const escapes[] = {
		"$LT$", "$GT$", "$LP$", "$RP$", "$RF$", "$BP$", "$SP$", "$C$", "$u7b$", "$u20$"};

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		size_t n = strlen(escapes[i]);

		for (size_t k = 0; k + n <= len; k++) {
			if (text[k] == '$' && memcmp(text + k, escapes[i], n) == 0)
				return true;
		}
	}
	return false;
}

bool redact_is_encoded(const char *text, size_t len) {
	return unity_hash(text, len) > 0 ||
	       (memchr(text, '$', len) != NULL && has_escape(text, len));
}

static bool is_mangled(const char *text, size_t len, bool after_dollar) {
	static const char *const prefixes[] = {"_Z", "__Z", "___Z", "_RN", "__RN", "_RI", "_T0"};

	for (size_t i = 0; text[0] == '_' && i < sizeof prefixes / sizeof prefixes[0]; i++) {
		size_t n = strlen(prefixes[i]);

		if (len > n && memcmp(text, prefixes[i], n) == 0)
			return true;
	}
	return after_dollar && len > 2 && (text[0] == 's' || text[0] == 'S') &&
	       (redact_is_digit(text[1]) || redact_is_upper(text[1]));
}

/* ---- words */

static void count_word(
	const struct redact_scan *scan, const char *text, size_t n, struct tally *tally) {
	tally->pieces++;
	if (redact_is_digit(text[0]))
		tally->unknown += n > DIGITS_OF_A_NAME;
	else if (n == 1)
		tally->single++;
	else if (redact_symbol_word_known(scan->words, text, n))
		tally->known++;
	else
		tally->unknown++;
}

static void count_words(
	const struct redact_scan *scan, const char *text, size_t len, struct tally *tally) {
	for (size_t i = 0, n; i < len; i += n) {
		n = redact_subword(text + i, len - i);
		if (n > 0) {
			count_word(scan, text + i, n, tally);
			continue;
		}
		while (i + n < len && (unsigned char)text[i + n] >= 0x80)
			n++;
		tally->unknown += n > 0;
		n += n == 0;
	}
}

/* The names in it, each behind its length; of the rest only what is too long for types. */
static void count_mangled(
	const struct redact_scan *scan, const char *text, size_t len, struct tally *tally) {
	for (size_t i = 0, n, size = 0; i < len; i += n) {
		n = redact_span_digits(text + i, len - i);
		if (n > 0) {
			size = 0;
			for (size_t k = 0; k < n && k < 4; k++)
				size = 10 * size + (size_t)(text[i + k] - '0');
			if (size > len - i - n)
				size = 0;
			count_words(scan, text + i + n, size, tally);
			n += size;
			continue;
		}
		n = redact_subword(text + i, len - i);
		if (n > LETTERS_OF_A_TYPE)
			count_word(scan, text + i, n, tally);
		n += n == 0;
	}
}

static bool is_known_part(
	const struct redact_scan *scan, const char *text, size_t len, bool after_dollar) {
	struct tally tally = {0};

	if (is_mangled(text, len, after_dollar))
		count_mangled(scan, text, len, &tally);
	else
		count_words(scan, text, len, &tally);
	if (tally.unknown <= tally.known)
		return tally.known > 0 || tally.single < 3 || tally.pieces < 5;
	return redact_identifier_known(scan->words, text, len);
}

/* Parts that a dollar sign joins are judged alone: a suffix is no longer a part of the name. */
static size_t scan_words(const struct redact_scan *scan, size_t from, size_t to) {
	const char *text = scan->text;
	size_t end = to - unity_hash(text + from, to - from);

	if (is_rust_hash(scan, from, to - from) || is_abi_tag(scan, from, to - from))
		return to - from;
	for (size_t i = from, n; i < end; i += n) {
		const char *dollar = memchr(text + i, '$', end - i);

		n = dollar != NULL ? (size_t)(dollar - text) - i : end - i;
		if (n > 0 && !is_literal(text + i, n) &&
			!is_known_part(scan, text + i, n, i > from && text[i - 1] == '$'))
			scan->found(REDACT_FUNCTION, i, i + n, scan->user);
		n += n == 0;
	}
	return to - from;
}

/* ---- modules */

static bool is_known_folder(const struct redact_scan *scan, const char *text, size_t len) {
	struct tally tally = {0};

	count_words(scan, text, len, &tally);
	return len > 0 && tally.unknown == 0;
}

size_t redact_module_length(const struct redact_scan *scan, size_t from, size_t to) {
	static const char *const modules[] = {"github.com/ollama/ollama/", "golang.org/x/",
		"google.golang.org/", "bufio/", "bytes/", "compress/", "container/", "context/",
		"crypto/", "database/", "encoding/", "internal/", "io/", "log/", "math/", "mime/",
		"net/", "os/", "path/", "reflect/", "runtime/", "sync/", "syscall/", "text/",
		"time/", "vendor/"};
	const char *text = scan->text + from, *slash;
	size_t len = to - from, n = 0;

	for (size_t i = 0; i < sizeof modules / sizeof modules[0] && n == 0; i++) {
		if (strlen(modules[i]) <= len && memcmp(text, modules[i], strlen(modules[i])) == 0)
			n = strlen(modules[i]);
	}
	while (n > 0 && (slash = memchr(text + n, '/', len - n)) != NULL) {
		if (!is_known_folder(scan, text + n, (size_t)(slash - text) - n))
			return 0;
		n = (size_t)(slash - text) + 1;
	}
	return n;
}

/* ---- machines */

/* Bytes of a UUID, its groups joined by dashes or underscores. */
static size_t uuid_length(const char *text, size_t len) {
	static const size_t groups[] = {8, 4, 4, 4, 12};
	size_t n = 0;

	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		if (redact_span_hex(text + n, len - n) < groups[i])
			return 0;
		n += groups[i];
		if (i < 4 && (n >= len || strchr("-_", text[n]) == NULL))
			return 0;
		n += i < 4;
	}
	return n;
}

/* The UUID or key of a machine in the digits that start at at, behind whatever letters; where the
 * next place to look at is, at for none. */
static size_t find_machine(const struct redact_scan *scan, size_t from, size_t at, size_t to) {
	const char *text = scan->text;
	size_t n, start, uuid;

	if ((scan->has & REDACT_HAS_DIGITS) == 0 || !redact_is_hex(text[at]) ||
		(at > from && redact_is_hex(text[at - 1])))
		return at;
	n = redact_span_hex(text + at, to - at);
	start = n >= 8 ? at + n - 8 : at;
	uuid = n >= 8 ? uuid_length(text + start, to - start) : 0;
	if (uuid == 0 && n >= MACHINE_DIGITS) {
		start = at;
		uuid = n;
	}
	if (uuid == 0)
		return at;
	scan->found(REDACT_MACHINE, start, start + uuid, scan->user);
	return start + uuid;
}

/* ---- */

static bool has_hidden(const char *text, size_t len) {
	for (size_t i = 0; i < len;) {
		uint32_t point;

		/* no sign of an identifier is hidden in ASCII */
		if ((unsigned char)text[i] < 0x80) {
			i++;
			continue;
		}
		i += redact_char(text + i, len - i, &point);
		if (redact_is_hidden(point))
			return true;
	}
	return false;
}

static size_t find_inside(const struct redact_scan *scan, size_t from, size_t at, size_t to) {
	size_t n = redact_names_may_start(scan->names, scan->text[at])
			   ? redact_find_name(scan, from, at, to)
			   : 0;

	if (n == 0 && at > from && scan->text[at - 1] == '_')
		n = redact_find_prefixed(scan, at, to);
	return n > 0 ? at + n : find_machine(scan, from, at, to);
}

size_t redact_scan_ident(const struct redact_scan *scan, size_t from, size_t to, bool symbol) {
	const char *text = scan->text;
	size_t len = redact_ident_length(text + from, to - from), end = from + len;
	size_t machines = end - unity_hash(text + from, len);
	bool found = false;

	for (size_t i = from, next; i < end; i = next) {
		next = i < machines ? find_inside(scan, from, i, to)
				    : i + redact_find_name(scan, from, i, to);
		found |= next > i;
		if (next == i)
			next += (unsigned char)text[i] < 0x80
					? 1
					: redact_char(text + i, end - i, &(uint32_t){0});
		if (next > end)
			end = next;
	}
	if (found)
		return end - from;
	if (has_hidden(text + from, len)) {
		scan->found(REDACT_WORD, from, end, scan->user);
		return len;
	}
	return symbol ? scan_words(scan, from, end) : len;
}
