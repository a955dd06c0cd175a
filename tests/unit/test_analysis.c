/* What the analysis counts, what it concludes, and what its writers make of it. */
#include "export/analysis.h"
#include "made_experiment.h"

#include <inttypes.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECOND INT64_C(1000000)

struct scene {
	struct fixture *fixture;
	struct store *store;
	struct rules *rules;
	struct analysis analysis;
	struct buf text;
	int made;
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
	scene->rules = rules_new_builtin(&err);
	assert_non_null(scene->rules);
	*state = scene;
	return 0;
}

static int teardown(void **state) {
	struct scene *scene = *state;
	void *fixture = scene->fixture;
	buf_finish(&scene->text);
	analysis_finish(&scene->analysis);
	rules_free(scene->rules);
	store_close(scene->store);
	free(scene);
	return fixture_teardown(&fixture);
}

/* ---- making ---- */

/* Incidents like made, each with an id, a file and a second of its own. */
static void put(struct scene *scene, struct made made, int count) {
	struct err err = {0};
	enum store_put result;
	assert_int_equal(store_begin(scene->store, &err), 0);
	for (int i = 0; i < count; i++) {
		char id[40], bytes[64], path[64];
		int number = ++scene->made;
		snprintf(id, sizeof id, "79BC4A1F-C45B-45D9-BB21-%012X", (unsigned)number);
		snprintf(bytes, sizeof bytes, "{\"made\":%d}", number);
		snprintf(path, sizeof path, "/reports/%d.ips", number);
		made.id = id;
		made.bytes = bytes;
		made.path = path;
		made.pid = number;
		if (made_put(scene->store, &made, &result, NULL, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(result, STORE_ADDED);
		made.captured_at_us += 100 * SECOND;
	}
	assert_int_equal(store_commit(scene->store, &err), 0);
}

static struct made at_site(const char *site, uint64_t offset) {
	struct made made = made_default();
	made.kind = REPORT_CRASH;
	made.site = site;
	made.fault_address = offset;
	return made;
}

static void load_with(
	struct scene *scene, const struct store_filter *filter, struct redactor *redactor) {
	const struct analysis_options options = {
		.filter = filter, .rules = scene->rules, .redactor = redactor, .experiments = true};
	struct err err = {0};
	analysis_finish(&scene->analysis);
	if (analysis_load(scene->store, &options, &scene->analysis, &err) < 0)
		fail_msg("%s", err.text);
}

static void load(struct scene *scene) {
	load_with(scene, NULL, NULL);
}

static const char *markdown(struct scene *scene) {
	buf_reset(&scene->text);
	analysis_markdown(&scene->analysis, &scene->text);
	assert_false(scene->text.failed);
	return buf_str(&scene->text);
}

static void assert_contains(const char *text, const char *part) {
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part) {
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* ---- counts ---- */

static void test_sites(void **state) {
	struct scene *scene = *state;
	struct made simulated = at_site("agx-prepare-for-enqueue", 0x98);
	simulated.simulated = true;
	put(scene, at_site(NULL, 0x10), 5);
	put(scene, at_site("agx-prepare-for-enqueue", 0x98), 2);
	put(scene, simulated, 1);
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 6);
	put(scene, at_site("agx-set-compute-pipeline-state", 0x7e8), 2);
	load(scene);
	const struct analysis *analysis = &scene->analysis;
	assert_int_equal(analysis->crashes, 16);
	assert_int_equal(analysis->simulated, 1);
	assert_int_equal(analysis->files, 16);
	assert_int_equal(analysis->site_count, 3);
	/* The most frequent first, what no rule knows behind them. */
	assert_string_equal(analysis->sites[0].id, "agx-set-compute-pipeline-state");
	assert_string_equal(analysis->sites[1].id, "agx-prepare-for-enqueue");
	assert_null(analysis->sites[2].id);
	assert_int_equal(analysis->sites[0].count, 8);
	assert_true(analysis->sites[0].share == 0.5);
	assert_int_equal(analysis->sites[1].simulated, 1);
	assert_int_equal(analysis->sites[0].offset_count, 2);
	assert_int_equal(analysis->sites[0].offsets[0].offset, 0x5c8);
	assert_int_equal(analysis->sites[0].offsets[0].count, 6);
	assert_int_equal(analysis->sites[0].offsets[0].reads, 6);
	assert_int_equal(analysis->sites[0].offsets[0].writes, 0);
	assert_string_equal(analysis->sites[0].base_registers.items[0].text, "x20 + 0x5c8");
	assert_string_equal(
		analysis->sites[0].exceptions.items[0].text, "EXC_BAD_ACCESS (SIGSEGV)");
	assert_int_equal(analysis->sites[0].stack_count, 2);
	assert_int_equal(analysis->sites[0].stack_crashes, 8);
	assert_int_equal(analysis->cell_count, 1);
	assert_int_equal(analysis->cells[0].count, 16);
	assert_int_equal(analysis->cells[0].simulated, 1);
	assert_int_equal(analysis->incident_count, 16);
	const char *text = markdown(scene);
	assert_contains(text,
		"**16 crashes** (15 of a real driver, 1 simulated), at 2 known sites; 5 no rule "
		"knows");
	assert_contains(text, "0x5c8 (1,480), 1 more");
	assert_contains(text, "| `0x5c8` | 1,480 | 6 | 6 | 0 |");
	assert_contains(text, "3, 1 of them simulated");
	assert_contains(text, "`329.2` | `24G419` | `Mac16,5` | 16, 1 of them simulated");
}

static void test_filter(void **state) {
	struct scene *scene = *state;
	const char *const words[] = {"site=agx-bind-resource"};
	const struct store_filter filter = {.matches = words, .match_count = 1};
	put(scene, at_site("agx-bind-resource", 0x1e0), 1);
	put(scene, at_site("agx-set-buffer", 0x3b90), 3);
	load_with(scene, &filter, NULL);
	assert_int_equal(scene->analysis.crashes, 1);
	assert_false(scene->analysis.copies.set);
	assert_contains(markdown(scene), "Selected: `site=agx-bind-resource`.");
	assert_lacks(markdown(scene), "agx-set-buffer");
}

static void test_empty(void **state) {
	struct scene *scene = *state;
	load(scene);
	assert_contains(markdown(scene), "Nothing here: no incident is stored");
	assert_lacks(markdown(scene), "## Crash sites");
}

/* A GPU event is told, is near a crash, and is no crash. */
static void test_events(void **state) {
	struct scene *scene = *state;
	struct made event = at_site("gpu-firmware-lockup", 0);
	event.kind = REPORT_GPU_EVENT;
	put(scene, event, 1);
	load(scene);
	assert_int_equal(scene->analysis.crashes, 0);
	assert_int_equal(scene->analysis.gpu_events, 1);
	assert_contains(markdown(scene), "**No crash**. Besides 1 GPU event, never counted");
	struct made crash = at_site("agx-bind-resource", 0x1e0);
	crash.captured_at_us = event.captured_at_us + 2 * SECOND;
	put(scene, crash, 2); /* the second one 100 s later */
	load(scene);
	assert_int_equal(scene->analysis.crashes, 2);
	assert_int_equal(scene->analysis.site_count, 1);
	assert_int_equal(scene->analysis.event_count, 1);
	assert_int_equal(scene->analysis.correlation.near_gpu_event, 1);
	assert_contains(markdown(scene),
		"- GPU events within 5 s of some crash: 1 of 1, of a crash of the same process: 1\n"
		"- crashes within 5 s of a GPU event of the same process: 1 of 2\n");
}

/* ---- stacks ---- */

static void put_stack(struct scene *scene, const char *driver, const char *operation, uint64_t at) {
	char class[64], kernel[64];
	struct frame frames[] = {
		{.symbol = class, .symbol_offset = {at, true}},
		{.image = "libtorch_cpu.dylib", .symbol = "at::native::mps::run(int)"},
		{.image = "libtorch_cpu.dylib", .symbol = kernel},
		{.image = "Python", .image_offset = {at, true}},
	};
	struct made made = at_site("agx-bind-resource", 0x1e0);
	snprintf(class, sizeof class, "-[AGX%sFamilyComputeContext bindResource:]", driver + 8);
	snprintf(kernel, sizeof kernel, "at::native::%s_mps_kernel(Tensor&)", operation);
	frames[0].image = driver;
	made.frames = frames;
	made.frame_count = COUNT(frames);
	put(scene, made, 1);
}

/* Generation, places and operation make no other stack; another way there does. */
static void test_stacks(void **state) {
	struct scene *scene = *state;
	struct made other = at_site("agx-bind-resource", 0x1e0);
	put_stack(scene, "AGXMetalG14X", "add", 64);
	put_stack(scene, "AGXMetalG16X", "mul", 96);
	put_stack(scene, "AGXMetalG16X", "mul", 96);
	put(scene, other, 2);
	load(scene);
	const struct analysis_site *site = &scene->analysis.sites[0];
	assert_int_equal(site->count, 5);
	assert_int_equal(site->stack_crashes, 3);
	assert_int_equal(site->stack_exact, 2);
	assert_int_equal(site->stack_count, 4);
	assert_string_equal(site->stack[0].image, "AGXMetalG16X");
	assert_contains(markdown(scene),
		"**Stack** of 3 of these crashes (whatever the GPU's generation, the driver's "
		"build, the operation and its callers; exactly this one: 2), such as row 3");
	assert_contains(markdown(scene), " at::native::mul_mps_kernel\n");
}

/* A real stack stands for a site before a simulated one that is more frequent. */
static void test_stacks_simulated(void **state) {
	struct scene *scene = *state;
	struct made simulated = at_site("agx-bind-resource", 0x1e0);
	simulated.simulated = true;
	put(scene, simulated, 5);
	put_stack(scene, "AGXMetalG16X", "mul", 96);
	load(scene);
	assert_int_equal(scene->analysis.sites[0].stack_crashes, 1);
	assert_int_equal(scene->analysis.sites[0].stack_exact, 1);
	assert_lacks(markdown(scene), "exactly this one");
}

/* ---- what no rule knows ---- */

/* One problem is told like a site, several each by itself: ten, then how many more. */
static void test_groups(void **state) {
	struct scene *scene = *state;
	struct made simulated = at_site(NULL, 0x10);
	put(scene, at_site(NULL, 0x10), 3);
	load(scene);
	assert_false(scene->analysis.sites[0].mixed);
	assert_contains(markdown(scene), "**Stack** of 3 of these crashes");
	simulated.simulated = true;
	put(scene, simulated, 2);
	for (uint64_t i = 1; i < 12; i++)
		put(scene, at_site(NULL, 0x10 + i * 8), i < 3 ? 1 : 2);
	load(scene);
	const struct analysis_site *site = &scene->analysis.sites[0];
	assert_true(site->mixed);
	assert_int_equal(site->signature_count, 12);
	assert_int_equal(site->ungrouped, 2);
	assert_int_equal(site->signatures[0].count, 5);
	assert_int_equal(site->signatures[0].simulated, 2);
	assert_false(site->signatures[0].sample_simulated);
	assert_int_equal(site->signatures[0].frame_count, 2);
	assert_int_equal(site->signatures[10].frame_count, 0);
	const char *text = markdown(scene);
	assert_contains(text, "#### `0000000000000010`\n\n**5 crashes** (2 simulated), ");
	assert_contains(
		text, "`EXC_BAD_ACCESS (SIGSEGV)`, `near_null` 0x10 (16), `read`, such as row 3");
	assert_contains(
		text, "    0  AGXMetalG16X           -[Context setComputePipelineState:] + 32");
	assert_contains(text, "And 2 more signatures with 2 crashes.");
	assert_lacks(text, "| Fact |");
	assert_lacks(text, "**Stack** of");
	assert_lacks(text, "**Memory access pattern.**");
}

/* In the order of release, not of counts or letters; none of one build alone. */
static void test_builds(void **state) {
	struct scene *scene = *state;
	struct made made = at_site("agx-bind-resource", 0x1e0);
	put(scene, made, 2);
	load(scene);
	assert_lacks(markdown(scene), "Site by system build");
	made.os_build = "25A354";
	made.simulated = true;
	put(scene, made, 5);
	made = at_site(NULL, 0x10);
	made.os_build = "24F74";
	put(scene, made, 1);
	load(scene);
	assert_contains(markdown(scene),
		"| Site | `24F74` | `24G419` | `25A354` |\n|---|---:|---:|---:|\n"
		"| `agx-bind-resource` | 0 | 2 | 5, all simulated |\n"
		"| known to no rule | 1 | 0 | 0 |\n\n");
}

/* ---- what people decided ---- */

static void decide(struct scene *scene, enum state_target target, const char *name,
	const struct store_state_change *change) {
	const struct store_state state = {.target = target, .name = name};
	struct err err = {0};
	if (store_state_set(scene->store, &state, change, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_states(void **state) {
	struct scene *scene = *state;
	const struct store_state_change known = {.status = "known", .note = "seen *before*"};
	const struct store_state_change again = {
		.status = "regressed", .fixed_in = "24G419", .note = "it is back"};
	put(scene, at_site("agx-bind-resource", 0x1e0), 2);
	put(scene, at_site("agx-set-buffer", 0x3b90), 1);
	decide(scene, STATE_SITE, "agx-bind-resource", &known);
	load(scene);
	assert_string_equal(scene->analysis.sites[0].status, "known");
	assert_string_equal(scene->analysis.sites[1].status, "open");
	assert_contains(markdown(scene), "Status: **known**. Note: seen \\*before\\*");
	decide(scene, STATE_SIGNATURE, scene->analysis.sites[0].signatures[0].hash, &again);
	load(scene);
	/* What came again is stronger than what was said of its site. */
	assert_string_equal(scene->analysis.sites[0].status, "regressed");
	assert_string_equal(scene->analysis.sites[0].signatures[0].fixed_in, "24G419");
	assert_contains(markdown(scene), "regressed, fixed in `24G419`: it is back |");
}

/* ---- other threads ---- */

static void test_concurrency(void **state) {
	struct scene *scene = *state;
	struct concurrent_thread ending = {.index = 3,
		.image = "AGXMetalG16X",
		.symbol = "-[AGXG16XFamilyComputeContext endEncoding]"};
	struct concurrent_thread waiting = {.index = 4,
		.image = "Metal",
		.symbol = "-[_MTLCommandBuffer waitUntilCompleted]",
		.blocked = true};
	struct made made = at_site("agx-set-compute-pipeline-state", 0x5c8);
	made.concurrent = &ending;
	put(scene, made, 2); /* with none of the two below: count 0 */
	made.concurrent_count = 1;
	put(scene, made, 3);
	made.concurrent = &waiting;
	put(scene, made, 4);
	load(scene);
	const struct analysis_site *site = &scene->analysis.sites[0];
	assert_int_equal(site->told, 9);
	assert_int_equal(site->concurrent, 7);
	assert_int_equal(site->in_driver, 3);
	assert_int_equal(site->ending, 3);
	assert_int_equal(site->call_count, 2);
	assert_string_equal(site->calls[0].symbol, waiting.symbol);
	assert_int_equal(site->calls[0].crashes, 4);
	assert_int_equal(site->calls[0].running, 0);
	assert_int_equal(site->calls[1].running, 3);
	assert_string_equal(site->calls[1].image, "AGXMetalG*");
	assert_string_equal(site->calls[1].symbol, "-[AGXG*FamilyComputeContext endEncoding]");
	assert_int_equal(site->evidence_count, 1);
	assert_contains(site->evidence[0],
		"In 3 of 9 crashes another thread was ending or releasing an encoder");
	assert_contains(markdown(scene),
		"In 7 of 9 crashes another thread was inside Metal or the driver (in 3 inside the "
		"driver itself).");
}

/* ---- experiments ---- */

static const struct store_experiment measured = {.kind = EXPERIMENT_REPRO,
	.started_at_us = MADE_STARTED_US,
	.ended_at_us = {MADE_STARTED_US + 60000000, true},
	.runs = 60,
	.command = "[\"agxtriage\",\"repro\",\"--env\",\"CLIENT=hushhush\"]",
	.settings = "{}",
	.platform = "{\"model\":\"Mac16,5\",\"hostname\":\"hushhush\"}"};

static void measure(struct scene *scene, const char *backend, const char *scenario) {
	struct made_experiment made;
	struct store_condition rows[] = {
		{.backend = backend,
			.scenario = scenario,
			.lock = "none",
			.threads = {4, true},
			.env = "{\"CLIENT\":\"hushhush\"}",
			.command = "[\"/Users/hushhush/agxtriage-repro\",\"--die-with-parent\","
				   "\"--lock\",\"none\"]",
			.throughput_unit = "ops/s"},
	};
	struct store_condition pair[] = {rows[0], rows[0]};
	pair[1].lock = "global";
	const struct made_trials trials[] = {
		{.count = 43,
			.outcome = TRIAL_CRASHED,
			.signal = 11,
			.site = "agx-set-compute-pipeline-state"},
		{.count = 17, .outcome = TRIAL_FINISHED, .throughput = 8400, .step = 1},
		{.condition = 1,
			.count = 60,
			.outcome = TRIAL_FINISHED,
			.throughput = 1932,
			.step = 0.1},
	};
	made_begin(&made, scene->store, &measured, pair, COUNT(pair));
	made_trials(&made, trials, COUNT(trials));
}

static void test_workarounds(void **state) {
	struct scene *scene = *state;
	measure(scene, "metal", "shared-queue");
	load(scene);
	assert_int_equal(scene->analysis.experiment_count, 1);
	const char *text = markdown(scene);
	assert_contains(text, "global against none: crash rate 71.7 % (59.2 to 81.5 %), 43 of 60 "
			      "runs -> at most 6.0 % (Wilson), 0 of 60 runs; throughput x 0.23 (");
	assert_contains(text, "(experiment 1)");
	assert_contains(text, "43 of 60 runs crashed, 71.7 % (59.2 to 81.5 %)");
	assert_lacks(text, "SIMULATED");
	/* What keeps Metal's rules and crashes speaks for the driver; and is not asked for again.
	 */
	const struct analysis_site *site = &scene->analysis.sites[0];
	assert_int_equal(site->evidence_count, 1);
	assert_contains(site->evidence[0], "crashed at this site in 43 of 120 runs on the real "
					   "driver: that points to the driver.");
	for (size_t i = 0; i < site->next_count; i++)
		assert_lacks(site->next[i], "--scenario independent,shared-queue");
}

/* The experiment that a report asks for, and what it then tells. */
static void test_layer(void **state) {
	struct scene *scene = *state;
	struct made_experiment made;
	const struct store_condition rows[] = {
		{.env = "{\"MTL_DEBUG_LAYER\":\"0\"}", .command = "[\"train\"]"},
		{.env = "{\"MTL_DEBUG_LAYER\":\"1\"}", .command = "[\"train\"]"}};
	const struct made_trials trials[] = {
		{.count = 4, .outcome = TRIAL_CRASHED, .signal = 11, .site = "agx-set-buffer"},
		{.count = 6, .outcome = TRIAL_FINISHED},
		{.condition = 1,
			.count = 7,
			.outcome = TRIAL_CRASHED,
			.signal = 6,
			.site = "metal-validation"},
		{.condition = 1, .count = 3, .outcome = TRIAL_FINISHED},
	};
	made_begin(&made, scene->store, &measured, rows, COUNT(rows));
	made_trials(&made, trials, COUNT(trials));
	load(scene);
	const struct analysis_site *site = &scene->analysis.sites[1];
	assert_string_equal(site->id, "agx-set-buffer");
	assert_int_equal(site->evidence_count, 1);
	assert_string_equal(site->evidence[0],
		"In experiment 1, 4 of 10 runs crashed at this site without Metal's debug layer, and "
		"0 of 10 with it; in 7 of those it stopped at a broken rule of Metal before: that "
		"points to misuse of the API.");
	for (size_t i = 0; i < site->next_count; i++)
		assert_lacks(site->next[i], "MTL_DEBUG_LAYER");
}

static void test_simulated(void **state) {
	struct scene *scene = *state;
	measure(scene, "sim", "shared-queue");
	load(scene);
	const char *text = markdown(scene);
	assert_contains(text, "- SIMULATED: global against none: crash rate");
	assert_contains(text, " (**simulated**)\n");
	/* It tells nothing of who is to blame. */
	assert_int_equal(scene->analysis.sites[0].evidence_count, 0);
}

/* ---- redaction ---- */

static int spot(const struct redact_replacement *replacement, void *user) {
	if (strstr(replacement->value, "hushhush"))
		++*(int *)user;
	return 0;
}

static void test_redaction(void **state) {
	struct scene *scene = *state;
	struct made made = at_site("agx-set-buffer", 0x3b90);
	struct redactor *redactor;
	struct err err = {0};
	struct buf json = {0};
	int seen = 0;
	made.process = "hushhush";
	put(scene, made, 2);
	measure(scene, "metal", "shared-queue");
	assert_int_equal(redactor_new(&redactor, &err), 0);
	assert_int_equal(redactor_know(redactor, REDACT_USER, "hushhush", &err), 0);
	load_with(scene, NULL, redactor);
	assert_lacks(markdown(scene), "hushhush");
	assert_contains(markdown(scene), "--lock");
	analysis_json(&scene->analysis, &json);
	analysis_feedback(&scene->analysis, &json);
	analysis_issue(&scene->analysis, 65536, &json);
	analysis_experiments_json(&scene->analysis, &json);
	assert_lacks(buf_str(&json), "hushhush");
	redactor_each(redactor, spot, &seen);
	assert_true(seen > 0);
	buf_finish(&json);
	analysis_finish(&scene->analysis);
	redactor_free(redactor);
}

static void test_platform(void **state) {
	static const char platform[] =
		"{\"model\":\"Mac16,5\",\"cores\":16,\"load_1m\":2.25,\"virtual\":false,"
		"\"gpu\":null,\"nickname\":\"hushhush\",\"driver\":{\"version\":\"329.2\","
		"\"secret\":1},\"env\":{\"MTL_DEBUG_LAYER\":\"1\"}}";
	struct err err = {0};
	struct buf text = {0};
	(void)state;
	assert_int_equal(analysis_platform_json(NULL, platform, &text, &err), 0);
	assert_string_equal(buf_str(&text),
		"{\"model\":\"Mac16,5\",\"cores\":16,\"load_1m\":2.25,\"virtual\":false,"
		"\"gpu\":null,\"driver\":{\"version\":\"329.2\"},"
		"\"env\":{\"MTL_DEBUG_LAYER\":\"1\"}}");
	assert_int_equal(analysis_platform_json(NULL, "[]", &text, &err), -EINVAL);
	assert_int_equal(analysis_platform_json(NULL, "{\"model\":", &text, &err), -EINVAL);
	assert_int_equal(analysis_platform_json(NULL, NULL, &text, &err), -EINVAL);
	buf_finish(&text);
}

/* ---- writers ---- */

static size_t occurrences(const char *text, const char *part) {
	size_t count = 0;
	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

/* However little room there is: within it, and nothing left open. */
static void test_issue(void **state) {
	struct scene *scene = *state;
	struct buf whole = {0};
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 4);
	put(scene, at_site("agx-bind-resource", 0x1e0), 3);
	put(scene, at_site(NULL, 0x10), 2);
	measure(scene, "metal", "shared-queue");
	load(scene);
	analysis_issue(&scene->analysis, 65536, &whole);
	assert_lacks(buf_str(&whole), "Left out for its length");
	assert_contains(buf_str(&whole), "## Reports");
	assert_contains(buf_str(&whole),
		"## In short\n\n- Where most crash: `agx-set-compute-pipeline-state`, 47 crashes (");
	assert_contains(buf_str(&whole), "- How often: 43 of 60 runs crashed, 71.7 %");
	assert_contains(buf_str(&whole), "- To reproduce: `env CLIENT=hushhush agxtriage-repro");
	for (size_t max = 0; max <= whole.len; max += 97) {
		buf_reset(&scene->text);
		analysis_issue(&scene->analysis, max, &scene->text);
		const char *text = buf_str(&scene->text);
		assert_true(scene->text.len <= max);
		assert_int_equal(occurrences(text, "\n```\n") % 2, 0);
		assert_int_equal(occurrences(text, "<details>"), occurrences(text, "</details>"));
		if (scene->text.len)
			assert_contains(text, "Left out for its length: ");
		if (max > 6000)
			assert_contains(text, "## Crash sites");
	}
	buf_finish(&whole);
}

/* A page as its reader's program takes it, without what stands in blocks and spans of code. */
static void strip_code(const char *text, struct buf *ret) {
	bool block = false;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		if (len >= 3 && !strncmp(line, "```", 3) && strspn(line, "`") == len) {
			block = !block;
			continue;
		}
		for (size_t i = 0; i < len && !block;) {
			if (line[i] == '\\') { /* means itself, and what follows, too */
				i += 2;
				continue;
			}
			size_t ticks = strspn(line + i, "`");
			const char *end = line + i + ticks;
			while (ticks && (end = strchr(end, '`')) && strspn(end, "`") != ticks)
				end += strspn(end, "`");
			if (!ticks)
				buf_add_char(ret, line[i++]);
			else if (end && end < line + len)
				i = (size_t)(end - line) + ticks;
			else
				fail_msg("a span of code is not closed: %.*s", (int)len, line);
		}
		buf_add_char(ret, '\n');
	}
	assert_false(block);
}

/* A "|" that no backslash takes away ends a cell, in code, too. */
static size_t cells(const char *line) {
	size_t count = 0;
	for (size_t i = 0; line[i] && line[i] != '\n'; i++) {
		if (line[i] == '\\' && line[i + 1] == '|')
			i++;
		else
			count += line[i] == '|';
	}
	return count;
}

static void assert_tables(const char *text) {
	size_t wanted = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t count = *line == '|' ? cells(line) : 0;
		if (count && wanted && count != wanted)
			fail_msg("%zu cells, not %zu: %.200s", count, wanted, line);
		wanted = count;
	}
}

static void test_hostile(void **state) {
	struct scene *scene = *state;
	struct made made = at_site("<script>alert(1)</script>", 0x5c8);
	struct buf all = {0}, rest = {0};
	made.process = "a|b`c\\|d```</pre><img src=x>\n# heading @somebody";
	put(scene, made, 1);
	made.process = "``` | <b> `@somebody` owner/name#12 https://example.org/ *x*";
	put(scene, made, 2);
	load(scene);
	analysis_markdown(&scene->analysis, &all);
	analysis_issue(&scene->analysis, 65536, &all);
	assert_tables(buf_str(&all));
	strip_code(buf_str(&all), &rest);
	assert_lacks(buf_str(&rest), "<script");
	assert_lacks(buf_str(&rest), "<img");
	assert_lacks(buf_str(&rest), "<b>");
	assert_lacks(buf_str(&rest), "@somebody");
	assert_lacks(buf_str(&rest), "name#12");
	assert_lacks(buf_str(&rest), "://");
	assert_lacks(buf_str(&all), "\n# heading");
	assert_contains(buf_str(&all), "``` ``` \\| <b> `@somebody` owner");
	buf_finish(&rest);
	buf_finish(&all);
}

/* Fields of a form that show text as it is. */
static void test_feedback_plain(void **state) {
	struct scene *scene = *state;
	struct made made = at_site("agx-set-compute-pipeline-state", 0x5c8);
	made.process = "a<b>|`c`\n## Title";
	put(scene, made, 3);
	measure(scene, "metal", "shared-queue");
	load(scene);
	analysis_feedback(&scene->analysis, &scene->text);
	const char *text = buf_str(&scene->text);
	assert_contains(text, "a<b>|`c`");
	assert_lacks(text, "&#");
	assert_lacks(text, "&lt;");
	assert_lacks(text, "```");
	assert_int_equal(occurrences(text, "\n## Title"), 1);
	assert_contains(
		text, "43 of 60 runs crashed: 71.7 % (59.2 to 81.5 %) with 95 % confidence");
	assert_contains(text, "agxtriage-repro --lock none\n");
}

/* A rehearsal tells nothing of a real driver: no field is filled in with it. */
static void test_feedback_rehearsed(void **state) {
	struct scene *scene = *state;
	const char *const words[] = {"simulated=false"};
	const struct store_filter real = {.matches = words, .match_count = 1};
	struct made made = at_site("agx-prepare-for-enqueue", 0x98);
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 2);
	made.simulated = true;
	put(scene, made, 5);
	made.site = "agx-set-compute-pipeline-state";
	made.process = "rehearsed";
	put(scene, made, 4);
	measure(scene, "sim", "shared-queue");
	load(scene);
	analysis_feedback(&scene->analysis, &scene->text);
	const char *text = buf_str(&scene->text);
	assert_contains(text, "\n45 crashes (each incident counted once)");
	assert_contains(text, "Not counted above: 9 crashes of the simulated driver");
	assert_contains(text, "Not known: no experiment reproduced it on a real driver.");
	assert_contains(text, "was only rehearsed, SIMULATED");
	assert_contains(text, ", access read 45, base x20 + 0x5c8 45;");
	assert_lacks(text, "- Process: rehearsed");
	assert_lacks(text, "rehearsed 4");
	assert_contains(text, "how often runs crash was not measured on a real driver");
	assert_lacks(text, "43 of 60");
	assert_contains(text, "- agx-set-compute-pipeline-state: 45 crashes (100.0 %)");
	assert_lacks(text, "- agx-prepare-for-enqueue");
	assert_contains(markdown(scene), "On a real driver that was not measured.");
	load_with(scene, &real, NULL);
	assert_int_equal(scene->analysis.experiment_count, 0);
	assert_lacks(markdown(scene), "imulated driver");
}

/* What only some crashes have is not put for all. */
static void test_feedback_drivers(void **state) {
	struct scene *scene = *state;
	struct made made = at_site("agx-set-compute-pipeline-state", 0x5c8);
	put(scene, made, 2);
	made.driver_version = "341.11";
	put(scene, made, 1);
	load(scene);
	analysis_feedback(&scene->analysis, &scene->text);
	assert_contains(buf_str(&scene->text), "(AGXMetalG16X, 2 driver versions)");
	made.driver_image = "AGXMetalG13X";
	put(scene, made, 1);
	load(scene);
	buf_reset(&scene->text);
	analysis_feedback(&scene->analysis, &scene->text);
	assert_contains(buf_str(&scene->text), "(2 GPU drivers, 2 driver versions)");
}

static const char *name_member(int64_t id, void *user) {
	return id == 1 ? NULL : "reports/000001-79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9.ips";
}

/* Who receives an archive has no rows. */
static void test_members(void **state) {
	struct scene *scene = *state;
	const struct analysis_members members = {.incidents = 2, .dropped = 1, .name = name_member};
	const struct analysis_options options = {
		.rules = scene->rules, .experiments = true, .members = &members};
	struct err err = {0};
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 3);
	if (analysis_load(scene->store, &options, &scene->analysis, &err) < 0)
		fail_msg("%s", err.text);
	const char *text = markdown(scene);
	assert_contains(text, "such as `reports/000001-79BC4A1F");
	assert_contains(text, "| `reports/000001-79BC4A1F");
	assert_contains(text, " (not in this archive) |");
	assert_contains(text, "This archive has the newest 2 of 3 incidents: its size is limited.");
	assert_lacks(text, "row ");
	assert_lacks(text, "agxtriage show 3");
	buf_reset(&scene->text);
	analysis_feedback(&scene->analysis, &scene->text);
	assert_contains(buf_str(&scene->text), "This archive has the newest 2 of 3 incidents");
	assert_contains(buf_str(&scene->text), "1 of 3 incidents, the oldest");
	buf_reset(&scene->text);
	analysis_issue(&scene->analysis, 65536, &scene->text);
	assert_contains(buf_str(&scene->text), "This archive has the newest 2 of 3 incidents");
}

static void test_feedback(void **state) {
	struct scene *scene = *state;
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 3);
	load(scene);
	analysis_feedback(&scene->analysis, &scene->text);
	const char *text = buf_str(&scene->text);
	assert_contains(text, "\nA made-up title (AGXMetalG16X 329.2): EXC_BAD_ACCESS (SIGSEGV) on "
			      "a read of NULL + 0x5c8 (1,480)\n");
	assert_contains(text, "Not known: no experiment reproduced it on a real driver.");
	assert_contains(text, "how often runs crash was not measured");
}

