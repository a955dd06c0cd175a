/* The real one first: the simulated one is asked for by name. */
#include "repro/trial/backends.h"

const struct backend *const backends[] = {&backend_metal, &backend_sim, NULL};
