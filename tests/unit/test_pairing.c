/* Which trial a report belongs to, with trials, processes and reports made by hand. Times are
 * seconds. */
#include "repro/pairing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static struct i64_opt at(double seconds) {
	return (struct i64_opt){.value = (int64_t)(seconds * (double)S), .set = true};
}

static struct i64_opt told(int64_t value) {
	return (struct i64_opt){.value = value, .set = true};
}

static struct process_info process(pid_t number, pid_t parent, int64_t started) {
	return (struct process_info){.pid = number,
		.parent = parent,
		.birth = started,
		.started_at_us = started * S,
		.name = "sh"};
}

/* A trial whose process has the pid and started with it; it may have had a child. */
static size_t add(struct pairing *pairing, pid_t pid, pid_t child, int64_t started, int64_t ended) {
	const struct process_info before[] = {process(1, 0, 0), process(5, 1, 0)};
	struct process_info during[] = {process(1, 0, 0), process(5, 1, 0),
		process(pid, 5, started), process(child, pid, started)};
	struct process_info after[] = {process(1, 0, 0), process(5, 1, 0)};
	struct tree tree;
	size_t ret;
	const struct pairing_trial trial = {.id = 100 + (int64_t)pairing->count,
		.started_at_us = started * S,
		.pid = told(pid),
		.launched_at_us = at((double)started)};
	assert_int_equal(tree_init(&tree, &during[2], before, 2, started * S), 0);
	assert_int_equal(tree_update(&tree, during, child ? 4 : 3, started * S), 0);
	assert_int_equal(pairing_add(pairing, &trial, &ret), 0);
	assert_int_equal(tree_update(&tree, after, 2, ended * S), 0);
	tree.items[0].seen_at_us = ended * S;
	if (child)
		tree.items[1].seen_at_us = ended * S;
	pairing_end(pairing, ret, ended * S, &tree);
	assert_int_equal(tree.count, 0);
	return ret;
}

static struct arrival report(
	int64_t id, int64_t pid, int64_t parent, double launched, double captured) {
	return (struct arrival){.id = id,
		.crash = true,
		.says = {.pid = told(pid),
			.parent_pid = told(parent),
			.launched_at_us = at(launched),
			.captured_at_us = at(captured)}};
}

/* Its place, and it is the trial's from then on. */
static size_t give(struct pairing *pairing, const struct arrival *arrival, enum pairing_rank rank) {
	enum pairing_rank found;
	size_t ret = pairing_find(pairing, arrival, &found);
	if (ret == PAIRING_NONE)
		return ret;
	assert_int_equal(found, rank);
	pairing_set(pairing, ret, arrival, found);
	return ret;
}

static void test_itself(void **state) {
	struct pairing pairing = {0};
	for (int i = 0; i < 20; i++)
		assert_int_equal(add(&pairing, 100 + i, 0, 10 + 2 * i, 11 + 2 * i), i);
	/* In another order than they ended in; clocks differ a little. */
	for (int i = 19; i >= 0; i--) {
		double skew = i % 2 ? 1.2 : -0.9;
		struct arrival arrival = report(i + 1, 100 + i, 5, 10 + 2 * i + skew, 11.3 + 2 * i);
		assert_int_equal(give(&pairing, &arrival, PAIRING_ITSELF), i);
	}
	/* Each has one; a copy of an incident is nobody's. */
	struct arrival again = report(50, 107, 5, 24, 25);
	assert_int_equal(give(&pairing, &again, PAIRING_ITSELF), PAIRING_NONE);
	pairing_finish(&pairing);
}

static void test_strangers(void **state) {
	struct pairing pairing = {0};
	add(&pairing, 100, 0, 10, 12);
	/* Another pid; launched at another time; no crash. */
	const struct arrival foreign[] = {
		report(1, 101, 5, 10, 11), report(4, 100, 5, 2, 11), report(5, 100, 5, 12.5, 13)};
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		assert_int_equal(give(&pairing, &foreign[i], PAIRING_ITSELF), PAIRING_NONE);
	struct arrival event = report(6, 100, 5, 10, 11);
	event.crash = false;
	assert_int_equal(give(&pairing, &event, PAIRING_ITSELF), PAIRING_NONE);
	/* A report without a launch time has the pid and its capture, one without either nothing.
	 */
	struct arrival vague = report(7, 100, 5, 10, 40);
	vague.says.launched_at_us.set = false;
	assert_int_equal(give(&pairing, &vague, PAIRING_ITSELF), PAIRING_NONE);
	vague.says.captured_at_us.set = false;
	assert_int_equal(give(&pairing, &vague, PAIRING_ITSELF), PAIRING_NONE);
	vague.says.captured_at_us = at(11.5);
	assert_int_equal(give(&pairing, &vague, PAIRING_ITSELF), 0);
	pairing_finish(&pairing);
}

