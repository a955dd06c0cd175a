/*
 * The fault of a report. Only EXC_BAD_ACCESS has a fault address: the second code of a breakpoint
 * is the pc. Must not know sites or rules.
 */
#include "triage/fault.h"

#include "base/text.h"
#include "triage/insn.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NEAR_NULL_ARM64 UINT64_C(0x10000)
#define NEAR_NULL_OTHER UINT64_C(0x1000)

/* Mach's kern_return_t and EXC_ARM_ / EXC_I386_ numbers as rawCodes[0] shows them. */
enum {
	CODE_PROTECTION_FAILURE = 2,
	CODE_GENERAL_PROTECTION = 13,
	CODE_CODE_SIGNING = 50,
	CODE_UNALIGNED = 0x101,
	CODE_POINTER_AUTHENTICATION = 0x105,
};

/* Exception classes of esr, bits 31 to 26. */
enum {
	ESR_INSTRUCTION_ABORT_LOWER = 0x20,
	ESR_INSTRUCTION_ABORT = 0x21,
	ESR_DATA_ABORT_LOWER = 0x24,
	ESR_DATA_ABORT = 0x25,
};

enum { X86_TRAP_GENERAL_PROTECTION = 13, X86_TRAP_PAGE_FAULT = 14 };
enum { X86_ERR_WRITE = 1u << 1, X86_ERR_EXECUTE = 1u << 4 };

/* A report and what was found about it on the way. */
struct classifier {
	const struct report *report;
	enum report_arch arch;
	const char *subtype; /* never NULL */
	struct u64_opt code;
	struct buf *explain;
};

__attribute__((format(printf, 2, 3))) static void step(
	const struct classifier *classifier, const char *fmt, ...);

