/* The parts of a run that ask nobody: the tail, the tree of processes, what standard error tells,
 * what is taken. */
#include "repro/stderr_facts.h"
#include "repro/tail.h"
#include "repro/taken.h"
#include "repro/tree.h"

#include "base/buf.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S 1000000 /* one second */

/* ---- tail ---- */

static void test_tail(void **state) {
	struct tail tail = {0};
	size_t len;
	assert_string_equal(tail_text(&tail, &len), "");
	assert_int_equal(len, 0);
	tail_add(&tail, "one\ntwo", 7);
	assert_memory_equal(tail_text(&tail, &len), "one\ntwo", 7);
	assert_int_equal(len, 7);
	tail_finish(&tail);
}

static void test_tail_long(void **state) {
	struct tail tail = {0};
	char line[32];
	size_t len;
	for (int i = 0; i < 50000; i++)
		assert_int_equal(
			tail_add(&tail, line, (size_t)snprintf(line, sizeof line, "line %d\n", i)),
			0);
	const char *text = tail_text(&tail, &len);
	assert_in_range(len, TAIL_BYTES - 20, TAIL_BYTES);
	assert_memory_equal(text, "line ", 5);
	assert_memory_equal(text + len - 11, "line 49999\n", 11);
	tail_finish(&tail);
}

static void test_tail_piece(void **state) {
	struct tail tail = {0};
	size_t len, size = 5 * TAIL_BYTES;
	char *piece = malloc(size);
	assert_non_null(piece);
	memset(piece, 'x', size);
	piece[size - 3] = '\n';
	tail_add(&tail, piece, size);
	assert_memory_equal(tail_text(&tail, &len), "xx", 2);
	assert_int_equal(len, 2);
	free(piece);
	tail_finish(&tail);
}

/* ---- tree ---- */

static struct process_info process(pid_t pid, pid_t parent, int64_t birth) {
	return (struct process_info){.pid = pid,
		.parent = parent,
		.birth = birth,
		.started_at_us = birth * S,
		.name = "python3"};
}

static bool owns(const struct tree *tree, int64_t pid, int64_t launched_s) {
	const struct tree_claim claim = {.pid = {pid, true},
		.launched_at_us = {launched_s * S, true},
		.captured_at_us = {launched_s * S + S, true}};
	return tree_find_tie(tree, &claim) != TREE_NONE;
}

static bool owns_child(const struct tree *tree, int64_t parent, int64_t launched_s) {
	const struct tree_claim claim = {.pid = {999, true},
		.parent_pid = {parent, true},
		.launched_at_us = {launched_s * S, true},
		.captured_at_us = {launched_s * S + S, true}};
	return tree_find_tie(tree, &claim) == TREE_PARENT;
}

static void test_tree(void **state) {
	struct tree tree;
	struct process_info root = process(100, 1, 50);
	assert_int_equal(tree_init(&tree, &root, NULL, 0, 50 * S), 0);
	/* In an order in which children come before their parents. */
	struct process_info first[] = {process(90, 80, 53), process(80, 100, 52), root,
		process(70, 1, 40), process(60, 70, 54), process(1, 0, 0)};
	assert_int_equal(tree_update(&tree, first, 6, 60 * S), 0);
	assert_int_equal(tree.count, 3);
	assert_true(owns(&tree, 100, 50) && owns(&tree, 80, 52) && owns(&tree, 90, 53));
	assert_false(owns(&tree, 70, 40));
	assert_false(owns(&tree, 60, 54));
	/* 80 is gone, its child belongs to nobody and still to the tree, and has a child. */
	struct process_info second[] = {
		process(90, 1, 53), root, process(1, 0, 0), process(91, 90, 61)};
	assert_int_equal(tree_update(&tree, second, 4, 62 * S), 0);
	assert_int_equal(tree.count, 4);
	assert_true(owns(&tree, 80, 52) && owns(&tree, 90, 53) && owns(&tree, 91, 61));
	tree_finish(&tree);
}

static void test_tree_reuse(void **state) {
	struct tree tree;
	struct process_info root = process(100, 1, 50);
	tree_init(&tree, &root, NULL, 0, 50 * S);
	struct process_info first[] = {root, process(80, 100, 52)};
	tree_update(&tree, first, 2, 55 * S);
	/* The pid of the child is another's, who has a child too. */
	struct process_info second[] = {root, process(80, 1, 70), process(81, 80, 71)};
	tree_update(&tree, second, 3, 75 * S);
	assert_int_equal(tree.count, 2);
	assert_true(owns(&tree, 80, 52));
	assert_false(owns(&tree, 80, 70));
	assert_false(owns(&tree, 81, 71));
	assert_false(owns_child(&tree, 80, 71));
	assert_true(owns_child(&tree, 80, 54));
	/* The same pid, but a report of long ago, or of what is yet to come. */
	assert_true(owns(&tree, 100, 51));
	assert_false(owns(&tree, 100, 20));
	assert_false(owns(&tree, 100, 53));
	tree_finish(&tree);
}

