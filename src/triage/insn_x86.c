/*
 * x86-64 in 64-bit mode, as in the Intel SDM, volume 2: prefixes, opcode maps, ModRM, SIB. Opcodes
 * whose operand is no plain access (LEA, prefetches, gathers, bit strings, x87, EVEX) are left out
 * on purpose.
 */
#include "triage/insn.h"

/* The architecture's own limit. */
#define INSN_BYTES_MAX 15

static const char *const register_names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi",
	"rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

static const char rip_name[] = "rip";

enum { REG_SP = 4, REG_BP = 5, REG_SI = 6, REG_DI = 7 };

enum map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A };

/* Mandatory prefixes, as a set in rows and as one bit in the decoder's state. */
enum { PFX_NONE = 1, PFX_66 = 2, PFX_F3 = 4, PFX_F2 = 8, PFX_ANY = 15 };

enum direction { DIR_READ = 1, DIR_WRITE = 2, DIR_BOTH = 3 };

enum width {
	W_1,
	W_2,
	W_4,
	W_8,
	W_16,
	W_OPERAND, /* 2, 4 or 8 by 66 and REX.W */
	W_REX,     /* 4, or 8 by REX.W */
	W_STACK,   /* 8, or 2 by 66 */
	W_PACKED,  /* 16, with VEX.L 32 */
	W_SCALAR,  /* 4 by F3, 8 by F2, else W_PACKED */
	W_MMX,     /* 8, with 66 or VEX W_PACKED */
	W_UNKNOWN,
};

enum immediate { IMM_0, IMM_8, IMM_OPERAND /* 2 or 4 */ };

/* What else the instruction touches. */
enum side { SIDE_NONE, SIDE_PUSH, SIDE_POP };

/* A run of opcodes with a ModRM operand. regs: set of ModRM.reg values it is for, 0 for all. */
struct row {
	uint8_t map, first, last, prefixes, regs, direction, width, immediate, side;
};

#define REGS(first, last) ((uint8_t)((0xffu << (first)) & (0xffu >> (7 - (last)))))

