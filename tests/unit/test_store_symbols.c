/* Found symbols: kept by image and offset, bounded, aged, saved from damage, and not believed. */
#include "store_fixture.h"

#include "base/text.h"
#include "store/internal.h"
#include "store/symbols.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER "21111111-2222-3333-4444-555555555555"
#define DAY_US (INT64_C(86400) * 1000000)

static struct arena arena;

static struct store *open_store(const struct fixture *fixture) {
	struct store *store = NULL;
	struct err err = {0};
	if (store_open(fixture->db, STORE_WRITE, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

static void exec(const struct fixture *fixture, const char *sql) {
	sqlite3 *db = NULL;
	char *error = NULL;
	assert_int_equal(sqlite3_open(fixture->db, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

static int64_t ask(struct store *store, const char *sql) {
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

static struct found_call inlined_calls[] = {
	{.symbol = "innermost", .source_file = "a.h", .source_line = {1, true}},
	{.symbol = "inner", .source_file = "b.h", .source_line = {2, true}},
};
static const struct found_symbol whole = {
	.function = {.symbol = "f(int)", .source_file = "c.c", .source_line = {3, true}},
	.inlined = inlined_calls,
	.inlined_count = 2,
};
static const struct found_symbol bare = {
	.function = {.symbol = "g", .symbol_offset = {UINT64_MAX, true}}};

static void put(struct store *store, const char *uuid, uint64_t offset,
	const struct found_symbol *found, int64_t at_us) {
	const struct store_symbol symbol = {.uuid = uuid,
		.offset = offset,
		.found = found,
		.source = STORE_SYMBOL_DSYM,
		.at_us = at_us};
	struct err err = {0};
	if (store_symbols_put(store, &symbol, 1, &err) < 0)
		fail_msg("%s", err.text);
}

static struct store_symbol find(struct store *store, const char *uuid, uint64_t offset, int known) {
	struct store_symbol symbol = {.uuid = uuid, .offset = offset};
	struct err err = {0};
	assert_int_equal(store_symbol_find(store, &arena, &symbol, &err), known);
	return symbol;
}

static void test_round(void **state) {
	struct store *store = open_store(*state);
	struct err err = {0};
	assert_int_equal(store_symbols_known(store, NULL, &err), 0);
	put(store, UUID, 0x100, &whole, 7);
	put(store, UUID, 0x200, &bare, 8);
	put(store, UUID, 0x300, NULL, 9);
	assert_int_equal(store_symbols_known(store, NULL, &err), 1);
	assert_int_equal(store_symbols_known(store, UUID, &err), 1);
	assert_int_equal(store_symbols_known(store, OTHER, &err), 0);
	struct store_symbol symbol = find(store, UUID, 0x100, 1);
	assert_string_equal(symbol.found->function.symbol, "f(int)");
	assert_false(symbol.found->function.symbol_offset.set);
	assert_int_equal(symbol.found->function.source_line.value, 3);
	assert_int_equal(symbol.found->inlined_count, 2);
	assert_string_equal(symbol.found->inlined[0].symbol, "innermost");
	assert_string_equal(symbol.found->inlined[1].source_file, "b.h");
	assert_int_equal(symbol.source, STORE_SYMBOL_DSYM);
	assert_int_equal(symbol.at_us, 7);
	symbol = find(store, UUID, 0x200, 1);
	assert_true(symbol.found->function.symbol_offset.value == UINT64_MAX);
	assert_null(symbol.found->function.source_file);
	assert_null(find(store, UUID, 0x300, 1).found);
	find(store, UUID, 0x400, 0);
	find(store, OTHER, 0x100, 0);
	/* What is found later replaces all of it. */
	put(store, UUID, 0x100, &bare, 10);
	assert_int_equal(find(store, UUID, 0x100, 1).found->inlined_count, 0);
	assert_int_equal(ask(store, "select count(*) from found_symbol"), 3);
	store_close(store);
}

/* Rows that nobody of ours has written. */
static void test_foreign(void **state) {
	store_close(open_store(*state));
	exec(*state,
		"insert into found_symbol (uuid, offset, depth, symbol, source_file, source, at) values "
		"('" UUID "', 1, 0, char(27) || '[2J' || char(8238), char(7), 'image', 1), "
		"('" UUID "', 1, 1, null, null, 'image', 1), "
		"('" UUID "', 2, 1, 'without its function', null, 'image', 1), "
		"('" UUID "', 3, -1, 'negative', null, 'image', 1), "
		"('" UUID "', 4, 0, cast(zeroblob(3000000) as text), null, 'image', 1)");
	exec(*state,
		"with recursive n (i) as (select 0 union all select i + 1 from n where i < 500) "
		"insert into found_symbol (uuid, offset, depth, symbol, source, at) "
		"select '" UUID "', 5, i, 's' || i, 'dsym', 1 from n");
	struct store *store = open_store(*state);
	struct store_symbol symbol = find(store, UUID, 1, 1);
	const char *name = symbol.found->function.symbol;
	assert_true(text_is_clean(name, strlen(name), TEXT_LINE));
	assert_int_equal(symbol.found->inlined_count, 0);
	find(store, UUID, 2, 0);
	find(store, UUID, 3, 0);
	symbol = find(store, UUID, 4, 1);
	assert_in_range(strlen(symbol.found->function.symbol), 0, 3 * 8192);
	symbol = find(store, UUID, 5, 1);
	assert_string_equal(symbol.found->function.symbol, "s0");
	assert_in_range(symbol.found->inlined_count, 1, 64);
	store_close(store);
}

static void test_bound(void **state) {
	store_close(open_store(*state));
	exec(*state,
		"with recursive n (i) as (select 1 union all select i + 1 from n where i < 45000) "
		"insert into found_symbol (uuid, offset, depth, symbol, source, at) "
		"select '" UUID "', i, 0, 's', 'dsym', 1 from n");
	struct store *store = open_store(*state);
	put(store, OTHER, 1, &whole, 7);
	assert_int_equal(ask(store, "select count(*) from found_symbol"), STORE_SYMBOLS_MAX);
	find(store, UUID, 1, 0);
	find(store, UUID, 45000, 1);
	assert_int_equal(find(store, OTHER, 1, 1).found->inlined_count, 2);
	store_close(store);
}

static void retain(struct store *store, const struct store_retention *retention) {
	struct store_retained slice = {.more = true};
	struct err err = {0};
	while (slice.more)
		assert_int_equal(store_retain(store, retention, &slice, &err), 0);
}

static void test_retention(void **state) {
	struct store *store = open_store(*state);
	int64_t now_us = 1000 * DAY_US;
	put(store, UUID, 1, &bare, now_us - 40 * DAY_US);
	put(store, UUID, 2, &bare, now_us - 20 * DAY_US);
	put(store, UUID, 3, NULL, now_us - 2 * DAY_US);
	put(store, UUID, 4, NULL, now_us - DAY_US / 2);
	retain(store, &(struct store_retention){.now_us = now_us, .dry_run = false});
	find(store, UUID, 1, 1);
	find(store, UUID, 3, 0);
	find(store, UUID, 4, 1);
	retain(store, &(struct store_retention){.now_us = now_us, .max_age_us = 30 * DAY_US});
	find(store, UUID, 1, 0);
	find(store, UUID, 2, 1);
	store_close(store);
}

/* They do not push reports out of a database that has its size. */
static void test_too_large(void **state) {
	store_close(open_store(*state));
	exec(*state,
		"with recursive n (i) as (select 1 union all select i + 1 from n where i < 39000) "
		"insert into found_symbol (uuid, offset, depth, symbol, source, at) "
		"select '" UUID "', i, 0, printf('%0400d', i), 'dsym', 4000000000000000 from n");
	struct store *store = open_store(*state);
	retain(store, &(struct store_retention){.now_us = 4000000000000000, .max_bytes = 8 << 20});
	assert_int_equal(ask(store, "select count(*) from found_symbol"), STORE_SYMBOLS_MAX / 4);
	find(store, UUID, 39000, 1);
	store_close(store);
}

static void test_salvage(void **state) {
	const struct fixture *fixture = *state;
	struct fixture other = *fixture;
	struct err err = {0};
	uint64_t saved = 0;
	struct store *store = open_store(fixture);
	put(store, UUID, 1, &whole, 7);
	put(store, UUID, 2, NULL, 7);
	store_close(store);
	snprintf(other.db, sizeof(other.db), "%s/own/new.db", fixture->folder);
	store = open_store(&other);
	assert_int_equal(store_salvage_symbols(fixture->db, store, &saved, &err), 0);
	assert_int_equal(saved, 4);
	assert_string_equal(find(store, UUID, 1, 1).found->inlined[0].symbol, "innermost");
	/* Those that are there already stay. */
	assert_int_equal(store_salvage_symbols(fixture->db, store, &saved, &err), 0);
	assert_int_equal(ask(store, "select count(*) from found_symbol"), 4);
	/* Neither an older database nor none is an error. */
	exec(fixture, "drop view found_symbols; drop table found_symbol; pragma user_version = 4");
	assert_int_equal(store_salvage_symbols(fixture->db, store, &saved, &err), 0);
	assert_int_equal(saved, 0);
	assert_int_equal(store_salvage_symbols("/nonexistent", store, &saved, &err), 0);
	store_close(store);
}

/* As version 4 left it. */
static void test_migration(void **state) {
	const struct fixture *fixture = *state;
	struct made made = made_default();
	enum store_put result;
	struct err err = {0};
	struct store *store = open_store(fixture);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &result, NULL, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	store_close(store);
	exec(fixture, "drop view found_symbols; drop table found_symbol; pragma user_version = 4");
	assert_int_equal(store_open(fixture->db, STORE_READ, &store, &err), -EPROTO);
	store = open_store(fixture);
	assert_int_equal(ask(store, "pragma user_version"), (int64_t)store_migration_count);
	assert_int_equal(ask(store, "select count(*) from incidents"), 1);
	put(store, UUID, 1, &whole, 7);
	find(store, UUID, 1, 1);
	store_close(store);
}

static void test_no_memory(void **state) {
	struct store *store = open_store(*state);
	struct err err = {0};
	put(store, UUID, 1, &whole, 7);
	for (size_t limit = 0; limit < 64; limit += 16) {
		struct arena small;
		struct store_symbol symbol = {.uuid = UUID, .offset = 1};
		arena_init(&small, limit);
		assert_int_equal(store_symbol_find(store, &small, &symbol, &err), -ENOMEM);
		assert_null(symbol.found);
		arena_finish(&small);
	}
	store_close(store);
}

static int setup(void **state) {
	arena_init(&arena, 64 << 20);
	return fixture_setup(state);
}

static int teardown(void **state) {
	arena_finish(&arena);
	return fixture_teardown(state);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round),
		TEST(test_foreign),
		TEST(test_bound),
		TEST(test_retention),
		TEST(test_too_large),
		TEST(test_salvage),
		TEST(test_migration),
		TEST(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
