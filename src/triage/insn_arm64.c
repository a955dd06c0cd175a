/*
 * A64 loads and stores, as in the Arm Architecture Reference Manual, C4.1 "Loads and Stores". One
 * function per encoding group. Prefetches are no access: they never fault.
 */
#include "triage/insn.h"

/* Register 31 is the stack pointer in a base and zero in an index. */
static const char *const register_names[32] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
	"x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr", "sp"};

static unsigned bits(uint32_t word, unsigned high, unsigned low) {
	return (word >> low) & ((1u << (high - low + 1)) - 1);
}

static int64_t signed_bits(uint32_t word, unsigned high, unsigned low) {
	int64_t value = bits(word, high, low);
	int64_t sign = (int64_t)1 << (high - low);
	return (value ^ sign) - sign;
}

static const char *base_register(uint32_t word) {
	return register_names[bits(word, 9, 5)];
}

struct access {
	unsigned size;
	bool read, write;
};

static bool finish(struct insn *ret, const char *base, int64_t displacement, struct access access) {
	*ret = (struct insn){.operand_count = 1};
	ret->operands[0] = (struct insn_operand){.base = base,
		.displacement = displacement,
		.size = access.size,
		.read = access.read,
		.write = access.write};
	return true;
}

static bool decode_literal(uint32_t word, struct insn *ret) {
	unsigned opc = bits(word, 31, 30);
	if (opc == 3)
		return false;
	bool vector = bits(word, 26, 26);
	unsigned size = vector ? 4u << opc : (opc == 1 ? 8 : 4);
	return finish(ret, "pc", signed_bits(word, 23, 5) * 4, (struct access){size, true, false});
}

static bool decode_pair(uint32_t word, struct insn *ret) {
	enum { NO_ALLOCATE, POST_INDEX };
	unsigned opc = bits(word, 31, 30), mode = bits(word, 24, 23);
	bool vector = bits(word, 26, 26), load = bits(word, 22, 22);
	if (opc == 3 || (opc == 1 && !vector && mode == NO_ALLOCATE))
		return false;
	unsigned each, scale;
	if (vector)
		each = scale = 4u << opc;
	else if (opc == 1 && !load) /* STGP: two registers and a tag */
		each = 8, scale = 16;
	else
		each = scale = opc == 2 ? 8 : 4;
	int64_t displacement = mode == POST_INDEX ? 0 : signed_bits(word, 21, 15) * (int64_t)scale;
	return finish(
		ret, base_register(word), displacement, (struct access){2 * each, load, !load});
}

/* Exclusive, ordered, compare-and-swap: never a displacement. */
static bool decode_exclusive(uint32_t word, struct insn *ret) {
	unsigned size = bits(word, 31, 30);
	bool ordered = bits(word, 23, 23), load = bits(word, 22, 22), pair = bits(word, 21, 21);
	struct access access = {1u << size, load, !load};
	if (pair) {
		bool swap = ordered || size < 2;
		if (swap && bits(word, 14, 10) != 31)
			return false;
		if (swap && !ordered && (word & 0x10001)) /* a pair starts at an even register */
			return false;
		if (swap)
			access.read = access.write = true;
		if (!ordered)
			access.size = 2u << (size < 2 ? size + 2 : size);
	}
	return finish(ret, base_register(word), 0, access);
}

