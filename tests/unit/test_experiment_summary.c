/* What experiments come to: counts, names, comparisons, words, and what each writer makes of them.
 */
#include "export/experiment_parts.h"
#include "export/experiment_summary.h"
#include "made_experiment.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct scene {
	struct fixture *fixture;
	struct store *store;
	struct experiment_summary summary;
	struct buf text;
};

static int setup(void **state) {
	struct scene *scene = calloc(1, sizeof *scene);
	struct err err = {0};
	void *fixture = NULL;
	assert_non_null(scene);
	if (fixture_setup(&fixture) < 0)
		return -1;
	scene->fixture = fixture;
	if (store_open(scene->fixture->db, STORE_WRITE, &scene->store, &err) < 0)
		fail_msg("%s", err.text);
	*state = scene;
	return 0;
}

static int teardown(void **state) {
	struct scene *scene = *state;
	void *fixture = scene->fixture;
	buf_finish(&scene->text);
	experiment_summary_finish(&scene->summary);
	store_close(scene->store);
	free(scene);
	return fixture_teardown(&fixture);
}

static struct store_condition locked(const char *lock, int64_t threads) {
	return (struct store_condition){.backend = "metal",
		.scenario = "shared-queue",
		.lock = lock,
		.threads = {threads, true},
		.env = "{}",
		.command = "[\"agxtriage-repro\"]",
		.throughput_unit = "ops/s"};
}

static const struct store_experiment plain = {.kind = EXPERIMENT_REPRO,
	.started_at_us = MADE_STARTED_US,
	.ended_at_us = {MADE_STARTED_US + 60000000, true},
	.runs = 15,
	.command = "[\"agxtriage\",\"repro\"]",
	.settings = "{}",
	.platform = "{\"model\":\"Mac16,5\",\"os_build\":\"24G419\"}"};

/* An experiment whose condition i crashed crashed[i] times of runs[i]. */
static void put_counts(struct scene *scene, const struct store_condition *rows, size_t count,
	const int *crashed, const int *runs, double throughput) {
	struct made_experiment made;
	made_begin(&made, scene->store, &plain, rows, count);
	for (size_t i = 0; i < count; i++) {
		const struct made_trials trials[] = {
			{.condition = (int64_t)i,
				.count = crashed[i],
				.outcome = TRIAL_CRASHED,
				.signal = 11,
				.label = "quota"},
			{.condition = (int64_t)i,
				.count = runs[i] - crashed[i],
				.outcome = TRIAL_FINISHED,
				.throughput = throughput * (double)(i + 1),
				.step = throughput / 100},
		};
		made_trials(&made, trials, COUNT(trials));
	}
}

static void load(struct scene *scene, const char *word) {
	struct err err = {0};
	experiment_summary_finish(&scene->summary);
	if (experiment_summary_load(scene->store, &word, 1, &scene->summary, &err) < 0)
		fail_msg("%s", err.text);
}

static const char *rate_text(struct scene *scene, size_t condition) {
	buf_reset(&scene->text);
	experiment_summary_rate(&scene->summary.conditions[condition], &scene->text);
	return buf_str(&scene->text);
}

static const char *name_text(struct scene *scene, size_t condition) {
	buf_reset(&scene->text);
	experiment_summary_name(&scene->summary, condition, &scene->text);
	return buf_str(&scene->text);
}

static const struct summary_comparison *compared(struct scene *scene, size_t a, size_t b) {
	for (size_t i = 0; i < scene->summary.comparison_count; i++)
		if (scene->summary.comparisons[i].a == a && scene->summary.comparisons[i].b == b)
			return &scene->summary.comparisons[i];
	return NULL;
}

static void assert_contains(const char *text, const char *part) {
	if (!text || !part || !strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part ? part : "", text ? text : "");
}

/* ---- counts and rates ---- */

static void test_rates(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {
		locked("none", 1), locked("none", 2), locked("none", 4), locked("none", 8)};
	put_counts(scene, rows, 4, (const int[]){0, 4, 15, 0}, (const int[]){15, 15, 15, 0}, 0);
	load(scene, "1");
	assert_int_equal(scene->summary.condition_count, 4);
	assert_string_equal(rate_text(scene, 0), "at most 20.4 % (Wilson)");
	assert_string_equal(rate_text(scene, 1), "26.7 % (10.9 to 52.0 %)");
	assert_string_equal(rate_text(scene, 2), "at least 79.6 % (Wilson)");
	assert_string_equal(rate_text(scene, 3), "no runs");
	/* What did not run is compared with nothing. */
	assert_int_equal(scene->summary.comparison_count, 3);
	assert_null(compared(scene, 0, 3));
}

