/*
 * From any bytes to reports. An ordinary .ips is handed to its parser as it is; only what that
 * leaves over, or cannot read, is unwrapped and searched.
 */
#include "ips/document.h"

#include "base/limits.h"
#include "ips/document_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BINARY_SAMPLE_BYTES 65536

struct collector {
	const char *bytes; /* that the pieces refer to */
	struct buf *texts; /* NULL, or of each report the bytes that it was parsed from */
	struct report *reports[LIMIT_REPORTS_PER_DOCUMENT];
	size_t count;
	size_t first; /* the reports of this search begin here */
	bool more;    /* than the limit */
	int code;     /* fatal */
	struct err *err;
	struct err first_error; /* code 0: nothing was broken */
};

static bool is_blank(const char *bytes, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r' && bytes[i] != '\n')
			return false;
	return true;
}

/* Text has no controls but tabs, line ends and the odd escape sequence. */
static bool is_binary(const char *bytes, size_t len) {
	size_t odd = 0;
	if (len > BINARY_SAMPLE_BYTES)
		len = BINARY_SAMPLE_BYTES;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		odd += (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1b) || c == 0x7F;
	}
	return odd > len / 32;
}

/* Any JSON object parses; a report says at least what, who or when. */
static bool says_something(const struct report *report) {
	return report->bug_type || report->incident_id || report->process.name ||
	       report->captured_at_us.set || report->exception.type || report->panic_string;
}

static void remember_error(struct collector *collector, int code, const struct err *err) {
	if (code == -ENOMEM && !collector->code)
		collector->code = err_set(collector->err, code, "%s", err->text);
	if (!collector->first_error.code) {
		collector->first_error = *err;
		collector->first_error.code = code;
	}
}

/* Takes the report, which was parsed with this result from the len bytes of text. */
static void add(struct collector *collector, struct report *report, const char *text, size_t len,
	int code, struct err *err) {
	if (code == 0 && !says_something(report))
		code = err_set(err, -EBADMSG, "no crash report in it: the JSON is something else");
	if (code == 0 && collector->count < LIMIT_REPORTS_PER_DOCUMENT) {
		if (collector->texts)
			buf_add(&collector->texts[collector->count], text, len);
		collector->reports[collector->count++] = report;
		return;
	}
	if (code == 0)
		collector->more = true;
	else
		remember_error(collector, code, err);
	report_free(report);
}

/* Where the budget ended, and not the memory, the report is too large whenever it is read. */
static int outgrown(const struct report *report, int code, struct err *err) {
	return code == -ENOMEM && report->arena.spent ? (err->code = -E2BIG) : code;
}

/* A header that lost its beginning becomes an object again. */
static int parse_tailed(struct report *report, const char *bytes, const struct piece *piece,
	struct buf *whole, struct err *err) {
	buf_add_char(whole, '{');
	buf_add(whole, bytes + piece->head_from, piece->head_to - piece->head_from);
	buf_add_char(whole, '\n');
	buf_add(whole, bytes + piece->from, piece->to - piece->from);
	int code = whole->failed ? err_set(err, -ENOMEM, "out of memory")
				 : report_parse_json(report, whole->data, whole->len, err);
	if (!code)
		report_warn(report, "header: its beginning is missing");
	return code;
}

static bool parse_piece(void *context, const struct piece *piece) {
	struct collector *collector = context;
	struct err err = {0};
	struct buf whole = {0};
	struct report *report = report_new();
	if (!report) {
		collector->code = err_set(collector->err, -ENOMEM, "out of memory");
		return false;
	}
	const char *from = collector->bytes + piece->from;
	size_t start = piece->from, len = piece->to - piece->from;
	int code;
	if (piece->kind == PIECE_TEXT) {
		code = report_parse_text(report, from, len, &err);
	} else if (piece->kind == PIECE_JSON) {
		code = report_parse_json(report, from, len, &err);
	} else {
		code = parse_tailed(report, collector->bytes, piece, &whole, &err);
		start = piece->head_from;
		from = buf_str(&whole);
		len = whole.len;
	}
	code = outgrown(report, code, &err);
	report->source_offset = start;
	report->source_len = piece->to - start;
	add(collector, report, from, len, code, &err);
	buf_finish(&whole);
	return !collector->code && !collector->more;
}

