/* A signature's text in the width of a column. */
#include "export/signature_text.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char fault[] = "EXC_BAD_ACCESS near_null 0x5c8 | "
			    "-[AGXG*FamilyComputeContext setComputePipelineState:] | "
			    "at::native::mps::exec_binary_kernel";

static void expect(const char *text, size_t columns, bool with_fault, const char *expected) {
	struct buf out = {0};
	signature_text(&out, text, columns, with_fault);
	assert_string_equal(buf_str(&out), expected);
	assert_true(text_width(buf_str(&out)) <= columns);
	buf_finish(&out);
}

static void test_the_frame_goes_first(void **state) {
	expect(fault, 28, false, "...setComputePipelineState:]");
	expect(fault, 40, false, "-[AGXG*Fami... setComputePipelineState:]");
	expect(fault, 54, false, "-[AGXG*FamilyComputeContext setComputePipelineState:]");
	expect(fault, 80, false,
		"-[AGXG*FamilyComputeContext setComputePipelineState:] | ...exec_binary_kernel");
}

static void test_the_fault_without_its_type(void **state) {
	expect(fault, 46, true, "near_null 0x5c8 | ...setComputePipelineState:]");
	expect("EXC_CRASH SIGABRT | main", 40, true, "SIGABRT | main");
	expect("EXC_CRASH | main", 40, true, "EXC_CRASH | main");
}

static void test_odd_ones(void **state) {
	expect("jetsam", 20, false, "jetsam");
	expect("", 20, true, "");
	expect("EXC_CRASH", 20, true, "EXC_CRASH");
	expect("gpu_event | signature 579", 20, false, "signature 579");
}

static void test_every_width_is_kept(void **state) {
	for (size_t columns = 4; columns < 140; columns++) {
		struct buf out = {0};
		signature_text(&out, fault, columns, columns % 2);
		assert_true(text_width(buf_str(&out)) <= columns);
		buf_finish(&out);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_frame_goes_first),
		cmocka_unit_test(test_the_fault_without_its_type),
		cmocka_unit_test(test_odd_ones),
		cmocka_unit_test(test_every_width_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
