/* The page of an analysis that is made by hand: what is shown, marked, escaped and left out. */
#include "export/page.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DAY_US (INT64_C(86400) * 1000000)
#define FIRST_DAY 20443 /* 2025-12-21 */

static int add_piece(const char *bytes, size_t len, void *user) {
	buf_add(user, bytes, len);
	return 0;
}

static int refuse_piece(const char *bytes, size_t len, void *user) {
	(void)bytes;
	size_t *taken = user;
	*taken += len;
	return *taken > 4096 ? -ENOSPC : 0;
}

static void make_page(const struct analysis *analysis, struct buf *ret) {
	struct page_options options = {0};
	struct err err = {0};
	assert_int_equal(page_write(analysis, &options, add_piece, ret, &err), 0);
	assert_false(ret->failed);
}

static size_t times(const struct buf *page, const char *text) {
	size_t count = 0;
	for (const char *at = buf_str(page); (at = strstr(at, text)) != NULL; at += strlen(text))
		count++;
	return count;
}

static void expect(const struct buf *page, const char *text) {
	if (!times(page, text))
		fail_msg("the page does not say: %s", text);
}

static struct analysis_counts one_value(struct analysis_count *item, const char *text) {
	*item = (struct analysis_count){.text = text, .count = 3, .simulated = 1};
	return (struct analysis_counts){item, 1, 1};
}

struct made {
	struct analysis analysis;
	struct analysis_site sites[2];
	struct analysis_count builds[2], address, access;
	struct analysis_offset offset;
	struct analysis_frame stack[2];
	struct analysis_call call;
	struct analysis_cell cells[2];
	struct analysis_day days[3];
	struct analysis_incident incidents[3];
	struct analysis_event event;
};

static void make_sites(struct made *made) {
	made->stack[0] = (struct analysis_frame){
		.image = "libsystem_kernel.dylib", .symbol = "__pthread_kill", .offset = {8, true}};
	made->stack[1] = (struct analysis_frame){.image = "AGXMetalG16X",
		.symbol = "-[AGXG16XFamilyComputeContext setComputePipelineState:]",
		.offset = {32, true},
		.counts = true};
	made->offset = (struct analysis_offset){.offset = 0x5c8, .count = 3, .reads = 3};
	made->call = (struct analysis_call){.image = "Metal",
		.symbol = "-[_MTLCommandBuffer commit]",
		.crashes = 2,
		.running = 1};
	made->sites[0] = (struct analysis_site){.id = "agx-one",
		.title = "Reads <NULL> & \"crashes\"",
		.status = "regressed",
		.note = "</p><script>",
		.url = "javascript:alert(1)",
		.fixed_in = "24G419",
		.count = 3,
		.simulated = 1,
		.share = 0.75,
		.exceptions = one_value(&made->access, "EXC_BAD_ACCESS (SIGSEGV)"),
		.addresses = one_value(&made->address, "0x5c8"),
		.os_builds = one_value(&made->builds[0], "24G419"),
		.offsets = &made->offset,
		.offset_count = 1,
		.attribution = "undetermined",
		.attribution_reason = "Nothing tells.",
		.stack = made->stack,
		.stack_count = 2,
		.stack_crashes = 2,
		.stack_exact = 2,
		.told = 3,
		.concurrent = 2,
		.in_driver = 1,
		.calls = &made->call,
		.call_count = 1};
	made->sites[1] = (struct analysis_site){
		.count = 1, .share = 0.25, .os_builds = one_value(&made->builds[1], "23H311")};
}

