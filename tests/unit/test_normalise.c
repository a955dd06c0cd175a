/*
 * Spellings of one function that must come out alike, and names that must survive.
 */
#include "triage/normalise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const pairs[][2] = {
	{"-[AGXG16XFamilyComputeContext setComputePipelineState:]",
		"-[AGXG*FamilyComputeContext setComputePipelineState:]"},
	{"-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]",
		"-[AGXG*FamilyComputeContext setComputePipelineState:]"},
	{"-[AGXG17FamilyRenderContext deferredEndEncoding:]",
		"-[AGXG*FamilyRenderContext deferredEndEncoding:]"},
	{"-[AGXG15X_B0FamilyCommandBuffer commit]", "-[AGXG*FamilyCommandBuffer commit]"},
	{"-[AGXG14XFamilyCommandBuffer "
	 "tryCoalescingPreviousComputeCommandEncoderWithConfig:nextEncoderClass:]:1094:",
		"-[AGXG*FamilyCommandBuffer "
		"tryCoalescingPreviousComputeCommandEncoderWithConfig:nextEncoderClass:]"},
	{"AGX::ComputeContext<...>::prepareForEnqueue(...)",
		"AGX::ComputeContext<>::prepareForEnqueue"},
	{"AGX::ComputeContext<AGX::HAL200::Encoders, AGX::HAL200::Classes, "
	 "AGX::HAL200::ObjClasses, AGX::HAL200::EncoderComputeServiceClasses>::"
	 "prepareForEnqueue(bool)",
		"AGX::ComputeContext<>::prepareForEnqueue"},
	{"AGX::SpillInfoGen3<T>::allocateUSCSpillBuffer",
		"AGX::SpillInfoGen3<>::allocateUSCSpillBuffer"},
	{"AGX::HAL200::Device::make(int)", "AGX::HAL*::Device::make"},
	{"invocation function for block in at::native::mps::MetalShaderLibrary::"
	 "exec_binary_kernel(at::TensorIteratorBase&, std::__1::basic_string<char> const&)",
		"block in at::native::mps::MetalShaderLibrary::exec_binary_kernel"},
	{"invocation function for block in invocation function for block in f(int)", "block in f"},
	{"__54-[IOGPUMetalCommandQueue _submitCommandBuffers:count:]_block_invoke.22",
		"block in -[IOGPUMetalCommandQueue _submitCommandBuffers:count:]"},
	{"__IOGPUNotificationQueueSetDispatchQueue_block_invoke_2",
		"block in IOGPUNotificationQueueSetDispatchQueue"},
	{"at::(anonymous namespace)::wrapper_MPS_mul_Tensor(...)", "at::wrapper_MPS_mul_Tensor"},
	{"c10::impl::wrap_kernel_functor_unboxed_<...>",
		"c10::impl::wrap_kernel_functor_unboxed_<>"},
	{"void mlx::core::steel_matmul_axpby<true>(...)", "mlx::core::steel_matmul_axpby<>"},
	{"void mlx::core::steel_matmul_axpby<true>(mlx::core::Stream const&)",
		"mlx::core::steel_matmul_axpby<>"},
	{"decltype(static_cast<void (*)(int&)>(fp)(static_cast<int>(fp0))) "
	 "std::__1::__invoke<void (*)(int&), int>(void (*&&)(int&))",
		"std::__invoke<>"},
	{"MTLReportFailure.cold.1", "MTLReportFailure"},
	{"foo(int) (.cold.2)", "foo"},
	{"bar(int) [clone .llvm.1234567]", "bar"},
	{"baz.llvm.88123", "baz"},
	{"Foo::size() const", "Foo::size"},
	{"Foo::at(unsigned long) const &", "Foo::at"},
	{"std::__1::vector<int>::operator[][abi:se180100](unsigned long)",
		"std::vector<>::operator[]"},
	{"A::operator<(A const&) const", "A::operator<"},
	{"A::operator<<(int)", "A::operator<<"},
	{"A::operator<=>(A const&) const", "A::operator<=>"},
	{"A::operator->() const", "A::operator->"},
	{"A<B>::operator()(int)", "A<>::operator()"},
	{"std::__1::basic_ostream<char>& std::__1::operator<< <std::__1::char_traits<char>>(int)",
		"std::operator<<<>"},
	{"Foo::operator bool() const", "Foo::operator bool"},
	{"operator new(unsigned long)", "operator new"},
	{"Host::init(int)::$_0::operator()()::'lambda'(Host&)::operator()(Host&) const",
		"Host::init::$_0::operator()::'lambda'::operator()"},
	{"std::process::abort::h4aa5c6a95b45c783", "std::process::abort"},
	{"closure #1 in MLXArray.eval()", "closure #1 in MLXArray.eval"},
	{"MyView.(draw in _0123456789ABCDEF0123456789ABCDEF)()", "MyView.draw"},
	{"non-virtual thunk to A::b()", "A::b"},
	{"_PyEval_EvalFrameDefault", "_PyEval_EvalFrameDefault"},
	{"<redacted>", "<redacted>"},
	{"(cut)", "(cut)"},
	{"broken<int, std::vector<", "broken<>"},
	{"_platform_memmove", "_platform_memmove"},
};

static void normalises_symbols(void **state) {
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct normal_symbol normal;

		assert_int_equal(normalise_symbol(pairs[i][0], &arena, &normal), 0);
		assert_string_equal(normal.function, pairs[i][1]);
	}
	arena_finish(&arena);
}

