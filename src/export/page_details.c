/* Which incidents stand in full, and their sections. */
#include "base/limits.h"
#include "base/text.h"
#include "export/page_parts.h"
#include "export/rule_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By so much the line of the table is longer that leads to a section. */
#define LINK_BYTES 48
/* Sections that did not fit any more until no other one is tried. */
#define MISSES_MAX 8
/* Reports that cannot be read, or not be redacted, until no other one is tried. */
#define FAILURES_MAX 500

/* ---- choosing ---- */

/* A set of (site, signature), open addressing; twice as many places as incidents. */
struct seen {
	size_t *places; /* index of an incident + 1; 0: free */
	size_t mask;
};

static bool same(const char *a, const char *b) {
	return a == b || (a && b && strcmp(a, b) == 0);
}

static uint64_t hash_of(const struct analysis_incident *incident) {
	uint64_t hash = TEXT_HASH_START;
	const char *const texts[] = {incident->site, incident->signature};
	for (size_t i = 0; i < 2; i++)
		if (texts[i])
			hash = text_hash(hash, texts[i], strlen(texts[i]) + 1);
	return hash;
}

/* Whether there was none of its site and signature yet. */
static bool is_first(struct seen *seen, const struct analysis *analysis, size_t index) {
	const struct analysis_incident *incident = &analysis->incidents[index];
	size_t place = (size_t)hash_of(incident) & seen->mask;
	for (; seen->places[place]; place = (place + 1) & seen->mask) {
		const struct analysis_incident *other =
			&analysis->incidents[seen->places[place] - 1];
		if (same(other->site, incident->site) &&
			same(other->signature, incident->signature) &&
			other->kind == incident->kind)
			return false;
	}
	seen->places[place] = index + 1;
	return true;
}

/* The order in which incidents get a section: the newest of each site and signature, then the
 * newest of all. -ENOMEM. */
static int choose_order(const struct analysis *analysis, size_t **ret) {
	size_t count = analysis->incident_count, size = 16, firsts = 0, others = 0;
	int code = -ENOMEM;
	while (size < 2 * count)
		size *= 2;
	struct seen seen = {calloc(size, sizeof *seen.places), size - 1};
	size_t *order = calloc(count + 1, sizeof *order), *rest = calloc(count + 1, sizeof *rest);
	if (seen.places && order && rest) {
		for (size_t i = 0; i < count; i++)
			if (is_first(&seen, analysis, i))
				order[firsts++] = i;
			else
				rest[others++] = i;
		memcpy(order + firsts, rest, others * sizeof *rest);
		*ret = order;
		order = NULL;
		code = 0;
	}
	free(seen.places);
	free(rest);
	free(order);
	return code;
}

/* ---- making ---- */

/* An incident as it may be shown: its report, or what redaction leaves of it. */
struct shown {
	struct loaded loaded;
	struct buf redacted;
	struct document document;
	struct arena arena;
	struct triage triage;
};

static void shown_finish(struct shown *shown) {
	document_finish(&shown->document);
	arena_finish(&shown->arena);
	buf_finish(&shown->redacted);
	loaded_finish(&shown->loaded);
}

/* Of a report whose bytes are gone nothing can be redacted as a whole: it gets no section. */
static int redact_shown(const struct page *page, const struct analysis_incident *row,
	struct shown *shown, struct err *err) {
	struct redactor *redactor = page->analysis->redactor;
	struct loaded *loaded = &shown->loaded;
	struct buf text = {0};
	if (loaded->raw_gone)
		return -ENODATA;
	int r = document_text(buf_str(&loaded->raw), loaded->raw.len, row->ordinal, &text, err);
	if (r == 0)
		r = redactor_learn(redactor, loaded->report, text.data, text.len, err);
	if (r == 0)
		r = redact_report(
			redactor, loaded->report, text.data, text.len, &shown->redacted, err);
	buf_finish(&text);
	if (r == 0)
		r = document_parse(
			buf_str(&shown->redacted), shown->redacted.len, &shown->document, err);
	if (r == 0 && shown->document.count != 1)
		r = -EBADMSG;
	if (r == 0)
		r = triage_run(&shown->triage, shown->document.reports[0], page->options->rules,
			&shown->arena, NULL);
	if (r == 0)
		r = rule_words_redact(
			redactor, page->options->rules, &shown->triage, &shown->arena);
	return r;
}

