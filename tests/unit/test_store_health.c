/* What status, watch and doctor ask of a database: the daemon's row, counts, versions, damage. */
#include "store/internal.h"
#include "store_fixture.h"

#define ROW_US ((int64_t)1766280978286200)

static struct store *open_mode(const struct fixture *fixture, enum store_mode mode) {
	struct store *store = NULL;
	struct err err = {0};
	if (store_open(fixture->db, mode, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

static void put_numbered(struct store *store, int from, int count, const char *folder) {
	struct err err = {0};
	enum store_put put;
	assert_int_equal(store_begin(store, &err), 0);
	for (int i = from; i < from + count; i++) {
		struct made made = made_default();
		char id[64], path[128], bytes[2600];
		snprintf(id, sizeof(id), "%08X-0000-4000-8000-000000000000", (unsigned)i);
		snprintf(path, sizeof(path), "%s/%d.ips", folder, i);
		uint32_t seed = (uint32_t)i;
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			seed = seed * 1664525u + 1013904223u;
			bytes[k] = (char)(33 + (seed >> 16) % 93);
		}
		bytes[sizeof(bytes) - 1] = '\0';
		made.id = id;
		made.path = path;
		made.bytes = bytes;
		made.captured_at_us -= i;
		made.pid = i;
		assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	}
	assert_int_equal(store_commit(store, &err), 0);
}

static void test_daemon_row(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	struct store_daemon found = {0};
	assert_int_equal(store_find_daemon(store, &found, &err), 0);
	const struct store_daemon daemon = {.pid = 4711,
		.started_at_us = 5,
		.last_scan_at_us = {7, true},
		.last_error = "it's \"odd\"",
		.last_error_at_us = {8, true},
		.queue = 3,
		.folders = "[{\"path\":\"/made\",\"state\":\"watched\"}]"};
	assert_int_equal(store_put_daemon(store, &daemon, &err), 0);
	assert_int_equal(store_find_daemon(store, &found, &err), 1);
	assert_int_equal(found.pid, 4711);
	assert_int_equal(found.queue, 3);
	assert_false(found.stopped_at_us.set);
	assert_false(found.last_event_at_us.set);
	assert_true(found.last_scan_at_us.set && found.last_scan_at_us.value == 7);
	assert_string_equal(found.last_error, daemon.last_error);
	assert_string_equal(found.folders, daemon.folders);
	/* Again, inside a transaction, without an error, seen by another reader. */
	const struct store_daemon next = {.pid = 4712, .stopped_at_us = {9, true}};
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_put_daemon(store, &next, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	struct store *reader = open_mode(*state, STORE_READ);
	assert_int_equal(store_find_daemon(reader, &found, &err), 1);
	assert_int_equal(found.pid, 4712);
	assert_null(found.last_error);
	assert_string_equal(found.folders, "[]");
	assert_true(found.stopped_at_us.set);
	store_close(reader);
	store_close(store);
}

static void test_counts(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct err err = {0};
	struct store_counts counts = {0};
	struct stat st;
	const struct fixture *fixture = *state;
	assert_int_equal(store_counts(store, &counts, &err), 0);
	assert_int_equal(counts.stored + counts.known + counts.rejected + counts.newest_id, 0);
	put_numbered(store, 0, 5, "/made");
	put_numbered(store, 0, 3, "/made/Retired");
	const struct store_source source = {.path = "/made/odd.ips"};
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_put_passed(store, &source, &err), 0);
	assert_int_equal(store_put_rejected(store, &source, "made up", &err), 0);
	assert_int_equal(
		store_put_passed(store, &(struct store_source){.path = "/made/pass.ips"}, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(store_counts(store, &counts, &err), 0);
	assert_int_equal(counts.stored, 5);
	assert_int_equal(counts.known, 3);
	assert_int_equal(counts.rejected, 1);
	assert_int_equal(counts.passed_over, 1);
	assert_int_equal(counts.raw_gone, 0);
	assert_int_equal(counts.newest_id, 5);
	char log[160];
	snprintf(log, sizeof(log), "%s-wal", fixture->db);
	assert_int_equal(stat(fixture->db, &st), 0);
	int64_t bytes = st.st_size;
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size > 0);
	assert_int_equal(counts.database_bytes, bytes + st.st_size);
	store_close(store);
}

static void test_data_version(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	struct store *reader = open_mode(*state, STORE_READ);
	struct err err = {0};
	int64_t before = 0, after = 0;
	assert_int_equal(store_data_version(reader, &before, &err), 0);
	assert_int_equal(store_data_version(reader, &after, &err), 0);
	assert_int_equal(before, after);
	put_numbered(store, 0, 1, "/made");
	assert_int_equal(store_data_version(reader, &after, &err), 0);
	assert_int_not_equal(before, after);
	store_close(reader);
	store_close(store);
}

static void test_current(void **state) {
	const struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	char aside[160];
	snprintf(aside, sizeof(aside), "%s.aside", fixture->db);
	assert_true(store_is_current(store));
	assert_int_equal(rename(fixture->db, aside), 0);
	assert_false(store_is_current(store));
	/* Another file in its place. */
	int fd = open(fixture->db, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_false(store_is_current(store));
	assert_int_equal(rename(aside, fixture->db), 0);
	assert_true(store_is_current(store));
	store_close(store);
}

/* What SQLite goes on with, and nobody else sees. */
static void test_current_files(void **state) {
	static const char *const endings[] = {"-wal", "-shm"};
	const struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		struct store *store = open_mode(fixture, STORE_WRITE);
		char path[160];
		snprintf(path, sizeof path, "%s%s", fixture->db, endings[i]);
		assert_true(store_is_current(store));
		assert_int_equal(unlink(path), 0);
		assert_false(store_is_current(store));
		store_close(store);
	}
	struct store *store = open_mode(fixture, STORE_WRITE);
	assert_true(store_is_current(store));
	assert_int_equal(truncate(fixture->db, 0), 0);
	assert_false(store_is_current(store));
	store_close(store);
}

static int listed(struct store *store, const struct store_filter *filter, int64_t *ids, int max) {
	struct store_cursor *cursor = NULL;
	struct incident incident;
	struct err err = {0};
	int count = 0;
	assert_int_equal(store_list(store, filter, &cursor, &err), 0);
	while (count < max && store_cursor_next(cursor, &incident, &err) == 1)
		ids[count++] = incident.id;
	store_cursor_close(cursor);
	return count;
}

static void test_after_id(void **state) {
	struct store *store = open_mode(*state, STORE_WRITE);
	int64_t ids[10];
	/* The later a row, the earlier its capture. */
	put_numbered(store, 0, 6, "/made");
	assert_int_equal(listed(store, &(struct store_filter){.after_id = 4}, ids, 10), 2);
	assert_int_equal(ids[0], 5);
	assert_int_equal(ids[1], 6);
	assert_int_equal(
		listed(store, &(struct store_filter){.after_id = -1, .limit = 3}, ids, 10), 3);
	assert_int_equal(ids[0], 1);
	const struct store_filter late = {
		.after_id = 1, .since_us = {ROW_US - 3, true}, .until_us = {ROW_US, true}};
	assert_int_equal(listed(store, &late, ids, 10), 3);
	assert_int_equal(ids[0], 2);
	assert_int_equal(listed(store, &(struct store_filter){.after_id = 6}, ids, 10), 0);
	store_close(store);
}

static void exec(const char *path, const char *sql) {
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* A database as the first version left it, with rows in it. */
static void make_first_version(const struct fixture *fixture) {
	char folder[128];
	snprintf(folder, sizeof(folder), "%s/own", fixture->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	exec(fixture->db, "pragma page_size = 2048; pragma auto_vacuum = incremental;"
			  "pragma journal_mode = wal");
	exec(fixture->db, store_migrations[0].sql);
	exec(fixture->db,
		"pragma application_id = 1634170996; pragma user_version = 1;"
		"insert into word (id, hash, text) values (1, 0, 'crash'), (2, 0, 'json');"
		"insert into folder values (1, '/made');"
		"insert into file values (1, 1, 'a.ips', 1, 0, 0, 0, 0, 0, 0, 1, null),"
		" (2, 1, 'b.ips', 2, 0, 0, 0, 0, 0, 0, 1, null),"
		" (3, 1, 'c.ips', 3, 0, 0, 0, 0, 0, 0, 0, 'made up'),"
		" (4, 1, 'd.ips', 1, 0, 0, 0, 0, 0, 0, 1, null);"
		"insert into raw values (1, zeroblob(32), 9, 0, null, x'00');"
		"insert into incident (id, incident_id, raw_id, ordinal, file_id, first_seen_at,"
		" conflicts, kind, form, simulated, captured_at, concurrent_threads,"
		" offset_unknown) values (1, 'A', 1, 0, 1, 5, 0, 1, 2, 0, 6, 0, 0);"
		"insert into sighting values (1, 1, 4, null, 7)");
}

static void test_migration(void **state) {
	const struct fixture *fixture = *state;
	struct store *store = NULL;
	struct store_counts counts;
	struct err err = {0};
	make_first_version(fixture);
	assert_int_equal(STORE_APPLICATION_ID, 1634170996);
	/* A reader changes nothing and says what does. */
	assert_int_equal(store_open(fixture->db, STORE_READ, &store, &err), -EPROTO);
	assert_non_null(strstr(err.text, "agxtriage scan"));
	store = open_mode(fixture, STORE_WRITE);
	assert_int_equal(store_counts(store, &counts, &err), 0);
	assert_int_equal(counts.stored, 1);
	assert_int_equal(counts.known, 1);
	assert_int_equal(counts.passed_over, 1);
	assert_int_equal(counts.rejected, 1);
	assert_int_equal(counts.newest_id, 1);
	store_close(store);
	assert_sql(
		fixture->db, "select raw_gone || kind || path from incidents", "0crash/made/a.ips");
	assert_sql(fixture->db, "select count(*) from incident", "1");
	exec(fixture->db, "pragma user_version = 99");
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer"));
}

/* ---- damage ---- */

static int count_problem(const char *text, void *user) {
	int *count = user;
	assert_true(text[0] != '\0');
	(*count)++;
	return 0;
}

static int stop_at_once(const char *text, void *user) {
	return -ECANCELED;
}

static int count_salvaged(const struct store_salvaged *salvaged, void *user) {
	int *count = user;
	assert_int_equal(salvaged->len, 2599);
	assert_true(salvaged->path == NULL || strncmp(salvaged->path, "/made/", 6) == 0);
	(*count)++;
	return 0;
}

static void overwrite(const char *path, off_t from, off_t len) {
	char zeros[512];
	memset(zeros, 0x5a, sizeof(zeros));
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (off_t at = from; at < from + len; at += (off_t)sizeof(zeros))
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
	close(fd);
}

static void test_sound(void **state) {
	const struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct store_checked checked;
	struct store_salvage salvage;
	struct err err = {0};
	bool stop = true;
	int count = 0;
	put_numbered(store, 0, 40, "/made");
	for (int depth = STORE_CHECK_QUICK; depth <= STORE_CHECK_FULL; depth++) {
		assert_int_equal(store_check(store, (enum store_check_depth)depth, count_problem,
					 &count, NULL, &checked, &err),
			0);
		assert_int_equal(checked.problems, 0);
	}
	assert_int_equal(count, 0);
	assert_int_equal(checked.raw_rows, 40);
	assert_int_equal(checked.raw_bad, 0);
	assert_int_equal(
		store_check(store, STORE_CHECK_FULL, NULL, NULL, &stop, &checked, &err), -EINTR);
	/* Beside a writer that has the log open. */
	assert_int_equal(store_salvage(fixture->db, count_salvaged, &count, &salvage, &err), 0);
	assert_int_equal(count, 40);
	assert_int_equal(salvage.read, 40);
	assert_int_equal(salvage.lost, 0);
	store_close(store);
}

static void test_damaged(void **state) {
	const struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct store_checked checked;
	struct store_salvage salvage;
	struct err err = {0};
	struct stat st;
	put_numbered(store, 0, 300, "/made");
	store_close(store);
	assert_int_equal(stat(fixture->db, &st), 0);
	/* A page in 40, but neither the first ones nor the schema's. */
	for (off_t page = 90; page < st.st_size / 2048; page += 40)
		overwrite(fixture->db, page * 2048, 2048);
	int problems = 0, salvaged = 0;
	store = open_mode(fixture, STORE_READ);
	assert_int_equal(store_check(store, STORE_CHECK_FULL, count_problem, &problems, NULL,
				 &checked, &err),
		0);
	assert_true(problems > 0);
	assert_int_equal(checked.problems, problems);
	assert_int_equal(
		store_check(store, STORE_CHECK_QUICK, stop_at_once, NULL, NULL, &checked, &err),
		-ECANCELED);
	store_close(store);
	assert_int_equal(store_salvage(fixture->db, count_salvaged, &salvaged, &salvage, &err), 0);
	assert_int_equal(salvage.read, salvaged);
	assert_true(salvaged > 200 && salvaged < 300);
	assert_true(salvage.lost > 0);
	/* All of it gone. */
	overwrite(fixture->db, 0, st.st_size / 512 * 512);
	assert_true(store_salvage(fixture->db, count_salvaged, &salvaged, &salvage, &err) < 0);
}

static off_t root_of_raw(const struct fixture *fixture) {
	sqlite3 *db;
	sqlite3_stmt *find;
	assert_int_equal(sqlite3_open(fixture->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "select rootpage from sqlite_schema where name = 'raw'", -1,
			&find, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(find), SQLITE_ROW);
	off_t ret = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	sqlite3_close(db);
	return ret;
}

static void salvages(const struct fixture *fixture, uint64_t least, uint64_t most) {
	struct store_salvage salvage;
	struct err err = {0};
	int count = 0;
	assert_int_equal(store_salvage(fixture->db, count_salvaged, &count, &salvage, &err), 0);
	assert_int_equal(salvage.read, count);
	assert_in_range(salvage.read, least, most);
}

/* Without any tree, and without the end. */
static void test_treeless(void **state) {
	const struct fixture *fixture = *state;
	struct store *store = open_mode(fixture, STORE_WRITE);
	struct stat st;
	put_numbered(store, 0, 300, "/made");
	store_close(store);
	off_t root = root_of_raw(fixture);
	overwrite(fixture->db, (root - 1) * 2048, 2048);
	salvages(fixture, 300, 300);
	overwrite(fixture->db, 512, 1536);
	salvages(fixture, 300, 300);
	assert_int_equal(stat(fixture->db, &st), 0);
	assert_int_equal(truncate(fixture->db, st.st_size / 2048 / 2 * 2048), 0);
	salvages(fixture, 1, 299);
	assert_int_equal(truncate(fixture->db, 1024), 0);
	salvages(fixture, 0, 0);
}

static void test_recall(void **state) {
	const struct fixture *fixture = *state;
	struct made made = made_default();
	struct store *store;
	struct arena arena;
	const struct report *report;
	struct triage triage;
	struct err err = {0};
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_ADDED);
	exec(fixture->db, "update incident set warnings = '[\"a \\\"b\\\" \\\\c\",\"second\"]'");
	store = open_mode(fixture, STORE_READ);
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_recall(store, 2, &arena, &report, &triage, &err), -ENOENT);
	assert_int_equal(store_recall(store, 1, &arena, &report, &triage, &err), 0);
	assert_int_equal(report->kind, REPORT_CRASH);
	assert_string_equal(report->incident_id, made.id);
	assert_string_equal(report->process.name, "python3.11");
	assert_string_equal(report->process.path, "/opt/made/python");
	assert_int_equal(report->process.pid.value, 77);
	assert_string_equal(report->exception.signal, "SIGSEGV");
	assert_string_equal(report->hardware_model, "Mac16,5");
	assert_int_equal(report->captured_at_us.value, made.captured_at_us);
	const struct thread *thread = report_crashed_thread(report);
	assert_non_null(thread);
	assert_string_equal(thread->queue, "metal gpu stream 1");
	assert_int_equal(thread->frames.count, 2);
	assert_string_equal(thread->frames.items[0].symbol, "-[Context setComputePipelineState:]");
	assert_int_equal(thread->frames.items[0].symbol_offset.value, 32);
	assert_string_equal(thread->frames.items[1].image, "Python");
	assert_null(thread->frames.items[1].symbol);
	assert_int_equal(thread->frames.items[1].image_offset.value, 4096);
	assert_int_equal(report->warning_count, 4);
	assert_string_equal(report->warnings[2], "a \"b\" \\c");
	assert_string_equal(report->warnings[3], "second");
	assert_string_equal(triage.site, made.site);
	assert_string_equal(triage.signature_hash, "00000000000005c8");
	assert_int_equal(triage.fault.kind, FAULT_NEAR_NULL);
	assert_int_equal(triage.fault.access, ACCESS_READ);
	assert_int_equal(triage.fault.address.value, 0x5c8);
	assert_int_equal(triage.component, COMPONENT_DRIVER);
	assert_string_equal(triage.driver.version, "329.2");
	assert_string_equal(triage.operation, "mul_mps_kernel");
	arena_finish(&arena);
	/* Without memory it says so. */
	arena_init(&arena, 64);
	assert_int_equal(store_recall(store, 1, &arena, &report, &triage, &err), -ENOMEM);
	arena_finish(&arena);
	store_close(store);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_daemon_row),
		TEST(test_counts),
		TEST(test_data_version),
		TEST(test_current),
		TEST(test_current_files),
		TEST(test_after_id),
		TEST(test_migration),
		TEST(test_sound),
		TEST(test_damaged),
		TEST(test_treeless),
		TEST(test_recall),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
