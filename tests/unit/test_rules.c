/*
 * Rule documents: what loads, what is refused and why, precedence, the version, what check says.
 */
#include "base/limits.h"
#include "triage/rules.h"
#include "triage/triage.h"

#include "fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RULE(members) "{\"version\": 1, \"rules\": [{" members "}]}"
#define HEAD "\"site\": \"x\", \"title\": \"X\", "

static struct rules *load_builtin(void) {
	struct err err;
	struct rules *rules = rules_new_builtin(&err);

	if (rules == NULL)
		fail_msg("%s", err.text);
	return rules;
}

static int add(struct rules *rules, const char *name, const char *json, struct err *err) {
	return rules_add(rules, name, json, strlen(json), err);
}

static void has_every_site(void **state) {
	static const char *const sites[] = {"agx-set-compute-pipeline-state",
		"agx-prepare-for-enqueue", "agx-allocate-usc-spill-buffer", "agx-dispatch-threads",
		"agx-bind-resource", "agx-set-buffer", "agx-end-render-pass",
		"agx-blit-sparse-texture", "agx-encoder-coalescing",
		"agx-blit-encoder-already-encoding", "agx-render-encoder-already-encoding",
		"metal-handler-after-commit", "iogpu-encode-signal-uncommitted",
		"iogpu-commit-twice", "iogpu-encoder-after-commit", "metal-encoder-dealloc",
		"objc-use-after-free", "mlx-command-buffer-error", "mlx-set-input-array",
		"mps-ndarray-buffer-too-small", "ggml-metal-residency-at-exit",
		"metal-nil-compute-function", "metal-validation", "torch-shader-library-at-exit",
		"metal-loader-vm", "panic-complete-memory", "panic-remove-memory-object",
		"gpu-firmware-lockup"};
	size_t count = sizeof sites / sizeof sites[0];
	struct rules *rules = load_builtin();
	int last = INT32_MAX;

	assert_int_equal(rules_count(rules), count);
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < rules_count(rules); k++) {
			struct rule_info info;

			rules_info(rules, k, &info);
			found |= strcmp(info.site, sites[i]) == 0;
		}
		if (!found)
			fail_msg("no rule for %s", sites[i]);
	}
	for (size_t k = 0; k < rules_count(rules); k++) {
		struct rule_info info;

		rules_info(rules, k, &info);
		assert_string_equal(info.source, "built-in");
		assert_non_null(info.attribution);
		assert_non_null(info.url);
		assert_true(info.summary[0] != 0 && info.title[0] != 0);
		assert_true(info.priority <= last && info.priority < 100);
		last = info.priority;
	}
	rules_free(rules);
}

static void refuses_what_is_wrong(void **state) {
	static const char *const cases[][2] = {
		{"{\"rules\": [\n{\"site\" \"x\"}]}", "f:2: is not valid JSON"},
		{"", "f:1: is not valid JSON"},
		{"[]", "f:1: is not an object"},
		{"{}", "f: rules: is not a list"},
		{"{\"version\": 2, \"rules\": []}", "f: version: only version 1 is known"},
		{"{\"rulez\": []}", "f: rulez: is no member known here"},
		{"{\"rules\": [1]}", "f:1: rule 1: is not an object"},
		{"{\"rules\": [] } x", "f:1: is not valid JSON"},
		{RULE("\"site\": \"x\""), "f:1: rule 1 (x): site, title and match are required"},
		{RULE(HEAD "\"match\": {\"frmae\": \"f\"}"),
			"f:1: rule 1 (x): frmae: is no member known here"},
		{RULE(HEAD "\"match\": {\"frame\": \"f\", \"frame\": \"g\"}"),
			"f:1: rule 1 (x): frame: stands twice"},
		{RULE(HEAD "\"match\": {}"),
			"f:1: rule 1 (x): match: is not an object with at least one condition"},
		{RULE(HEAD "\"match\": []"), "f:1: rule 1 (x): match: is an empty list"},
		{RULE(HEAD "\"match\": {\"frame\": 7}"), "f:1: rule 1 (x): frame: is not a string"},
		{RULE(HEAD "\"match\": {\"frame\": \"\"}"), "f:1: rule 1 (x): frame: is empty"},
		{RULE(HEAD "\"match\": {\"frame\": [\"a\", \"b\\u0007\"]}"),
			"f:1: rule 1 (x): has control bytes or invalid UTF-8"},
		{RULE(HEAD "\"match\": {\"kind\": \"crsh\"}"),
			"f:1: rule 1 (x): kind: is none of the names allowed"},
		{RULE(HEAD "\"match\": {\"within\": 0}"),
			"f:1: rule 1 (x): within: is not an integer in its range"},
		{RULE(HEAD "\"match\": {\"offset\": \"0x8\"}"),
			"f:1: rule 1 (x): offset: can only be \"known\""},
		{RULE(HEAD "\"match\": {\"frame\": \"f\"}, \"offsets\": [{\"offset\": 8}]"),
			"f:1: rule 1 (x): offset: is not a string such as \"0x5c8\""},
		{RULE(HEAD "\"match\": {\"frame\": \"f\"}, \"attribution\": \"driver\""),
			"f:1: rule 1 (x): attribution and reason need each other"},
		{RULE(HEAD "\"match\": {\"frame\": \"f\"}, \"priority\": 1.5"),
			"f:1: rule 1 (x): priority: is not an integer in its range"},
		{RULE("\"site\": \"X y\""),
			"f:1: rule 1: site: is not made of at most 64 of a-z, 0-9 and -"},
		{"{\"rules\": [\n {\"site\": \"a\", \"title\": \"{\\\"\", \"match\": {\"frame\": \"f\"}},\n"
		 "\n {\"site\": \"b\"}]}",
			"f:4: rule 2 (b): site, title and match are required"},
	};
	struct rules *rules = load_builtin();
	char version[17];

	memcpy(version, rules_version(rules), sizeof version);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = {0};
		struct err err;

		assert_int_equal(add(rules, "f", cases[i][0], &err), -EINVAL);
		assert_string_equal(err.text, cases[i][1]);
		assert_int_equal(
			rules_check(rules, "f", cases[i][0], strlen(cases[i][0]), &out), -EINVAL);
		assert_true(strncmp(buf_str(&out), "error: ", 7) == 0);
		buf_finish(&out);
	}
	assert_string_equal(rules_version(rules), version);
	assert_int_equal(rules_count(rules), 28);
	rules_free(rules);
}

