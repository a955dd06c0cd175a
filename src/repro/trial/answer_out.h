/* The lines that a trial says on its standard output (repro/answer.h). */
#ifndef REPRO_TRIAL_ANSWER_OUT_H
#define REPRO_TRIAL_ANSWER_OUT_H

#include "repro/trial/measure.h"

#include <stdio.h>

struct answer_start {
	int64_t launched_at_us; /* since 1970 */
	const char *backend, *device, *scenario, *lock;
	unsigned threads;
};

/* Each writes a whole line and flushes. 0, or -1: the output is broken. */
int answer_out_start(FILE *out, const struct answer_start *start);
int answer_out_end(FILE *out, const struct measured *measured);

/* As JSON text in quotes, NULL as null. What is not UTF-8 becomes U+FFFD. */
void answer_out_text(FILE *out, const char *text);

#endif
