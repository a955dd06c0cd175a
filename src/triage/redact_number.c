/*
 * Numbers of people: telephones, cards, accounts, and where somebody is. Programs have numbers of
 * the same looks, so that each of these needs a form that only it has, or the word for it in front.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"

#include <string.h>

/* Digits in groups; more groups are no number of anybody. */
#define GROUPS 8
/* Between a number and the word for it: "phone number is: ". */
#define GAP_BYTES 24
/* A labelled number, with what joins its digits. */
#define LABELLED_BYTES 48

static bool ends_here(const char *text, size_t len, size_t n) {
	return n >= len || !redact_is_ident(text[n]);
}

/* ---- telephones */

struct groups {
	size_t count, digits, end;
	size_t sizes[GROUPS];
	char sign; /* between all of them, 0 when they differ */
};

/* others: what else than one of "-./" may join two groups, two of them at most. */
static struct groups read_groups(const char *text, size_t len, const char *others) {
	struct groups groups = {0};
	size_t n = 0, more;

	while (groups.count < GROUPS && (more = redact_span_digits(text + n, len - n)) > 0) {
		groups.sizes[groups.count++] = more;
		groups.digits += more;
		groups.end = n += more;
		if (n >= len || (strchr("-./", text[n]) == NULL && strchr(others, text[n]) == NULL))
			break;
		groups.sign = (char)(groups.count == 1 || groups.sign == text[n] ? text[n] : 0);
		for (n++; n < len && n - groups.end < 2 && strchr(others, text[n]) != NULL; n++)
			;
	}
	return groups;
}

static bool fits(const struct groups *groups, const size_t *sizes, size_t count) {
	return groups->count == count && memcmp(groups->sizes, sizes, count * sizeof *sizes) == 0;
}

/* Without a sign in front of it: "555-123-4567", "0171-1234567"; "7.29-6571711" is a version. */
static bool is_plain_phone(const struct groups *groups, const char *text) {
	static const size_t with_country[] = {1, 3, 3, 4};
	size_t last = groups->count > 0 ? groups->sizes[groups->count - 1] : 0;

	if (groups->sign == 0)
		return false;
	if (fits(groups, with_country, 4))
		return true;
	if (groups->count == 2)
		return groups->sign != '.' && text[0] == '0' && text[1] != '0' &&
		       groups->sizes[0] > 2 && groups->sizes[0] < 6 && last > 4 &&
		       groups->digits > 8 && groups->digits < 13;
	return groups->count == 3 && groups->digits > 9 && groups->digits < 12 &&
	       groups->sizes[1] > 2 && (groups->sign == '.' ? last == 4 : last > 3);
}

static bool follows_number(const struct redact_scan *scan, size_t at) {
	return at > 1 && strchr("-.", scan->text[at - 1]) != NULL &&
	       redact_is_digit(scan->text[at - 2]);
}

/* "123-45-6789" */
static size_t social_length(const struct redact_scan *scan, size_t at, size_t to) {
	static const size_t sizes[] = {3, 2, 4};
	const struct groups groups = read_groups(scan->text + at, to - at, "");

	return fits(&groups, sizes, 3) && groups.sign == '-' &&
			       ends_here(scan->text + at, to - at, groups.end) &&
			       !follows_number(scan, at)
		       ? groups.end
		       : 0;
}

/* "+49 170 1234567", "(555) 123-4567", "0171 1234567" */
static size_t phone_length(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text + at;
	bool plus = text[0] == '+', area = text[0] == '(';
	size_t len = to - at, skip = plus || area;
	struct groups groups;

	if (skip == len || !redact_is_digit(text[skip]))
		return 0;
	groups = read_groups(text + skip, len - skip, plus || area ? " ()" : "");
	groups.end += skip;
	if (!skip && groups.count == 1 && text[0] == '0') {
		groups = read_groups(text, len, " ");
		if (groups.count != 2)
			return 0;
	}
	if (!ends_here(text, len, groups.end))
		return 0;
	if (plus)
		return groups.digits > 7 && groups.digits < 16 ? groups.end : 0;
	if (area)
		return groups.count == 3 && groups.digits > 9 && groups.digits < 12 ? groups.end
										    : 0;
	return !follows_number(scan, at) && is_plain_phone(&groups, text) ? groups.end : 0;
}

/* "4155550132": sizes look so, too, but are not joined to a word. */
static bool is_north_american(const char *text) {
	return text[0] > '1' && text[3] > '1' && text[0] <= '9' && text[3] <= '9';
}

