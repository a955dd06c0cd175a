/*
 * Paths. Folders that only the system or a package manager writes stay, those of Python packages
 * from where they begin; the folder of a home is a user's name; of all others the last part stays.
 */
#include "triage/redact_char.h"
#include "triage/redact_find.h"
#include "triage/redact_path_end.h"

#include <string.h>

/* Parts that are told apart; the rest of a deeper path is one part. */
#define PARTS 64
/* Separators at the start of a path in a text. */
#define SLASHES 8

struct part {
	size_t from, to;
};

struct path {
	const struct redact_scan *scan;
	const char *text;
	struct part parts[PARTS];
	size_t count;
	bool absolute, dots, open; /* open: ends in a separator */
	bool prose;
};

size_t redact_separator(const char *text, size_t len) {
	static const char *const encoded[] = {
		"%2f", "%5c", "%252f", "%255c", "&#x2f;", "&#47;", "&#x5c;", "&#92;"};

	if (len > 1 && text[0] == '\\' && (text[1] == '/' || text[1] == '\\'))
		return 2;
	if (len > 0 && (text[0] == '/' || text[0] == '\\'))
		return 1;
	for (size_t i = 0; len > 2 && (text[0] == '%' || text[0] == '&') &&
			   i < sizeof encoded / sizeof encoded[0];
		i++) {
		if (redact_at(text, len, encoded[i]))
			return strlen(encoded[i]);
	}
	return 0;
}

static size_t separators(const char *text, size_t len) {
	size_t n = 0, more;

	while ((more = redact_separator(text + n, len - n)) > 0)
		n += more;
	return n;
}

static bool part_is(const struct path *path, size_t index, const char *word) {
	const struct part *part = &path->parts[index];
	size_t len = index < path->count ? part->to - part->from : 0;

	return index < path->count && strlen(word) == len &&
	       redact_at(path->text + part->from, len, word);
}

static void cut(struct path *path, size_t from, size_t to) {
	size_t i = from;

	path->absolute = separators(path->text + from, to - from) > 0;
	while (i < to) {
		size_t n = separators(path->text + i, to - i), start = i + n;

		path->open = start == to;
		i = start;
		while (i < to &&
			(path->count + 1 == PARTS || redact_separator(path->text + i, to - i) == 0))
			i++;
		if (i > start)
			path->parts[path->count++] = (struct part){start, i};
	}
	for (i = 0; i < path->count; i++)
		path->dots |= part_is(path, i, "..") || part_is(path, i, ".");
}

/* Parts at the start that say nothing: the volume of the data. */
static size_t base_of(const struct path *path) {
	if (part_is(path, 0, "system") && part_is(path, 1, "volumes") && part_is(path, 2, "data"))
		return 3;
	return 0;
}

/* "Xcode.app", "Xcode-16.2.0.app", "Xcode-beta.app", and a folder in it. */
static bool is_xcode(const struct path *path, size_t index) {
	static const char start[] = "xcode", end[] = ".app", beta[] = "beta";
	const char *text;
	size_t len;

	if (!part_is(path, index + 1, "contents"))
		return false;
	text = path->text + path->parts[index].from;
	len = path->parts[index].to - path->parts[index].from;
	if (len < sizeof start + sizeof end - 2 || !redact_at(text, len, start) ||
		!redact_at(text + len - sizeof end + 1, sizeof end - 1, end))
		return false;
	len -= sizeof end - 1;
	for (size_t i = sizeof start - 1; i < len; i++) {
		if (redact_at(text + i, len - i, beta))
			i += sizeof beta - 2;
		else if (!redact_is_digit(text[i]) && strchr("-_. ", text[i]) == NULL)
			return false;
	}
	return true;
}

/* Whether nobody but the system or a package manager writes there. */
static bool is_system(const struct path *path, size_t i) {
	static const char *const roots[][2] = {{"system", NULL}, {"usr", "lib"}, {"usr", "libexec"},
		{"usr", "bin"}, {"usr", "sbin"}, {"usr", "share"}, {"bin", NULL}, {"sbin", NULL},
		{"dev", NULL}, {"library", "apple"}, {"library", "developer"},
		{"appleinternal", NULL}, {"opt", "homebrew"}, {"nix", "store"}};

	if (!path->absolute || path->dots || i + 1 >= path->count)
		return false;
	if (part_is(path, i, "usr") && part_is(path, i + 1, "local"))
		return part_is(path, i + 2, "cellar") || part_is(path, i + 2, "opt");
	if (part_is(path, i, "opt") && !part_is(path, i + 2, "cellar") &&
		!part_is(path, i + 2, "opt") && !part_is(path, i + 2, "lib") &&
		!part_is(path, i + 2, "bin") && !part_is(path, i + 2, "frameworks"))
		return false;
	if (part_is(path, i, "applications") && is_xcode(path, i + 1))
		return true;
	for (size_t k = 0; k < sizeof roots / sizeof roots[0]; k++) {
		if (part_is(path, i, roots[k][0]) &&
			(roots[k][1] == NULL || part_is(path, i + 1, roots[k][1])))
			return true;
	}
	return false;
}