static void test_tree_claims(void **state) {
	struct tree tree;
	struct process_info root = process(100, 1, 50);
	tree_init(&tree, &root, NULL, 0, 50 * S);
	struct tree_claim claim = {
		.responsible_pid = {100, true}, .launched_at_us = {60 * S, true}};
	assert_true(tree_find_tie(&tree, &claim) != TREE_NONE);
	claim.launched_at_us.value = 40 * S;
	assert_int_equal(tree_find_tie(&tree, &claim), TREE_NONE);
	/* No launch time: the capture must lie in the process's life. */
	struct tree_claim vague = {.pid = {100, true}, .captured_at_us = {58 * S, true}};
	assert_true(tree_find_tie(&tree, &vague) != TREE_NONE);
	vague.captured_at_us.value = 30 * S;
	assert_int_equal(tree_find_tie(&tree, &vague), TREE_NONE);
	struct process_info nobody[] = {process(1, 0, 0)};
	tree_update(&tree, nobody, 1, 60 * S);
	vague.captured_at_us.value = 61 * S;
	assert_true(tree_find_tie(&tree, &vague) != TREE_NONE);
	vague.captured_at_us.value = 100 * S;
	assert_int_equal(tree_find_tie(&tree, &vague), TREE_NONE);
	assert_int_equal(
		tree_find_tie(&tree, &(struct tree_claim){.captured_at_us = {61 * S, true}}),
		TREE_NONE);
	tree_finish(&tree);
}

static enum tree_tie tie_of(
	const struct tree *tree, int64_t pid, int64_t parent, int64_t launched_s) {
	const struct tree_claim claim = {.pid = {pid, true},
		.parent_pid = {parent, true},
		.launched_at_us = {launched_s * S, true},
		.captured_at_us = {launched_s * S + S, true}};
	return tree_find_tie(tree, &claim);
}

/* The parent lived too shortly for any sample. */
static void test_tree_launch(void **state) {
	struct tree tree;
	const struct process_info before[] = {
		process(1, 0, 0), process(70, 1, 40), process(71, 70, 41)};
	struct process_info root = process(100, 70, 50);
	assert_int_equal(tree_init(&tree, &root, before, 3, 50 * S), 0);
	assert_int_equal(tie_of(&tree, 121, 120, 55), TREE_NONE);
	/* A shell that was there has a new job, and that one a child; a program of the desktop. */
	struct process_info first[] = {process(1, 0, 0), process(70, 1, 40), root,
		process(90, 71, 52), process(71, 70, 41), process(91, 90, 53), process(95, 1, 54),
		process(101, 100, 51)};
	assert_int_equal(tree_update(&tree, first, 8, 60 * S), 0);
	assert_int_equal(tie_of(&tree, 121, 120, 55), TREE_LAUNCH);
	assert_int_equal(tie_of(&tree, 121, 1, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 0, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, -5, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, INT64_C(1) << 40, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 120, 49), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 71, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 90, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 91, 120, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 95, 55), TREE_OPEN);
	assert_int_equal(tie_of(&tree, 121, 101, 55), TREE_PARENT);
	assert_int_equal(tie_of(&tree, 101, 100, 51), TREE_PID);
	/* All are gone, what was known of them is not; and the command is over. */
	struct process_info second[] = {process(1, 0, 0), process(70, 1, 40)};
	assert_int_equal(tree_update(&tree, second, 2, 70 * S), 0);
	assert_int_equal(tie_of(&tree, 121, 90, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 91, 55), TREE_NONE);
	assert_int_equal(tie_of(&tree, 121, 95, 55), TREE_LAUNCH);
	assert_int_equal(tie_of(&tree, 121, 120, 61), TREE_LAUNCH);
	assert_int_equal(tie_of(&tree, 121, 120, 65), TREE_NONE);
	const struct tree_claim vague = {
		.pid = {121, true}, .parent_pid = {120, true}, .captured_at_us = {55 * S, true}};
	assert_int_equal(tree_find_tie(&tree, &vague), TREE_NONE);
	tree_finish(&tree);
}

