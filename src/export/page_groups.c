/* The signatures of crashes that no rule knows, one by one. */
#include "export/page_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>

static void put_text(struct buf *out, const char *text) {
	html_printf(out, "%s", text ? text : "unknown");
}

static void add_group(struct buf *out, const struct analysis *analysis,
	const struct analysis_signature *signature, bool open) {
	const struct analysis_site site = report_group_site(signature);
	html_printf(
		out, "<details%s><summary><code>%s</code>: ", open ? " open" : "", signature->hash);
	page_count_simulated(out, signature->count, signature->simulated);
	html_printf(out, " crash%s, ", signature->count == 1 ? "" : "es");
	report_group_fault(out, signature, put_text);
	buf_add_str(out, "</summary>\n<p>");
	page_time(out, signature->first_at_us);
	buf_add_str(out, " to ");
	page_time(out, signature->last_at_us);
	buf_add_str(out, " UTC");
	report_sample(out, &site, analysis, put_text);
	buf_add_str(out, ".</p>\n");
	if (site.stack_count)
		page_stack(out, &site);
	buf_add_str(out, "</details>\n");
}

void page_groups(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	size_t shown =
		site->signature_count < ANALYSIS_GROUPS ? site->signature_count : ANALYSIS_GROUPS;
	size_t more = site->signature_count - shown;
	buf_add_str(out,
		"<p>No rule knows them, and they need have nothing in common. By signature, the most frequent "
		"first:</p>\n");
	for (size_t i = 0; i < shown; i++)
		add_group(out, analysis, &site->signatures[i], i == 0);
	if (!more)
		return;
	html_printf(
		out, "<p class=\"dim\">And %zu more signature%s with ", more, more == 1 ? "" : "s");
	page_count(out, site->ungrouped);
	html_printf(out, " crash%s.</p>\n", site->ungrouped == 1 ? "" : "es");
}