/* The first part of a folder of Python packages; the last part when there is none, count when the
 * path ends in a folder. */
static size_t kept_end(const struct path *path, size_t from) {
	for (size_t i = from; !path->dots && i < path->count; i++) {
		const struct part *next = i + 1 < path->count ? &path->parts[i + 1] : NULL;

		if (is_xcode(path, i) || part_is(path, i, "site-packages") ||
			part_is(path, i, "dist-packages") || part_is(path, i, "python.framework") ||
			part_is(path, i, "python3.framework") ||
			(part_is(path, i, "lib") && next != NULL && next->to - next->from > 6 &&
				redact_at(path->text + next->from, 6, "python") &&
				redact_is_digit(path->text[next->from + 6])))
			return i;
	}
	return path->open || path->count == 0 ? path->count : path->count - 1;
}

static void name_part(const struct path *path, size_t index, bool prose) {
	const struct part *part = &path->parts[index];

	if (prose)
		redact_scan_text(path->scan, part->from, part->to);
	else
		redact_scan_marks(path->scan, part->from, part->to, false);
}

/* What a signature has of folders. */
static bool is_stars(const char *text, size_t len) {
	for (size_t i = 0, n; i < len; i += n) {
		n = text[i] == '*' ? 1 : redact_separator(text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* Parts from .. to - 1 go as one. */
static void drop_parts(const struct path *path, enum redact_kind kind, size_t from, size_t to) {
	size_t start, end;

	if (from >= to)
		return;
	start = path->parts[from].from;
	end = path->parts[to - 1].to;
	if (redact_placeholder(path->text + start, end - start) != end - start &&
		!is_stars(path->text + start, end - start))
		path->scan->found(kind, start, end, path->scan->user);
}

/* "USER": what macOS itself writes for a login in some reports; what signatures have for one. */
static bool is_stand_in(const struct path *path, size_t index) {
	return part_is(path, index, "*") ||
	       (part_is(path, index, "user") &&
		       memcmp(path->text + path->parts[index].from, "USER", 4) == 0);
}

/* What a text says behind a login is no part of it. */
static void drop_user(const struct path *path, size_t index) {
	const struct part *part = &path->parts[index];
	size_t end = part->from;

	while (end < part->to && path->text[end] != ':')
		end++;
	while (end > part->from && strchr(".,; ", path->text[end - 1]) != NULL)
		end--;
	if (end == part->from)
		end = part->to;
	if (redact_placeholder(path->text + part->from, end - part->from) != end - part->from)
		path->scan->found(REDACT_USER, part->from, end, path->scan->user);
	redact_scan_words(path->scan, end, part->to);
}

static void tell(const struct path *path, size_t base, enum redact_kind first) {
	size_t next = base, end;

	for (size_t i = 0; i < base; i++)
		name_part(path, i, false);
	if (first == REDACT_HOST) {
		drop_parts(path, REDACT_HOST, base, base + 1);
		next++;
	} else if (part_is(path, base, "users") || part_is(path, base, "home")) {
		bool nobody = part_is(path, base + 1, "shared") || is_stand_in(path, base + 1);

		if (base + 1 < path->count && !path->dots) {
			if (!nobody)
				drop_user(path, base + 1);
			next += 2;
		}
	} else if (is_system(path, base)) {
		next = path->count;
		for (size_t i = base; i < path->count; i++)
			name_part(path, i, path->prose && i + 1 == path->count);
	}
	if (next > path->count)
		next = path->count;
	end = next < path->count ? kept_end(path, next) : next;
	/* a volume has its owner's name */
	if (part_is(path, base, "volumes") && base + 2 == path->count)
		end = path->count;
	drop_parts(path, REDACT_PATH, next, end);
	for (size_t i = end; i < path->count && next < path->count; i++)
		name_part(path, i, path->prose && i + 1 == path->count);
}

/* What stands in front of the first separator: "~john", "C:", "@rpath"; bytes. */
static size_t root_length(const struct redact_scan *scan, size_t at, size_t to, bool *ret_user) {
	static const char *const roots[] = {
		"@rpath", "@loader_path", "@executable_path", "file://"};
	const char *text = scan->text + at;
	size_t len = to - at, n = 0;

	*ret_user = false;
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		if (redact_at(text, len, roots[i]))
			return strlen(roots[i]);
	}
	if (len > 2 && redact_is_letter(text[0]) && text[1] == ':' &&
		(text[2] == '\\' || (text[2] == '/' && (len < 4 || text[3] != '/'))))
		return 2;
	if (text[0] == '~') {
		n = 1;
		while (n < len && (redact_is_ident(text[n]) || text[n] == '.' || text[n] == '-' ||
					  (unsigned char)text[n] >= 0x80))
			n++;
		*ret_user = n > 1;
	}
	while (n < 2 && n < len && text[0] == '.' && text[n] == '.')
		n++;
	return n;
}

static void read_path(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	struct path path = {.scan = scan, .text = scan->text, .prose = prose};
	bool user;
	size_t root = root_length(scan, at, to, &user), slashes;

	if (user)
		scan->found(REDACT_USER, at + 1, at + root, scan->user);
	slashes = separators(scan->text + at + root, to - at - root);
	cut(&path, at + root, to);
	path.dots |= root > 0 && scan->text[at] == '.';
	if (root > 0 && (scan->text[at] == '@' || scan->text[at] == '~'))
		path.absolute = false;
	if (root == 7) {
		/* file://host/path */
		if (slashes == 0)
			tell(&path, 0, REDACT_HOST);
		else
			tell(&path, base_of(&path), REDACT_PATH);
		return;
	}
	tell(&path, base_of(&path),
		root == 0 && slashes == 2 && scan->text[at] == '\\' && scan->text[at + 1] == '\\'
			? REDACT_HOST
			: REDACT_PATH);
}

/* A form that only paths have, on a whole text. */
void redact_scan_path(const struct redact_scan *scan, size_t from, size_t to) {
	read_path(scan, from, to, false);
}

/* ---- in other text */

static bool starts_path(const struct redact_scan *scan, size_t at, size_t to) {
	const char *text = scan->text;
	char before = (char)(at > 0 ? text[at - 1] : 0), after;
	bool user;
	size_t root, n;

	if ((scan->has & REDACT_HAS_SLASH) == 0 || redact_is_ident(before) ||
		(unsigned char)before >= 0x80)
		return false;
	if (strchr("/\\%~@.&", text[at]) == NULL && (at + 1 >= to || text[at + 1] != ':') &&
		!redact_at(text + at, to - at, "file:"))
		return false;
	root = root_length(scan, at, to, &user);
	n = redact_separator(text + at + root, to - at - root);
	if (n == 0 || (root == 0 && text[at] == '\\' && n == 1))
		return false;
	n = at + root;
	for (int i = 0; i < SLASHES && n < to; i++)
		n += redact_separator(text + n, to - n);
	after = (char)(n < to ? text[n] : 0);
	return redact_is_ident(after) || (unsigned char)after >= 0x80 ||
	       (after != 0 && strchr(".-~@+<%#", after) != NULL && n < to);
}

bool redact_find_path_at(const struct redact_scan *scan, size_t at, size_t to) {
	return starts_path(scan, at, to);
}

/* Whether what is in doubt behind the path from at to end would go. In a folder of the system or of
 * packages it would stay, and a login is a word. */
static bool would_go(const struct redact_scan *scan, size_t at, size_t root, size_t end) {
	struct path path = {.scan = scan, .text = scan->text};
	size_t base;

	/* "---/rwx": what may be done with memory */
	if (at > 0 && scan->text[at - 1] == '-')
		return false;
	cut(&path, at + root, end);
	base = base_of(&path);
	if (root == 0 && is_system(&path, base))
		return false;
	if (part_is(&path, base, "users") || part_is(&path, base, "home"))
		return path.count > base + 2;
	return path.count > 0 && (path.open || kept_end(&path, base) + 1 == path.count);
}

size_t redact_find_path(const struct redact_scan *scan, size_t at, size_t to, bool prose) {
	size_t end, near, root;
	bool user;

	if (!starts_path(scan, at, to))
		return 0;
	root = root_length(scan, at, to, &user);
	end = redact_path_end(scan, at, at + root, to, &near);
	if (end > near && !would_go(scan, at, root, near))
		end = near;
	if (end <= at + 1)
		return 0;
	read_path(scan, at, end, prose);
	return end - at;
}
