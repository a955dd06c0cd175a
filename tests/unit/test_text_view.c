/* The readable view: golden output for the seed case, one line for each other kind, nothing unsafe
 * for a terminal. */
#include "base/text.h"
#include "export/symbol.h"
#include "export/text_headline.h"
#include "export/text_view.h"

#include "sample_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct buf view(const struct sample *sample, const struct incident *incident,
	const struct text_view_options *options) {
	struct buf text = {0};
	const struct text_view parts = {sample->report, &sample->triage, incident, NULL};
	assert_int_equal(text_view_print(&text, &parts, options, NULL), 0);
	return text;
}

static void headline_is(const struct sample *sample, const char *expected) {
	struct buf text = {0};
	text_headline(&text, sample->report, &sample->triage);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void headlines_of_crashes(void **state) {
	struct sample sample;
	sample_init(&sample);
	headline_is(&sample,
		"Python 3.14.0 [81920] crashed in AGXMetalG16X: setComputePipelineState: reads NULL + 0x5c8");
	sample.triage.site_frame = 1;
	sample.triage.fault =
		(struct fault){.address = {0x70006d00690040, true}, .kind = FAULT_PAC};
	headline_is(&sample,
		"Python 3.14.0 [81920] crashed in libtorch_cpu.dylib: "
		"at::native::mps::MetalShaderLibrary::exec_binary_kernel: touches a pointer that failed "
		"authentication, 0x70006d00690040");
	sample.triage.fault = (struct fault){.kind = FAULT_NONE};
	sample.report->exception.signal = "SIGABRT";
	headline_is(&sample,
		"Python 3.14.0 [81920] aborted in libtorch_cpu.dylib: "
		"at::native::mps::MetalShaderLibrary::exec_binary_kernel: \"first line\"");
	const char *infos[] = {"abort() called", "*** Terminating app due to nothing"};
	sample.report->app_info = infos;
	sample.report->app_info_count = 2;
	sample.triage.site_frame = -1;
	headline_is(
		&sample, "Python 3.14.0 [81920] aborted: \"*** Terminating app due to nothing\"");
	infos[1] = "-[A b]:1094: failed assertion `A command encoder is already encoding'\nmore";
	sample.triage.site_frame = 0;
	headline_is(&sample,
		"Python 3.14.0 [81920] aborted in AGXMetalG16X: setComputePipelineState: "
		"\"A command encoder is already encoding\"");
	sample_finish(&sample);
}

static void headlines_of_other_kinds(void **state) {
	static const char *const expected[REPORT_KIND_COUNT] = {
		[REPORT_CRASH] = "An unnamed process crashed",
		[REPORT_USER_FAULT] = "An unnamed process did something forbidden and lived on",
		[REPORT_GPU_EVENT] = "The GPU was restarted",
		[REPORT_PANIC] = "The kernel panicked",
		[REPORT_JETSAM] = "Memory ran out and the kernel ended processes (jetsam)",
		[REPORT_HANG] = "An unnamed process did not respond",
		[REPORT_STACKSHOT] = "A stackshot: what every thread was doing; nothing crashed",
		[REPORT_RESOURCE] = "An unnamed process used more of a resource than it may",
		[REPORT_OTHER] = "A report of type unknown, which says nothing of a crash",
	};
	for (enum report_kind kind = 0; kind < REPORT_KIND_COUNT; kind++) {
		struct sample sample;
		sample_init_bare(&sample, kind);
		headline_is(&sample, expected[kind]);
		sample_finish(&sample);
	}
}

static void headlines_with_details(void **state) {
	struct sample sample;
	sample_init_bare(&sample, REPORT_GPU_EVENT);
	sample.report->gpu_event.restart_reason_desc = "firmware-detected lockup";
	sample.report->process.name = "python3";
	headline_is(
		&sample, "The GPU was restarted: firmware-detected lockup, while python3 used it");
	sample_finish(&sample);
	sample_init_bare(&sample, REPORT_PANIC);
	sample.report->panic_string = "\n panic(cpu 2): completeMemory()\nmore";
	headline_is(&sample, "The kernel panicked: \"panic(cpu 2): completeMemory()\"");
	sample.report->panic_string = "panic(cpu 2 caller 0xfffffe0012): completeMemory()\nmore";
	headline_is(&sample, "The kernel panicked: \"completeMemory()\"");
	sample.report->panic_string =
		"panic(cpu 2 caller 0xfffffe0012): \"prepare\" @A.cpp:5\nmore";
	headline_is(&sample, "The kernel panicked: \"prepare\" @A.cpp:5");
	sample_finish(&sample);
	sample_init_bare(&sample, REPORT_USER_FAULT);
	sample.report->exception.type = "EXC_GUARD";
	sample.report->exception.subtype = "GUARD_TYPE_USER";
	sample.report->process.name = "MobileSafari";
	headline_is(&sample,
		"MobileSafari did something forbidden and lived on (EXC_GUARD: GUARD_TYPE_USER)");
	sample_finish(&sample);
}

static void name_is(const char *symbol, const char *expected) {
	struct buf text = {0};
	symbol_name(&text, symbol);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void short_is(const char *symbol, size_t columns, const char *expected) {
	struct buf text = {0};
	symbol_shorten(&text, symbol, columns);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

static void plain_is(const char *symbol, size_t columns, const char *expected) {
	struct buf text = {0};
	symbol_plain(&text, symbol, columns);
	assert_string_equal(buf_str(&text), expected);
	buf_finish(&text);
}

/* The same name whatever room there is. */
static void symbols_are_plain(void **state) {
	plain_is("abc<d>(e)", 0, "abc<>");
	plain_is("abc<d>(e)", 80, "abc<>");
	plain_is("abc() const", 80, "abc");
	plain_is("bool A::operator()(int) const", 80, "bool A::operator()(int) const");
	plain_is("A::operator()", 80, "A::operator()");
	plain_is(
		"at::(anonymous namespace)::run(A (*)(int))", 80, "at::(anonymous namespace)::run");
	plain_is("-[A b:]", 80, "-[A b:]");
	plain_is("invocation function for block in a::b(c&)", 80,
		"invocation function for block in a::b");
	plain_is("()", 80, "()");
	plain_is("((((", 80, "((((");
	plain_is("", 80, "");
	plain_is("abcdefghijkl<de>(fgh)", 8, "abcde...");
	(void)state;
}

static void symbols_are_shortened(void **state) {
	name_is("-[AGXG16XFamilyComputeContext setBuffer:offset:atIndex:]",
		"setBuffer:offset:atIndex:");
	name_is("void AGX::SpillInfoGen3<A<B>, C>::allocateUSCSpillBuffer(unsigned, D<E>&)",
		"AGX::SpillInfoGen3<>::allocateUSCSpillBuffer");
	name_is("bool operator<<char>(A<char> const&, B)", "operator<<char>");
	name_is("Foo::operator->() const", "Foo::operator->");
	name_is("<deduplicated_symbol>", "<deduplicated_symbol>");
	name_is("<T as core::iter::Iterator>::next", "<T as core::iter::Iterator>::next");
	name_is("void at::(anonymous namespace)::run(int)", "at::(anonymous namespace)::run");
	name_is("", "");
	name_is("((((", "((((");
	short_is("abc<d>(e)", 0, "abc<d>(e)");
	short_is("abc<d>(e)", 9, "abc<d>(e)");
	short_is("abc<de>(f)", 8, "abc<>(f)");
	short_is("abc<de>(fgh)", 8, "abc<>()");
	short_is("abcdefghijkl<de>(fgh)", 8, "abcde...");
	short_is("at::native::deep::down(int)", 12, "...down()");
	short_is("-[AGXG16XFamilyComputeContext setBuffer:]", 20, "-[AGX... setBuffer:]");
	short_is("-[AGXG16XFamilyComputeContext setBuffer:offset:]", 21, "...setBuffer:offset:]");
	short_is("-[AGXG16XFamilyComputeContext setBuffer:offset:]", 14, "...setBuffe...");
	short_is("a<b<c>(d", 7, "a<b<...");
	short_is("a<b->c>::dd()", 9, "a<>::dd()");
}

/* clang-format off */
static const char golden[] =
	"Python 3.14.0 [81920] crashed in AGXMetalG16X: setComputePipelineState: reads\n"
	"NULL + 0x5c8\n"
	"\n"
	"       Site  agx-set-compute-pipeline-state\n"
	"             The compute pipeline state is set on a context that is gone\n"
	"  Signature  0123456789abcdef  NULL+0x5c8 | setComputePipelineState:\n"
	"     Status  known\n"
	"       When  2025-12-21 01:36:18, 1 min 18 s after its start\n"
	"    Process  /opt/homebrew/bin/Python, started by bash [500], on behalf of\n"
	"             Terminal\n"
	"      Fault  0x5c8 (read): a field of a structure whose pointer is NULL; x20 =\n"
	"             NULL, displacement 0x5c8; instruction f942e688\n"
	"  Exception  EXC_BAD_ACCESS, SIGSEGV, KERN_INVALID_ADDRESS at 0x00000000000005c8\n"
	"   Ended by  SIGNAL 11, Segmentation fault: 11, by exc handler [81920]\n"
	"   To blame  undetermined: the stack shows where it crashed, not who let go of\n"
	"             the encoder\n"
	"  Component  driver\n"
	"  Operation  mul_mps_kernel\n"
	"     Driver  AGXMetalG16X 329.2\n"
	"     System  macOS 15.7.3 (24G419), Mac16,5, ARM-64\n"
	" Frameworks  torch 2.9.1, Metal (aaaaaaaa)\n"
	"   Incident  79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9\n"
	"       File  /Users/me/Library/Logs/DiagnosticReports/Python-2025-12-20-173618.ips\n"
	"\n"
	"Application info\n"
	"  first line\n"
	"  \tsecond \"line\"\n"
	"\n"
	"Thread 1 (crashed), queue \"metal gpu stream 3\"\n"
	">   0  AGXMetalG16X             -[AGXG16XFamil... setComputePipelineState:] + 32\n"
	"    1  libtorch_cpu.dylib       ...exec_binary_kernel() + 1200 (OperationUtils.mm:1091)\n"
	"    2  libsystem_pthread.dylib  _pthread_start + 136 [inlined]\n"
	"    3  ?                        ? at offset 0x18461f5d8631551\n"
	"\n"
	"Other threads inside Metal or AGX at that moment: 2 (1 running, 1 blocked)\n"
	"    0  blocked  AGXMetalG16X  AGX::ComputeContext<A, B>::prepareForEnqueue(bool)\n"
	"                \"main\"\n"
	"    7  running  Metal         -[_MTLCommandBuffer commit]\n"
	"                queue \"metal gpu stream 1\"\n"
	"\n"
	"Odd in this report\n"
	"  usedImages.3.base: text instead of a number\n";
/* clang-format on */

static void seed_case(void **state) {
	struct sample sample;
	sample_init(&sample);
	const struct term term = {.columns = 80};
	const struct text_view_options options = {.term = &term};
	struct buf text = view(&sample, &sample.incident, &options);
	assert_string_equal(buf_str(&text), golden);
	buf_finish(&text);
	sample_finish(&sample);
}

static void everything_is_shown_with_all(void **state) {
	struct sample sample;
	sample_init(&sample);
	const struct term term = {.columns = 80};
	const struct text_view_options options = {
		.term = &term, .all = true, .hints = true, .explain = "step one\nstep two\n"};
	struct buf text = view(&sample, &sample.incident, &options);
	const char *shown = buf_str(&text);
	assert_non_null(strstr(shown, "Thread 0, \"main\"\n"));
	assert_non_null(strstr(shown, "std::__1::allocator<char>> const&"));
	assert_non_null(strstr(shown, "   x21 0xffffffffffffffff"));
	assert_non_null(strstr(shown, "\nHow this was found\n  step one\n  step two\n"));
	assert_non_null(
		strstr(shown, "\nNext: agxtriage show 12 -a (all threads), --explain, --json;"));
	buf_finish(&text);
	sample_finish(&sample);
}

static void simulated_and_stored_otherwise(void **state) {
	struct sample sample;
	sample_init(&sample);
	sample.report->simulated = true;
	sample.incident.site = "agx-bind-resource";
	const struct term term = {.columns = 80};
	const struct text_view_options options = {.term = &term};
	struct buf text = view(&sample, &sample.incident, &options);
	assert_non_null(strstr(buf_str(&text), "\nSIMULATED: "));
	assert_non_null(strstr(buf_str(&text), "stored as agx-bind-resource by other rules"));
	buf_finish(&text);
	sample_finish(&sample);
}

static void colours_mark_driver_and_site(void **state) {
	struct sample sample;
	sample_init(&sample);
	sample.triage.site_frame = 1;
	const struct term term = {.color = true};
	const struct text_view_options options = {.term = &term};
	struct buf text = view(&sample, NULL, &options), site = {0}, driver = {0};
	term_styled(&term, &site, TERM_SITE, ">   1  ", 7);
	term_styled(&term, &driver, TERM_WARN, "AGXMetalG16X", 12);
	assert_non_null(strchr(buf_str(&site), '\033'));
	assert_non_null(strstr(buf_str(&text), buf_str(&site)));
	assert_non_null(strstr(buf_str(&text), buf_str(&driver)));
	buf_finish(&text);
	buf_finish(&site);
	buf_finish(&driver);
	sample_finish(&sample);
}

static void nothing_unsafe_reaches_the_terminal(void **state) {
	static const char evil[] = "a\033]0;b\007\x9b\xe2\x80\xae\r\x7f";
	struct sample sample;
	sample_init(&sample);
	struct report *report = sample.report;
	report->process = (struct report_process){.name = evil, .path = evil, .parent = evil};
	report->incident_id = report->os_version = report->os_build = report->hardware_model = evil;
	report->exception = (struct report_exception){evil, evil, evil, evil, evil};
	report->vm_region_info = report->panic_string = report->esr_description = evil;
	sample.triage.site = sample.triage.site_title = sample.triage.operation = evil;
	sample.triage.signature_text = sample.triage.attribution_reason = evil;
	sample.triage.driver.image = sample.triage.driver.version = evil;
	sample.incident.path = sample.incident.site = sample.incident.status = evil;
	const char *infos[] = {evil};
	report->app_info = infos;
	struct frame frame = {
		.image = evil, .symbol = evil, .source_file = evil, .image_index = -1};
	struct thread thread = {.name = evil, .queue = evil, .frames = {&frame, 1}};
	struct concurrent_thread other = {0, evil, evil, evil, evil, false};
	report->threads = &thread;
	report->thread_count = 1;
	report->crashed_thread = 0;
	sample.triage.concurrent = &other;
	sample.triage.concurrent_count = 1;
	const struct term term = {.columns = 40};
	const struct text_view_options options = {
		.term = &term, .all = true, .hints = true, .explain = evil};
	struct buf text = view(&sample, &sample.incident, &options);
	assert_null(strpbrk(buf_str(&text), "\033\007\r\x7f"));
	assert_null(strstr(buf_str(&text), "\xe2\x80\xae"));
	assert_true(text_is_clean(buf_str(&text), text.len, TEXT_LINES));
	buf_finish(&text);
	sample_finish(&sample);
}

int main(void) {
	setenv("TZ", "UTC", 1);
	tzset();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headlines_of_crashes),
		cmocka_unit_test(headlines_of_other_kinds),
		cmocka_unit_test(headlines_with_details),
		cmocka_unit_test(symbols_are_plain),
		cmocka_unit_test(symbols_are_shortened),
		cmocka_unit_test(seed_case),
		cmocka_unit_test(everything_is_shown_with_all),
		cmocka_unit_test(simulated_and_stored_otherwise),
		cmocka_unit_test(colours_mark_driver_and_site),
		cmocka_unit_test(nothing_unsafe_reaches_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
