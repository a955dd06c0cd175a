/* States: what can be said of a site or a signature, what follows from a crash, what is kept of it.
 */
#include "state_fixture.h"

static void test_builds(void **state) {
	/* In their order; equal ones share a line. */
	static const char *const order[] = {"9A343", "17C54", "22A3354", "22E261", "22E772610a",
		"22E772610b", "24A5264n", "24A335", "24G5054d", "24G5054e", "24G5065a", "24G84",
		"24G419", "25A1", "25B78", "100A1"};
	static const char *const odd[] = {"", "24", "24G", "G419", "24g419", "24G419dd", "24G419 ",
		" 24G419", "24G419-", "15.7.3", "99999999G1", "24G99999999", "-1A1"};
	size_t count = sizeof order / sizeof *order;
	for (size_t a = 0; a < count; a++)
		for (size_t b = 0; b < count; b++) {
			int ret = 77;
			assert_true(state_build_compare(order[a], order[b], &ret));
			assert_int_equal((ret > 0) - (ret < 0), (a > b) - (a < b));
		}
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		int ret = 77;
		assert_false(state_build_compare(odd[i], "24G419", &ret));
		assert_false(state_build_compare("24G419", odd[i], &ret));
		assert_int_equal(ret, 77);
	}
	assert_false(state_build_compare(NULL, "24G419", &(int){0}));
}

static void test_set(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct err err = {0};
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	assert_string_equal(states_text(store, &text), "");
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	assert_int_equal(found.target, STATE_SIGNATURE);
	assert_string_equal(found.title, "a | b");
	assert_string_equal(found.site, SITE);
	assert_null(found.status);
	assert_int_equal(found.incidents, 1);
	struct store_state_change change = {
		.status = "known", .note = "seen it", .url = "https://example.com/1", .at_us = AT};
	assert_int_equal(store_state_set(store, &found, &change, &err), 0);
	assert_int_equal(store_state_find(store, "00000000000005C8", false, &found, &err), 0);
	assert_string_equal(found.status, "known");
	assert_string_equal(found.note, "seen it");
	assert_string_equal(found.url, "https://example.com/1");
	assert_null(found.fixed_in);
	assert_status(store, "latest", "known");
	/* What is not named stays, nothing takes away, and the same again is no change. */
	change = (struct store_state_change){.note = "", .fixed_in = "25A1", .at_us = AT + 1};
	assert_int_equal(store_state_set(store, &found, &change, &err), 0);
	assert_int_equal(store_state_find(store, "0000", false, &found, &err), 0);
	assert_int_equal(store_state_set(store, &found, &change, &err), 1);
	assert_string_equal(states_text(store, &text), OLD " known 25A1 - 0/1\n");
	assert_string_equal(history_text(store, OLD, &text),
		"user " OLD " ->known - - -1\nuser " OLD " known>known 25A1 - -1\n");
	/* An open signature is open whatever its site says. */
	set_done(store, SITE, "ignored", NULL);
	set_done(store, OLD, "open", NULL);
	assert_status(store, "latest", "open");
	set_done(store, OLD, "", "");
	assert_status(store, "latest", "ignored");
	assert_string_equal(
		states_text(store, &text), SITE " ignored - - 0/1\n" OLD " - - - 0/1\n");
	buf_finish(&text);
	store_close(store);
	assert_sql(fixture->db,
		"select group_concat(status_before || '>' || status) from "
		"(select * from state_history where target = 'site')",
		"open>ignored");
}

/* Whoever sets it: a user or an archive. */
static void test_values_refused(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	char longest[STATE_NOTE_BYTES_MAX + 2];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	put_numbered(store, 1, &made, NULL);
	const struct store_state_change refused[] = {
		{.note = longest},
		{.note = "a\033[31mb"},
		{.note = "\xff"},
		{.url = "javascript:alert(1)"},
		{.url = "https://"},
		{.url = "https://example.com/\"><script>"},
		{.status = "gone"},
		{.fixed_in = "soon"},
	};
	for (size_t i = 0; i < 2 * sizeof refused / sizeof *refused; i++) {
		struct store_state_change change = refused[i / 2];
		struct err err = {0};
		change.cause = i % 2 ? STATE_BY_IMPORT : STATE_BY_USER;
		change.at_us = AT;
		assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
		assert_int_equal(store_state_set(store, &found, &change, &err), -EINVAL);
		assert_true(err.text[0] != '\0');
	}
	/* Open is what it is already. */
	struct err err = {0};
	const struct store_state_change open = {
		.status = "open", .note = "", .cause = STATE_BY_IMPORT, .at_us = AT};
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	assert_int_equal(store_state_set(store, &found, &open, &err), 1);
	/* As long as may be. */
	longest[STATE_NOTE_BYTES_MAX] = '\0';
	const struct store_state_change longest_note = {.note = longest, .at_us = AT};
	assert_int_equal(store_state_set(store, &found, &longest_note, &err), 0);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from state_history", "1");
}