static void test_outcomes(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("none", 4)};
	const struct made_trials trials[] = {
		{.count = 2, .outcome = TRIAL_CRASHED, .signal = 11, .site = "agx-bind-resource"},
		{.count = 1, .outcome = TRIAL_CRASHED, .signal = 11, .site = ""},
		{.count = 1, .outcome = TRIAL_CRASHED, .signal = 6, .label = "late"},
		{.count = 1, .outcome = TRIAL_CRASHED, .signal = 6},
		{.count = 1, .outcome = TRIAL_HUNG, .signal = 9},
		{.count = 1, .outcome = TRIAL_GPU_ERROR, .exit_status = 3, .error = "page fault"},
		{.count = 1, .outcome = TRIAL_WRONG_RESULT, .exit_status = 4},
		{.count = 1, .outcome = TRIAL_FAILED, .exit_status = 1, .error = "page fault"},
		{.count = 3, .outcome = TRIAL_INTERRUPTED},
		{.count = 1, .outcome = TRIAL_STARTED},
		{.count = 2, .outcome = TRIAL_FINISHED, .throughput = 100},
	};
	struct made_experiment made;
	made_begin(&made, scene->store, &plain, rows, 1);
	made_trials(&made, trials, COUNT(trials));
	load(scene, "latest");
	const struct summary_condition *condition = &scene->summary.conditions[0];
	assert_int_equal(condition->runs, 11);
	assert_int_equal(condition->planned, 15);
	assert_int_equal(condition->outcomes[TRIAL_CRASHED], 5);
	assert_int_equal(condition->outcomes[TRIAL_INTERRUPTED], 3);
	assert_int_equal(condition->sites.count, 2);
	assert_string_equal(condition->sites.items[0].text, "agx-bind-resource");
	assert_null(condition->sites.items[1].text);
	assert_int_equal(condition->labels.count, 2);
	assert_string_equal(condition->labels.items[0].text, "awaited");
	assert_string_equal(condition->labels.items[1].text, "late");
	/* A crash's own error is none of them. */
	assert_int_equal(condition->errors.count, 2);
	assert_string_equal(condition->errors.items[0].text, "page fault");
	assert_int_equal(condition->errors.items[0].count, 2);
	assert_null(condition->errors.items[1].text);
	/* Times and exit codes of all that count lie side by side. */
	assert_int_equal(condition->elapsed_count, 11);
	assert_int_equal(condition->exit_count, 11);
	assert_int_equal(condition->exit_codes[0], -11);
	assert_int_equal(condition->exit_codes[6], 3);
	assert_int_equal(condition->throughput_count, 2);
}

/* The trial's own time, not its process's, is what the threads had. */
static void test_lock_wait(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("global", 4), locked("none", 4)};
	const struct made_trials trials[] = {
		{.condition = 0,
			.count = 3,
			.outcome = TRIAL_FINISHED,
			.throughput = 1000,
			.operations = 1000,
			.lock_wait_s = 3,
			.latency = MADE_LATENCY(100.5, 200, 300)},
		{.condition = 1,
			.count = 1,
			.outcome = TRIAL_FINISHED,
			.throughput = 1000,
			.lock_wait_s = 3,
			.latency = "{\"operation\":{\"p50\":1}}"},
	};
	struct made_experiment made;
	made_begin(&made, scene->store, &plain, rows, 2);
	made_trials(&made, trials, COUNT(trials));
	load(scene, "1");
	const struct summary_condition *conditions = scene->summary.conditions;
	assert_true(conditions[0].lock_wait_share == 0.75);
	assert_true(conditions[0].p50_us == 100.5 && conditions[0].p99_us == 300);
	assert_true(conditions[1].lock_wait_share == 0.5); /* 1.5 s of 4 threads */
	assert_true(conditions[1].p50_us < 0);
}

/* ---- names and factors ---- */

static void test_names(void **state) {
	struct scene *scene = *state;
	const char *const both[] = {"1:1", "2"};
	const struct store_condition rows[] = {locked("none", 1), locked("global", 4)};
	struct err err = {0};
	put_counts(scene, rows, 2, (const int[]){0, 0}, (const int[]){1, 1}, 0);
	put_counts(scene, rows, 1, (const int[]){0}, (const int[]){1}, 0);
	load(scene, "1");
	assert_string_equal(name_text(scene, 0), "none, 1 thread");
	assert_string_equal(name_text(scene, 1), "global, 4 threads");
	load(scene, "2:0");
	assert_string_equal(name_text(scene, 0), "none, 1 thread");
	experiment_summary_finish(&scene->summary);
	assert_int_equal(experiment_summary_load(scene->store, both, 2, &scene->summary, &err), 0);
	assert_int_equal(scene->summary.condition_count, 2);
	assert_int_equal(scene->summary.experiment_count, 2);
	assert_string_equal(name_text(scene, 0), "experiment 1, global, 4 threads");
	assert_string_equal(name_text(scene, 1), "experiment 2, none, 1 thread");
}

