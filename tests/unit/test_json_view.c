/* The JSON of an incident, byte for byte where it matters; "--print" prints samples for the
 * schema's check. */
#include "export/json_out.h"
#include "export/json_view.h"

#include "sample_report.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void values_are_exact(void **state) {
	struct buf text = {0};
	struct json_out out;
	json_out_init(&out, &text);
	json_out_object(&out, NULL);
	json_out_hex(&out, "hex", UINT64_MAX);
	json_out_hex(&out, "zero", 0);
	json_out_i64(&out, "least", INT64_MIN);
	json_out_u64(&out, "most", UINT64_MAX);
	json_out_i64(&out, "round", 1000000000000000);
	json_out_signed_hex_opt(&out, "plus", (struct i64_opt){0x5c8, true});
	json_out_signed_hex_opt(&out, "minus", (struct i64_opt){-8, true});
	json_out_signed_hex_opt(&out, "lowest", (struct i64_opt){INT64_MIN, true});
	json_out_array(&out, "list");
	json_out_double(&out, NULL, 0.1);
	json_out_double(&out, NULL, 1.0 / 3);
	json_out_double(&out, NULL, 17);
	json_out_double(&out, NULL, 0.0 / (text.len ? 0.0 : 1.0));
	json_out_array_end(&out);
	json_out_time(&out, "at", 1766280978286200);
	json_out_i64_opt(&out, "absent", (struct i64_opt){7, false});
	json_out_tristate(&out, "no", TRI_NO);
	json_out_object_end(&out);
	assert_string_equal(buf_str(&text),
		"{\"hex\":\"0xffffffffffffffff\",\"zero\":\"0x0\",\"least\":-9223372036854775808,"
		"\"most\":18446744073709551615,\"round\":1000000000000000,\"plus\":\"0x5c8\","
		"\"minus\":\"-0x8\",\"lowest\":\"-0x8000000000000000\","
		"\"list\":[0.1,0.3333333333333333,17,null],\"at\":\"2025-12-21T01:36:18.286200Z\","
		"\"absent\":null,\"no\":false}");
	buf_finish(&text);
}

static void text_is_escaped(void **state) {
	struct buf text = {0};
	struct json_out out;
	json_out_init(&out, &text);
	json_out_array(&out, NULL);
	json_out_text(&out, NULL, "a\"b\\c\n\t\x01\x1b[31m\x7f");
	json_out_text(&out, NULL, "\xc3\xa9\xf0\x9f\x98\x80");
	json_out_text(&out, NULL, "\xff\xc3(\xed\xa0\x80"); /* no UTF-8 */
	json_out_text(&out, NULL, "\xc2\x9b");              /* CSI as one code point */
	json_out_text(&out, NULL, "\x0b\x0c");
	json_out_array_end(&out);
	assert_string_equal(buf_str(&text),
		"[\"a\\\"b\\\\c\\n\\t\\u0001\\u001b[31m\\u007f\",\"\xc3\xa9\xf0\x9f\x98\x80\","
		"\"\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\\u009b\","
		"\"\\u000b\\f\"]");
	buf_finish(&text);
}

static cJSON *view(const struct sample *sample, const struct incident *incident,
	enum json_view_detail detail) {
	struct buf text = {0};
	assert_int_equal(
		json_view_print(&text, sample->report, &sample->triage, incident, detail, NULL), 0);
	assert_null(strchr(buf_str(&text), '\n'));
	cJSON *tree = cJSON_Parse(buf_str(&text));
	assert_non_null(tree);
	buf_finish(&text);
	return tree;
}

/* Follows "a.b.0.c"; NULL where it ends. */
static const cJSON *at(const cJSON *node, const char *path) {
	while (node && *path) {
		char part[40];
		size_t len = strcspn(path, ".");
		snprintf(part, sizeof part, "%.*s", (int)len, path);
		node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, part[0] - '0')
					   : cJSON_GetObjectItemCaseSensitive(node, part);
		path += len + (path[len] == '.');
	}
	return node;
}

static void assert_text(const cJSON *tree, const char *path, const char *expected) {
	const cJSON *node = at(tree, path);
	if (!expected) {
		assert_true(cJSON_IsNull(node));
		return;
	}
	assert_true(cJSON_IsString(node));
	assert_string_equal(node->valuestring, expected);
}

static void assert_number(const cJSON *tree, const char *path, double expected) {
	assert_true(cJSON_IsNumber(at(tree, path)));
	assert_true(at(tree, path)->valuedouble == expected);
}

