/* Files that appear, grow, move and vanish; a database that is taken away; an end in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/collector.h"
#include "collect/pool.h"
#include "triage/rules.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Far longer than anything takes here, valgrind included. */
#define TIMEOUT_MS 60000
#define PATH_BYTES 192
#define REPORT_BYTES 1024

struct collecting {
	char root[64], db[PATH_BYTES];
	uv_loop_t loop;
	uv_timer_t timer;
	bool timed_out;
	struct store *store;
	struct rules *rules;
	struct collector *collector;
	unsigned added, rejected, quiet, failures, used, stopped;
	int failure;
};

static bool stored(const char *db, int64_t id) {
	struct store *store = NULL;
	struct incident incident;
	struct err err;
	char word[24];
	snprintf(word, sizeof word, "%lld", (long long)id);
	assert_int_equal(store_open(db, STORE_READ, &store, &err), 0);
	bool found = store_find(store, word, &incident, &err) == 0;
	store_close(store);
	return found;
}

static void on_added(int64_t id, enum report_kind kind, void *user) {
	struct collecting *c = user;
	assert_int_equal(kind, REPORT_CRASH);
	assert_true(stored(c->db, id));
	c->added++;
}

static void on_rejected(const char *path, const char *reason, void *user) {
	((struct collecting *)user)->rejected++;
}

static void on_quiet(void *user) {
	((struct collecting *)user)->quiet++;
}

static void on_failure(const struct err *err, void *user) {
	struct collecting *c = user;
	c->failures++;
	c->failure = err->code;
}

static void on_used(void *user) {
	((struct collecting *)user)->used++;
}

static void on_stopped(void *user) {
	((struct collecting *)user)->stopped++;
}

static void on_timer(uv_timer_t *timer) {
	((struct collecting *)timer->data)->timed_out = true;
}

/* Lets the loop run until *count reaches so many, or for that long. */
static bool run_until(struct collecting *c, const unsigned *count, unsigned wanted, unsigned ms) {
	c->timed_out = false;
	uv_update_time(&c->loop);
	uv_timer_start(&c->timer, on_timer, ms, 1);
	while (!c->timed_out && *count < wanted)
		uv_run(&c->loop, UV_RUN_ONCE);
	uv_timer_stop(&c->timer);
	return *count >= wanted;
}

#define EXPECT(c, what, n) assert_true(run_until(c, &(c)->what, n, TIMEOUT_MS))

static void expect_nothing_added(struct collecting *c, unsigned ms) {
	unsigned before = c->added;
	assert_false(run_until(c, &c->added, before + 1, ms));
}

static void open_store(struct collecting *c) {
	struct err err;
	assert_int_equal(store_open(c->db, STORE_WRITE, &c->store, &err), 0);
}

static void begin(struct collecting *c) {
	char folder[PATH_BYTES];
	const char *const folders[] = {folder};
	const struct selection selection = {0};
	const struct collector_options options = {
		.folders = folders,
		.folder_count = 1,
		.selection = &selection,
		.on_added = on_added,
		.on_rejected = on_rejected,
		.on_quiet = on_quiet,
		.on_failure = on_failure,
		.user = c,
	};
	struct err err;
	snprintf(folder, sizeof folder, "%s/P", c->root);
	assert_int_equal(
		collector_start(&c->loop, c->store, c->rules, &options, &c->collector, &err), 0);
}

static void end(struct collecting *c) {
	c->stopped = 0;
	collector_stop(c->collector, on_stopped, c);
	c->collector = NULL;
	EXPECT(c, stopped, 1);
}

