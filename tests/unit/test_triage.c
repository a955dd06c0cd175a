/*
 * The verdict: site by site with its look-alikes, component, attribution, explanations, and the
 * real corpus.
 */
#include "base/file.h"
#include "base/limits.h"
#include "ips/document.h"
#include "triage/triage.h"

#include "site_cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct context {
	struct rules *rules;
	struct arena arena;
	struct buf explain;
};

static int setup(void **state) {
	struct context *c = calloc(1, sizeof *c);

	if (c == NULL)
		return -1;
	c->rules = rules_new_builtin(NULL);
	arena_init(&c->arena, 64 << 20);
	*state = c;
	return c->rules != NULL ? 0 : -1;
}

static int teardown(void **state) {
	struct context *c = *state;

	rules_free(c->rules);
	arena_finish(&c->arena);
	buf_finish(&c->explain);
	free(c);
	return 0;
}

static struct triage run(struct context *c, const struct report *report) {
	struct triage triage;

	buf_reset(&c->explain);
	assert_int_equal(triage_run(&triage, report, c->rules, &c->arena, &c->explain), 0);
	return triage;
}

static bool explained(const struct context *c, const char *text) {
	return strstr(buf_str(&c->explain), text) != NULL;
}

static void finds_every_site(void **state) {
	struct context *c = *state;

	for (size_t i = 0; i < sizeof site_cases / sizeof site_cases[0]; i++) {
		const struct site_case *one = &site_cases[i];
		struct report *report = fixture_report(&one->fixture);
		struct triage t = run(c, report);
		const char *site = t.site != NULL ? t.site : "none";

		if (strcmp(site, one->site != NULL ? one->site : "none") != 0 ||
			t.offset_unknown != one->offset_unknown)
			fail_msg("case %zu, %s: site %s, not %s\n%s", i, one->name, site,
				one->site != NULL ? one->site : "none", buf_str(&c->explain));
		assert_int_equal(strlen(t.signature_hash), 16);
		assert_true(t.signature_text[0] != 0 && strlen(t.signature_text) <= 255);
		assert_non_null(t.attribution_reason);
		assert_true((t.site == NULL) == (t.site_title == NULL) &&
			    (t.site == NULL) == (t.rule == NULL));
		report_free(report);
	}
}

/* With or without explanations, and a second time, the answer is the same. */
static void is_deterministic(void **state) {
	struct context *c = *state;

	for (size_t i = 0; i < sizeof site_cases / sizeof site_cases[0]; i++) {
		struct report *report = fixture_report(&site_cases[i].fixture);
		struct triage a = run(c, report), b;
		char *first = strdup(buf_str(&c->explain));

		assert_int_equal(triage_run(&b, report, c->rules, &c->arena, NULL), 0);
		assert_string_equal(a.signature_text, b.signature_text);
		assert_string_equal(a.signature_hash, b.signature_hash);
		assert_ptr_equal(a.site, b.site);
		assert_int_equal(a.site_frame, b.site_frame);
		assert_int_equal(a.component, b.component);
		run(c, report);
		assert_string_equal(first, buf_str(&c->explain));
		free(first);
		report_free(report);
	}
}

static const struct fixture seed = {
	.exception = "EXC_BAD_ACCESS",
	.signal = "SIGSEGV",
	.address = 0x5c8,
	.frames = {{"libsystem_kernel.dylib", "__pthread_kill"},
		{"libsystem_pthread.dylib", "pthread_kill"}, {"libsystem_c.dylib", "raise"},
		{"Python", "faulthandler_fatal_error"}, {"libsystem_platform.dylib", "_sigtramp"},
		{"AGXMetalG16X", "-[AGXG16XFamilyComputeContext setComputePipelineState:]"},
		{"libtorch_cpu.dylib", "at::native::mul_mps_kernel(at::TensorIteratorBase&)"}},
};