/* The places of the reports found in unwrapped text are those of the original. */
static int map_places(struct collector *collector, const char *bytes, size_t len,
	const struct unwrap_needs *needs) {
	size_t count = collector->count - collector->first;
	struct unwrap_mark *marks = calloc(2 * count + 1, sizeof *marks);
	if (!marks)
		return err_set(collector->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct report *report = collector->reports[collector->first + i];
		marks[2 * i].unwrapped = report->source_offset;
		marks[2 * i + 1].unwrapped = report->source_offset + report->source_len;
	}
	unwrap(bytes, len, needs, NULL, &(struct unwrap_marks){marks, 2 * count});
	for (size_t i = 0; i < count; i++) {
		struct report *report = collector->reports[collector->first + i];
		report->source_offset = marks[2 * i].original;
		report->source_len = marks[2 * i + 1].original - marks[2 * i].original;
	}
	free(marks);
	return 0;
}

/* Looks for reports in bytes from offset on. */
static void search(struct collector *collector, const char *bytes, size_t len, size_t offset) {
	struct unwrap_needs needs;
	const char *rest = bytes + offset;
	len -= offset;
	collector->first = collector->count;
	if (!unwrap_find_needs(rest, len, &needs)) {
		collector->bytes = rest;
		find_pieces(rest, len, parse_piece, collector);
	} else {
		struct buf unwrapped = {0};
		unwrap(rest, len, &needs, &unwrapped, NULL);
		if (unwrapped.failed)
			collector->code = err_set(collector->err, -ENOMEM, "out of memory");
		collector->bytes = buf_str(&unwrapped);
		if (!collector->code)
			find_pieces(unwrapped.data ? unwrapped.data : "", unwrapped.len,
				parse_piece, collector);
		if (!collector->code)
			collector->code = map_places(collector, rest, len, &needs);
		buf_finish(&unwrapped);
	}
	for (size_t i = collector->first; i < collector->count; i++)
		collector->reports[i]->source_offset += offset;
}

/* A whole object that has nothing of a report. */
static bool is_other_json(const char *from, const char *end) {
	bool whole;
	const char *to = find_json_end(from, end, false, &whole);
	return whole && !find_looks_like_report(from, to);
}

/* The ordinary case: the bytes are one .ips. Returns where the rest begins, len when nothing is
 * left. */
static size_t parse_plain(struct collector *collector, const char *bytes, size_t len) {
	const size_t bom = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	size_t from = bom;
	while (from < len && is_blank(bytes + from, 1))
		from++;
	if (from == len || bytes[from] != '{')
		return bom;
	struct err err = {0};
	struct report *report = report_new();
	if (!report) {
		collector->code = err_set(collector->err, -ENOMEM, "out of memory");
		return 0;
	}
	int code = outgrown(report, report_parse_json(report, bytes, len, &err), &err);
	size_t end = code ? 0 : report->source_offset + report->source_len;
	if (code == -EBADMSG && is_other_json(bytes + from, bytes + len))
		code = err_set(&err, code, "no crash report in it: the JSON is something else");
	add(collector, report, bytes + (code ? 0 : report->source_offset),
		code ? 0 : report->source_len, code, &err);
	if (code == -E2BIG)
		collector->code = err_set(collector->err, code, "%s", err.text);
	return end < len && is_blank(bytes + end, len - end) ? len : end;
}

static bool same_text(const char *a, const char *b) {
	return a && b && strcmp(a, b) == 0;
}

static bool same_incident(const struct report *a, const struct report *b) {
	if (a->incident_id && b->incident_id)
		return strcmp(a->incident_id, b->incident_id) == 0;
	return same_text(a->process.name, b->process.name) && a->process.pid.set &&
	       b->process.pid.set && a->process.pid.value == b->process.pid.value &&
	       a->captured_at_us.set && b->captured_at_us.set &&
	       a->captured_at_us.value == b->captured_at_us.value;
}

static void move_text(struct collector *collector, size_t to, size_t from) {
	if (!collector->texts || to == from)
		return;
	buf_finish(&collector->texts[to]);
	collector->texts[to] = collector->texts[from];
	collector->texts[from] = (struct buf){0};
}

