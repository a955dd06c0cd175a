/*
 * The beginning and the end of a stream that may be endless: what a trial says first and last.
 */
#ifndef REPRO_OUTPUT_H
#define REPRO_OUTPUT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_HEAD_BYTES (64u << 10)
/* All stacks of a process that hangs stand in one line near the end. */
#define OUTPUT_TAIL_BYTES (512u << 10)

struct output {
	struct buf head, tail; /* the tail begins where the head ends, unless cut */
	bool cut;              /* something between them is gone */
	bool failed;           /* out of memory: something is missing */
};

void output_add(struct output *output, const char *bytes, size_t len);
/* Whole lines, in their order; what was cut away leaves nothing. Appends. */
void output_text(const struct output *output, struct buf *ret);
/* Empties it and keeps the memory. */
void output_reset(struct output *output);
void output_finish(struct output *output);

#endif
