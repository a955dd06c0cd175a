/* How to bring the crashes about, as far as that was measured; what was only rehearsed apart. */
#include "export/page_parts.h"
#include "export/report_parts.h"

struct recipes {
	struct buf *out;
	bool simulated; /* those wanted */
	size_t count;
	struct buf metal; /* of the first simulated one */
};

static void add_recipe(const struct report_recipe *recipe, void *user) {
	struct recipes *recipes = user;
	struct buf *out = recipes->out;
	if (recipe->simulated != recipes->simulated)
		return;
	if (recipe->metal && !recipes->metal.len)
		buf_add_str(&recipes->metal, recipe->metal);
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
		buf_add_str(out, " " PAGE_SIMULATED);
	buf_add_str(out, "<p>One run: ");
	page_command(out, recipe->trial);
	buf_add_str(out, "</p></li>\n");
}

/* Appends a list, or nothing. */
static size_t add_recipes(struct page *page, struct recipes *recipes) {
	if (!report_recipes(page->analysis, add_recipe, recipes) || recipes->metal.failed)
		page->out.failed = true;
	if (recipes->count)
		buf_add_str(recipes->out, "</ol>\n");
	return recipes->count;
}

/* What was done with the simulated driver only. */
static bool add_rehearsed(struct page *page, bool real) {
	struct buf lists = {0};
	struct recipes recipes = {.out = &lists, .simulated = true};
	bool any = add_recipes(page, &recipes) > 0;
	if (any && !real && recipes.metal.len) {
		buf_add_str(
			&page->out, "<p>On a real driver that was not measured. To try on a Mac: ");
		page_command(&page->out, buf_str(&recipes.metal));
		buf_add_str(&page->out, "</p>\n");
	}
	if (any) {
		buf_printf(&page->out,
			"<p>%snly rehearsed, with the simulated driver, which shows the method and "
			"nothing of a real one:</p>\n",
			real ? "Besides, o" : "O");
		buf_add(&page->out, lists.data, lists.len);
	}
	page->out.failed = page->out.failed || lists.failed;
	buf_finish(&recipes.metal);
	buf_finish(&lists);
	return any;
}

static void add_nothing(struct page *page) {
	if (page->analysis->experiment_count) {
		buf_add_str(&page->out,
			"<p class=\"none\">No run of an experiment crashed, so how to bring these "
			"crashes about is not known.</p>\n");
		return;
	}
	buf_add_str(&page->out, "<p class=\"none\">No experiment has been made here, so how to "
				"bring crashes about is not known. Each site tells what to run "
				"next; for a program of one's own: ");
	page_command(&page->out, "agxtriage run -n 30 -- COMMAND");
	buf_add_str(&page->out, "</p>\n");
}

void page_reproduce(struct page *page) {
	struct recipes recipes = {.out = &page->out};
	buf_add_str(&page->out, "<section id=\"reproduce\" aria-labelledby=\"reproduce-h\">\n<h2 "
				"id=\"reproduce-h\">How to reproduce</h2>\n");
	bool real = add_recipes(page, &recipes) > 0;
	buf_finish(&recipes.metal);
	if (!add_rehearsed(page, real) && !real)
		add_nothing(page);
	buf_add_str(&page->out, "</section>\n");
}