/* A condition that is named twice counts once; order is as named. */
static void test_words(void **state) {
	struct scene *scene = *state;
	const char *const words[] = {"1:1", "1", "1:0", "latest:1"};
	const char *const none[] = {"1:2"}, *const bad[] = {"1:-1"}, *const gone[] = {"7"},
			  *const odd[] = {"x"};
	const struct store_condition rows[] = {locked("none", 1), locked("global", 4)};
	struct experiment_summary summary;
	struct err err = {0};
	put_counts(scene, rows, 2, (const int[]){0, 0}, (const int[]){1, 1}, 0);
	assert_int_equal(experiment_summary_load(scene->store, words, 4, &scene->summary, &err), 0);
	assert_int_equal(scene->summary.condition_count, 2);
	assert_int_equal(scene->summary.conditions[0].facts.number, 1);
	assert_int_equal(scene->summary.conditions[1].facts.number, 0);
	assert_int_equal(experiment_summary_load(scene->store, none, 1, &summary, &err), -ENOENT);
	assert_contains(err.text, "2 conditions");
	assert_int_equal(experiment_summary_load(scene->store, bad, 1, &summary, &err), -EINVAL);
	assert_int_equal(experiment_summary_load(scene->store, gone, 1, &summary, &err), -ENOENT);
	assert_int_equal(experiment_summary_load(scene->store, odd, 1, &summary, &err), -EINVAL);
	assert_int_equal(experiment_summary_load(scene->store, NULL, 0, &summary, &err), -ENOENT);
}

/* A variable's name may be as long as it likes; what is no environment is none. */
static void test_environment(void **state) {
	struct scene *scene = *state;
	static const char command[] = "[\"python3\",\"a b.py\",\"it's\",\"\"]";
	const struct store_condition rows[] = {
		{.env = "{\"A_NAME_THAT_IS_LONGER_THAN_ANY_KEY_OF_A_REPORT_CAN_EVER_BE\":\"1\","
			"\"SAME\":\"x\"}",
			.command = command},
		{.env = "{\"SAME\":\"x\",\"A_NAME_THAT_IS_LONGER_THAN_ANY_KEY_OF_A_REPORT_CAN_EVER_BE\":"
			"\"\"}",
			.command = command},
		{.env = "{\"SAME\":\"x\"}", .command = command},
		{.env = "[\"broken\"", .command = "{}"},
	};
	put_counts(scene, rows, 4, (const int[]){0, 1, 1, 0}, (const int[]){1, 1, 1, 1}, 0);
	load(scene, "1");
	assert_string_equal(name_text(scene, 0),
		"A_NAME_THAT_IS_LONGER_THAN_ANY_KEY_OF_A_REPORT_CAN_EVER_BE=1, SAME=x, "
		"python3 'a b.py' 'it'\\''s' ''");
	assert_contains(name_text(scene, 1), "CAN_EVER_BE empty, SAME=x");
	assert_contains(name_text(scene, 2), "no A_NAME");
	assert_int_equal(scene->summary.conditions[3].env_count, 0);
	assert_int_equal(scene->summary.conditions[3].word_count, 0);
	assert_true(compared(scene, 0, 1)->one_factor);
	assert_int_equal(compared(scene, 0, 1)->factor, SUMMARY_ENV);
	assert_true(compared(scene, 0, 2)->matters);
	assert_false(compared(scene, 1, 2)->matters); /* 0 is the first of that variable */
	assert_false(compared(scene, 2, 3)->one_factor);
}

/* ---- comparisons ---- */

static void test_what_matters(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("global", 1), locked("global", 4),
		locked("none", 1), locked("none", 4), locked("pipeline", 4), locked("none", 2)};
	put_counts(scene, rows, 6, (const int[]){0, 0, 0, 2, 1, 1}, (const int[]){3, 3, 3, 3, 3, 3},
		0);
	load(scene, "1");
	assert_int_equal(scene->summary.comparison_count, 15);
	assert_true(compared(scene, 0, 2)->matters);
	assert_true(compared(scene, 0, 2)->b_is_base); /* none is the base wherever it stands */
	assert_true(compared(scene, 1, 3)->matters);
	assert_false(compared(scene, 1, 4)->matters); /* there is none */
	assert_true(compared(scene, 3, 4)->matters);
	assert_false(compared(scene, 3, 4)->b_is_base);
	assert_false(compared(scene, 2, 3)->matters); /* 2 threads lie between */
	assert_true(compared(scene, 2, 5)->matters);
	assert_true(compared(scene, 3, 5)->b_is_base); /* fewer threads */
	assert_true(compared(scene, 0, 1)->matters);
	assert_false(compared(scene, 0, 3)->one_factor);
	assert_int_equal(experiment_shown_count(&scene->summary), 6);
}

