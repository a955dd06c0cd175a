/* The whole report as Markdown: its sections in the order in which they are read. */
#include "export/report_parts.h"

/* What follows has few crashes; the table of sites has them all. */
#define SITES_IN_FULL 40

void analysis_markdown(const struct analysis *analysis, struct buf *ret) {
	report_head(ret, analysis);
	report_summary(ret, analysis);
	report_sites(ret, analysis);
	for (size_t i = 0; i < analysis->site_count && i < SITES_IN_FULL; i++)
		report_site(ret, analysis, i);
	if (analysis->site_count > SITES_IN_FULL)
		buf_printf(ret, "%zu more sites with fewer crashes: `agxtriage top`.\n\n",
			analysis->site_count - SITES_IN_FULL);
	report_regression(ret, analysis);
	report_attribution(ret, analysis);
	report_workarounds(ret, analysis);
	report_measured(ret, analysis);
	report_around(ret, analysis);
	report_reproduce(ret, analysis);
	report_files(ret, analysis);
	report_about(ret, analysis);
}
