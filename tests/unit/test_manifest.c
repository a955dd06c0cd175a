/* Manifests of archives as they come from outside, and the names of flat files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/flat_name.h"
#include "export/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START "{\"format\":\"agxtriage-export\",\"format_version\":1"

static struct manifest manifest;
static struct err err;

static int setup(void **state) {
	err = (struct err){0};
	return 0;
}

static int teardown(void **state) {
	manifest_finish(&manifest);
	return 0;
}

static int read(const char *text) {
	return manifest_read(&manifest, text, strlen(text), &err);
}

static void test_whole(void **state) {
	static const char text[] = START
		",\"redacted\":true,\"files\":[{\"name\":\"b\",\"sha256\":\"22\"},"
		"{\"name\":\"a\",\"sha256\":\"11\"}],"
		"\"reports\":[{\"name\":\"b\",\"sha256\":\"22\",\"original\":{\"sha256\":\"33\","
		"\"ordinal\":2}}],"
		"\"incidents\":[{\"id\":9,\"report\":\"b\",\"ordinal\":1,\"path\":\"/x\"},"
		"{\"id\":7,\"report\":\"b\",\"ordinal\":0},{\"id\":8,\"report\":null}],"
		"\"states\":[{\"target\":\"site\",\"name\":\"s\",\"status\":\"known\"}]}";
	assert_int_equal(read(text), 0);
	assert_true(manifest.redacted);
	assert_int_equal(manifest.file_count, 2);
	assert_string_equal(manifest_find_file(&manifest, "a")->sha256, "11");
	assert_null(manifest_find_file(&manifest, "a")->original_sha256);
	assert_string_equal(manifest_find_file(&manifest, "b")->original_sha256, "33");
	assert_true(manifest_find_file(&manifest, "b")->original_ordinal.set);
	assert_int_equal(manifest_find_file(&manifest, "b")->original_ordinal.value, 2);
	assert_false(manifest_find_file(&manifest, "a")->original_ordinal.set);
	assert_null(manifest_find_file(&manifest, "c"));
	size_t count;
	const struct manifest_incident *incidents = manifest_find_incidents(&manifest, "b", &count);
	assert_int_equal(count, 2);
	assert_int_equal(incidents[0].id.value, 7);
	assert_string_equal(incidents[1].path, "/x");
	assert_null(manifest_find_incidents(&manifest, "a", &count));
	assert_int_equal(count, 0);
	assert_int_equal(manifest.without_report, 1);
	assert_string_equal(manifest.states[0].status, "known");
}

static void test_refused(void **state) {
	static const char cut[] = START, comma[] = START ",}", open[] = START ",\"files\":[{}";
	const char *const texts[] = {"", "[]", "7", "{}", "{\"format\":\"tar\"}",
		"{\"format\":\"agxtriage-export\",\"format_version\":2}",
		"{\"format\":\"agxtriage-export\",\"format_version\":\"1\"}", cut, comma, open};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read(texts[i]), -EBADMSG);
		assert_true(err.text[0] != '\0');
		manifest_finish(&manifest);
	}
}

static void test_odd(void **state) {
	assert_int_equal(
		read(START ",\"files\":{\"a\":1},\"reports\":[7,[],null,{\"name\":7}],"
			   "\"incidents\":[{\"report\":\"a\",\"ordinal\":-1},"
			   "{\"report\":\"a\",\"ordinal\":64},"
			   "{\"report\":\"a\",\"ordinal\":1.5,\"id\":18446744073709551616}],"
			   "\"states\":[{\"name\":\"x\"},{\"target\":\"site\"},[]]}"),
		0);
	assert_int_equal(manifest.file_count, 0);
	assert_int_equal(manifest.state_count, 0);
	assert_int_equal(manifest.incident_count, 1);
	assert_false(manifest.incidents[0].id.set);
	assert_int_equal(manifest.incidents[0].ordinal, 0);
}

/* Every cut of a manifest ends in an error and nowhere else (run under the address sanitizer). */
static void test_cuts(void **state) {
	static const char text[] = START
		",\"files\":[{\"name\":\"\\u00e4\",\"sha256\":\"1\"}],\"incidents\":[{\"id\":1,"
		"\"report\":\"a\",\"path\":\"/\"}],\"states\":[{\"target\":\"site\",\"name\":\"n\"}]}";
	for (size_t len = 0; len < sizeof text - 1; len++) {
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, text, len);
		copy[len] = '\0';
		assert_int_equal(manifest_read(&manifest, copy, len, &err), -EBADMSG);
		manifest_finish(&manifest);
		free(copy);
	}
}

static void check_name(struct i64_opt at_us, unsigned number, const char *want) {
	const struct flat_incident incident = {.captured_at_us = at_us};
	struct buf name = {0};
	flat_name(&incident, number, &name);
	assert_string_equal(buf_str(&name), want);
	buf_finish(&name);
}

static void test_flat_names(void **state) {
	const struct i64_opt at = {.value = INT64_C(1766280978286200), .set = true};
	check_name(at, 1, "crash_20251221_013618.json");
	check_name(at, 2, "crash_20251221_013618_2.json");
	check_name((struct i64_opt){0}, 1, "crash_unknown_1.json");
	check_name((struct i64_opt){0}, 3, "crash_unknown_3.json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_refused),
		TEST(test_odd),
		TEST(test_cuts),
		TEST(test_flat_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