/* Within an experiment where it can be, and none before all else. */
static void test_across_experiments(void **state) {
	struct scene *scene = *state;
	const char *const words[] = {"1", "2", "3"};
	const struct store_condition rows[] = {
		locked("none", 4), locked("global", 4), locked("pipeline", 4)};
	struct err err = {0};
	put_counts(scene, rows, 1, (const int[]){2}, (const int[]){3}, 0);
	put_counts(scene, rows + 1, 2, (const int[]){0, 0}, (const int[]){3, 3}, 0);
	put_counts(scene, rows, 2, (const int[]){2, 0}, (const int[]){3, 3}, 0);
	assert_int_equal(experiment_summary_load(scene->store, words, 3, &scene->summary, &err), 0);
	/* 0: 1 none; 1, 2: 2 global, pipeline; 3, 4: 3 none, global */
	assert_true(compared(scene, 0, 1)->matters);
	assert_contains(compared(scene, 0, 1)->conclusion,
		"global of experiment 2 crashed in 0 of 3 runs, none of experiment 1 in 2 of 3");
	assert_true(compared(scene, 0, 2)->matters);
	assert_false(compared(scene, 1, 2)->matters);
	assert_true(compared(scene, 3, 4)->matters);
	assert_false(compared(scene, 0, 4)->matters);
	assert_false(compared(scene, 1, 3)->matters); /* 0 comes first */
	assert_int_equal(compared(scene, 0, 3)->factor, SUMMARY_EXPERIMENT);
	assert_true(compared(scene, 0, 3)->matters);
	assert_contains(compared(scene, 0, 3)->conclusion, "Both crashed as often");
}

/* What a trial was told counts, where it writes its reports does not. */
static void test_settings(void **state) {
	struct scene *scene = *state;
	const char *const words[] = {"1", "2", "3"};
	struct store_condition rows[] = {locked("none", 4), locked("global", 4)};
	struct err err = {0};
	rows[0].command = rows[1].command =
		"[\"/bin/agxtriage-repro\",\"--die-with-parent\",\"--reports\",\"/a\","
		"\"--queues\",\"shared\",\"--lock\",\"none\",\"--threads\",\"4\"]";
	put_counts(scene, rows, 2, (const int[]){2, 0}, (const int[]){3, 3}, 0);
	rows[0].command = rows[1].command =
		"[\"agxtriage-repro\",\"--reports=/b\",\"--queues\",\"shared\",\"--gpu-latency\","
		"\"0\",\"--elements\",\"1\",\"--backend\",\"metal\"]";
	put_counts(scene, rows, 2, (const int[]){2, 0}, (const int[]){3, 3}, 0);
	rows[0].command = "[\"agxtriage-repro\",\"--queues\",\"shared\"]";
	put_counts(scene, rows, 1, (const int[]){2}, (const int[]){3}, 0);
	load(scene, "2");
	assert_string_equal(name_text(scene, 1), "global"); /* all have the same */
	experiment_summary_finish(&scene->summary);
	assert_int_equal(experiment_summary_load(scene->store, words, 3, &scene->summary, &err), 0);
	/* 0, 1: without, 2, 3: with further settings, 4: as 0 */
	assert_string_equal(name_text(scene, 0), "experiment 1, none, no further settings");
	assert_string_equal(
		name_text(scene, 3), "experiment 2, global, --gpu-latency 0 --elements 1");
	assert_int_equal(compared(scene, 0, 2)->factor, SUMMARY_SETTINGS);
	assert_true(compared(scene, 0, 2)->one_factor && compared(scene, 0, 2)->matters);
	assert_contains(compared(scene, 1, 3)->conclusion, "No crash on either side");
	assert_int_equal(compared(scene, 0, 1)->factor, SUMMARY_LOCK);
	assert_false(compared(scene, 0, 3)->one_factor); /* settings and lock */
	assert_false(compared(scene, 1, 2)->one_factor);
	assert_int_equal(compared(scene, 0, 4)->factor, SUMMARY_EXPERIMENT);
	buf_reset(&scene->text);
	experiment_text(&scene->summary, &(const struct term){0}, &scene->text);
	assert_contains(
		buf_str(&scene->text), "In all conditions: metal, shared-queue, --queues shared\n");
	assert_contains(buf_str(&scene->text), "  THREADS  SETTINGS ");
	assert_contains(buf_str(&scene->text), "Settings of the trials\n");
	assert_contains(buf_str(&scene->text),
		"--gpu-latency 0 --elements 1 of experiment 2 against no further settings of "
		"experiment 1, none\n");
	buf_reset(&scene->text);
	experiment_json(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), "\"a\":0,\"b\":2,\"factor\":\"settings\"");
	assert_contains(buf_str(&scene->text), "\"a\":0,\"b\":3,\"factor\":null");
}