static const struct row rows[] = {
	{MAP_ONE_BYTE, 0x63, 0x63, PFX_ANY, 0, DIR_READ, W_4, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x69, 0x69, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_OPERAND, SIDE_NONE},
	{MAP_ONE_BYTE, 0x6b, 0x6b, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0x80, 0x80, PFX_ANY, REGS(0, 6), DIR_BOTH, W_1, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0x80, 0x80, PFX_ANY, REGS(7, 7), DIR_READ, W_1, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0x81, 0x81, PFX_ANY, REGS(0, 6), DIR_BOTH, W_OPERAND, IMM_OPERAND,
		SIDE_NONE},
	{MAP_ONE_BYTE, 0x81, 0x81, PFX_ANY, REGS(7, 7), DIR_READ, W_OPERAND, IMM_OPERAND,
		SIDE_NONE},
	{MAP_ONE_BYTE, 0x83, 0x83, PFX_ANY, REGS(0, 6), DIR_BOTH, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0x83, 0x83, PFX_ANY, REGS(7, 7), DIR_READ, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0x84, 0x84, PFX_ANY, 0, DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x85, 0x85, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x86, 0x86, PFX_ANY, 0, DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x87, 0x87, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x88, 0x88, PFX_ANY, 0, DIR_WRITE, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x89, 0x89, PFX_ANY, 0, DIR_WRITE, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x8a, 0x8a, PFX_ANY, 0, DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x8b, 0x8b, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x8c, 0x8c, PFX_ANY, 0, DIR_WRITE, W_2, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0x8f, 0x8f, PFX_ANY, REGS(0, 0), DIR_WRITE, W_STACK, IMM_0, SIDE_POP},
	{MAP_ONE_BYTE, 0xc0, 0xc0, PFX_ANY, 0, DIR_BOTH, W_1, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0xc1, 0xc1, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0xc6, 0xc6, PFX_ANY, REGS(0, 0), DIR_WRITE, W_1, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0xc7, 0xc7, PFX_ANY, REGS(0, 0), DIR_WRITE, W_OPERAND, IMM_OPERAND,
		SIDE_NONE},
	{MAP_ONE_BYTE, 0xd0, 0xd0, PFX_ANY, 0, DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xd1, 0xd1, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xd2, 0xd2, PFX_ANY, 0, DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xd3, 0xd3, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xf6, 0xf6, PFX_ANY, REGS(0, 1), DIR_READ, W_1, IMM_8, SIDE_NONE},
	{MAP_ONE_BYTE, 0xf6, 0xf6, PFX_ANY, REGS(2, 3), DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xf6, 0xf6, PFX_ANY, REGS(4, 7), DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xf7, 0xf7, PFX_ANY, REGS(0, 1), DIR_READ, W_OPERAND, IMM_OPERAND,
		SIDE_NONE},
	{MAP_ONE_BYTE, 0xf7, 0xf7, PFX_ANY, REGS(2, 3), DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xf7, 0xf7, PFX_ANY, REGS(4, 7), DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xfe, 0xfe, PFX_ANY, REGS(0, 1), DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xff, 0xff, PFX_ANY, REGS(0, 1), DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xff, 0xff, PFX_ANY, REGS(2, 2), DIR_READ, W_8, IMM_0, SIDE_PUSH},
	{MAP_ONE_BYTE, 0xff, 0xff, PFX_ANY, REGS(4, 4), DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_ONE_BYTE, 0xff, 0xff, PFX_ANY, REGS(6, 6), DIR_READ, W_STACK, IMM_0, SIDE_PUSH},
	/* SSE and AVX moves */
	{MAP_0F, 0x10, 0x10, PFX_ANY, 0, DIR_READ, W_SCALAR, IMM_0, SIDE_NONE},
	{MAP_0F, 0x11, 0x11, PFX_ANY, 0, DIR_WRITE, W_SCALAR, IMM_0, SIDE_NONE},
	{MAP_0F, 0x12, 0x12, PFX_NONE | PFX_66 | PFX_F2, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x12, 0x12, PFX_F3, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x13, 0x13, PFX_NONE | PFX_66, 0, DIR_WRITE, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x14, 0x15, PFX_NONE | PFX_66, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x16, 0x16, PFX_NONE | PFX_66, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x16, 0x16, PFX_F3, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x17, 0x17, PFX_NONE | PFX_66, 0, DIR_WRITE, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x28, 0x28, PFX_NONE | PFX_66, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x29, 0x29, PFX_NONE | PFX_66, 0, DIR_WRITE, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2a, 0x2a, PFX_NONE | PFX_66, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2a, 0x2a, PFX_F3 | PFX_F2, 0, DIR_READ, W_REX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2b, 0x2b, PFX_NONE | PFX_66, 0, DIR_WRITE, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2c, 0x2d, PFX_NONE, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2c, 0x2d, PFX_66 | PFX_F3 | PFX_F2, 0, DIR_READ, W_SCALAR, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2e, 0x2f, PFX_NONE, 0, DIR_READ, W_4, IMM_0, SIDE_NONE},
	{MAP_0F, 0x2e, 0x2f, PFX_66, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x40, 0x4f, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0x51, 0x5f, PFX_ANY, 0, DIR_READ, W_SCALAR, IMM_0, SIDE_NONE},
	{MAP_0F, 0x60, 0x6d, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x6e, 0x6e, PFX_NONE | PFX_66, 0, DIR_READ, W_REX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x6f, 0x6f, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x6f, 0x6f, PFX_F3, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x70, 0x70, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_8, SIDE_NONE},
	{MAP_0F, 0x70, 0x70, PFX_F3 | PFX_F2, 0, DIR_READ, W_PACKED, IMM_8, SIDE_NONE},
	{MAP_0F, 0x74, 0x76, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x7c, 0x7d, PFX_66 | PFX_F2, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x7e, 0x7e, PFX_NONE | PFX_66, 0, DIR_WRITE, W_REX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x7e, 0x7e, PFX_F3, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0x7f, 0x7f, PFX_NONE | PFX_66, 0, DIR_WRITE, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0x7f, 0x7f, PFX_F3, 0, DIR_WRITE, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0x90, 0x9f, PFX_ANY, 0, DIR_WRITE, W_1, IMM_0, SIDE_NONE},
	{MAP_0F, 0xa4, 0xa4, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_0F, 0xa5, 0xa5, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xac, 0xac, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_0F, 0xad, 0xad, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xae, 0xae, PFX_NONE, REGS(2, 2), DIR_READ, W_4, IMM_0, SIDE_NONE},
	{MAP_0F, 0xae, 0xae, PFX_NONE, REGS(3, 3), DIR_WRITE, W_4, IMM_0, SIDE_NONE},
	{MAP_0F, 0xaf, 0xaf, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xb0, 0xb0, PFX_ANY, 0, DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_0F, 0xb1, 0xb1, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xb6, 0xb6, PFX_ANY, 0, DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_0F, 0xb7, 0xb7, PFX_ANY, 0, DIR_READ, W_2, IMM_0, SIDE_NONE},
	{MAP_0F, 0xb8, 0xb8, PFX_F3, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xba, 0xba, PFX_ANY, REGS(4, 4), DIR_READ, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_0F, 0xba, 0xba, PFX_ANY, REGS(5, 7), DIR_BOTH, W_OPERAND, IMM_8, SIDE_NONE},
	{MAP_0F, 0xbc, 0xbd, PFX_ANY, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xbe, 0xbe, PFX_ANY, 0, DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_0F, 0xbf, 0xbf, PFX_ANY, 0, DIR_READ, W_2, IMM_0, SIDE_NONE},
	{MAP_0F, 0xc0, 0xc0, PFX_ANY, 0, DIR_BOTH, W_1, IMM_0, SIDE_NONE},
	{MAP_0F, 0xc1, 0xc1, PFX_ANY, 0, DIR_BOTH, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F, 0xc2, 0xc2, PFX_ANY, 0, DIR_READ, W_SCALAR, IMM_8, SIDE_NONE},
	{MAP_0F, 0xc3, 0xc3, PFX_NONE, 0, DIR_WRITE, W_REX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xc4, 0xc4, PFX_NONE | PFX_66, 0, DIR_READ, W_2, IMM_8, SIDE_NONE},
	{MAP_0F, 0xc6, 0xc6, PFX_NONE | PFX_66, 0, DIR_READ, W_PACKED, IMM_8, SIDE_NONE},
	{MAP_0F, 0xc7, 0xc7, PFX_ANY, REGS(1, 1), DIR_BOTH, W_UNKNOWN, IMM_0, SIDE_NONE},
	{MAP_0F, 0xd0, 0xd0, PFX_66 | PFX_F2, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0xd1, 0xd5, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xd6, 0xd6, PFX_66, 0, DIR_WRITE, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0xd8, 0xe5, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xe6, 0xe6, PFX_66 | PFX_F2, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0xe6, 0xe6, PFX_F3, 0, DIR_READ, W_8, IMM_0, SIDE_NONE},
	{MAP_0F, 0xe7, 0xe7, PFX_NONE | PFX_66, 0, DIR_WRITE, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xe8, 0xef, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xf0, 0xf0, PFX_F2, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F, 0xf1, 0xf6, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	{MAP_0F, 0xf8, 0xfe, PFX_NONE | PFX_66, 0, DIR_READ, W_MMX, IMM_0, SIDE_NONE},
	/* SSSE3 and later: the sizes differ from one opcode to the next */
	{MAP_0F38, 0x00, 0x2d, PFX_NONE | PFX_66, 0, DIR_READ, W_UNKNOWN, IMM_0, SIDE_NONE},
	{MAP_0F38, 0x2e, 0x2f, PFX_66, 0, DIR_WRITE, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F38, 0x30, 0x7f, PFX_66, 0, DIR_READ, W_UNKNOWN, IMM_0, SIDE_NONE},
	{MAP_0F38, 0x8c, 0x8c, PFX_66, 0, DIR_READ, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F38, 0x8e, 0x8e, PFX_66, 0, DIR_WRITE, W_PACKED, IMM_0, SIDE_NONE},
	{MAP_0F38, 0x96, 0xbf, PFX_66, 0, DIR_READ, W_UNKNOWN, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xc8, 0xdf, PFX_NONE | PFX_66, 0, DIR_READ, W_16, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xf0, 0xf0, PFX_NONE | PFX_66, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xf1, 0xf1, PFX_NONE | PFX_66, 0, DIR_WRITE, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xf0, 0xf0, PFX_F2, 0, DIR_READ, W_1, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xf1, 0xf1, PFX_F2, 0, DIR_READ, W_OPERAND, IMM_0, SIDE_NONE},
	{MAP_0F38, 0xf2, 0xf7, PFX_ANY, 0, DIR_READ, W_REX, IMM_0, SIDE_NONE},
	{MAP_0F3A, 0x14, 0x14, PFX_66, 0, DIR_WRITE, W_1, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x15, 0x15, PFX_66, 0, DIR_WRITE, W_2, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x16, 0x16, PFX_66, 0, DIR_WRITE, W_REX, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x17, 0x17, PFX_66, 0, DIR_WRITE, W_4, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x19, 0x19, PFX_66, 0, DIR_WRITE, W_16, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x1d, 0x1d, PFX_66, 0, DIR_WRITE, W_UNKNOWN, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x39, 0x39, PFX_66, 0, DIR_WRITE, W_16, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0x00, 0x63, PFX_NONE | PFX_66, 0, DIR_READ, W_UNKNOWN, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0xdf, 0xdf, PFX_66, 0, DIR_READ, W_16, IMM_8, SIDE_NONE},
	{MAP_0F3A, 0xf0, 0xf0, PFX_F2, 0, DIR_READ, W_REX, IMM_8, SIDE_NONE},
};

struct decoder {
	const uint8_t *bytes;
	size_t len, at;
	enum map map;
	unsigned prefix;                    /* one of PFX_NONE .. PFX_F2 */
	bool operand_16, wide, long_vector; /* 66; REX.W; VEX.L */
	bool vex;
	unsigned reg_high, index_high, base_high; /* REX.R, X, B as 8 or 0 */
};

static bool take(struct decoder *decoder, uint8_t *ret) {
	if (decoder->at >= decoder->len)
		return false;
	*ret = decoder->bytes[decoder->at++];
	return true;
}

static bool take_signed(struct decoder *decoder, unsigned size, int64_t *ret) {
	if (decoder->len - decoder->at < size)
		return false;
	uint32_t value = 0;
	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)decoder->bytes[decoder->at++] << (8 * i);
	*ret = size == 1 ? (int8_t)value : (int32_t)value;
	return true;
}