static int setup(void **state) {
	struct collecting *c = calloc(1, sizeof *c);
	char path[PATH_BYTES];
	struct err err;
	assert_non_null(c);
	snprintf(c->root, sizeof c->root, "/tmp/agxtriage-collector-XXXXXX");
	assert_non_null(mkdtemp(c->root));
	snprintf(c->db, sizeof c->db, "%s/db/crashes.db", c->root);
	snprintf(path, sizeof path, "%s/P", c->root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/P/Retired", c->root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(pool_init_loop(&c->loop, &err), 0);
	assert_int_equal(uv_timer_init(&c->loop, &c->timer), 0);
	c->timer.data = c;
	c->rules = rules_new_builtin(&err);
	assert_non_null(c->rules);
	open_store(c);
	*state = c;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *place) {
	return remove(path);
}

static int teardown(void **state) {
	struct collecting *c = *state;
	if (c->collector)
		end(c);
	uv_close((uv_handle_t *)&c->timer, NULL);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&c->loop), 0);
	store_close(c->store);
	rules_free(c->rules);
	nftw(c->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(c);
	return 0;
}

static size_t report_text(unsigned number, char ret[REPORT_BYTES]) {
	int len = snprintf(ret, REPORT_BYTES,
		"{\"bug_type\":\"309\",\"name\":\"Python\",\"os_version\":\"macOS 15.7.3 (24G419)\","
		"\"incident_id\":\"%08u-0000-4000-8000-000000000000\"}\n"
		"{\"pid\":%u,\"procName\":\"Python\",\"faultingThread\":0,"
		"\"captureTime\":\"2025-12-20 17:36:18.2862 -0800\","
		"\"exception\":{\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\","
		"\"rawCodes\":[1,1480]},\"threads\":[{\"triggered\":true,\"frames\":"
		"[{\"imageIndex\":0,\"imageOffset\":16}]}],"
		"\"usedImages\":[{\"name\":\"libsome.dylib\",\"base\":4096,\"size\":4096}]}\n",
		number, number);
	assert_in_range(len, 1, REPORT_BYTES - 1);
	return (size_t)len;
}

static void path_of(
	const struct collecting *c, const char *folder, unsigned number, char ret[PATH_BYTES]) {
	snprintf(ret, PATH_BYTES, "%s/%s/Python-%u.ips", c->root, folder, number);
}

/* Appends a part of report number to its file. */
static void append(const struct collecting *c, unsigned number, size_t from, size_t to) {
	char path[PATH_BYTES], text[REPORT_BYTES];
	size_t len = report_text(number, text);
	path_of(c, "P", number, path);
	FILE *file = fopen(path, "ab");
	assert_non_null(file);
	to = to < len ? to : len;
	assert_int_equal(fwrite(text + from, 1, to - from, file), to - from);
	assert_int_equal(fclose(file), 0);
}

/* As ReportCrash does: a hidden file, then its name. */
static void put(const struct collecting *c, unsigned number) {
	char hidden[PATH_BYTES], path[PATH_BYTES], text[REPORT_BYTES];
	size_t len = report_text(number, text);
	snprintf(hidden, sizeof hidden, "%s/P/.Python-%u.ips", c->root, number);
	path_of(c, "P", number, path);
	FILE *file = fopen(hidden, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(hidden, path), 0);
}

static void expect_raw(struct collecting *c, unsigned number) {
	char word[16], text[REPORT_BYTES];
	struct incident incident;
	struct buf raw = {0};
	struct err err;
	size_t len = report_text(number, text);
	snprintf(word, sizeof word, "%08u-0000", number);
	assert_int_equal(store_find(c->store, word, &incident, &err), 0);
	assert_int_equal(incident.conflicts, 0);
	assert_int_equal(store_raw(c->store, incident.id, &raw, &err), 0);
	assert_int_equal(raw.len, len);
	assert_memory_equal(raw.data, text, len);
	buf_finish(&raw);
}

static int64_t count_stored(struct collecting *c) {
	struct store_counts counts;
	struct err err;
	assert_int_equal(store_counts(c->store, &counts, &err), 0);
	return counts.stored;
}

