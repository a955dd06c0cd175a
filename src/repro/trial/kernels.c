/* What the kernels are called: in options, in answers and in the backends' sources. */
#include "repro/trial/backend.h"

const char *const kernel_names[KERNEL_COUNT] = {
	[KERNEL_ADD] = "add",
	[KERNEL_MUL] = "mul",
	[KERNEL_COPY] = "copy",
};
