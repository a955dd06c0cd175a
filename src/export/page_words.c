/* Numbers, times and names as the page shows them. */
#include "base/clock.h"
#include "export/experiment_parts.h"
#include "export/page_parts.h"

#include <inttypes.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)
/* Of an id, in a table. */
#define ID_COLUMNS 8

struct buf *page_text(struct page *page) {
	buf_reset(&page->text);
	return &page->text;
}

void page_count(struct buf *out, uint64_t count) {
	experiment_count(count, out);
}

void page_count_simulated(struct buf *out, uint64_t count, uint64_t simulated) {
	page_count(out, count);
	if (!simulated)
		return;
	buf_add_str(out, " <span class=\"sim\">");
	if (simulated < count) {
		page_count(out, simulated);
		buf_add_char(out, ' ');
	}
	buf_add_str(out, "simulated</span>");
}

void page_share(struct buf *out, double share) {
	buf_printf(out, share > 0 && share < 0.001 ? "&lt; 0.1 %%" : "%.1f %%", share * 100);
}

static void add_time(struct buf *out, struct i64_opt us, bool of_day) {
	char iso[CLOCK_TEXT_BYTES];
	if (!us.set) {
		buf_add_str(out, "unknown");
		return;
	}
	clock_format_iso(us.value, iso);
	buf_printf(out, "<time datetime=\"%.19sZ\">%.10s", iso, iso);
	if (of_day)
		buf_printf(out, " %.8s", iso + 11);
	buf_add_str(out, "</time>");
}

void page_time(struct buf *out, struct i64_opt us) {
	add_time(out, us, true);
}

void page_date(struct buf *out, struct i64_opt us) {
	add_time(out, us, false);
}

void page_day(struct buf *out, int64_t day) {
	char iso[CLOCK_TEXT_BYTES];
	clock_format_iso(day * DAY_US, iso);
	buf_printf(out, "%.10s", iso);
}

static bool is_anchor(const char *text) {
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.";
	return text && *text && !text[strspn(text, plain)];
}

/* Two sites never have the same: ids are different, and no id begins the way numbers do. */
void page_site_anchor(struct buf *out, const struct analysis *analysis, size_t site) {
	const char *id = analysis->sites[site].id;
	if (is_anchor(id))
		buf_printf(out, "site-%s", id);
	else
		buf_printf(out, "site/%zu", site + 1);
}

const char *page_site_name(const struct analysis_site *site) {
	return site->id ? site->id : "no known site";
}

void page_site_label(struct buf *text, const struct analysis_site *site) {
	buf_add_str(text, page_site_name(site));
	if (site->simulated)
		buf_add_str(
			text, site->simulated < site->count ? " (some simulated)" : " (simulated)");
}

void page_counts(struct buf *out, const char *title, const struct analysis_counts *counts) {
	if (!counts->count)
		return;
	size_t shown = counts->count <= PAGE_VALUES ? counts->count : PAGE_VALUES - 1;
	uint64_t rest = 0;
	html_printf(out, "<div class=\"fact\"><dt>%s</dt>", title);
	for (size_t i = 0; i < counts->count; i++) {
		const struct analysis_count *item = &counts->items[i];
		if (i >= shown) {
			rest += item->count;
			continue;
		}
		buf_add_str(out, "<dd><span>");
		html_clip(out, item->text ? item->text : "unknown", PAGE_NAME_COLUMNS * 2);
		buf_add_str(out, "</span> <b>");
		page_count_simulated(out, item->count, item->simulated);
		buf_add_str(out, "</b></dd>");
	}
	if (counts->count > shown) {
		buf_printf(out, "<dd><span class=\"dim\">%zu others</span> <b>",
			counts->count - shown);
		page_count(out, rest);
		buf_add_str(out, "</b></dd>");
	}
	buf_add_str(out, "</div>\n");
}

void page_names(struct buf *out, const char *title, const struct analysis_counts *counts) {
	if (!counts->count)
		return;
	html_printf(out, "<div class=\"fact\"><dt>%s</dt>", title);
	for (size_t i = 0; i < counts->count; i++)
		html_printf(out, "<dd><span>%s</span></dd>",
			counts->items[i].text ? counts->items[i].text : "unknown");
	buf_add_str(out, "</div>\n");
}

bool page_leaves(const struct analysis *analysis) {
	return analysis->members || analysis->redactor;
}

void page_incident_name(struct buf *out, const struct analysis *analysis,
	const struct analysis_incident *incident) {
	const char *id = incident->incident_id;
	const char *file = incident->member ? strrchr(incident->member, '/') : NULL;
	if (file)
		html_text(out, file + 1, strspn(file + 1, "0123456789"), TEXT_LINE);
	else if (!page_leaves(analysis))
		html_printf(out, "%" PRId64, incident->id);
	else if (id)
		html_text(out, id, strnlen(id, ID_COLUMNS), TEXT_LINE);
	else
		buf_add_str(out, "without an id");
}

void page_status(struct buf *out, const char *status) {
	if (!status || strcmp(status, "open") == 0)
		return;
	bool bad = strcmp(status, "regressed") == 0;
	html_printf(out, " <span class=\"state%s\">%s</span>", bad ? " bad" : "", status);
}

void page_command(struct buf *out, const char *command) {
	html_printf(out, "<code class=\"cmd\">%s</code>", command);
}
