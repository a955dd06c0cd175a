/* The configuration: defaults, every key of the file, flags, and what is said of mistakes. */
#include "collect/config.h"

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

static char home[] = "/tmp/agxtriage-config-XXXXXX";
static char path[sizeof home + 32];

static int set_up(void **state) {
	if (!mkdtemp(home))
		return -1;
	snprintf(path, sizeof path, "%s/config.json", home);
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
	unsetenv("XDG_DATA_HOME");
	return chdir(home);
}

static int tear_down(void **state) {
	unlink(path);
	return chdir("/") || rmdir(home);
}

static void write_file(const char *bytes, size_t len) {
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static struct config load(const char *text) {
	struct err err = {0};
	struct config config;
	write_file(text, strlen(text));
	assert_int_equal(config_init(&config, &err), 0);
	if (config_load(&config, path, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(config.loaded);
	assert_string_equal(config.path, path);
	return config;
}

static void assert_format(const struct config *config, enum config_key key, const char *expected) {
	struct buf buf = {0};
	config_format(config, key, &buf);
	assert_string_equal(buf_str(&buf), expected);
	buf_finish(&buf);
}

static void test_defaults(void **state) {
	struct err err = {0};
	struct config config;
	assert_int_equal(config_init(&config, &err), 0);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		assert_int_equal(config.values[key].origin, CONFIG_DEFAULT);
	assert_true(config.values[CONFIG_FOLDERS].count > 0);
	assert_memory_equal(config_list(&config, CONFIG_FOLDERS)[0], home, strlen(home));
	assert_format(&config, CONFIG_ALL, "false");
	assert_format(&config, CONFIG_EXCLUDE, "[]");
	assert_format(&config, CONFIG_RETENTION_AGE, "0");
	assert_format(&config, CONFIG_RETENTION_RAW_AGE, "0");
	assert_format(&config, CONFIG_RETENTION_SIZE, "1G");
	assert_format(&config, CONFIG_HOOK_COMMAND, "[]");
	assert_format(&config, CONFIG_HOOK_TIMEOUT, "30s");
	assert_format(&config, CONFIG_HOOK_RUNNING, "2");
	assert_format(&config, CONFIG_HOOK_KINDS, "[\"crash\"]");
	assert_format(&config, CONFIG_FORWARDER, "[]");
	assert_format(&config, CONFIG_SYMBOLICATE, "false");
	assert_format(&config, CONFIG_SYMBOLS, "[]");
	struct selection selection = config_selection(&config);
	assert_false(selection.all);
	for (size_t i = 0; select_default_include[i]; i++)
		assert_string_equal(selection.include[i], select_default_include[i]);
	assert_null(selection.exclude[0]);
	config_finish(&config);
}

static void test_no_home(void **state) {
	struct err err = {0};
	struct config config;
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	assert_int_equal(config_init(&config, &err), 0);
	assert_int_equal(config_load(&config, NULL, &err), 0);
	assert_null(config.path);
	assert_false(config.loaded);
	config_finish(&config);
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
}

static void test_every_key(void **state) {
	struct config config =
		load("{\n\t\"$schema\": \"config.schema.json\",\n"
		     "\"folders\": [\"~/a//b/./c/\", \"/\", \"/var/x\", \"/var//x/\", \"~\"],\n"
		     "\"all\": true, \"include\": [], \"exclude\": [\"Python-3.9*\", \"*.tmp\"],\n"
		     "\"retention\": {\"max_age\": \"52w\", \"raw_max_age\": \"36h\", "
		     "\"max_size\": 20000000},\n"
		     "\"hook\": {\"command\": [\"~/bin/notify\", \"-a\", \"\", \"b\\nc\"], "
		     "\"timeout\": 90, \"max_running\": 1, \"kinds\": [\"panic\", \"crash\"]},\n"
		     "\"forwarder\": {\"command\": [\"agxtriage\", \"forward\"]},\n"
		     "\"symbolicate\": true, \"symbols\": [\"~/dsyms/\"]\n}\n");
	char expected[512];
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		assert_int_equal(config.values[key].origin, CONFIG_FILE);
	snprintf(expected, sizeof expected, "[\"%s/a/b/c\",\"/\",\"/var/x\",\"%s\"]", home, home);
	assert_format(&config, CONFIG_FOLDERS, expected);
	assert_format(&config, CONFIG_ALL, "true");
	assert_format(&config, CONFIG_INCLUDE, "[]");
	assert_format(&config, CONFIG_EXCLUDE, "[\"Python-3.9*\",\"*.tmp\"]");
	assert_format(&config, CONFIG_RETENTION_AGE, "364d");
	assert_format(&config, CONFIG_RETENTION_RAW_AGE, "36h");
	assert_format(&config, CONFIG_RETENTION_SIZE, "20000000");
	snprintf(expected, sizeof expected, "[\"%s/bin/notify\",\"-a\",\"\",\"b\\nc\"]", home);
	assert_format(&config, CONFIG_HOOK_COMMAND, expected);
	assert_format(&config, CONFIG_HOOK_TIMEOUT, "90s");
	assert_format(&config, CONFIG_HOOK_RUNNING, "1");
	assert_format(&config, CONFIG_HOOK_KINDS, "[\"panic\",\"crash\"]");
	assert_format(&config, CONFIG_FORWARDER, "[\"agxtriage\",\"forward\"]");
	assert_format(&config, CONFIG_SYMBOLICATE, "true");
	snprintf(expected, sizeof expected, "[\"%s/dsyms\"]", home);
	assert_format(&config, CONFIG_SYMBOLS, expected);
	config_finish(&config);
}

static void test_says_nothing(void **state) {
	static const char *const texts[] = {"", " \n\t\r\n", "{}", "\xef\xbb\xbf{}\n"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct config config = load(texts[i]);
		for (int key = 0; key < CONFIG_KEY_COUNT; key++)
			assert_int_equal(config.values[key].origin, CONFIG_DEFAULT);
		config_finish(&config);
	}
}

/* bytes: the file; expected: what the error says behind the file's name. Nothing is changed by it.
 */
static void refused_bytes(const char *bytes, size_t len, const char *expected) {
	struct err err = {0};
	struct config config;
	char start[sizeof path + 1];
	write_file(bytes, len);
	snprintf(start, sizeof start, "%s:", path);
	assert_int_equal(config_init(&config, &err), 0);
	assert_int_equal(config_load(&config, path, &err), -EBADMSG);
	assert_int_equal(err.code, -EBADMSG);
	assert_memory_equal(err.text, start, strlen(start));
	assert_string_equal(err.text + strlen(start), expected);
	assert_null(config.path);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		assert_int_equal(config.values[key].origin, CONFIG_DEFAULT);
	config_finish(&config);
}

static void refused(const char *text, const char *expected) {
	refused_bytes(text, strlen(text), expected);
}

static void test_keys(void **state) {
	refused("{\n\n\"folder\": []}", "3: folder: no such key; did you mean \"folders\"?");
	refused("{\"hook\":\n{\"timeout\": 5,\n\"comand\": []}}",
		"3: hook.comand: no such key; did you mean \"command\"?");
	refused("{\"retension\": {}}", "1: retension: no such key; did you mean \"retention\"?");
	refused("{\"xyzzy\": 1}", "1: xyzzy: no such key");
	refused("{\"max_age\": \"5d\"}",
		"1: max_age: no such key here: \"max_age\" stands in \"retention\"");
	refused("{\"all\": true,\n\"hook.timeout\": 3}",
		"2: hook.timeout: no such key here: \"timeout\" stands in \"hook\"");
	refused("{\"Folders\": [\"/a\"]}", "1: Folders: no such key; did you mean \"folders\"?");
	refused("{\"all\": true,\n\"include\": [],\n\"all\": false}", "3: all: stands twice");
	refused("{\"hook\": {\"timeout\": 1},\n\"hook\": {}}", "2: hook: stands twice");
	refused("{\"hook\": {\"timeout\": 1,\n\"timeout\": 2}}", "2: hook.timeout: stands twice");
	refused("{\"\": 1}", "1: : no such key");
}

static void test_types(void **state) {
	refused("[]", "1: is no JSON object {...}");
	refused("3", "1: is no JSON object {...}");
	refused("{\"hook\": []}", "1: hook: takes an object: {...}");
	refused("{\"all\": 1}", "1: all: takes true or false");
	refused("{\"all\": null}", "1: all: takes true or false");
	refused("{\"include\": \"Python*\"}",
		"1: include: takes a list of patterns: [\"Python*\", \"ollama*\"]");
	refused("{\"include\": [\n\"a\", 5\n, \"b\"]}", "2: include: is a list of texts alone");
	refused("{\"hook\": {\"command\": \"logger -t agx\"}}",
		"1: hook.command: takes a list, the program and its arguments: "
		"[\"logger\", \"-t\", \"agx\"]");
	refused("{\"retention\": {\"max_age\": 90}}",
		"1: retention.max_age: takes a text such as \"90d\", or 0 (for ever)");
	refused("{\"retention\": {\"max_size\": true}}",
		"1: retention.max_size: takes a text such as \"500M\", bytes as a number, or 0 (no "
		"limit)");
	refused("{\"hook\": {\"timeout\": 1.5}}",
		"1: hook.timeout: takes a text such as \"30s\", or seconds as a number");
	refused("{\"hook\": {\"max_running\": \"2\"}}",
		"1: hook.max_running: takes a whole number");
	refused("{\"hook\": {\"max_running\": 1e300}}",
		"1: hook.max_running: takes a whole number");
	refused("{\"$schema\": 3}", "1: $schema: takes the address of a schema");
}

static void test_ranges(void **state) {
	refused("{\"folders\": []}", "1: folders: is an empty list");
	refused("{\"folders\": [\"/a\",\n\"reports\"]}",
		"2: folders: 'reports' is relative; write /... or ~/...");
	refused("{\"folders\": [\"~root/x\"]}",
		"1: folders: '~root/x' is relative; write /... or ~/...");
	refused("{\"folders\": [\"\"]}", "1: folders: is empty");
	refused("{\"folders\": [\"/a\\u0007\"]}",
		"1: folders: has control characters or invalid UTF-8");
	refused("{\"exclude\": [\"\xff\"]}", "1: exclude: has control characters or invalid UTF-8");
	refused("{\"exclude\": [\"x\",\"a/b\"]}",
		"1: exclude: 'a/b' never matches: patterns are for names of files, without '/'");
	refused("{\"retention\": {\"max_age\": \"12m\"}}",
		"1: retention.max_age: '12m' is less than 1d (m means minutes)");
	refused("{\"retention\": {\"raw_max_age\": \"-1d\"}}",
		"1: retention.raw_max_age: '-1d' is no age such as 90d, 8w or 0 (for ever)");
	refused("{\"retention\": {\"max_age\": \"99999999999w\"}}",
		"1: retention.max_age: '99999999999w' is no age such as 90d, 8w or 0 (for ever)");
	refused("{\"retention\": {\"max_size\": \"15M\"}}",
		"1: retention.max_size: '15M' is less than 16M (the write-ahead log and what is "
		"always kept need room)");
	refused("{\"retention\": {\"max_size\": -5}}",
		"1: retention.max_size: '-5' is no size such as 500M, 2G or 0 (no limit)");
	refused("{\"hook\": {\"timeout\": 0}}", "1: hook.timeout: '0' is less than 1s");
	refused("{\"hook\": {\"timeout\": \"25h\"}}", "1: hook.timeout: '25h' is more than 1d");
	refused("{\"hook\": {\"max_running\": 65}}", "1: hook.max_running: '65' is more than 64");
	refused("{\"hook\": {\"kinds\": [\"crash\",\n\"panics\"]}}",
		"2: hook.kinds: no kind 'panics'; did you mean 'panic'?");
	refused("{\"hook\": {\"kinds\": []}}", "1: hook.kinds: is an empty list");
	refused("{\"hook\": {\"command\": [\"bin/x\"]}}",
		"1: hook.command: 'bin/x' is relative; write /... or ~/...");
	refused("{\"forwarder\": {\"command\": [\"\", \"x\"]}}",
		"1: forwarder.command: the program's name is empty");
}

static void test_text(void **state) {
	refused("{\n\"all\": true,\n}", "3: is no JSON: a comma without anything behind it");
	refused("{\"exclude\": [\"a\" , ]}", "1: is no JSON: a comma without anything behind it");
	refused("{\"all\": true", "1: is no JSON: it ends too early");
	refused("{\n\"folders", "2: is no JSON: it ends too early");
	refused("{\n// all of them\n}", "2: is no JSON: it has no comments");
	refused("{\"all\": true}\n\nx", "3: is no JSON at x");
	refused("{\"all\": true} {}", "1: is no JSON at {}");
	refused("{\"all\":\nyes}", "2: is no JSON at yes}");
	refused("{\"all\": true\n\"include\": []}", "2: is no JSON at \"include\": []}");
	refused("{\"folders\": [\"/a\\u0000b\"]}", "1: has a NUL character");
	refused_bytes("{\"all\"\n\0: true}", 16, "2: has a NUL byte");
	refused("{\"folders\":\n[\"/a]}\n", "2: a text has no end on its line");
	refused("{\"hook\": {\"command\":\n[[\"x\"]]}}",
		"2: is nested deeper than a configuration is");
	refused("{\"a\":\"\\\\\", \"all\": 3, \"b\": \"]\\\"[{\"}", "1: a: no such key");
	refused("{\"include\": [\"],}\\\"{\", \"b\"],\n \"all\": 0}",
		"2: all: takes true or false");
	refused("{\"exclude\": [], \"hook\": {},\n\"retention\": {\"max_age\": 0,\n\n\"max_age\": 0}}",
		"4: retention.max_age: stands twice");
}

static void test_files(void **state) {
	struct err err = {0};
	struct config config;
	static char big[(64 << 10) + 1];
	assert_int_equal(config_init(&config, &err), 0);
	unlink(path);
	assert_int_equal(config_load(&config, path, &err), -ENOENT);
	assert_null(config.path);
	assert_int_equal(config_load(&config, home, &err), -EISDIR);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(config_load(&config, path, &err), -ENXIO);
	unlink(path);
	memset(big, ' ', sizeof big);
	write_file(big, sizeof big);
	assert_int_equal(config_load(&config, path, &err), -EFBIG);
	assert_non_null(strstr(err.text, path));
	unlink(path);
	config_finish(&config);
}

static void test_default_place(void **state) {
	struct err err = {0};
	struct config config;
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	assert_int_equal(config_init(&config, &err), 0);
	assert_int_equal(config_load(&config, NULL, &err), 0);
	assert_non_null(config.path);
	assert_non_null(strstr(config.path, "agxtriage/config.json"));
	assert_false(config.loaded);
	config_finish(&config);
	setenv("XDG_CONFIG_HOME", home, 1);
}

static void test_flags(void **state) {
	struct config config = load("{\"include\": [\"a\"], \"hook\": {\"timeout\": \"1m\"}}");
	struct err err = {0};
	const char *words[] = {"reports", "./reports/", "/x"}, *age = "90d", *bad = "soon";
	char expected[128];
	assert_int_equal(config_set(&config, CONFIG_FOLDERS, words, 3, CONFIG_FLAG, &err), 0);
	snprintf(expected, sizeof expected, "[\"%s/reports\",\"/x\"]", home);
	assert_format(&config, CONFIG_FOLDERS, expected);
	assert_int_equal(config.values[CONFIG_FOLDERS].origin, CONFIG_FLAG);
	assert_int_equal(config_set(&config, CONFIG_RETENTION_AGE, &age, 1, CONFIG_FLAG, &err), 0);
	assert_true(config_number(&config, CONFIG_RETENTION_AGE) == 90 * 86400);
	assert_int_equal(config_set(&config, CONFIG_INCLUDE, NULL, 0, CONFIG_FLAG, &err), 0);
	assert_format(&config, CONFIG_INCLUDE, "[]");
	assert_int_equal(
		config_set(&config, CONFIG_RETENTION_AGE, &bad, 1, CONFIG_FLAG, &err), -EINVAL);
	assert_string_equal(
		err.text, "--max-age: 'soon' is no age such as 90d, 8w or 0 (for ever)");
	assert_true(config_number(&config, CONFIG_RETENTION_AGE) == 90 * 86400);
	assert_int_equal(
		config_set(&config, CONFIG_HOOK_TIMEOUT, &bad, 1, CONFIG_FILE, &err), -EINVAL);
	assert_string_equal(err.text, "hook.timeout: 'soon' is no time such as 30s or 2m");
	assert_true(config_number(&config, CONFIG_HOOK_TIMEOUT) == 60);
	config_finish(&config);
}

static void test_units(void **state) {
	static const struct {
		const char *text;
		int64_t value; /* -1: refused */
	} ages[] = {{"0", 0}, {"0d", 0}, {"1s", 1}, {"90m", 5400}, {"36h", 129600}, {"2w", 1209600},
		{"90d", 7776000}, {"", -1}, {"5", -1}, {"d", -1}, {"-1d", -1}, {"+1d", -1},
		{"1.5d", -1}, {"1y", -1}, {"1d ", -1}, {" 1d", -1}, {"366000d", 31622400000},
		{"366001d", -1}, {"99999999999999999999d", -1}, {"9223372036854775807w", -1}},
	  sizes[] = {{"0", 0}, {"1048576", 1048576}, {"1K", 1024}, {"500M", 524288000},
		  {"2G", INT64_C(2) << 30}, {"1T", INT64_C(1) << 40}, {"", -1}, {"G", -1},
		  {"-1", -1}, {"1k", -1}, {"1GB", -1}, {"9223372036854775807", INT64_MAX},
		  {"9223372036854775807K", -1}, {"9223372036854775808", -1}};
	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		int64_t value = -1;
		assert_int_equal(config_parse_age(ages[i].text, &value), ages[i].value >= 0);
		assert_true(value == ages[i].value);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t value = -1;
		assert_int_equal(config_parse_size(sizes[i].text, &value), sizes[i].value >= 0);
		assert_true(value == sizes[i].value);
	}
}

/* For the test that holds the schema against the program. */
static int print_defaults(void) {
	struct err err = {0};
	struct config config;
	if (config_init(&config, &err) < 0)
		return 1;
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		struct buf text = {0};
		config_format(&config, (enum config_key)key, &text);
		printf("%s\t%s\t%s\n", config_key_name((enum config_key)key),
			config_key_flag((enum config_key)key), buf_str(&text));
		buf_finish(&text);
	}
	config_finish(&config);
	return 0;
}

int main(int argc, char **argv) {
	if (argc > 1 && !strcmp(argv[1], "--print"))
		return print_defaults();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_no_home),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_says_nothing),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_default_place),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_units),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