static void test_appears(void **state) {
	struct collecting *c = *state;
	char from[PATH_BYTES], to[PATH_BYTES];
	put(c, 1);
	begin(c);
	EXPECT(c, quiet, 1);
	assert_int_equal(c->added, 1);
	put(c, 2);
	EXPECT(c, added, 2);
	path_of(c, "P", 2, from);
	path_of(c, "P/Retired", 2, to);
	assert_int_equal(rename(from, to), 0);
	EXPECT(c, quiet, 2);
	assert_int_equal(unlink(to), 0);
	put(c, 3);
	EXPECT(c, added, 3);
	EXPECT(c, quiet, 3);
	assert_int_equal(count_stored(c), 3);
	struct collector_status status;
	collector_status(c->collector, &status);
	assert_int_equal(status.summary.added, 3);
	assert_int_equal(status.queue, 0);
	assert_true(status.last_scan_at_us.set && status.last_event_at_us.set);
	assert_int_equal(c->rejected, 0);
	expect_raw(c, 2);
}

static void test_grows(void **state) {
	struct collecting *c = *state;
	begin(c);
	EXPECT(c, quiet, 1);
	append(c, 1, 0, 0);
	expect_nothing_added(c, 50);
	append(c, 1, 0, 300);
	expect_nothing_added(c, 100);
	char text[REPORT_BYTES];
	size_t len = report_text(1, text);
	/* Whole for a parser, but without its line's end. */
	append(c, 1, 300, len - 1);
	expect_nothing_added(c, 50);
	append(c, 1, len - 1, len);
	EXPECT(c, added, 1);
	assert_int_equal(c->rejected, 0);
	expect_raw(c, 1);
}

static void test_never_whole(void **state) {
	struct collecting *c = *state;
	char path[PATH_BYTES];
	begin(c);
	EXPECT(c, quiet, 1);
	append(c, 1, 0, 300);
	append(c, 2, 0, 300);
	path_of(c, "P", 2, path);
	assert_int_equal(unlink(path), 0);
	EXPECT(c, rejected, 1);
	EXPECT(c, quiet, 2);
	collector_reconcile(c->collector);
	EXPECT(c, quiet, 3);
	assert_int_equal(c->rejected, 1);
	append(c, 1, 300, REPORT_BYTES);
	EXPECT(c, added, 1);
	expect_raw(c, 1);
	EXPECT(c, quiet, 4);
	assert_int_equal(c->rejected, 1);
}

static void test_nothing_new_writes_nothing(void **state) {
	struct collecting *c = *state;
	struct store *other = NULL;
	struct err err;
	int64_t before, after;
	for (unsigned i = 1; i <= 20; i++)
		put(c, i);
	begin(c);
	EXPECT(c, quiet, 1);
	assert_int_equal(c->added, 20);
	assert_int_equal(store_open(c->db, STORE_READ, &other, &err), 0);
	assert_int_equal(store_data_version(other, &before, &err), 0);
	for (unsigned i = 2; i <= 4; i++) {
		collector_reconcile(c->collector);
		EXPECT(c, quiet, i);
	}
	assert_int_equal(store_data_version(other, &after, &err), 0);
	assert_int_equal(before, after);
	store_close(other);
	assert_int_equal(c->added, 20);
}

static void test_pause(void **state) {
	struct collecting *c = *state;
	begin(c);
	EXPECT(c, quiet, 1);
	collector_use(c->collector, NULL, c->rules, on_used);
	EXPECT(c, used, 1);
	put(c, 1);
	expect_nothing_added(c, 400);
	collector_use(c->collector, c->store, c->rules, on_used);
	EXPECT(c, used, 2);
	EXPECT(c, added, 1);
	EXPECT(c, quiet, 2);
	expect_raw(c, 1);
}

static void test_database_goes(void **state) {
	struct collecting *c = *state;
	put(c, 1);
	begin(c);
	EXPECT(c, quiet, 1);
	assert_int_equal(unlink(c->db), 0);
	put(c, 2);
	EXPECT(c, failures, 1);
	assert_int_equal(c->failure, -ESTALE);
	assert_int_equal(c->added, 1);
	store_close(c->store);
	open_store(c);
	collector_use(c->collector, c->store, c->rules, NULL);
	EXPECT(c, quiet, 2);
	assert_int_equal(c->failures, 1);
	assert_int_equal(count_stored(c), 2);
	expect_raw(c, 1);
	expect_raw(c, 2);
}