/* What is normal already stays so. */
static void is_idempotent(void **state) {
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct normal_symbol normal;

		if (strncmp(pairs[i][1], NORMAL_BLOCK_PREFIX, strlen(NORMAL_BLOCK_PREFIX)) == 0 ||
			strstr(pairs[i][1], "AGXG*") != NULL || strstr(pairs[i][1], "<<<>") != NULL)
			continue;
		assert_int_equal(normalise_symbol(pairs[i][1], &arena, &normal), 0);
		assert_string_equal(normal.function, pairs[i][1]);
	}
	arena_finish(&arena);
}

static void keeps_facts(void **state) {
	struct normal_symbol normal;
	struct normal_image image;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	normalise_symbol("-[AGXG17PFamilyComputeContext_mtlnext setBuffer:offset:atIndex:]", &arena,
		&normal);
	assert_string_equal(normal.generation, "G17P");
	assert_true(normal.mtlnext);
	assert_false(normal.block || normal.cold);
	normalise_symbol("invocation function for block in f()", &arena, &normal);
	assert_true(normal.block);
	assert_null(normal.generation);
	normalise_symbol("f.cold.1", &arena, &normal);
	assert_true(normal.cold);

	normalise_image("AGXMetalG16X", &arena, &image);
	assert_string_equal(image.family, "AGXMetalG*");
	assert_string_equal(image.generation, "G16X");
	assert_null(image.variant);
	normalise_image("AGXMetalG15X_B0", &arena, &image);
	assert_string_equal(image.family, "AGXMetalG*");
	assert_string_equal(image.generation, "G15X");
	assert_string_equal(image.variant, "B0");
	normalise_image("AGXMetal13_3", &arena, &image);
	assert_string_equal(image.family, "AGXMetalG*");
	assert_string_equal(image.generation, "13_3");
	normalise_image("com.apple.AGXMetalG13X", &arena, &image);
	assert_string_equal(image.family, "AGXMetalG*");
	assert_string_equal(image.generation, "G13X");
	normalise_image("AGXMetalExtras", &arena, &image);
	assert_string_equal(image.family, "AGXMetalExtras");
	assert_null(image.generation);
	normalise_image("Metal", &arena, &image);
	assert_string_equal(image.family, "Metal");
	arena_finish(&arena);
}

static void folds_messages(void **state) {
	static const char *const cases[][2] = {
		{"index 10 beyond bounds [0 .. 3]", "index # beyond bounds [# .. #]"},
		{"at 0x1234abcd in '/Users/x/y.metal'", "at # in 'PATH'"},
		{"id 79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9!", "id #!"},
		{"  two\n\tlines  ", "two lines"},
		{"Foo.swift:437: Fatal error", "Foo.swift:#: Fatal error"},
		{"MTLTexture2D x86_64", "MTLTexture2D x86_64"},
	};
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(normalise_message(cases[i][0], 80, &arena), cases[i][1]);
	assert_string_equal(normalise_message("abcdefghij", 4, &arena), "abcd...");
	assert_string_equal(
		normalise_message("\xc3\xa4\xc3\xb6\xc3\xbc", 2, &arena), "\xc3\xa4\xc3\xb6...");
	arena_finish(&arena);
}

static const char *asserted(const char *line, struct arena *arena) {
	struct normal_symbol normal;

	assert_int_equal(normalise_asserted(line, strlen(line), arena, &normal), 0);
	return normal.function;
}

static void finds_asserted_functions(void **state) {
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_string_equal(asserted("-[AGXG14XFamilyCommandBuffer blitCommandEncoderCommon:]:836: "
				     "failed assertion `A command encoder'",
				    &arena),
		"-[AGXG*FamilyCommandBuffer blitCommandEncoderCommon:]");
	assert_string_equal(asserted("-[_MTLCommandEncoder dealloc]: failed assertion `x'", &arena),
		"-[_MTLCommandEncoder dealloc]");
	assert_string_equal(
		asserted("Assertion failed: (n > 0), function eval_gpu, file a.cpp, line 3.",
			&arena),
		"eval_gpu");
	assert_null(asserted("-[Foo bar]: called twice", &arena));
	assert_null(asserted("abort() called", &arena));
	assert_null(asserted("-[", &arena));
	assert_null(asserted("Assertion failed: (x)", &arena));
	arena_finish(&arena);
}

/* Outside text: every cut of every symbol, and brackets without end. */
static void survives_rubbish(void **state) {
	struct normal_symbol normal;
	struct arena arena;
	char *deep = malloc(8193);

	assert_non_null(deep);
	arena_init(&arena, 16 << 20);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		char *copy = strdup(pairs[i][0]);

		assert_non_null(copy);
		for (size_t len = strlen(copy); len-- > 0;) {
			copy[len] = 0;
			assert_int_equal(normalise_symbol(copy, &arena, &normal), 0);
			assert_true(
				strlen(normal.function) <= len + strlen(NORMAL_BLOCK_PREFIX) + 2);
		}
		free(copy);
	}
	for (const char *c = "<([{>)]}'.$-"; *c != 0; c++) {
		memset(deep, *c, 8192);
		deep[8192] = 0;
		assert_int_equal(normalise_symbol(deep, &arena, &normal), 0);
		memcpy(deep, "a::b", 4);
		assert_int_equal(normalise_symbol(deep, &arena, &normal), 0);
	}
	arena_finish(&arena);
	free(deep);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises_symbols),
		cmocka_unit_test(is_idempotent),
		cmocka_unit_test(keeps_facts),
		cmocka_unit_test(folds_messages),
		cmocka_unit_test(finds_asserted_functions),
		cmocka_unit_test(survives_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
