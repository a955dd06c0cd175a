/* Mangled names become readable, everything else stays as it is, and names made to hurt do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ips/demangle.h"

#include <string.h>

static struct arena arena;

static int setup(void **state) {
	arena_init(&arena, 1 << 20);
	return 0;
}

static int teardown(void **state) {
	arena_finish(&arena);
	return 0;
}

static void check(const char *symbol, const char *expected) {
	assert_string_equal(demangle(&arena, symbol), expected);
}

static void mangled(void **state) {
	check("_ZN3JSC11SlotVisitor15drainFromSharedEv", "JSC::SlotVisitor::drainFromShared()");
	check("__ZN3JSC11SlotVisitor15drainFromSharedEv", "JSC::SlotVisitor::drainFromShared()");
	check("___ZN3foo3barEi_block_invoke", "invocation function for block in foo::bar(int)");
	check("___ZN3foo3barEi_block_invoke_2", "invocation function for block in foo::bar(int)");
	check("____ZN3foo3barEi_block_invoke.34", "invocation function for block in foo::bar(int)");
	check("_ZN3foo3barEi.cold.1", "foo::bar(int) (.cold.1)");
}

static void left_alone(void **state) {
	static const char *const symbols[] = {"", "_", "__Z", "_Z", "main", "_main", "_Znonsense",
		"-[AGXG16XFamilyComputeContext setComputePipelineState:]", "_RNvC1a1b", "$s4main",
		"___ZN3foo3barEi", "______ZN3foo3barEi", "AGX::ComputeContext<>::prepareForEnqueue",
		"_ZN3foo3barEi_trailing"};
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		assert_ptr_equal(demangle(&arena, symbols[i]), symbols[i]);
}

/* "_Z1f" with n pointers: each is one level of recursion. */
static void long_names(void **state) {
	char name[2000] = "_Z1f";
	memset(name + 4, 'P', 600);
	name[604] = 'i';
	assert_true(strlen(demangle(&arena, name)) > 600);
	memset(name + 4, 'P', 1500);
	name[1504] = 'i';
	assert_ptr_equal(demangle(&arena, name), name);
}

/* Each A<S_,S_> doubles the length: 2^40 bytes if anybody expanded it. */
static void expansion(void **state) {
	char name[2000] = "_Z1f1AIiiE";
	for (int i = 0; i < 40; i++) {
		static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		char part[] = "1BIS0_S0_S0_E";
		part[4] = part[7] = part[10] = digits[i < 35 ? i + 1 : 35];
		memcpy(name + strlen(name), part, sizeof part);
	}
	assert_ptr_equal(demangle(&arena, name), name);
	const char *packs = "_Z1fIJiiiiiiiiEEvDpDpDpDpDpDpDpDpDpDpDpT_";
	assert_ptr_equal(demangle(&arena, packs), packs);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mangled, setup, teardown),
		cmocka_unit_test_setup_teardown(left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(long_names, setup, teardown),
		cmocka_unit_test_setup_teardown(expansion, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
