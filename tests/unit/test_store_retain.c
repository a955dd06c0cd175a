/* What retention takes and leaves: ages, sizes, what stays whole, what stays forgotten, kills. */
#include "store_fixture.h"

#include <signal.h>
#include <sys/resource.h>

#define DAY_US ((int64_t)86400 * 1000000)
#define NOW_US ((int64_t)1766280978286200 + 1000 * DAY_US)

struct bench {
	struct fixture *fixture;
	struct store *store;
	struct err err;
};

static void open_store(struct bench *bench) {
	assert_int_equal(
		store_open(bench->fixture->db, STORE_WRITE, &bench->store, &bench->err), 0);
}

static int setup(void **state) {
	struct bench *bench = calloc(1, sizeof(*bench));
	void *fixture = NULL;
	assert_non_null(bench);
	fixture_setup(&fixture);
	bench->fixture = fixture;
	open_store(bench);
	*state = bench;
	return 0;
}

static int teardown(void **state) {
	struct bench *bench = *state;
	void *fixture = bench->fixture;
	store_close(bench->store);
	free(bench);
	return fixture_teardown(&fixture);
}

static void name_of(int number, char ret[64]) {
	snprintf(ret, 64, "%08X-0000-4000-8000-000000000000", (unsigned)number);
}

/* Text of that many bytes which does not pack. */
static void make_noise(int number, char *ret, size_t len) {
	uint32_t seed = (uint32_t)number * 2654435761u + 12345u;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		ret[i] = (char)(33 + (seed >> 16) % 93);
	}
	ret[len] = '\0';
}

/* number: the incident, the signature its hundred, captured that many days before now. */
struct some {
	int number, signature, age_days;
	const char *path, *process;
	bool nameless, named;
	size_t ordinal, len;
	const char *bytes;
};

static enum store_put put(struct bench *bench, const struct some *some) {
	static char noise[20001];
	struct made made = made_default();
	enum store_put ret = STORE_ADDED;
	char id[64], path[96];
	name_of(some->number, id);
	snprintf(path, sizeof(path), "%s/%d.ips", bench->fixture->folder, some->number);
	make_noise(some->number, noise, some->len > 0 ? some->len : 300);
	made.id = some->nameless ? NULL : id;
	made.path = some->path != NULL ? some->path : path;
	made.bytes = some->bytes != NULL ? some->bytes : noise;
	made.fault_address = (uint64_t)some->signature;
	made.captured_at_us = NOW_US - some->age_days * DAY_US;
	made.pid = 1000 + some->number;
	made.ordinal = some->ordinal;
	made.named = some->named;
	if (some->process != NULL)
		made.process = some->process;
	assert_int_equal(store_begin(bench->store, &bench->err), 0);
	assert_int_equal(made_put(bench->store, &made, &ret, NULL, &bench->err), 0);
	assert_int_equal(store_commit(bench->store, &bench->err), 0);
	return ret;
}

/* count incidents of one signature, one a day, the oldest that many days old. */
static void put_series(struct bench *bench, int first, int count, int signature, int age_days) {
	for (int i = 0; i < count; i++)
		put(bench, &(struct some){.number = first + i,
				   .signature = signature,
				   .age_days = age_days - i});
}

static void add(struct store_retained *sum, const struct store_retained *slice) {
	sum->raw_removed += slice->raw_removed;
	sum->incidents_removed += slice->incidents_removed;
	sum->files_removed += slice->files_removed;
	sum->too_big |= slice->too_big;
	sum->bytes_after = slice->bytes_after;
}

static struct store_retained retain_until_done(
	struct bench *bench, const struct store_retention *retention) {
	struct store_retained sum = {0}, slice = {.more = true};
	for (int i = 0; slice.more; i++) {
		if (store_retain(bench->store, retention, &slice, &bench->err) < 0)
			fail_msg("%s", bench->err.text);
		if (i == 0)
			sum.bytes_before = slice.bytes_before;
		add(&sum, &slice);
		assert_true(i < 10000);
	}
	return sum;
}

