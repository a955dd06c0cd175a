/*
 * One entry for all architectures, and the arithmetic of an address. The encodings are elsewhere.
 */
#include "triage/insn.h"

bool insn_decode(enum report_arch arch, const uint8_t *bytes, size_t len, struct insn *ret) {
	if (arch == REPORT_ARCH_X86_64)
		return insn_decode_x86_64(bytes, len, ret);
	if (arch != REPORT_ARCH_ARM64 || len < 4)
		return false;
	return insn_decode_arm64((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
					 (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24,
		ret);
}

static uint64_t extend_index(const struct insn_operand *operand, uint64_t value) {
	if (operand->extend == INSN_EXTEND_UXTW)
		value = (uint32_t)value;
	else if (operand->extend == INSN_EXTEND_SXTW)
		value = (uint64_t)(int64_t)(int32_t)(uint32_t)value;
	return value << operand->shift;
}

bool insn_address(const struct insn_operand *operand, const struct report *report,
	uint64_t *ret_address, int64_t *ret_displacement) {
	if (!operand->base)
		return false;
	struct u64_opt base = report_register(report, operand->base);
	if (!base.set)
		return false;
	uint64_t distance = (uint64_t)operand->displacement;
	if (operand->index) {
		struct u64_opt index = report_register(report, operand->index);
		if (!index.set)
			return false;
		distance += extend_index(operand, index.value);
	}
	*ret_address = base.value + distance;
	*ret_displacement = (int64_t)distance;
	return true;
}