static void explains_itself(void **state) {
	struct context *c = *state;
	struct report *report = fixture_report(&seed);
	struct triage t = run(c, report);

	assert_int_equal(t.site_frame, 5);
	assert_int_equal(t.component, COMPONENT_DRIVER);
	assert_string_equal(t.rule, "agx-set-compute-pipeline-state (built-in)");
	assert_true(explained(c, "frame 3 faulthandler_fatal_error skipped: signal handler"));
	assert_true(explained(c, "frame 5 -[AGXG*FamilyComputeContext setComputePipelineState:] "
				 "(AGXMetalG*, driver) is the first that counts"));
	assert_true(explained(
		c, "rule: agx-set-compute-pipeline-state (built-in, priority 80) matches"));
	assert_true(explained(c, "fault offset 0x5c8 is known"));
	assert_true(explained(c, "signature: + EXC_BAD_ACCESS near_null 0x5c8\n"));
	assert_true(explained(c, "of \"v2|EXC_BAD_ACCESS near_null 0x5c8 | "));
	assert_true(explained(c, "attribution: undetermined: "));
	report_free(report);
}

static void explains_near_misses(void **state) {
	struct context *c = *state;
	struct fixture f = seed;
	struct report *report;

	f.exception = "EXC_CRASH";
	f.signal = "SIGABRT";
	report = fixture_report(&f);
	assert_null(run(c, report).site);
	assert_true(
		explained(c, "rule: agx-set-compute-pipeline-state (built-in) nearly: "
			     "-[AGXG*FamilyComputeContext setComputePipelineState:] fits, but the "
			     "exception is another one"));
	assert_true(explained(c, "rule: none of 28 matches"));
	report_free(report);

	f = seed;
	f.address = 0x5d0;
	report = fixture_report(&f);
	assert_true(run(c, report).offset_unknown);
	assert_true(
		explained(c, "0x5d0 is none of the known offsets: offset unknown, the site stays"));
	report_free(report);
}

static struct triage run_fixture(struct context *c, const struct fixture *f) {
	struct report *report = fixture_report(f);
	struct triage t = run(c, report);

	/* texts borrowed from the report are not looked at afterwards */
	report_free(report);
	return t;
}

static enum component component_of(struct context *c, const char *image, const char *symbol) {
	struct fixture f = {.exception = "EXC_BAD_ACCESS", .frames = {{image, symbol}}};
	struct report *report = fixture_report(&f);
	enum component component;

	report->process.path = "/Applications/My.app/Contents/MacOS/My";
	component = run(c, report).component;
	report_free(report);
	return component;
}

static void names_the_owner(void **state) {
	struct context *c = *state;

	assert_int_equal(component_of(c, "AGXMetalG17P", "f"), COMPONENT_DRIVER);
	assert_int_equal(component_of(c, NULL, "AGX::Foo<...>::bar(...)"), COMPONENT_DRIVER);
	assert_int_equal(component_of(c, "AMDMTLBronzeDriver", "f"), COMPONENT_DRIVER);
	assert_int_equal(component_of(c, "AMDRadeonX6000MTLDriver", "f"), COMPONENT_DRIVER);
	assert_int_equal(component_of(c, "AppleIntelICLGraphicsMTLDriver", "f"), COMPONENT_DRIVER);
	assert_int_equal(component_of(c, "Metal", "f"), COMPONENT_METAL);
	assert_int_equal(component_of(c, "MPSNDArray", "f"), COMPONENT_METAL);
	assert_int_equal(component_of(c, "IOGPU", "f"), COMPONENT_METAL);
	assert_int_equal(component_of(c, "libobjc.A.dylib", "objc_msgSend"), COMPONENT_RUNTIME);
	assert_int_equal(component_of(c, "CoreFoundation", "f"), COMPONENT_RUNTIME);
	assert_int_equal(component_of(c, "libtorch_cpu.dylib", "f"), COMPONENT_FRAMEWORK);
	assert_int_equal(component_of(c, "Python", "f"), COMPONENT_FRAMEWORK);
	assert_int_equal(component_of(c, "libc.so.6", "f"), COMPONENT_RUNTIME);
	assert_int_equal(component_of(c, "ld-linux-x86-64.so.2", "f"), COMPONENT_RUNTIME);
	assert_int_equal(component_of(c, "AppKit", "f"), COMPONENT_FRAMEWORK);
	assert_int_equal(component_of(c, "My", "f"), COMPONENT_APPLICATION);
	assert_int_equal(component_of(c, "My.debug.dylib", "f"), COMPONENT_APPLICATION);
	assert_int_equal(component_of(c, "MyOther", "f"), COMPONENT_FRAMEWORK);
	assert_int_equal(component_of(c, NULL, "f"), COMPONENT_UNKNOWN);
}

