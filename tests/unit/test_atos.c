/* What atos prints, in all the forms that it has, and what it never should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "ips/atos.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;

static int setup(void **state) {
	arena_init(&arena, 16 << 20);
	return 0;
}

static int teardown(void **state) {
	arena_finish(&arena);
	return 0;
}

static void add_call(struct buf *out, const struct found_call *call) {
	buf_add_str(out, call->symbol);
	if (call->symbol_offset.set)
		buf_printf(out, "+%" PRIu64, call->symbol_offset.value);
	if (call->source_file)
		buf_printf(out, "@%s", call->source_file);
	if (call->source_line.set)
		buf_printf(out, ":%" PRId64, call->source_line.value);
}

/* "a < b" for a in b, answers apart by "|", "-" for none. */
static void check(const char *text, bool groups, size_t count, const char *expected) {
	const struct found_symbol *found[8];
	struct buf seen = {0};
	int r = atos_parse(&arena, text, strlen(text), groups, count, found);
	for (size_t i = 0; r == 0 && i < count; i++) {
		buf_add_str(&seen, i ? "|" : "");
		if (!found[i]) {
			buf_add_char(&seen, '-');
			continue;
		}
		for (size_t k = 0; k < found[i]->inlined_count; k++) {
			add_call(&seen, &found[i]->inlined[k]);
			buf_add_str(&seen, " < ");
		}
		add_call(&seen, &found[i]->function);
	}
	if (expected)
		assert_int_equal(r, 0);
	else
		assert_int_equal(r, -EBADMSG);
	if (expected)
		assert_string_equal(buf_str(&seen), expected);
	buf_finish(&seen);
}

static void one(const char *line, const char *expected) {
	check(line, false, 1, expected);
	check(line, true, 1, expected);
}

static void test_lines(void **state) {
	one("main (in tool) (main.c:12)\n", "main@main.c:12");
	one("main (in tool) + 12", "main+12");
	one("main (in tool) + 0x1f\n", "main+31");
	one("main (in tool)\n", "main");
	one("-[View drawRect:] (in An App (1).app) (View.m:445)\n", "-[View drawRect:]@View.m:445");
	one("operator()(int) const (in l) + 3\n", "operator()(int) const+3");
	one("f(a (in b)) (in l) + 3\n", "f(a (in b))+3");
	one("_ZN3foo3barEi (in l) (a b.cc:1)\n", "foo::bar(int)@a b.cc:1");
	one("closure #1 in main() (in l) (<compiler-generated>:0)\n",
		"closure #1 in main()@<compiler-generated>");
	one("operator+ + (in l) + 7\r\n", "operator+ ++7");
	one("f (in l) (C:\\x.c:9)\n", "f@C:\\x.c:9");
}

static void test_nothing(void **state) {
	static const char *const lines[] = {"0x0000000100000f50\n", "0x100000f50 (in tool)\n",
		"4294971216 (in tool)\n", "??? (in tool) + 7\n", " (in tool) + 7\n", "x\n",
		"x (in l\n", "(in l) + 1\n", "x + 1\n", "x (f.c:1)\n", "??:0\n", ")\n"};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		one(lines[i], "-");
	/* A name is one without its source, too. */
	one("x (in l) (f.c:-1)\n", "x");
	one("x (in l) (f.c:99999999999999999999)\n", "x");
	one("x (in l) (:1)\n", "x");
}

static void test_groups(void **state) {
	const char *text =
		"a (in l) (a.h:1)\nb (in l) (b.h:2)\nc (in l) (c.c:3)\n\nd (in l) + 4\n\n"
		"0x1\n\n";
	check(text, true, 3, "a@a.h:1 < b@b.h:2 < c@c.c:3|d+4|-");
	check(text, true, 2, NULL);
	check(text, true, 4, NULL);
	check(text, false, 3, NULL);
	check(text, false, 5, "a@a.h:1|b@b.h:2|c@c.c:3|d+4|-");
	check("\n\n\n", true, 1, NULL);
	check("", true, 1, NULL);
	check("", true, 0, "");
	check("\n\na (in l) + 1\n\n\n\nb (in l) + 1", true, 2, "a+1|b+1");
	/* A group with a line that cannot be read is none. */
	check("a (in l) (a.h:1)\nnonsense\n", true, 1, "-");
}

static void test_bounds(void **state) {
	struct buf text = {0};
	const struct found_symbol *found[1];
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "f%d (in l) (a.c:%d)\n", i, i + 1);
	assert_int_equal(atos_parse(&arena, text.data, text.len, true, 1, found), 0);
	assert_int_equal(found[0]->inlined_count, ATOS_INLINED_MAX);
	assert_string_equal(found[0]->function.symbol, "f999");
	assert_string_equal(found[0]->inlined[ATOS_INLINED_MAX - 1].symbol, "f998");
	buf_reset(&text);
	for (int i = 0; i < 200000; i++)
		buf_add_char(&text, 'x');
	buf_add_str(&text, " (in l) + 1\n");
	assert_int_equal(atos_parse(&arena, text.data, text.len, true, 1, found), 0);
	assert_in_range(strlen(found[0]->function.symbol), 1, 8192);
	buf_finish(&text);
}

static void test_hostile(void **state) {
	static const char text[] = "a\033]0;x\007b\xc2\x85\xff\0c (in l) (\033[2J.c:3)\n";
	const struct found_symbol *found[1];
	assert_int_equal(atos_parse(&arena, text, sizeof text - 1, true, 1, found), 0);
	const struct found_call *call = &found[0]->function;
	assert_true(text_is_clean(call->symbol, strlen(call->symbol), TEXT_LINE));
	assert_true(text_is_clean(call->source_file, strlen(call->source_file), TEXT_LINE));
	assert_non_null(strchr(call->symbol, 'c'));
}

static void test_no_memory(void **state) {
	const char *text = "a (in l) (a.h:1)\nb (in l) (b.h:2)\n";
	const struct found_symbol *found[1];
	for (size_t limit = 0; limit < 64; limit += 8) {
		struct arena small;
		arena_init(&small, limit);
		assert_int_equal(atos_parse(&small, text, strlen(text), true, 1, found), -ENOMEM);
		arena_finish(&small);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
