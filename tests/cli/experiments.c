/* make-experiments DB: the database of experiments that the tests of 'experiments' and 'compare'
 * read. */
#include "../unit/made_experiment.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char mac[] =
	"{\"model\":\"Mac16,5\",\"os_version\":\"15.7.3\",\"os_build\":\"24G419\","
	"\"cpu\":\"Apple M4 Max\",\"cores\":16,"
	"\"driver\":{\"image\":\"AGXMetalG16X\",\"version\":\"329.2\"},"
	"\"memory_bytes\":137438953472,\"swap_used_bytes\":0,\"load_1m\":2.25,"
	"\"power_source\":\"AC\",\"low_power\":false,\"agxtriage\":\"0.1.0\","
	"\"env\":{\"PYTORCH_ENABLE_MPS_FALLBACK\":\"1\",\"MTL_DEBUG_LAYER\":\"0\"}}";
static const char other_mac[] =
	"{\"model\":\"Mac16,5\",\"os_version\":\"26.1\",\"os_build\":\"25B78\","
	"\"cpu\":\"Apple M4 Max\",\"cores\":16,"
	"\"driver\":{\"image\":\"AGXMetalG16X\",\"version\":\"341.6\"},"
	"\"memory_bytes\":137438953472,\"swap_used_bytes\":1610612736,\"load_1m\":0.5,"
	"\"power_source\":\"battery\",\"low_power\":true,\"agxtriage\":\"0.1.0\",\"env\":{}}";

static struct store_condition repro_condition(
	const char *backend, const char *lock, int64_t threads) {
	return (struct store_condition){.backend = backend,
		.scenario = "shared-queue",
		.lock = lock,
		.threads = {threads, true},
		.env = "{}",
		.command = "[\"agxtriage-repro\",\"--die-with-parent\",\"--reports\",\"/r\","
			   "\"--operations\",\"2000\"]",
		.throughput_unit = "ops/s"};
}

static struct store_experiment repro_experiment(const char *command, const char *platform) {
	return (struct store_experiment){.kind = EXPERIMENT_REPRO,
		.started_at_us = MADE_STARTED_US,
		.ended_at_us = {MADE_STARTED_US + 385000000, true},
		.runs = 12,
		.seed = 20,
		.command = command,
		.settings = "{}",
		.platform = platform};
}