/* Whatever rule matched, it is not the real driver's blame. */
static void blames_nobody_for_a_rehearsal(void **state) {
	struct context *c = *state;
	size_t sites = 0;

	for (size_t i = 0; i < sizeof site_cases / sizeof site_cases[0]; i++) {
		struct report *report = fixture_report(&site_cases[i].fixture);
		struct triage t;

		report->simulated = true;
		t = run(c, report);
		sites += t.site != NULL;
		assert_int_equal(t.attribution, ATTRIBUTION_UNDETERMINED);
		assert_string_equal(
			t.attribution_reason, "Simulated: no real driver was involved.");
		report_free(report);
	}
	assert_true(sites > 10);
}

static void says_who_may_be_to_blame(void **state) {
	struct context *c = *state;
	struct fixture unknown = {.exception = "EXC_BAD_ACCESS",
		.address = 0x10,
		.frames = {{"AGXMetalG16X", "AGX::New<...>::thing(...)"}, {"My", "main"}}};
	struct fixture assertion = {.exception = "EXC_CRASH",
		.signal = "SIGABRT",
		.app_info = "-[_MTLDevice newThing:]:7: failed assertion `thing must not be nil'",
		.frames = {{"libsystem_kernel.dylib", "__pthread_kill"},
			{"Metal", "MTLReportFailure"}, {"Metal", "-[_MTLDevice newThing:]"}}};
	struct fixture panic = {
		.kind = REPORT_PANIC, .panic = "panic(cpu 0): \"x\" @IOGPUFoo.cpp:1"};
	struct fixture other = {.kind = REPORT_PANIC,
		.panic =
			"panic(cpu 0): \"x\" @zalloc.c:1\n   Kernel Extensions in backtrace:\n"
			"      com.apple.foo(1)[]\n         dependency: com.apple.iokit.IOGPUFamily(1)\n"
			"last started kext: com.apple.AGXG13X\nloaded kexts:\ncom.apple.AGXG13X\n"};
	struct fixture backtrace = {.kind = REPORT_PANIC,
		.panic = "panic(cpu 0): fault\n   Kernel Extensions in backtrace:\n"
			 "      com.apple.foo(1)[]\n      com.apple.iokit.IOGPUFamily(130.13)[]\n"};
	struct fixture event = {.kind = REPORT_GPU_EVENT, .reason = "odd"};

	assert_int_equal(run_fixture(c, &seed).attribution, ATTRIBUTION_UNDETERMINED);
	assert_int_equal(run_fixture(c, &unknown).attribution, ATTRIBUTION_UNDETERMINED);
	assert_int_equal(run_fixture(c, &unknown).component, COMPONENT_DRIVER);
	assert_null(run_fixture(c, &unknown).site);
	assert_int_equal(run_fixture(c, &assertion).attribution, ATTRIBUTION_API_MISUSE);
	assert_int_equal(run_fixture(c, &panic).attribution, ATTRIBUTION_DRIVER);
	assert_int_equal(run_fixture(c, &panic).component, COMPONENT_DRIVER);
	assert_int_equal(run_fixture(c, &backtrace).attribution, ATTRIBUTION_DRIVER);
	assert_int_equal(run_fixture(c, &other).attribution, ATTRIBUTION_UNDETERMINED);
	assert_int_equal(run_fixture(c, &other).component, COMPONENT_UNKNOWN);
	assert_int_equal(run_fixture(c, &event).attribution, ATTRIBUTION_UNDETERMINED);
	assert_int_equal(run_fixture(c, &event).component, COMPONENT_DRIVER);
}

static void uses_the_last_exception(void **state) {
	struct context *c = *state;
	struct fixture f = {.exception = "EXC_CRASH",
		.signal = "SIGABRT",
		.frames = {{"libsystem_kernel.dylib", "__pthread_kill"},
			{"libsystem_c.dylib", "abort"},
			{"libdispatch.dylib", "_dispatch_client_callout"}},
		.last_exception = {{"CoreFoundation", "__exceptionPreprocess"},
			{"libobjc.A.dylib", "objc_exception_throw"}, {"My", "thrower"}}};
	struct triage t = run_fixture(c, &f);

	assert_string_equal(t.signature_text, "EXC_CRASH SIGABRT | thrower");
	assert_int_equal(t.site_frame, -1);
	f.exception = "EXC_BAD_ACCESS";
	f.signal = "SIGSEGV";
	f.address = 8;
	assert_null(strstr(run_fixture(c, &f).signature_text, "thrower"));
}