static void refuses_too_much(void **state) {
	struct rules *rules = load_builtin();
	struct buf json = {0};
	struct err err;

	buf_add_str(&json, "{\"rules\": [");
	for (int i = 0; i <= LIMIT_RULES; i++)
		buf_printf(&json,
			"%s{\"site\":\"s%d\",\"title\":\"t\",\"match\":{\"frame\":\"f%d\"}}",
			i > 0 ? "," : "", i, i);
	buf_add_str(&json, "]}");
	assert_int_equal(rules_add(rules, "f", json.data, json.len, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 4096 rules"));

	buf_reset(&json);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&json, '[');
	assert_int_equal(rules_add(rules, "f", json.data, json.len, &err), -EINVAL);

	buf_reset(&json);
	buf_add_str(&json, "{\"rules\": [{\"site\":\"x\",\"title\":\"t\",\"match\":{\"frame\":\"");
	for (int i = 0; i <= LIMIT_RULE_PATTERN_BYTES; i++)
		buf_add_char(&json, '*');
	buf_add_str(&json, "\"}}]}");
	assert_int_equal(rules_add(rules, "f", json.data, json.len, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than 1024 bytes"));
	assert_int_equal(rules_add(rules, "f", "{}\0", 3, &err), -EINVAL);
	assert_int_equal(rules_count(rules), 28);
	buf_finish(&json);
	rules_free(rules);
}

/* The site that a crash in that function gets. */
static const char *site_of(const struct rules *rules, const char *symbol, char ret[64]) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS", .signal = "SIGSEGV", .address = 0x5c8};
	struct report *report;
	struct triage triage;
	struct arena arena;

	f.frames[0] = (struct fixture_frame){"AGXMetalG16X", symbol};
	f.frames[1] = (struct fixture_frame){"Python", "main"};
	report = fixture_report(&f);
	arena_init(&arena, 1 << 20);
	assert_int_equal(triage_run(&triage, report, rules, &arena, NULL), 0);
	snprintf(ret, 64, "%s", triage.site != NULL ? triage.site : "");
	arena_finish(&arena);
	report_free(report);
	return ret;
}

#define SET_STATE "-[AGXG16XFamilyComputeContext setComputePipelineState:]"
#define MINE(site, more)                                                                  \
	"{\"rules\": [{\"site\": \"" site "\", \"title\": \"T\", \"match\": {\"frame\": " \
	"\"-[AGXG*FamilyComputeContext setComputePipelineState:]\"}" more "}]}"

static void users_rules_come_first(void **state) {
	struct rules *rules = load_builtin();
	struct rule_info info;
	struct err err;
	char site[64];

	assert_string_equal(site_of(rules, SET_STATE, site), "agx-set-compute-pipeline-state");
	assert_int_equal(add(rules, "b.json", MINE("later", ", \"priority\": 10"), &err), 0);
	assert_string_equal(site_of(rules, SET_STATE, site), "agx-set-compute-pipeline-state");
	assert_int_equal(add(rules, "a.json", MINE("mine", ""), &err), 0);
	assert_string_equal(site_of(rules, SET_STATE, site), "mine");
	assert_int_equal(add(rules, "c.json", MINE("newer", ""), &err), 0);
	assert_string_equal(site_of(rules, SET_STATE, site), "newer");
	assert_int_equal(add(rules, "d.json", MINE("top", ", \"priority\": 101"), &err), 0);
	assert_int_equal(add(rules, "e.json", MINE("last", ""), &err), 0);
	assert_string_equal(site_of(rules, SET_STATE, site), "top");
	rules_info(rules, 0, &info);
	assert_string_equal(info.source, "d.json");
	assert_null(info.attribution);
	rules_info(rules, rules_count(rules) - 1, &info);
	assert_string_equal(info.site, "later");
	rules_free(rules);
}

static void version_follows_the_content(void **state) {
	struct rules *a = load_builtin(), *b = load_builtin();
	struct err err;

	assert_int_equal(strlen(rules_version(a)), 16);
	assert_string_equal(rules_version(a), rules_version(b));
	add(a, "x.json", MINE("mine", ""), &err);
	assert_string_not_equal(rules_version(a), rules_version(b));
	add(b, "y.json", " \n" MINE("mine", " "), &err);
	assert_string_equal(rules_version(a), rules_version(b));
	add(a, "x.json", MINE("one", ""), &err);
	add(b, "x.json", MINE("two", ""), &err);
	assert_string_not_equal(rules_version(a), rules_version(b));
	rules_free(a);
	rules_free(b);
}

static void write_file(const char *folder, const char *name, const char *text) {
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void reads_a_folder_in_order(void **state) {
	static const char *const names[] = {"a.json", "b.json", ".c.json", "d.txt", "e.json"};
	char folder[] = "/tmp/agxtriage-rules-XXXXXX", path[256], site[64];
	struct rules *rules = load_builtin();
	struct err err;

	assert_non_null(mkdtemp(folder));
	write_file(folder, "b.json", MINE("of-b", ""));
	write_file(folder, "a.json", MINE("of-a", ""));
	write_file(folder, ".c.json", "hidden");
	write_file(folder, "d.txt", "no rules");
	assert_int_equal(rules_add_folder(rules, folder, &err), 0);
	assert_int_equal(rules_count(rules), 30);
	assert_string_equal(site_of(rules, SET_STATE, site), "of-a");
	write_file(folder, "e.json", "{");
	assert_int_equal(rules_add_folder(rules, folder, &err), -EINVAL);
	assert_non_null(strstr(err.text, "e.json:1: is not valid JSON"));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	assert_int_equal(rules_add_folder(rules, folder, &err), 0);
	rules_free(rules);
}

static void check_says(const char *json, const char *expected) {
	struct rules *rules = load_builtin();
	struct buf out = {0};

	assert_int_equal(rules_check(rules, "f", json, strlen(json), &out), 0);
	if (strstr(buf_str(&out), expected) == NULL)
		fail_msg("no \"%s\" in: %s", expected, buf_str(&out));
	buf_finish(&out);
	rules_free(rules);
}

static void check_explains(void **state) {
	check_says(MINE("mine", ""), "note: f:1: mine: priority 100, number 1 of 29\n");
	check_says(MINE("mine", ""), "note: f:1: mine: priority 100");
	check_says(MINE("mine", ", \"priority\": 1"), "number 29 of 29");
	check_says(
		RULE(HEAD
			"\"match\": {\"frame\": \"-[AGXG*Family*]\", \"exception\": \"EXC_BAD_ACCESS\"},"
			"\"priority\": 1"),
		"note: f:1: x: priority 1");
	check_says(
		RULE(HEAD
			"\"priority\": 1, \"match\": {\"exception\": \"EXC_BAD_ACCESS\", \"image\": "
			"\"AGXMetalG*\", \"frame\": \"-[AGXG*FamilyComputeContext "
			"setBuffer:offset:atIndex:]\"}"),
		"warning: f:1: x: shadowed by agx-set-buffer (built-in), whose priority 80 is higher\n");
	check_says(RULE(HEAD "\"match\": {\"frame\": \"AGX::*\"}},{" HEAD
			     "\"match\": {\"frame\": \"AGX::Foo*\"}"),
		"warning: f:1: x: shadowed by x of line 1\n");
	check_says(RULE(HEAD "\"match\": {\"frame\": \"*\"}"),
		"replaces agx-end-render-pass (built-in)\n");
	check_says(RULE(HEAD "\"match\": {\"frame\": \"-[AGXG16XFamilyFoo bar]\"}"),
		"never matches: frames are normalised: write AGXG*Family");
	check_says(RULE(HEAD "\"match\": {\"frame\": \"f(int)\"}"), "they have no parameter list");
	check_says(
		RULE(HEAD "\"match\": {\"frame\": \"A<int>::f\"}"), "template arguments read <>");
	check_says(RULE(HEAD "\"match\": {\"kind\": \"panic\", \"frame\": \"f\"}"),
		"have no crashed thread");
	check_says(RULE(HEAD "\"match\": {\"kind\": \"crash\", \"gpu_signature\": [1]}"),
		"only a gpu_event");
	check_says(RULE(HEAD "\"match\": {\"frame\": \"f\", \"offset\": \"known\"}"), "knows none");
	check_says(RULE(HEAD "\"match\": {\"exception\": \"EXC_CRASH\"}"), "very much");
}

/* Conditions that no built-in rule has, each with a report that it holds for and one that it
 * refuses. */
static void every_condition_decides(void **state) {
	static const struct {
		const char *match;
		bool holds;
	} cases[] = {
		{"\"queue\": \"metal gpu stream *\"", true},
		{"\"queue\": \"other *\"", false},
		{"\"signal\": [\"SIGBUS\", \"SIGSEGV\"]", true},
		{"\"signal\": \"SIGBUS\"", false},
		{"\"access\": \"write\"", false},
		{"\"fault\": \"near_null\"", true},
		{"\"fault\": [\"pac\", \"wild\"]", false},
		{"\"message\": \"all [well]?\"", true},
		{"\"message\": \"*[well]*\"", true},
		{"\"message\": \"all*[w]*\"", false},
		{"\"message\": \"never\"", false},
		{"\"frame\": \"-[Foo b?r:]\"", true},
		{"\"frame\": \"main\"", false},
		{"\"frame\": \"main\", \"within\": 2", false},
		{"\"frame\": \"main\", \"within\": 3", true},
		{"\"frame\": \"main\", \"within\": \"any\"", true},
		{"\"image\": \"Foo[KL]it\"", true},
		{"\"image\": \"Foo\"", false},
		{"\"frame\": \"-[Foo bar:]\", \"below\": [{\"frame\": \"main\"}]", true},
		{"\"frame\": \"-[Foo bar:]\", \"below\": [{\"frame\": \"main\"}], \"below_within\": 1",
			false},
		{"\"frame\": \"-[Foo bar:]\", \"below\": [{\"frame\": \"main\", \"image\": \"No\"}]",
			false},
		{"\"frame\": \"main\", \"within\": 9, \"above\": [{\"image\": \"FooKit\"}]", true},
		{"\"frame\": \"main\", \"within\": 9, \"above\": [{\"image\": \"No\"}]", false},
		{"\"offset\": \"known\"", false},
		{"\"kind\": [\"user_fault\"]", false},
		{"\"kind\": [\"user_fault\", \"crash\"]", true},
		{"\"exception\": \"EXC_*\"", true},
	};
	const struct fixture f = {.exception = "EXC_BAD_ACCESS",
		.signal = "SIGSEGV",
		.address = 0x10,
		.queue = "metal gpu stream 3",
		.app_info = "is all [well]?",
		.frames = {{"FooKit", "-[Foo bar:]"}, {"FooKit", "caller"}, {"My", "main"}}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rules *rules = load_builtin();
		struct report *report = fixture_report(&f);
		struct triage triage;
		struct arena arena;
		char json[512];
		struct err err;

		snprintf(json, sizeof json, "{\"rules\": [{%s\"match\": {%s}}]}", HEAD,
			cases[i].match);
		if (add(rules, "f", json, &err) < 0)
			fail_msg("%s", err.text);
		arena_init(&arena, 1 << 20);
		assert_int_equal(triage_run(&triage, report, rules, &arena, NULL), 0);
		if ((triage.site != NULL) != cases[i].holds)
			fail_msg("%s: %s", cases[i].match, cases[i].holds ? "refused" : "held");
		arena_finish(&arena);
		report_free(report);
		rules_free(rules);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_site),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(refuses_too_much),
		cmocka_unit_test(users_rules_come_first),
		cmocka_unit_test(version_follows_the_content),
		cmocka_unit_test(reads_a_folder_in_order),
		cmocka_unit_test(check_explains),
		cmocka_unit_test(every_condition_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