static void test_tree_changes(void **state) {
	struct tree tree;
	struct process_info root = process(100, 1, 50), child = process(101, 100, 51);
	assert_int_equal(tree_init(&tree, &root, NULL, 0, 50 * S), 0);
	uint64_t changes = tree.changes;
	struct process_info none[] = {root}, one[] = {root, child};
	assert_int_equal(tree_update(&tree, none, 1, 51 * S), 0);
	assert_true(tree.changes == changes);
	assert_int_equal(tree_update(&tree, one, 2, 52 * S), 0);
	assert_true(tree.changes == changes + 1);
	assert_int_equal(tree_update(&tree, one, 2, 53 * S), 0);
	assert_true(tree.changes == changes + 1);
	assert_int_equal(tree_update(&tree, none, 1, 54 * S), 0);
	assert_true(tree.changes == changes + 2);
	/* Without a list from before nothing is told by launch. */
	assert_int_equal(tie_of(&tree, 121, 120, 52), TREE_NONE);
	tree_finish(&tree);
}

static void test_pid_set(void **state) {
	struct pid_set set = {0};
	assert_false(pid_set_has(&set, 0));
	static const pid_t some[] = {4194303, 7, 64, 63, 0};
	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		assert_int_equal(pid_set_add(&set, some[i]), 0);
	assert_int_equal(pid_set_add(&set, -1), 0);
	assert_int_equal(pid_set_add(&set, INT32_MAX), 0);
	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		assert_true(pid_set_has(&set, some[i]));
	assert_false(pid_set_has(&set, -1) || pid_set_has(&set, 65) ||
		     pid_set_has(&set, INT32_MAX) || pid_set_has(&set, INT64_MAX) ||
		     pid_set_has(&set, 4194302));
	assert_in_range(set.count * sizeof *set.words, 512 << 10, 1 << 20);
	pid_set_finish(&set);
}

/* A build starts thousands of programs; old ones are forgotten, the root and the young are not. */
static void test_tree_bounded(void **state) {
	struct tree tree;
	struct process_info root = process(1, 0, 0);
	tree_init(&tree, &root, NULL, 0, 0);
	for (int64_t round = 0; round < 40; round++) {
		struct process_info all[401];
		all[0] = root;
		for (int i = 0; i < 400; i++)
			all[i + 1] = process(1000 + i, 1, round * 60 + 1);
		assert_int_equal(tree_update(&tree, all, 401, round * 60 * S), 0);
	}
	assert_in_range(tree.count, 4000, 4100 + 400);
	assert_int_equal(tree.items[0].pid, 1);
	assert_true(owns(&tree, 1000, 39 * 60 + 1));
	assert_false(owns(&tree, 1000, 1));
	tree_finish(&tree);
}

/* ---- standard error ---- */

static struct stderr_facts facts_of(const char *text) {
	struct stderr_facts facts;
	struct err err = {0};
	assert_int_equal(stderr_facts_find(text, strlen(text), &facts, &err), 0);
	return facts;
}

static void test_traceback(void **state) {
	struct stderr_facts facts =
		facts_of("loading\n"
			 "Traceback (most recent call last):\n"
			 "  File \"a.py\", line 3, in <module>\n"
			 "    f()\n"
			 "KeyError: 'x'\n"
			 "\n"
			 "During handling of the above exception, another exception occurred:\n"
			 "\n"
			 "Traceback (most recent call last):\r\n"
			 "  File \"a.py\", line 5, in <module>\r\n"
			 "ValueError: bad\r\n"
			 "  with more\n"
			 "done\n");
	assert_int_equal(facts.traceback_count, 1);
	assert_true(text_starts(facts.tracebacks[0], "Traceback (most"));
	assert_non_null(strstr(facts.tracebacks[0], "KeyError: 'x'\n"));
	assert_true(text_ends(facts.tracebacks[0], "\n  with more"));
	stderr_facts_finish(&facts);
}

static void test_tracebacks_apart(void **state) {
	struct stderr_facts facts = facts_of("  Traceback (most recent call last):\n"
					     "    File \"a.py\", line 3\n"
					     "  RuntimeError: first\n"
					     "\n"
					     "  not of it\n"
					     "12:00 ERROR Traceback (most recent call last):\n"
					     "  File \"b.py\", line 4\n"
					     "RuntimeError: second");
	assert_int_equal(facts.traceback_count, 2);
	assert_true(text_ends(facts.tracebacks[0], "RuntimeError: first"));
	assert_string_equal(facts.tracebacks[1], "Traceback (most recent call last):\n"
						 "  File \"b.py\", line 4\n"
						 "RuntimeError: second");
	stderr_facts_finish(&facts);
}