/* Two commands under test, without a word for what they measure. */
static void test_commands(void **state) {
	struct scene *scene = *state;
	static const struct term plain_term = {0};
	const char *const words[] = {"1", "2"};
	const struct store_condition first = {.command = "[\"a\"]", .throughput_unit = ""},
				     second = {.command = "[\"b\"]", .throughput_unit = ""};
	struct err err = {0};
	put_counts(scene, &first, 1, (const int[]){0}, (const int[]){6}, 1000);
	put_counts(scene, &second, 1, (const int[]){0}, (const int[]){6}, 2000);
	assert_int_equal(experiment_summary_load(scene->store, words, 2, &scene->summary, &err), 0);
	assert_true(compared(scene, 0, 1)->matters);
	assert_contains(compared(scene, 0, 1)->conclusion,
		"Throughput of experiment 2: 2.00 (1.95 to 2.05) times that of experiment 1.");
	experiment_text(&scene->summary, &plain_term, &scene->text);
	assert_contains(buf_str(&scene->text), "THROUGHPUT");
	assert_contains(buf_str(&scene->text), "experiment 2 against experiment 1\n");
}

static void test_many_conditions(void **state) {
	struct scene *scene = *state;
	struct store_condition rows[66];
	struct made_experiment made;
	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = locked(i % 2 ? "none" : "global", (int64_t)(1 + i / 2));
	made_begin(&made, scene->store, &plain, rows, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		made_trials(&made,
			&(const struct made_trials){
				.condition = (int64_t)i, .count = 1, .outcome = TRIAL_FINISHED},
			1);
	load(scene, "1");
	/* 33 pairs of locks and, for each lock, 33 * 32 / 2 pairs of threads. */
	assert_int_equal(scene->summary.comparison_count, 33 + 2 * 528);
	for (size_t i = 0; i < scene->summary.comparison_count; i++)
		assert_true(scene->summary.comparisons[i].one_factor);
	assert_int_equal(experiment_shown_count(&scene->summary), 33 + 2 * 32);
}

static void test_conclusions(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {
		locked("none", 4), locked("global", 4), locked("pipeline", 4), locked("queue", 4)};
	put_counts(scene, rows, 4, (const int[]){9, 0, 6, 9}, (const int[]){15, 15, 15, 15}, 1000);
	load(scene, "1");
	const struct summary_comparison *firm = compared(scene, 0, 1);
	assert_contains(firm->conclusion,
		"global crashed less often than none: 0 of 15 against 9 of 15, -60.0 (-80.");
	assert_contains(firm->conclusion, "p 0.0007");
	assert_true(firm->has_ratio);
	/* 1000 .. 1050 by 10 against 2000 .. 2140 by 10 */
	assert_true(firm->ratio.value == 1025.0 / 2070);
	assert_contains(firm->conclusion, "Throughput of global: 2.02 (");
	assert_contains(compared(scene, 0, 2)->conclusion,
		"pipeline crashed in 6 of 15 runs, none in 9 of 15: -20.0 (");
	assert_contains(compared(scene, 0, 2)->conclusion,
		"The difference may well be chance. If the true rates are the measured ones, about "
		"110 runs of each would show a difference four times of five.");
	assert_contains(compared(scene, 0, 3)->conclusion,
		"Both crashed as often (9 of 15, 9 of 15); differences from -");
	assert_true(strstr(compared(scene, 0, 3)->conclusion, "about") == NULL);
}

/* What stands for how much, and what further runs are planned with. */
static void test_chance(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {
		locked("none", 4), locked("global", 4), locked("queue", 4), locked("pipeline", 4)};
	put_counts(scene, rows, 2, (const int[]){2, 0}, (const int[]){2, 2}, 0);
	put_counts(scene, rows, 4, (const int[]){6, 0, 1, 2}, (const int[]){12, 12, 12, 12}, 0);
	load(scene, "1");
	assert_contains(compared(scene, 0, 1)->conclusion,
		"points, p 0.33. The difference may well be chance. If the true rates are the "
		"measured ones, about 4 runs of each would show a difference four times of five.");
	load(scene, "2");
	assert_contains(compared(scene, 0, 1)->conclusion, "global crashed less often than none");
	assert_contains(compared(scene, 0, 2)->conclusion, "p 0.069, at the edge of chance. If ");
	assert_contains(compared(scene, 0, 3)->conclusion, "p 0.19, at the edge of chance. If ");
	assert_contains(compared(scene, 1, 3)->conclusion, "p 0.48. The difference may well be");
}

static void test_no_crash(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("none", 4), locked("global", 4)};
	put_counts(scene, rows, 2, (const int[]){0, 0}, (const int[]){15, 15}, 1000);
	load(scene, "1");
	const char *conclusion = scene->summary.comparisons[0].conclusion;
	assert_contains(conclusion,
		"No crash on either side (0 of 15, 0 of 15); the rates may still be "
		"up to 20.4 points apart. About 370 more runs of each without a "
		"crash would bound both rates at 1 %.");
	assert_null(strstr(conclusion, "never"));
}

