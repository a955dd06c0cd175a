/*
 * Memory operands of one machine instruction: which registers and displacement made the address
 * that it used. Knows encodings and register names; must not know what a crash is.
 */
#ifndef TRIAGE_INSN_H
#define TRIAGE_INSN_H

#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "push [mem]" and "movs" use two. */
#define INSN_OPERANDS 2

enum insn_extend {
	INSN_EXTEND_NONE, /* the whole 64-bit register */
	INSN_EXTEND_UXTW,
	INSN_EXTEND_SXTW,
};

/* address = base + displacement + (extended index << shift), modulo 2^64 */
struct insn_operand {
	const char
		*base; /* a register name as reports spell it ("x20", "fp", "rip"); NULL: no base */
	const char *index; /* NULL: none */
	enum insn_extend extend;
	unsigned shift;
	int64_t displacement; /* of "rip": counted from the start of the instruction */
	unsigned size;        /* bytes accessed; 0 where the encoding does not tell */
	bool read, write;
};

struct insn {
	struct insn_operand operands[INSN_OPERANDS];
	size_t operand_count; /* at least 1 after a successful decode */
};

/*
 * Decodes the load or store that starts at bytes. False, and *ret untouched, for anything that
 * accesses no memory, is unknown, is cut short, or whose address the general registers do not give
 * (segments, gathers), and for architectures other than arm64 and x86_64.
 */
bool insn_decode(enum report_arch arch, const uint8_t *bytes, size_t len, struct insn *ret);

/* The decoders behind it. word: as executed, i.e. the four bytes read little-endian. */
bool insn_decode_arm64(uint32_t word, struct insn *ret);
bool insn_decode_x86_64(const uint8_t *bytes, size_t len, struct insn *ret);

/*
 * The address that operand had with report's registers, and its distance from the base register
 * (the displacement plus the index). False, and nothing written, when a register is not in the
 * report or there is no base.
 */
bool insn_address(const struct insn_operand *operand, const struct report *report,
	uint64_t *ret_address, int64_t *ret_displacement);

#endif
