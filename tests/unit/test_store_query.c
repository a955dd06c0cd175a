/* Asking: filters, order, groups, finding, other people's SQL. */
#include "store_fixture.h"

#define HOUR_US INT64_C(3600000000)

static struct store *filled(struct fixture *fixture) {
	static const char *const ids[] = {"AAAA1111-0000-4000-8000-000000000001",
		"AAAA2222-0000-4000-8000-000000000002", "BBBB3333-0000-4000-8000-000000000003"};
	struct store *store = NULL;
	struct err err = {0};
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	for (int i = 0; i < 3; i++) {
		struct made made = made_default();
		enum store_put put;
		char bytes[32], path[32];
		snprintf(bytes, sizeof(bytes), "{\"n\":%d}", i);
		snprintf(path, sizeof(path), "/reports/%d.ips", i);
		made.id = ids[i];
		made.bytes = bytes;
		made.path = path;
		made.pid = 100 + i;
		made.process = i == 2 ? "ollama" : "python3.11";
		made.captured_at_us += i * HOUR_US;
		made.site = i == 2 ? NULL : "agx-prepare-for-enqueue";
		made.fault_address = i == 1 ? 0x98 : 0x5c8;
		assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
		assert_int_equal(put, STORE_ADDED);
	}
	assert_int_equal(store_commit(store, &err), 0);
	return store;
}

/* The pids listed for the words, each followed by a space. */
static const char *list(struct store *store, const char *const *words, size_t count,
	const struct store_filter *base) {
	static char text[128];
	struct store_filter filter = base != NULL ? *base : (struct store_filter){0};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	struct err err = {0};
	int r;
	filter.matches = words;
	filter.match_count = count;
	text[0] = '\0';
	if (store_list(store, &filter, &cursor, &err) < 0)
		fail_msg("%s", err.text);
	while ((r = store_cursor_next(cursor, &incident, &err)) == 1) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%d ", (int)incident.pid.value);
	}
	assert_int_equal(r, 0);
	store_cursor_close(cursor);
	return text;
}

