/*
 * Functions of which nothing goes, and what a report teaches about the others.
 */
#include "triage/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)64 << 20)

/* Functions of which nothing may go, in every language and by every compiler. */
static const char *const functions[] = {
	"non-virtual thunk to Foo::loadView()",
	"core::ptr::drop_in_place<dyn core::ops::function::Fn<()>+Output = ()>",
	"main.(*T).M-fm",
	"Foo.bar.getter : Foo.LoadView",
	"foo(int)::(lambda at /x.mm:1:2)::operator()() const",
	"f(int)::'unnamed0'::g()",
	"core::panicking::panic_fmt::h0123456789abcdef",
	"_$LT$core..future..from_generator..GenFuture$LT$T$GT$$u20$as$u20$core..future..future..Future$GT$::poll::h0123456789abcdef",
	"<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once",
	"<&'a T as core::fmt::Display>::fmt",
	"<dyn core::ops::function::Fn() + core::marker::Send as core::any::Any>::type_id",
	"std::sys::backtrace::__rust_begin_short_backtrace",
	"std::rt::lang_start::{{closure}}",
	"core::ops::function::FnOnce::call_once{{vtable.shim}}",
	"runtime.asmcgocall.abi0",
	"main.(*T).M",
	"main.main.func1",
	"runtime.goexit.abi0",
	"closure #1 in closure #2 in static Foo.bar(_:with:)",
	"specialized Array._copyToContiguousArray()",
	"specialized closure #1 in Foo.bar.getter",
	"@objc Foo.bar(_:)",
	"static Foo.bar.getter : Swift.Int",
	"Foo.bar.getter : Swift.Int",
	"@nonobjc NSString.init(data: Foundation.Data, encoding: Swift.UInt)",
	"partial apply forwarder for closure #1 () -> () in Foo.bar()",
	"reabstraction thunk helper from @escaping @callee_guaranteed (@in_guaranteed Swift.Int) -> (@out Swift.String) to @escaping @callee_guaranteed (@unowned Swift.Int) -> (@owned Swift.String)",
	"protocol witness for Swift.Hashable.hash(into:) in conformance Foo",
	"(extension in SwiftUI):SwiftUI.View.frame(width: Swift.Int?) -> some",
	"Swift.Optional<Swift.Int>.map<A>(_: (Swift.Int) throws -> A1) throws -> A1?",
	"__95-[FBSScene _x:]_block_invoke_2",
	"objc_msgSend$setBuffer:offset:atIndex:",
	"DYLD-STUB$$malloc",
	"<deduplicated_symbol>",
	"<unknown symbol>",
	"_dispatch_call_block_and_release$VARIANT$mp",
	"foo(int) [clone .cold]",
	"foo (.isra.0)",
	"main (.cold.1)",
	"std::vector<int>::push_back(int&&) [clone .constprop.0]",
	"f.llvm.1234567890123",
	"operator new(unsigned long)",
	"bool std::operator==<char>(a, b)",
	"std::operator<<(std::ostream&, char const*)",
	"operator\"\"_x(unsigned long long)",
	"foo::operator()(int) const",
	"foo::operator->() const",
	"foo::operator,(int)",
	"foo(int)::{lambda(float)#1}::operator()(float) const",
	"foo(int)::'lambda'(float)::operator()(float) const",
	"foo(int)::$_0::operator()() const",
	"std::enable_if<(1) < (2), int>::type f<32, -1, 0ul>(int (*)(int), char [16])",
	"void (anonymous namespace)::launch<float>(float*, int)::'lambda0'(int)",
	"invocation function for block in (anonymous namespace)::f(int)",
	"at::native::mps::(anonymous namespace)::binaryOpTensor(at::Tensor const&, at::Tensor const&, at::Tensor const&, std::basic_string<char>, MPSGraphTensor* (NSString* __strong, MPSGraphTensor*) block_pointer)",
	"-[AGXG16XFamilyCommandBuffer blitCommandEncoderCommon:]",
	"-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]",
	"AGX::ComputeContext<AGX::HAL300::Encoders, AGX::HAL300::Classes, AGX::HAL300::ObjClasses>::performEnqueueKernel(unsigned int)",
	"AGXMetalG16X!0x5c8",
	"_ZN2at6native3mps10binary_opsEv",
	"ggml_metal_graph_compute",
	"ggml_backend_metal_graph_compute(ggml_backend*, ggml_cgraph*)",
	"mlx::core::metal::Device::end_encoding(int)",
	"mlx::core::eval(std::vector<mlx::core::array>)",
	"github.com/ollama/ollama/runner/llamarunner.(*Server).run",
	"net/http.(*conn).serve",
	"internal/poll.(*FD).Read",
	"mlx::core::scheduler::StreamThread::thread_fn()",
	"_PyEval_EvalFrameDefault",
	"THPVariable_Wrap",
	"torch::autograd::Engine::evaluate_function(std::shared_ptr<torch::autograd::GraphTask>&, torch::autograd::Node*)",
	"c10::impl::wrap_kernel_functor_unboxed_<c10::impl::detail::WrapFunctionIntoFunctor_<c10::CompileTimeFunctionPointer<at::Tensor (at::Tensor const&), &at::(anonymous namespace)::wrapper>>>::call(c10::OperatorKernel*, c10::DispatchKeySet)",
	"IOGPUMetalCommandBufferStorageBeginSegment",
	"-[MPSGraphExecutable runWithMTLCommandQueue:inputsArray:resultsArray:executionDescriptor:]",
	"llvm::DenseMapBase<llvm::DenseMap<unsigned int, int>, unsigned int>::find(unsigned int const&) const",
	"thunk for @escaping @callee_guaranteed @Sendable () -> ()",
	"lazy protocol witness table accessor for type Foo and conformance Foo",
	"outlined init with copy of Foundation.Data?",
	"0x1045c8000",
	"?\??",
	"main + 42",
	"Unsafe.SyncBuffer(_:)",
};