static void make(struct made *made) {
	*made = (struct made){0};
	make_sites(made);
	made->cells[0] = (struct analysis_cell){
		.driver_version = "329.2", .os_build = "24G419", .count = 3, .simulated = 1};
	made->cells[1] = (struct analysis_cell){.os_build = "23H311", .count = 1};
	made->days[0] = (struct analysis_day){.day = FIRST_DAY, .site = 0, .count = 2};
	made->days[1] = (struct analysis_day){.day = FIRST_DAY, .site = 1, .count = 1};
	made->days[2] = (struct analysis_day){.day = FIRST_DAY + 2, .site = 0, .count = 1};
	made->event = (struct analysis_event){.kind = REPORT_GPU_EVENT, .count = 4};
	for (int i = 0; i < 3; i++)
		made->incidents[i] = (struct analysis_incident){.id = 7 - i,
			.kind = i == 2 ? REPORT_GPU_EVENT : REPORT_CRASH,
			.simulated = i == 1,
			.captured_at_us = {FIRST_DAY * DAY_US + i * 1000000, true},
			.pid = {4711, true},
			.process = i ? "Python" : "<img src=x>",
			.fault_address = {0x5c8, i < 2},
			.fault_access = i < 2 ? "read" : NULL,
			.site = i ? NULL : "agx-one"};
	made->analysis = (struct analysis){.crashes = 4,
		.simulated = 1,
		.gpu_events = 4,
		.files = 8,
		.first_at_us = {FIRST_DAY * DAY_US, true},
		.last_at_us = {(FIRST_DAY + 2) * DAY_US, true},
		.sites = made->sites,
		.site_count = 2,
		.os_builds = {made->builds, 2, 2},
		.cells = made->cells,
		.cell_count = 2,
		.days = made->days,
		.day_count = 3,
		.incidents = made->incidents,
		.incident_count = 3,
		.events = &made->event,
		.event_count = 1,
		.rules_version = "r1"};
}

static void test_everything_is_shown(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	make_page(&made.analysis, &page);
	expect(&page, "<!doctype html>\n<html lang=\"en\">");
	expect(&page, "<h1>4 crashes, 3 of them at 1 known site</h1>");
	expect(&page, "default-src 'none'; style-src 'sha256-");
	expect(&page, "href=\"#site-agx-one\"");
	expect(&page, "id=\"site-agx-one\"");
	expect(&page, "href=\"#site/2\"");
	expect(&page, "id=\"site/2\"");
	expect(&page, "Fixed in build 24G419.");
	expect(&page, "<span class=\"state bad\">regressed</span>");
	expect(&page, "<td class=\"n\">75.0 %<svg class=\"share\"");
	expect(&page,
		"in 2 of 3 crashes another thread was inside Metal or the driver, in 1 inside");
	expect(&page, "what other threads did is not known of any");
	expect(&page, "0x5c8 (1,480): read in 3 crashes");
	expect(&page, "2025-12-21: agx-one, 2</title>");
	expect(&page, "2025-12-23: agx-one, 1</title>");
	expect(&page, "<i>gpu_event</i>");
	expect(&page, "<code>agxtriage show 7</code>");
	expect(&page, "Nothing was measured yet");
	buf_finish(&page);
}

static void test_the_frame_that_counts(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	make_page(&made.analysis, &page);
	assert_int_equal(times(&page, "<li class=\"key\">"), 1);
	expect(&page,
		"<li class=\"key\"><b>AGXMetalG16X</b> "
		"<span><code>-[AGXG16XFamilyComputeContext setComputePipelineState:]</code><i> + "
		"32</i> <mark>crash site</mark>");
	buf_finish(&page);
}

static void test_texts_stay_texts(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	make_page(&made.analysis, &page);
	expect(&page, "Reads &lt;NULL&gt; &amp; &quot;crashes&quot;");
	expect(&page, "&lt;/p&gt;&lt;script&gt;");
	expect(&page, "&lt;img src=x&gt; [4711]");
	assert_int_equal(times(&page, "<img"), 0);
	assert_int_equal(times(&page, "<script>"), 1);
	expect(&page, "javascript:alert(1)"); /* shown, no link */
	assert_int_equal(times(&page, "href=\"javascript"), 0);
	assert_int_equal(times(&page, " style="), 0);
	buf_finish(&page);
}

/* Of crashes that no rule knows each signature stands by itself, ten of them. */
static void test_groups(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	struct analysis_signature signatures[12] = {0};
	struct analysis_count value;
	make(&made);
	for (size_t i = 0; i < 12; i++)
		signatures[i] = (struct analysis_signature){.hash = i < 10 ? "shown" : "hidden",
			.count = 1,
			.exception = "<b>EXC</b>",
			.fault_kind = "near_null",
			.fault_access = "read",
			.fault_address = {0x10, true},
			.sample = 9,
			.frames = made.stack,
			.frame_count = 1};
	made.sites[1].signatures = signatures;
	made.sites[1].signature_count = 12;
	made.sites[1].mixed = true;
	made.sites[1].ungrouped = 2;
	made.sites[1].exceptions = one_value(&value, "of all of them");
	make_page(&made.analysis, &page);
	assert_int_equal(times(&page, "<code>shown</code>: 1 crash, &lt;b&gt;EXC&lt;/b&gt;, "
				      "near_null 0x10 (16), read</summary>"),
		10);
	assert_int_equal(times(&page, "<code>hidden</code>: "), 0);
	expect(&page, "And 2 more signatures with 2 crashes.");
	expect(&page, "such as row 9 (agxtriage show 9)");
	assert_int_equal(times(&page, "of all of them"), 0);
	buf_finish(&page);
}

