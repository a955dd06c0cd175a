/* No Metal on Linux. */
#include "repro/trial/backends.h"

const struct backend *const backends[] = {&backend_sim, NULL};
