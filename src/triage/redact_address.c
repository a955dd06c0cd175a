/*
 * Addresses of machines in networks, told from versions, which look alike, and from scopes.
 */
#include "triage/redact_address.h"

#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <errno.h>
#include <string.h>

/* Letters of all addresses that are learned; no real archive comes near. */
#define LETTERS_MAX (1u << 20)
/* Digits of a UUID or a key without dashes. */
#define KEY_DIGITS 32

static bool ends_here(const char *text, size_t len, size_t n) {
	return n >= len || !redact_is_ident(text[n]);
}

/* Four numbers below 256 with the sign between them. */
static size_t quad_length(const char *text, size_t len, char sign, unsigned *ret_first) {
	size_t n = 0;

	for (int group = 0; group < 4; group++) {
		size_t digits = redact_span_digits(text + n, len - n);
		unsigned value = 0;

		for (size_t i = 0; i < digits && i < 4; i++)
			value = 10 * value + (unsigned)(text[n + i] - '0');
		if (digits == 0 || digits > 3 || value > 255)
			return 0;
		if (group == 0)
			*ret_first = value;
		n += digits;
		if (group < 3 && (n >= len || text[n++] != sign))
			return 0;
	}
	return n + 1 < len && text[n] == sign && redact_is_digit(text[n + 1]) ? 0 : n;
}

size_t redact_ipv4(const char *text, size_t len) {
	return quad_length(text, len, '.', &(unsigned){0});
}

/* "10.0.1.2" of "libx.10.0.1.2.dylib": small numbers, and the file of a program or a package behind
 * them. */
static bool is_version_of_file(const char *text, size_t len, size_t n) {
	static const char *const ends[] = {
		".dylib", ".so", ".framework", ".app", ".bundle", ".dist-info", ".egg"};
	size_t digits = 0;

	for (size_t i = 0; i < n; i++) {
		digits = redact_is_digit(text[i]) ? digits + 1 : 0;
		if (digits > 2)
			return false;
	}
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		if (redact_at(text + n, len - n, ends[i]))
			return true;
	}
	return false;
}

/* Whether the word that ends at at announces a version: "version: ", "v". */
static bool is_announced(const struct redact_scan *scan, size_t at) {
	static const char *const words[] = {"version", "ver", "v", "xnu"};
	const char *text = scan->text;
	size_t end = at, start;

	while (end > 0 && at - end < 3 && strchr(" :=-(", text[end - 1]) != NULL)
		end--;
	start = end;
	while (start > 0 && end - start < 8 && redact_is_letter(text[start - 1]))
		start--;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == end - start &&
			redact_at(text + start, end - start, words[i]))
			return true;
	}
	return false;
}

static size_t ipv4_length(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	size_t n = redact_ipv4(text + at, to - at);

	if (n == 0 || (at > 1 && text[at - 1] == '.' && redact_is_digit(text[at - 2])) ||
		is_version_of_file(text + at, to - at, n) || is_announced(scan, at))
		return 0;
	return n;
}

/* "10-213-35-60", "ip-10-0-0-12": with small numbers only in the networks at home. */
static size_t dashed_length(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	unsigned first = 0;
	size_t n = quad_length(text + at, to - at, '-', &first);

	if (n == 0 || !ends_here(text + at, to - at, n) ||
		(at > 1 && text[at - 1] == '-' && redact_is_digit(text[at - 2])))
		return 0;
	return n > 10 || first == 10 || (first == 192 && redact_at(text + at + 4, n - 4, "168")) ||
			       (at > 2 && redact_at(text + at - 3, 3, "ip-"))
		       ? n
		       : 0;
}

/* What is known of the groups of an address of version 6. */
struct ipv6 {
	size_t groups, singles;  /* singles: joined by one colon */
	bool gap, digit, number; /* number: a group that no name starts like */
};

static size_t read_ipv6(const char *text, size_t len, struct ipv6 *ret) {
	size_t n = 0;

	while (n < len) {
		size_t digits = redact_span_hex(text + n, len - n);

		if (digits == 0 || digits > 4 || ret->groups == 8)
			return 0;
		for (size_t i = 0; i < digits; i++)
			ret->digit |= redact_is_digit(text[n + i]);
		ret->number |= ret->groups > 0 && redact_is_digit(text[n]);
		ret->groups++;
		n += digits;
		if (n + 1 >= len || text[n] != ':')
			break;
		if (!ret->gap && n + 2 < len && text[n + 1] == ':' && redact_is_hex(text[n + 2])) {
			ret->gap = true;
			n += 2;
		} else if (redact_is_hex(text[n + 1])) {
			ret->singles++;
			n++;
		} else {
			break;
		}
	}
	return n;
}

