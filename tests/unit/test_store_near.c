/* What stands near an incident in time, and how many crashes have something near. */
#include "state_fixture.h"

#include "base/clock.h"
#include "store/near.h"

struct at {
	unsigned number;
	enum report_kind kind;
	double second;
	const char *process, *machine, *model;
	bool simulated;
};

static void put_at(struct store *store, const struct at *at) {
	struct made made = made_default();
	made.kind = at->kind;
	made.captured_at_us = AT + (int64_t)(at->second * 1e6);
	made.process = at->process;
	made.machine = at->machine;
	made.model = at->model;
	made.simulated = at->simulated;
	if (at->kind == REPORT_PANIC)
		made.product = "Mac16,5";
	made.fault_address = at->kind == REPORT_GPU_EVENT ? 1
			     : at->kind == REPORT_PANIC   ? 2
							  : 0x5c8;
	if (at->kind == REPORT_GPU_EVENT)
		made.site = NULL;
	assert_int_equal(put_numbered(store, at->number, &made, NULL), STORE_ADDED);
}

static int add_neighbour(const struct store_neighbour *near, void *user) {
	buf_printf(user, "%lld %s %.1f %s%s %s %s\n", (long long)near->id,
		report_kind_names[near->kind], (double)near->distance_us / 1e6,
		near->process ? near->process : "-", near->same_process ? "!" : "",
		near->site ? "site" : "-", near->what ? near->what : "-");
	assert_non_null(near->incident_id);
	return 0;
}