/* Without its code spans, in which nothing means anything; to be freed. */
static char *outside_code(const char *text) {
	char *rest = calloc(1, strlen(text) + 1);
	size_t done = 0;

	assert_non_null(rest);
	while (*text != '\0') {
		size_t ticks = strspn(text, "`"), n;
		const char *end = text + ticks;

		if (ticks == 0) {
			rest[done++] = *text++;
			continue;
		}
		for (n = 0; *end != '\0' && n != ticks; end += n > 0 ? n : 1)
			n = strspn(end, "`");
		assert_int_equal(n, ticks);
		text = end;
	}
	return rest;
}

/* Who looks for "no crash" must not find it where nothing came so far. */
static void test_failed(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {
		locked("none", 4), locked("global", 4), locked("queue", 4), locked("pipeline", 4)};
	const struct made_trials trials[] = {
		{.condition = 0, .count = 15, .outcome = TRIAL_CRASHED, .signal = 11},
		{.condition = 1, .count = 15, .outcome = TRIAL_FAILED, .error = "no [device](x)"},
		{.condition = 2, .count = 15, .outcome = TRIAL_FAILED},
		{.condition = 3, .count = 14, .outcome = TRIAL_FINISHED},
		{.condition = 3, .count = 1, .outcome = TRIAL_FAILED, .error = "no [device](x)"},
	};
	struct made_experiment made;
	made_begin(&made, scene->store, &plain, rows, 4);
	made_trials(&made, trials, COUNT(trials));
	load(scene, "latest");
	assert_string_equal(compared(scene, 0, 1)->conclusion,
		"The crash rate of global is unknown: all failed. Runs that neither finish nor "
		"crash tell nothing of crashes.");
	assert_string_equal(compared(scene, 1, 2)->conclusion,
		"The crash rate of queue is unknown: all failed. That of global, too: all failed. "
		"Runs that neither finish nor crash tell nothing of crashes.");
	assert_string_equal(rate_text(scene, 1), "unknown: all failed");
	assert_contains(compared(scene, 0, 3)->conclusion,
		" Among them are runs that failed (1, 0), which tell nothing of crashes.");
	buf_reset(&scene->text);
	experiment_text(&scene->summary, &(const struct term){0}, &scene->text);
	assert_contains(buf_str(&scene->text), "What failed");
	assert_contains(buf_str(&scene->text), "no [device](x) (16)");
	assert_contains(buf_str(&scene->text), "global: 15; pipeline: 1");
	assert_contains(buf_str(&scene->text), "no reason was told (15)");
	assert_contains(buf_str(&scene->text), "unknown: all failed");
	buf_reset(&scene->text);
	experiment_markdown(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), "| unknown: all failed |");
	assert_contains(buf_str(&scene->text), "| what failed | runs | where |");
	assert_contains(buf_str(&scene->text), "`no [device](x)`");
	char *rest = outside_code(buf_str(&scene->text));
	assert_null(strstr(rest, "[device](x)"));
	free(rest);
	buf_reset(&scene->text);
	experiment_json(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), "\"errors\":{\"no [device](x)\":15}");
	assert_contains(buf_str(&scene->text), "\"errors\":{\"unknown\":15}");
	/* Numbers are crashes of the runs, whatever came of these. */
	assert_contains(buf_str(&scene->text), "\"failed\":15,\"interrupted\":0,\"rate\":0,");
}

/* No run of them came so far that it could have crashed, whatever stopped it. */
static void test_untold(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("none", 1), locked("none", 2),
		locked("none", 3), locked("none", 4), locked("none", 5), locked("none", 6)};
	const struct made_trials trials[] = {
		{.condition = 0, .count = 3, .outcome = TRIAL_HUNG, .signal = 9},
		{.condition = 1, .count = 3, .outcome = TRIAL_GPU_ERROR},
		{.condition = 2, .count = 3, .outcome = TRIAL_WRONG_RESULT},
		{.condition = 3, .count = 2, .outcome = TRIAL_HUNG, .signal = 9},
		{.condition = 3, .count = 1, .outcome = TRIAL_FAILED},
		{.condition = 3, .count = 1, .outcome = TRIAL_INTERRUPTED},
		{.condition = 4, .count = 2, .outcome = TRIAL_HUNG, .signal = 9},
		{.condition = 4, .count = 1, .outcome = TRIAL_FINISHED},
		{.condition = 5, .count = 2, .outcome = TRIAL_FAILED},
		{.condition = 5, .count = 1, .outcome = TRIAL_CRASHED, .signal = 11},
	};
	static const char *const rates[] = {"unknown: all hung", "unknown: only GPU errors",
		"unknown: all wrong", "unknown: none finished", "at most 56.1 % (Wilson)",
		"33.3 % (6.1 to 79.2 %)"};
	struct made_experiment made;
	made_begin(&made, scene->store, &plain, rows, COUNT(rows));
	made_trials(&made, trials, COUNT(trials));
	load(scene, "latest");
	for (size_t i = 0; i < COUNT(rates); i++)
		assert_string_equal(rate_text(scene, i), rates[i]);
	assert_contains(compared(scene, 3, 4)->conclusion,
		"The crash rate of 4 threads is unknown: none finished.");
	buf_reset(&scene->text);
	experiment_text(&scene->summary, &(const struct term){0}, &scene->text);
	assert_null(strstr(buf_str(&scene->text), "No crash on either side"));
}

