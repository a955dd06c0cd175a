/*
 * The machine that an experiment ran on, as far as it may have a say in the result: model, system,
 * driver, power, heat, memory, load, and the environment variables that change behaviour.
 */
#ifndef REPRO_FINGERPRINT_H
#define REPRO_FINGERPRINT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* Appends one JSON object; facts that the system does not tell are left out. -ENOMEM. */
int fingerprint_take(struct buf *ret, struct err *err);

/* Whether a variable changes how PyTorch, MLX, ggml, Metal, malloc, the loader or Python behave. */
bool fingerprint_is_telling(const char *name);
/* Whether it switches one of Metal's validation layers, which shift crashes: a part of a condition.
 */
bool fingerprint_is_validation(const char *name);

#endif
