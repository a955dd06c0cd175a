/* Registers of arm64 as Linux hands them to a signal handler. */
#include "repro/context.h"

#include <asm/sigcontext.h>
#include <ucontext.h>

enum { NUMBERED = 29, FP = NUMBERED, LR, SP, PC, CPSR, FAR, ESR };

const enum report_arch context_arch = REPORT_ARCH_ARM64;

const char *const context_register_names[] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8",
	"x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
	"x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr", "sp", "pc", "cpsr", "far",
	"esr", NULL};

/* The syndrome stands in a list of records behind the registers. */
static uint64_t find_esr(const mcontext_t *state) {
	const unsigned char *at = state->__reserved;
	const unsigned char *end = at + sizeof state->__reserved;
	while ((size_t)(end - at) >= sizeof(struct esr_context)) {
		const struct _aarch64_ctx *head = (const void *)at;
		if (head->magic == ESR_MAGIC)
			return ((const struct esr_context *)(const void *)at)->esr;
		if (!head->magic || head->size < sizeof *head || head->size > (size_t)(end - at))
			break;
		at += head->size;
	}
	return 0;
}

void context_read(const void *ucontext, struct context *ret) {
	const mcontext_t *state = &((const ucontext_t *)ucontext)->uc_mcontext;
	for (size_t i = 0; i <= LR; i++)
		ret->registers[i] = state->regs[i];
	ret->registers[SP] = state->sp;
	ret->registers[PC] = state->pc;
	ret->registers[CPSR] = state->pstate;
	ret->registers[FAR] = state->fault_address;
	ret->registers[ESR] = find_esr(state);
	ret->pc = state->pc;
	ret->sp = state->sp;
	ret->fp = state->regs[FP];
}