/* Crashes that have nothing in common are not given one address. */
static void test_feedback_unknown(void **state) {
	struct scene *scene = *state;
	put(scene, at_site(NULL, 0x10), 2);
	put(scene, at_site(NULL, 0x0), 3);
	put(scene, at_site(NULL, 0x20), 2);
	load(scene);
	analysis_feedback(&scene->analysis, &scene->text);
	const char *text = buf_str(&scene->text);
	assert_contains(text,
		"## Title\n\nCrashes of python3.11 at no known site (AGXMetalG16X 329.2): "
		"EXC_BAD_ACCESS (SIGSEGV)\n");
}

/* A site that no built-in rule has was named by the user, and so was what it is called. */
static void test_own_rule(void **state) {
	struct scene *scene = *state;
	struct redactor *redactor = NULL;
	assert_int_equal(redactor_new(&redactor, NULL), 0);
	put(scene, at_site("agx-zarquon-renderer", 0x10), 2);
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 1);
	load_with(scene, NULL, redactor);
	analysis_markdown(&scene->analysis, &scene->text);
	const char *text = buf_str(&scene->text);
	assert_null(strstr(text, "zarquon"));
	assert_contains(text, "agx-set-compute-pipeline-state");
	analysis_finish(&scene->analysis);
	redactor_free(redactor);
}

static void test_repeats(void **state) {
	struct scene *scene = *state;
	struct buf once = {0};
	put(scene, at_site("agx-set-compute-pipeline-state", 0x5c8), 3);
	put(scene, at_site("agx-bind-resource", 0x1e0), 3);
	put(scene, at_site("agx-set-buffer", 0x3b90), 3);
	measure(scene, "metal", "use-after-end");
	load(scene);
	analysis_json(&scene->analysis, &once);
	load(scene);
	analysis_json(&scene->analysis, &scene->text);
	assert_string_equal(buf_str(&scene->text), buf_str(&once));
	buf_finish(&once);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sites, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stacks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stacks_simulated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_builds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrency, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workarounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_layer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_simulated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redaction, setup, teardown),
		cmocka_unit_test(test_platform),
		cmocka_unit_test_setup_teardown(test_issue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feedback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feedback_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feedback_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feedback_rehearsed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_feedback_drivers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_rule, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeats, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
