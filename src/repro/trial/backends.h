/* The backends that this build has: the only table that differs between platforms (backends_*.c).
 */
#ifndef REPRO_TRIAL_BACKENDS_H
#define REPRO_TRIAL_BACKENDS_H

#include "repro/trial/backend.h"

/* NULL-terminated; the first one is the default. */
extern const struct backend *const backends[];

#endif