/* The reporter was slow, or the clock was set back while the trial ran. */
static void test_itself_at_any_time(void **state) {
	struct pairing pairing = {0};
	add(&pairing, 100, 150, 10, 12);
	add(&pairing, 101, 151, 3600, 3601);
	struct arrival slow = report(1, 100, 5, 10, 300);
	assert_int_equal(give(&pairing, &slow, PAIRING_ITSELF), 0);
	struct arrival back = report(2, 101, 5, 3600, 2);
	assert_int_equal(give(&pairing, &back, PAIRING_ITSELF), 1);
	/* Of a child less is known. */
	pairing.items[0].incident = 0;
	struct arrival child = report(3, 150, 100, 10, 300);
	assert_int_equal(give(&pairing, &child, PAIRING_PID), PAIRING_NONE);
	pairing_finish(&pairing);
}

/* Whole seconds in the report, and the same pid again and again. */
static void test_pid_reuse(void **state) {
	struct pairing pairing = {0};
	for (int i = 0; i < 3; i++)
		add(&pairing, 100, 0, 10 + 60 * i, 11 + 60 * i);
	struct arrival second = report(1, 100, 5, 70, 70);
	assert_int_equal(give(&pairing, &second, PAIRING_ITSELF), 1);
	struct arrival third = report(2, 100, 5, 130, 131);
	assert_int_equal(give(&pairing, &third, PAIRING_ITSELF), 2);
	struct arrival first = report(3, 100, 5, 10, 11);
	assert_int_equal(give(&pairing, &first, PAIRING_ITSELF), 0);
	pairing_finish(&pairing);
}

/* Trials of a second with one pid: the nearest start wins, then what is left. */
static void test_pid_reuse_at_once(void **state) {
	struct pairing pairing = {0};
	add(&pairing, 100, 0, 10, 11);
	add(&pairing, 100, 0, 11, 12);
	struct arrival late = report(1, 100, 5, 11.1, 11.9);
	assert_int_equal(give(&pairing, &late, PAIRING_ITSELF), 1);
	struct arrival early = report(2, 100, 5, 10.6, 10.9);
	assert_int_equal(give(&pairing, &early, PAIRING_ITSELF), 0);
	pairing_finish(&pairing);
}

static void test_children(void **state) {
	struct pairing pairing = {0};
	add(&pairing, 100, 101, 10, 12);
	add(&pairing, 200, 0, 13, 14);
	/* One that a sample had, and one that none had. */
	struct arrival seen = report(1, 101, 100, 10, 11);
	assert_int_equal(give(&pairing, &seen, PAIRING_PID), 0);
	struct arrival unseen = report(2, 250, 200, 13.5, 13.6);
	assert_int_equal(give(&pairing, &unseen, PAIRING_PARENT), 1);
	/* The process itself is surer, as long as nothing is for good. */
	struct arrival itself = report(3, 100, 5, 10, 12);
	assert_int_equal(give(&pairing, &itself, PAIRING_ITSELF), 0);
	assert_int_equal(pairing.items[0].incident, 3);
	pairing.items[1].paired = true;
	itself = report(4, 200, 5, 13, 14);
	assert_int_equal(give(&pairing, &itself, PAIRING_ITSELF), PAIRING_NONE);
	pairing_finish(&pairing);
}

/* A trial tells itself which process matters. */
static void test_by_itself(void **state) {
	struct pairing pairing = {0};
	size_t trial = add(&pairing, 100, 101, 10, 12);
	pairing.items[trial].pid = told(102);
	pairing.items[trial].launched_at_us = at(10.2);
	struct arrival other = report(1, 101, 100, 10, 11);
	assert_int_equal(give(&pairing, &other, PAIRING_PID), trial);
	struct arrival matters = report(2, 102, 100, 10.2, 11);
	assert_int_equal(give(&pairing, &matters, PAIRING_ITSELF), trial);
	pairing_finish(&pairing);
}

/* A process that lived too shortly for any sample, and so did its parent: the trial that had begun
 * last; of older trials too little is kept. */
