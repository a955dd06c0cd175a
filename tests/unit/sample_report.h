/*
 * Reports built by hand, for tests of what is made of a report: the seed case, an abort and the
 * kinds that are no crash.
 */
#ifndef TESTS_SAMPLE_REPORT_H
#define TESTS_SAMPLE_REPORT_H

#include "ips/report.h"
#include "store/store.h"
#include "triage/triage.h"

struct sample {
	struct report *report; /* to be freed with report_free() */
	struct triage triage;
	struct incident incident;
};

static struct image sample_images[] = {
	{.name = "AGXMetalG16X",
		.path = "/System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGXMetalG16X",
		.uuid = "11111111-2222-3333-4444-555555555555",
		.version = "329.2",
		.short_version = "329.2",
		.arch = "arm64e",
		.base = {0x1162d4000, true},
		.size = {8675309, true}},
	{.name = "libtorch_cpu.dylib",
		.path = "/opt/venv/lib/python3.14/site-packages/torch/lib/libtorch_cpu.dylib",
		.arch = "arm64",
		.base = {0x130000000, true}},
	{.name = "libsystem_pthread.dylib", .path = "/usr/lib/system/libsystem_pthread.dylib"},
};

static struct frame sample_frames[] = {
	{.image = "AGXMetalG16X",
		.image_index = 0,
		.image_offset = {0x5c1d4, true},
		.symbol = "-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]",
		.symbol_offset = {32, true},
		.address = {0x1163301d4, true}},
	{.image = "libtorch_cpu.dylib",
		.image_index = 1,
		.image_offset = {0x40, true},
		.symbol =
			"at::native::mps::MetalShaderLibrary::exec_binary_kernel(at::TensorIteratorBase&, "
			"std::__1::basic_string<char, std::__1::char_traits<char>, "
			"std::__1::allocator<char>> const&, std::__1::optional<c10::Scalar>)",
		.symbol_offset = {1200, true},
		.address = {0x130000040, true},
		.source_file = "OperationUtils.mm",
		.source_line = {1091, true}},
	{.image = "libsystem_pthread.dylib",
		.image_index = 2,
		.image_offset = {0x6c0c, true},
		.symbol = "_pthread_start",
		.symbol_offset = {136, true},
		.inlined = true},
	{.image_index = -1, .image_offset = {109319999488988497, true}},
};

static struct frame sample_other_frames[] = {
	{.image = "libsystem_pthread.dylib", .image_index = 2, .symbol = "__psynch_mutexwait"},
};

static struct thread sample_threads[] = {
	{.index = 0, .id = {4711, true}, .name = "main", .frames = {sample_other_frames, 1}},
	{.index = 1,
		.id = {4712, true},
		.queue = "metal gpu stream 3",
		.triggered = true,
		.frames = {sample_frames, 4}},
};

static struct reg sample_registers[] = {
	{"x0", 0}, {"x20", 0}, {"x21", UINT64_MAX}, {"far", 0x5c8}, {"esr", 0x92000006}};
static uint64_t sample_codes[] = {1, 0x5c8};
static const char *sample_info[] = {"first line\n\tsecond \"line\""};
static const char *sample_warnings[] = {"usedImages.3.base: text instead of a number"};
static uint8_t sample_instruction[] = {0x88, 0xe6, 0x42, 0xf9};
static struct framework sample_frameworks[] = {{"torch", "libtorch_cpu.dylib", "2.9.1", NULL},
	{"Metal", "Metal", NULL, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}};
static struct concurrent_thread sample_concurrent[] = {
	{0, "main", NULL, "AGXMetalG16X", "AGX::ComputeContext<A, B>::prepareForEnqueue(bool)",
		true},
	{7, NULL, "metal gpu stream 1", "Metal", "-[_MTLCommandBuffer commit]", false}};

static void sample_fill_report(struct report *report) {
	report->form = REPORT_FORM_JSON;
	report->kind = REPORT_CRASH;
	report->arch = REPORT_ARCH_ARM64;
	report->bug_type = "309";
	report->incident_id = "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9";
	report->captured_at_us = (struct i64_opt){1766280978286200, true};
	report->launched_at_us = (struct i64_opt){1766280900000000, true};
	report->process = (struct report_process){.name = "Python",
		.path = "/opt/homebrew/bin/Python",
		.version = "3.14.0",
		.parent = "bash",
		.responsible = "Terminal",
		.pid = {81920, true},
		.parent_pid = {500, true},
		.translated = TRI_NO};
	report->os_version = "macOS 15.7.3";
	report->os_build = "24G419";
	report->hardware_model = "Mac16,5";
	report->cpu_type = "ARM-64";
	report->exception = (struct report_exception){.type = "EXC_BAD_ACCESS",
		.signal = "SIGSEGV",
		.subtype = "KERN_INVALID_ADDRESS at 0x00000000000005c8",
		.codes = "0x0000000000000001, 0x00000000000005c8"};
	report->raw_codes = sample_codes;
	report->raw_code_count = 2;
	report->uptime_s = (struct i64_opt){9007199254740993, true};
	report->termination = (struct report_termination){
		"SIGNAL", {11, true}, "Segmentation fault: 11", "exc handler [81920]"};
	report->app_info = sample_info;
	report->app_info_count = 1;
	report->crashed_thread = 1;
	report->threads = sample_threads;
	report->thread_count = 2;
	report->images = sample_images;
	report->image_count = 3;
	report->registers = sample_registers;
	report->register_count = 5;
	report->at_pc = sample_instruction;
	report->at_pc_len = sizeof sample_instruction;
	report->warnings = sample_warnings;
	report->warning_count = 1;
}

static void sample_fill_triage(struct triage *triage) {
	*triage = (struct triage){.site = "agx-set-compute-pipeline-state",
		.site_title = "The compute pipeline state is set on a context that is gone",
		.rule = "agx-set-compute-pipeline-state (built-in)",
		.signature_text = "NULL+0x5c8 | setComputePipelineState:",
		.signature_hash = "0123456789abcdef",
		.signature_version = 1,
		.fault = {{0x5c8, true}, FAULT_NEAR_NULL, ACCESS_READ, "x20", {0x5c8, true}},
		.driver = {"AGXMetalG16X", "G16X", "329.2", "11111111-2222-3333-4444-555555555555"},
		.component = COMPONENT_DRIVER,
		.frameworks = sample_frameworks,
		.framework_count = 2,
		.attribution = ATTRIBUTION_UNDETERMINED,
		.attribution_reason =
			"the stack shows where it crashed, not who let go of the encoder",
		.operation = "mul_mps_kernel",
		.concurrent = sample_concurrent,
		.concurrent_count = 2,
		.site_frame = 0};
}

/* The seed case, stored as row 12. Texts are constants; only report itself is allocated. */
static inline void sample_init(struct sample *sample) {
	sample->report = report_new();
	sample_fill_report(sample->report);
	sample_fill_triage(&sample->triage);
	sample->incident = (struct incident){.id = 12,
		.site = "agx-set-compute-pipeline-state",
		.status = "known",
		.path = "/Users/me/Library/Logs/DiagnosticReports/Python-2025-12-20-173618.ips",
		.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		.size = 62000,
		.first_seen_at_us = 1766281000000000};
}

/* A report of another kind, that has nothing but its kind. */
static inline void sample_init_bare(struct sample *sample, enum report_kind kind) {
	*sample = (struct sample){.report = report_new(), .triage = {.site_frame = -1}};
	sample->report->kind = kind;
	sample->report->crashed_thread = -1;
}

static inline void sample_finish(struct sample *sample) {
	report_free(sample->report);
}

#endif
