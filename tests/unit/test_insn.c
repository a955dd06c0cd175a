/* The instruction decoders against encodings that an assembler made. */
#include "evidence_fixture.h"
#include "triage/insn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct expected {
	const char *base, *index;
	enum insn_extend extend;
	unsigned shift;
	int64_t displacement;
	unsigned size;
	const char *access; /* "r", "w", "rw" */
};

struct arm64_case {
	uint32_t word;
	struct expected expected;
};

static void check_operand(const struct insn_operand *operand, const struct expected *expected) {
	if (expected->base)
		assert_string_equal(operand->base, expected->base);
	else
		assert_null(operand->base);
	if (expected->index)
		assert_string_equal(operand->index, expected->index);
	else
		assert_null(operand->index);
	assert_int_equal(operand->extend, expected->extend);
	assert_int_equal(operand->shift, expected->shift);
	assert_true(operand->displacement == expected->displacement);
	assert_int_equal(operand->size, expected->size);
	assert_int_equal(operand->read, strchr(expected->access, 'r') != NULL);
	assert_int_equal(operand->write, strchr(expected->access, 'w') != NULL);
}

#define PLAIN(base, displacement, size, access) \
	{ base, NULL, INSN_EXTEND_NONE, 0, displacement, size, access }

static void test_arm64(void **state) {
	static const struct arm64_case cases[] = {
		{0xf942e688, PLAIN("x20", 0x5c8, 8, "r")}, /* ldr x8, [x20, #0x5c8] */
		{0xb9401000, PLAIN("x0", 16, 4, "r")},     /* ldr w0, [x0, #16] */
		{0x39401441, PLAIN("x2", 5, 1, "r")},      /* ldrb w1, [x2, #5] */
		{0x39801441, PLAIN("x2", 5, 1, "r")},      /* ldrsb x1, [x2, #5] */
		{0x79c00c41, PLAIN("x2", 6, 2, "r")},      /* ldrsh w1, [x2, #6] */
		{0xb9800841, PLAIN("x2", 8, 4, "r")},      /* ldrsw x1, [x2, #8] */
		{0x39000041, PLAIN("x2", 0, 1, "w")},      /* strb w1, [x2] */
		{0x79000441, PLAIN("x2", 2, 2, "w")},      /* strh w1, [x2, #2] */
		{0xf9000fe1, PLAIN("sp", 24, 8, "w")},     /* str x1, [sp, #24] */
		{0xf85f8020, PLAIN("x1", -8, 8, "r")},     /* ldur x0, [x1, #-8] */
		{0xb81fd020, PLAIN("x1", -3, 4, "w")},     /* stur w0, [x1, #-3] */
		{0xf8410420, PLAIN("x1", 0, 8, "r")},      /* ldr x0, [x1], #16 */
		{0xf8410c20, PLAIN("x1", 16, 8, "r")},     /* ldr x0, [x1, #16]! */
		{0xf8408820, PLAIN("x1", 8, 8, "r")},      /* ldtr x0, [x1, #8] */
		{0x3d800820, PLAIN("x1", 32, 16, "w")},    /* str q0, [x1, #32] */
		{0xfd400420, PLAIN("x1", 8, 8, "r")},      /* ldr d0, [x1, #8] */
		{0x7d400420, PLAIN("x1", 2, 2, "r")},      /* ldr h0, [x1, #2] */
		{0x3cdf03a3, PLAIN("fp", -16, 16, "r")},   /* ldur q3, [x29, #-16] */
		{0xa9417bfd, PLAIN("sp", 16, 16, "r")},    /* ldp x29, x30, [sp, #16] */
		{0xa9bf7bfd, PLAIN("sp", -16, 16, "w")},   /* stp x29, x30, [sp, #-16]! */
		{0xa8c20861, PLAIN("x3", 0, 16, "r")},     /* ldp x1, x2, [x3], #32 */
		{0x29410861, PLAIN("x3", 8, 8, "r")},      /* ldp w1, w2, [x3, #8] */
		{0x69410861, PLAIN("x3", 8, 8, "r")},      /* ldpsw x1, x2, [x3, #8] */
		{0xad020460, PLAIN("x3", 64, 32, "w")},    /* stp q0, q1, [x3, #64] */
		{0x6d412468, PLAIN("x3", 16, 16, "r")},    /* ldp d8, d9, [x3, #16] */
		{0xa8410861, PLAIN("x3", 16, 16, "r")},    /* ldnp x1, x2, [x3, #16] */
		{0xc8dffc20, PLAIN("x1", 0, 8, "r")},      /* ldar x0, [x1] */
		{0x889ffc20, PLAIN("x1", 0, 4, "w")},      /* stlr w0, [x1] */
		{0xf8bfc020, PLAIN("x1", 0, 8, "r")},      /* ldapr x0, [x1] */
		{0xd95f8020, PLAIN("x1", -8, 8, "r")},     /* ldapur x0, [x1, #-8] */
		{0x99008020, PLAIN("x1", 8, 4, "w")},      /* stlur w0, [x1, #8] */
		{0xc85f7c20, PLAIN("x1", 0, 8, "r")},      /* ldxr x0, [x1] */
		{0xc8027c20, PLAIN("x1", 0, 8, "w")},      /* stxr w2, x0, [x1] */
		{0xc87f8820, PLAIN("x1", 0, 16, "r")},     /* ldaxp x0, x2, [x1] */
		{0xc8a07c41, PLAIN("x2", 0, 8, "rw")},     /* cas x0, x1, [x2] */
		{0x0860fc82, PLAIN("x4", 0, 8, "rw")},     /* caspal w0, w1, w2, w3, [x4] */
		{0xf8200041, PLAIN("x2", 0, 8, "rw")},     /* ldadd x0, x1, [x2] */
		{0xf8208041, PLAIN("x2", 0, 8, "rw")},     /* swp x0, x1, [x2] */
		{0x4c407020, PLAIN("x1", 0, 16, "r")},     /* ld1 {v0.16b}, [x1] */
		{0x4cdf2020, PLAIN("x1", 0, 64, "r")},     /* ld1 {v0-v3.16b}, [x1], #64 */
		{0x0c00a020, PLAIN("x1", 0, 16, "w")},     /* st1 {v0.8b, v1.8b}, [x1] */
		{0x0d409020, PLAIN("x1", 0, 4, "r")},      /* ld1 {v0.s}[1], [x1] */
		{0x4d408420, PLAIN("x1", 0, 8, "r")},      /* ld1 {v0.d}[1], [x1] */
		{0x4d40c820, PLAIN("x1", 0, 4, "r")},      /* ld1r {v0.4s}, [x1] */
		{0x0d9f7020, PLAIN("x1", 0, 6, "w")},      /* st3 {v0-v2.h}[2], [x1], #6 */
		{0xf8201420, PLAIN("x1", 8, 8, "r")},      /* ldraa x0, [x1, #8] */
		{0xf8ffec20, PLAIN("x1", -16, 8, "r")},    /* ldrab x0, [x1, #-16]! */
		{0x58000080, PLAIN("pc", 16, 8, "r")},     /* ldr x0, .+16 */
		{0x9cffff00, PLAIN("pc", -32, 16, "r")},   /* ldr q0, .-32 */
		{0xd50b7423, PLAIN("x3", 0, 0, "w")},      /* dc zva, x3 */
		{0xf8797908, {"x8", "x25", INSN_EXTEND_NONE, 3, 0, 8, "r"}},
		{0xb8695908, {"x8", "x9", INSN_EXTEND_UXTW, 2, 0, 4, "r"}},
		{0xb869c908, {"x8", "x9", INSN_EXTEND_SXTW, 0, 0, 4, "r"}},
		{0xf829e908, {"x8", "x9", INSN_EXTEND_NONE, 0, 0, 8, "w"}},
		{0x3ca37841, {"x2", "x3", INSN_EXTEND_NONE, 4, 0, 16, "w"}},
		{0x387f6928, PLAIN("x9", 0, 1, "r")}, /* ldrb w8, [x9, xzr] */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct insn insn;
		print_message("0x%08x\n", cases[i].word);
		assert_true(insn_decode_arm64(cases[i].word, &insn));
		assert_int_equal(insn.operand_count, 1);
		check_operand(&insn.operands[0], &cases[i].expected);
	}
}

