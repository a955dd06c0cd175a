/* Incidents of an archive: they say what they said where they come from, and harm nobody here. */
#include "state_fixture.h"

#define PATH "/Users/somebody/Library/Logs/DiagnosticReports/Python-1.ips"

static int put_from(
	struct store *store, unsigned number, const struct store_origin *origin, int64_t *ret_id) {
	struct made made = made_default();
	made.origin = origin;
	return put_numbered(store, number, &made, ret_id);
}

static void test_facts(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct incident incident;
	struct err err = {0};
	struct store_origin origin = {
		.id = 41, .path = PATH, .first_seen_at_us = AT - 7, .conflicts = 3};
	int64_t id = 0;
	assert_int_equal(put_from(store, 1, &origin, &id), STORE_ADDED);
	assert_int_equal(id, 41);
	assert_int_equal(store_find(store, "41", &incident, &err), 0);
	assert_string_equal(incident.path, PATH);
	assert_int_equal(incident.first_seen_at_us, AT - 7);
	assert_int_equal(incident.conflicts, 3);
	/* The same again is known, and changes nothing. */
	assert_int_equal(put_from(store, 1, &origin, &id), STORE_KNOWN);
	assert_int_equal(id, 41);
	/* The row is in use, lower ones are not. */
	assert_int_equal(put_from(store, 2, &origin, &id), STORE_ADDED);
	assert_int_equal(id, 42);
	origin.id = 7;
	origin.path = NULL;
	origin.first_seen_at_us = 0;
	assert_int_equal(put_from(store, 3, &origin, &id), STORE_ADDED);
	assert_int_equal(id, 7);
	assert_int_equal(store_find(store, "7", &incident, &err), 0);
	assert_null(incident.path);
	assert_true(incident.first_seen_at_us > AT - 7);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from sighting", "0");
	assert_sql(fixture->db, "select count(*) from file", "1");
}

/* Numbers from outside must not use up those that there are. */
static void test_odd_ids(void **state) {
	static const int64_t ids[] = {
		0, -1, INT64_MIN, INT64_MAX, (int64_t)STORE_ORIGIN_ID_MAX + 1};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	int64_t id = 0;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		const struct store_origin origin = {.id = ids[i]};
		assert_int_equal(put_from(store, (unsigned)i, &origin, &id), STORE_ADDED);
		assert_int_equal(id, i + 1);
	}
	store_close(store);
}

static void test_odd_paths(void **state) {
	static const char *const paths[] = {"", "relative/a.ips", "/folder/", "a.ips"};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const struct store_origin origin = {.path = paths[i]};
		struct made made = made_default();
		enum store_put put;
		struct err err = {0};
		made.origin = &origin;
		assert_int_equal(store_begin(store, &err), 0);
		assert_int_equal(made_put(store, &made, &put, NULL, &err), -EINVAL);
		store_rollback(store);
	}
	store_close(store);
	assert_sql(fixture->db, "select count(*) from incident", "0");
}

/* A file of that name is new to a scan, and what a scan knows of one stays. */
static void test_files(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	const struct store_origin origin = {.path = PATH}, other = {.path = "/reports/5.ips"};
	struct store_source source = {.path = PATH};
	enum store_file_state found = STORE_FILE_KNOWN;
	struct store_counts counts;
	unsigned reports = 7;
	struct err err = {0};
	put_from(store, 1, &origin, NULL);
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_NEW);
	assert_int_equal(reports, 0);
	put_numbered(store, 5, &made, NULL);
	put_from(store, 6, &other, NULL);
	source.path = "/reports/5.ips";
	source.identity = (struct file_identity){
		.device = 1, .inode = UINT64_MAX, .size = strlen("{\"n\":5}")};
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_KNOWN);
	assert_int_equal(store_counts(store, &counts, &err), 0);
	assert_int_equal(counts.stored, 3);
	assert_int_equal(counts.known + counts.rejected + counts.passed_over, 0);
	store_close(store);
}

/* The path goes with the last incident that has it, though nobody can tell that its file is gone.
 */
static void test_retention(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_retention limits = {
		.now_us = made.captured_at_us + INT64_C(86400000000), .max_age_us = 1000000};
	struct store_retained done = {.more = true};
	struct err err = {0};
	char path[64];
	for (unsigned i = 1; i <= 10; i++) {
		const struct store_origin origin = {.id = i, .path = path};
		snprintf(path, sizeof path, "/no/such/folder/%u.ips", i);
		made.origin = &origin;
		made.captured_at_us += 1000;
		put_numbered(store, i, &made, NULL);
	}
	while (done.more)
		assert_int_equal(store_retain(store, &limits, &done, &err), 0);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from incident", "4");
	assert_sql(fixture->db, "select count(*) from file", "4");
}

static void digest_of(const char *bytes, char ret[SHA256_HEX_BYTES]) {
	uint8_t digest[SHA256_BYTES];
	sha256(bytes, strlen(bytes), digest);
	sha256_hex(digest, ret);
}

static void test_knows(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct err err = {0};
	struct made made = made_default();
	char first[SHA256_HEX_BYTES], second[SHA256_HEX_BYTES];
	digest_of("{\"n\":1}", first);
	digest_of("{\"n\":2}", second);
	struct store_place place = {.sha256 = first};
	assert_int_equal(store_knows(store, &place, &err), 0);
	put_numbered(store, 1, &made, NULL);
	assert_int_equal(store_knows(store, &place, &err), 1);
	place.ordinal = (struct i64_opt){.value = 0, .set = true};
	assert_int_equal(store_knows(store, &place, &err), 1);
	place.ordinal.value = 1;
	assert_int_equal(store_knows(store, &place, &err), 0);
	place = (struct store_place){.sha256 = second};
	assert_int_equal(store_knows(store, &place, &err), 0);
	place.sha256 = "no digest";
	assert_int_equal(store_knows(store, &place, &err), 0);
	store_close(store);
}

/* What the row was made of by redaction contradicts it no more, and anything else does. */
static void test_original(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct err err = {0};
	struct made made = made_default();
	char original[SHA256_HEX_BYTES], other[SHA256_HEX_BYTES];
	const char id[] = "00000001-0000-4000-8000-000000000000";
	enum store_put put;
	digest_of("{\"original\":1}", original);
	digest_of("{\"other\":1}", other);
	const struct store_origin origin = {.original_sha256 = original};
	assert_int_equal(put_from(store, 1, &origin, NULL), STORE_ADDED);
	struct store_place place = {.sha256 = original, .incident_id = id};
	assert_int_equal(store_knows(store, &place, &err), 1);
	place.sha256 = other;
	assert_int_equal(store_knows(store, &place, &err), 0);
	made.id = id;
	static const char *const bytes[] = {"{\"original\":1}", "{\"other\":1}"};
	for (size_t i = 0; i < 2; i++) {
		made.bytes = bytes[i];
		assert_int_equal(store_begin(store, &err), 0);
		assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
		assert_int_equal(store_commit(store, &err), 0);
		assert_int_equal(put, i ? STORE_CONFLICT : STORE_KNOWN);
	}
	store_close(store);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_facts),
		TEST(test_odd_ids),
		TEST(test_odd_paths),
		TEST(test_files),
		TEST(test_retention),
		TEST(test_knows),
		TEST(test_original),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
