/*
 * Finds reports in the middle of other text. One pass over the lines; a stretch of JSON is walked
 * once. Must not know what the facts of a report mean.
 */
#include "ips/document_parts.h"

#include <string.h>

/* Tries to find the beginning of a member in the rest of a header line. */
#define HEAD_TRIES 64
#define HEAD_BYTES 16384

enum {
	WORD_START = 1, /* reports begin with it */
	WORD_HEAD = 2,  /* it stands in a report's head only */
	WORD_FACT = 4,  /* worth a report */
};

/* What a line of the text form begins with. */
static const struct {
	const char *word;
	int what;
} words[] = {
	{"Process:", WORD_START},
	{"Incident Identifier:", WORD_START},
	{"CrashReporter Key:", WORD_START},
	{"Hardware Model:", WORD_START},
	{"Analysis of sampling ", WORD_START | WORD_FACT},
	{"Identifier:", WORD_HEAD},
	{"Code Type:", WORD_HEAD},
	{"Date/Time:", WORD_HEAD},
	{"OS Version:", WORD_HEAD},
	{"Exception Type:", WORD_HEAD | WORD_FACT},
};

struct finder {
	const char *bytes;
	size_t len;
	piece_found *found;
	void *context;
	bool stopped;
	bool open; /* a text report is being collected */
	bool json_header;
	size_t from;
	unsigned seen; /* words of this report, by index */
	bool fact, body;
	size_t line_from, line_to; /* the last line that was not blank, before this one */
};

static void emit(struct finder *finder, struct piece piece) {
	if (!finder->stopped)
		finder->stopped = !finder->found(finder->context, &piece);
}

static void close_text(struct finder *finder, size_t to) {
	if (finder->open && finder->fact)
		emit(finder, (struct piece){
				     .kind = finder->json_header ? PIECE_JSON : PIECE_TEXT,
				     .from = finder->from,
				     .to = to,
			     });
	finder->open = false;
}

static void open_text(struct finder *finder, size_t from, bool json_header) {
	finder->open = true;
	finder->json_header = json_header;
	finder->from = from;
	finder->seen = 0;
	finder->fact = finder->body = false;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "Thread 4 Crashed:", "Thread 0::", "Thread 3 name:" */
static bool is_thread_title(const char *line, size_t len) {
	size_t i = 7;
	if (len < 9 || memcmp(line, "Thread ", 7) != 0)
		return false;
	while (i < len && line[i] >= '0' && line[i] <= '9')
		i++;
	return i > 7 && i < len &&
	       (line[i] == ':' || (len - i >= 9 && memcmp(line + i, " Crashed:", 9) == 0) ||
		       (len - i >= 6 && memcmp(line + i, " name:", 6) == 0));
}

/* The index of the word that a line begins with and that a value follows, or -1. */
static int find_word(const char *line, size_t len) {
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!len || *line != *words[i].word)
			continue;
		size_t n = strlen(words[i].word);
		if (len > n && memcmp(line, words[i].word, n) == 0)
			return (int)i;
	}
	return -1;
}

static void text_word_line(struct finder *finder, size_t from, int word) {
	int what = words[word].what;
	bool again = finder->open && (finder->seen >> word & 1);
	bool known = finder->open && finder->seen;
	bool started = false;
	for (size_t i = 0; known && i < sizeof words / sizeof *words; i++)
		started |= (finder->seen >> i & 1) && (words[i].what & WORD_START);
	if (finder->open && (finder->body || (again && (what & WORD_START))))
		close_text(finder, from);
	else if (finder->open && !finder->json_header && (what & WORD_START) && !started &&
		 !finder->fact)
		finder->open = false;
	if (!finder->open)
		open_text(finder, from, false);
	finder->seen |= 1u << word;
	finder->fact |= (what & WORD_FACT) != 0;
}

static void text_line(struct finder *finder, size_t from, size_t to) {
	const char *line = finder->bytes + from;
	while (to > from && is_blank(finder->bytes[to - 1]))
		to--;
	while (from < to && is_blank(*line)) {
		line++;
		from++;
	}
	int word = find_word(line, to - from);
	if (word >= 0) {
		text_word_line(finder, from, word);
		return;
	}
	if (!finder->open)
		return;
	size_t images = strlen("Binary Images:");
	if (is_thread_title(line, to - from) ||
		(to - from >= images && memcmp(line, "Binary Images:", images) == 0))
		finder->fact = finder->body = true;
}

bool find_looks_like_report(const char *from, const char *to) {
	static const char *const marks[] = {"\"bug_type\"", "\"incident_id\"", "\"captureTime\"",
		"\"usedImages\"", "\"procName\"", "\"panicString\"", NULL};
	if ((size_t)(to - from) < strlen(marks[0]))
		return false;
	for (size_t i = 0; marks[i]; i++)
		if (memmem(from, (size_t)(to - from), marks[i], strlen(marks[i])))
			return true;
	return false;
}

