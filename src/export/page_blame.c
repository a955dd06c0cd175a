/* Who looks to blame, all crashes together. */
#include "export/page_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>

/* The sites of one attribution, with their crashes. */
static void add_blamed(
	struct buf *out, const struct analysis *analysis, const struct analysis_count *item) {
	bool first = true;
	html_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">",
		report_attribution_words(item->text));
	page_count_simulated(out, item->count, item->simulated);
	buf_add_str(out, "</td><td>");
	for (size_t i = 0; i < analysis->site_count; i++) {
		const struct analysis_counts *counts = &analysis->sites[i].attributions;
		for (size_t j = 0; j < counts->count; j++) {
			/* Equal texts of an analysis are the same. */
			if (counts->items[j].text != item->text)
				continue;
			html_printf(out, "%s%s ", first ? "" : ", ",
				page_site_name(&analysis->sites[i]));
			page_count(out, counts->items[j].count);
			first = false;
		}
	}
	buf_add_str(out, "</td></tr>\n");
}

void page_blame(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct buf *out = &page->out;
	if (!analysis->attributions.count)
		return;
	buf_add_str(out,
		"<h3>Who looks to blame</h3>\n<p>Where it crashed is not who is to blame; each "
		"site tells the reason and what to run next.</p>\n<div class=\"scroll\" "
		"role=\"region\" tabindex=\"0\" aria-label=\"Who looks to blame\"><table>"
		"<caption>Who looks to blame</caption><thead><tr><th scope=\"col\">Looks like</th>"
		"<th scope=\"col\" class=\"n\">Crashes</th><th scope=\"col\">Sites</th></tr>"
		"</thead><tbody>\n");
	for (size_t i = 0; i < analysis->attributions.count; i++)
		add_blamed(out, analysis, &analysis->attributions.items[i]);
	buf_add_str(out, "</tbody></table></div>\n");
}