static void seed_case(void **state) {
	struct sample sample;
	sample_init(&sample);
	cJSON *tree = view(&sample, &sample.incident, JSON_VIEW_FULL);
	assert_number(tree, "id", 12);
	assert_text(tree, "incident_id", "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9");
	assert_text(tree, "kind", "crash");
	assert_text(tree, "captured_at", "2025-12-21T01:36:18.286200Z");
	assert_number(tree, "process.pid", 81920);
	assert_true(cJSON_IsFalse(at(tree, "process.translated")));
	assert_text(tree, "process.uid", NULL);
	assert_text(tree, "raw_codes.1", "0x5c8");
	assert_text(tree, "fault.address", "0x5c8");
	assert_text(tree, "fault.kind", "near_null");
	assert_text(tree, "fault.access", "read");
	assert_text(tree, "fault.base_register", "x20");
	assert_text(tree, "fault.displacement", "0x5c8");
	assert_number(tree, "crashed_thread.id", 4712);
	assert_text(tree, "crashed_thread.frames.0.image", "AGXMetalG16X");
	assert_text(tree, "crashed_thread.frames.0.address", "0x1163301d4");
	assert_number(tree, "crashed_thread.frames.0.symbol_offset", 32);
	assert_number(tree, "crashed_thread.frames.1.source_line", 1091);
	assert_true(cJSON_IsTrue(at(tree, "crashed_thread.frames.2.inline")));
	assert_text(tree, "last_exception", NULL);
	assert_text(tree, "application_info.0", "first line\n\tsecond \"line\"");
	assert_true(cJSON_IsFalse(at(tree, "threads.0.crashed")));
	assert_true(cJSON_IsTrue(at(tree, "threads.1.crashed")));
	assert_text(tree, "images.0.base", "0x1162d4000");
	assert_text(tree, "registers.x21", "0xffffffffffffffff");
	assert_text(tree, "registers.esr", "0x92000006");
	assert_text(tree, "driver.generation", "G16X");
	assert_text(tree, "signature.hash", "0123456789abcdef");
	assert_text(tree, "frameworks.0.version", "2.9.1");
	assert_text(tree, "attribution", "undetermined");
	assert_text(tree, "concurrent_threads.0.state", "blocked");
	assert_text(tree, "concurrent_threads.1.state", "running");
	assert_number(tree, "source.size", 62000);
	assert_text(tree, "source.first_seen_at", "2025-12-21T01:36:40.000000Z");
	assert_text(tree, "status", "known");
	assert_text(tree, "warnings.0", sample_warnings[0]);
	cJSON_Delete(tree);
	sample_finish(&sample);
}

static void big_whole_numbers_keep_their_digits(void **state) {
	struct sample sample;
	struct buf text = {0};
	sample_init(&sample);
	json_view_print(&text, sample.report, &sample.triage, NULL, JSON_VIEW_LIST, NULL);
	assert_non_null(strstr(buf_str(&text), "\"uptime_s\":9007199254740993,"));
	assert_non_null(strstr(buf_str(&text), "\"image_offset\":109319999488988497,"));
	buf_finish(&text);
	sample_finish(&sample);
}

static void list_leaves_the_bulk_out(void **state) {
	struct sample sample;
	sample_init(&sample);
	cJSON *tree = view(&sample, &sample.incident, JSON_VIEW_LIST);
	assert_null(at(tree, "threads"));
	assert_null(at(tree, "images"));
	assert_null(at(tree, "registers"));
	assert_non_null(at(tree, "crashed_thread.frames.3"));
	cJSON_Delete(tree);
	sample_finish(&sample);
}

static void every_kind_bare(void **state) {
	for (enum report_kind kind = 0; kind < REPORT_KIND_COUNT; kind++) {
		struct sample sample;
		sample_init_bare(&sample, kind);
		cJSON *tree = view(&sample, NULL, JSON_VIEW_FULL);
		assert_text(tree, "kind", report_kind_names[kind]);
		assert_text(tree, "id", NULL);
		assert_text(tree, "site", NULL);
		assert_text(tree, "captured_at", NULL);
		assert_text(tree, "crashed_thread", NULL);
		assert_text(tree, "exception", NULL);
		assert_text(tree, "driver", NULL);
		assert_text(tree, "fault.kind", "none");
		assert_text(tree, "fault.address", NULL);
		assert_text(tree, "source.path", NULL);
		assert_text(tree, "status", "open");
		assert_int_equal(cJSON_GetArraySize(at(tree, "warnings")), 0);
		cJSON_Delete(tree);
		sample_finish(&sample);
	}
}

static void print_line(const struct sample *sample, const struct incident *incident,
	enum json_view_detail detail) {
	struct buf text = {0};
	json_view_print(&text, sample->report, &sample->triage, incident, detail, NULL);
	puts(buf_str(&text));
	buf_finish(&text);
}

static void print_stored(const struct sample *sample) {
	struct neighbour neighbours[] = {
		{.id = 7,
			.incident_id = "\"7\"",
			.kind = REPORT_GPU_EVENT,
			.captured_at_us = 1766280978286200,
			.distance_us = -59999999,
			.process = "python3.14-long-",
			.what = "lockup",
			.same_process = TRI_YES},
		{.id = 8, .kind = REPORT_PANIC, .distance_us = 300000000},
	};
	struct surroundings around = {
		.neighbours = neighbours, .neighbour_count = 2, .neighbours_left_out = 3};
	struct buf text = {0};
	for (int i = 0; i < 2; i++) {
		json_view_print_stored(
			&text, sample->report, &sample->triage, &sample->incident, &around, NULL);
		puts(buf_str(&text));
		buf_reset(&text);
		around = (struct surroundings){.note = "a\nb",
			.url = "https://example.com/17",
			.fixed_in = "24H1",
			.regression = {{1766280978286200, true}, {7, true}, "24H12"}};
	}
	buf_finish(&text);
}

static int print_samples(void) {
	struct sample sample;
	sample_init(&sample);
	print_stored(&sample);
	print_line(&sample, &sample.incident, JSON_VIEW_FULL);
	print_line(&sample, NULL, JSON_VIEW_LIST);
	sample.report->last_exception = sample.report->threads[1].frames;
	sample.report->warnings_lost = 3;
	print_line(&sample, NULL, JSON_VIEW_FULL);
	sample_finish(&sample);
	for (enum report_kind kind = 0; kind < REPORT_KIND_COUNT; kind++) {
		sample_init_bare(&sample, kind);
		print_line(&sample, NULL, JSON_VIEW_FULL);
		sample_finish(&sample);
	}
	return 0;
}

int main(int argc, char **argv) {
	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		return print_samples();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_exact),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(seed_case),
		cmocka_unit_test(big_whole_numbers_keep_their_digits),
		cmocka_unit_test(list_leaves_the_bulk_out),
		cmocka_unit_test(every_kind_bare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