static bool related(const char *image, const char *symbol, const char *app_info) {
	struct fixture f = {
		.exception = "EXC_CRASH", .app_info = app_info, .frames = {{image, symbol}}};
	struct report *report = fixture_report(&f);
	bool is = triage_is_gpu_related(report);

	report_free(report);
	return is;
}

static void knows_what_is_of_the_gpu(void **state) {
	struct fixture last = {.exception = "EXC_CRASH", .last_exception = {{"Metal", NULL}}};
	struct fixture other = {.exception = "EXC_CRASH",
		.frames = {{"My", "main"}},
		.other_thread = {{"AGXMetalG16X", "f"}}};
	struct report *report;

	assert_true(related("AGXMetalG16X", NULL, NULL));
	assert_true(related("Metal", "f", NULL));
	assert_true(related("IOGPU", "f", NULL));
	assert_true(related("MPSCore", "f", NULL));
	assert_true(related("MetalPerformanceShadersGraph", "f", NULL));
	assert_true(related("x", "-[MTLDebugCommandBuffer commit]", NULL));
	assert_true(related("x", "-[_MTLCommandEncoder dealloc]", NULL));
	assert_true(related("x", "f(MTL::CommandBuffer*)", NULL));
	assert_true(related("x", "at::native::mps::mul(at::Tensor)", NULL));
	assert_true(related("x", "ggml_metal_rsets_free", NULL));
	assert_true(related("x", "f", "-[AGXG15XFamilyCommandBuffer x]:1: failed assertion"));
	assert_false(related("x", "f", NULL));
	assert_false(related("libMetallic.dylib", "Metallica", "heavy metal"));
	assert_false(related("COMPSCI", "DumpsMPSX", "CAGX IMTLX"));
	report = fixture_report(&last);
	assert_true(triage_is_gpu_related(report));
	report_free(report);
	report = fixture_report(&other);
	assert_false(triage_is_gpu_related(report));
	report_free(report);
}

static void triage_file(struct context *c, const char *folder, const char *name, size_t *reports) {
	struct document document;
	struct buf bytes = {0};
	struct file_identity identity;
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (file_read(AT_FDCWD, path, FILE_NOFOLLOW, LIMIT_REPORT_BYTES, &bytes, &identity, NULL) ==
			0 &&
		document_parse(bytes.data, bytes.len, &document, NULL) == 0) {
		for (size_t i = 0; i < document.count; i++) {
			struct triage t = run(c, document.reports[i]);

			if (t.site != NULL)
				fail_msg("%s: site %s\n%s", path, t.site, buf_str(&c->explain));
			assert_int_equal(strlen(t.signature_hash), 16);
			++*reports;
		}
		document_finish(&document);
	}
	buf_finish(&bytes);
	arena_reset(&c->arena);
}

/* None of the real reports that are public is an AGX crash. */
static void corpus_has_no_site(void **state) {
	const char *corpus = getenv("AGXTRIAGE_CORPUS");
	const struct dirent *entry;
	size_t reports = 0;
	char folder[2048];
	DIR *dir;

	snprintf(folder, sizeof folder, "%s/real", corpus != NULL ? corpus : "../shared/corpus");
	dir = opendir(folder);
	if (dir == NULL)
		skip();
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			triage_file(*state, folder, entry->d_name, &reports);
	}
	closedir(dir);
	assert_true(reports > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_site),
		cmocka_unit_test(is_deterministic),
		cmocka_unit_test(explains_itself),
		cmocka_unit_test(explains_near_misses),
		cmocka_unit_test(names_the_owner),
		cmocka_unit_test(blames_nobody_for_a_rehearsal),
		cmocka_unit_test(says_who_may_be_to_blame),
		cmocka_unit_test(uses_the_last_exception),
		cmocka_unit_test(knows_what_is_of_the_gpu),
		cmocka_unit_test(corpus_has_no_site),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
