/* What may happen to a database: kills, full disks, damage, strangers, odd names, two writers. */
#include "store_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static void write_file(const char *path, const void *bytes, size_t len) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static int open_code(const char *path, enum store_mode mode, struct err *err) {
	struct store *store = NULL;
	int r = store_open(path, mode, &store, err);
	store_close(store);
	return r;
}

/* Puts numbered incidents; 0 or the first error. */
static int put_many(const char *db, int from, int count, const char *filler, struct err *err) {
	struct store *store = NULL;
	int r = store_open(db, STORE_WRITE, &store, err);
	if (r == 0)
		r = store_begin(store, err);
	for (int i = from; r == 0 && i < from + count; i++) {
		struct made made = made_default();
		enum store_put put;
		char id[64], bytes[8192], path[64];
		size_t len =
			(size_t)snprintf(bytes, sizeof(bytes), "{\"n\":%d,\"f\":\"%s", i, filler);
		/* Noise, so that it does not pack. */
		unsigned seed = (unsigned)i * 2654435761u + 1;
		for (; filler[0] != '\0' && len < sizeof(bytes) - 1; len++)
			bytes[len] =
				(char)('!' + (seed = seed * 1103515245u + 12345u) / 65536 % 90);
		bytes[len] = '\0';
		snprintf(id, sizeof(id), "%08X-0000-4000-8000-000000000000", (unsigned)i);
		snprintf(path, sizeof(path), "/reports/%d.ips", i);
		made.id = id;
		made.bytes = bytes;
		made.path = path;
		made.captured_at_us += i;
		r = made_put(store, &made, &put, NULL, err);
	}
	if (r == 0)
		r = store_commit(store, err);
	store_close(store);
	return r;
}

