/*
 * The name of the tensor operation that a stack carries out.
 */
#ifndef TRIAGE_OPERATION_H
#define TRIAGE_OPERATION_H

#include "ips/report.h"

/* Part of a symbol that names an operation; borrowed from the frame. */
struct operation {
	const char *name; /* not NUL-terminated; NULL when no frame tells */
	size_t len;
	size_t frame;       /* index of the frame that told */
	const char *source; /* what kind of name it is, constant */
};

/*
 * From the topmost frame of the best kind: `*_mps_kernel`, then `at::_ops::NAME::call`, then MLX's
 * `NAME::eval_gpu`, then ggml's `ggml_metal_op_NAME` or `ggml_compute_forward_NAME`. Template
 * arguments and parameters never count. Linear in the symbols' length.
 */
struct operation operation_find(const struct frames *frames);

#endif
