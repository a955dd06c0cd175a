/* Driver, frameworks, operation and concurrent threads, over hand-made reports. */
#include "evidence_fixture.h"
#include "triage/evidence.h"
#include "triage/operation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define END \
	{ NULL, NULL }

static struct triage collect(struct report *report) {
	struct triage triage = {.site = "kept", .site_frame = 3};
	assert_int_equal(evidence_collect(&triage, report, &report->arena, NULL), 0);
	assert_string_equal(triage.site, "kept");
	assert_int_equal(triage.site_frame, 3);
	return triage;
}

static void assert_text(const char *text, const char *expected) {
	if (expected)
		assert_string_equal(text ? text : "(null)", expected);
	else
		assert_null(text);
}

static void test_driver_generation(void **state) {
	static const struct {
		const char *image, *generation;
	} cases[] = {
		{"AGXMetalG16X", "G16X"},
		{"AGXMetalG15X_B0", "G15X"},
		{"AGXMetalG15X_M1", "G15X"},
		{"AGXMetalG16G_B0", "G16G"},
		{"AGXMetalG17P", "G17P"},
		{"AGXMetalG99Z", "G99Z"},
		{"AGXMetalA13", "A13"},
		{"AGXMetal13_3", NULL},
		{"AGXMetalG", NULL},
		{"AGXMetal", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_new();
		fixture_image(report, "Metal", "368.52", "1b375ba3");
		fixture_image(report, cases[i].image, "329.2", "0ce453ff");
		struct driver driver = collect(report).driver;
		assert_text(driver.image, cases[i].image);
		assert_text(driver.generation, cases[i].generation);
		assert_text(driver.version, "329.2");
		assert_text(driver.uuid, "0ce453ff");
		report_free(report);
	}
}

static void test_driver_choice(void **state) {
	static const struct fixture_frame frames[] = {
		{"Python", "main"}, {"AGXMetalG16X", NULL}, END};
	struct report *report = fixture_new();
	fixture_image(report, "Python", "3.14.0", NULL);
	assert_null(collect(report).driver.image);
	assert_null(collect(report).driver.generation);
	/* Only a stack tells. */
	struct thread *thread = fixture_thread(report, frames);
	assert_text(collect(report).driver.image, "AGXMetalG16X");
	assert_null(collect(report).driver.version);
	/* Among several, the crashed thread's. */
	fixture_image(report, "AGXMetalG13X", "1.0", NULL);
	fixture_image(report, "AGXMetalG16X", "329.2", NULL)->short_version = "no";
	assert_text(collect(report).driver.image, "AGXMetalG13X");
	report->crashed_thread = thread->index;
	thread->frames.items[1].image_index = 2;
	assert_text(collect(report).driver.image, "AGXMetalG16X");
	assert_text(collect(report).driver.version, "329.2");
	/* Of two with one name, the one that the frame points at. */
	fixture_image(report, "AGXMetalG16X", "330.1", NULL);
	thread->frames.items[1].image_index = 3;
	assert_text(collect(report).driver.version, "330.1");
	/* An index out of range falls back to the name. */
	thread->frames.items[1].image_index = 77;
	assert_text(collect(report).driver.version, "329.2");
	report_free(report);
}

static void test_frameworks(void **state) {
	struct report *report = fixture_new();
	fixture_image(report, NULL, NULL, NULL);
	fixture_image(report, "Python", "3.14.0", "f82e67ce");
	fixture_image(report, "Python", "3.13.0", "11111111");
	fixture_image(report, "libtorch_python.dylib", NULL, "99a90d5b");
	fixture_image(report, "libtorchaudio.so", NULL, "00000000");
	fixture_image(report, "libtorch_cpu.dylib", NULL, "d12596d8");
	fixture_image(report, "MetalPerformanceShadersGraph", "6.1", "aaaaaaaa");
	fixture_image(report, "MetalTools", "1", NULL);
	fixture_image(report, "Metal", "368.52", "1b375ba3");
	fixture_image(report, "IOGPU", NULL, "ea6c7de2")->short_version = "104.6.3";
	fixture_image(report, "core.cpython-314-darwin.so", NULL, "cccccccc")->path =
		"/opt/lib/python3.14/site-packages/mlx/core.cpython-314-darwin.so";
	fixture_image(report, "libggml-base.dylib", "0.9", "dddddddd");
	static const struct framework expected[] = {
		{"torch", "libtorch_cpu.dylib", NULL, "d12596d8"},
		{"MLX", "core.cpython-314-darwin.so", NULL, "cccccccc"},
		{"ggml", "libggml-base.dylib", "0.9", "dddddddd"},
		{"Metal", "Metal", "368.52", "1b375ba3"},
		{"IOGPU", "IOGPU", "104.6.3", "ea6c7de2"},
		{"MPSGraph", "MetalPerformanceShadersGraph", "6.1", "aaaaaaaa"},
		{"Python", "Python", "3.14.0", "f82e67ce"},
	};
	struct triage triage = collect(report);
	assert_int_equal(triage.framework_count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < triage.framework_count; i++) {
		assert_text(triage.frameworks[i].name, expected[i].name);
		assert_text(triage.frameworks[i].image, expected[i].image);
		assert_text(triage.frameworks[i].version, expected[i].version);
		assert_text(triage.frameworks[i].uuid, expected[i].uuid);
	}
	report_free(report);
}

static void test_mlx_built_into_its_module(void **state) {
	struct report *report = fixture_new();
	fixture_image(report, "mlx.cpython-313-darwin.so", NULL, "cccccccc");
	struct triage triage = collect(report);
	assert_int_equal(triage.framework_count, 1);
	assert_text(triage.frameworks[0].name, "MLX");
	report_free(report);
}

static void check_operation(const char *const *symbols, size_t count, const char *expected) {
	struct report *report = fixture_new();
	struct fixture_frame frames[8] = {0};
	assert_in_range(count, 0, 7);
	for (size_t i = 0; i < count; i++)
		frames[i] = (struct fixture_frame){"libtorch_cpu.dylib", symbols[i]};
	fixture_crashed_thread(report, frames);
	assert_text(collect(report).operation, expected);
	report_free(report);
}

static void test_operation_of_one_symbol(void **state) {
	static const struct {
		const char *symbol, *operation;
	} cases[] = {
		{"at::native::mul_mps_kernel(at::TensorIteratorBase&)", "mul_mps_kernel"},
		{"mul_mps_kernel", "mul_mps_kernel"},
		{"agxtriage_simulated_mul_mps_kernel", "mul_mps_kernel"},
		{"agxtriage_simulated__mps_kernel", "_mps_kernel"},
		{"at::native::(anonymous namespace)::add_mps_kernel(...)", "add_mps_kernel"},
		{"at::native::lerp_mps_kernel(...)::$_0::operator()(int) const", "lerp_mps_kernel"},
		{"invocation function for block in at::native::div_mps_kernel(x)",
			"div_mps_kernel"},
		{"void at::native::templated_mps_kernel<float, int (*)(int)>(a, b)",
			"templated_mps_kernel"},
		{"wrap<&at::native::mul_mps_kernel>::go(int)", NULL},
		{"other(at::native::mul_mps_kernel)", NULL},
		{"x::operator()(at::native::mul_mps_kernel)", NULL},
		{"x::operator->(at::native::mul_mps_kernel)", NULL},
		{"g(decltype((x)->y()), mul_mps_kernel)", NULL},
		{"mul_mps_kernel_impl(int)", NULL},
		{"_mps_kernel", NULL},
		{"at::_ops::mul_Tensor::call(at::Tensor const&, at::Tensor const&)", "mul_Tensor"},
		{"at::_ops::mul_Tensor::call(...)", "mul_Tensor"},
		{"at::_ops::mul_Tensor::redispatch(...)", NULL},
		{"foo::mul_Tensor::call(...)", NULL},
		{"mlx::core::Multiply::eval_gpu(std::__1::vector<mlx::core::array> const&)",
			"Multiply"},
		{"mlx::core::fast::RMSNorm::eval_gpu(...)", "RMSNorm"},
		{"mlx::core::Tmpl<mlx::core::Other::eval_gpu>::eval_gpu(...)", "Tmpl"},
		{"eval_gpu", NULL},
		{"ggml_metal_op_mul_mat", "mul_mat"},
		{"ggml_metal_op_mul_mat(ggml_metal_op*, int)", "mul_mat"},
		{"ggml_metal_op_encode", NULL},
		{"ggml_metal_op_encode_impl", NULL},
		{"ggml_metal_op_free", NULL},
		{"ggml_compute_forward_rope", "rope"},
		{"ggml_compute_forward", NULL},
		{"", NULL},
		{"<<<<<<((((", NULL},
		{">>>>))))mul_mps_kernel", "mul_mps_kernel"},
		{"operator", NULL},
		{NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].symbol ? cases[i].symbol : "(null)");
		check_operation(&cases[i].symbol, cases[i].symbol != NULL, cases[i].operation);
	}
}

