/* The classic text form: every section, odd frames, truncated and elided texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ips/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                        \
	"Process:               Python [4711]\n"                                    \
	"Path:                  /opt/*/Python\n"                                    \
	"Identifier:            org.python.python\n"                                \
	"Version:               3.12.1 (3.12.1)\n"                                  \
	"Code Type:             ARM-64 (Native)\n"                                  \
	"Parent Process:        zsh [4000]\n"                                       \
	"Responsible:           Terminal [600]\n"                                   \
	"User ID:               501\n"                                              \
	"\n"                                                                        \
	"Date/Time:             2025-12-20 17:36:18.2862 -0800\n"                   \
	"OS Version:            macOS 15.7.3 (24G419)\n"                            \
	"\n"                                                                        \
	"Time Awake Since Boot: 65000 seconds\n"                                    \
	"\n"                                                                        \
	"Crashed Thread:        1  worker  Dispatch queue: metal gpu stream 0\n"    \
	"\n"                                                                        \
	"Exception Type:        EXC_BAD_ACCESS (SIGSEGV)\n"                         \
	"Exception Codes:       KERN_INVALID_ADDRESS at 0x00000000000005c8\n"       \
	"Exception Codes:       0x0000000000000001, 0x00000000000005c8\n"           \
	"\n"                                                                        \
	"Termination Reason:    Namespace SIGNAL, Code 11 Segmentation fault: 11\n" \
	"Terminating Process:   exc handler [4711]\n"                               \
	"\n"                                                                        \
	"VM Region Info: 0x5c8 is not in any region.\n"                             \
	"      REGION TYPE                    START - END\n"                        \
	"--->  \n"                                                                  \
	"      __TEXT                      100ec4000-100ec8000\n"                   \
	"\n"                                                                        \
	"Application Specific Information:\n"                                       \
	"first line\n"                                                              \
	"second line\n"                                                             \
	"\n"

#define THREADS                                                                                 \
	"Thread 0::  Dispatch queue: com.apple.main-thread\n"                                   \
	"0   libsystem_kernel.dylib  \t       0x182ea4c34 mach_msg2_trap + 8\n"                 \
	"1   My App Helper           \t       0x100001010 main (main.m:16)\n"                   \
	"\n"                                                                                    \
	"Thread 1 Crashed:: worker Dispatch queue: metal gpu stream 0\n"                        \
	"0   AGXMetalG16X            \t       0x13c945020 -[AGXG16XFamilyComputeContext "       \
	"setComputePipelineState:] + 32\n"                                                      \
	"1   libtorch_cpu.dylib      \t       0x200000100 operator + (a b) + 12 (x (1).mm:45) " \
	"[inlined]\n"                                                                           \
	"2   libtorch_cpu.dylib      \t       0x200000200 0x200000000 + 512\n"                  \
	"3   com.apple.Foundation    \t       0x300000010 _ZN3foo3barEi + 4\n"                  \
	"4   assetsd                 \t       0x400000050 assetsd + 80\n"                       \
	"5   ???                     \t      0x4c00049541 0 + 326417814849\n"                   \
	"\n"                                                                                    \
	"Thread 12::  caulk.messenger.shared:17\n"                                              \
	"0   libsystem_kernel.dylib  \t       0x182ea4c38 semaphore_wait_trap + 8 (:-1)\n"      \
	"\n"

