/*
 * What must not change a signature, what must, and how it is told.
 */
#include "base/sha256.h"
#include "triage/signature.h"
#include "triage/triage.h"

#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SET_STATE(generation) "-[AGX" generation "FamilyComputeContext setComputePipelineState:]"
#define PAC(tagged, stripped)                             \
	"KERN_INVALID_ADDRESS at " tagged " -> " stripped \
	" (possible pointer authentication failure)"

struct signed_report {
	char text[SIGNATURE_BYTES + 1];
	char hash[17];
	int version;
};

static struct signed_report sign(const struct fixture *f) {
	struct rules *rules = rules_new_builtin(NULL);
	struct report *report = fixture_report(f);
	struct signed_report ret = {0};
	struct triage t;
	struct arena arena;

	assert_non_null(rules);
	arena_init(&arena, 4 << 20);
	assert_int_equal(triage_run(&t, report, rules, &arena, NULL), 0);
	assert_true(strlen(t.signature_text) <= SIGNATURE_BYTES);
	snprintf(ret.text, sizeof ret.text, "%s", t.signature_text);
	memcpy(ret.hash, t.signature_hash, sizeof ret.hash);
	ret.version = t.signature_version;
	arena_finish(&arena);
	report_free(report);
	rules_free(rules);
	return ret;
}

static void expect(const struct fixture *f, const char *text) {
	assert_string_equal(sign(f).text, text);
}

static struct fixture fault(uint64_t address, const char *image, const char *symbol) {
	return (struct fixture){.exception = "EXC_BAD_ACCESS",
		.signal = "SIGSEGV",
		.address = address,
		.frames = {{image, symbol},
			{"libtorch_cpu.dylib",
				"at::native::mul_mps_kernel(at::TensorIteratorBase&)"}}};
}

static void same_problem_same_signature(void **state) {
	struct fixture a = fault(0x5c8, "AGXMetalG16X", SET_STATE("G16X"));
	struct fixture b = fault(0x5c8, "AGXMetalG17P", SET_STATE("G17P"));
	struct fixture c =
		fault(0x98, "AGXMetalG16X", "AGX::ComputeContext<...>::prepareForEnqueue(...)");
	struct fixture d = fault(0x98, "AGXMetalG16X",
		"AGX::ComputeContext<AGX::HAL200::Encoders>::prepareForEnqueue(bool)");

	assert_string_equal(sign(&a).hash, sign(&b).hash);
	assert_string_equal(sign(&c).hash, sign(&d).hash);
	assert_string_not_equal(sign(&a).hash, sign(&c).hash);
	expect(&a, "EXC_BAD_ACCESS near_null 0x5c8 | -[AGXG*FamilyComputeContext "
		   "setComputePipelineState:] | at::native::mul_mps_kernel");
	/* the offset near NULL is a key */
	b.address = 0x5d0;
	assert_string_not_equal(sign(&a).hash, sign(&b).hash);
}

static void bad_pointers_fold_to_their_kind(void **state) {
	struct fixture a = fault(0x00009a9f08b63730, "libobjc.A.dylib", "objc_msgSend");
	struct fixture b = fault(0x0000cbecd7f5d4e0, "libobjc.A.dylib", "objc_msgSend");
	struct fixture wild = fault(0x26641ba2f080, "libobjc.A.dylib", "objc_msgSend");

	a.subtype = PAC("0x00009a9f08b63730", "0x00001a9f08b63730");
	b.subtype = PAC("0x0000cbecd7f5d4e0", "0x00004becd7f5d4e0");
	expect(&a, "EXC_BAD_ACCESS pac | objc_msgSend | at::native::mul_mps_kernel");
	assert_string_equal(sign(&a).hash, sign(&b).hash);
	assert_string_not_equal(sign(&a).hash, sign(&wild).hash);
}

static void the_drivers_edge_stands_for_it(void **state) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS",
		.address = 0x184,
		.frames = {{"AGXMetalG16X", "AGX::SpillInfoGen3<...>::allocateUSCSpillBuffer"},
			{"AGXMetalG16X", "AGX::ComputeContext<...>::performEnqueueKernel"},
			{"AGXMetalG16X",
				"-[AGXG16XFamilyComputeContext dispatchThreads:threadsPerThreadgroup:]"},
			{"libmlx.dylib", "mlx::core::QuantizedMatmul::eval_gpu(int)"},
			{"libmlx.dylib", "mlx::core::eval(int)"}}};

	expect(&f,
		"EXC_BAD_ACCESS near_null 0x184 | AGX::SpillInfoGen3<>::allocateUSCSpillBuffer | "
		"mlx::core::QuantizedMatmul::eval_gpu");
}

static void handlers_and_aborts_are_passed_over(void **state) {
	struct fixture plain = fault(0x5c8, "AGXMetalG16X", SET_STATE("G16X"));
	struct fixture handler = plain;

	memmove(handler.frames + 4, handler.frames, 2 * sizeof handler.frames[0]);
	handler.frames[0] = (struct fixture_frame){"libsystem_kernel.dylib", "__pthread_kill"};
	handler.frames[1] = (struct fixture_frame){"libsystem_c.dylib", "raise"};
	handler.frames[2] = (struct fixture_frame){"Python", "faulthandler_fatal_error"};
	handler.frames[3] = (struct fixture_frame){"libsystem_platform.dylib", "_sigtramp"};
	assert_string_equal(sign(&plain).text, sign(&handler).text);
}

