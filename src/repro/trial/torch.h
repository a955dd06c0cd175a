/* The scenario torch: the trial becomes a Python with PyTorch, which answers in our stead. */
#ifndef REPRO_TRIAL_TORCH_H
#define REPRO_TRIAL_TORCH_H

#include "repro/trial/trial.h"

/* Returns only when the program could not be run: -1 with *err set. */
int torch_exec(const struct trial_options *options, struct trial_error *err);

#endif