static struct redactor *make(void) {
	struct redactor *redactor = NULL;

	assert_int_equal(redactor_new(&redactor, NULL), 0);
	return redactor;
}

static void functions_stay(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		struct redactor *redactor = make();
		struct buf buf = {0};

		redact(redactor, REDACT_FORM_SYMBOL, functions[i], &buf);
		assert_string_equal(buf_str(&buf), functions[i]);
		buf_finish(&buf);
		redactor_free(redactor);
	}
}

/* Redacts text as what it is in a report that teaches its values. */
static void check_learned(
	const struct report *report, enum redact_form form, const char *text, const char *want) {
	const struct redact_names *own = NULL;
	struct redactor *redactor = make();
	struct buf buf = {0};
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(redactor_learn(redactor, report, "", 0, NULL), 0);
	redact(redactor, form, text, &buf);
	assert_string_equal(buf_str(&buf), want);
	assert_int_equal(redact_names_of(report, NULL, &arena, &own), 0);
	assert_string_equal(redact_fold(form, own, NULL, text, &arena),
		redact_fold(form, NULL, NULL, buf_str(&buf), &arena));
	buf_finish(&buf);
	redactor_free(redactor);
	arena_finish(&arena);
}

/* What goes where it stands alone goes in a function, too. */
static void values_of_a_report_go_everywhere(void **state) {
	static const struct {
		enum redact_form form;
		const char *text, *want;
	} cases[] = {
		{REDACT_FORM_SYMBOL, "load_zorbterm_buffer(int)", "load_<word-1>_buffer(int)"},
		{REDACT_FORM_SYMBOL, "ZorbTermLoadBuffer", "<word-1>LoadBuffer"},
		{REDACT_FORM_SYMBOL, "load_florpd_buffer", "load_<word-1>_buffer"},
		{REDACT_FORM_SYMBOL, "load_buffer_quuxcorp", "load_buffer_<word-1>"},
		{REDACT_FORM_SYMBOL, "load_buffer_blorped", "load_buffer_<word-1>"},
		{REDACT_FORM_SYMBOL, "load_buffer_vlimted", "load_buffer_<word-1>"},
		{REDACT_FORM_SYMBOL, "load_buffer_grundle", "load_buffer_<word-1>"},
		{REDACT_FORM_SYMBOL, "init_0123456789ABCDEFab_load", "init_<machine-1>_load"},
		{REDACT_FORM_SYMBOL, "zappoLoadBuffer", NULL},
		{REDACT_FORM_SYMBOL, "zinglib_load_buffer", NULL},
		{REDACT_FORM_SYMBOL, "facebook::render_worker_loop", NULL},
		{REDACT_FORM_NAME, "zorbterm helper", "<word-1> helper"},
		{REDACT_FORM_PATH, "/System/zorbterm.dylib", "/System/<word-1>.dylib"},
		{REDACT_FORM_TEXT, "of zorbterm", "of <word-1>"},
	};
	struct thread threads[] = {
		{.name = "Blorped facebook render worker"}, {.queue = "com.vlimted.render"}};
	struct image images[] = {{.name = "zinglib", .path = "/usr/lib/zinglib"}};
	struct report report = {.crashed_thread = -1,
		.process = {.name = "Zappo",
			.parent = "ZorbTerm",
			.responsible = "florpd Zappo",
			.coalition = "com.quuxcorp.zinglib"},
		.termination.by_process = "grundle",
		.crash_reporter_key = "0123456789abcdefab",
		.threads = threads,
		.thread_count = 2,
		.images = images,
		.image_count = 1};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_learned(&report, cases[i].form, cases[i].text,
			cases[i].want != NULL ? cases[i].want : cases[i].text);
}

/* One machine has one placeholder, however its key is written. */
static void a_key_is_one_value(void **state) {
	struct redactor *redactor = make();
	struct buf buf = {0};

	(void)state;
	redact_whole(redactor, REDACT_MACHINE, "A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90", &buf);
	redact(redactor, REDACT_FORM_SYMBOL, " init_a1b2c3d4_e5f6_0718_293a_4b5c6d7e8f90", &buf);
	assert_string_equal(buf_str(&buf), "<machine-1> init_<machine-1>");
	buf_finish(&buf);
	redactor_free(redactor);
}

/* Two functions that nobody knows are two crashes still; what became of one is the same as it. */
static void functions_keep_their_sort(void **state) {
	static const char *const unknown[] = {
		"wibblify", "zorkmid", "wibblify::florpify(int)", "zorkmid::florpify(int)"};
	struct redactor *redactor = make();
	const char *folds[4];
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < 4; i++) {
		struct buf buf = {0};

		redact(redactor, REDACT_FORM_SYMBOL, unknown[i], &buf);
		assert_null(strstr(buf_str(&buf), "wibbl"));
		assert_null(strstr(buf_str(&buf), "zorkm"));
		folds[i] = redact_fold(REDACT_FORM_SYMBOL, NULL, NULL, unknown[i], &arena);
		assert_string_equal(folds[i],
			redact_fold(REDACT_FORM_SYMBOL, NULL, NULL, buf_str(&buf), &arena));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(folds[i], folds[k]);
		buf_finish(&buf);
	}
	redactor_free(redactor);
	arena_finish(&arena);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_stay),
		cmocka_unit_test(values_of_a_report_go_everywhere),
		cmocka_unit_test(a_key_is_one_value),
		cmocka_unit_test(functions_keep_their_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
