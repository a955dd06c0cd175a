/* A report that was made here, read by our own reader: the same facts come back. */
#include "repro/crash_report.h"

#include "ips/document.h"
#include "triage/triage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPTURED_US INT64_C(1766280978286200)
#define LAUNCHED_US INT64_C(1766280900100000)

static const struct crash_frame frames[] = {
	{0x100000500, "agxtriage_simulated_set_pipeline_state", 16},
	{0x100000600, "agxtriage_simulated_dispatch", 9},
	{0x7f0000001234, NULL, 0},
	{0x10, NULL, 0},
};
static const struct crash_frame other_frames[] = {{0x7f0000000020, "sem_wait", 32}};
static const struct crash_thread threads[] = {
	{.id = 17, .name = "waits", .frames = other_frames, .frame_count = 1},
	{.id = UINT64_C(0xffffffffffffffff), .queue = "q", .frames = frames, .frame_count = 4},
};
static const struct crash_image images[] = {
	{"/opt/x/agxtriage-repro", "0a1b2c3d-0a1b-2c3d-0a1b-2c3d0a1b2c3d", "7.1", 0x100000000,
		0x10000},
	{"/lib/libc.so.6", NULL, NULL, 0x7f0000000000, 0x2000},
};
/* movl 0x5c8(%rdi), %eax and ldr w0, [x0, #0x5c8] */
static const uint8_t x86_code[] = {0x8b, 0x87, 0xc8, 0x05, 0x00, 0x00, 0xc3};
static const uint8_t arm_code[] = {0x00, 0xc8, 0x45, 0xb9, 0xc0, 0x03, 0x5f, 0xd6};
static const struct crash_register x86_registers[] = {{"rax", UINT64_C(0xfffffffffffffff1)},
	{"rdi", 0}, {"rip", 0x100000500}, {"trap", 14}, {"err", 4}, {"cr2", 0x5c8}};
static const struct crash_register arm_registers[] = {{"x0", 0}, {"x1", UINT64_C(1) << 63},
	{"lr", 2}, {"pc", 0x100000500}, {"far", 0x5c8}, {"esr", 0x92000006}};

static struct crash_facts make_facts(enum report_arch arch) {
	bool arm = arch == REPORT_ARCH_ARM64;
	return (struct crash_facts){
		.arch = arch,
		.incident_id = "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9",
		.name = "agxtriage-repro",
		.path = "/opt/x/agxtriage-repro",
		.parent = "parent \"of\" it",
		.pid = 4711,
		.parent_pid = 4710,
		.uid = 501,
		.captured_at_us = CAPTURED_US,
		.launched_at_us = LAUNCHED_US,
		.os_version = "Linux 6.1.0",
		.hardware_model = "Model1,1",
		.uptime_s = 99,
		.signal = SIGSEGV,
		.signal_code = SEGV_MAPERR,
		.address = 0x5c8,
		.threads = threads,
		.thread_count = 2,
		.crashed_thread = 1,
		.registers = arm ? arm_registers : x86_registers,
		.register_count = 6,
		.at_pc = arm ? arm_code : x86_code,
		.at_pc_len = arm ? sizeof arm_code : sizeof x86_code,
		.images = images,
		.image_count = 2,
	};
}

static struct document reread(const struct crash_facts *facts) {
	struct buf bytes = {0};
	struct document document = {0};
	struct err err = {0};
	assert_int_equal(crash_report_format(facts, &bytes, &err), 0);
	assert_int_equal(document_parse(bytes.data, bytes.len, &document, &err), 0);
	assert_int_equal(document.count, 1);
	assert_int_equal(document.reports[0]->warning_count, 0);
	buf_finish(&bytes);
	return document;
}

