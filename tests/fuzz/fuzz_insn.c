/* Any bytes as an instruction at the place of a crash: decoded inside its bounds or not at all. */
#include "fuzz.h"

#include "triage/insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const enum report_arch archs[] = {
		REPORT_ARCH_ARM64, REPORT_ARCH_X86_64, REPORT_ARCH_X86, REPORT_ARCH_UNKNOWN};
	static const struct report report = {.crashed_thread = -1};
	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++) {
		struct insn insn = {0};
		uint64_t address;
		int64_t displacement;
		if (!insn_decode(archs[i], data, size, &insn))
			continue;
		MUST(insn.operand_count >= 1 && insn.operand_count <= INSN_OPERANDS);
		for (size_t k = 0; k < insn.operand_count; k++) {
			MUST(insn.operands[k].read || insn.operands[k].write);
			MUST(insn.operands[k].shift < 64);
			if (insn.operands[k].base) /* this report has no registers */
				MUST(!insn_address(
					&insn.operands[k], &report, &address, &displacement));
		}
	}
	return 0;
}