static void assert_count(struct bench *bench, const char *sql, int count) {
	char text[24];
	snprintf(text, sizeof(text), "%d", count);
	assert_sql(bench->fixture->db, sql, text);
}

static void assert_sound(struct bench *bench) {
	struct store_checked checked = {0};
	assert_int_equal(store_check(bench->store, STORE_CHECK_FULL, NULL, NULL, NULL, &checked,
				 &bench->err),
		0);
	assert_int_equal(checked.problems, 0);
	assert_sql(bench->fixture->db,
		"select (select coalesce(sum(n), 0) from site_count) = "
		"(select count(*) from incident) and "
		"not exists (select 1 from site_count where n <> (select count(*) from incident "
		"where coalesce(site_id, 0) = site_count.site_id and kind = site_count.kind "
		"and simulated = site_count.simulated))",
		"1");
	assert_sql(bench->fixture->db,
		"select (select n from tally where what = 1) = "
		"(select count(*) from file where state = 1) "
		"and (select n from tally where what = 4) = (select count(*) from sighting) "
		"and (select n from tally where what = 5) = "
		"(select count(*) from incident where raw_gone) "
		"and not exists (select 1 from incident i join raw r on r.id = i.raw_id "
		"where i.raw_gone <> (length(r.packed) = 0)) "
		"and not exists (select 1 from raw where id not in (select raw_id from incident)) "
		"and not exists (select 1 from stack where id not in (select stack_id from "
		"incident))",
		"1");
}

static void test_age_of_rows(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = 10 * DAY_US};
	put_series(bench, 0, 20, 1, 30);
	put_series(bench, 100, 5, 2, 30);
	struct store_retention dry = retention;
	dry.dry_run = true;
	struct store_retained before = retain_until_done(bench, &dry);
	assert_count(bench, "select count(*) from incident", 25);
	struct store_retained done = retain_until_done(bench, &retention);
	/* All are older; of each signature the first and the newest three stay. There never were
	 * files: their rows go too. */
	assert_int_equal(done.incidents_removed, 16 + 1);
	assert_int_equal(before.incidents_removed, done.incidents_removed);
	assert_int_equal(before.raw_removed, done.raw_removed);
	assert_int_equal(before.files_removed, done.files_removed);
	assert_int_equal(done.files_removed, done.incidents_removed);
	assert_sound(bench);
	assert_int_equal(retain_until_done(bench, &retention).incidents_removed, 0);
}

static int raw_code(struct bench *bench, int64_t id) {
	struct buf bytes = {0};
	int r = store_raw(bench->store, id, &bytes, &bench->err);
	buf_finish(&bytes);
	bench->err = (struct err){0};
	return r;
}

static void test_age_of_bytes(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .raw_max_age_us = 5 * DAY_US};
	struct store_counts counts;
	put_series(bench, 0, 10, 1, 20);
	put(bench, &(struct some){.number = 10, .signature = 1, .age_days = 1});
	retention.dry_run = true;
	assert_int_equal(retain_until_done(bench, &retention).raw_removed, 7);
	retention.dry_run = false;
	/* Of 11 the first stays, and the newest three: two of them are older than the limit. */
	struct store_retained done = retain_until_done(bench, &retention);
	assert_int_equal(done.raw_removed, 7);
	assert_int_equal(done.incidents_removed, 0);
	assert_int_equal(raw_code(bench, 1), 0);
	assert_int_equal(raw_code(bench, 2), -ENODATA);
	assert_int_equal(raw_code(bench, 8), -ENODATA);
	assert_int_equal(raw_code(bench, 9), 0);
	assert_int_equal(store_counts(bench->store, &counts, &bench->err), 0);
	assert_int_equal(counts.raw_gone, 7);
	assert_int_equal(counts.stored, 11);
	assert_count(bench, "select count(*) from incidents where raw_gone", 7);
	assert_count(bench, "select count(*) from incidents where size = 300", 11);
	assert_sound(bench);
}