static void process_and_times(void **state) {
	const struct crash_facts facts = make_facts(REPORT_ARCH_ARM64);
	struct document document = reread(&facts);
	const struct report *report = document.reports[0];
	assert_true(report->simulated);
	assert_int_equal(report->kind, REPORT_CRASH);
	assert_int_equal(report->form, REPORT_FORM_JSON);
	assert_int_equal(report->arch, REPORT_ARCH_ARM64);
	assert_string_equal(report->incident_id, facts.incident_id);
	assert_int_equal(report->captured_at_us.value, CAPTURED_US);
	assert_int_equal(report->launched_at_us.value, LAUNCHED_US);
	assert_string_equal(report->process.name, facts.name);
	assert_string_equal(report->process.path, facts.path);
	assert_string_equal(report->process.parent, facts.parent);
	assert_int_equal(report->process.pid.value, 4711);
	assert_int_equal(report->process.parent_pid.value, 4710);
	assert_string_equal(report->os_version, "Linux 6.1.0");
	assert_string_equal(report->hardware_model, "Model1,1");
	assert_int_equal(report->uptime_s.value, 99);
	assert_string_equal(report->exception.type, "EXC_BAD_ACCESS");
	assert_string_equal(report->exception.signal, "SIGSEGV");
	assert_string_equal(report->termination.ns, "SIGNAL");
	assert_int_equal(report->termination.code.value, SIGSEGV);
	document_finish(&document);
}

static void threads_and_images(void **state) {
	const struct crash_facts facts = make_facts(REPORT_ARCH_X86_64);
	struct document document = reread(&facts);
	const struct report *report = document.reports[0];
	assert_int_equal(report->thread_count, 2);
	assert_int_equal(report->crashed_thread, 1);
	assert_string_equal(report->threads[0].name, "waits");
	const struct thread *crashed = report_crashed_thread(report);
	assert_true(crashed->triggered);
	assert_true(crashed->id.value == UINT64_MAX);
	assert_string_equal(crashed->queue, "q");
	assert_int_equal(crashed->frames.count, 4);
	assert_string_equal(
		crashed->frames.items[0].symbol, "agxtriage_simulated_set_pipeline_state");
	assert_int_equal(crashed->frames.items[0].symbol_offset.value, 16);
	assert_string_equal(crashed->frames.items[0].image, "agxtriage-repro");
	assert_int_equal(crashed->frames.items[1].address.value, 0x100000600);
	assert_string_equal(crashed->frames.items[2].image, "libc.so.6");
	assert_int_equal(crashed->frames.items[2].image_offset.value, 0x1234);
	assert_null(crashed->frames.items[2].symbol);
	assert_int_equal(crashed->frames.items[3].image_offset.value, 0x10);
	assert_int_equal(report->image_count, 3);
	assert_string_equal(report->images[0].uuid, images[0].uuid);
	assert_string_equal(report->images[0].version, "7.1");
	assert_int_equal(report->images[1].base.value, 0x7f0000000000);
	document_finish(&document);
}

#define MANY 300

/* Some did not answer, and the one that crashed is none of the first. */
static void many_threads(void **state) {
	static struct crash_thread many[MANY];
	static char names[MANY][24];
	struct crash_facts facts = make_facts(REPORT_ARCH_X86_64);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "encoder \"%zu\"", i);
		many[i] = (struct crash_thread){.id = 1000 + i, .name = names[i]};
		many[i].frames = i == 250 ? frames : other_frames;
		many[i].frame_count = i == 250 ? 4 : i % 3 ? 1 : 0;
	}
	facts.threads = many;
	facts.thread_count = MANY;
	facts.crashed_thread = 250;
	struct document document = reread(&facts);
	const struct report *report = document.reports[0];
	assert_int_equal(report->thread_count, MANY);
	assert_int_equal(report->crashed_thread, 250);
	for (size_t i = 0; i < MANY; i++) {
		const struct thread *thread = &report->threads[i];
		assert_int_equal(thread->id.value, 1000 + i);
		assert_string_equal(thread->name, names[i]);
		assert_null(thread->queue);
		assert_int_equal(thread->frames.count, many[i].frame_count);
		assert_int_equal(thread->triggered, i == 250);
	}
	assert_int_equal(report_register(report, "cr2").value, 0x5c8);
	document_finish(&document);
}