static void test_a_tracker_is_a_link(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	made.sites[0].url = "https://example.org/?a=1&b=\"2\"";
	make_page(&made.analysis, &page);
	expect(&page, "href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\"");
	buf_finish(&page);
}

static void test_simulated_is_marked(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	make_page(&made.analysis, &page);
	expect(&page, "(some simulated) - agxtriage</title>");
	expect(&page, "<strong>Simulated:</strong> 1 of these crashes");
	expect(&page, "<td class=\"n\">3 <span class=\"sim\">1 simulated</span></td>");
	expect(&page, "agxtriage show 6</code> <span class=\"sim\">simulated</span></th>");
	buf_finish(&page);
}

/* A row number means nothing to who gets an archive. */
static void test_names_in_an_archive(void **state) {
	(void)state;
	static const struct analysis_members members = {.incidents = 2, .dropped = 1};
	struct made made;
	struct buf page = {0};
	make(&made);
	made.incidents[0].incident_id = made.incidents[1].incident_id =
		"6E9C1B2A-0000-1111-2222-333344445555";
	made.incidents[0].member = "reports/000001-6E9C1B2A-0000-1111-2222-333344445555.ips";
	made.analysis.members = &members;
	make_page(&made.analysis, &page);
	expect(&page, "<th scope=\"row\">000001</th>");
	expect(&page, "<th scope=\"row\">6E9C1B2A <span class=\"sim\">");
	expect(&page, "<th scope=\"row\">without an id</th>");
	expect(&page, "<code>agxtriage import</code>");
	expect(&page, "This archive has the newest 2 of 8 incidents");
	expect(&page, "those that were left out as the first characters of their ids");
	assert_int_equal(times(&page, "agxtriage show 7"), 0);
	buf_finish(&page);
}

/* Only offsets that the rule does not know are marked, in the diagram and in the table; those close
 * to each other stand apart. */
static void test_unknown_offsets(void **state) {
	(void)state;
	struct analysis_offset offsets[] = {{.offset = 0x3b90, .count = 12, .reads = 12},
		{.offset = 0x3b98, .count = 1234, .writes = 1234, .unknown = true}};
	struct made made;
	struct buf page = {0};
	make(&made);
	make_page(&made.analysis, &page);
	assert_int_equal(times(&page, "not seen there before"), 0);
	made.sites[0].offsets = offsets;
	made.sites[0].offset_count = COUNT(offsets);
	buf_reset(&page);
	make_page(&made.analysis, &page);
	expect(&page, "<code>0x3b90</code></th><td class=\"n\">15,248</td>");
	expect(&page, "<code>0x3b98</code> <span class=\"state\">not seen there before</span>"
		      "</th><td class=\"n\">15,256</td><td class=\"n\">1,234</td>");
	expect(&page, "0x3b98 (15,256): written in 1,234 crashes, not seen there before</title>");
	assert_int_equal(times(&page, "<rect class=\"dot written new\""), 1);
	expect(&page, "y=\"40.0\">0x3b90</text>");
	expect(&page, "y=\"80.0\">0x3b98</text>");
	buf_finish(&page);
}

/* What stood near in time: everything is of the same crashes, simulated ones apart. */
static void test_near(void **state) {
	(void)state;
	struct made made;
	struct buf page = {0};
	make(&made);
	made.analysis.correlation = (struct store_correlation){.crashes = 4,
		.crashes_simulated = 1,
		.gpu_events = 4,
		.near_gpu_event = 2,
		.near_simulated = 1,
		.gpu_events_near = 2,
		.gpu_events_beside = 3};
	make_page(&made.analysis, &page);
	expect(&page, "3 within 5 s of a crash on the same machine");
	expect(&page,
		"3 of the 4 GPU events came within 5 s of some crash on the same machine, 2 within "
		"5 s of one of the same process. Of the 3 crashes that no simulator made, 1 had a "
		"GPU event of the same process within 5 s, and so had 1 of the 1 simulated.");
	buf_finish(&page);
}

