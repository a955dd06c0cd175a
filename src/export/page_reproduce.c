/* How to bring the crashes about, as far as that was measured. */
#include "export/page_parts.h"
#include "export/report_parts.h"

struct recipes {
	struct buf *out;
	size_t count;
};

static void add_recipe(const struct report_recipe *recipe, void *user) {
	struct recipes *recipes = user;
	struct buf *out = recipes->out;
	buf_add_str(out, recipes->count++ ? "<li>" : "<ol>\n<li>");
	page_command(out, recipe->command);
	if (recipe->condition)
		html_printf(out, ", in it <code>%s</code>", recipe->condition);
	buf_add_str(out, ": ");
	page_count(out, recipe->crashed);
	buf_add_str(out, " of ");
	page_count(out, recipe->runs);
	html_printf(out, " runs crashed, %s", recipe->rate);
	if (recipe->simulated)
		buf_add_str(out,
			" " PAGE_SIMULATED " (shows the method, and nothing of a real driver)");
	buf_add_str(out, "<p>One run: ");
	page_command(out, recipe->trial);
	buf_add_str(out, "</p></li>\n");
}

void page_reproduce(struct page *page) {
	const struct analysis *analysis = page->analysis;
	struct recipes recipes = {.out = &page->out};
	buf_add_str(&page->out, "<section id=\"reproduce\" aria-labelledby=\"reproduce-h\">\n<h2 "
				"id=\"reproduce-h\">How to reproduce</h2>\n");
	page->out.failed = !report_recipes(analysis, add_recipe, &recipes) || page->out.failed;
	if (recipes.count) {
		buf_add_str(&page->out, "</ol>\n");
	} else if (analysis->experiment_count) {
		buf_add_str(&page->out,
			"<p class=\"none\">No run of an experiment crashed, so how to bring these "
			"crashes about is not known.</p>\n");
	} else {
		buf_add_str(&page->out,
			"<p class=\"none\">No experiment has been made here, so how to bring "
			"crashes about is not known. Each site tells what to run next; for a "
			"program of one's own: ");
		page_command(&page->out, "agxtriage run -n 30 -- COMMAND");
		buf_add_str(&page->out, "</p>\n");
	}
	buf_add_str(&page->out, "</section>\n");
}