static void take_rex(struct decoder *decoder, uint8_t rex) {
	decoder->wide = rex & 8;
	decoder->reg_high = rex & 4 ? 8 : 0;
	decoder->index_high = rex & 2 ? 8 : 0;
	decoder->base_high = rex & 1 ? 8 : 0;
}

/* Legacy prefixes, then REX; leaves the first opcode byte in *ret. */
static bool take_prefixes(struct decoder *decoder, uint8_t *ret) {
	decoder->prefix = PFX_NONE;
	uint8_t byte;
	while (take(decoder, &byte)) {
		switch (byte) {
		case 0x66:
			decoder->operand_16 = true;
			if (decoder->prefix == PFX_NONE)
				decoder->prefix = PFX_66;
			break;
		case 0xf2:
			decoder->prefix = PFX_F2;
			break;
		case 0xf3:
			decoder->prefix = PFX_F3;
			break;
		case 0x2e: /* segments without effect in 64-bit mode, and LOCK */
		case 0x36:
		case 0x3e:
		case 0x26:
		case 0xf0:
			break;
		case 0x64: /* FS, GS and 32-bit addresses: not what the registers say */
		case 0x65:
		case 0x67:
			return false;
		default:
			if ((byte & 0xf0) != 0x40) {
				*ret = byte;
				return true;
			}
			take_rex(decoder, byte);
			return take(decoder, ret);
		}
	}
	return false;
}