static void step(const struct classifier *classifier, const char *fmt, ...) {
	if (!classifier->explain)
		return;
	char line[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	buf_printf(classifier->explain, "fault: %s\n", line);
}

static bool contains(const char *text, const char *part) {
	return text && strcasestr(text, part);
}

/* Text excerpts may lack the cpu; registers and the driver's name tell it too. */
static enum report_arch guess_arch(const struct report *report) {
	if (report->arch != REPORT_ARCH_UNKNOWN)
		return report->arch;
	if (report_register(report, "x0").set || report_register(report, "esr").set)
		return REPORT_ARCH_ARM64;
	if (report_register(report, "rax").set || report_register(report, "rip").set)
		return REPORT_ARCH_X86_64;
	const struct thread *thread = report_crashed_thread(report);
	for (size_t i = 0; thread && i < thread->frames.count; i++) {
		const char *image = thread->frames.items[i].image;
		if (image && text_starts(image, "AGXMetalG"))
			return REPORT_ARCH_ARM64;
	}
	return REPORT_ARCH_UNKNOWN;
}

/* The number "0x..." that text begins with, a whole word. */
static struct u64_opt hex_at(const char *text) {
	struct u64_opt ret = {0};
	size_t len = 2 + strspn(text + 2, "0123456789abcdefABCDEF");
	bool whole = !isalnum((unsigned char)text[len]) && text[len] != '_';
	ret.set = len > 2 && whole && text_u64(text, len, &ret.value);
	return ret;
}

/* "UNKNOWN_0x32 at 0x10101c000": the number behind "at" is the address. */
static struct u64_opt subtype_address(const char *subtype) {
	struct u64_opt ret = {0};
	for (const char *at = subtype; !ret.set && (at = strstr(at, " at 0x")); at++)
		ret = hex_at(at + strlen(" at "));
	return !ret.set && text_starts(subtype, "0x") ? hex_at(subtype) : ret;
}

static struct u64_opt find_address(const struct classifier *classifier) {
	const struct report *report = classifier->report;
	if (report->raw_code_count > 1) {
		struct u64_opt ret = {report->raw_codes[1], true};
		step(classifier, "address 0x%" PRIx64 " from the second exception code", ret.value);
		return ret;
	}
	struct u64_opt ret = subtype_address(classifier->subtype);
	if (ret.set)
		step(classifier, "address 0x%" PRIx64 " from the subtype", ret.value);
	else
		step(classifier, "the report gives no address");
	return ret;
}

static bool code_is(const struct classifier *classifier, uint64_t code) {
	return classifier->code.set && classifier->code.value == code;
}

/* The processor gives no address with a general protection fault. */
static bool is_general_protection(const struct classifier *classifier) {
	if (classifier->arch == REPORT_ARCH_ARM64)
		return false;
	struct u64_opt trap = report_register(classifier->report, "trap");
	return code_is(classifier, CODE_GENERAL_PROTECTION) ||
	       contains(classifier->subtype, "EXC_I386_GPFLT") ||
	       text_starts(classifier->subtype, "UNKNOWN_0xD ") ||
	       (trap.set && trap.value == X86_TRAP_GENERAL_PROTECTION);
}

/* The region that "--->" points at in vmRegionInfo, when the address lies in it. */
static bool region_is_stack_guard(const char *info) {
	if (!info || contains(info, "is not in any region"))
		return false;
	const char *line = strstr(info, "--->");
	if (!line)
		return false;
	line += strlen("--->");
	const char *guard = strcasestr(line, "stack guard");
	return guard && guard < line + strcspn(line, "\n");
}

static bool is_stack_guard(const struct classifier *classifier) {
	const struct report *report = classifier->report;
	return region_is_stack_guard(report->vm_region_info) ||
	       contains(classifier->subtype, "stack guard") ||
	       contains(classifier->subtype, "stack size exceeded") ||
	       contains(report->exception.message, "stack size exceeded");
}

static bool is_code_signing(const struct classifier *classifier) {
	const struct report *report = classifier->report;
	return code_is(classifier, CODE_CODE_SIGNING) ||
	       contains(classifier->subtype, "Code Signature Invalid") ||
	       text_starts(classifier->subtype, "UNKNOWN_0x32 ") ||
	       contains(report->exception.type, "Code Signature Invalid") ||
	       contains(report->exception.signal, "Code Signature Invalid") ||
	       (report->termination.ns && !strcmp(report->termination.ns, "CODESIGNING"));
}

/* User addresses have 47 bits; kernel addresses are all ones above. */
static bool is_canonical(enum report_arch arch, uint64_t address) {
	unsigned unused = arch == REPORT_ARCH_X86_64 ? 17 : 16;
	uint64_t high = address >> (64 - unused);
	return high == 0 || high == (UINT64_C(1) << unused) - 1;
}

static uint64_t near_null_limit(enum report_arch arch) {
	return arch == REPORT_ARCH_ARM64 ? NEAR_NULL_ARM64 : NEAR_NULL_OTHER;
}

/* What the kernel said beats what the number looks like. */
static enum fault_kind kind_by_code(const struct classifier *classifier) {
	if (contains(classifier->subtype, "possible pointer authentication failure") ||
		code_is(classifier, CODE_POINTER_AUTHENTICATION))
		return FAULT_PAC;
	if (is_code_signing(classifier))
		return FAULT_CODE_SIGNING;
	if (code_is(classifier, CODE_UNALIGNED) ||
		contains(classifier->subtype, "EXC_ARM_DA_ALIGN"))
		return FAULT_UNALIGNED;
	if (is_general_protection(classifier))
		return FAULT_NON_CANONICAL;
	return FAULT_NONE;
}

/*
 * Near NULL comes first: the zero page is a protected region, so NULL may be reported as a
 * protection failure.
 */
static enum fault_kind kind_by_address(
	const struct classifier *classifier, struct u64_opt address) {
	if (address.set && address.value < near_null_limit(classifier->arch))
		return FAULT_NEAR_NULL;
	if (is_stack_guard(classifier))
		return FAULT_STACK_GUARD;
	if (code_is(classifier, CODE_PROTECTION_FAILURE) ||
		contains(classifier->subtype, "KERN_PROTECTION_FAILURE"))
		return FAULT_PROTECTION;
	if (!address.set)
		return FAULT_NONE;
	return is_canonical(classifier->arch, address.value) ? FAULT_WILD : FAULT_NON_CANONICAL;
}

static enum fault_kind find_kind(const struct classifier *classifier, struct u64_opt address) {
	enum fault_kind kind = kind_by_code(classifier);
	if (kind != FAULT_NONE) {
		step(classifier, "kind %s by exception code or subtype", fault_kind_names[kind]);
		return kind;
	}
	kind = kind_by_address(classifier, address);
	if (kind == FAULT_NEAR_NULL)
		step(classifier, "kind near_null: below 0x%" PRIx64 " (%s)",
			near_null_limit(classifier->arch),
			classifier->arch == REPORT_ARCH_ARM64    ? "arm64"
			: classifier->arch == REPORT_ARCH_X86_64 ? "x86_64"
								 : "unknown processor");
	else
		step(classifier, "kind %s by address and region", fault_kind_names[kind]);
	return kind;
}

/* Frame 0 was taken from the pc; authentication bits may stand above bit 46. */
static bool pc_fits(const struct report *report, const struct thread *thread) {
	const uint64_t mask = (UINT64_C(1) << 47) - 1;
	struct u64_opt pc = report_register(report, "pc");
	if (!pc.set)
		pc = report_register(report, "rip");
	if (!pc.set || !thread || !thread->frames.count || !thread->frames.items[0].address.set)
		return true;
	return (pc.value & mask) == (thread->frames.items[0].address.value & mask);
}

/* Whether the registers are those of the fault and not of what a signal handler did later. */
static bool registers_are_of_fault(const struct classifier *classifier) {
	const struct thread *thread = report_crashed_thread(classifier->report);
	for (size_t i = 0; thread && i < thread->frames.count; i++) {
		const char *symbol = thread->frames.items[i].symbol;
		if (symbol && !strcmp(symbol, "_sigtramp")) {
			step(classifier,
				"registers are a signal handler's (frame %zu is _sigtramp): "
				"access and base register unknown",
				i);
			return false;
		}
	}
	if (pc_fits(classifier->report, thread))
		return true;
	step(classifier, "pc is not the address of frame 0: access and base register unknown");
	return false;
}

static enum fault_access access_by_esr(uint64_t esr) {
	switch ((esr >> 26) & 0x3f) {
	case ESR_INSTRUCTION_ABORT_LOWER:
	case ESR_INSTRUCTION_ABORT:
		return ACCESS_EXECUTE;
	case ESR_DATA_ABORT_LOWER:
	case ESR_DATA_ABORT:
		return esr & 1u << 6 ? ACCESS_WRITE : ACCESS_READ;
	default:
		return ACCESS_UNKNOWN;
	}
}

/* "(Data Abort) byte read Translation fault" where the number is missing. */
static enum fault_access access_by_description(const char *description) {
	if (contains(description, "Instruction Abort"))
		return ACCESS_EXECUTE;
	if (!contains(description, "Data Abort"))
		return ACCESS_UNKNOWN;
	if (contains(description, "byte write"))
		return ACCESS_WRITE;
	return contains(description, "byte read") ? ACCESS_READ : ACCESS_UNKNOWN;
}

/* err is a page fault's only with trap 14; text reports may show err alone. */
static enum fault_access access_by_err(const struct report *report, uint64_t err) {
	struct u64_opt trap = report_register(report, "trap");
	if (trap.set && trap.value != X86_TRAP_PAGE_FAULT)
		return ACCESS_UNKNOWN;
	if (err & X86_ERR_EXECUTE)
		return ACCESS_EXECUTE;
	return err & X86_ERR_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static enum fault_access find_access(const struct classifier *classifier) {
	const struct report *report = classifier->report;
	struct u64_opt esr = report_register(report, "esr");
	struct u64_opt err = report_register(report, "err");
	enum fault_access access = ACCESS_UNKNOWN;
	if (classifier->arch == REPORT_ARCH_ARM64 && esr.set) {
		access = access_by_esr(esr.value);
		step(classifier, "esr 0x%" PRIx64 ", exception class 0x%x", esr.value,
			(unsigned)(esr.value >> 26) & 0x3f);
	} else if (classifier->arch == REPORT_ARCH_ARM64) {
		access = access_by_description(report->esr_description);
		step(classifier, "no esr, its description is %s",
			report->esr_description ? "read" : "missing too");
	} else if (err.set && !is_general_protection(classifier)) {
		access = access_by_err(report, err.value);
		step(classifier, "err 0x%" PRIx64, err.value);
	}
	step(classifier, "access %s",
		fault_access_names[access] ? fault_access_names[access] : "unknown");
	return access;
}

/*
 * A failed authentication changes the bits above the address, and the processor ignores the top
 * byte.
 */
static bool same_address(const struct fault *fault, uint64_t address) {
	uint64_t differs = address ^ fault->address.value;
	if (fault->kind == FAULT_PAC)
		differs <<= 17;
	else
		differs <<= 8;
	return !differs;
}

/* Whether operand, of an instruction that faulted on arch, explains the fault. */
static bool explains(const struct classifier *classifier, const struct insn_operand *operand,
	struct fault *fault) {
	uint64_t address;
	int64_t displacement;
	if ((fault->access == ACCESS_READ && !operand->read) ||
		(fault->access == ACCESS_WRITE && !operand->write))
		return false;
	if (!insn_address(operand, classifier->report, &address, &displacement))
		return false;
	bool same = classifier->arch == REPORT_ARCH_ARM64 ? same_address(fault, address)
							  : address == fault->address.value;
	step(classifier, "the instruction uses %s %s 0x%" PRIx64 "%s = 0x%" PRIx64 ": %s",
		operand->base, displacement < 0 ? "-" : "+",
		displacement < 0 ? -(uint64_t)displacement : (uint64_t)displacement,
		operand->index ? " (with its index register)" : "", address,
		same ? "the fault address" : "not the fault address");
	if (!same)
		return false;
	fault->base_register = operand->base;
	fault->displacement = (struct i64_opt){displacement, true};
	return true;
}

static void find_base(const struct classifier *classifier, struct fault *fault) {
	const struct report *report = classifier->report;
	struct insn insn;
	if (!report->at_pc_len || !fault->address.set || fault->access == ACCESS_EXECUTE)
		return;
	if (is_general_protection(classifier))
		return;
	if (!insn_decode(classifier->arch, report->at_pc, report->at_pc_len, &insn)) {
		step(classifier, "the instruction at pc is no load or store that we know");
		return;
	}
	for (size_t i = 0; i < insn.operand_count; i++) {
		if (explains(classifier, &insn.operands[i], fault))
			return;
	}
}

void fault_classify(const struct report *report, struct fault *ret, struct buf *explain) {
	struct classifier classifier = {
		.report = report,
		.arch = guess_arch(report),
		.subtype = report->exception.subtype ? report->exception.subtype : "",
		.explain = explain,
	};
	const char *type = report->exception.type;
	*ret = (struct fault){.kind = FAULT_NONE};
	if (!type || !text_starts(type, "EXC_BAD_ACCESS")) {
		step(&classifier, "%s has no fault address",
			type ? "this exception" : "no exception: it");
		return;
	}
	if (report->raw_code_count)
		classifier.code = (struct u64_opt){report->raw_codes[0], true};
	ret->address = find_address(&classifier);
	ret->kind = find_kind(&classifier, ret->address);
	if (!registers_are_of_fault(&classifier))
		return;
	ret->access = find_access(&classifier);
	find_base(&classifier, ret);
}
