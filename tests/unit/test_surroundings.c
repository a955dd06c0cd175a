/* What surrounds a stored incident: which neighbours count, whose note it is, how it regressed; and
 * how that reads. */
#include "state_fixture.h"

#include "base/text.h"
#include "export/surroundings.h"
#include "export/text_around.h"

static void put_at(struct store *store, unsigned number, enum report_kind kind, double second) {
	struct made made = made_default();
	made.kind = kind;
	made.captured_at_us = AT + (int64_t)(second * 1e6);
	made.fault_address = kind == REPORT_CRASH ? 0x5c8 : (uint64_t)kind;
	if (kind != REPORT_CRASH)
		made.site = NULL;
	if (kind == REPORT_PANIC)
		made.process = NULL;
	assert_int_equal(put_numbered(store, number, &made, NULL), STORE_ADDED);
}

static void load(struct store *store, const char *word, struct surroundings *ret) {
	struct incident row;
	struct err err = {0};
	if (store_find(store, word, &row, &err) < 0 ||
		surroundings_load(store, &row, ret, &err) < 0)
		fail_msg("%s", err.text);
}

static const char *const tristate_names[] = {"?", "no", "yes"};

static void near_is(struct store *store, const char *word, const char *expected) {
	struct surroundings around;
	struct buf text = {0};
	load(store, word, &around);
	for (size_t i = 0; i < around.neighbour_count; i++)
		buf_printf(&text, "%lld %s %.3f %s\n", (long long)around.neighbours[i].id,
			report_kind_names[around.neighbours[i].kind],
			(double)around.neighbours[i].distance_us / 1e6,
			tristate_names[around.neighbours[i].same_process]);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
	surroundings_finish(&around);
}

static void windows(void **state) {
	struct store *store = open_store(*state);
	put_at(store, 1, REPORT_CRASH, 0);
	put_at(store, 2, REPORT_GPU_EVENT, 60);
	put_at(store, 3, REPORT_GPU_EVENT, 60.001);
	put_at(store, 4, REPORT_GPU_EVENT, -60);
	put_at(store, 5, REPORT_PANIC, 300);
	put_at(store, 6, REPORT_PANIC, 300.001);
	put_at(store, 7, REPORT_PANIC, -60);
	put_at(store, 8, REPORT_PANIC, -61);
	put_at(store, 9, REPORT_CRASH, 1);
	put_at(store, 10, REPORT_JETSAM, 1);
	near_is(store, "1",
		"2 gpu_event 60.000 yes\n4 gpu_event -60.000 yes\n7 panic -60.000 ?\n"
		"5 panic 300.000 ?\n");
	near_is(store, "5",
		"3 gpu_event -239.999 ?\n2 gpu_event -240.000 ?\n9 crash -299.000 ?\n"
		"1 crash -300.000 ?\n");
	near_is(store, "2",
		"9 crash -59.000 yes\n1 crash -60.000 yes\n5 panic 240.000 ?\n"
		"6 panic 240.001 ?\n");
	near_is(store, "10", "");
	store_close(store);
}

static void too_many_are_counted(void **state) {
	struct store *store = open_store(*state);
	struct surroundings around;
	struct buf text = {0};
	const struct term term = {.columns = 80};
	struct text_out out = {.buf = &text, .term = &term};
	put_at(store, 1, REPORT_CRASH, 0);
	for (unsigned i = 0; i < SURROUNDINGS_NEIGHBOURS + 7; i++)
		put_at(store, 10 + i, REPORT_GPU_EVENT, 0.01 * (i + 1));
	load(store, "1", &around);
	assert_int_equal(around.neighbour_count, SURROUNDINGS_NEIGHBOURS);
	assert_int_equal(around.neighbours_left_out, 7);
	assert_int_equal(around.neighbours[0].distance_us, 10000);
	text_around_neighbours(&out, &around, false);
	assert_non_null(strstr(buf_str(&text), "and 99 more; -a or --json shows them\n"));
	buf_reset(&text);
	text_around_neighbours(&out, &around, true);
	assert_non_null(strstr(buf_str(&text), "and 7 more\n"));
	assert_non_null(strstr(buf_str(&text), "agxtriage show 101\n"));
	assert_null(strstr(buf_str(&text), "agxtriage show 102\n"));
	buf_finish(&text);
	surroundings_finish(&around);
	store_close(store);
}