/* A scope of C++ has names on both sides of its colons, and no name starts with a digit: "c10d::a1"
 * is one. Fewer than eight groups need one "::". */
static size_t ipv6_length(const char *text, size_t len) {
	struct ipv6 found = {0};
	size_t n = read_ipv6(text, len, &found), first = redact_span_hex(text, len);
	bool usual = first == 4 && (redact_at(text, len, "fe80") || redact_at(text, len, "fd") ||
					   redact_is_digit(text[0]));

	/* "fe80::" alone */
	if (n + 2 == len && usual && !found.gap && memcmp(text + n, "::", 2) == 0) {
		found.gap = found.digit = true;
		n = len;
	}
	if (n == 0 || !found.digit || !ends_here(text, len, n))
		return 0;
	if (n + 2 < len && text[n] == ':' && text[n + 1] == ':')
		return 0;
	if (found.groups == 8)
		return n;
	if (!found.gap || (first != 4 && found.groups < 4))
		return 0;
	return usual || found.number || found.singles > 0 ? n : 0;
}

static size_t mac_length(const char *text, size_t len) {
	size_t n = 0;

	for (int group = 0; group < 6; group++) {
		if (redact_span_hex(text + n, len - n) < 2)
			return 0;
		n += 2;
		if (group < 5 &&
			(n >= len || (text[n] != ':' && text[n] != '-') || text[n] != text[2]))
			return 0;
		n += group < 5;
	}
	return ends_here(text, len, n) &&
			       (n + 1 >= len || text[n] != text[2] || !redact_is_hex(text[n + 1]))
		       ? n
		       : 0;
}

size_t redact_uuid(const char *text, size_t len) {
	static const size_t groups[] = {8, 4, 4, 4, 12};
	size_t n = 0;

	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		size_t digits = redact_span_hex(text + n, len - n);

		if (digits != groups[i] && !(i == 4 && digits > 12))
			return 0;
		n += groups[i];
		if (i < 4 && (n >= len || (text[n] != '-' && text[n] != '_')))
			return 0;
		n += i < 4;
	}
	return n;
}

size_t redact_find_address(const struct redact_scan *scan, size_t at, size_t to) {
	enum redact_kind kind = REDACT_MACHINE;
	size_t n = 0;

	if ((scan->has & (REDACT_HAS_COLON | REDACT_HAS_DASH)) != 0)
		n = mac_length(scan->text + at, to - at);
	if (n == 0)
		kind = REDACT_ADDRESS;
	if (n == 0 && (scan->has & REDACT_HAS_DOT) != 0)
		n = ipv4_length(scan, at, to);
	if (n == 0 && (scan->has & REDACT_HAS_DASH) != 0)
		n = dashed_length(scan, at, to);
	if (n == 0 && (scan->has & REDACT_HAS_COLON) != 0)
		n = ipv6_length(scan->text + at, to - at);
	if (n > 0)
		scan->found(kind, at, at + n, scan->user);
	return n;
}

/* ---- joined to a word */

/* A UUID or a key, whose first group ends in the word: where it starts, 0 for nowhere. */
static size_t joined_key(const char *text, size_t word, size_t len, bool prose, size_t *ret_len) {
	for (size_t i = 1, n; i<word; i += n> 0 ? n : 1) {
		n = redact_span_hex(text + i, len - i);
		if (n >= KEY_DIGITS && prose) {
			*ret_len = n;
			return i;
		}
		*ret_len = n >= 8 ? redact_uuid(text + i + n - 8, len - i - n + 8) : 0;
		if (*ret_len > 0)
			return i + n - 8;
	}
	return 0;
}

/* "tel_+14155550132", "job_4155550132" */
static size_t joined_phone(const char *text, size_t word, size_t len, bool prose, size_t *ret_len) {
	size_t digits = 0;

	if (word < len && text[word] == '+') {
		digits = redact_span_digits(text + word + 1, len - word - 1);
		*ret_len = digits + 1;
		return digits > 9 && digits < 16 ? word : 0;
	}
	while (digits < word && redact_is_digit(text[word - 1 - digits]))
		digits++;
	*ret_len = digits;
	return prose && digits == 10 && word > digits && text[word - digits - 1] == '_' &&
			       text[word - digits] > '1' && text[word - digits + 3] > '1'
		       ? word - digits
		       : 0;
}