static void test_operation_precedence(void **state) {
	static const char *const symbols[] = {
		"ggml_metal_op_add",
		"mlx::core::Add::eval_gpu(...)",
		"at::_ops::add_Tensor::call(...)",
		"at::_ops::mul_Tensor::call(...)",
		"at::native::mul_mps_kernel(at::TensorIteratorBase&)",
		"at::native::sub_mps_kernel(at::TensorIteratorBase&)",
	};
	check_operation(symbols, 6, "mul_mps_kernel");
	check_operation(symbols, 4, "add_Tensor");
	check_operation(symbols, 2, "Add");
	check_operation(symbols, 1, "add");
	check_operation(symbols, 0, NULL);
}

/* Several megabytes of brackets and names: must be over in a moment. */
static void test_operation_of_huge_symbol(void **state) {
	static const char unit[] = "operator<<a_mps_kernel_x::(<";
	size_t units = 200000, len = units * (sizeof(unit) - 1);
	char *symbol = malloc(len + 1);
	assert_non_null(symbol);
	for (size_t i = 0; i < len; i++)
		symbol[i] = unit[i % (sizeof(unit) - 1)];
	symbol[len] = '\0';
	const char *const symbols[] = {symbol};
	check_operation(symbols, 1, NULL);
	free(symbol);
}

