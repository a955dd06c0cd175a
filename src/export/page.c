/* The page as a whole: its frame, its parts in order, and the way out. */
#include "export/page.h"

#include "export/page_assets.h"
#include "export/page_parts.h"
#include "export/svg.h"

#include <errno.h>
#include <string.h>

void page_flush(struct page *page) {
	if (page->out.failed && page->code == 0)
		page->code = err_set(page->err, -ENOMEM, "out of memory for the page");
	if (page->code == 0 && page->out.len) {
		page->code = page->write(page->out.data, page->out.len, page->user);
		if (page->code < 0)
			err_set(page->err, page->code, "the page cannot be written: %s",
				strerror(-page->code));
	}
	buf_reset(&page->out);
}

/* ---- head ---- */

static void add_policy(struct buf *out) {
	buf_printf(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n",
		page_style_digest, page_script_digest);
}

static void add_title(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "<title>");
	page_count(out, analysis->crashes);
	buf_printf(out, " crash%s", analysis->crashes == 1 ? "" : "es");
	if (analysis->simulated)
		buf_add_str(out, analysis->simulated == analysis->crashes ? " (simulated)"
									  : " (some simulated)");
	buf_add_str(out, " - agxtriage</title>\n");
}

static void add_navigation(struct page *page) {
	static const struct {
		const char *anchor, *title;
	} parts[] = {{"summary", "Summary"}, {"time", "Over time"}, {"sites", "Crash sites"},
		{"systems", "Systems and drivers"}, {"policies", "Measured policies"},
		{"reproduce", "How to reproduce"}, {"incidents", "Incidents"},
		{"details", "Incidents in full"}};
	buf_add_str(&page->out, "<nav aria-label=\"Parts of this page\"><ul>\n");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_printf(&page->out, "<li><a href=\"#%s\">%s</a></li>\n", parts[i].anchor,
			parts[i].title);
	buf_add_str(&page->out, "</ul></nav>\n");
}

static void add_times_asked(struct buf *out, const struct analysis *analysis) {
	if (analysis->since_us.set) {
		buf_add_str(out, "Asked for: since ");
		page_time(out, analysis->since_us);
		buf_add_str(out, " UTC. ");
	}
	if (analysis->until_us.set) {
		buf_add_str(out, "Asked for: until ");
		page_time(out, analysis->until_us);
		buf_add_str(out, " UTC. ");
	}
}

static void add_scope(struct buf *out, const struct analysis *analysis) {
	buf_add_str(out, "<p class=\"scope\">");
	if (analysis->crashes) {
		buf_add_str(out, "Crashes from ");
		page_time(out, analysis->first_at_us);
		buf_add_str(out, " to ");
		page_time(out, analysis->last_at_us);
		buf_add_str(out, " UTC. ");
	}
	for (size_t i = 0; i < analysis->filter_word_count; i++)
		html_printf(out, "%s<code>%s</code>",
			i ? " " : "Asked for: ", analysis->filter_words[i]);
	if (analysis->filter_word_count)
		buf_add_str(out, ". ");
	add_times_asked(out, analysis);
	if (analysis->rules_version)
		html_printf(out, "Rules <code>%s</code>. ", analysis->rules_version);
	buf_add_str(out, analysis->redactor ? "Redacted: private names stand as "
					      "<code>&lt;user-1&gt;</code> and the like."
					    : "Not redacted.");
	buf_add_str(out, "</p>\n");
}

static void add_known(struct buf *out, const struct analysis *analysis) {
	size_t sites = analysis->site_count;
	uint64_t unknown = 0;
	if (sites && !analysis->sites[sites - 1].id)
		unknown = analysis->sites[--sites].count;
	uint64_t known = analysis->crashes - unknown;
	buf_printf(out, " crash%s", analysis->crashes == 1 ? "" : "es");
	if (!analysis->crashes)
		return;
	if (!known) {
		buf_add_str(out, ", none at a known site");
		return;
	}
	if (unknown) {
		buf_add_str(out, ", ");
		page_count(out, known);
		buf_add_str(out, " of them");
	}
	buf_printf(out, " at %zu known site%s", sites, sites == 1 ? "" : "s");
}