/* An address whose first group is the end of the word. */
static size_t joined_address(const struct redact_scan *scan, size_t at, size_t word, size_t to,
	size_t *ret_len, enum redact_kind *ret_kind) {
	size_t digits = 0;

	*ret_kind = REDACT_ADDRESS;
	while (digits < word && redact_is_digit(scan->text[at + word - 1 - digits]))
		digits++;
	*ret_len = digits > 0 && digits < word && digits < 4
			   ? ipv4_length(scan, at + word - digits, to)
			   : 0;
	if (*ret_len > 0)
		return word - digits;
	*ret_kind = REDACT_MACHINE;
	*ret_len = word > 2 ? mac_length(scan->text + at + word - 2, to - at - word + 2) : 0;
	return *ret_len > 0 ? word - 2 : 0;
}

size_t redact_find_joined(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	const char *text = scan->text + at;
	enum redact_kind kind = REDACT_MACHINE;
	size_t word = 0, n = 0, start;

	while (at + word < to && redact_is_ident(text[word]))
		word++;
	if (word == 0)
		return 0;
	start = joined_key(text, word, to - at, prose, &n);
	if (start == 0)
		start = joined_address(scan, at, word, to, &n, &kind);
	if (start == 0) {
		kind = REDACT_ADDRESS;
		start = joined_phone(text, word, to - at, prose, &n);
	}
	if (start == 0)
		return 0;
	if (prose)
		redact_scan_words(scan, at, at + start);
	else
		redact_scan_marks(scan, at, at + start, false);
	scan->found(kind, at + start, at + start + n, scan->user);
	return start + n;
}

/* ---- learning */

/* Where what stands behind the blanks in front of at ends. */
static size_t skip_back(const char *text, size_t at) {
	while (at > 0 && text[at - 1] == ' ')
		at--;
	return at;
}

/* Whether the value that starts at at is a JSON member's whose name says that it is a version. */
static bool is_version_member(const char *text, size_t at) {
	static const char *const ends[] = {"ersion", "ersionString"};

	at = skip_back(text, at - 1);
	if (at == 0 || text[at - 1] != ':')
		return false;
	at = skip_back(text, at - 1);
	if (at == 0 || text[--at] != '"')
		return false;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t n = strlen(ends[i]);

		if (at > n && memcmp(text + at - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

/* After a word for it, in brackets as the version of an image, or as such a member's value. */
static bool is_version_place(const char *text, size_t len, size_t from, size_t to) {
	const struct redact_scan scan = {.text = text, .len = len};
	char before = (char)(from > 0 ? text[from - 1] : 0),
	     after = (char)(to < len ? text[to] : 0);

	if (is_announced(&scan, skip_back(text, from)) || before == '(' || after == ')')
		return true;
	return before == '"' && after == '"' && is_version_member(text, from);
}

int redact_learn_addresses(struct redact_names *names, const char *text, size_t len) {
	const char *dot = text;

	for (size_t from, n; (size_t)(dot - text) < len && names->nodes < LETTERS_MAX; dot++) {
		dot = memchr(dot, '.', len - (size_t)(dot - text));
		if (dot == NULL)
			break;
		from = (size_t)(dot - text);
		while (from > 0 && (size_t)(dot - text) - from < 4 &&
			redact_is_digit(text[from - 1]))
			from--;
		if (from > 0 && text[from - 1] == '.')
			continue;
		n = redact_ipv4(text + from, len - from);
		if (n == 0)
			continue;
		if (!is_version_place(text, len, from, from + n) &&
			redact_names_add(names, REDACT_ADDRESS, text + from, n) < 0)
			return -ENOMEM;
		dot = text + from + n - 1;
	}
	return 0;
}

bool redact_address_known(const struct redact_names *names, const char *text, size_t len) {
	for (size_t i = 0; i < len && !redact_names_none(names); i++) {
		size_t n = i > 0 && (text[i - 1] == '.' || redact_is_digit(text[i - 1]))
				   ? 0
				   : redact_ipv4(text + i, len - i);

		if (n > 0 && redact_names_at(names, text + i, n).len == n)
			return true;
	}
	return false;
}