/* The bytes behind C5 or C4; leaves the opcode in *ret. */
static bool take_vex(struct decoder *decoder, bool two_bytes, uint8_t *ret) {
	static const unsigned prefixes[4] = {PFX_NONE, PFX_66, PFX_F3, PFX_F2};
	uint8_t first, second;
	if (!take(decoder, &first))
		return false;
	second = first;
	unsigned map = MAP_0F;
	if (!two_bytes) {
		map = first & 0x1f;
		if (map < MAP_0F || map > MAP_0F3A || !take(decoder, &second))
			return false;
	}
	take_rex(decoder,
		(uint8_t)((two_bytes ? 0 : (second & 0x80) >> 4) | (first & 0x80 ? 0 : 4)));
	if (!two_bytes) {
		decoder->index_high = first & 0x40 ? 0 : 8;
		decoder->base_high = first & 0x20 ? 0 : 8;
	}
	decoder->map = (enum map)map;
	decoder->vex = true;
	decoder->operand_16 = false;
	decoder->long_vector = second & 4;
	decoder->prefix = prefixes[second & 3];
	return take(decoder, ret);
}

/* Escapes to the other opcode maps. */
static bool take_opcode(struct decoder *decoder, uint8_t *opcode) {
	if (*opcode == 0xc5 || *opcode == 0xc4)
		return take_vex(decoder, *opcode == 0xc5, opcode);
	if (*opcode != 0x0f)
		return true;
	decoder->map = MAP_0F;
	if (!take(decoder, opcode))
		return false;
	if (*opcode != 0x38 && *opcode != 0x3a)
		return true;
	decoder->map = *opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
	return take(decoder, opcode);
}

