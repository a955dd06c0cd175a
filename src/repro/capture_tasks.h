/* The threads of this process as the kernel lists them. All of it may be called in a handler. */
#ifndef REPRO_CAPTURE_TASKS_H
#define REPRO_CAPTURE_TASKS_H

#include "repro/capture.h"

/* Fills the numbers, everything else is nothing; self is among them whatever happens. */
void capture_tasks_list(struct capture_threads *ret, uint64_t self);
/* Adds the names. */
void capture_tasks_name(struct capture_threads *threads);

/* NULL when it is not listed. */
struct capture_thread *capture_tasks_find(struct capture_threads *threads, uint64_t id);

#endif