static void set_note(struct store *store, const char *word, const char *note, const char *url) {
	const struct store_state_change change = {
		.note = note, .url = url, .cause = STATE_BY_USER, .at_us = AT};
	struct store_state found;
	struct err err = {0};
	assert_int_equal(store_state_find(store, word, false, &found, &err), 0);
	assert_int_equal(store_state_set(store, &found, &change, &err), 0);
}

static void signature_before_site(void **state) {
	struct store *store = open_store(*state);
	struct surroundings around;
	put_at(store, 1, REPORT_CRASH, 0);
	load(store, "1", &around);
	assert_string_equal(around.status, "open");
	assert_null(around.note);
	surroundings_finish(&around);
	set_done(store, SITE, "fixed", "24H1");
	set_note(store, SITE, "of the site", "https://example.com/1");
	set_note(store, OLD, "of the signature", NULL);
	load(store, "1", &around);
	assert_string_equal(around.status, "fixed");
	assert_string_equal(around.note, "of the signature");
	assert_string_equal(around.url, "https://example.com/1");
	assert_string_equal(around.fixed_in, "24H1");
	assert_false(around.regression.at_us.set);
	surroundings_finish(&around);
	store_close(store);
}

static void how_it_regressed(void **state) {
	struct store *store = open_store(*state);
	struct surroundings around;
	struct buf text = {0};
	struct made made = made_default();
	put_at(store, 1, REPORT_CRASH, 0);
	set_done(store, SITE, "fixed", "24H1");
	made.os_build = "24H12";
	assert_int_equal(put_numbered(store, 2, &made, NULL), STORE_ADDED);
	load(store, "1", &around);
	assert_string_equal(around.status, "regressed");
	assert_int_equal(around.regression.incident.value, 2);
	assert_string_equal(around.regression.os_build, "24H12");
	text_around_status(&text, around.status, around.fixed_in, &around.regression);
	assert_ptr_equal(
		strstr(buf_str(&text),
			"regressed: it was fixed in 24H1, and came again on 24H12, stored "),
		buf_str(&text));
	assert_non_null(strstr(buf_str(&text), " (incident 2)"));
	buf_finish(&text);
	surroundings_finish(&around);
	store_close(store);
}

static void status_is(const char *status, const char *fixed_in, const char *expected) {
	const struct regression nothing = {0};
	struct buf text = {0};
	text_around_status(&text, status, fixed_in, &nothing);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void words_of_a_status(void **state) {
	status_is(NULL, NULL, "open");
	status_is("known", NULL, "known");
	status_is("fixed", NULL, "fixed");
	status_is("fixed", "24H1", "fixed in 24H1");
	status_is("known", "24H1", "known; fixed in 24H1");
	status_is("regressed", NULL, "regressed: it was fixed");
	status_is("regressed", "24H1", "regressed: it was fixed in 24H1");
}

/* Names in reports and notes of others may be anything. */
static void nothing_unsafe_is_shown(void **state) {
	static const char evil[] = "a\033]0;b\007\xe2\x80\xae\r\x7f\xff";
	struct neighbour neighbour = {.id = 7,
		.kind = REPORT_CRASH,
		.process = evil,
		.what = evil,
		.same_process = TRI_YES};
	const struct surroundings around = {.status = evil,
		.note = evil,
		.url = evil,
		.fixed_in = evil,
		.neighbours = &neighbour,
		.neighbour_count = 1};
	struct buf text = {0};
	const struct term term = {.columns = 80};
	struct text_out out = {.buf = &text, .term = &term};
	text_around_state(&out, &around);
	text_around_neighbours(&out, &around, false);
	assert_non_null(strstr(buf_str(&text), "(the same)"));
	assert_true(text_is_clean(buf_str(&text), text.len, TEXT_LINES));
	assert_null(strstr(buf_str(&text), "\xe2\x80\xae"));
	buf_finish(&text);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(windows),
		TEST(too_many_are_counted),
		TEST(signature_before_site),
		TEST(how_it_regressed),
		cmocka_unit_test(words_of_a_status),
		cmocka_unit_test(nothing_unsafe_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