/* LD1 .. LD4 and ST1 .. ST4 of whole registers. */
static bool decode_vector_multiple(uint32_t word, struct insn *ret) {
	static const uint8_t registers[16] = {
		[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};
	unsigned count = registers[bits(word, 15, 12)];
	bool post = bits(word, 23, 23), load = bits(word, 22, 22);
	if (!count || bits(word, 21, 21) || (!post && bits(word, 20, 16)))
		return false;
	/* LD2 .. LD4 interleave: one 64-bit lane has nothing to interleave. */
	if (!bits(word, 30, 30) && bits(word, 11, 10) == 3 && !bits(word, 13, 13))
		return false;
	unsigned size = count * (bits(word, 30, 30) ? 16 : 8);
	return finish(ret, base_register(word), 0, (struct access){size, load, !load});
}

/* The same of one lane, or of one element for all lanes. */
static bool decode_vector_single(uint32_t word, struct insn *ret) {
	unsigned scale = bits(word, 15, 14), size = bits(word, 11, 10);
	unsigned count = (bits(word, 13, 13) << 1 | bits(word, 21, 21)) + 1;
	bool post = bits(word, 23, 23), load = bits(word, 22, 22);
	if (!post && bits(word, 20, 16))
		return false;
	if (scale == 3 && (!load || bits(word, 12, 12)))
		return false;
	if ((scale == 1 && (size & 1)) || (scale == 2 && size > 1))
		return false;
	if (scale == 2 && size == 1 && bits(word, 12, 12))
		return false;
	unsigned element = 1u << (scale == 3 ? size : scale == 2 && size == 1 ? 3 : scale);
	return finish(ret, base_register(word), 0, (struct access){count * element, load, !load});
}

/* size, V and opc of the register forms; false for prefetches and holes. */
static bool decode_width(uint32_t word, struct access *ret) {
	unsigned size = bits(word, 31, 30), opc = bits(word, 23, 22);
	if (bits(word, 26, 26)) {
		if ((opc & 2) && size)
			return false;
		*ret = (struct access){opc & 2 ? 16 : 1u << size, opc & 1, !(opc & 1)};
		return true;
	}
	if ((opc == 2 && size == 3) || (opc == 3 && size > 1))
		return false;
	*ret = (struct access){1u << size, opc != 0, opc == 0};
	return true;
}

static bool decode_unsigned_offset(uint32_t word, struct insn *ret) {
	struct access access;
	if (!decode_width(word, &access))
		return false;
	int64_t displacement = (int64_t)bits(word, 21, 10) * access.size;
	return finish(ret, base_register(word), displacement, access);
}

/* LDUR, post-index, LDTR, pre-index, by bits 11 and 10. */
static bool decode_signed_offset(uint32_t word, struct insn *ret) {
	enum { UNSCALED, POST_INDEX, UNPRIVILEGED };
	struct access access;
	unsigned mode = bits(word, 11, 10);
	if (!decode_width(word, &access) || (mode == UNPRIVILEGED && bits(word, 26, 26)))
		return false;
	int64_t displacement = mode == POST_INDEX ? 0 : signed_bits(word, 20, 12);
	return finish(ret, base_register(word), displacement, access);
}

static bool decode_register_offset(uint32_t word, struct insn *ret) {
	static const struct {
		bool valid;
		enum insn_extend extend;
	} options[8] = {[2] = {true, INSN_EXTEND_UXTW},
		[3] = {true, INSN_EXTEND_NONE},
		[6] = {true, INSN_EXTEND_SXTW},
		[7] = {true, INSN_EXTEND_NONE}};
	struct access access;
	unsigned option = bits(word, 15, 13), index = bits(word, 20, 16);
	if (!decode_width(word, &access) || !options[option].valid)
		return false;
	finish(ret, base_register(word), 0, access);
	if (index == 31)
		return true;
	struct insn_operand *operand = &ret->operands[0];
	operand->index = register_names[index];
	operand->extend = options[option].extend;
	if (bits(word, 12, 12))
		operand->shift = (unsigned)__builtin_ctz(access.size);
	return true;
}

/* LD<op>, ST<op>, SWP, LDAPR */
static bool decode_atomic(uint32_t word, struct insn *ret) {
	unsigned operation = bits(word, 15, 12);
	if (bits(word, 26, 26) || (operation > 8 && operation != 12))
		return false;
	bool load_only = operation == 12;
	if (load_only && (bits(word, 23, 22) != 2 || bits(word, 20, 16) != 31))
		return false;
	struct access access = {1u << bits(word, 31, 30), true, !load_only};
	return finish(ret, base_register(word), 0, access);
}

/* LDRAA, LDRAB */
static bool decode_authenticated(uint32_t word, struct insn *ret) {
	if (bits(word, 31, 30) != 3 || bits(word, 26, 26))
		return false;
	int64_t displacement = (int64_t)bits(word, 20, 12) - (bits(word, 22, 22) ? 512 : 0);
	return finish(ret, base_register(word), displacement * 8, (struct access){8, true, false});
}

static bool decode_register_form(uint32_t word, struct insn *ret) {
	if (bits(word, 24, 24))
		return decode_unsigned_offset(word, ret);
	if (!bits(word, 21, 21))
		return decode_signed_offset(word, ret);
	switch (bits(word, 11, 10)) {
	case 0:
		return decode_atomic(word, ret);
	case 2:
		return decode_register_offset(word, ret);
	default:
		return decode_authenticated(word, ret);
	}
}

/* LDAPUR, STLUR */
static bool decode_ordered_unscaled(uint32_t word, struct insn *ret) {
	struct access access;
	if (bits(word, 11, 10) != (bits(word, 26, 26) ? 2 : 0) || !decode_width(word, &access))
		return false;
	return finish(ret, base_register(word), signed_bits(word, 20, 12), access);
}

/* DC ZVA, which memset() and bzero() use. */
static bool decode_zero_block(uint32_t word, struct insn *ret) {
	unsigned base = bits(word, 4, 0);
	if (base == 31)
		return false;
	return finish(ret, register_names[base], 0, (struct access){0, false, true});
}

bool insn_decode_arm64(uint32_t word, struct insn *ret) {
	static const struct {
		uint32_t mask, value;
		bool (*decode)(uint32_t word, struct insn *ret);
	} groups[] = {
		{0x3b000000, 0x18000000, decode_literal},
		{0x3a000000, 0x28000000, decode_pair},
		{0x3f000000, 0x08000000, decode_exclusive},
		{0xbf000000, 0x0c000000, decode_vector_multiple},
		{0xbf000000, 0x0d000000, decode_vector_single},
		{0x3a000000, 0x38000000, decode_register_form},
		{0x3b200000, 0x19000000, decode_ordered_unscaled},
		{0xffffffe0, 0xd50b7420, decode_zero_block},
	};
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if ((word & groups[i].mask) == groups[i].value)
			return groups[i].decode(word, ret);
	}
	return false;
}