static void test_concurrent(void **state) {
	static const struct fixture_frame crashed[] = {
		{"AGXMetalG16X", "-[AGXG16XFamilyComputeContext setComputePipelineState:]"}, END};
	static const struct fixture_frame submitting[] = {{"IOKit", "iokit_user_client_trap"},
		{"IOGPU", "IOGPUCommandQueueSubmitCommandBuffers"},
		{"Metal", "-[_MTLCommandQueue _submitAvailableCommandBuffers]"}, END};
	static const struct fixture_frame waiting_for_gil[] = {
		{"libsystem_kernel.dylib", "__psynch_cvwait"},
		{"libsystem_pthread.dylib", "_pthread_cond_wait"}, {"Python", "take_gil"},
		{"libtorch_python.dylib", "THPVariable_mul"}, END};
	static const struct fixture_frame waiting[] = {
		{"libsystem_kernel.dylib", "__psynch_cvwait"},
		{"libsystem_pthread.dylib", "_pthread_cond_wait"},
		{"Metal", "-[_MTLCommandBuffer waitUntilCompleted]"},
		{"libtorch_cpu.dylib", "at::mps::MPSStreamPool::synchronizeAllStreams()"}, END};
	static const struct fixture_frame torch_only[] = {
		{"libtorch_cpu.dylib", "at::mps::MPSStream::commit()"}, END};
	static const struct fixture_frame idle[] = {
		{"libsystem_kernel.dylib", "__workq_kernreturn"}, END};
	static const struct fixture_frame driver_call[] = {
		{"libsystem_kernel.dylib", "mach_msg2_trap"}, {"IOKit", "io_connect_method"},
		{"IOKit", "IOConnectCallMethod"},
		{"IOGPU", "IOGPUCommandQueueSubmitCommandBuffers"}, END};
	static const struct fixture_frame encoding[] = {
		{"AGXMetalG16X", "AGX::ComputeContext<>::performEnqueueKernel"},
		{"libmlx.dylib", "mlx::core::AddMM::eval_gpu(...)"}, END};
	static const struct fixture_frame unnamed[] = {
		{"libsystem_kernel.dylib", "semaphore_wait_trap"}, {"MPSCore", NULL}, END};
	static const struct fixture_frame posix[] = {
		{"libsystem_kernel.dylib", "sem_wait"}, {"MPSCore", NULL}, END};
	static const struct fixture_frame empty[] = {END};
	static const struct concurrent_thread expected[] = {
		{1, "submitter", "metal gpu stream 1", "IOGPU",
			"IOGPUCommandQueueSubmitCommandBuffers", false},
		{3, NULL, NULL, "Metal", "-[_MTLCommandBuffer waitUntilCompleted]", true},
		{6, NULL, NULL, "IOGPU", "IOGPUCommandQueueSubmitCommandBuffers", false},
		{7, NULL, NULL, "AGXMetalG16X", "AGX::ComputeContext<>::performEnqueueKernel",
			false},
		{8, NULL, NULL, "MPSCore", NULL, true},
		{10, NULL, NULL, "MPSCore", NULL, true},
	};
	struct report *report = fixture_new();
	fixture_crashed_thread(report, crashed);
	struct thread *submitter = fixture_thread(report, submitting);
	submitter->name = "submitter";
	submitter->queue = "metal gpu stream 1";
	fixture_thread(report, waiting_for_gil);
	fixture_thread(report, waiting);
	fixture_thread(report, torch_only);
	fixture_thread(report, idle)->queue = "com.Metal.CommandQueueDispatch";
	fixture_thread(report, driver_call);
	fixture_thread(report, encoding);
	fixture_thread(report, unnamed);
	fixture_thread(report, empty);
	fixture_thread(report, posix);
	struct triage triage = collect(report);
	assert_int_equal(triage.concurrent_count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < triage.concurrent_count; i++) {
		const struct concurrent_thread *thread = &triage.concurrent[i];
		assert_int_equal(thread->index, expected[i].index);
		assert_text(thread->name, expected[i].name);
		assert_text(thread->queue, expected[i].queue);
		assert_text(thread->image, expected[i].image);
		assert_text(thread->symbol, expected[i].symbol);
		assert_int_equal(thread->blocked, expected[i].blocked);
	}
	report_free(report);
}