/* The text comes from a process that is broken. */
static void an_abort_tells_its_words(void **state) {
	static const struct {
		const char *said, *read;
	} cases[] = {
		{"-[A b:]: failed assertion `c'", "-[A b:]: failed assertion `c'"},
		{"\"quoted\" \\ and\nmore", "\"quoted\" \\ and\nmore"},
		{"cut in a character \xc3", "cut in a character \xef\xbf\xbd"},
		{NULL, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct crash_facts facts = make_facts(REPORT_ARCH_X86_64);
		facts.signal = SIGABRT;
		facts.signal_code = -6;
		facts.application_info = cases[i].said;
		struct document document = reread(&facts);
		const struct report *report = document.reports[0];
		assert_string_equal(report->exception.type, "EXC_CRASH");
		assert_string_equal(report->termination.indicator, "Abort trap: 6");
		assert_string_equal(report->termination.by_process, "agxtriage-repro");
		assert_int_equal(report->app_info_count, cases[i].said ? 1 : 0);
		if (cases[i].said)
			assert_string_equal(report->app_info[0], cases[i].read);
		document_finish(&document);
	}
}

static void registers_are_exact(void **state) {
	struct crash_facts facts = make_facts(REPORT_ARCH_X86_64);
	struct document document = reread(&facts);
	for (size_t i = 0; i < facts.register_count; i++)
		assert_true(report_register(document.reports[0], x86_registers[i].name).value ==
			    x86_registers[i].value);
	document_finish(&document);
	facts = make_facts(REPORT_ARCH_ARM64);
	document = reread(&facts);
	for (size_t i = 0; i < facts.register_count; i++) {
		struct u64_opt found = report_register(document.reports[0], arm_registers[i].name);
		assert_true(found.set && found.value == arm_registers[i].value);
	}
	assert_int_equal(document.reports[0]->at_pc_len, sizeof arm_code);
	assert_memory_equal(document.reports[0]->at_pc, arm_code, sizeof arm_code);
	document_finish(&document);
}

/* Fills *ret with what triage says; the report behind it is gone, so only its numbers may be used.
 */
static struct fault triaged_fault(const struct crash_facts *facts, char hash[17]) {
	struct document document = reread(facts);
	struct err err = {0};
	struct rules *rules = rules_new_builtin(&err);
	struct arena arena;
	struct triage triage;
	arena_init(&arena, 1u << 20);
	assert_non_null(rules);
	assert_int_equal(triage_run(&triage, document.reports[0], rules, &arena, NULL), 0);
	assert_null(triage.site);
	memcpy(hash, triage.signature_hash, 17);
	struct fault ret = triage.fault;
	rules_free(rules);
	document_finish(&document);
	arena_finish(&arena);
	return ret;
}

static void triage_sees_the_fault(void **state) {
	static const enum report_arch arches[] = {REPORT_ARCH_ARM64, REPORT_ARCH_X86_64};
	char hashes[2][17];
	for (size_t i = 0; i < 2; i++) {
		struct crash_facts facts = make_facts(arches[i]);
		struct fault fault = triaged_fault(&facts, hashes[i]);
		assert_int_equal(fault.kind, FAULT_NEAR_NULL);
		assert_int_equal(fault.access, ACCESS_READ);
		assert_int_equal(fault.address.value, 0x5c8);
		assert_string_equal(fault.base_register, i ? "rdi" : "x0");
		assert_int_equal(fault.displacement.value, 0x5c8);
	}
	assert_string_equal(hashes[0], hashes[1]);
}

static void other_signals(void **state) {
	static const struct {
		int signal, code;
		uint64_t address;
		const char *type, *name;
		enum fault_kind kind;
	} cases[] = {
		{SIGSEGV, SEGV_ACCERR, 0x7f0000000000, "EXC_BAD_ACCESS", "SIGSEGV",
			FAULT_PROTECTION},
		{SIGSEGV, 128, 0, "EXC_BAD_ACCESS", "SIGSEGV", FAULT_NON_CANONICAL},
		{SIGSEGV, SEGV_MAPERR, 0x7f1234567890, "EXC_BAD_ACCESS", "SIGSEGV", FAULT_WILD},
		{SIGBUS, BUS_ADRALN, 0x7f0000000001, "EXC_BAD_ACCESS", "SIGBUS", FAULT_UNALIGNED},
		{SIGBUS, BUS_ADRERR, 0x7f0000000008, "EXC_BAD_ACCESS", "SIGBUS", FAULT_WILD},
		{SIGILL, 1, 0x100000500, "EXC_BAD_INSTRUCTION", "SIGILL", FAULT_NONE},
		{SIGTRAP, 1, 0x100000500, "EXC_BREAKPOINT", "SIGTRAP", FAULT_NONE},
		{SIGABRT, -6, 0, "EXC_CRASH", "SIGABRT", FAULT_NONE},
		{SIGFPE, 1, 0x100000500, "EXC_ARITHMETIC", "SIGFPE", FAULT_NONE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct crash_facts facts = make_facts(REPORT_ARCH_X86_64);
		char hash[17];
		facts.signal = cases[i].signal;
		facts.signal_code = cases[i].code;
		facts.address = cases[i].address;
		facts.at_pc_len = 0;
		struct document document = reread(&facts);
		assert_string_equal(document.reports[0]->exception.type, cases[i].type);
		assert_string_equal(document.reports[0]->exception.signal, cases[i].name);
		document_finish(&document);
		assert_int_equal(triaged_fault(&facts, hash).kind, cases[i].kind);
	}
}

static void ids_differ(void **state) {
	char a[CRASH_ID_BYTES], b[CRASH_ID_BYTES];
	struct err err = {0};
	assert_int_equal(crash_report_new_id(a, &err), 0);
	assert_int_equal(crash_report_new_id(b, &err), 0);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(strspn(a, "0123456789ABCDEF-"), 36);
	assert_int_equal(a[14], '4');
	assert_string_not_equal(a, b);
}

static int count_files(const char *folder) {
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int count = -2; /* "." and ".." */
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count++;
	closedir(dir);
	return count;
}

/* The same second gives other names; a hidden file that somebody left behind blocks one number. */
static void files_take_free_names(void **state) {
	static const char *const names[] = {
		"agxtriage-repro-2025-12-21-013618.ips", "agxtriage-repro-2025-12-21-013618-3.ips"};
	char folder[] = "/tmp/agxtriage-reports-XXXXXX", left[128], expected[128];
	const struct crash_facts facts = make_facts(REPORT_ARCH_ARM64);
	struct err err = {0};
	assert_non_null(mkdtemp(folder));
	snprintf(left, sizeof left, "%s/.agxtriage-repro-2025-12-21-013618-2.ips", folder);
	close(open(left, O_CREAT | O_WRONLY, 0600));
	for (int i = 0; i < 2; i++) {
		char *path = NULL;
		struct stat status;
		snprintf(expected, sizeof expected, "%s/%s", folder, names[i]);
		assert_int_equal(crash_report_write(folder, &facts, &path, &err), 0);
		assert_string_equal(path, expected);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0600);
		assert_int_equal(count_files(folder), i + 2);
		free(path);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(expected, sizeof expected, "%s/%s", folder, names[i]);
		unlink(expected);
	}
	unlink(left);
	rmdir(folder);
}

static void no_folder_is_an_error(void **state) {
	const struct crash_facts facts = make_facts(REPORT_ARCH_ARM64);
	struct err err = {0};
	char *path = NULL;
	assert_int_equal(crash_report_write("/nowhere/at/all", &facts, &path, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at/all"));
	assert_null(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_and_times),
		cmocka_unit_test(threads_and_images),
		cmocka_unit_test(many_threads),
		cmocka_unit_test(an_abort_tells_its_words),
		cmocka_unit_test(registers_are_exact),
		cmocka_unit_test(triage_sees_the_fault),
		cmocka_unit_test(other_signals),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(files_take_free_names),
		cmocka_unit_test(no_folder_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