static void test_fatal(void **state) {
	struct stderr_facts facts =
		facts_of("Fatal Python error: Segmentation fault\n"
			 "\n"
			 "Current thread 0x00000001f0a1c840 (most recent call first):\n"
			 "  File \"bench.py\", line 12 in step\n"
			 "\n"
			 "Thread 0x0000000170d3b000 (most recent call first):\n"
			 "  File \"threading.py\", line 359 in wait\n"
			 "\n"
			 "Extension modules: numpy.core (total: 1)\n"
			 "sh: line 1: 4242 Segmentation fault\n");
	assert_int_equal(facts.traceback_count, 1);
	assert_true(text_starts(facts.tracebacks[0], "Fatal Python error"));
	assert_true(text_ends(facts.tracebacks[0], "(total: 1)"));
	stderr_facts_finish(&facts);
}

static void test_metal(void **state) {
	static const char assertion[] =
		"-[_MTLCommandBuffer addCompletedHandler:]:1011: failed assertion `Completed "
		"handler provided after commit call'";
	struct buf text = {0};
	buf_printf(&text,
		"a failed assertion of somebody\n%s\nError: command buffer exited with error "
		"status (MTLCommandBufferErrorDomain, 1)\n%s\n\x1b[31mAGX: exceeded\xff\n",
		assertion, assertion);
	struct stderr_facts facts = facts_of(buf_str(&text));
	assert_int_equal(facts.metal_error_count, 3);
	assert_string_equal(facts.metal_errors[0], assertion);
	assert_true(text_starts(facts.metal_errors[1], "Error: command buffer"));
	/* Nothing of a terminal's language, nothing that is no UTF-8. */
	assert_string_equal(facts.metal_errors[2], "\xef\xbf\xbd[31mAGX: exceeded\xef\xbf\xbd");
	stderr_facts_finish(&facts);
	buf_finish(&text);
}

static void test_many(void **state) {
	struct buf text = {0};
	for (int i = 0; i < 500; i++)
		buf_printf(&text, "Traceback (most recent call last):\nE: %d\nAGX: %d\n", i, i);
	struct stderr_facts facts = facts_of(buf_str(&text));
	assert_int_equal(facts.traceback_count, STDERR_TRACEBACKS);
	assert_int_equal(facts.metal_error_count, STDERR_METAL_ERRORS);
	assert_true(text_ends(facts.tracebacks[STDERR_TRACEBACKS - 1], "E: 499"));
	assert_string_equal(facts.metal_errors[STDERR_METAL_ERRORS - 1], "AGX: 499");
	stderr_facts_finish(&facts);
	buf_finish(&text);
}

/* ---- what is taken ---- */

static void test_taken(void **state) {
	static const char *const chosen[] = {"mine-*", NULL};
	const struct selection base = {.include = chosen};
	struct taken taken;
	taken_init(&taken, &base);
	const char *const *before = taken.current.include;
	assert_false(select_by_name(&taken.current, "tool-2026-01-01-000000.ips"));
	assert_true(taken_add(&taken, "tool"));
	assert_false(taken_add(&taken, "tool"));
	assert_true(taken_add(&taken, "a[b*"));
	assert_true(taken_add(&taken, "a-name-that-is-"));
	assert_true(select_by_name(&taken.current, "tool-2026-01-01-000000.ips"));
	assert_true(select_by_name(&taken.current, "mine-1.ips"));
	assert_true(select_by_name(&taken.current, "a[b*-2026.ips"));
	assert_true(select_by_name(&taken.current, "a-name-that-is-cut-2026.ips"));
	assert_false(select_by_name(&taken.current, "toolbox-2026-01-01-000000.ips"));
	/* Who still reads the first list reads what it was. */
	assert_ptr_equal(before, chosen);
	taken_finish(&taken);
}

static void test_taken_default(void **state) {
	const struct selection base = {0}, all = {.all = true};
	struct taken taken;
	taken_init(&taken, &base);
	assert_true(taken_add(&taken, "tool"));
	assert_true(select_by_name(&taken.current, "Python-2026-01-01-000000.ips"));
	assert_true(select_by_name(&taken.current, "tool-2026-01-01-000000.ips"));
	taken_finish(&taken);
	taken_init(&taken, &all);
	assert_false(taken_add(&taken, "tool"));
	taken_finish(&taken);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_long),
		cmocka_unit_test(test_tail_piece),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_tree_reuse),
		cmocka_unit_test(test_tree_claims),
		cmocka_unit_test(test_tree_launch),
		cmocka_unit_test(test_tree_changes),
		cmocka_unit_test(test_pid_set),
		cmocka_unit_test(test_tree_bounded),
		cmocka_unit_test(test_traceback),
		cmocka_unit_test(test_tracebacks_apart),
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_metal),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_taken_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