/* Where the driver is played: glibc's and musl's waits have names of their own, or none. */
static void test_concurrent_on_linux(void **state) {
	static const struct fixture_frame crashed[] = {
		{"agxtriage-repro", "agxtriage_simulated_setComputePipelineState"},
		{"agxtriage-repro", "agxtriage_simulated_mul_mps_kernel"}, END};
	static const struct fixture_frame sleeping[] = {{"libc.so.6", "clock_nanosleep"},
		{"libc.so.6", "nanosleep"}, {"agxtriage-repro", "agxtriage_simulated_commit"}, END};
	static const struct fixture_frame locking[] = {{"libc.so.6", NULL},
		{"libc.so.6", "pthread_mutex_lock"},
		{"agxtriage-repro", "agxtriage_simulated_takeComputeContext"}, END};
	static const struct fixture_frame musl[] = {{"ld-musl-x86_64.so.1", NULL},
		{"ld-musl-x86_64.so.1", NULL}, {"ld-musl-x86_64.so.1", "pthread_cond_timedwait"},
		{"agxtriage-repro", "agxtriage_simulated_commit"}, END};
	/* The lock is free, or nearly: nobody waits in it. */
	static const struct fixture_frame taking[] = {{"libc.so.6", "pthread_mutex_lock"},
		{"agxtriage-repro", "agxtriage_simulated_takeComputeContext"}, END};
	static const struct fixture_frame running[] = {{"agxtriage-repro", "sim_work"},
		{"agxtriage-repro", "agxtriage_simulated_dispatchThreads"}, END};
	static const struct fixture_frame nameless[] = {
		{"libc.so.6", NULL}, {"agxtriage-repro", "agxtriage_simulated_commit"}, END};
	static const struct fixture_frame framework[] = {{"libc.so.6", NULL},
		{"libc.so.6", "pthread_mutex_lock"},
		{"agxtriage-repro", "agxtriage_simulated_add_mps_kernel"}, END};
	static const struct fixture_frame others[] = {
		{"else", "agxtriage_simulated_dispatchThreads"}, END};
	static const struct fixture_frame only_libc[] = {{"libc.so.6", NULL}, END};
	static const struct {
		int index;
		const char *symbol;
		bool blocked;
	} expected[] = {
		{1, "agxtriage_simulated_commit", true},
		{2, "agxtriage_simulated_takeComputeContext", true},
		{3, "agxtriage_simulated_commit", true},
		{4, "agxtriage_simulated_takeComputeContext", false},
		{5, "agxtriage_simulated_dispatchThreads", false},
		{6, "agxtriage_simulated_commit", false},
	};
	struct report *report = fixture_new();
	fixture_crashed_thread(report, crashed);
	fixture_thread(report, sleeping);
	fixture_thread(report, locking);
	fixture_thread(report, musl);
	fixture_thread(report, taking);
	fixture_thread(report, running);
	fixture_thread(report, nameless);
	fixture_thread(report, framework);
	fixture_thread(report, others);
	fixture_thread(report, only_libc);
	struct triage triage = collect(report);
	assert_text(triage.operation, "mul_mps_kernel");
	assert_int_equal(triage.concurrent_count, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < triage.concurrent_count; i++) {
		assert_int_equal(triage.concurrent[i].index, expected[i].index);
		assert_text(triage.concurrent[i].symbol, expected[i].symbol);
		assert_text(triage.concurrent[i].image, "agxtriage-repro");
		assert_int_equal(triage.concurrent[i].blocked, expected[i].blocked);
	}
	report_free(report);
}