/* A handler that crashes itself is what crashed. */
static void a_crash_in_a_handler_is_its_own(void **state) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS",
		.address = 8,
		.frames = {{"My", "handler"}, {"libsystem_platform.dylib", "_sigtramp"},
			{"AGXMetalG16X", SET_STATE("G16X")}}};

	expect(&f, "EXC_BAD_ACCESS near_null 0x8 | handler");
}

static void messages_are_part_of_an_abort(void **state) {
	struct fixture f = {.exception = "EXC_CRASH",
		.signal = "SIGABRT",
		.app_info =
			"abort() called\n-[AGXG14XFamilyCommandBuffer blitCommandEncoderCommon:]:836: "
			"failed assertion `A command encoder is already encoding to this command buffer'",
		.frames = {{"libsystem_kernel.dylib", "__pthread_kill"},
			{"libsystem_c.dylib", "abort"}, {"Metal", "MTLReportFailure.cold.1"},
			{"AGXMetalG14X", "-[AGXG14XFamilyCommandBuffer blitCommandEncoderCommon:]"},
			{"libmlx.dylib", "mlx::core::copy_gpu(int)"}}};
	const char *expected =
		"EXC_CRASH SIGABRT | A command encoder is already encoding to this command "
		"buffer | -[AGXG*FamilyCommandBuffer blitCommandEncoderCommon:] | "
		"mlx::core::copy_gpu";

	expect(&f, expected);
	f.app_info =
		"-[AGXG16XFamilyCommandBuffer blitCommandEncoderCommon:]:832: failed assertion `A command "
		"encoder is already encoding to this command buffer'";
	expect(&f, expected);
	f.app_info =
		"*** Terminating app due to uncaught exception 'NSRangeException', reason: 'index 10'";
	expect(&f, "EXC_CRASH SIGABRT | 'NSRangeException', reason: 'index #' | "
		   "-[AGXG*FamilyCommandBuffer blitCommandEncoderCommon:] | mlx::core::copy_gpu");
}

static void frames_without_names(void **state) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS",
		.address = 0x10,
		.frames = {{"My", NULL}, {"My", NULL}, {"My", NULL}, {"My", NULL}}};

	expect(&f, "EXC_BAD_ACCESS near_null 0x10 | My+0x1000 | My+0x1010 | My+0x1020");
	f.frames[0] = (struct fixture_frame){"My", "<deduplicated_symbol>"};
	expect(&f, "EXC_BAD_ACCESS near_null 0x10 | My+0x1010 | My+0x1020 | My+0x1030");
	f.frames[0] = (struct fixture_frame){"libobjc.A.dylib", "objc_msgSend"};
	f.frames[1] = (struct fixture_frame){"My", "main"};
	expect(&f, "EXC_BAD_ACCESS near_null 0x10 | objc_msgSend | main");
	memset(f.frames, 0, sizeof f.frames);
	expect(&f, "EXC_BAD_ACCESS near_null 0x10 | no frames in Python");
}

static void what_is_no_crash(void **state) {
	struct fixture event = {.kind = REPORT_GPU_EVENT, .gpu_signature = 579, .reason = "lockup"};
	struct fixture a = {.kind = REPORT_PANIC,
		.panic =
			"panic(cpu 7 caller 0xfffffe003a536cf8): \"underflow\" @IOGPUMemory.cpp:492\nx"};
	struct fixture b = {.kind = REPORT_PANIC,
		.panic =
			"panic(cpu 2 caller 0xfffffe004418be28): \"underflow\" @IOGPUMemory.cpp:550\ny"};
	struct fixture jetsam = {.kind = REPORT_JETSAM}, hang = {.kind = REPORT_HANG};
	struct fixture guard = {
		.kind = REPORT_USER_FAULT, .exception = "EXC_GUARD", .frames = {{"My", "f"}}};

	expect(&event, "gpu_event | signature 579 | lockup");
	expect(&a, "panic | \"underflow\" @IOGPUMemory.cpp:#");
	assert_string_equal(sign(&a).hash, sign(&b).hash);
	expect(&jetsam, "jetsam");
	expect(&hang, "hang | Python");
	expect(&guard, "user_fault EXC_GUARD | f");
}

static void the_hash_is_of_version_and_text(void **state) {
	struct fixture f = {.kind = REPORT_JETSAM};
	struct signed_report s = sign(&f);
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];

	assert_int_equal(s.version, SIGNATURE_VERSION);
	sha256("v2|jetsam", 9, digest);
	sha256_hex(digest, hex);
	assert_memory_equal(s.hash, hex, 16);
}

static void long_texts_are_cut(void **state) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS", .address = 8};
	char symbol[600];
	struct signed_report s;

	memcpy(symbol, "pool", 4);
	for (size_t i = 4; i + 2 < sizeof symbol; i += 2)
		memcpy(symbol + i, "\xc3\xa4", 2);
	symbol[598] = 0;
	f.frames[0] = (struct fixture_frame){"Metal", symbol};
	s = sign(&f);
	assert_true(strlen(s.text) <= SIGNATURE_BYTES && strlen(s.text) > SIGNATURE_BYTES - 4);
	assert_string_equal(s.text + strlen(s.text) - 5, "\xc3\xa4...");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_problem_same_signature),
		cmocka_unit_test(bad_pointers_fold_to_their_kind),
		cmocka_unit_test(the_drivers_edge_stands_for_it),
		cmocka_unit_test(handlers_and_aborts_are_passed_over),
		cmocka_unit_test(a_crash_in_a_handler_is_its_own),
		cmocka_unit_test(messages_are_part_of_an_abort),
		cmocka_unit_test(frames_without_names),
		cmocka_unit_test(what_is_no_crash),
		cmocka_unit_test(the_hash_is_of_version_and_text),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