static void test_matches(void **state) {
	struct store *store = filled(*state);
	static const struct {
		const char *words[3];
		const char *pids;
	} cases[] = {
		{{NULL}, "102 101 100 "},
		{{"ollama"}, "102 "},
		{{"py*"}, "101 100 "},
		{{"ollama", "python3.11"}, "102 101 100 "},
		{{"101"}, "101 "},
		{{"101", "ollama"}, ""},
		{{"aaaa"}, "101 100 "},
		{{"AAAA2222"}, "101 "},
		{{"dead"}, ""},
		{{"/opt/made/python"}, "102 101 100 "},
		{{"/reports/1.ips"}, "101 "},
		{{"/reports"}, "102 101 100 "},
		{{"/rep"}, ""},
		{{"fault_address=0x98"}, "101 "},
		{{"fault_address=0x5*"}, "102 100 "},
		{{"site="}, "102 "},
		{{"site=agx-*"}, "101 100 "},
		{{"kind=crash", "simulated=true"}, ""},
		{{"simulated=0"}, "102 101 100 "},
		{{"day=2025-12-21"}, "102 101 100 "},
		{{"hour=2025-12-21T02"}, "101 "},
		{{"hour_of_day=03"}, "102 "},
		{{"week=2025-W51"}, "102 101 100 "},
		{{"month=2025-12"}, "102 101 100 "},
		{{"captured_at=2025-12-21T01*"}, "100 "},
		{{"status=open"}, "102 101 100 "},
		{{"path=*/0.ips"}, "100 "},
		{{"process=' or 1 --"}, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t count = 0;
		while (count < 3 && cases[i].words[count] != NULL)
			count++;
		const char *got = list(store, cases[i].words, count, NULL);
		if (strcmp(got, cases[i].pids) != 0)
			fail_msg("%s: %s, not %s", cases[i].words[0], got, cases[i].pids);
	}
	store_close(store);
}

static void test_order_and_bounds(void **state) {
	struct store *store = filled(*state);
	int64_t first = made_default().captured_at_us;
	struct store_filter filter = {.oldest_first = true, .limit = 2};
	assert_string_equal(list(store, NULL, 0, &filter), "100 101 ");
	filter = (struct store_filter){.since_us = {first + HOUR_US, true}};
	assert_string_equal(list(store, NULL, 0, &filter), "102 101 ");
	filter = (struct store_filter){.until_us = {first + HOUR_US, true}};
	assert_string_equal(list(store, NULL, 0, &filter), "100 ");
	store_close(store);
}

static void test_unknown_field(void **state) {
	struct store *store = filled(*state);
	const char *words[] = {"colour=red"};
	struct store_filter filter = {.matches = words, .match_count = 1};
	struct store_cursor *cursor = NULL;
	struct err err = {0};
	assert_int_equal(store_list(store, &filter, &cursor, &err), -EINVAL);
	assert_non_null(strstr(err.text, "\"colour\""));
	store_close(store);
}

static void test_every_field(void **state) {
	struct store *store = filled(*state);
	struct err err = {0};
	for (size_t i = 0; store_fields[i] != NULL; i++) {
		char word[64];
		const char *words[] = {word};
		snprintf(word, sizeof(word), "%s=", store_fields[i]);
		(void)list(store, words, 1, NULL);
		snprintf(word, sizeof(word), "%s=1", store_fields[i]);
		(void)list(store, words, 1, NULL);
	}
	assert_int_equal(err.code, 0);
	store_close(store);
}

static int add_group(const struct store_group *group, void *user) {
	char *text = user;
	size_t len = strlen(text);
	snprintf(text + len, 256 - len, "%s/%s %d %.2f;", group->values[0] ? group->values[0] : "-",
		group->values[1] ? group->values[1] : "-", (int)group->count, group->share);
	return 0;
}

static void test_top(void **state) {
	struct store *store = filled(*state);
	struct store_filter filter = {0};
	struct err err = {0};
	char text[256] = "";
	const char *fields[] = {"site", "fault_address"};
	assert_int_equal(store_top(store, &filter, fields, 1, add_group, text, &err), 0);
	assert_string_equal(text, "agx-prepare-for-enqueue/- 2 0.67;-/- 1 0.33;");
	text[0] = '\0';
	assert_int_equal(store_top(store, &filter, fields, 2, add_group, text, &err), 0);
	assert_string_equal(text, "-/0x5c8 1 0.33;agx-prepare-for-enqueue/0x98 1 0.33;"
				  "agx-prepare-for-enqueue/0x5c8 1 0.33;");
	for (size_t i = 0; store_fields[i] != NULL; i++) {
		text[0] = '\0';
		if (store_top(store, &filter, &store_fields[i], 1, add_group, text, &err) < 0)
			fail_msg("%s: %s", store_fields[i], err.text);
		assert_true(text[0] != '\0');
	}
	fields[0] = "nothing";
	assert_int_equal(store_top(store, &filter, fields, 1, add_group, text, &err), -EINVAL);
	store_close(store);
}

static void test_find(void **state) {
	struct store *store = filled(*state);
	struct incident incident;
	struct err err = {0};
	assert_int_equal(store_find(store, "latest", &incident, &err), 0);
	assert_int_equal(incident.pid.value, 102);
	assert_int_equal(incident.kind, REPORT_CRASH);
	assert_string_equal(incident.process, "ollama");
	assert_int_equal(store_find(store, "1", &incident, &err), 0);
	assert_int_equal(incident.pid.value, 100);
	assert_int_equal(store_find(store, "bbbb3", &incident, &err), 0);
	assert_int_equal(incident.pid.value, 102);
	assert_int_equal(store_find(store, "AAAA", &incident, &err), -EEXIST);
	assert_int_equal(store_find(store, "AAA", &incident, &err), -ENOENT);
	assert_int_equal(store_find(store, "99", &incident, &err), -ENOENT);
	store_close(store);
}

/* A daemon asks for a row after each commit and keeps its connection: were that row's cursor left
 * open, the log would grow for ever. */
static void test_find_leaves_nothing_open(void **state) {
	struct store *store = filled(*state);
	struct incident incident, other;
	struct err err = {0};
	sqlite3 *db = NULL;
	int log = -1, done = -1;
	assert_int_equal(store_find(store, "1", &incident, &err), 0);
	assert_int_equal(sqlite3_open(((struct fixture *)*state)->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "delete from daemon where 0", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done),
		SQLITE_OK);
	assert_int_equal(log, 0);
	sqlite3_close(db);
	assert_string_equal(incident.process, "python3.11");
	assert_int_equal(store_find(store, "2", &other, &err), 0);
	assert_string_equal(other.process, "python3.11");
	store_close(store);
}

static int count_row(size_t columns, const char *const *names, const char *const *values,
	const int *types, void *user) {
	++*(int *)user;
	return 0;
}

static int run_sql(struct store *store, const char *sql, struct store_sql_limits limits) {
	struct err err = {0};
	int rows = 0;
	int r = store_sql(store, sql, &limits, count_row, &rows, &err);
	return r < 0 ? r : rows;
}

static void test_sql(void **state) {
	struct store *store = filled(*state);
	static const char *const denied[] = {"delete from incident", "pragma journal_mode = delete",
		"attach 'x' as x", "create temp table t (a)", "select load_extension('x')",
		"vacuum", "begin", "update raw set size = 0", "pragma user_version",
		"insert into word (hash, text) values (1, 'x')"};
	struct store_sql_limits none = {0};
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
		if (run_sql(store, denied[i], none) != -EACCES)
			fail_msg("%s: %d", denied[i], run_sql(store, denied[i], none));
	assert_int_equal(run_sql(store, "select * from incidents; -- all", none), 3);
	assert_int_equal(run_sql(store, "select 1; select 2", none), -EINVAL);
	assert_int_equal(run_sql(store, "selec 1", none), -EINVAL);
	assert_int_equal(run_sql(store, " -- nothing", none), -EINVAL);
	assert_int_equal(
		run_sql(store, "select * from incidents", (struct store_sql_limits){.max_rows = 2}),
		-EOVERFLOW);
	assert_int_equal(
		run_sql(store, "select * from incidents", (struct store_sql_limits){.max_rows = 3}),
		3);
	assert_int_equal(run_sql(store,
				 "with recursive n(x) as (select 1 union all select x + 1 from n) "
				 "select count(*) from n",
				 (struct store_sql_limits){.timeout_ms = 50}),
		-ETIMEDOUT);
	store_close(store);
}

static void test_list_is_not_sorted(void **state) {
	struct store *store = filled(*state);
	store_close(store);
	sqlite3 *db = NULL;
	sqlite3_stmt *plan = NULL;
	assert_int_equal(sqlite3_open(((struct fixture *)*state)->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
			"explain query plan select i.id from incident i left join site s on "
			"s.id = i.site_id where 1 and (+i.process in (select id from word where "
			"hash = 1)) order by i.captured_at desc, i.id desc",
			-1, &plan, NULL),
		SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW)
		assert_null(strstr((const char *)sqlite3_column_text(plan, 3), "ORDER BY"));
	sqlite3_finalize(plan);
	sqlite3_close(db);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_matches),
		TEST(test_order_and_bounds),
		TEST(test_unknown_field),
		TEST(test_every_field),
		TEST(test_top),
		TEST(test_find),
		TEST(test_find_leaves_nothing_open),
		TEST(test_sql),
		TEST(test_list_is_not_sorted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
