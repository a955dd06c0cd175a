/* What retention takes and leaves: ages, sizes, what stays whole, what stays forgotten, kills. */
#include "store_fixture.h"

#include <signal.h>

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
	bool own = bench->err.code == 0;
	assert_true(own);
	assert_int_equal(store_begin(bench->store, &bench->err), 0);
	assert_int_equal(made_put(bench->store, &made, &ret, NULL, &bench->err), 0);
	assert_int_equal(store_commit(bench->store, &bench->err), 0);
	return ret;
}

/* count incidents of one signature, one a day, the oldest that many days old. */
static void put_series(struct bench *bench, int first, int count, int signature, int age_days) {
	for (int i = 0; i < count; i++)
		put(bench, &(struct some){.number = first + i, .signature = signature,
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
	/* 20 of them are older, the first stays; of the 5 the first and the last three do. The
	 * file rows go with them: there never were files. */
	assert_int_equal(done.incidents_removed, 16 + 1);
	assert_int_equal(before.incidents_removed, done.incidents_removed);
	assert_int_equal(before.raw_removed, done.raw_removed);
	assert_int_equal(before.files_removed, done.files_removed);
	assert_int_equal(done.files_removed, done.incidents_removed);
	assert_sound(bench);
	assert_int_equal(retain_until_done(bench, &retention).incidents_removed, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_age_of_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