/* In the order in which they were made, whatever the clock said. */
static void test_clock_set_back(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct buf text = {0};
	struct err err = {0};
	put_numbered(store, 1, &made, NULL);
	static const char *const order[] = {"known", "ignored", "open"};
	for (int i = 0; i < 3; i++) {
		const struct store_state_change change = {
			.status = order[i], .at_us = AT - i * INT64_C(3600000000)};
		assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
		assert_int_equal(store_state_set(store, &found, &change, &err), 0);
	}
	static const char expected[] = "user " OLD " ->known - - -1\n"
				       "user " OLD " known>ignored - - -1\n"
				       "user " OLD " ignored>open - - -1\n";
	assert_string_equal(history_text(store, OLD, &text), expected);
	assert_string_equal(history_text(store, NULL, &text), expected);
	buf_finish(&text);
	store_close(store);
}

static void test_refused(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct err err = {0};
	struct store_state found = {.target = STATE_SIGNATURE, .name = "0123456789abcdef"};
	struct store_state_change change = {.status = "known", .at_us = AT};
	put_numbered(store, 1, &made, NULL);
	assert_int_equal(set_state(store, OLD, "closed", NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "closed"));
	assert_int_equal(set_state(store, OLD, "fixed", "15.7.4", &err), -EINVAL);
	assert_non_null(strstr(err.text, "15.7.4"));
	assert_int_equal(store_state_set(store, &found, &change, &err), -ENOENT);
	static const char *const words[] = {
		"", "000", "0000000000000000a", "ffff", "no-such-site", "%", "0000%", "' or 1 --"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		err = (struct err){0};
		assert_int_equal(store_state_find(store, words[i], false, &found, &err), -ENOENT);
		assert_non_null(strstr(err.text, "neither a site nor a signature"));
	}
	made.fault_address = 0x5c9;
	put_numbered(store, 2, &made, NULL);
	assert_int_equal(store_state_find(store, "0000", false, &found, &err), -EEXIST);
	assert_non_null(strstr(err.text, "00000000000005c8, 00000000000005c9"));
	/* Refused in the middle of something else, and nothing is left behind. */
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	assert_true(store_state_set(store, &found, &change, &err) < 0);
	store_rollback(store);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from state_history", "0");
}

/* A site of the rules that nothing has crashed at yet. */
static void test_site_of_rules(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct err err = {0};
	struct store_state_change change = {.status = "known", .at_us = AT};
	assert_int_equal(store_state_find(store, SITE, false, &found, &err), -ENOENT);
	assert_int_equal(store_state_find(store, SITE, true, &found, &err), 0);
	assert_int_equal(found.target, STATE_SITE);
	assert_int_equal(store_state_set(store, &found, &change, &err), 0);
	assert_int_equal(store_tidy(store, &err), 0);
	put_numbered(store, 1, &made, NULL);
	assert_status(store, "latest", "known");
	assert_int_equal(store_state_find(store, SITE, false, &found, &err), 0);
	assert_string_equal(found.title, "A made-up title");
	store_close(store);
}

/* ---- regressions ---- */

static void test_regression(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct buf text = {0};
	int64_t id = 0;
	put_numbered(store, 1, &made, NULL);
	made.os_build = "24G500";
	put_numbered(store, 2, &made, NULL);
	/* Those that are stored change nothing; how many there are is told. */
	set_done(store, OLD, "fixed", "24G500");
	assert_string_equal(states_text(store, &text), OLD " fixed 24G500 - 1/2\n");
	assert_int_equal(put_numbered(store, 2, &made, NULL), STORE_KNOWN);
	made.os_build = "24G419";
	put_numbered(store, 3, &made, NULL);
	made.os_build = "24G5000a"; /* a beta of it */
	put_numbered(store, 4, &made, NULL);
	made.os_build = "what";
	put_numbered(store, 5, &made, NULL);
	assert_status(store, "latest", "fixed");
	made.os_build = "25A1";
	assert_int_equal(put_numbered(store, 6, &made, &id), STORE_ADDED);
	assert_status(store, "1", "regressed");
	assert_string_equal(states_text(store, &text), OLD " regressed 24G500 - 2/6\n");
	put_numbered(store, 7, &made, NULL);
	char expected[256];
	snprintf(expected, sizeof expected,
		"user " OLD " ->fixed 24G500 - -1\n"
		"regression " OLD " fixed>regressed 24G500 25A1 %lld\n",
		(long long)id);
	assert_string_equal(history_text(store, OLD, &text), expected);
	buf_finish(&text);
	store_close(store);
}