/* Appends the section; a negative errno when it cannot be had. */
static int make_section(const struct page *page, const struct analysis_incident *row,
	struct buf *ret, struct err *err) {
	const struct page_options *options = page->options;
	struct incident incident = {.id = row->id, .ordinal = row->ordinal};
	struct shown shown = {0};
	arena_init(&shown.arena, LIMIT_REPORT_ARENA_BYTES);
	int r = loaded_open(options->store, options->rules, &incident, &shown.loaded, err);
	struct page_incident section = {.analysis = page->analysis,
		.row = row,
		.report = shown.loaded.report,
		.triage = &shown.loaded.triage,
		.raw_gone = shown.loaded.raw_gone};
	if (r == 0 && page->analysis->redactor) {
		r = redact_shown(page, row, &shown, err);
		section.report = r == 0 ? shown.document.reports[0] : NULL;
		section.triage = &shown.triage;
	}
	if (r == 0)
		page_incident(ret, &section);
	shown_finish(&shown);
	return r < 0 ? r : 0;
}

static int compare_details(const void *a, const void *b) {
	const struct page_detail *left = a, *right = b;
	return (left->incident > right->incident) - (left->incident < right->incident);
}

/* Until the bytes are used up. A report that cannot be read has a line in the table and no section;
 * without memory nothing goes on. */
static int make_sections(struct page *page, const size_t *order, struct err *err) {
	const struct analysis *analysis = page->analysis;
	size_t used = 0, misses = 0, failures = 0, most = page->room;
	for (size_t i = 0;
		i < analysis->incident_count && misses < MISSES_MAX && failures < FAILURES_MAX;
		i++) {
		struct err failure = {0};
		struct buf html = {0};
		int r = make_section(page, &analysis->incidents[order[i]], &html, &failure);
		if (r == -ENOMEM || html.failed) {
			buf_finish(&html);
			return err_set(err, -ENOMEM, "out of memory for the page");
		}
		bool fits = r == 0 && html.len + LINK_BYTES <= most - used;
		misses += r == 0 && !fits;
		failures += r < 0;
		if (!fits) {
			buf_finish(&html);
			continue;
		}
		used += html.len + LINK_BYTES;
		page->details[page->detail_count++] =
			(struct page_detail){.incident = order[i], .html = html};
	}
	return 0;
}

int page_details_load(struct page *page, struct err *err) {
	size_t *order = NULL;
	if (!page->options->store || !page->analysis->incident_count)
		return 0;
	page->details = calloc(page->analysis->incident_count, sizeof *page->details);
	int r = page->details ? choose_order(page->analysis, &order) : -ENOMEM;
	if (r < 0)
		err_set(err, r, "out of memory for the page");
	else
		r = make_sections(page, order, err);
	free(order);
	if (page->details && page->detail_count)
		qsort(page->details, page->detail_count, sizeof *page->details, compare_details);
	return r;
}

void page_details_finish(struct page *page) {
	for (size_t i = 0; i < page->detail_count; i++)
		buf_finish(&page->details[i].html);
	free(page->details);
}

void page_details(struct page *page) {
	buf_add_str(&page->out,
		"<section id=\"details\" aria-labelledby=\"details-h\">\n<h2 "
		"id=\"details-h\">Incidents in full</h2>\n<div id=\"fold\"></div>\n");
	if (!page->detail_count)
		buf_add_str(&page->out, "<p class=\"none\">None.</p>\n");
	for (size_t i = 0; i < page->detail_count && page->code == 0; i++) {
		const struct buf *html = &page->details[i].html;
		buf_add(&page->out, html->data, html->len);
		if (page->out.len > PAGE_PIECE_BYTES)
			page_flush(page);
	}
	buf_add_str(&page->out, "</section>\n");
}