static void test_explain(void **state) {
	static const struct fixture_frame crashed[] = {
		{"libtorch_cpu.dylib", "at::native::mul_mps_kernel(at::TensorIteratorBase&)"}, END};
	static const struct fixture_frame other[] = {{"Metal", "x"}, END};
	struct report *report = fixture_new();
	struct triage triage = {0};
	struct buf explain = {0};
	fixture_image(report, "AGXMetalG16X", "329.2", NULL);
	fixture_crashed_thread(report, crashed);
	fixture_thread(report, other);
	assert_int_equal(evidence_collect(&triage, report, &report->arena, &explain), 0);
	assert_string_equal(buf_str(&explain),
		"driver: AGXMetalG16X 329.2, among the images\n"
		"operation: mul_mps_kernel from frame 0 (*_mps_kernel)\n"
		"concurrent: thread 1 in Metal, frame 0, running\n");
	buf_finish(&explain);
	report_free(report);
}

static void test_out_of_memory(void **state) {
	static const struct fixture_frame frames[] = {{"Metal", "mul_mps_kernel"}, END};
	struct report *report = fixture_new();
	struct arena arena;
	struct triage triage = {.operation = "old", .concurrent_count = 5};
	fixture_crashed_thread(report, frames);
	fixture_image(report, "AGXMetalG16X", NULL, NULL);
	arena_init(&arena, 0);
	assert_int_equal(evidence_collect(&triage, report, &arena, NULL), -ENOMEM);
	assert_null(triage.operation);
	assert_null(triage.driver.image);
	assert_int_equal(triage.concurrent_count, 0);
	arena_finish(&arena);
	report_free(report);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_driver_generation),
		cmocka_unit_test(test_driver_choice),
		cmocka_unit_test(test_frameworks),
		cmocka_unit_test(test_mlx_built_into_its_module),
		cmocka_unit_test(test_operation_of_one_symbol),
		cmocka_unit_test(test_operation_precedence),
		cmocka_unit_test(test_operation_of_huge_symbol),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_concurrent_on_linux),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
