/* Fault kind, access and base register; over hand-made reports and, where it is there, the corpus.
 */
#include "evidence_fixture.h"
#include "triage/fault.h"
#include "triage/insn.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARM REPORT_ARCH_ARM64
#define X86 REPORT_ARCH_X86_64

#define ESR_READ 0x92000006
#define ESR_WRITE 0x92000046
#define ESR_EXECUTE 0x82000006
#define ESR_SYSCALL 0x56000080

static struct fault classify(const struct report *report) {
	struct fault fault;
	memset(&fault, 0x5a, sizeof(fault));
	fault_classify(report, &fault, NULL);
	return fault;
}

static void test_kinds(void **state) {
	static const char pac[] =
		"KERN_INVALID_ADDRESS at 0x0070006d00690040 -> 0x0000006d00690040 "
		"(possible pointer authentication failure)";
	static const char pac_escaped[] =
		"KERN_INVALID_ADDRESS at 0xee000000014cdd94 -&gt; 0x00000000014cdd94 "
		"(possible pointer authentication failure)";
	static const struct {
		enum report_arch arch;
		uint64_t code, address;
		const char *subtype;
		enum fault_kind kind;
	} cases[] = {
		{ARM, 1, 0x0, NULL, FAULT_NEAR_NULL},
		{ARM, 1, 0x5c8, "KERN_INVALID_ADDRESS at 0x00000000000005c8", FAULT_NEAR_NULL},
		{ARM, 1, 0xffff, NULL, FAULT_NEAR_NULL},
		{ARM, 1, 0x10000, NULL, FAULT_WILD},
		{X86, 1, 0xfff, NULL, FAULT_NEAR_NULL},
		{X86, 1, 0x1000, NULL, FAULT_WILD},
		{REPORT_ARCH_UNKNOWN, 1, 0xfff, NULL, FAULT_NEAR_NULL},
		{REPORT_ARCH_UNKNOWN, 1, 0x3b90, NULL, FAULT_WILD},
		{ARM, 2, 0x10, "KERN_PROTECTION_FAILURE at 0x10", FAULT_NEAR_NULL},
		{ARM, 2, 0x100004000, "KERN_PROTECTION_FAILURE at 0x100004000", FAULT_PROTECTION},
		{ARM, 1, 0x70006d00690040, pac, FAULT_PAC},
		{ARM, 1, 0xee000000014cdd94, pac_escaped, FAULT_PAC},
		{X86, 1, 0x70006d00690040, pac, FAULT_PAC},
		{ARM, 0x105, 0x10, NULL, FAULT_PAC},
		{ARM, 0x101, 0x10101c001, "EXC_ARM_DA_ALIGN at 0x10101c001", FAULT_UNALIGNED},
		{ARM, 50, 0x10101c000, "UNKNOWN_0x32 at 0x000000010101c000", FAULT_CODE_SIGNING},
		{ARM, 1, 0x4d55545a00000010, NULL, FAULT_NON_CANONICAL},
		{ARM, 1, 0xfffffffffffffff8, NULL, FAULT_WILD},
		{ARM, 1, 0x8000deadbeef, NULL, FAULT_WILD},
		{X86, 1, 0x8000deadbeef, NULL, FAULT_NON_CANONICAL},
		{X86, 1, 0x00007fff9b2f11b8, NULL, FAULT_WILD},
		{X86, 13, 0, "EXC_I386_GPFLT", FAULT_NON_CANONICAL},
		{X86, 13, 0, "UNKNOWN_0xD at 0x0000000000000000", FAULT_NON_CANONICAL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_bad_access(
			cases[i].arch, cases[i].code, cases[i].address, cases[i].subtype);
		struct fault fault = classify(report);
		print_message("case %zu\n", i);
		assert_string_equal(fault_kind_names[fault.kind], fault_kind_names[cases[i].kind]);
		assert_true(fault.address.set && fault.address.value == cases[i].address);
		assert_int_equal(fault.access, ACCESS_UNKNOWN);
		assert_null(fault.base_register);
		assert_false(fault.displacement.set);
		report_free(report);
	}
}

static void test_address_from_subtype(void **state) {
	static const struct {
		const char *subtype;
		uint64_t address;
		bool set;
	} cases[] = {
		{"KERN_INVALID_ADDRESS at 0x5c8", 0x5c8, true},
		{"UNKNOWN_0x32 at 0x000000010101c000", 0x10101c000, true},
		{"KERN_INVALID_ADDRESS at 0x41fc821e000001b0 -> 0xffffff9e000001b0 (possible "
		 "pointer authentication failure)",
			0x41fc821e000001b0, true},
		{"KERN_INVALID_ADDRESS at 0xffffffffffffffff", UINT64_MAX, true},
		{"KERN_INVALID_ADDRESS at 0xfffffffffffffffff", 0, false},
		{"KERN_INVALID_ADDRESS at 0x", 0, false},
		{"EXC_I386_GPFLT", 0, false},
		{NULL, 0, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_bad_access(ARM, 1, 0, cases[i].subtype);
		report->raw_code_count = 0;
		struct fault fault = classify(report);
		assert_int_equal(fault.address.set, cases[i].set);
		if (cases[i].set)
			assert_true(fault.address.value == cases[i].address);
		report_free(report);
	}
}

static void test_none(void **state) {
	static const char *const types[] = {
		"EXC_CRASH", "EXC_BREAKPOINT", "EXC_GUARD", "EXC_BAD_INSTRUCTION", NULL};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct report *report = fixture_bad_access(ARM, 1, 0x5c8, NULL);
		report->exception.type = types[i];
		fixture_register(report, "esr", ESR_READ);
		struct fault fault = classify(report);
		assert_int_equal(fault.kind, FAULT_NONE);
		assert_false(fault.address.set);
		assert_int_equal(fault.access, ACCESS_UNKNOWN);
		report_free(report);
	}
}

static void test_stack_guard(void **state) {
	static const struct {
		const char *region;
		enum fault_kind kind;
	} cases[] = {
		{"0x16f5c7ff0 is in 0x16bdc4000-0x16f5c8000;  bytes after start: 1\n"
		 "      REGION TYPE                 START - END\n"
		 "      UNUSED SPACE\n"
		 "--->  STACK GUARD              16bdc4000-16f5c8000    [ 56.0M] ---/rwx SM=NUL\n"
		 "      Stack                    16f5c8000-16fdc4000\n",
			FAULT_STACK_GUARD},
		{"0x16f5c7ff0 is in 0x16bdc4000-0x16f5c8000;\n"
		 "--->  MALLOC_TINY              16bdc4000-16f5c8000\n"
		 "      STACK GUARD              16f5c8000-16fdc4000\n",
			FAULT_PROTECTION},
		{"0x16f5c7ff0 is not in any region.\n"
		 "--->  \n"
		 "      STACK GUARD              16f5c8000-16fdc4000\n",
			FAULT_PROTECTION},
		{NULL, FAULT_PROTECTION},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_bad_access(ARM, 2, 0x16f5c7ff0, NULL);
		report->vm_region_info = cases[i].region;
		assert_int_equal(classify(report).kind, cases[i].kind);
		report_free(report);
	}
	struct report *report = fixture_bad_access(X86, 2, 0x7ff7b7400ff8, NULL);
	report->exception.message = "Thread stack size exceeded due to excessive recursion";
	assert_int_equal(classify(report).kind, FAULT_STACK_GUARD);
	report_free(report);
}

static void test_access_arm64(void **state) {
	static const struct {
		uint64_t esr;
		enum fault_access access;
	} cases[] = {
		{ESR_READ, ACCESS_READ},
		{ESR_WRITE, ACCESS_WRITE},
		{0x96000046, ACCESS_WRITE},
		{ESR_EXECUTE, ACCESS_EXECUTE},
		{0x86000046, ACCESS_EXECUTE},
		{ESR_SYSCALL, ACCESS_UNKNOWN},
		{0x72000000, ACCESS_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_bad_access(ARM, 1, 0x5c8, NULL);
		fixture_register(report, "esr", cases[i].esr);
		report->esr_description = "(Data Abort) byte read Translation fault";
		assert_int_equal(classify(report).access, cases[i].access);
		report_free(report);
	}
	struct report *report = fixture_bad_access(ARM, 1, 0x5c8, NULL);
	report->esr_description = "(Data Abort) byte write Translation fault";
	assert_int_equal(classify(report).access, ACCESS_WRITE);
	report->esr_description = "(Instruction Abort) Translation fault";
	assert_int_equal(classify(report).access, ACCESS_EXECUTE);
	report->esr_description = " Address size fault";
	assert_int_equal(classify(report).access, ACCESS_UNKNOWN);
	report_free(report);
}

static void test_access_x86_64(void **state) {
	static const struct {
		uint64_t trap, err;
		enum fault_access access;
	} cases[] = {
		{14, 4, ACCESS_READ},
		{14, 6, ACCESS_WRITE},
		{14, 0x14, ACCESS_EXECUTE},
		{13, 0, ACCESS_UNKNOWN},
		{133, 0x02000148, ACCESS_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = fixture_bad_access(X86, 1, 0x100000000, NULL);
		fixture_register(report, "trap", cases[i].trap);
		fixture_register(report, "err", cases[i].err);
		assert_int_equal(classify(report).access, cases[i].access);
		report_free(report);
	}
	struct report *report = fixture_bad_access(X86, 1, 0x100000000, NULL);
	fixture_register(report, "err", 6);
	assert_int_equal(classify(report).access, ACCESS_WRITE);
	report_free(report);
}

/* The seed's 0x5c8: ldr x8, [x20, #0x5c8] with x20 == 0. */
static struct report *seed(uint64_t x20, uint64_t address) {
	static const uint8_t instruction[] = {0x88, 0xe6, 0x42, 0xf9};
	static const struct fixture_frame frames[] = {
		{"AGXMetalG16X", "-[AGXG16XFamilyComputeContext setComputePipelineState:]"},
		{NULL, NULL},
	};
	struct report *report = fixture_bad_access(ARM, 1, address, NULL);
	struct thread *thread = fixture_crashed_thread(report, frames);
	thread->frames.items[0].address = (struct u64_opt){0x10c9d52d0, true};
	fixture_register(report, "x20", x20);
	fixture_register(report, "pc", 0x10c9d52d0);
	fixture_register(report, "far", address);
	fixture_register(report, "esr", ESR_READ);
	fixture_instruction(report, instruction, sizeof(instruction));
	return report;
}

static void test_base_register(void **state) {
	struct report *report = seed(0, 0x5c8);
	struct buf explain = {0};
	struct fault fault;
	fault_classify(report, &fault, &explain);
	assert_int_equal(fault.kind, FAULT_NEAR_NULL);
	assert_int_equal(fault.access, ACCESS_READ);
	assert_string_equal(fault.base_register, "x20");
	assert_true(fault.displacement.set && fault.displacement.value == 0x5c8);
	assert_non_null(strstr(buf_str(&explain), "below 0x10000 (arm64)"));
	assert_non_null(strstr(buf_str(&explain), "x20 + 0x5c8"));
	assert_int_equal(explain.data[explain.len - 1], '\n');
	buf_finish(&explain);
	report_free(report);
}

static void test_base_register_must_fit(void **state) {
	static const struct {
		uint64_t x20, address;
		bool fits;
	} cases[] = {
		{0x10, 0x5c8, false},
		{0x10, 0x5d8, true},
		{UINT64_C(0) - 0x5c8, 0, true},
		{0x4d55545a00000000, 0x4d55545a000005c8, true},
		{0x4d00000100000000, 0x00000001000005c8, true}, /* the top byte is ignored */
		{0x0001000100000000, 0x00000001000005c8, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report *report = seed(cases[i].x20, cases[i].address);
		struct fault fault = classify(report);
		assert_int_equal(fault.base_register != NULL, cases[i].fits);
		assert_int_equal(fault.displacement.set, cases[i].fits);
		report_free(report);
	}
	/* An instruction that reads does not explain a write. */
	struct report *report = seed(0, 0x5c8);
	report->registers[3].value = ESR_WRITE;
	assert_null(classify(report).base_register);
	report_free(report);
	/* Less than an instruction. */
	report = seed(0, 0x5c8);
	report->at_pc_len = 3;
	assert_null(classify(report).base_register);
	report_free(report);
}

static void test_foreign_registers(void **state) {
	static const struct fixture_frame frames[] = {
		{"libsystem_kernel.dylib", "__pthread_kill"},
		{"libsystem_pthread.dylib", "pthread_kill"},
		{"libsystem_c.dylib", "raise"},
		{"Python", "faulthandler_fatal_error"},
		{"libsystem_platform.dylib", "_sigtramp"},
		{"AGXMetalG16X", "-[AGXG16XFamilyComputeContext setComputePipelineState:]"},
		{NULL, NULL},
	};
	struct report *report = seed(0, 0x5c8);
	fixture_crashed_thread(report, frames);
	struct fault fault = classify(report);
	assert_int_equal(fault.kind, FAULT_NEAR_NULL);
	assert_true(fault.address.value == 0x5c8);
	assert_int_equal(fault.access, ACCESS_UNKNOWN);
	assert_null(fault.base_register);
	report_free(report);

	report = seed(0, 0x5c8);
	report->threads[0].frames.items[0].address.value = 0x10c9d52d4;
	fault = classify(report);
	assert_int_equal(fault.access, ACCESS_UNKNOWN);
	assert_null(fault.base_register);
	report_free(report);
}

static void test_register_offset(void **state) {
	static const uint8_t instruction[] = {
		0x08, 0x79, 0x79, 0xf8}; /* ldr x8, [x8, x25, lsl #3] */
	struct report *report = fixture_bad_access(ARM, 1, 8, NULL);
	fixture_register(report, "x8", 0);
	fixture_register(report, "x25", 1);
	fixture_register(report, "esr", ESR_READ);
	fixture_instruction(report, instruction, sizeof(instruction));
	struct fault fault = classify(report);
	assert_string_equal(fault.base_register, "x8");
	assert_int_equal(fault.displacement.value, 8);
	report_free(report);
}

/* A failed authentication leaves its mark in the upper bits of the address. */
static void test_base_register_with_pac(void **state) {
	static const uint8_t instruction[] = {0x20, 0x14, 0x20, 0xf8}; /* ldraa x0, [x1, #8] */
	struct report *report = fixture_bad_access(ARM, 1, 0x0020000100000008,
		"KERN_INVALID_ADDRESS at 0x0020000100000008 -> 0x0000000100000008 (possible pointer "
		"authentication failure)");
	fixture_register(report, "x1", 0x8a3f800100000000);
	fixture_register(report, "esr", ESR_READ);
	fixture_instruction(report, instruction, sizeof(instruction));
	struct fault fault = classify(report);
	assert_int_equal(fault.kind, FAULT_PAC);
	assert_string_equal(fault.base_register, "x1");
	assert_int_equal(fault.displacement.value, 8);
	report_free(report);
}

static void test_base_register_x86_64(void **state) {
	static const uint8_t call[] = {0xff, 0x50, 0x20}; /* call [rax + 0x20] */
	struct report *report = fixture_bad_access(X86, 1, 0x20, NULL);
	fixture_register(report, "rax", 0);
	fixture_register(report, "rsp", 0x7ff7b9d74820);
	fixture_register(report, "trap", 14);
	fixture_register(report, "err", 4);
	fixture_instruction(report, call, sizeof(call));
	struct fault fault = classify(report);
	assert_string_equal(fault.base_register, "rax");
	assert_int_equal(fault.displacement.value, 0x20);
	/* The stack is full: the same call fails on its push. */
	fixture_codes(report, 2, 0x7ff7b9d74818);
	report->registers[3].value = 6;
	fault = classify(report);
	assert_string_equal(fault.base_register, "rsp");
	assert_int_equal(fault.displacement.value, -8);
	/* The zero that stands for "no address" is no address that a register explains. */
	fixture_codes(report, 13, 0);
	report->registers[0].value = UINT64_C(0) - 0x20;
	assert_null(classify(report).base_register);
	report_free(report);
}

/* The corpus: every JSON report with EXC_BAD_ACCESS. */
struct corpus {
	size_t bad_access, with_instruction, explained;
};

static void check_corpus_report(const struct report *report, struct corpus *corpus) {
	struct fault fault = classify(report);
	const char *type = report->exception.type;
	if (!type || !text_starts(type, "EXC_BAD_ACCESS")) {
		assert_int_equal(fault.kind, FAULT_NONE);
		return;
	}
	corpus->bad_access++;
	struct u64_opt far = report_register(report, "far");
	assert_true(fault.address.set);
	assert_int_not_equal(fault.kind, FAULT_NONE);
	if (far.set)
		assert_true(far.value == fault.address.value);
	if (fault.base_register) {
		struct u64_opt base = report_register(report, fault.base_register);
		uint64_t sum = base.value + (uint64_t)fault.displacement.value;
		assert_true(base.set && sum == fault.address.value);
		corpus->explained++;
	}
	if (report->at_pc_len && fault.access != ACCESS_EXECUTE) {
		corpus->with_instruction++;
		struct insn insn;
		assert_true(insn_decode(report->arch, report->at_pc, report->at_pc_len, &insn));
		assert_non_null(fault.base_register);
	}
}

/* $AGXTRIAGE_CORPUS, else the folder beside the project, found from this file's own name. */
static DIR *open_corpus(void) {
	const char *root = getenv("AGXTRIAGE_CORPUS");
	char folder[4096];
	if (root)
		snprintf(folder, sizeof(folder), "%s/real", root);
	else
		snprintf(folder, sizeof(folder), "%.*s../../../shared/corpus/real",
			(int)(strrchr(__FILE__, '/') - __FILE__ + 1), __FILE__);
	return opendir(folder);
}

static void test_corpus(void **state) {
	DIR *dir = open_corpus();
	if (!dir)
		skip();
	struct corpus corpus = {0};
	struct buf bytes = {0};
	struct report *report = report_new();
	assert_non_null(report);
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct file_identity identity;
		struct err err = {0};
		if (!text_ends(entry->d_name, ".ips"))
			continue;
		report_reset(report);
		if (file_read(dirfd(dir), entry->d_name, FILE_NOFOLLOW, LIMIT_REPORT_BYTES, &bytes,
			    &identity, &err) < 0 ||
			report_parse_json(report, bytes.data, bytes.len, &err) < 0)
			continue;
		print_message("%s\n", entry->d_name);
		check_corpus_report(report, &corpus);
	}
	report_free(report);
	buf_finish(&bytes);
	closedir(dir);
	print_message("%zu EXC_BAD_ACCESS, %zu with an instruction, %zu explained\n",
		corpus.bad_access, corpus.with_instruction, corpus.explained);
	assert_true(corpus.bad_access >= 5);
	assert_true(corpus.explained >= 5);
	assert_int_equal(corpus.explained, corpus.with_instruction);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_address_from_subtype),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_stack_guard),
		cmocka_unit_test(test_access_arm64),
		cmocka_unit_test(test_access_x86_64),
		cmocka_unit_test(test_base_register),
		cmocka_unit_test(test_base_register_must_fit),
		cmocka_unit_test(test_foreign_registers),
		cmocka_unit_test(test_register_offset),
		cmocka_unit_test(test_base_register_with_pac),
		cmocka_unit_test(test_base_register_x86_64),
		cmocka_unit_test(test_corpus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