/* Experiment 1: three locks, two numbers of threads. */
static void rehearse(struct store *store) {
	const struct store_condition conditions[] = {repro_condition("sim", "none", 1),
		repro_condition("sim", "none", 4), repro_condition("sim", "global", 1),
		repro_condition("sim", "global", 4), repro_condition("sim", "pipeline", 1),
		repro_condition("sim", "pipeline", 4)};
	const struct made_trials trials[] = {
		{.condition = 0,
			.count = 12,
			.outcome = TRIAL_FINISHED,
			.throughput = 6100,
			.step = 9,
			.lock_wait_s = 0.001,
			.latency = MADE_LATENCY(151.5, 160.25, 171)},
		{.condition = 1,
			.count = 4,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-set-compute-pipeline-state"},
		{.condition = 1,
			.count = 3,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-prepare-for-enqueue"},
		{.condition = 1, .count = 1, .outcome = TRIAL_CRASHED, .signal = 11, .site = ""},
		{.condition = 1,
			.count = 1,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.label = "quota"},
		{.condition = 1,
			.count = 3,
			.outcome = TRIAL_FINISHED,
			.throughput = 8400,
			.step = 11,
			.lock_wait_s = 0.01,
			.latency = MADE_LATENCY(402, 540.5, 700)},
		{.condition = 2,
			.count = 12,
			.outcome = TRIAL_FINISHED,
			.throughput = 6050,
			.step = 8,
			.lock_wait_s = 0.002,
			.latency = MADE_LATENCY(152, 161, 172)},
		{.condition = 3,
			.count = 12,
			.outcome = TRIAL_FINISHED,
			.throughput = 3850,
			.step = 7,
			.lock_wait_s = 4.1,
			.latency = MADE_LATENCY(1020, 1210.5, 1350)},
		{.condition = 4,
			.count = 11,
			.outcome = TRIAL_FINISHED,
			.throughput = 6080,
			.step = 8,
			.lock_wait_s = 0.002,
			.latency = MADE_LATENCY(152, 161, 172)},
		{.condition = 4, .count = 1, .outcome = TRIAL_HUNG, .signal = 9},
		{.condition = 5,
			.count = 3,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-dispatch-threads"},
		{.condition = 5,
			.count = 9,
			.outcome = TRIAL_FINISHED,
			.throughput = 7100,
			.step = 12,
			.lock_wait_s = 1.2,
			.latency = MADE_LATENCY(560, 810.5, 900)},
	};
	struct store_experiment facts = repro_experiment(
		"[\"agxtriage\",\"repro\",\"--backend\",\"sim\",\"--lock\",\"none,global,pipeline\","
		"\"--threads\",\"1,4\",\"--runs\",\"12\"]",
		mac);
	struct made_experiment made;
	made_begin(&made, store, &facts, conditions, COUNT(conditions));
	made_trials(&made, trials, COUNT(trials));
}

/* Experiment 2: a command of somebody who means harm, under a variable; all of one side crashed. */
static void hostile(struct store *store) {
	static const char command[] =
		"[\"python3\",\"a b.py\",\"--x=\\u001b[31mred\",\"it's <b>|`bold`\",\"@all #1\"]";
	const struct store_condition conditions[] = {
		{.env = "{\"MPS_DISABLE_ENCODING_MUTEX\":\"1\",\"EVIL\":\"<img src=x>|\\\"\\n,=1+1\"}",
			.command = command},
		{.env = "{\"MPS_DISABLE_ENCODING_MUTEX\":\"0\",\"EVIL\":\"<img src=x>|\\\"\\n,=1+1\"}",
			.command = command},
	};
	const struct made_trials trials[] = {
		{.condition = 0,
			.count = 3,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-set-compute-pipeline-state"},
		{.condition = 0,
			.count = 2,
			.outcome = TRIAL_CRASHED,
			.signal = 6,
			.label = "late"},
		{.condition = 1,
			.count = 1,
			.outcome = TRIAL_FAILED,
			.exit_status = 3,
			.error = "no \033[31mGPU | <b>"},
		{.condition = 1,
			.count = 1,
			.outcome = TRIAL_GPU_ERROR,
			.exit_status = 3,
			.error = "0000000B:kIOGPUCommandBufferCallbackErrorPageFault"},
		{.condition = 1, .count = 3, .outcome = TRIAL_FINISHED},
	};
	struct store_experiment facts = {.kind = EXPERIMENT_RUN,
		.started_at_us = MADE_STARTED_US + 600000000,
		.ended_at_us = {MADE_STARTED_US + 620500000, true},
		.runs = 5,
		.command = command,
		.platform = "{}"};
	struct made_experiment made;
	made_begin(&made, store, &facts, conditions, COUNT(conditions));
	made_trials(&made, trials, COUNT(trials));
}

/* Experiment 3: stopped after one trial of the first condition, none of the second; a third had no
 * end. */
static void stopped(struct store *store) {
	const struct store_condition conditions[] = {
		repro_condition("metal", "none", 2), repro_condition("metal", "global", 2)};
	const struct made_trials trials[] = {
		{.condition = 0, .count = 1, .outcome = TRIAL_FINISHED, .throughput = 5000},
		{.condition = 1, .count = 1, .outcome = TRIAL_INTERRUPTED},
		{.condition = 0, .count = 1, .outcome = TRIAL_STARTED},
	};
	struct store_experiment facts = repro_experiment(
		"[\"agxtriage\",\"repro\",\"--threads\",\"2\",\"--runs\",\"12\"]", mac);
	struct made_experiment made;
	facts.started_at_us += 3600000000;
	facts.ended_at_us.set = false;
	made_begin(&made, store, &facts, conditions, COUNT(conditions));
	made_trials(&made, trials, COUNT(trials));
}

/* Experiments 4 and 5: the same on two systems. */
static void on_platform(struct store *store, const char *platform, int crashes) {
	const struct store_condition conditions[] = {repro_condition("metal", "none", 4)};
	const struct made_trials trials[] = {
		{.condition = 0,
			.count = crashes,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-set-compute-pipeline-state"},
		{.condition = 0,
			.count = 12 - crashes,
			.outcome = TRIAL_FINISHED,
			.throughput = 8000,
			.step = 20},
	};
	struct store_experiment facts = repro_experiment(
		"[\"agxtriage\",\"repro\",\"--lock\",\"none\",\"--threads\",\"4\"]", platform);
	struct made_experiment made;
	facts.started_at_us += 7200000000;
	facts.ended_at_us.value += 7200000000;
	made_begin(&made, store, &facts, conditions, COUNT(conditions));
	made_trials(&made, trials, COUNT(trials));
}

int main(int argc, char **argv) {
	struct store *store = NULL;
	struct err err = {0};
	if (argc != 2 || store_open(argv[1], STORE_WRITE, &store, &err) < 0) {
		fprintf(stderr, "make-experiments: %s\n", argc == 2 ? err.text : "one operand");
		return 1;
	}
	rehearse(store);
	hostile(store);
	stopped(store);
	on_platform(store, mac, 6);
	on_platform(store, other_mac, 1);
	store_close(store);
	return 0;
}