static bool take_sib(struct decoder *decoder, unsigned mod, struct insn_operand *operand,
	unsigned *displacement_size) {
	uint8_t sib;
	if (!take(decoder, &sib))
		return false;
	unsigned index = ((sib >> 3) & 7) | decoder->index_high;
	unsigned base = sib & 7;
	if (index != REG_SP) {
		operand->index = register_names[index];
		operand->shift = sib >> 6;
	}
	if (base == REG_BP && mod == 0)
		*displacement_size = 4;
	else
		operand->base = register_names[base | decoder->base_high];
	return true;
}

/* ModRM, SIB and displacement; false for a register operand. */
static bool take_memory(struct decoder *decoder, uint8_t modrm, struct insn_operand *operand) {
	unsigned mod = modrm >> 6, rm = modrm & 7;
	if (mod == 3)
		return false;
	unsigned displacement_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
	if (rm == 4) {
		if (!take_sib(decoder, mod, operand, &displacement_size))
			return false;
	} else if (rm == REG_BP && mod == 0) {
		operand->base = rip_name;
		displacement_size = 4;
	} else {
		operand->base = register_names[rm | decoder->base_high];
	}
	return !displacement_size ||
	       take_signed(decoder, displacement_size, &operand->displacement);
}

static unsigned width_bytes(const struct decoder *decoder, enum width width) {
	unsigned packed = decoder->long_vector ? 32 : 16;
	switch (width) {
	case W_1:
	case W_2:
	case W_4:
	case W_8:
	case W_16:
		return 1u << width;
	case W_OPERAND:
		return decoder->wide ? 8 : decoder->operand_16 ? 2 : 4;
	case W_REX:
		return decoder->wide ? 8 : 4;
	case W_STACK:
		return decoder->operand_16 ? 2 : 8;
	case W_PACKED:
		return packed;
	case W_SCALAR:
		return decoder->prefix == PFX_F3 ? 4 : decoder->prefix == PFX_F2 ? 8 : packed;
	case W_MMX:
		return decoder->prefix == PFX_66 ? packed : 8;
	case W_UNKNOWN:
		break;
	}
	return 0;
}

static void set_access(struct insn_operand *operand, unsigned direction, unsigned size) {
	operand->size = size;
	operand->read = direction & DIR_READ;
	operand->write = direction & DIR_WRITE;
}

static void add_operand(
	struct insn *insn, unsigned base, int64_t displacement, unsigned direction, unsigned size) {
	struct insn_operand *operand = &insn->operands[insn->operand_count++];
	*operand =
		(struct insn_operand){.base = register_names[base], .displacement = displacement};
	set_access(operand, direction, size);
}

static void add_push(struct insn *insn, unsigned size) {
	add_operand(insn, REG_SP, -(int64_t)size, DIR_WRITE, size);
}