/* Of every kind; a crash alone counts as one. */
static void test_regression_of_kinds(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct store_state found;
	struct err err = {0};
	unsigned number = 1;
	for (int kind = 0; kind < REPORT_KIND_COUNT; kind++) {
		char hash[17];
		struct made made = made_default();
		snprintf(hash, sizeof hash, "%016x", 0x1000 + kind);
		made.kind = (enum report_kind)kind;
		made.signature = hash;
		put_numbered(store, number++, &made, NULL);
		set_done(store, hash, "fixed", "24G500");
		put_numbered(store, number++, &made, NULL);
		assert_status(store, "latest", "fixed");
		made.os_build = "24G500";
		put_numbered(store, number++, &made, NULL);
		assert_status(store, "latest", "regressed");
		assert_int_equal(store_state_find(store, hash, false, &found, &err), 0);
		assert_int_equal(found.incidents, 3);
		assert_int_equal(found.crashes, kind == REPORT_CRASH ? 3 : 0);
		assert_int_equal(found.on_fixed, 1);
	}
	assert_int_equal(store_state_find(store, SITE, false, &found, &err), 0);
	assert_int_equal(found.incidents, 3 * REPORT_KIND_COUNT);
	assert_int_equal(found.crashes, 3);
	store_close(store);
}

/* Whatever else was decided of it stays as it is. */
static void test_no_regression(void **state) {
	static const char *const kept[] = {"open", "known", "ignored", "regressed"};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	unsigned number = 1;
	put_numbered(store, number++, &made, NULL);
	made.os_build = "25A1";
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		set_done(store, OLD, kept[i], "24G500");
		put_numbered(store, number++, &made, NULL);
		assert_status(store, "latest", kept[i]);
	}
	set_done(store, OLD, "fixed", "");
	put_numbered(store, number++, &made, NULL);
	assert_status(store, "latest", "fixed");
	store_close(store);
	assert_sql(
		fixture->db, "select count(*) from state_history where cause = 'regression'", "0");
}

static void test_regression_of_site(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default(), other = made_default();
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	other.fault_address = 0x98;
	put_numbered(store, 2, &other, NULL);
	set_done(store, SITE, "fixed", "24G500");
	made.os_build = "24G500";
	put_numbered(store, 3, &made, NULL);
	assert_status(store, "1", "regressed");
	assert_status(store, "2", "fixed");
	assert_string_equal(states_text(store, &text),
		SITE " fixed 24G500 - 1/3\n" OLD " regressed 24G500 - 1/2\n");
	/* A signature that is new at a fixed site, too. */
	other.fault_address = 0x99;
	other.os_build = "25A1";
	put_numbered(store, 4, &other, NULL);
	assert_status(store, "4", "regressed");
	/* The signature's own state comes first. */
	set_done(store, "0000000000000098", "ignored", NULL);
	other.fault_address = 0x98;
	put_numbered(store, 5, &other, NULL);
	assert_status(store, "5", "ignored");
	buf_finish(&text);
	store_close(store);
}

static void test_other_system(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	put_numbered(store, 1, &made, NULL);
	set_done(store, OLD, "fixed", "22G500");
	/* Nothing was ever said of phones. */
	made.os_version = "iPhone OS 26.1";
	made.os_build = "23B85";
	put_numbered(store, 2, &made, NULL);
	assert_status(store, "2", "fixed");
	/* Now it was, and an unknown system may be any. */
	put_numbered(store, 3, &made, NULL);
	assert_status(store, "3", "regressed");
	set_done(store, OLD, "fixed", "22G500");
	made.os_version = "Darwin";
	put_numbered(store, 4, &made, NULL);
	assert_status(store, "4", "regressed");
	store_close(store);
}

/* The crash and what follows from it stand or fall together. */
static void test_rolled_back(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	enum store_put put;
	struct err err = {0};
	put_numbered(store, 1, &made, NULL);
	set_done(store, OLD, "fixed", "24G500");
	made.id = "1C6830B1-D5D0-46E7-8210-EEA024F333FE";
	made.bytes = "{\"another\":1}";
	made.os_build = "25A1";
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	assert_status(store, "1", "regressed");
	store_rollback(store);
	assert_status(store, "1", "fixed");
	store_close(store);
	assert_sql(fixture->db, "select count(*) from state_history", "1");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds),
		TEST(test_set),
		TEST(test_refused),
		TEST(test_values_refused),
		TEST(test_clock_set_back),
		TEST(test_site_of_rules),
		TEST(test_regression),
		TEST(test_regression_of_kinds),
		TEST(test_no_regression),
		TEST(test_regression_of_site),
		TEST(test_other_system),
		TEST(test_rolled_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