#define REST                                                                                     \
	"Thread 1 crashed with ARM Thread State (64-bit):\n"                                     \
	"    x0: 0xecee1c2188699ff8   x1: 0x0000000000000001\n"                                  \
	"    sp: 0x000000016c161df0   pc: 0x000000013c945020 cpsr: 0x80000000\n"                 \
	"   far: 0x00000000000005c8  esr: 0x92000006 (Data Abort) byte read Translation fault\n" \
	"\n"                                                                                     \
	"Binary Images:\n"                                                                       \
	"       0x13c944000 -        0x13d17bfff com.apple.AGXMetalG16X (329.2) "                \
	"<f3801a6f-cfb2-3ee3-a8a0-320185aa69b6> /System/AGXMetalG16X.bundle/AGXMetalG16X\n"      \
	"       0x200000000 -        0x2000fffff +libtorch_cpu.dylib (2.1 - 7) "                 \
	"<F3801A6FCFB23EE3A8A0320185AA69B6> /opt/*/libtorch_cpu.dylib\n"                         \
	"\n"                                                                                     \
	"       0x300000000 -        0x3000fffff com.apple.Foundation (6.9) "                    \
	"<187e7913-b154-30a7-8070-852767aac3cf> /System/Foundation\n"                            \
	"       0x400000000 -        0x4000fffff assetsd (*) <@UUID@> /usr/libexec/assetsd\n"    \
	"               0x0 - 0xffffffffffffffff ??? (*) "                                       \
	"<00000000-0000-0000-0000-000000000000> ???\n"                                           \
	"\n"                                                                                     \
	"Model: Mac16,5, BootROM 11881.140.96, proc 16:12:4 processors, 64 GB\n"

static struct report *report;

static int setup(void **state) {
	report = report_new();
	return report ? 0 : -1;
}

static int teardown(void **state) {
	report_free(report);
	return 0;
}

static void parse(const char *text) {
	struct err err = {0};
	if (report_parse_text(report, text, strlen(text), &err))
		fail_msg("%s", err.text);
}

static void head(void **state) {
	parse(HEAD THREADS REST);
	assert_int_equal(report->form, REPORT_FORM_TEXT);
	assert_int_equal(report->kind, REPORT_CRASH);
	assert_int_equal(report->arch, REPORT_ARCH_ARM64);
	assert_string_equal(report->process.name, "Python");
	assert_int_equal(report->process.pid.value, 4711);
	assert_string_equal(report->process.version, "3.12.1");
	assert_string_equal(report->process.bundle_id, "org.python.python");
	assert_string_equal(report->process.parent, "zsh");
	assert_int_equal(report->process.parent_pid.value, 4000);
	assert_int_equal(report->process.responsible_pid.value, 600);
	assert_int_equal(report->process.uid.value, 501);
	assert_int_equal(report->process.translated, TRI_NO);
	assert_string_equal(report->os_version, "macOS 15.7.3");
	assert_string_equal(report->os_build, "24G419");
	assert_string_equal(report->cpu_type, "ARM-64");
	assert_string_equal(report->hardware_model, "Mac16,5");
	assert_true(report->captured_at_us.value == 1766280978286200);
	assert_int_equal(report->uptime_s.value, 65000);
	assert_null(report->incident_id);
	assert_int_equal(report->warning_count, 0);
}

static void exception(void **state) {
	parse(HEAD THREADS REST);
	assert_string_equal(report->exception.type, "EXC_BAD_ACCESS");
	assert_string_equal(report->exception.signal, "SIGSEGV");
	assert_string_equal(
		report->exception.subtype, "KERN_INVALID_ADDRESS at 0x00000000000005c8");
	assert_int_equal(report->raw_code_count, 2);
	assert_true(report->raw_codes[1] == 0x5c8);
	assert_string_equal(report->termination.ns, "SIGNAL");
	assert_int_equal(report->termination.code.value, 11);
	assert_string_equal(report->termination.indicator, "Segmentation fault: 11");
	assert_string_equal(report->termination.by_process, "exc handler");
	assert_string_equal(report->vm_region_info,
		"0x5c8 is not in any region.\n      REGION TYPE                    START - END\n"
		"--->  \n      __TEXT                      100ec4000-100ec8000");
	assert_int_equal(report->app_info_count, 1);
	assert_string_equal(report->app_info[0], "first line\nsecond line");
}