static void test_bytes_come_back_by_name(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .raw_max_age_us = 5 * DAY_US};
	put_series(bench, 0, 8, 1, 20);
	assert_int_equal(retain_until_done(bench, &retention).raw_removed, 4);
	struct some again = {.number = 2, .signature = 1, .age_days = 18};
	assert_int_equal(put(bench, &again), STORE_KNOWN);
	assert_int_equal(raw_code(bench, 3), -ENODATA);
	again.named = true;
	assert_int_equal(put(bench, &again), STORE_KNOWN);
	assert_int_equal(raw_code(bench, 3), 0);
	assert_sound(bench);
	/* Left alone for 30 days from when it was asked for, which is when the file was seen. */
	retention.now_us = 1766280979000000 + 29 * DAY_US;
	retention.raw_max_age_us = 1;
	(void)retain_until_done(bench, &retention);
	assert_int_equal(raw_code(bench, 3), 0);
	retention.now_us = NOW_US;
	(void)retain_until_done(bench, &retention);
	assert_int_equal(raw_code(bench, 3), -ENODATA);
	assert_count(bench, "select count(*) from kept", 0);
}

static void test_shared_bytes(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .raw_max_age_us = 5 * DAY_US};
	/* Two files of three reports; one report of the second is the first of its signature. */
	for (int file = 0; file < 2; file++)
		for (int i = 0; i < 3; i++)
			put(bench,
				&(struct some){.number = 10 * (file + 1) + i,
					.signature = file == 1 && i == 2 ? 2 : 1,
					.age_days = 30 - i,
					.ordinal = (size_t)i,
					.path = file == 0 ? "/made/one.ips" : "/made/two.ips",
					.bytes = file == 0 ? "first document" : "second document"});
	put(bench, &(struct some){.number = 1, .signature = 1, .age_days = 50});
	put_series(bench, 100, 4, 1, 4);
	put_series(bench, 200, 4, 2, 4);
	struct store_retention dry = retention;
	dry.dry_run = true;
	assert_int_equal(retain_until_done(bench, &dry).raw_removed, 3);
	assert_int_equal(retain_until_done(bench, &retention).raw_removed, 3);
	assert_count(bench, "select count(*) from incident where raw_gone and raw_id = 1", 3);
	assert_count(bench, "select count(*) from incident where raw_gone and raw_id <> 1", 0);
	assert_sound(bench);
}

static void test_without_signature(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = DAY_US};
	put_series(bench, 0, 10, 1, 30);
	store_close(bench->store);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(bench->fixture->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				 "update incident set signature_id = null;"
				 "update incident set captured_at = null where id = 7",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	open_store(bench);
	/* Without a time it counts as first seen when it was, and as older than the others. */
	assert_int_equal(retain_until_done(bench, &retention).incidents_removed, 6);
	assert_sql(bench->fixture->db, "select group_concat(id) from incident", "7,8,9,10");
	assert_sound(bench);
}

static void test_stays_forgotten(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = DAY_US};
	put_series(bench, 0, 6, 1, 30);
	put(bench, &(struct some){.number = 50, .signature = 1, .age_days = 24, .nameless = true});
	put_series(bench, 100, 4, 1, 20);
	assert_int_equal(retain_until_done(bench, &retention).incidents_removed, 7);
	/* A copy of each at another place; then both named by the user. */
	struct some copy = {
		.number = 3, .signature = 1, .age_days = 27, .path = "/made/Retired/3.ips"};
	struct some nameless = {.number = 50,
		.signature = 1,
		.age_days = 24,
		.nameless = true,
		.path = "/made/Retired/50.ips"};
	assert_int_equal(put(bench, &copy), STORE_KNOWN);
	assert_int_equal(put(bench, &nameless), STORE_KNOWN);
	assert_count(bench, "select count(*) from incident", 4);
	struct store_source source = {.path = "/made/Retired/3.ips",
		.identity = {.device = 1, .inode = UINT64_MAX, .size = 300}};
	enum store_file_state file;
	unsigned reports;
	assert_int_equal(store_file_state(bench->store, &source, &file, &reports, &bench->err), 0);
	assert_int_equal(file, STORE_FILE_KNOWN);
	source.named = true;
	assert_int_equal(store_file_state(bench->store, &source, &file, &reports, &bench->err), 0);
	assert_int_equal(file, STORE_FILE_NEW);
	copy.named = nameless.named = true;
	assert_int_equal(put(bench, &copy), STORE_ADDED);
	assert_int_equal(put(bench, &nameless), STORE_ADDED);
	assert_sound(bench);
}

