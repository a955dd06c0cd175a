/* Which lines of a program's standard error are Metal's errors, and what belongs to one. */
#include "repro/metal_line.h"
#include "repro/stderr_facts.h"

#include "base/buf.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const errors[] = {
	"Error: command buffer exited with error status.",
	"\tThe Metal Performance Shaders operations encoded on it may not have completed.",
	"\tInternal Error (0000000e:Internal Error)",
	"/AppleInternal/Sources/MetalPerformanceShaders/MPSCore/Types/MPSNDArray.mm:724: failed "
	"assertion `[MPSTemporaryNDArray initWithDevice:descriptor:] Error: total bytes'",
	"validateComputeFunctionArguments:1104: failed assertion `Compute Function(x): missing "
	"buffer binding'",
	"tryCoalescingPreviousComputeCommandEncoderWithConfig:1015: failed assertion `A command "
	"encoder is already encoding to this command buffer'",
	"-[IOGPUMetalCommandBuffer validate]:214: failed assertion `commit an already committed "
	"command buffer'",
	"2025-01-02 10:11:12.000 Python[42:4242] -[AGXG16XFamilyComputeContext x:]:7: failed "
	"assertion `y'",
	"-[MTLDebugDevice newBufferWithBytes:]:12: failed assertion `Buffer Validation",
	"ggml_metal_graph_compute: command buffer 0 failed with status 5",
	"ggml_metal_init: error: load pipeline error: Error Domain=CompilerError Code=2",
	"GGML_ASSERT: ggml-metal.m:1645: false",
	"error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
	"Insufficient Memory (00000008:Something)",
	"Impacting Interactivity (0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)",
	"Caused GPU Hang Error (00000003:kIOGPUCommandBufferCallbackErrorHang)",
	"Caused GPU Address Fault Error (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)",
	"Ignored (for causing prior/excessive GPU errors) (00000004:...)",
	"Discarded (victim of GPU error/recovery) (00000005:...)",
	"Execution of the command buffer was aborted due to an error during execution. Invalid "
	"Resource (IOAF code 9)",
	"libc++abi: terminating due to uncaught exception of type std::runtime_error: [METAL] "
	"Command buffer execution failed: Insufficient Memory",
	"RuntimeError: [metal::malloc] Attempting to allocate 99 bytes which is greater than",
	"RuntimeError: MPS backend out of memory (MPS allocated: 8.96 GB, other allocations: 1 MB)",
	"        Compiler encountered an internal error: (null)",
	"Compilation failed due to an interrupted connection: XPC_ERROR_CONNECTION_INTERRUPTED.",
	"RuntimeError: Failed to created pipeline state object, error: Error Domain=AGXMetalG13X "
	"Code=3",
	"(mpsFileLoc): /AppleInternal/MPSGraphUtilities.mm:39:0: error: 'mps.matmul' op contracting",
	"MTLCommandBuffer 0x14f: failed at commit",
};

static const char *const others[] = {
	"",
	"using Metal, the metal band and other metals; MPS is available",
	"a failed assertion of somebody",
	"parse.c:12: failed assertion `x == 1'",
	"see the failed assertion `above' of metallurgy",
	": failed assertion `",
	"12: failed assertion `x'",
	"]:12: failed assertion `x'",
	"Assertion failed: (x), function f, file metal.c, line 3.",
	"FAILED tests/test_metal.py::test_error - AssertionError: metal",
	"ggml_metal_init: loading '/tmp/ggml-metal.metal'",
	"ggml_metal_init: GPU name:   Apple M1",
	"ggml_metal_init: recommendedMaxWorkingSetSize  =  5461.34 MB",
	"Metal device set to: Apple M1",
	"Metal API Validation Enabled",
	"UserWarning: MPS: no support for int64 min/max ops, casting it to int32",
	"UserWarning: The operator 'aten::x' is not currently supported on the MPS backend",
	"[METAL] compiled 12 kernels",
	"MPSNDArray and MTLCommandBuffer are classes",
	"Insufficient Memory",
	"Internal Error",
	"command buffer",
	"HTTP 500: Internal Error (retrying)",
};