static void test_launch(void **state) {
	struct pairing pairing = {0};
	for (int i = 0; i < PAIRING_WHOLE + 2; i++)
		add(&pairing, 100 + 10 * i, 0, 10 + 3 * i, 12 + 3 * i);
	struct arrival last =
		report(1, 999, 998, 10.5 + 3 * (PAIRING_WHOLE + 1), 11 + 3 * (PAIRING_WHOLE + 1));
	assert_int_equal(give(&pairing, &last, PAIRING_LAUNCH), PAIRING_WHOLE + 1);
	struct arrival middle = report(2, 999, 998, 10.5 + 3 * 3, 11 + 3 * 3);
	assert_int_equal(give(&pairing, &middle, PAIRING_LAUNCH), 3);
	struct arrival old = report(3, 999, 998, 10.5, 11);
	assert_int_equal(give(&pairing, &old, PAIRING_LAUNCH), PAIRING_NONE);
	pairing_finish(&pairing);
}

/* As long as its parent lives, nobody knows. */
static void test_open(void **state) {
	struct pairing pairing = {0};
	size_t trial = add(&pairing, 100, 0, 10, 12), found;
	struct process_info with[] = {process(1, 0, 0), process(5, 1, 0), process(998, 1, 10)};
	struct process_info without[] = {process(1, 0, 0), process(5, 1, 0)};
	struct arrival arrival = report(1, 999, 998, 10.5, 11), again;
	enum pairing_rank rank;
	pairing_update(&pairing, with, 3, 12 * S);
	assert_int_equal(give(&pairing, &arrival, PAIRING_LAUNCH), PAIRING_NONE);
	assert_true(pairing_is_open(&pairing));
	assert_false(pairing_next(&pairing, &again, &found, &rank));
	assert_true(pairing_is_open(&pairing));
	pairing_update(&pairing, without, 2, 13 * S);
	assert_true(pairing_next(&pairing, &again, &found, &rank));
	assert_true(found == trial && again.id == 1 && rank == PAIRING_LAUNCH);
	assert_false(pairing_is_open(&pairing));
	pairing_finish(&pairing);
}

static void test_live(void **state) {
	struct pairing pairing = {0};
	struct tree tree;
	struct process_info root = process(100, 5, 10);
	size_t trial;
	assert_int_equal(tree_init(&tree, &root, NULL, 0, 10 * S), 0);
	const struct pairing_trial running = {
		.id = 1, .started_at_us = 10 * S, .pid = told(100), .live = &tree};
	assert_int_equal(pairing_add(&pairing, &running, &trial), 0);
	struct arrival child = report(1, 150, 100, 500, 501);
	assert_int_equal(give(&pairing, &child, PAIRING_PARENT), trial);
	pairing_end(&pairing, trial, 502 * S, &tree);
	assert_int_equal(pairing.items[trial].rank, PAIRING_PARENT);
	struct arrival itself = report(2, 100, 5, 10, 502);
	assert_int_equal(give(&pairing, &itself, PAIRING_ITSELF), trial);
	pairing_finish(&pairing);
}

/* The report comes before the trial has told which process it was. */
static void test_live_told(void **state) {
	struct pairing pairing = {0};
	struct tree tree;
	struct process_info root = process(100, 5, 10);
	size_t trial;
	assert_int_equal(tree_init(&tree, &root, NULL, 0, 10 * S), 0);
	const struct pairing_trial running = {
		.id = 1, .started_at_us = 10 * S, .pid = told(100), .live = &tree};
	assert_int_equal(pairing_add(&pairing, &running, &trial), 0);
	struct arrival child = report(1, 150, 100, 10, 11);
	assert_int_equal(give(&pairing, &child, PAIRING_PARENT), trial);
	pairing.items[trial].pid = told(150);
	pairing.items[trial].launched_at_us = at(10);
	pairing_end(&pairing, trial, 12 * S, &tree);
	assert_int_equal(pairing.items[trial].rank, PAIRING_ITSELF);
	pairing_finish(&pairing);
}

/* A thousand trials keep little each. */
static void test_many(void **state) {
	struct pairing pairing = {0};
	for (int i = 0; i < 1000; i++)
		add(&pairing, 100 + i, 0, 10 + i, 11 + i);
	for (int i = 999; i >= 0; i--) {
		struct arrival arrival = report(i + 1, 100 + i, 5, 10 + i, 10.5 + i);
		assert_int_equal(give(&pairing, &arrival, PAIRING_ITSELF), i);
		assert_true(i >= 1000 - PAIRING_WHOLE || !pairing.items[i].tree.strangers.words);
		assert_int_equal(pairing.items[i].tree.cap, 1);
	}
	pairing_finish(&pairing);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_itself),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_itself_at_any_time),
		cmocka_unit_test(test_pid_reuse),
		cmocka_unit_test(test_pid_reuse_at_once),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_by_itself),
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_live_told),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