static void test_size(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .max_bytes = 700000};
	struct store_counts counts;
	for (int i = 0; i < 300; i++)
		put(bench,
			&(struct some){
				.number = i, .signature = i % 5, .age_days = 400 - i, .len = 4000});
	assert_int_equal(store_counts(bench->store, &counts, &bench->err), 0);
	assert_true(counts.database_bytes > 1000000);
	retention.dry_run = true;
	struct store_retained dry = retain_until_done(bench, &retention);
	retention.dry_run = false;
	struct store_retained done = retain_until_done(bench, &retention);
	assert_int_equal(done.incidents_removed, 0);
	assert_true(done.raw_removed > 100 && done.raw_removed < 280);
	assert_int_equal(done.raw_removed, dry.raw_removed);
	assert_true(done.bytes_after <= retention.max_bytes);
	assert_false(done.too_big);
	assert_int_equal(store_counts(bench->store, &counts, &bench->err), 0);
	assert_int_equal(counts.database_bytes, done.bytes_after);
	/* The oldest went first, but for the first of each signature. */
	assert_sql(bench->fixture->db,
		"select max(case when raw_gone then id end) < "
		"min(case when not raw_gone and id > 5 then id end) from incident",
		"1");
	/* Within a tenth of what the dry run thought. */
	assert_true(llabs(done.bytes_after - dry.bytes_after) < retention.max_bytes / 10);
	assert_sound(bench);
}

static void test_size_takes_rows(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .max_bytes = 280000};
	bool due = false;
	for (int i = 0; i < 500; i++)
		put(bench, &(struct some){.number = i, .signature = i % 5, .age_days = 600 - i});
	struct store_retained done = retain_until_done(bench, &retention);
	assert_true(done.raw_removed > 400);
	assert_true(done.incidents_removed > 20 && done.incidents_removed < 470);
	assert_false(done.too_big);
	assert_true(done.bytes_after <= retention.max_bytes);
	assert_sound(bench);
	/* What stays is more than the limit: told, and not tried again at once. */
	retention.max_bytes = 1000;
	done = retain_until_done(bench, &retention);
	assert_true(done.too_big);
	assert_count(bench, "select count(*) from incident", 20);
	assert_count(bench, "select count(*) from incident where raw_gone", 0);
	assert_int_equal(store_retention_due(bench->store, &retention, &due, &bench->err), 0);
	assert_false(due);
	assert_sound(bench);
}

