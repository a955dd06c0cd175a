/* The option parser: every spelling, every type, and what it says of mistakes. */
#include "cli/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct values {
	bool all, reverse, one;
	const char *name;
	struct i64_opt limit, since;
	int color;
	struct option_list include;
};

static const char *const colors[] = {"auto", "always", "never", NULL};

static const struct option_row rows[] = {
	{.name = "all", .letter = 'a', .help = "x", .offset = offsetof(struct values, all)},
	{.name = "reverse", .letter = 'r', .help = "x", .offset = offsetof(struct values, reverse)},
	{.letter = '1', .help = "x", .offset = offsetof(struct values, one)},
	{.name = "name",
		.argument = "TEXT",
		.help = "x",
		.type = OPTION_STRING,
		.offset = offsetof(struct values, name)},
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.help = "x",
		.type = OPTION_INT,
		.offset = offsetof(struct values, limit),
		.min = 1},
	{.name = "since",
		.argument = "TIME",
		.help = "x",
		.type = OPTION_TIME,
		.offset = offsetof(struct values, since)},
	{.name = "include",
		.letter = 'i',
		.argument = "GLOB",
		.help = "x",
		.type = OPTION_LIST,
		.offset = offsetof(struct values, include)},
	{0},
};

static const struct option_row global_rows[] = {
	{.name = "color",
		.argument = "WHEN",
		.help = "x",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct values, color),
		.choices = colors},
	{0},
};

#define NOW_US INT64_C(1766280978000000)

/* What one command line came to. */
struct outcome {
	int code, operands;
	char *argv[16];
	struct values values;
	struct err err;
};

static struct outcome parse(bool stop, const char *first, ...) {
	static char words[16][64];
	struct outcome ret = {.operands = -1};
	int argc = 0;
	va_list args;
	va_start(args, first);
	for (const char *word = first; word; word = va_arg(args, const char *)) {
		assert_true(argc < 15 && strlen(word) < sizeof words[0]);
		memcpy(words[argc], word, strlen(word) + 1);
		ret.argv[argc] = words[argc];
		argc++;
	}
	va_end(args);
	const struct option_set sets[] = {{rows, &ret.values}, {global_rows, &ret.values}};
	const struct option_input input = {.sets = sets,
		.set_count = 2,
		.argc = argc,
		.argv = ret.argv,
		.stop_at_operand = stop,
		.now_us = NOW_US};
	ret.code = options_parse(&input, &ret.operands, &ret.err);
	return ret;
}

static void test_spellings(void **state) {
	struct outcome o = parse(false, "-n5", "--name=a=b", "-ar1", NULL);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.operands, 0);
	assert_true(o.values.limit.set && o.values.limit.value == 5);
	assert_string_equal(o.values.name, "a=b");
	assert_true(o.values.all && o.values.reverse && o.values.one);
	o = parse(false, "-n", "7", "--name", "--all", NULL);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.values.limit.value, 7);
	assert_string_equal(o.values.name, "--all");
	assert_false(o.values.all);
	o = parse(false, "-an12", "--name=", NULL);
	assert_true(o.values.all);
	assert_int_equal(o.values.limit.value, 12);
	assert_string_equal(o.values.name, "");
}

static void test_operands(void **state) {
	struct outcome o = parse(false, "one", "-a", "-", "two", "--", "-r", "--", NULL);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.operands, 5);
	assert_string_equal(o.argv[0], "one");
	assert_string_equal(o.argv[1], "-");
	assert_string_equal(o.argv[2], "two");
	assert_string_equal(o.argv[3], "-r");
	assert_string_equal(o.argv[4], "--");
	assert_true(o.values.all);
	assert_false(o.values.reverse);
}

static void test_stop_at_operand(void **state) {
	struct outcome o = parse(true, "-a", "run", "-r", "--nonsense", NULL);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.operands, 3);
	assert_string_equal(o.argv[0], "run");
	assert_string_equal(o.argv[2], "--nonsense");
	assert_true(o.values.all);
	assert_false(o.values.reverse);
}

static void test_types(void **state) {
	struct outcome o = parse(false, "--since", "2d", "--color=never", NULL);
	assert_int_equal(o.code, 0);
	assert_true(o.values.since.value == NOW_US - INT64_C(2) * 86400 * 1000000);
	assert_int_equal(o.values.color, 2);
}

static void test_lists(void **state) {
	struct outcome o =
		parse(false, "--include=a", "-ib", "x", "-i", "-c", "--include", "a", NULL);
	const struct option_set set = {rows, &o.values};
	assert_int_equal(o.code, 0);
	assert_int_equal(o.operands, 1);
	assert_int_equal(o.values.include.count, 4);
	assert_string_equal(o.values.include.items[0], "a");
	assert_string_equal(o.values.include.items[1], "b");
	assert_string_equal(o.values.include.items[2], "-c");
	assert_string_equal(o.values.include.items[3], "a");
	assert_null(o.values.include.items[4]);
	options_finish(&set);
	assert_null(o.values.include.items);
	o = parse(false, "-i", NULL);
	assert_int_equal(o.code, -EINVAL);
	assert_non_null(strstr(o.err.text, "-i needs a value (GLOB)"));
}

static void fails(struct outcome o, const char *text) {
	assert_int_equal(o.code, -EINVAL);
	assert_int_equal(o.operands, -1);
	assert_non_null(strstr(o.err.text, text));
}

static void test_mistakes(void **state) {
	fails(parse(false, "--limt=3", NULL), "did you mean --limit?");
	fails(parse(false, "--revesre", NULL), "did you mean --reverse?");
	fails(parse(false, "--xyzzy", NULL), "unknown option --xyzzy");
	fails(parse(false, "-az", NULL), "unknown option -z in '-az'");
	fails(parse(false, "--all=yes", NULL), "--all takes no value");
	fails(parse(false, "-n", NULL), "-n needs a value (N)");
	fails(parse(false, "--limit", NULL), "--limit needs a value (N)");
	fails(parse(false, "-n", "0", NULL), "at least 1, not '0'");
	fails(parse(false, "-n", "-3", NULL), "not '-3'");
	fails(parse(false, "-n3x", NULL), "not '3x'");
	fails(parse(false, "-n99999999999999999999", NULL), "-n takes a whole number");
	fails(parse(false, "--since=soon", NULL), "--since takes a time");
	fails(parse(false, "--color=blue", NULL), "auto, always, never, not 'blue'");
	fails(parse(false, "--=x", NULL), "unknown option --");
}

static void test_long_words(void **state) {
	struct outcome o =
		parse(false, "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL);
	fails(o, "unknown option --aaaa");
	assert_null(strstr(o.err.text, "did you mean"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_stop_at_operand),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