/* Opcodes without ModRM: strings, stack. */
static bool decode_implicit(const struct decoder *decoder, uint8_t opcode, struct insn *insn) {
	unsigned stack = width_bytes(decoder, W_STACK);
	unsigned string = opcode & 1 ? width_bytes(decoder, W_OPERAND) : 1;
	if (opcode >= 0x50 && opcode <= 0x57)
		add_push(insn, stack);
	else if (opcode >= 0x58 && opcode <= 0x5f)
		add_operand(insn, REG_SP, 0, DIR_READ, stack);
	else if (opcode == 0x68 || opcode == 0x6a)
		add_push(insn, stack);
	else if (opcode == 0xe8)
		add_push(insn, 8);
	else if (opcode == 0xc2 || opcode == 0xc3)
		add_operand(insn, REG_SP, 0, DIR_READ, 8);
	else if (opcode == 0xc9)
		add_operand(insn, REG_BP, 0, DIR_READ, stack);
	if (opcode >= 0xa4 && opcode <= 0xa7) {
		add_operand(insn, REG_SI, 0, DIR_READ, string);
		add_operand(insn, REG_DI, 0, opcode < 0xa6 ? DIR_WRITE : DIR_READ, string);
	} else if (opcode == 0xac || opcode == 0xad) {
		add_operand(insn, REG_SI, 0, DIR_READ, string);
	} else if (opcode == 0xaa || opcode == 0xab) {
		add_operand(insn, REG_DI, 0, DIR_WRITE, string);
	} else if (opcode == 0xae || opcode == 0xaf) {
		add_operand(insn, REG_DI, 0, DIR_READ, string);
	}
	return insn->operand_count > 0;
}

/* ADD, OR, ADC, SBB, AND, SUB, XOR, CMP share one pattern. */
static bool find_arithmetic(uint8_t opcode, struct row *ret) {
	if (opcode >= 0x40 || (opcode & 7) > 3)
		return false;
	bool compare = (opcode & 0x38) == 0x38, from_memory = opcode & 2;
	*ret = (struct row){.direction = from_memory || compare ? DIR_READ : DIR_BOTH,
		.width = opcode & 1 ? W_OPERAND : W_1};
	return true;
}

static bool find_row(
	const struct decoder *decoder, uint8_t opcode, uint8_t modrm, struct row *ret) {
	if (decoder->map == MAP_ONE_BYTE && find_arithmetic(opcode, ret))
		return true;
	unsigned reg = 1u << ((modrm >> 3) & 7);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		if (row->map == decoder->map && opcode >= row->first && opcode <= row->last &&
			(row->prefixes & decoder->prefix) && (!row->regs || (row->regs & reg))) {
			*ret = *row;
			return true;
		}
	}
	return false;
}

static bool take_immediate(struct decoder *decoder, enum immediate immediate) {
	size_t size = 0;
	if (immediate == IMM_8)
		size = 1;
	else if (immediate == IMM_OPERAND)
		size = decoder->operand_16 && !decoder->wide ? 2 : 4;
	if (decoder->len - decoder->at < size)
		return false;
	decoder->at += size;
	return true;
}

/* RIP counts from the next instruction; reports show the address of this one. */
static void fix_rip(const struct decoder *decoder, struct insn_operand *operand) {
	if (operand->base == rip_name)
		operand->displacement += (int64_t)decoder->at;
}

static bool decode_modrm(struct decoder *decoder, uint8_t opcode, struct insn *insn) {
	uint8_t modrm;
	struct row row;
	if (!take(decoder, &modrm) || !find_row(decoder, opcode, modrm, &row))
		return false;
	struct insn_operand *operand = &insn->operands[insn->operand_count++];
	if (!take_memory(decoder, modrm, operand))
		return false;
	if (!take_immediate(decoder, (enum immediate)row.immediate))
		return false;
	set_access(operand, row.direction, width_bytes(decoder, (enum width)row.width));
	if (row.side == SIDE_PUSH)
		add_push(insn, operand->size);
	else if (row.side == SIDE_POP)
		add_operand(insn, REG_SP, 0, DIR_READ, operand->size);
	fix_rip(decoder, operand);
	return true;
}

bool insn_decode_x86_64(const uint8_t *bytes, size_t len, struct insn *ret) {
	struct decoder decoder = {
		.bytes = bytes, .len = len < INSN_BYTES_MAX ? len : INSN_BYTES_MAX};
	struct insn insn = {0};
	uint8_t opcode;
	if (!take_prefixes(&decoder, &opcode) || !take_opcode(&decoder, &opcode))
		return false;
	bool implicit = decoder.map == MAP_ONE_BYTE && decode_implicit(&decoder, opcode, &insn);
	if (!implicit && !decode_modrm(&decoder, opcode, &insn))
		return false;
	*ret = insn;
	return true;
}