static void test_killed_in_transaction(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	int ready[2];
	char byte;
	assert_int_equal(put_many(fixture->db, 0, 10, "", &err), 0);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct store *store = NULL;
		struct made made = made_default();
		enum store_put put;
		if (store_open(fixture->db, STORE_WRITE, &store, NULL) < 0 ||
			store_begin(store, NULL) < 0 ||
			made_put(store, &made, &put, NULL, NULL) < 0 ||
			write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	assert_sql(fixture->db, "select count(*) from incidents", "10");
	assert_int_equal(put_many(fixture->db, 10, 1, "", &err), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "11");
	sqlite3 *db = NULL;
	sqlite3_stmt *check = NULL;
	assert_int_equal(sqlite3_open(fixture->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "pragma integrity_check", -1, &check, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(check), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
	sqlite3_finalize(check);
	sqlite3_close(db);
}

static void test_disk_full(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	assert_int_equal(put_many(fixture->db, 0, 10, "", &err), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = {300 << 10, 300 << 10};
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		int r = put_many(fixture->db, 100, 2000, "x", &err);
		_exit(r == -ENOSPC ? 0 : r == 0 ? 1 : 2);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "10");
	assert_int_equal(put_many(fixture->db, 100, 2, "x", &err), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "12");
}

static int put_numbered(struct store *store, unsigned number, const char *filler, struct err *err) {
	static char bytes[256 << 10];
	struct made made = made_default();
	enum store_put put;
	char id[64], path[64];
	unsigned seed = number * 2654435761u + 1;
	/* Noise, so that it does not pack. */
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		bytes[i] = (char)('!' + (seed = seed * 1103515245u + 12345u) / 65536 % 90);
	if (filler[0] == '\0')
		snprintf(bytes, sizeof(bytes), "{\"n\":%u}", number);
	snprintf(id, sizeof(id), "%08X-0000-4000-8000-000000000000", number);
	snprintf(path, sizeof(path), "/reports/%u.ips", number);
	made.id = id;
	made.bytes = bytes;
	made.path = path;
	return made_put(store, &made, &put, NULL, err);
}

/* A failure may end the transaction by itself: what its owner still does in it must not be stored
 * row by row. */
static void test_nothing_behind_a_failure(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	assert_int_equal(put_many(fixture->db, 0, 10, "", &err), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = {600 << 10, RLIM_INFINITY};
		struct store *store = NULL;
		int failed = 0, put = 0;
		signal(SIGXFSZ, SIG_IGN);
		if (store_open(fixture->db, STORE_WRITE, &store, &err) < 0 ||
			store_begin(store, &err) < 0 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(1);
		for (unsigned i = 100; i < 150 && !failed; i++)
			failed = put_numbered(store, i, "x", &err);
		limit.rlim_cur = RLIM_INFINITY;
		if (failed != -ENOSPC || setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(2);
		put = put_numbered(store, 200, "", &err);
		const struct store_source source = {.path = "/reports/300.ips"};
		int passed = store_put_passed(store, &source, &err);
		int committed = store_commit(store, &err);
		store_close(store);
		_exit(put < 0 && passed < 0 && committed < 0 ? 0 : 3);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "10");
	assert_sql(fixture->db, "select count(*) from file", "10");
}

/* However few there are, that is no damage: a damaged database would be replaced by doctor. */
static void test_no_descriptors(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	assert_int_equal(put_many(fixture->db, 0, 10, "", &err), 0);
	for (rlim_t spare = 0; spare < 5; spare++) {
		pid_t pid = fork();
		if (pid == 0) {
			int next = dup(STDIN_FILENO);
			struct rlimit limit = {(rlim_t)next + spare, (rlim_t)next + spare};
			close(next);
			if (next < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0)
				_exit(1);
			int r = put_many(fixture->db, 100, 2, "", &err);
			_exit(r == 0 || r == -EMFILE ? 0 : 2);
		}
		int status = -1;
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	assert_sql(fixture->db, "select count(*) >= 10 from incidents", "1");
}

static void test_two_writers(void **state) {
	struct fixture *fixture = *state;
	pid_t pids[2];
	for (int w = 0; w < 2; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			struct err err = {0};
			int r = 0;
			for (int i = 0; r == 0 && i < 200; i += 20)
				r = put_many(fixture->db, i, 20, "", &err);
			if (r < 0)
				fprintf(stderr, "%s\n", err.text);
			_exit(r == 0 ? 0 : 1);
		}
	}
	for (int w = 0; w < 2; w++) {
		int status = -1;
		waitpid(pids[w], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_sql(fixture->db, "select count(*) || count(distinct incident_id) from incidents",
		"200200");
}

static void test_reader_beside_writer(void **state) {
	struct fixture *fixture = *state;
	struct store *store = NULL;
	struct err err = {0};
	struct made made = made_default();
	enum store_put put;
	assert_int_equal(put_many(fixture->db, 0, 3, "", &err), 0);
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "3");
	assert_int_equal(store_commit(store, &err), 0);
	assert_sql(fixture->db, "select count(*) from incidents", "4");
	store_close(store);
}

/* On a folder that cannot be written to neither log nor index can be made; root may everything, so
 * ask as nobody. */
static void test_read_only_folder(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	char folder[128];
	assert_int_equal(put_many(fixture->db, 0, 3, "", &err), 0);
	snprintf(folder, sizeof(folder), "%s/own", fixture->folder);
	assert_int_equal(chmod(fixture->db, 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(chmod(fixture->folder, 0755), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct store *store = NULL;
		struct incident incident;
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(3);
		if (store_open(fixture->db, STORE_READ, &store, &err) < 0 ||
			store_find(store, "latest", &incident, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
		store_close(store);
		_exit(open_code(fixture->db, STORE_WRITE, &err) == -EROFS ? 0 : 2);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	chmod(folder, 0700);
	assert_int_equal(status, 0);
}

static void test_not_a_database(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	char path[128], text[4096];
	memset(text, 'x', sizeof(text));
	snprintf(path, sizeof(path), "%s/text", fixture->folder);
	write_file(path, text, sizeof(text));
	assert_int_equal(open_code(path, STORE_READ, &err), -EPROTO);
	assert_int_equal(open_code(path, STORE_WRITE, &err), -EPROTO);
	assert_int_equal(open_code(fixture->folder, STORE_WRITE, &err), -EPROTO);
	assert_int_equal(open_code("/nowhere/at/all.db", STORE_READ, &err), -ENOENT);
}

static void test_empty_file(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	char path[128];
	snprintf(path, sizeof(path), "%s/empty", fixture->folder);
	write_file(path, "", 0);
	assert_int_equal(open_code(path, STORE_READ, &err), -ENOENT);
	assert_int_equal(open_code(path, STORE_WRITE, &err), 0);
	assert_int_equal(open_code(path, STORE_READ, &err), 0);
}

/* A database changed by sql must be refused in both modes, and keep its bytes. */
static void assert_refused(
	struct fixture *fixture, const char *path, const char *sql, const char *reason) {
	static char before[1 << 20], after[1 << 20];
	struct err err = {0};
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	FILE *file = fopen(path, "rb");
	size_t len = fread(before, 1, sizeof(before), file);
	fclose(file);
	assert_int_equal(open_code(path, STORE_READ, &err), -EPROTO);
	assert_int_equal(open_code(path, STORE_WRITE, &err), -EPROTO);
	assert_non_null(strstr(err.text, reason));
	file = fopen(path, "rb");
	assert_int_equal(fread(after, 1, sizeof(after), file), len);
	fclose(file);
	assert_memory_equal(before, after, len);
}

static void test_newer(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	assert_int_equal(put_many(fixture->db, 0, 3, "", &err), 0);
	assert_refused(fixture, fixture->db, "pragma user_version = 999", "newer");
}

static void test_foreign(void **state) {
	struct fixture *fixture = *state;
	char path[128];
	snprintf(path, sizeof(path), "%s/foreign.db", fixture->folder);
	assert_refused(
		fixture, path, "create table t (a); insert into t values (1)", "another program");
}

static void test_damaged(void **state) {
	struct fixture *fixture = *state;
	struct err err = {0};
	struct stat st;
	char zeros[1024] = {0};
	assert_int_equal(put_many(fixture->db, 0, 50, "x", &err), 0);
	assert_int_equal(stat(fixture->db, &st), 0);
	int fd = open(fixture->db, O_WRONLY);
	for (off_t at = 1024; at < st.st_size; at += 1024)
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
	close(fd);
	struct store *store = NULL;
	struct incident incident;
	int r = store_open(fixture->db, STORE_READ, &store, &err);
	if (r == 0)
		r = store_find(store, "latest", &incident, &err);
	assert_int_equal(r, -EIO);
	store_close(store);
}

static void test_odd_names(void **state) {
	static const char *const names[] = {
		"a?mode=ro", "b#c", "d%41e", "file:x", "f g'h\"", ":memory:"};
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct stat st;
	assert_int_equal(chdir(fixture->folder), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(made_put_alone(names[i], &made), STORE_ADDED);
		assert_int_equal(stat(names[i], &st), 0);
		assert_sql(names[i], "select count(*) from incidents", "1");
	}
}

static void test_symbolic_link(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct stat st;
	char link[128], target[128];
	snprintf(link, sizeof(link), "%s/link.db", fixture->folder);
	snprintf(target, sizeof(target), "%s/target.db", fixture->folder);
	assert_int_equal(symlink("target.db", link), 0);
	assert_int_equal(made_put_alone(link, &made), STORE_ADDED);
	assert_int_equal(made_put_alone(target, &made), STORE_KNOWN);
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_killed_in_transaction),
		TEST(test_disk_full),
		TEST(test_nothing_behind_a_failure),
		TEST(test_no_descriptors),
		TEST(test_two_writers),
		TEST(test_reader_beside_writer),
		TEST(test_read_only_folder),
		TEST(test_not_a_database),
		TEST(test_empty_file),
		TEST(test_newer),
		TEST(test_foreign),
		TEST(test_damaged),
		TEST(test_odd_names),
		TEST(test_symbolic_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