static void test_lines(void **state) {
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (!metal_line_is_error(errors[i], strlen(errors[i])))
			fail_msg("not taken: %s", errors[i]);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (metal_line_is_error(others[i], strlen(others[i])))
			fail_msg("taken: %s", others[i]);
}

static struct stderr_facts facts_of(const char *text) {
	struct stderr_facts facts;
	struct err err = {0};
	assert_int_equal(stderr_facts_find(text, strlen(text), &facts, &err), 0);
	return facts;
}

static void check(const char *text, size_t count, const char *const *wanted) {
	struct stderr_facts facts = facts_of(text);
	assert_int_equal(facts.metal_error_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(facts.metal_errors[i], wanted[i]);
	stderr_facts_finish(&facts);
}

static void test_together(void **state) {
	static const char text[] =
		"step 1\n"
		"Error: command buffer exited with error status.\r\n"
		"\tThe Metal Performance Shaders operations encoded on it may not have "
		"completed.\r\n"
		"\tError: \r\n"
		"\t(null)\r\n"
		"\tInternal Error (0000000e:Internal Error)\r\n"
		"\t\r\n"
		"step 2\n"
		"\tof three\n"
		"\tInsufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)\n"
		"\tnot of it\n";
	static const char *const wanted[] = {
		"Error: command buffer exited with error status.\n"
		"The Metal Performance Shaders operations encoded on it may not have completed.\n"
		"Error:\n(null)\nInternal Error (0000000e:Internal Error)",
		"Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"};
	check(text, 2, wanted);
}

/* The text of an assertion ends with a quote, however many lines it has. */
static void test_assertions(void **state) {
	static const char text[] =
		"/x/MPSLibrary.mm:504: failed assertion `MPSKernel unable to load function f.\n"
		"        Compiler encountered an internal error: (null)\n"
		"'\n"
		"Abort trap: 6\n"
		"-[MTLDebugRenderCommandEncoder validate]:1: failed assertion `Draw Errors\n"
		"vertex buffer not bound\n"
		"fragment buffer not bound'\n"
		"it's over'\n"
		"-[MTLDebugDevice x]:1: failed assertion `never closed\n"
		"somebody's words\n"
		"AGX: another\n";
	static const char *const wanted[] = {
		"/x/MPSLibrary.mm:504: failed assertion `MPSKernel unable to load function f.\n"
		"Compiler encountered an internal error: (null)\n'",
		"-[MTLDebugRenderCommandEncoder validate]:1: failed assertion `Draw Errors\n"
		"vertex buffer not bound\nfragment buffer not bound'",
		"-[MTLDebugDevice x]:1: failed assertion `never closed", "AGX: another"};
	check(text, 4, wanted);
}

/* What a traceback quotes of a program is no error; what the exception says is. */
static void test_traceback(void **state) {
	static const char text[] = "Traceback (most recent call last):\n"
				   "  File \"a.py\", line 3, in f\n"
				   "    raise RuntimeError(\"MPS backend out of memory\")\n"
				   "RuntimeError: MPS backend out of memory\n";
	static const char *const wanted[] = {"RuntimeError: MPS backend out of memory"};
	check(text, 1, wanted);
	struct stderr_facts facts = facts_of(text);
	assert_int_equal(facts.traceback_count, 1);
	stderr_facts_finish(&facts);
}

static void test_bounds(void **state) {
	struct buf text = {0};
	struct stderr_facts facts;
	size_t lines = 1;
	buf_add_str(&text, "-[MTLDebugDevice x]:1: failed assertion `endless\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "\tline %d\n", i);
	facts = facts_of(buf_str(&text));
	assert_int_equal(facts.metal_error_count, 1);
	for (const char *c = facts.metal_errors[0]; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 17);
	stderr_facts_finish(&facts);
	buf_finish(&text);
	/* The end of an error that is cut short by the end of the text. */
	check("AGX: a\n\t\xff\x1b", 1, (const char *const[]){"AGX: a\n\xef\xbf\xbd\xef\xbf\xbd"});
	check("\t\tAGX: \t", 1, (const char *const[]){"AGX:"});
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_assertions),
		cmocka_unit_test(test_traceback),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