/* A metric without a word for what it counts has no unit. */
static void test_unit(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {{.command = "[\"a\"]", .throughput_unit = ""},
		{.command = "[\"b\"]", .throughput_unit = "ops/s"}, {.command = "[\"c\"]"}};
	put_counts(scene, rows, 3, (const int[]){0, 0, 0}, (const int[]){1, 1, 1}, 1000);
	load(scene, "1");
	experiment_json(&scene->summary, &scene->text);
	assert_null(strstr(buf_str(&scene->text), "\"throughput_unit\":\"\""));
	assert_contains(buf_str(&scene->text), "\"throughput_unit\":null");
	assert_contains(buf_str(&scene->text), "\"throughput_unit\":\"ops/s\"");
	buf_reset(&scene->text);
	experiment_csv(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), ",,,,1,1000,1000,1000,"); /* sites, labels, unit */
}

/* Errors that tell of an element differ from trial to trial. */
static void test_many_errors(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("none", 4)};
	struct made_experiment made;
	char texts[30][24];
	made_begin(&made, scene->store, &plain, rows, 1);
	for (int i = 0; i < 30; i++) {
		snprintf(texts[i], sizeof texts[i], "element %02d", i);
		const struct made_trials trials = {
			.count = i ? 1 : 2, .outcome = TRIAL_WRONG_RESULT, .error = texts[i]};
		made_trials(&made, &trials, 1);
	}
	load(scene, "latest");
	assert_int_equal(scene->summary.conditions[0].errors.count, 30);
	buf_reset(&scene->text);
	experiment_text(&scene->summary, &(const struct term){0}, &scene->text);
	assert_contains(buf_str(&scene->text), "element 00 (2)");
	assert_contains(buf_str(&scene->text), "element 19 (1)");
	assert_null(strstr(buf_str(&scene->text), "element 20"));
	assert_contains(buf_str(&scene->text), "10 others (10)");
}

/* One trial each: every writer has something to say and nothing that is not so. */
static void test_one_run(void **state) {
	struct scene *scene = *state;
	const struct store_condition rows[] = {locked("none", 4), locked("global", 4)};
	put_counts(scene, rows, 2, (const int[]){1, 0}, (const int[]){1, 1}, 1000);
	load(scene, "1");
	assert_string_equal(rate_text(scene, 0), "at least 20.7 % (Wilson)");
	assert_false(scene->summary.comparisons[0].has_ratio);
	assert_contains(
		scene->summary.comparisons[0].conclusion, "The difference may well be chance");
	buf_reset(&scene->text);
	experiment_hyperfine(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), "\"stddev\":null");
	assert_contains(buf_str(&scene->text), "\"times\":[1.5],\"exit_codes\":[-11]");
}

static void test_simulated_beside_real(void **state) {
	struct scene *scene = *state;
	struct store_condition rows[] = {locked("none", 4), locked("none", 4)};
	rows[1].backend = "sim";
	put_counts(scene, rows, 2, (const int[]){1, 1}, (const int[]){3, 3}, 1000);
	load(scene, "1");
	assert_true(scene->summary.simulated);
	assert_contains(scene->summary.comparisons[0].conclusion,
		"One of the two is simulated: nothing follows from this.");
}

/* However short it is said. */
static void test_simulated_without_crashes(void **state) {
	struct scene *scene = *state;
	struct store_condition rows[] = {
		locked("none", 4), locked("global", 4), locked("none", 4), locked("global", 4)};
	rows[2].backend = rows[3].backend = "sim";
	put_counts(scene, rows, 4, (const int[]){0, 0, 0, 0}, (const int[]){9, 9, 9, 9}, 1000);
	load(scene, "1");
	buf_reset(&scene->text);
	experiment_text(&scene->summary, &(const struct term){0}, &scene->text);
	const char *first = strstr(buf_str(&scene->text), "One of the two is simulated");
	assert_non_null(first);
	assert_non_null(strstr(first + 1, "One of the two is simulated"));
}