static void threads(void **state) {
	parse(HEAD THREADS REST);
	assert_int_equal(report->thread_count, 3);
	assert_int_equal(report->crashed_thread, 1);
	const struct thread *crashed = report_crashed_thread(report);
	assert_string_equal(crashed->name, "worker");
	assert_string_equal(crashed->queue, "metal gpu stream 0");
	assert_true(crashed->triggered);
	assert_null(report->threads[0].name);
	assert_string_equal(report->threads[0].queue, "com.apple.main-thread");
	assert_int_equal(report->threads[2].index, 12);
	assert_string_equal(report->threads[2].name, "caulk.messenger.shared:17");
	const struct frame *helper = &report->threads[0].frames.items[1];
	assert_string_equal(helper->image, "My App Helper");
	assert_int_equal(helper->image_index, -1);
	assert_string_equal(helper->symbol, "main");
	assert_false(helper->symbol_offset.set);
	assert_string_equal(helper->source_file, "main.m");
	assert_int_equal(helper->source_line.value, 16);
	const struct frame *semaphore = &report->threads[2].frames.items[0];
	assert_null(semaphore->source_file);
	assert_false(semaphore->source_line.set);
	assert_string_equal(semaphore->symbol, "semaphore_wait_trap");
}

static void frames(void **state) {
	parse(HEAD THREADS REST);
	const struct frame *frame = report_crashed_thread(report)->frames.items;
	assert_string_equal(frame->image, "AGXMetalG16X");
	assert_int_equal(frame->image_index, 0);
	assert_true(frame->image_offset.value == 0x1020);
	assert_string_equal(
		frame->symbol, "-[AGXG16XFamilyComputeContext setComputePipelineState:]");
	assert_int_equal(frame->symbol_offset.value, 32);
	frame++;
	assert_string_equal(frame->symbol, "operator + (a b)");
	assert_int_equal(frame->symbol_offset.value, 12);
	assert_true(frame->inlined);
	assert_int_equal(frame->source_line.value, 45);
	frame++;
	assert_null(frame->symbol);
	assert_false(frame->symbol_offset.set);
	assert_true(frame->image_offset.value == 512);
	frame++;
	assert_string_equal(frame->image, "Foundation");
	assert_string_equal(frame->symbol, "foo::bar(int)");
	frame++;
	assert_null(frame->symbol);
	assert_true(frame->image_offset.value == 80);
	frame++;
	assert_null(frame->image);
	assert_null(frame->symbol);
	assert_true(frame->address.value == 0x4c00049541);
}

static void images_and_registers(void **state) {
	parse(HEAD THREADS REST);
	assert_int_equal(report->image_count, 5);
	const struct image *image = report->images;
	assert_string_equal(image->name, "AGXMetalG16X");
	assert_string_equal(image->bundle_id, "com.apple.AGXMetalG16X");
	assert_string_equal(image->short_version, "329.2");
	assert_null(image->version);
	assert_true(image->size.value == 0x838000);
	image++;
	assert_string_equal(image->uuid, "f3801a6f-cfb2-3ee3-a8a0-320185aa69b6");
	assert_string_equal(image->short_version, "2.1");
	assert_string_equal(image->version, "7");
	assert_null(image->bundle_id);
	assert_null(report->images[3].uuid);
	assert_null(report->images[4].name);
	assert_true(report_register(report, "x0").value == 0xecee1c2188699ff8);
	assert_true(report_register(report, "far").value == 0x5c8);
	assert_string_equal(report->esr_description, "(Data Abort) byte read Translation fault");
}

static void name_with_brackets(void **state) {
	parse("Process: My App [beta] [4711]\nParent Process: launchd [1]\nResponsible: x [deleted]\n"
	      "Exception Type: EXC_CRASH (SIGABRT)\n\nThread 0 Crashed:\n"
	      "0   a.out  \t0x0000000104f58010 0x104f58000 + 16\n");
	assert_string_equal(report->process.name, "My App [beta]");
	assert_int_equal(report->process.pid.value, 4711);
	assert_string_equal(report->process.parent, "launchd");
	assert_string_equal(report->process.responsible, "x");
	assert_false(report->process.responsible_pid.set);
}