static void test_arm64_no_access(void **state) {
	static const uint32_t words[] = {
		0xf9800400, /* prfm pldl1keep, [x0, #8] */
		0xf89f8000, /* prfum pldl1keep, [x0, #-8] */
		0xf8a16800, /* prfm pldl1keep, [x0, x1] */
		0xd8000080, /* prfm pldl1keep, .+16 */
		0x8b020020, /* add */
		0xd65f03c0, /* ret */
		0xd63f0100, /* blr x8 */
		0xd503201f, /* nop */
		0xd4200020, /* brk */
		0xd53bd040, /* mrs */
		0x0da096bc, /* st2 of a lane, reserved size */
		0x0cc64f3b, /* ld3 of one 64-bit lane, reserved */
		0x48677d88, /* casp of odd registers, reserved */
		0x00000000,
		0xffffffff,
	};
	struct insn insn = {.operand_count = 77};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(insn_decode_arm64(words[i], &insn));
	assert_int_equal(insn.operand_count, 77);
}

struct x86_case {
	const char *bytes;
	size_t len;
	struct expected expected[2];
};

#define BYTES(text) text, sizeof(text) - 1

static void test_x86_64(void **state) {
	static const struct x86_case cases[] = {
		{BYTES("\x48\x8b\x87\xc8\x05\x00\x00"), {PLAIN("rdi", 0x5c8, 8, "r")}},
		{BYTES("\x8b\x07"), {PLAIN("rdi", 0, 4, "r")}},
		{BYTES("\x88\x47\xf8"), {PLAIN("rdi", -8, 1, "w")}},
		{BYTES("\x66\x89\x06"), {PLAIN("rsi", 0, 2, "w")}},
		{BYTES("\x4b\x89\x84\xac\x00\x01\x00\x00"),
			{{"r12", "r13", INSN_EXTEND_NONE, 2, 0x100, 8, "w"}}},
		{BYTES("\x48\x8b\x05\x00\x10\x00\x00"), {PLAIN("rip", 0x1007, 8, "r")}},
		{BYTES("\xc7\x05\x00\x10\x00\x00\x07\x00\x00\x00"), {PLAIN("rip", 0x100a, 4, "w")}},
		{BYTES("\x80\x38\x03"), {PLAIN("rax", 0, 1, "r")}},
		{BYTES("\x81\x41\x04\x45\x23\x01\x00"), {PLAIN("rcx", 4, 4, "rw")}},
		{BYTES("\x01\x01"), {PLAIN("rcx", 0, 4, "rw")}},
		{BYTES("\x03\x01"), {PLAIN("rcx", 0, 4, "r")}},
		{BYTES("\x39\x01"), {PLAIN("rcx", 0, 4, "r")}},
		{BYTES("\xff\x50\x20"), {PLAIN("rax", 32, 8, "r"), PLAIN("rsp", -8, 8, "w")}},
		{BYTES("\xff\x24\xc5\x00\x10\x00\x00"),
			{{NULL, "rax", INSN_EXTEND_NONE, 3, 0x1000, 8, "r"}}},
		{BYTES("\xff\x72\x08"), {PLAIN("rdx", 8, 8, "r"), PLAIN("rsp", -8, 8, "w")}},
		{BYTES("\x53"), {PLAIN("rsp", -8, 8, "w")}},
		{BYTES("\xc3"), {PLAIN("rsp", 0, 8, "r")}},
		{BYTES("\xe8\x00\x00\x00\x00"), {PLAIN("rsp", -8, 8, "w")}},
		{BYTES("\x48\xa5"), {PLAIN("rsi", 0, 8, "r"), PLAIN("rdi", 0, 8, "w")}},
		{BYTES("\xf3\xaa"), {PLAIN("rdi", 0, 1, "w")}},
		{BYTES("\xf6\x40\x01\x01"), {PLAIN("rax", 1, 1, "r")}},
		{BYTES("\x48\xf7\x10"), {PLAIN("rax", 0, 8, "rw")}},
		{BYTES("\x6b\x02\x05"), {PLAIN("rdx", 0, 4, "r")}},
		{BYTES("\x41\x0f\xb6\x40\x01"), {PLAIN("r8", 1, 1, "r")}},
		{BYTES("\x49\x0f\xbf\x01"), {PLAIN("r9", 0, 2, "r")}},
		{BYTES("\x0f\x28\x47\x10"), {PLAIN("rdi", 16, 16, "r")}},
		{BYTES("\x0f\x11\x0f"), {PLAIN("rdi", 0, 16, "w")}},
		{BYTES("\xf3\x0f\x10\x47\x04"), {PLAIN("rdi", 4, 4, "r")}},
		{BYTES("\xf2\x0f\x11\x06"), {PLAIN("rsi", 0, 8, "w")}},
		{BYTES("\xf3\x0f\x6f\x07"), {PLAIN("rdi", 0, 16, "r")}},
		{BYTES("\x66\x0f\xd6\x47\x08"), {PLAIN("rdi", 8, 8, "w")}},
		{BYTES("\xc5\xfc\x10\x47\x20"), {PLAIN("rdi", 32, 32, "r")}},
		{BYTES("\xc4\x01\x7e\x7f\x0c\x08"),
			{{"r8", "r9", INSN_EXTEND_NONE, 0, 0, 32, "w"}}},
		{BYTES("\xf0\x48\x0f\xb1\x07"), {PLAIN("rdi", 0, 8, "rw")}},
		{BYTES("\xf0\x0f\xc1\x47\x08"), {PLAIN("rdi", 8, 4, "rw")}},
		{BYTES("\x48\x0f\x44\x42\x18"), {PLAIN("rdx", 24, 8, "r")}},
		{BYTES("\x85\x08"), {PLAIN("rax", 0, 4, "r")}},
		{BYTES("\x49\x8b\x45\x00"), {PLAIN("r13", 0, 8, "r")}},
		{BYTES("\x49\x8b\x04\x24"), {PLAIN("r12", 0, 8, "r")}},
		{BYTES("\x42\x8b\x04\x63"), {{"rbx", "r12", INSN_EXTEND_NONE, 1, 0, 4, "r"}}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct x86_case *c = &cases[i];
		const uint8_t *bytes = (const uint8_t *)c->bytes;
		struct insn insn;
		print_message("case %zu\n", i);
		assert_true(insn_decode_x86_64(bytes, c->len, &insn));
		assert_int_equal(insn.operand_count, c->expected[1].access ? 2 : 1);
		for (size_t j = 0; j < insn.operand_count; j++)
			check_operand(&insn.operands[j], &c->expected[j]);
		/* A call's and a push's operand does not depend on the bytes behind the opcode. */
		bool short_enough = bytes[0] == 0xe8;
		for (size_t len = 0; len < c->len && !short_enough; len++)
			assert_false(insn_decode_x86_64(bytes, len, &insn));
	}
}

static void test_x86_64_no_access(void **state) {
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{BYTES("\x48\x8d\x47\x08")},                     /* lea */
		{BYTES("\x0f\x1f\x40\x08")},                     /* nop [rax + 8] */
		{BYTES("\x0f\x18\x08")},                         /* prefetcht0 */
		{BYTES("\x48\x89\xd8")},                         /* mov rax, rbx */
		{BYTES("\x31\xc0")},                             /* xor eax, eax */
		{BYTES("\x65\x48\x8b\x04\x25\x10\x00\x00\x00")}, /* gs:[0x10] */
		{BYTES("\x67\x8b\x03")},                         /* [ebx] */
		{BYTES("\x0f\x0b")},                             /* ud2 */
		{BYTES("\x0f\xae\x38")},                         /* clflush */
		{BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x8b\x07")},
	};
	struct insn insn;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(
			insn_decode_x86_64((const uint8_t *)cases[i].bytes, cases[i].len, &insn));
}

static void test_address(void **state) {
	struct report *report = fixture_new();
	struct insn insn;
	uint64_t address = 1;
	int64_t displacement = 1;
	fixture_register(report, "x8", 0x1000);
	assert_true(insn_decode_arm64(0xb869c908, &insn)); /* ldr w8, [x8, w9, sxtw] */
	assert_false(insn_address(&insn.operands[0], report, &address, &displacement));
	assert_int_equal(address, 1);
	fixture_register(report, "x9", 0x12345678fffffff0);
	assert_true(insn_address(&insn.operands[0], report, &address, &displacement));
	assert_true(address == 0xff0);
	assert_true(displacement == -16);
	assert_true(insn_decode_arm64(0xb8695908, &insn)); /* ldr w8, [x8, w9, uxtw #2] */
	assert_true(insn_address(&insn.operands[0], report, &address, &displacement));
	assert_true(address == 0x1000 + 0x3ffffffc0);
	report_free(report);
}

static uint64_t next_random(uint64_t *seed) {
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Any bytes, in memory of exactly their length, so that a sanitizer sees one byte too many. The
 * number of rounds can be raised from outside. */
static void test_random_bytes(void **state) {
	static const enum report_arch arches[] = {
		REPORT_ARCH_UNKNOWN, REPORT_ARCH_ARM64, REPORT_ARCH_X86_64, REPORT_ARCH_X86};
	const char *wanted = getenv("AGXTRIAGE_FUZZ_ROUNDS");
	unsigned long rounds = wanted ? strtoul(wanted, NULL, 10) : 200000;
	uint64_t seed = 0x9e3779b97f4a7c15;
	size_t decoded = 0;
	for (unsigned long i = 0; i < rounds; i++) {
		uint64_t words[2] = {next_random(&seed), next_random(&seed)};
		size_t len = next_random(&seed) % 17;
		uint8_t *bytes = malloc(len ? len : 1);
		assert_non_null(bytes);
		memcpy(bytes, words, len);
		struct insn insn = {0};
		if (insn_decode(arches[next_random(&seed) % 4], bytes, len, &insn)) {
			decoded++;
			assert_in_range(insn.operand_count, 1, INSN_OPERANDS);
			assert_true(insn.operands[0].read || insn.operands[0].write);
			assert_in_range(insn.operands[0].shift, 0, 4);
		}
		free(bytes);
	}
	assert_in_range(decoded, rounds / 50, rounds);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_arm64_no_access),
		cmocka_unit_test(test_x86_64),
		cmocka_unit_test(test_x86_64_no_access),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_random_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