/* A real file in the fixture's folder. */
static void touch(struct bench *bench, const char *name, char ret[128]) {
	snprintf(ret, 128, "%s/%s", bench->fixture->folder, name);
	int fd = open(ret, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void test_files(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = DAY_US};
	char there[128], passed[128], gone[128], rejected[128], incident[128];
	touch(bench, "there.ips", there);
	touch(bench, "passed.ips", passed);
	touch(bench, "incident.ips", incident);
	touch(bench, "gone.ips", gone);
	touch(bench, "rejected.ips", rejected);
	put(bench, &(struct some){.number = 1, .signature = 1, .age_days = 9, .path = incident});
	const char *const paths[] = {there, passed, gone, "/made/folder/that/is/not/there.ips"};
	assert_int_equal(store_begin(bench->store, &bench->err), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(store_put_passed(bench->store,
					 &(struct store_source){.path = paths[i]}, &bench->err),
			0);
	assert_int_equal(store_put_rejected(bench->store, &(struct store_source){.path = rejected},
				 "made", &bench->err),
		0);
	assert_int_equal(store_commit(bench->store, &bench->err), 0);
	assert_int_equal(retain_until_done(bench, &retention).files_removed, 0);
	assert_int_equal(unlink(gone), 0);
	assert_int_equal(unlink(rejected), 0);
	assert_int_equal(unlink(incident), 0);
	struct store_retention dry = retention;
	dry.dry_run = true;
	assert_int_equal(retain_until_done(bench, &dry).files_removed, 2);
	assert_int_equal(retain_until_done(bench, &retention).files_removed, 2);
	assert_count(bench, "select count(*) from file", 4);
	assert_count(bench, "select count(*) from incidents where path is null", 0);
	assert_count(bench, "select n from tally where what = 3", 0);
	assert_int_equal(access(there, F_OK), 0);
	assert_int_equal(access(passed, F_OK), 0);
}

/* Goes on until the texts are being marked. */
static void retain_slices(struct bench *bench, const struct store_retention *retention, int count) {
	struct store_retained slice = {.more = true};
	for (int i = 0; i < count && slice.more; i++)
		assert_int_equal(store_retain(bench->store, retention, &slice, &bench->err), 0);
}

static void test_texts(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = 50 * DAY_US};
	char process[64];
	for (int i = 0; i < 200; i++) {
		snprintf(process, sizeof(process), "process %d", i);
		put(bench, &(struct some){.number = i,
				   .signature = 1,
				   .age_days = 300 - i,
				   .process = process});
	}
	put_series(bench, 1000, 3, 1, 3);
	assert_count(bench, "select count(*) from word where text glob 'process *'", 200);
	(void)retain_until_done(bench, &retention);
	assert_count(bench, "select count(*) from incident", 1 + 3);
	assert_count(bench,
		"select count(*) from word where text glob 'process *' and text <> 'process 0'", 0);
	/* Texts that were dropped are written anew. */
	put(bench, &(struct some){
			   .number = 7000, .signature = 1, .age_days = 1, .process = "process 7"});
	assert_sql(bench->fixture->db, "select process from incidents order by id desc limit 1",
		"process 7");
	assert_count(bench, "select count(*) from incidents where process is null", 0);
	assert_sound(bench);
}

/* What is put between two slices refers to texts that were about to be dropped. */
static void test_texts_used_meanwhile(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_age_us = 50 * DAY_US};
	char process[64];
	for (int i = 0; i < 600; i++) {
		snprintf(process, sizeof(process), "process %d", i);
		put(bench, &(struct some){.number = i,
				   .signature = i % 3,
				   .age_days = 900 - i,
				   .process = process});
	}
	struct store_retained slice = {.more = true};
	for (int i = 0; slice.more; i++) {
		retain_slices(bench, &retention, 1);
		snprintf(process, sizeof(process), "process %d", i % 600);
		put(bench, &(struct some){.number = 5000 + i,
				   .signature = 1,
				   .age_days = 2,
				   .process = process});
		assert_int_equal(store_retain(bench->store, &retention, &slice, &bench->err), 0);
	}
	assert_count(bench, "select count(*) from incidents where process is null", 0);
	assert_sound(bench);
}

static void test_killed(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US,
		.max_age_us = 500 * DAY_US,
		.raw_max_age_us = 100 * DAY_US,
		.max_bytes = 600000};
	store_close(bench->store);
	bench->store = NULL;
	for (int round = 0; round < 12; round++) {
		pid_t pid = fork();
		if (pid == 0) {
			open_store(bench);
			for (int i = 0;; i++) {
				put(bench, &(struct some){.number = 100000 * round + i,
						   .signature = i % 7,
						   .age_days = 900 - i % 890,
						   .len = 2000});
				if (i % 5 == 4)
					retain_slices(bench, &retention, 2);
			}
		}
		usleep(20000 + (useconds_t)round * 7000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		open_store(bench);
		assert_sound(bench);
		store_close(bench->store);
		bench->store = NULL;
	}
	open_store(bench);
	struct store_retained done = retain_until_done(bench, &retention);
	assert_true(done.bytes_after <= retention.max_bytes);
	assert_sound(bench);
}

