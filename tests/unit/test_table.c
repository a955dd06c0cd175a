/* Tables: widths, shortening, what goes first, cleaning. */
#include "export/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A table whose output can be read back; columns 0 is no terminal. */
struct bench {
	FILE *file;
	struct term term;
	struct table table;
	char text[4096];
};

static void open_bench(struct bench *bench, const struct table_column *columns, size_t count,
	size_t terminal_columns) {
	bench->file = tmpfile();
	assert_non_null(bench->file);
	term_init(&bench->term, bench->file, TERM_COLOR_NEVER);
	bench->term.columns = terminal_columns;
	table_init(&bench->table, columns, count, &bench->term);
}

static const char *read_bench(struct bench *bench) {
	table_finish(&bench->table);
	assert_int_equal(term_flush(&bench->term), 0);
	rewind(bench->file);
	size_t n = fread(bench->text, 1, sizeof bench->text - 1, bench->file);
	bench->text[n] = '\0';
	fclose(bench->file);
	return bench->text;
}

static const struct table_column three[] = {
	{.title = "ID", .width = 4, .right = true},
	{.title = "SITE", .width = 12, .min = 6},
	{.title = "DRIVER", .width = 10, .min = 6, .priority = 1},
};

static void row(struct bench *bench, const char *a, const char *b, const char *c) {
	const struct table_cell cells[] = {{a, TERM_PLAIN}, {b, TERM_PLAIN}, {c, TERM_PLAIN}};
	assert_int_equal(table_row(&bench->table, cells), 0);
}

static void test_unlimited(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 0);
	assert_int_equal(table_begin(&bench.table, true), 0);
	row(&bench, "7", "a-very-long-site-name", "G16X 329.2");
	row(&bench, "123456", "b", NULL);
	row(&bench, "8", NULL, "G13X");
	assert_string_equal(read_bench(&bench), "  ID  SITE          DRIVER\n"
						"   7  a-very-long-site-name  G16X 329.2\n"
						"123456  b\n"
						"   8                G13X\n");
}

static void test_fits(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 24);
	table_begin(&bench.table, true);
	row(&bench, "7", "a-very-long-site-name", "G16X 329.2");
	assert_string_equal(read_bench(&bench), "  ID  SITE      DRIVER\n"
						"   7  a-very-\xe2\x80\xa6  G16X 32\xe2\x80\xa6\n");
}

static void test_hides_by_priority(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 15);
	table_begin(&bench.table, true);
	row(&bench, "7", "a-very-long-site-name", "G16X 329.2");
	assert_string_equal(read_bench(&bench), "  ID  SITE\n"
						"   7  a-very-l\xe2\x80\xa6\n");
}

static void test_numbers_are_never_cut(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 20);
	table_begin(&bench.table, false);
	row(&bench, "1234567", "x", NULL);
	assert_string_equal(read_bench(&bench), "1234567  x\n");
}

static void test_shortened_in_the_middle(void **state) {
	static const struct table_column columns[] = {
		{.title = "P", .width = 30, .min = 6, .middle = true},
	};
	struct bench bench;
	open_bench(&bench, columns, 1, 12);
	table_begin(&bench.table, false);
	const struct table_cell narrow[] = {{"LongProcess[77304]", TERM_PLAIN}};
	/* 6 columns from the end would cut a character of two: it goes. */
	const struct table_cell wide[] = {{"LongProcess\xe6\xbc\xa2[773]", TERM_PLAIN}};
	table_row(&bench.table, narrow);
	table_row(&bench.table, wide);
	assert_string_equal(read_bench(&bench), "LongP\xe2\x80\xa6"
						"77304]\n"
						"LongP\xe2\x80\xa6[773]\n");
}

static void test_room_left_is_used(void **state) {
	static const struct table_column columns[] = {
		{.title = "SITE", .width = 6},
		{.title = "WIDE", .width = 20, .priority = 1},
		{.title = "TINY", .width = 4, .priority = 2},
	};
	struct bench bench;
	open_bench(&bench, columns, 3, 24);
	table_begin(&bench.table, false);
	row(&bench, "a", "b", "c");
	assert_string_equal(read_bench(&bench), "a       c\n");
}

static void test_measured(void **state) {
	static const struct table_column columns[] = {
		{.title = "A", .max = 5},
		{.title = "B"},
	};
	const struct table_cell cells[] = {{"wide enough", TERM_PLAIN}, {"y", TERM_PLAIN}};
	const struct table_cell other[] = {{"x", TERM_PLAIN}, {"z", TERM_PLAIN}};
	struct bench bench;
	open_bench(&bench, columns, 2, 0);
	table_measure(&bench.table, cells);
	table_begin(&bench.table, true);
	table_row(&bench.table, cells);
	table_row(&bench.table, other);
	assert_string_equal(read_bench(&bench), "A      B\n"
						"wide enough  y\n"
						"x      z\n");
}

static void test_wide_characters(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 24);
	table_begin(&bench.table, false);
	row(&bench, "1", "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
		"x");
	/* 8 columns: three characters of two, the ellipsis, one blank. */
	assert_string_equal(
		read_bench(&bench), "   1  \xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe2\x80\xa6   x\n");
}

static void test_nothing_reaches_the_terminal_uncleaned(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 0);
	table_begin(&bench.table, false);
	row(&bench, "1", "\033[2Jx\ny\t\x9b", "\xe2\x80\xae");
	const char *text = read_bench(&bench);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\t'));
	assert_null(strchr(text, '\x9b'));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_null(strstr(text, "\xe2\x80\xae"));
}

static void test_colors_close_before_blanks(void **state) {
	struct bench bench;
	open_bench(&bench, three, 3, 0);
	bench.term.color = true;
	const struct table_cell cells[] = {{"1", TERM_ID}, {"s", TERM_SITE}, {"d", TERM_PLAIN}};
	table_begin(&bench.table, false);
	table_row(&bench.table, cells);
	assert_string_equal(
		read_bench(&bench), "   \033[33m1\033[m  \033[36ms\033[m             d\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unlimited),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_hides_by_priority),
		cmocka_unit_test(test_numbers_are_never_cut),
		cmocka_unit_test(test_shortened_in_the_middle),
		cmocka_unit_test(test_room_left_is_used),
		cmocka_unit_test(test_measured),
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_nothing_reaches_the_terminal_uncleaned),
		cmocka_unit_test(test_colors_close_before_blanks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