static void version_with_brackets(void **state) {
	parse("Process: Python [1]\nException Type: EXC_CRASH (SIGABRT)\n\nThread 0 Crashed:\n"
	      "0   Python  \t0x0000000104f58010 0x104f58000 + 16\n\nBinary Images:\n"
	      "0x104f58000 - 0x1052abfff org.python.python (3.14.0, (c) 2001-2024 PSF.) "
	      "<c6c98504-8abb-5c0c-bd2b-36df0ff43c60> /opt/Python.framework/Python\n"
	      "0x105f58000 - 0x1062abfff +org.python.python (3.9.1, (c) 2001-2019 PSF. - 3.9.1) "
	      "<D6C98504-8ABB-5C0C-BD2B-36DF0FF43C60> /opt/Other.framework/Other\n");
	assert_int_equal(report->image_count, 2);
	assert_string_equal(report->images[0].bundle_id, "org.python.python");
	assert_string_equal(report->images[0].short_version, "3.14.0, (c) 2001-2024 PSF.");
	assert_string_equal(report->images[1].bundle_id, "org.python.python");
	assert_string_equal(report->images[1].short_version, "3.9.1, (c) 2001-2019 PSF.");
	assert_string_equal(report->images[1].version, "3.9.1");
}

static void x86(void **state) {
	parse("Process: a.out [1]\nCode Type: X86-64 (Translated)\n"
	      "Exception Type: EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))\n"
	      "Exception Note: EXC_CORPSE_NOTIFY\nTermination Signal: Bus error: 10\n"
	      "Termination Reason: Namespace SIGNAL, Code 0xa\n\nThread 0 Crashed:\n"
	      "0   a.out  \t@foo@ foo + 16 (test.c:3)\n1   a.out  \t@bar@\n\n"
	      "Thread 0 crashed with X86 Thread State (64-bit):\n"
	      "  rax: 0x0000000000000001  rip: <unavailable>       rfl: 0x202\n tmp0: 0x5\n\n"
	      "Logical CPU:     5\nError Code:      0x00000014 (no mapping)\nTrap Number:     14\n\n"
	      "Thread 0 instruction stream:\n  5b 5b-2a 00  [[*.\n [48]f7 fe  H..  <==\n\n"
	      "Binary Images:\n0x100000000 - 0x200000000 +a.out (0) <@UUID@> @EXEC@\n");
	assert_int_equal(report->arch, REPORT_ARCH_X86_64);
	assert_int_equal(report->process.translated, TRI_YES);
	assert_int_equal(report->is_corpse, TRI_YES);
	assert_string_equal(report->exception.signal, "SIGKILL (Code Signature Invalid)");
	assert_int_equal(report->termination.code.value, 10);
	assert_string_equal(report->termination.indicator, "Bus error: 10");
	const struct frames *frames = &report_crashed_thread(report)->frames;
	assert_int_equal(frames->count, 2);
	assert_string_equal(frames->items[0].symbol, "foo");
	assert_false(frames->items[0].address.set);
	assert_null(frames->items[1].symbol);
	assert_false(report_register(report, "rip").set);
	assert_false(report_register(report, "tmp0").set);
	assert_int_equal(report_register(report, "rflags").value, 0x202);
	assert_int_equal(report_register(report, "cpu").value, 5);
	assert_int_equal(report_register(report, "err").value, 0x14);
	assert_int_equal(report_register(report, "trap").value, 14);
	assert_int_equal(report->before_pc_len, 4);
	assert_int_equal(report->at_pc_len, 3);
	assert_int_equal(report->at_pc[0], 0x48);
	assert_null(report->images[0].uuid);
	assert_null(report->images[0].path);
	assert_string_equal(report->images[0].name, "a.out");
}

