/* Exact bytes: packing with and without dictionaries, packing again, replaying, tidying. */
#include "store_fixture.h"

#define REPORTS 100

/* A few kilobytes that have much in common with the other reports, but not all. */
static void make_bytes(int number, char ret[4096]) {
	size_t len = (size_t)snprintf(ret, 4096, "{\"incident\":%d,\"threads\":[", number);
	unsigned seed = (unsigned)number + 1;
	while (len < 3900) {
		seed = seed * 1103515245u + 12345u;
		len += (size_t)snprintf(ret + len, 4096 - len,
			"{\"imageOffset\":%u,\"symbol\":\"made_up_%u\"},", seed >> 8,
			seed >> 20 & 0xff);
	}
}

static int64_t put_number(struct store *store, int number) {
	struct made made = made_default();
	struct err err = {0};
	enum store_put put;
	int64_t row = 0;
	char bytes[4096], id[64], path[64];
	make_bytes(number, bytes);
	snprintf(id, sizeof(id), "%08X-0000-4000-8000-000000000000", (unsigned)number);
	snprintf(path, sizeof(path), "/reports/%d.ips", number);
	made.id = id;
	made.bytes = bytes;
	made.path = path;
	assert_int_equal(made_put(store, &made, &put, &row, &err), 0);
	assert_int_equal(put, STORE_ADDED);
	return row;
}

static struct store *filled(const char *db) {
	struct store *store = NULL;
	struct err err = {0};
	assert_int_equal(store_open(db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	for (int i = 0; i < REPORTS; i++)
		assert_int_equal(put_number(store, i), i + 1);
	assert_int_equal(store_commit(store, &err), 0);
	return store;
}

static void assert_all_exact(struct store *store, int count) {
	struct buf raw = {0};
	struct err err = {0};
	char bytes[4096];
	for (int i = 0; i < count; i++) {
		make_bytes(i, bytes);
		if (store_raw(store, i + 1, &raw, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(raw.len, strlen(bytes));
		assert_memory_equal(raw.data, bytes, raw.len);
	}
	assert_int_equal(store_raw(store, 9999, &raw, &err), -ENOENT);
	buf_finish(&raw);
}

static void test_train_and_repack(void **state) {
	struct fixture *fixture = *state;
	struct store *store = filled(fixture->db);
	struct store_recompress done = {0};
	struct err err = {0};
	bool trained = false;
	assert_all_exact(store, REPORTS);
	assert_int_equal(store_train(store, &trained, &err), 0);
	assert_true(trained);
	assert_int_equal(store_train(store, &trained, &err), 0);
	assert_false(trained);
	assert_int_equal(store_begin(store, &err), 0);
	put_number(store, REPORTS);
	assert_int_equal(store_commit(store, &err), 0);
	assert_all_exact(store, REPORTS + 1);
	assert_sql(fixture->db, "select count(dictionary_id) from raw", "1");
	assert_int_equal(store_recompress(store, NULL, &done, &err), 0);
	assert_int_equal(done.rows, REPORTS + 1);
	assert_true(done.bytes_after < done.bytes_before);
	assert_all_exact(store, REPORTS + 1);
	assert_int_equal(store_recompress(store, NULL, &done, &err), 0);
	assert_int_equal(done.rows, 0);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from raw where effort < 2", "0");
}

static void test_stop_and_go_on(void **state) {
	struct fixture *fixture = *state;
	struct store *store = filled(fixture->db);
	struct store_recompress done = {0};
	struct err err = {0};
	volatile bool stop = true;
	assert_int_equal(store_recompress(store, &stop, &done, &err), 0);
	assert_int_equal(done.rows, 1);
	assert_int_equal(store_recompress(store, NULL, &done, &err), 0);
	assert_int_equal(done.rows, REPORTS - 1);
	assert_all_exact(store, REPORTS);
	store_close(store);
}

static void test_too_few(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct store *store = NULL;
	struct store_recompress done = {0};
	struct err err = {0};
	bool trained = true;
	made_put_alone(fixture->db, &made);
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_train(store, &trained, &err), 0);
	assert_false(trained);
	assert_int_equal(store_recompress(store, NULL, &done, &err), 0);
	assert_int_equal(done.rows, 1);
	store_close(store);
}

static void test_damage_is_noticed(void **state) {
	struct fixture *fixture = *state;
	struct store *store = filled(fixture->db);
	struct buf raw = {0};
	struct err err = {0};
	sqlite3 *db = NULL;
	store_close(store);
	assert_int_equal(sqlite3_open(fixture->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				 "update raw set packed = cast(substr(packed, 1, 100) || x'00' || "
				 "substr(packed, 102) as blob) where id = 1;"
				 "update raw set size = size + 1 where id = 2;"
				 "update raw set sha256 = zeroblob(32) where id = 3",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(fixture->db, STORE_READ, &store, &err), 0);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(store_raw(store, i, &raw, &err), -EIO);
	assert_int_equal(store_raw(store, 4, &raw, &err), 0);
	buf_finish(&raw);
	store_close(store);
}

static void test_replay_and_tidy(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct store *store = NULL;
	struct err err = {0};
	bool changed = true;
	struct report report = {.kind = REPORT_CRASH, .crashed_thread = -1};
	struct triage triage = {.signature_version = 1,
		.signature_hash = "00000000000000ff",
		.signature_text = "new",
		.site = "another-site"};
	made_put_alone(fixture->db, &made);
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_update_triage(store, 1, &report, &triage, "v2", &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(store_update_triage(store, 1, &report, &triage, "v3", &changed, &err), 0);
	assert_false(changed);
	assert_int_equal(
		store_update_triage(store, 9, &report, &triage, "v3", &changed, &err), -ENOENT);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(store_tidy(store, &err), 0);
	store_close(store);
	assert_sql(fixture->db, "select site || signature || rules_version from incidents",
		"another-site00000000000000ffv3");
	assert_sql(fixture->db, "select count(*) from signatures", "1");
	assert_sql(fixture->db, "select count(*) from sites", "1");
	assert_sql(fixture->db, "select count(*) from stack", "0");
	/* The counts that triggers keep are those of the rows, also after the site changed. */
	assert_sql(fixture->db,
		"select group_concat(((select id from site) = site_id) || ':' || n, ',') from "
		"(select site_id, n from site_count where n > 0)",
		"1:1");
	assert_sql(fixture->db, "select sum(n) from site_count", "1");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_train_and_repack),
		TEST(test_stop_and_go_on),
		TEST(test_too_few),
		TEST(test_damage_is_noticed),
		TEST(test_replay_and_tidy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