static const char *skip_blank(const char *p, const char *end) {
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* The members at the end of the line before a body: its header lost its first part. */
static bool find_header_rest(const struct finder *finder, struct piece *piece) {
	const char *p = finder->bytes + finder->line_from, *end = finder->bytes + finder->line_to;
	if (end <= p || end - p > HEAD_BYTES || end[-1] != '}')
		return false;
	for (int i = 0; i < HEAD_TRIES && p < end; i++) {
		bool whole;
		const char *rest = skip_blank(p, end);
		if (rest < end && *rest == '"' && find_json_end(rest, end, true, &whole) == end &&
			whole) {
			piece->head_from = (size_t)(rest - finder->bytes);
			piece->head_to = finder->line_to;
			return true;
		}
		const char *comma = memchr(p, ',', (size_t)(end - p));
		p = comma ? comma + 1 : end;
	}
	return false;
}

/* A line of JSON that is followed by a body. Returns where to go on. */
static size_t header_found(struct finder *finder, const char *from, const char *to) {
	const char *end = finder->bytes + finder->len;
	const char *next = skip_blank(to, end);
	struct piece piece = {.kind = PIECE_JSON, .from = (size_t)(from - finder->bytes)};
	if (next < end && *next == '{') {
		bool whole;
		to = find_json_end(next, end, false, &whole);
	} else if (next < end) {
		const char *feed = memchr(next, '\n', (size_t)(end - next));
		if (find_word(next, (size_t)((feed ? feed : end) - next)) >= 0) {
			open_text(finder, piece.from, true);
			return (size_t)(to - finder->bytes);
		}
	}
	piece.to = (size_t)(to - finder->bytes);
	emit(finder, piece);
	return piece.to;
}

/* An object begins at offset. Returns where to go on: behind it, or at what does not fit. */
static size_t json_found(struct finder *finder, size_t line, size_t offset) {
	const char *from = finder->bytes + offset, *end = finder->bytes + finder->len;
	bool whole;
	const char *to = find_json_end(from, end, false, &whole);
	size_t next = (size_t)(to - finder->bytes);
	if (!find_looks_like_report(from, to))
		return next > offset ? next : offset + 1;
	close_text(finder, line);
	if (whole && !memchr(from, '\n', (size_t)(to - from)))
		return header_found(finder, from, to);
	struct piece piece = {.kind = PIECE_JSON, .from = offset, .to = next};
	if (whole && find_header_rest(finder, &piece))
		piece.kind = PIECE_TAILED_JSON;
	emit(finder, piece);
	return next;
}

/* The next brace in the line that a name follows, or to. */
static size_t find_object(const struct finder *finder, size_t from, size_t to) {
	const char *end = finder->bytes + finder->len;
	while (from < to) {
		const char *brace = memchr(finder->bytes + from, '{', to - from);
		if (!brace)
			return to;
		from = (size_t)(brace - finder->bytes);
		const char *next = brace + 1;
		while (next < end && is_blank(*next) && next - brace < 256)
			next++;
		if (next < end && *next == '"')
			return from;
		from++;
	}
	return to;
}

void find_pieces(const char *bytes, size_t len, piece_found *found, void *context) {
	struct finder finder = {.bytes = bytes, .len = len, .found = found, .context = context};
	size_t line = 0, pos = 0; /* pos: in the line, behind what was read already */
	size_t to = 0;
	bool known = false; /* to is the end of this line */
	while (pos < len && !finder.stopped) {
		if (!known || to < pos) {
			const char *feed = memchr(bytes + pos, '\n', len - pos);
			to = feed ? (size_t)(feed - bytes) : len;
			known = true;
		}
		if (pos == line)
			text_line(&finder, line, to);
		size_t object = find_object(&finder, pos, to);
		if (object < to) {
			size_t next = json_found(&finder, line, object);
			pos = next;
			if (next > to) { /* the line that the object ends in begins where it ends */
				const char *start = bytes + next;
				while (start > bytes + to + 1 && start[-1] != '\n')
					start--;
				line = (size_t)(start - bytes);
				if (start > bytes + to &&
					skip_blank(start, bytes + next) == bytes + next)
					pos = line;
			}
			continue;
		}
		size_t blank = line;
		while (blank < to && is_blank(bytes[blank]))
			blank++;
		if (blank < to) {
			finder.line_from = line;
			finder.line_to = to;
			while (finder.line_to > line && is_blank(bytes[finder.line_to - 1]))
				finder.line_to--;
		}
		line = pos = to + 1;
	}
	close_text(&finder, len);
}