static void ios(void **state) {
	parse("Incident Identifier: 1E728472-C17F-4FAF-984F-774D9EBD2774\r\n"
	      "CrashReporter Key:   6f8e07f4\r\n"
	      "Hardware Model:      iPhone12,1\r\nProcess:             get [1737]\r\n"
	      "Version:             44 (1.4.4)\r\nOS Version:          iPhone OS 13.3 (17C54)\r\n"
	      "Exception Type:  EXC_CRASH (SIGABRT)\r\nTermination Reason: SIGNAL 6 Abort trap: 6\r\n"
	      "Triggered by Thread:  0\r\n\r\nLast Exception Backtrace:\r\n"
	      "(0x100000010 0x100000020)\r\n\r\n"
	      "Thread 0 name:   Dispatch queue: com.apple.main-thread\r\nThread 0 Crashed:\r\n"
	      "0   get  \t0x0000000100000010 0x100000000 + 16\r\n\r\nBinary Images:\r\n"
	      "0x100000000 - 0x10000ffff get arm64  <865e9aa3dce0392393a2445e115bc26f> /var/get\r\n");
	assert_string_equal(report->incident_id, "1E728472-C17F-4FAF-984F-774D9EBD2774");
	assert_string_equal(report->hardware_model, "iPhone12,1");
	assert_string_equal(report->crash_reporter_key, "6f8e07f4");
	assert_string_equal(report->process.version, "1.4.4");
	assert_string_equal(report->termination.indicator, "Abort trap: 6");
	assert_int_equal(report->thread_count, 1);
	assert_string_equal(report->threads[0].queue, "com.apple.main-thread");
	assert_int_equal(report->last_exception.count, 2);
	assert_string_equal(report->last_exception.items[1].image, "get");
	assert_int_equal(report->last_exception.items[1].image_offset.value, 0x20);
	assert_string_equal(report->images[0].arch, "arm64");
}

static void truncated(void **state) {
	parse(HEAD "Thread 0:\n0   libsystem_kernel.dylib  \t 0x182ea4c34 mach_msg2_tr");
	assert_int_equal(report->thread_count, 1);
	assert_int_equal(report->crashed_thread, -1);
	assert_int_equal(report->warning_count, 2);
}

static void placeholders(void **state) {
	parse("Process:         python3 [PID]\nVersion: ???\nDate/Time:       2025-12-17 15:XX:XX PST\n"
	      "Crashed Thread:  X (worker thread)\nException Type:  SIGSEGV\n");
	assert_string_equal(report->process.name, "python3");
	assert_false(report->process.pid.set);
	assert_null(report->process.version);
	assert_false(report->captured_at_us.set);
	assert_null(report->exception.type);
	assert_string_equal(report->exception.signal, "SIGSEGV");
	assert_int_equal(report->crashed_thread, -1);
	assert_int_equal(report->kind, REPORT_CRASH);
}

static void kinds(void **state) {
	parse("Process: a [1]\nException Type: EXC_RESOURCE\nThread 0:\n0 a 0x1 b + 1\n");
	assert_int_equal(report->kind, REPORT_RESOURCE);
	report_reset(report);
	parse("Analysis of sampling a (pid 1) every 1 millisecond\nProcess: a [1]\n\nCall graph:\n");
	assert_int_equal(report->kind, REPORT_OTHER);
}

static void not_a_report(void **state) {
	static const char *const texts[] = {"", "\n\n", "Process: a [1]\nVersion: 1\n", "hello",
		"Thread 5: the one that I mean is not here"};
	for (size_t i = 0; i + 1 < sizeof texts / sizeof *texts; i++) {
		struct err err = {0};
		report_reset(report);
		assert_int_equal(
			report_parse_text(report, texts[i], strlen(texts[i]), &err), -EBADMSG);
		assert_true(strlen(err.text) > 0);
	}
}

/* Every prefix must do without reading beyond its end (run under the address sanitizer). */
static void every_prefix(void **state) {
	static const char text[] = HEAD THREADS REST;
	for (size_t len = 0; len < sizeof text; len++) {
		struct err err = {0};
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, text, len);
		report_reset(report);
		int code = report_parse_text(report, copy, len, &err);
		assert_true(code == 0 || code == -EBADMSG);
		free(copy);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(head),
		TEST(exception),
		TEST(threads),
		TEST(frames),
		TEST(images_and_registers),
		TEST(name_with_brackets),
		TEST(version_with_brackets),
		TEST(x86),
		TEST(ios),
		TEST(truncated),
		TEST(placeholders),
		TEST(kinds),
		TEST(not_a_report),
		TEST(every_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