/* ---- the writers ---- */

static void test_hostile(void **state) {
	struct scene *scene = *state;
	static const struct term plain_term = {0};
	const struct store_condition rows[] = {
		{.env = "{\"E\":\"\\u001b[2J\\u202e|,\\\"<b>\\n# @you\"}",
			.command = "[\"=cmd\"]",
			.throughput_unit = "<i>|"},
		{.env = "{\"E\":\"other\"}", .command = "[\"=cmd\"]", .throughput_unit = "<i>|"},
	};
	put_counts(scene, rows, 2, (const int[]){1, 0}, (const int[]){2, 2}, 5);
	load(scene, "1");
	experiment_text(&scene->summary, &plain_term, &scene->text);
	assert_null(strchr(buf_str(&scene->text), '\033'));
	assert_null(strstr(buf_str(&scene->text), "\xe2\x80\xae"));
	buf_reset(&scene->text);
	experiment_markdown(&scene->summary, &scene->text);
	char *rest = outside_code(buf_str(&scene->text));
	assert_null(strstr(rest, "<b>"));
	for (const char *at = rest; (at = strstr(at, "<i>")) != NULL; at++)
		assert_true(at > rest && at[-1] == '\\');
	for (const char *at = buf_str(&scene->text); (at = strstr(at, "|,")) != NULL; at++)
		assert_int_equal(at[-1], '\\');
	assert_null(strstr(rest, "@you"));
	free(rest);
	assert_null(strchr(buf_str(&scene->text), '\033'));
	buf_reset(&scene->text);
	experiment_csv(&scene->summary, &scene->text);
	size_t lines = 0;
	for (const char *c = buf_str(&scene->text); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 3);
	buf_reset(&scene->text);
	experiment_json(&scene->summary, &scene->text);
	assert_null(strchr(buf_str(&scene->text), '\033'));
	assert_ptr_equal(
		strchr(buf_str(&scene->text), '\n') + 1, buf_str(&scene->text) + scene->text.len);
}

static void test_platforms(void **state) {
	struct scene *scene = *state;
	const char *const both[] = {"1", "2"};
	const struct store_condition rows[] = {locked("none", 4)};
	struct store_experiment later = plain;
	struct made_experiment made;
	struct err err = {0};
	put_counts(scene, rows, 1, (const int[]){0}, (const int[]){1}, 0);
	later.platform = "{\"model\":\"Mac16,5\",\"os_build\":\"25B78\",\"load_1m\":7,\"new\":[1]}";
	made_begin(&made, scene->store, &later, rows, 1);
	assert_int_equal(experiment_summary_load(scene->store, both, 2, &scene->summary, &err), 0);
	experiment_platforms_differ(&scene->summary, &scene->text);
	assert_contains(buf_str(&scene->text), ": Build 24G419 (experiment 1), 25B78 (2).");
}

static void assert_number(double value, const char *text) {
	struct buf buf = {0};
	experiment_number(value, &buf);
	assert_string_equal(buf_str(&buf), text);
	buf_finish(&buf);
}

static void test_numbers(void **state) {
	struct buf buf = {0};
	assert_number(0, "0");
	assert_number(1234567, "1,234,567");
	assert_number(999.96, "1,000");
	assert_number(12345.6, "12,346");
	assert_number(812.34, "812.3");
	assert_number(0.0123412, "0.01234");
	assert_number(-5000, "-5,000");
	assert_number(1e300, "1e+300");
	assert_number(2e-9, "2e-09");
	experiment_duration(340.4, &buf);
	experiment_duration(1240, &buf);
	experiment_duration(61500000, &buf);
	assert_string_equal(buf_str(&buf), "340 us1.24 ms61.5 s");
	buf_reset(&buf);
	experiment_p(0.00004, &buf);
	experiment_p(0.0312, &buf);
	experiment_p(1, &buf);
	assert_string_equal(buf_str(&buf), "p < 0.0001p 0.031p 1.00");
	buf_finish(&buf);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENE(test_rates),
		SCENE(test_outcomes),
		SCENE(test_lock_wait),
		SCENE(test_names),
		SCENE(test_words),
		SCENE(test_environment),
		SCENE(test_what_matters),
		SCENE(test_across_experiments),
		SCENE(test_settings),
		SCENE(test_commands),
		SCENE(test_many_conditions),
		SCENE(test_conclusions),
		SCENE(test_chance),
		SCENE(test_no_crash),
		SCENE(test_failed),
		SCENE(test_untold),
		SCENE(test_unit),
		SCENE(test_many_errors),
		SCENE(test_one_run),
		SCENE(test_simulated_beside_real),
		SCENE(test_simulated_without_crashes),
		SCENE(test_hostile),
		SCENE(test_platforms),
		cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