/* "job-4155550132" */
static size_t joined_phone(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text + at;
	size_t n = redact_span_digits(text, to - at);

	return n == 10 && at > 1 && text[-1] == '-' && redact_is_letter(text[-2]) &&
			       ends_here(text, to - at, n) && is_north_american(text)
		       ? n
		       : 0;
}

/* ---- cards and telephones' own numbers */

/* "4929 1183 6620 7745": the number of a card or an account in groups of four; bytes. */
static size_t grouped_number(const char *text, size_t len) {
	size_t done = 0, groups = 0, n;

	if (!redact_is_digit(text[0]))
		return 0;
	for (;;) {
		for (n = 0; done + n < len && n < 5 && redact_is_digit(text[done + n]); n++)
			;
		if (n == 0 || n > 4 || (done + n < len && redact_is_ident(text[done + n])))
			break;
		done += n;
		groups++;
		if (n < 4 || done + 1 >= len || (text[done] != ' ' && text[done] != '-') ||
			!redact_is_digit(text[done + 1]))
			return groups > 2 ? done : 0;
		done++;
	}
	return groups > 2 ? done - 1 : 0;
}

/* The last digit checks the others. */
static bool is_checked(const char *text, size_t len) {
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(text[len - 1 - i] - '0') << (i % 2);

		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10 == 0;
}

/* Cards, and telephones' own numbers, which start as most makers' do. */
static size_t card_length(const char *text, size_t len) {
	static const struct {
		const char *start;
		size_t digits;
	} forms[] = {{"4", 16}, {"51", 16}, {"52", 16}, {"53", 16}, {"54", 16}, {"55", 16},
		{"34", 15}, {"37", 15}, {"35", 15}, {"86", 15}, {"99", 15}, {"01", 15}};
	size_t n = redact_span_digits(text, len);

	for (size_t i = 0; (n == 15 || n == 16) && i < sizeof forms / sizeof forms[0]; i++) {
		if (forms[i].digits == n && redact_at(text, n, forms[i].start))
			return ends_here(text, len, n) && is_checked(text, n) ? n : 0;
	}
	return 0;
}

/* ---- places */

/* "52.52001": bytes. At least four decimals: whoever prints so many means a place. */
static size_t degrees_length(const char *text, size_t len, int max) {
	size_t sign = len > 0 && text[0] == '-', n = redact_span_digits(text + sign, len - sign),
	       more;
	int value = 0;

	if (n == 0 || n > 3 || sign + n >= len || text[sign + n] != '.')
		return 0;
	for (size_t i = 0; i < n; i++)
		value = 10 * value + text[sign + i] - '0';
	n += sign + 1;
	more = redact_span_digits(text + n, len - n);
	return value <= max && value > 0 && more > 3 && more < 9 ? n + more : 0;
}

/* "52.52001, 13.40495": two and no more, else it is a list. */
static size_t coordinates_length(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text + at;
	size_t len = to - at, n = degrees_length(text, len, 90), gap = n, more;

	if (n == 0 || (at > 1 && (text[-1] == ',' || text[-2] == ',')) || follows_number(scan, at))
		return 0;
	while (gap < len && gap < n + 3 && strchr(", /;", text[gap]) != NULL)
		gap++;
	more = gap > n ? degrees_length(text + gap, len - gap, 180) : 0;
	n = gap + more;
	if (more == 0 || !ends_here(text, len, n))
		return 0;
	while (n < len && strchr(", ;", text[n]) != NULL)
		n++;
	return n > gap + more && n < len && (redact_is_digit(text[n]) || text[n] == '-')
		       ? 0
		       : gap + more;
}

/* ---- labels */

struct label {
	const char *word;
	enum redact_kind kind;
	bool letters; /* in the number */
	bool degrees;
};

static const struct label *find_label(const char *text, size_t len) {
	static const struct label labels[] = {{"imei", REDACT_MACHINE, false, false},
		{"imsi", REDACT_MACHINE, false, false}, {"iccid", REDACT_MACHINE, false, false},
		{"udid", REDACT_MACHINE, true, false}, {"ecid", REDACT_MACHINE, true, false},
		{"serial", REDACT_MACHINE, true, false}, {"ssn", REDACT_SECRET, false, false},
		{"passport", REDACT_SECRET, true, false}, {"iban", REDACT_SECRET, true, false},
		{"account", REDACT_SECRET, false, false}, {"acct", REDACT_SECRET, false, false},
		{"card", REDACT_SECRET, false, false}, {"telephone", REDACT_ADDRESS, false, false},
		{"phone", REDACT_ADDRESS, false, false}, {"tel", REDACT_ADDRESS, false, false},
		{"mobile", REDACT_ADDRESS, false, false}, {"fax", REDACT_ADDRESS, false, false},
		{"latitude", REDACT_ADDRESS, false, true}, {"lat", REDACT_ADDRESS, false, true},
		{"longitude", REDACT_ADDRESS, false, true}, {"lon", REDACT_ADDRESS, false, true},
		{"lng", REDACT_ADDRESS, false, true}};

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
		size_t n = strlen(labels[i].word);

		/* "phoneNumber" */
		if (redact_at(text, len, labels[i].word) && n < len &&
			(!redact_is_letter(text[n]) ||
				(redact_is_upper(text[n]) && !redact_is_upper(text[n - 1]))))
			return &labels[i];
	}
	return NULL;
}