static void assert_near(
	struct store *store, int64_t id, double before, double after, const char *expected) {
	struct buf text = {0};
	struct err err = {0};
	if (store_neighbours(store, id, (int64_t)(before * 1e6), (int64_t)(after * 1e6),
		    add_neighbour, &text, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void test_neighbours(void **state) {
	static const struct at all[] = {
		{.number = 1, .second = 0, .process = "python3.14-longest-name"},
		{.number = 2, .kind = REPORT_GPU_EVENT, .second = 1, .process = "python3.14-longe"},
		{.number = 3, .kind = REPORT_GPU_EVENT, .second = -3, .process = "WindowServer"},
		{.number = 4, .kind = REPORT_PANIC, .second = 60},
		{.number = 5, .second = 2, .process = "python3.14-longest-name"},
		{.number = 6, .second = 1, .process = "ollama"},
		{.number = 7, .kind = REPORT_JETSAM, .second = 1, .process = "ollama"},
		{.number = 8, .kind = REPORT_USER_FAULT, .second = 1, .process = "ollama"},
		{.number = 9, .second = 5.1, .process = "late"},
		{.number = 10, .kind = REPORT_GPU_EVENT, .second = 2.5, .process = "python3.14-"},
	};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct err err = {0};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		put_at(store, &all[i]);
	assert_near(store, 1, 5, 5,
		"2 gpu_event 1.0 python3.14-longe! - made-up lockup\n"
		"6 crash 1.0 ollama site A made-up title\n"
		"5 crash 2.0 python3.14-longest-name! site A made-up title\n"
		"10 gpu_event 2.5 python3.14- - made-up lockup\n"
		"3 gpu_event -3.0 WindowServer - made-up lockup\n");
	assert_near(store, 1, 0, 60.0, /* the bounds are in it */
		"2 gpu_event 1.0 python3.14-longe! - made-up lockup\n"
		"6 crash 1.0 ollama site A made-up title\n"
		"5 crash 2.0 python3.14-longest-name! site A made-up title\n"
		"10 gpu_event 2.5 python3.14- - made-up lockup\n"
		"9 crash 5.1 late site A made-up title\n"
		"4 panic 60.0 - site A made-up title\n");
	assert_near(store, 2, 1.5, 0,
		"6 crash 0.0 ollama site A made-up title\n"
		"1 crash -1.0 python3.14-longest-name! site A made-up title\n");
	/* Nothing is near what is none of them. */
	assert_near(store, 7, 100, 100, "");
	assert_int_equal(store_neighbours(store, 99, 1, 1, add_neighbour, NULL, &err), -ENOENT);
	/* However wide. */
	struct buf text = {0};
	assert_int_equal(
		store_neighbours(store, 9, INT64_MAX, INT64_MAX, add_neighbour, &text, &err), 0);
	buf_finish(&text);
	store_close(store);
}

/* Reports of different machines have nothing to do with each other; nor have simulated ones with
 * real ones. */
static void test_machines(void **state) {
	static const struct at all[] = {
		{.number = 1, .process = "p", .machine = "A", .model = "Mac16,5"},
		{.number = 2, .second = 1, .process = "p", .machine = "B", .model = "Mac16,5"},
		{.number = 3, .second = 2, .process = "p", .machine = "A", .model = "Mac16,5"},
		{.number = 4, .second = 3, .process = "p", .model = "Mac16,5"},
		{.number = 5, .second = 4, .process = "p", .model = "Mac14,2"},
		{.number = 6,
			.second = 5,
			.process = "p",
			.machine = "A",
			.model = "Mac16,5",
			.simulated = true},
		{.number = 7, .kind = REPORT_PANIC, .second = 6, .machine = "B"},
		{.number = 8, .kind = REPORT_PANIC, .second = 7},
	};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		put_at(store, &all[i]);
	assert_near(store, 1, 9, 9,
		"3 crash 2.0 p! site A made-up title\n4 crash 3.0 p! site A made-up title\n"
		"8 panic 7.0 - site A made-up title\n");
	assert_near(store, 6, 9, 9, "");
	assert_near(store, 5, 9, 9,
		"7 panic 2.0 - site A made-up title\n8 panic 3.0 - site A made-up title\n");
	store_close(store);
}

static struct store_correlation correlate(
	struct store *store, const char *match, double window, double panic_window) {
	const char *const matches[] = {match};
	const struct store_filter filter = {
		.matches = matches, .match_count = match != NULL ? 1 : 0};
	struct store_correlation ret;
	struct err err = {0};
	if (store_correlate(store, &filter, (int64_t)(window * 1e6), (int64_t)(panic_window * 1e6),
		    &ret, &err) < 0)
		fail_msg("%s", err.text);
	return ret;
}

static void test_correlate(void **state) {
	static const struct at all[] = {
		{.number = 1, .second = 0, .process = "python3.14-longest-name"},
		{.number = 2, .second = 3, .process = "python3.14-longest-name"},
		{.number = 3, .kind = REPORT_GPU_EVENT, .second = 5, .process = "python3.14-longe"},
		{.number = 4, .second = 4, .process = "ollama"},
		{.number = 5, .kind = REPORT_GPU_EVENT, .second = 100, .process = "ollama"},
		{.number = 6, .kind = REPORT_GPU_EVENT, .second = 9.5, .process = "ollama"},
		{.number = 7, .kind = REPORT_PANIC, .second = 300},
		{.number = 8, .kind = REPORT_PANIC, .second = -1},
		{.number = 9, .kind = REPORT_PANIC, .second = 305},
		{.number = 10, .kind = REPORT_JETSAM, .second = 3},
	};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct store_correlation none = correlate(store, NULL, 5, 300);
	assert_int_equal(none.crashes + none.gpu_events + none.near_gpu_event, 0);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		put_at(store, &all[i]);
	struct store_correlation got = correlate(store, NULL, 5, 300);
	assert_int_equal(got.crashes, 3);
	assert_int_equal(got.gpu_events, 3);
	assert_int_equal(got.panics, 3);
	assert_int_equal(got.near_gpu_event, 2);
	assert_int_equal(got.gpu_events_near, 1);
	assert_int_equal(got.gpu_events_beside, 1);
	assert_int_equal(got.panics_near, 1);
	assert_int_equal(correlate(store, NULL, 5.5, 301).gpu_events_near, 2);
	assert_int_equal(correlate(store, NULL, 5.5, 301).panics_near, 2);
	assert_int_equal(correlate(store, NULL, 4.9, 0).near_gpu_event, 1);
	/* The crashes of one site, against all GPU events. */
	got = correlate(store, "kind=crash", 5, 300);
	assert_int_equal(got.crashes, 3);
	assert_int_equal(got.near_gpu_event, 2);
	assert_int_equal(got.gpu_events + got.gpu_events_near + got.panics + got.panics_near, 0);
	assert_int_equal(got.gpu_events_beside + got.crashes_simulated + got.near_simulated, 0);
	got = correlate(store, "ollama", 5.5, 300);
	assert_int_equal(got.crashes, 1);
	assert_int_equal(got.gpu_events, 2);
	assert_int_equal(got.near_gpu_event, 1);
	assert_int_equal(got.gpu_events_near, 1);
	store_close(store);
}

/* Counted the slow way, and fast enough, also where all is near all. */
static void test_many(void **state) {
	enum { CRASHES = 7000, EVENTS = 3000 };
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct err err = {0};
	unsigned seed = 1;
	char name[64], sql[512];
	(void)fixture;
	assert_int_equal(store_begin(store, &err), 0);
	for (unsigned i = 0; i < CRASHES + EVENTS; i++) {
		struct made made = made_default();
		enum store_put put;
		char id[64], bytes[64];
		seed = seed * 1103515245u + 12345u;
		snprintf(id, sizeof id, "%08X-0000-4000-8000-000000000000", i);
		snprintf(bytes, sizeof bytes, "{\"n\":%u}", i);
		snprintf(name, sizeof name, "process-%03u-of-a-long-name", seed / 65536 % 40);
		if (i >= CRASHES)
			name[16] = '\0';
		made.kind = i < CRASHES ? REPORT_CRASH : REPORT_GPU_EVENT;
		made.id = id;
		made.bytes = bytes;
		made.path = NULL;
		made.process = name;
		made.captured_at_us = AT + (int64_t)(seed / 7 % 2000000) * 10000;
		assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	}
	assert_int_equal(store_commit(store, &err), 0);
	int64_t begin_us = clock_monotonic_us();
	struct store_correlation got = correlate(store, NULL, 5, 300);
	int64_t took_us = clock_monotonic_us() - begin_us;
	print_message("%d ms\n", (int)(took_us / 1000));
	assert_in_range(took_us, 0, 5000000);
	begin_us = clock_monotonic_us();
	struct store_correlation wide = correlate(store, NULL, 1e6, 300);
	print_message("%d ms, all near all\n", (int)((clock_monotonic_us() - begin_us) / 1000));
	assert_int_equal(wide.near_gpu_event, CRASHES);
	assert_int_equal(wide.gpu_events_near, EVENTS);
	store_close(store);
	snprintf(sql, sizeof sql,
		"with c as (select * from incidents where kind = 'crash'), g as (select * from "
		"incidents where kind = 'gpu_event') select count(distinct c.id) || ' ' || "
		"count(distinct g.id) from g join incident gi on gi.id = g.id join incident ci "
		"indexed by incident_by_time on ci.captured_at between gi.captured_at - 5000000 and "
		"gi.captured_at + 5000000 join c on c.id = ci.id "
		"where substr(c.process, 1, 16) = g.process");
	snprintf(name, sizeof name, "%lld %lld", (long long)got.near_gpu_event,
		(long long)got.gpu_events_near);
	assert_in_range(got.near_gpu_event, 10, CRASHES - 10);
	assert_sql(fixture->db, sql, name);
}

/* ---- storms ---- */

static void put_storm(struct store *store, unsigned first, unsigned count, const struct at *like,
	double seconds) {
	struct err err = {0};
	assert_int_equal(store_begin(store, &err), 0);
	for (unsigned i = 0; i < count; i++) {
		struct made made = made_default();
		enum store_put put;
		char id[64], bytes[64];
		snprintf(id, sizeof id, "%08X-0000-4000-8000-000000000000", first + i);
		snprintf(bytes, sizeof bytes, "{\"n\":%u}", first + i);
		made.kind = like->kind;
		made.id = id;
		made.bytes = bytes;
		made.path = NULL;
		made.process = like->process;
		made.machine = like->machine;
		made.captured_at_us = AT + (int64_t)((like->second + seconds * i / count) * 1e6);
		assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	}
	assert_int_equal(store_commit(store, &err), 0);
}

/* Ten thousand of each within an hour cost what their rows cost, near or not. */
static void test_storm(void **state) {
	enum { COUNT = 10000 };
	static const struct at crashes = {.process = "Python", .machine = "A"};
	static const struct at events = {.kind = REPORT_GPU_EVENT, .process = "Python"};
	static const struct at others = {
		.kind = REPORT_GPU_EVENT, .process = "Python", .machine = "B"};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	put_storm(store, 0, COUNT, &crashes, 3600);
	put_storm(store, COUNT, COUNT, &events, 3600);
	put_storm(store, 2 * COUNT, COUNT, &others, 3600);
	const double windows[] = {5, 3600};
	for (size_t i = 0; i < 2; i++) {
		int64_t begin_us = clock_monotonic_us();
		struct store_correlation got = correlate(store, NULL, windows[i], 300);
		int64_t took_us = clock_monotonic_us() - begin_us;
		print_message("%d ms\n", (int)(took_us / 1000));
		assert_int_equal(got.near_gpu_event, COUNT);
		assert_int_equal(got.gpu_events_near, COUNT);
		assert_in_range(took_us, 0, 3000000);
	}
	store_close(store);
}

/* More crashes than are told do not hide the GPU event and the panic behind them. */
static void test_neighbours_in_storm(void **state) {
	static const struct at crashes = {.process = "Python", .second = 1};
	static const struct at more[] = {
		{.number = 1, .process = "Python"},
		{.number = 2, .kind = REPORT_GPU_EVENT, .second = 200, .process = "Python"},
		{.number = 3, .kind = REPORT_PANIC, .second = -300},
	};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct buf text = {0};
	struct err err = {0};
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		put_at(store, &more[i]);
	put_storm(store, 100, 2 * STORE_NEIGHBOURS_MAX + 500, &crashes, 100);
	assert_int_equal(
		store_neighbours(store, 1, 400000000, 400000000, add_neighbour, &text, &err), 0);
	const char *last = buf_str(&text);
	size_t lines = 0;
	for (const char *c = last; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, STORE_NEIGHBOURS_MAX + 2);
	/* The nearest crash first, the farthest of them all last. */
	assert_true(strncmp(last, "4 crash 1.0 ", strlen("4 crash 1.0 ")) == 0);
	assert_non_null(strstr(last, "\n2 gpu_event 200.0 Python! - made-up lockup\n"
				     "3 panic -300.0 - site A made-up title\n"));
	buf_finish(&text);
	store_close(store);
}

/* ---- every pair ---- */

enum { PAIRS_MAX = 400 };

/* What is put, once more, for the plainest way to count. */
static struct near_row put_any(struct store *store, unsigned number, unsigned *seed, char *name) {
	static const char *const machines[] = {NULL, "A", "B"}, *const models[] = {
									NULL, "M1", "M2"};
	unsigned dice[6];
	for (size_t i = 0; i < 6; i++) {
		*seed = *seed * 1103515245u + 12345u;
		dice[i] = *seed / 65536;
	}
	struct at at = {.number = number,
		.kind = dice[0] % 10 == 0  ? REPORT_PANIC
			: dice[0] % 2 == 0 ? REPORT_CRASH
					   : REPORT_GPU_EVENT,
		.second = dice[1] % 4000 / 10.0,
		.process = name,
		.machine = machines[dice[2] % 3],
		.model = models[dice[3] % 3],
		.simulated = dice[4] % 3 == 0};
	snprintf(name, 32, "%s-%u", dice[5] % 2 ? "python3.14-long" : "app", dice[5] / 2 % 3);
	if (at.kind == REPORT_GPU_EVENT)
		name[15] = '\0';
	put_at(store, &at);
	return (struct near_row){.id = number,
		.at_us = AT + (int64_t)(at.second * 1e6),
		.kind = at.kind,
		.machine = {dice[2] % 3, dice[2] % 3 != 0},
		/* The fixture's own where none is named; a panic tells a product instead. */
		.model = {dice[3] % 3, at.kind != REPORT_PANIC},
		.simulated = at.simulated};
}

/* Near in the sense of each of the pair alone. */
static bool is_pair(const struct near_row *crash, const char *crash_name,
	const struct near_row *other, const char *other_name) {
	int64_t apart = crash->at_us - other->at_us;
	if (crash->kind != REPORT_CRASH || !near_same_machine(crash, other))
		return false;
	if (other->kind == REPORT_PANIC)
		return apart <= 0 && apart >= -20000000;
	return other->kind == REPORT_GPU_EVENT && near_same_process(crash_name, other_name) &&
	       apart >= -3000000 && apart <= 3000000;
}

/* The same of whatever process. */
static bool is_beside(const struct near_row *crash, const struct near_row *event) {
	int64_t apart = crash->at_us - event->at_us;
	return crash->kind == REPORT_CRASH && event->kind == REPORT_GPU_EVENT &&
	       near_same_machine(crash, event) && apart >= -3000000 && apart <= 3000000;
}

static void test_every_pair(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	static struct near_row rows[PAIRS_MAX];
	static char names[PAIRS_MAX][32];
	static bool crash_near[PAIRS_MAX], other_near[PAIRS_MAX], beside[PAIRS_MAX];
	struct store_correlation expected = {0};
	unsigned seed = 7;
	for (unsigned i = 0; i < PAIRS_MAX; i++)
		rows[i] = put_any(store, i + 1, &seed, names[i]);
	for (size_t i = 0; i < PAIRS_MAX; i++)
		for (size_t k = 0; k < PAIRS_MAX; k++) {
			beside[k] |= is_beside(&rows[i], &rows[k]);
			if (is_pair(&rows[i], names[i], &rows[k], names[k])) {
				crash_near[i] |= rows[k].kind == REPORT_GPU_EVENT;
				other_near[k] = true;
			}
		}
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		expected.crashes_simulated += rows[i].kind == REPORT_CRASH && rows[i].simulated;
		expected.near_simulated += crash_near[i] && rows[i].simulated;
		expected.gpu_events_beside += beside[i];
		expected.near_gpu_event += crash_near[i];
		expected.gpu_events_near += other_near[i] && rows[i].kind == REPORT_GPU_EVENT;
		expected.panics_near += other_near[i] && rows[i].kind == REPORT_PANIC;
	}
	struct store_correlation got = correlate(store, NULL, 3, 20);
	assert_in_range(expected.near_gpu_event, 10, PAIRS_MAX / 2);
	assert_in_range(expected.panics_near, 3, PAIRS_MAX / 10);
	assert_int_equal(got.near_gpu_event, expected.near_gpu_event);
	assert_int_equal(got.gpu_events_near, expected.gpu_events_near);
	assert_int_equal(got.panics_near, expected.panics_near);
	assert_in_range(expected.near_simulated, 1, expected.near_gpu_event - 1);
	assert_int_equal(got.near_simulated, expected.near_simulated);
	assert_int_equal(got.crashes_simulated, expected.crashes_simulated);
	assert_true(expected.gpu_events_beside > expected.gpu_events_near);
	assert_int_equal(got.gpu_events_beside, expected.gpu_events_beside);
	store_close(store);
}

/* ---- evidence ---- */

static int add_call(const struct store_call *call, void *user) {
	buf_printf(user, "%s %s %d %lld\n", call->image ? call->image : "-",
		call->symbol ? call->symbol : "-", call->blocked, (long long)call->threads);
	return 0;
}

static int add_frame(const struct store_frame *frame, size_t index, void *user) {
	buf_printf(user, "%zu %s %s %lld\n", index, frame->image ? frame->image : "-",
		frame->symbol ? frame->symbol : "-",
		frame->offset.set ? (long long)frame->offset.value : -1);
	return 0;
}

static void assert_calls(struct store *store, const char *word, const char *expected) {
	struct incident incident;
	struct buf text = {0};
	struct err err = {0};
	assert_int_equal(store_find(store, word, &incident, &err), 0);
	assert_int_equal(store_calls(store, incident.calls_id, add_call, &text, &err), 0);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void test_calls(void **state) {
	struct concurrent_thread threads[] = {
		{.index = 1, .image = "Metal", .symbol = "wait", .blocked = true},
		{.index = 2, .image = "AGXMetalG16X", .symbol = "\"bind\" [x], {\\y}"},
		{.index = 3, .image = "Metal", .symbol = "wait", .blocked = true, .name = "other"},
		{.index = 4, .image = "Metal", .symbol = "wait"},
		{.index = 5},
	};
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct incident incident;
	struct buf text = {0};
	struct err err = {0};
	made.concurrent = threads;
	made.concurrent_count = 5;
	made.machine = "31EF1460-0000-0000-0000-000000000000";
	put_numbered(store, 1, &made, NULL);
	struct concurrent_thread first = threads[0];
	threads[0] = threads[4];
	threads[4] = first;
	put_numbered(store, 2, &made, NULL);
	made.concurrent_count = 0;
	put_numbered(store, 3, &made, NULL);
	made.concurrent = NULL;
	put_numbered(store, 4, &made, NULL);
	assert_int_equal(store_find(store, "1", &incident, &err), 0);
	assert_string_equal(incident.machine, made.machine);
	assert_string_equal(incident.attribution, "driver");
	assert_string_equal(incident.base_register, "x20");
	assert_int_equal(incident.displacement.value, 0x5c8);
	assert_int_equal(store_stack(store, incident.stack_id, add_frame, &text, &err), 0);
	assert_string_equal(buf_str(&text),
		"0 AGXMetalG16X -[Context setComputePipelineState:] 32\n1 Python - 4096\n");
	buf_finish(&text);
	assert_calls(store, "1",
		"- - 0 1\nAGXMetalG16X \"bind\" [x], {\\y} 0 1\nMetal wait 0 1\nMetal wait 1 2\n");
	/* None, and not known. */
	assert_int_equal(store_find(store, "3", &incident, &err), 0);
	assert_int_equal(incident.calls_id, 0);
	assert_calls(store, "3", "");
	assert_int_equal(store_find(store, "4", &incident, &err), 0);
	assert_int_equal(incident.calls_id, -1);
	store_close(store);
	/* The order of the threads is none of the calls'. */
	assert_sql(fixture->db, "select count(*) from call_list", "1");
	assert_sql(fixture->db,
		"select count(*) || sum(threads) || sum(blocked) from calls "
		"where incident = 2",
		"451");
	assert_sql(fixture->db, "select machine from incidents where id = 2", made.machine);
	assert_sql(
		fixture->db, "select count(*) from incidents where machine glob '31EF1460-*'", "4");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_neighbours),
		TEST(test_machines),
		TEST(test_correlate),
		TEST(test_many),
		TEST(test_storm),
		TEST(test_neighbours_in_storm),
		TEST(test_every_pair),
		TEST(test_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