/* One report for each incident: the first JSON of it, or else the first text. */
static void merge(struct collector *collector) {
	size_t kept = 0;
	for (size_t i = 0; i < collector->count; i++) {
		struct report *report = collector->reports[i];
		size_t twin = 0;
		while (twin < kept && !same_incident(collector->reports[twin], report))
			twin++;
		if (twin == kept) {
			move_text(collector, kept, i);
			collector->reports[kept++] = report;
		} else if (report->form == REPORT_FORM_JSON &&
			   collector->reports[twin]->form == REPORT_FORM_TEXT) {
			report_free(collector->reports[twin]);
			move_text(collector, twin, i);
			collector->reports[twin] = report;
		} else {
			report_free(report);
		}
	}
	collector->count = kept;
}

static int finish(struct collector *collector, struct document *ret) {
	struct err *err = collector->err;
	if (collector->code)
		return collector->code;
	if (!collector->count && collector->first_error.code)
		return err_set(err, collector->first_error.code, "%s", collector->first_error.text);
	if (!collector->count)
		return err_set(err, -EBADMSG, "no crash report in it");
	if (collector->more)
		report_warn(collector->reports[collector->count - 1],
			"document: more reports follow, only the first %d were read",
			LIMIT_REPORTS_PER_DOCUMENT);
	merge(collector);
	struct report **reports = calloc(collector->count, sizeof(struct report *));
	if (!reports)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < collector->count; i++)
		reports[i] = collector->reports[i];
	*ret = (struct document){.reports = reports, .count = collector->count};
	return 0;
}

/* texts: NULL, or room for LIMIT_REPORTS_PER_DOCUMENT. */
static int parse_utf8(
	const char *bytes, size_t len, struct buf *texts, struct document *ret, struct err *err) {
	struct collector collector = {.texts = texts, .err = err};
	if (is_blank(bytes, len))
		return err_set(err, -EBADMSG, "empty: nothing but white space in it");
	size_t offset = parse_plain(&collector, bytes, len);
	if (!collector.code && offset < len) {
		if (!collector.count && is_binary(bytes, len))
			collector.code = err_set(err, -EBADMSG, "binary data, no report in it");
		else
			search(&collector, bytes, len, offset);
	}
	int code = finish(&collector, ret);
	for (size_t i = 0; code && i < collector.count; i++)
		report_free(collector.reports[i]);
	return code;
}

static int parse(
	const char *bytes, size_t len, struct buf *texts, struct document *ret, struct err *err) {
	if (len > LIMIT_REPORT_BYTES)
		return err_set(err, -E2BIG, "larger than %u MiB", LIMIT_REPORT_BYTES >> 20);
	if (!len)
		return err_set(err, -EBADMSG, "empty file");
	if (!unwrap_is_utf16(bytes, len))
		return parse_utf8(bytes, len, texts, ret, err);
	struct buf text = {0};
	unwrap_utf16(bytes, len, &text);
	int code = text.failed ? err_set(err, -ENOMEM, "out of memory")
			       : parse_utf8(buf_str(&text), text.len, texts, ret, err);
	for (size_t i = 0; !code && i < ret->count; i++) {
		ret->reports[i]->source_offset = 0;
		ret->reports[i]->source_len = len;
	}
	buf_finish(&text);
	return code;
}

int document_parse(const char *bytes, size_t len, struct document *ret, struct err *err) {
	return parse(bytes, len, NULL, ret, err);
}

int document_text(const char *bytes, size_t len, size_t ordinal, struct buf *ret, struct err *err) {
	struct document document = {0};
	struct buf *texts = calloc(LIMIT_REPORTS_PER_DOCUMENT, sizeof *texts);
	if (!texts)
		return err_set(err, -ENOMEM, "out of memory");
	int code = parse(bytes, len, texts, &document, err);
	if (!code && ordinal >= document.count)
		code = err_set(err, -ENODATA, "only %zu reports found in it", document.count);
	if (!code)
		buf_add(ret, buf_str(&texts[ordinal]), texts[ordinal].len);
	if (!code && (ret->failed || texts[ordinal].failed))
		code = err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < LIMIT_REPORTS_PER_DOCUMENT; i++)
		buf_finish(&texts[i]);
	free(texts);
	document_finish(&document);
	return code;
}

void document_finish(struct document *document) {
	for (size_t i = 0; i < document->count; i++)
		report_free(document->reports[i]);
	free(document->reports);
	*document = (struct document){0};
}