static void add_partial(struct buf *out, const struct analysis *analysis) {
	struct buf text = {0};
	analysis_partial_text(analysis, &text);
	if (text.len)
		html_printf(out, "<p class=\"warning\">%s</p>\n", buf_str(&text));
	out->failed = out->failed || text.failed;
	buf_finish(&text);
}

void page_head(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	buf_add_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	add_policy(out);
	buf_add_str(out, "<meta name=\"viewport\" content=\"width=device-width, "
			 "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
			 "dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
			 "<meta name=\"generator\" content=\"agxtriage\">\n");
	add_title(out, analysis);
	buf_printf(out, "<style>%s</style>\n</head>\n<body>\n", page_style);
	buf_add_str(out, "<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
	svg_patterns(out);
	buf_add_str(out, "<header>\n<p class=\"brand\">agxtriage</p>\n<h1>");
	page_count(out, analysis->crashes);
	add_known(out, analysis);
	buf_add_str(out, "</h1>\n");
	add_scope(out, analysis);
	add_partial(out, analysis);
	if (analysis->simulated) {
		buf_add_str(out, "<p class=\"warning\"><strong>Simulated:</strong> ");
		page_count(out, analysis->simulated);
		buf_printf(out,
			" of these crashes %s of the simulated driver, marked " PAGE_SIMULATED
			"; no real GPU driver crashed there.</p>\n",
			analysis->simulated == 1 ? "is" : "are");
	}
	buf_add_str(out, "</header>\n<div class=\"page\">\n");
	add_navigation(page);
	buf_add_str(out, "<main id=\"main\" tabindex=\"-1\">\n");
}

void page_foot(struct page *page) {
	struct buf *out = &page->out;
	buf_add_str(out, "</main>\n</div>\n<footer><p>Times are UTC. An incident is one report of "
			 "one crash: it counts once, however many copies of its file there are. "
			 "Reading this page needs no network and no script; a script only adds "
			 "searching, sorting and copying.</p></footer>\n");
	buf_printf(out, "<script>%s</script>\n</body>\n</html>\n", page_script);
}

/* ---- all ---- */

static int count_piece(const char *bytes, size_t len, void *user) {
	(void)bytes;
	*(size_t *)user += len;
	return 0;
}

static void write_parts(struct page *page) {
	static void (*const parts[])(struct page * page) = {page_head, page_summary, page_days,
		page_sites, page_tables, page_experiments, page_reproduce, page_incidents,
		page_details, page_foot};
	for (size_t i = 0; page->code == 0 && i < sizeof parts / sizeof *parts; i++) {
		parts[i](page);
		page_flush(page);
	}
}

/* The bytes that incidents in full may have: what the rest leaves, written once to be counted. */
static void find_room(struct page *page) {
	size_t rest = 0;
	page->write = count_piece;
	page->user = &rest;
	write_parts(page);
	page->room = rest < PAGE_BYTES ? PAGE_BYTES - rest : 0;
}

int page_write(const struct analysis *analysis, const struct page_options *options,
	page_write_fn write, void *user, struct err *err) {
	struct page page = {.analysis = analysis, .options = options, .err = err};
	page.room = options->detail_bytes;
	if (options->store && !page.room)
		find_room(&page);
	page.write = write;
	page.user = user;
	if (page.code == 0)
		page.code = page_details_load(&page, err);
	write_parts(&page);
	if (page.code == 0 && page.text.failed)
		page.code = err_set(err, -ENOMEM, "out of memory for the page");
	page_details_finish(&page);
	buf_finish(&page.out);
	buf_finish(&page.text);
	return page.code;
}
