/*
 * What the parts of the HTML page share. For export/page*.c only.
 */
#ifndef EXPORT_PAGE_PARTS_H
#define EXPORT_PAGE_PARTS_H

#include "export/html.h"
#include "export/load.h"
#include "export/page.h"

/* Markup that is pending beyond this goes out. */
#define PAGE_PIECE_BYTES (64u << 10)
/* Columns of a name in a table; whole ones stand where there is room for them. */
#define PAGE_NAME_COLUMNS 48
/* Columns of a symbol in a stack. */
#define PAGE_SYMBOL_COLUMNS 220
/* Values of a fact that are listed; the rest is one row. */
#define PAGE_VALUES 8
/* Sites that have a colour of their own; the rest shares one. */
#define PAGE_SERIES 7
#define PAGE_SIMULATED "<span class=\"sim\">simulated</span>"

/* What a page may have, a little less than 5 MB: "5 MB" is read in more than one way. */
#define PAGE_BYTES 4900000u

/* The section of one incident, ready to be written. */
struct page_detail {
	size_t incident; /* into analysis.incidents */
	struct buf html;
};

struct page {
	const struct analysis *analysis;
	const struct page_options *options;
	page_write_fn write;
	void *user;
	struct buf out;  /* markup that is pending */
	struct buf text; /* scratch for one text */
	int code;        /* the first failure */
	struct err *err;
	size_t room;                 /* bytes that sections may take */
	struct page_detail *details; /* newest first; owned */
	size_t detail_count;
};

/* ---- words ---- */

/* Empties the scratch and returns it. */
struct buf *page_text(struct page *page);
/* "12,345"; with "(3 simulated)" behind it where there are some. */
void page_count(struct buf *out, uint64_t count);
void page_count_simulated(struct buf *out, uint64_t count, uint64_t simulated);
/* "12.3 %" */
void page_share(struct buf *out, double share);
/* "2025-12-21 01:36:18" in UTC, as a time element; "unknown". */
void page_time(struct buf *out, struct i64_opt us);
/* The same with the day alone shown. */
void page_date(struct buf *out, struct i64_opt us);
/* "2025-12-21" of a day since 1970. */
void page_day(struct buf *out, int64_t day);
/* The anchor of a site: letters, digits and dashes. */
void page_site_anchor(struct buf *out, const struct analysis *analysis, size_t site);
/* Its id, or words for crashes that no rule knows. */
const char *page_site_name(const struct analysis_site *site);
/* The same for diagrams, where no badge can stand: "ID (some simulated)". */
void page_site_label(struct buf *text, const struct analysis_site *site);
/* Values and how often, as a list of terms; nothing when there are none. */
void page_counts(struct buf *out, const char *title, const struct analysis_counts *counts);
/* Values alone. */
void page_names(struct buf *out, const char *title, const struct analysis_counts *counts);
/* Whether others than the owner of the database read the page: a row number means nothing there. */
bool page_leaves(const struct analysis *analysis);
/* What an incident is called: the number that its file in the archive begins with, the beginning
 * of its id, or its row. */
void page_incident_name(
	struct buf *out, const struct analysis *analysis, const struct analysis_incident *incident);
/* The badge of a state; nothing for "open" and NULL. */
void page_status(struct buf *out, const char *status);
/* A command to be copied. */
void page_command(struct buf *out, const char *command);

/* ---- parts, in their order; each appends to page->out ---- */

void page_head(struct page *page);
void page_summary(struct page *page);
/* Who looks to blame. */
void page_blame(struct page *page);
void page_days(struct page *page);
void page_sites(struct page *page);
void page_tables(struct page *page);
void page_experiments(struct page *page);
void page_reproduce(struct page *page);
void page_incidents(struct page *page);
void page_foot(struct page *page);

/* The frames of a site's stack. */
void page_stack(struct buf *out, const struct analysis_site *site);
/* The signatures of a mixed site, one by one. */
void page_groups(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site);

/* Writes what is pending when it is much. */
void page_flush(struct page *page);

/* Chooses the incidents that have a section and makes the sections. 0 or a negative errno. */
int page_details_load(struct page *page, struct err *err);
void page_details_finish(struct page *page);
void page_details(struct page *page);

/* An incident's section. row: of the analysis. */
struct page_incident {
	const struct analysis *analysis;
	const struct analysis_incident *row;
	const struct report *report;
	const struct triage *triage;
	bool raw_gone;
};
void page_incident(struct buf *out, const struct page_incident *incident);
/* Its threads, registers and images. */
void page_threads(struct buf *out, const struct page_incident *incident);
/* One frame of a list. */
struct page_frame {
	const char *image, *symbol, *source_file;
	struct u64_opt offset, address, image_offset;
	struct i64_opt source_line;
	bool counts, inlined;
};
void page_frame(struct buf *out, const struct page_frame *frame);

#endif