static void test_selects(void **state) {
	struct collecting *c = *state;
	char folder[PATH_BYTES];
	const char *const folders[] = {folder};
	const char *const exclude[] = {"*-1.ips", NULL};
	const struct selection selection = {.exclude = exclude};
	struct err err;
	begin(c);
	EXPECT(c, quiet, 1);
	snprintf(folder, sizeof folder, "%s/P", c->root);
	assert_int_equal(collector_select(c->collector, folders, 1, &selection, &err), 0);
	put(c, 1);
	put(c, 2);
	EXPECT(c, added, 1);
	EXPECT(c, quiet, 2);
	assert_int_equal(c->added, 1);
	expect_raw(c, 2);
}

/* Whatever it was doing: it ends, and the next one does the rest. */
static void test_ends_in_the_middle(void **state) {
	struct collecting *c = *state;
	/* Under valgrind a report takes a tenth of a second. */
	unsigned count = getenv("AGXTRIAGE_TEST_FEW") ? 60 : 300;
	for (unsigned i = 1; i <= count; i++)
		put(c, i);
	begin(c);
	EXPECT(c, added, 1);
	end(c);
	assert_int_equal(count_stored(c), c->added);
	begin(c);
	end(c);
	begin(c);
	EXPECT(c, added, count);
	EXPECT(c, quiet, 1);
	assert_int_equal(c->added, count);
	assert_int_equal(count_stored(c), count);
}

static void on_turn(uv_prepare_t *prepare) {
	struct collecting *c = prepare->data;
	struct err err;
	if (!collector_commit(c->collector))
		return;
	if (store_begin(c->store, &err) < 0)
		fail_msg("%s", err.text);
	store_rollback(c->store);
}

/* Blanks behind it, so that reading it takes a while. */
static void put_large(const struct collecting *c, unsigned number) {
	static char blanks[4u << 20];
	size_t count = getenv("AGXTRIAGE_TEST_FEW") ? sizeof blanks / 8 : sizeof blanks;
	char path[PATH_BYTES];
	append(c, number, 0, REPORT_BYTES);
	path_of(c, "P", number, path);
	FILE *file = fopen(path, "ab");
	assert_non_null(file);
	memset(blanks, ' ', count);
	blanks[count - 1] = '\n';
	assert_int_equal(fwrite(blanks, 1, count, file), count);
	assert_int_equal(fclose(file), 0);
}

/* After a commit the store is the caller's, also when what comes next needs no reading. */
static void test_commit_frees_the_store(void **state) {
	struct collecting *c = *state;
	char path[PATH_BYTES];
	uv_prepare_t turn;
	for (unsigned i = 1; i <= 4; i++)
		put_large(c, i);
	for (unsigned i = 0; i < 1200; i++) {
		snprintf(path, sizeof path, "%s/P/Python-link-%u.ips", c->root, i);
		assert_int_equal(symlink("/nowhere", path), 0);
	}
	begin(c);
	uv_prepare_init(&c->loop, &turn);
	turn.data = c;
	uv_prepare_start(&turn, on_turn);
	EXPECT(c, quiet, 1);
	uv_close((uv_handle_t *)&turn, NULL);
	assert_int_equal(c->added, 4);
	assert_int_equal(c->rejected, 1200);
	assert_int_equal(count_stored(c), 4);
	end(c);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_appears),
		TEST(test_grows),
		TEST(test_never_whole),
		TEST(test_nothing_new_writes_nothing),
		TEST(test_pause),
		TEST(test_database_goes),
		TEST(test_selects),
		TEST(test_commit_frees_the_store),
		TEST(test_ends_in_the_middle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