/* What may stand between; bytes. */
static size_t gap_length(const char *text, size_t len) {
	static const char *const words[] = {"number", "num", "nr", "no", "id", "is", "code"};
	size_t n = 0, before;

	do {
		before = n;
		while (n < len && strchr(" \t:=#.'\"_()", text[n]) != NULL)
			n++;
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
			size_t more = strlen(words[i]);

			if (redact_at(text + n, len - n, words[i]) &&
				(n + more >= len || !redact_is_letter(text[n + more]))) {
				n += more;
				break;
			}
		}
	} while (n > before && n < GAP_BYTES);
	return n;
}

static bool is_number_char(const struct label *label, char c) {
	return redact_is_digit(c) || (label->letters && redact_is_letter(c));
}

/* The number at text; bytes. A joint belongs to it when a digit follows. */
static size_t labelled_length(const struct label *label, const char *text, size_t len) {
	size_t n = len > 0 && (text[0] == '+' || text[0] == '-'), digits = 0, all = 0;
	bool dot = false;

	if (redact_at(text, len, "0x"))
		return 0;
	for (; n < len && n < LABELLED_BYTES; n++) {
		bool joint = strchr(label->degrees ? "." : " -./", text[n]) != NULL;

		if (joint && digits > 0 && n + 1 < len && redact_is_digit(text[n + 1])) {
			dot |= text[n] == '.';
			continue;
		}
		/* "(030) 1234567" */
		if (text[n] == ')' && digits > 0 && n + 2 < len && redact_is_digit(text[n + 2]))
			continue;
		if (!is_number_char(label, text[n]))
			break;
		all++;
		digits += redact_is_digit(text[n]);
	}
	if (!ends_here(text, len, n) && text[n] != '_')
		return 0;
	if (label->letters)
		return digits > 1 && all > 4 ? n : 0;
	return digits > 3 && (dot || !label->degrees) ? n : 0;
}

/* "phone: 5551234567" */
static size_t find_labelled(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	const struct label *label = find_label(text + at, to - at);
	size_t from, n;

	if (label == NULL)
		return 0;
	from = at + strlen(label->word);
	from += gap_length(text + from, to - from);
	n = labelled_length(label, text + from, to - from);
	if (n == 0)
		return 0;
	redact_scan_words(scan, at, from);
	scan->found(label->kind, from, from + n, scan->user);
	return from + n - at;
}

/* "arn:aws:iam::123456789012:role/x": whose it is, and what. */
static size_t find_resource(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	size_t from = at, end;

	if (!redact_at(text + at, to - at, "arn:"))
		return 0;
	while (from < to && (unsigned char)text[from] > ' ' && text[from] != '<' &&
		redact_span_digits(text + from, to - from) != 12)
		from++;
	if (from == to || !redact_is_digit(text[from]))
		return 0;
	for (end = from; end < to && (unsigned char)text[end] > ' ' &&
			 strchr("\"'`<>,;)]}", text[end]) == NULL;
		end++)
		;
	redact_scan_words(scan, at, from);
	scan->found(REDACT_SECRET, from, end, scan->user);
	return end - at;
}

size_t redact_find_number(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	const char *text = scan->text + at;
	size_t n = grouped_number(text, to - at);
	enum redact_kind kind = REDACT_SECRET;

	if (n == 0 && prose)
		n = card_length(text, to - at);
	if (n == 0)
		n = social_length(scan, at, to);
	if (n == 0) {
		kind = REDACT_ADDRESS;
		n = phone_length(scan, at, to);
	}
	if (n == 0 && prose)
		n = joined_phone(scan, at, to);
	if (n == 0 && prose)
		n = coordinates_length(scan, at, to);
	if (n > 0)
		scan->found(kind, at, at + n, scan->user);
	if (n == 0 && prose)
		n = find_labelled(scan, at, to);
	return n > 0 || !prose ? n : find_resource(scan, at, to);
}
