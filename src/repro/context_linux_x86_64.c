/* Registers of x86_64 as Linux hands them to a signal handler. */
#include "repro/context.h"

#include <ucontext.h>

const enum report_arch context_arch = REPORT_ARCH_X86_64;

const char *const context_register_names[] = {"rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp",
	"rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rfl", "trap", "err",
	"cr2", NULL};

static const int numbers[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RDI, REG_RSI, REG_RBP,
	REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	REG_EFL, REG_TRAPNO, REG_ERR, REG_CR2};

void context_read(const void *ucontext, struct context *ret) {
	const greg_t *values = ((const ucontext_t *)ucontext)->uc_mcontext.gregs;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ret->registers[i] = (uint64_t)values[numbers[i]];
	ret->pc = (uint64_t)values[REG_RIP];
	ret->sp = (uint64_t)values[REG_RSP];
	ret->fp = (uint64_t)values[REG_RBP];
}