static void test_nothing_at_all(void **state) {
	(void)state;
	struct analysis analysis = {0};
	struct buf page = {0};
	make_page(&analysis, &page);
	expect(&page, "<h1>0 crashes</h1>");
	expect(&page, "No crash was asked for.");
	expect(&page, "No crash has a time.");
	assert_int_equal(times(&page, "nan"), 0);
	assert_string_equal(page.data + page.len - 8, "</html>\n");
	buf_finish(&page);
}

/* Ten years of days become a hundred bars. */
static void test_many_days(void **state) {
	(void)state;
	static const int64_t lasts[] = {FIRST_DAY + 100, FIRST_DAY + 700, FIRST_DAY + 3650};
	struct made made;
	for (size_t i = 0; i < COUNT(lasts); i++) {
		struct buf page = {0};
		make(&made);
		made.days[2].day = lasts[i];
		make_page(&made.analysis, &page);
		assert_int_equal(times(&page, ": agx-one, "), 2);
		assert_true(page.len < 100000);
		buf_finish(&page);
	}
}

/* Clocks that were wrong are told, and press no other day. */
static void test_days_far_away(void **state) {
	(void)state;
	struct analysis_day days[] = {{-1, 1, 2}, {0, 1, 1}, {FIRST_DAY - 2000, 0, 1},
		{FIRST_DAY, 0, 40}, {FIRST_DAY + 1, 0, 40}, {2932896, 1, 1}};
	struct made made;
	struct buf page = {0};
	make(&made);
	made.analysis.days = days;
	made.analysis.day_count = COUNT(days);
	make_page(&made.analysis, &page);
	expect(&page, "Crashes per day by site");
	expect(&page, "one for each day, 2 in all");
	expect(&page, "far from the others in time: 4 crashes from 1969-12-31 to 2020-06-30, 1 "
		      "crash on 9999-12-31.</p>");
	days[0].count = 3;
	days[2].count = 5;
	buf_reset(&page);
	make_page(&made.analysis, &page);
	expect(&page, "2020-06-30: agx-one, 5</title>");
	expect(&page, "in time: 4 crashes from 1969-12-31 to 1970-01-01, 1 crash on");
	buf_finish(&page);
}

static void test_many_sites(void **state) {
	(void)state;
	enum { SITES = 60 };
	struct analysis_site sites[SITES];
	struct analysis_day days[SITES];
	struct made made;
	struct buf page = {0};
	make(&made);
	for (size_t i = 0; i < SITES; i++) {
		sites[i] = made.sites[0];
		sites[i].id = i % 2 ? "same-id-is-not-our-bug" : "agx/odd id";
		days[i] = (struct analysis_day){FIRST_DAY, i, 1};
	}
	made.analysis.sites = sites;
	made.analysis.site_count = SITES;
	made.analysis.days = days;
	made.analysis.day_count = SITES;
	make_page(&made.analysis, &page);
	expect(&page, "other sites, 53</title>");
	expect(&page, "id=\"site/59\"");
	buf_finish(&page);
}

static void test_the_same_twice(void **state) {
	(void)state;
	struct made made;
	struct buf first = {0}, second = {0};
	make(&made);
	make_page(&made.analysis, &first);
	make_page(&made.analysis, &second);
	assert_string_equal(first.data, second.data);
	buf_finish(&first);
	buf_finish(&second);
}

static void test_a_full_disk(void **state) {
	(void)state;
	struct page_options options = {0};
	struct made made;
	struct err err = {0};
	size_t taken = 0;
	make(&made);
	assert_int_equal(page_write(&made.analysis, &options, refuse_piece, &taken, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "the page cannot be written"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_shown),
		cmocka_unit_test(test_the_frame_that_counts),
		cmocka_unit_test(test_texts_stay_texts),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_a_tracker_is_a_link),
		cmocka_unit_test(test_simulated_is_marked),
		cmocka_unit_test(test_names_in_an_archive),
		cmocka_unit_test(test_unknown_offsets),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_many_days),
		cmocka_unit_test(test_days_far_away),
		cmocka_unit_test(test_many_sites),
		cmocka_unit_test(test_the_same_twice),
		cmocka_unit_test(test_a_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