static void test_disk_full(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .raw_max_age_us = DAY_US};
	for (int i = 0; i < 400; i++)
		put(bench,
			&(struct some){
				.number = i, .signature = i % 2, .age_days = 500 - i, .len = 3000});
	store_close(bench->store);
	bench->store = NULL;
	pid_t pid = fork();
	if (pid == 0) {
		/* The file itself is larger: nothing can be written to the log. */
		struct rlimit limit = {64 << 10, 64 << 10};
		struct store_retained slice = {.more = true};
		int r = 0;
		open_store(bench);
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		while (r == 0 && slice.more)
			r = store_retain(bench->store, &retention, &slice, &bench->err);
		store_close(bench->store);
		/* SQLite does not always tell which of the two it was. */
		_exit(r == -ENOSPC || r == -ENXIO ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	open_store(bench);
	assert_sound(bench);
	(void)retain_until_done(bench, &retention);
	assert_count(bench, "select count(*) from incident where raw_gone", 392);
	assert_sound(bench);
}

/* A dry run needs no more than reading, beside a writer. */
static void test_dry_run_beside_a_writer(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {
		.now_us = NOW_US, .max_age_us = DAY_US, .dry_run = true};
	struct store_retained done;
	struct store *reader = NULL;
	put_series(bench, 0, 9, 1, 30);
	assert_int_equal(store_begin(bench->store, &bench->err), 0);
	assert_int_equal(store_open(bench->fixture->db, STORE_READ, &reader, &bench->err), 0);
	assert_int_equal(store_retain(reader, &retention, &done, &bench->err), 0);
	store_close(reader);
	assert_int_equal(store_commit(bench->store, &bench->err), 0);
	assert_int_equal(done.incidents_removed, 5);
	assert_false(done.more);
}

/* A reader keeps the log: it is told, and nothing is removed for it twice. */
static void test_beside_a_reader(void **state) {
	struct bench *bench = *state;
	const struct store_retention retention = {.now_us = NOW_US, .max_bytes = 400000};
	struct store *reader = NULL;
	struct store_cursor *cursor = NULL;
	const struct store_filter all = {0};
	struct incident incident;
	for (int i = 0; i < 200; i++)
		put(bench,
			&(struct some){
				.number = i, .signature = i % 5, .age_days = 400 - i, .len = 4000});
	assert_int_equal(store_open(bench->fixture->db, STORE_READ, &reader, &bench->err), 0);
	assert_int_equal(store_list(reader, &all, &cursor, &bench->err), 0);
	assert_int_equal(store_cursor_next(cursor, &incident, &bench->err), 1);
	(void)retain_until_done(bench, &retention);
	struct store_retained again = retain_until_done(bench, &retention);
	assert_int_equal(again.raw_removed + again.incidents_removed, 0);
	store_cursor_close(cursor);
	store_close(reader);
	struct store_retained done = retain_until_done(bench, &retention);
	assert_true(done.bytes_after <= retention.max_bytes);
	assert_false(done.too_big);
	assert_sound(bench);
}

static void test_due(void **state) {
	struct bench *bench = *state;
	struct store_retention retention = {.now_us = NOW_US, .max_age_us = 25 * DAY_US};
	bool due = false;
	put_series(bench, 0, 5, 1, 20);
	/* At first the file rows have to be looked at. */
	assert_int_equal(store_retention_due(bench->store, &retention, &due, &bench->err), 0);
	assert_true(due);
	(void)retain_until_done(bench, &retention);
	assert_int_equal(store_retention_due(bench->store, &retention, &due, &bench->err), 0);
	assert_false(due);
	retention.max_bytes = 1000;
	assert_int_equal(store_retention_due(bench->store, &retention, &due, &bench->err), 0);
	assert_true(due);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_age_of_rows),
		TEST(test_age_of_bytes),
		TEST(test_bytes_come_back_by_name),
		TEST(test_shared_bytes),
		TEST(test_without_signature),
		TEST(test_stays_forgotten),
		TEST(test_size),
		TEST(test_size_takes_rows),
		TEST(test_files),
		TEST(test_texts),
		TEST(test_texts_used_meanwhile),
		TEST(test_killed),
		TEST(test_disk_full),
		TEST(test_dry_run_beside_a_writer),
		TEST(test_beside_a_reader),
		TEST(test_due),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
