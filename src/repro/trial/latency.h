/*
 * How long calls took: a histogram whose buckets are as wide as a 32nd of what they hold, so that a
 * quantile is off by less than 2 % and a call costs no allocation. One thread writes to each.
 */
#ifndef REPRO_TRIAL_LATENCY_H
#define REPRO_TRIAL_LATENCY_H

#include <stdint.h>

#define LATENCY_FINE_BITS 5 /* 32 buckets for each power of two */
#define LATENCY_TOP_BITS 40 /* 18 minutes in nanoseconds; longer ones count as that */
#define LATENCY_BUCKETS ((LATENCY_TOP_BITS - LATENCY_FINE_BITS + 1) << LATENCY_FINE_BITS)

struct latency {
	uint64_t count;
	uint32_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t ns);
void latency_merge(struct latency *into, const struct latency *from);
/* The smallest time that permille of 1000 calls did not exceed; 0 without calls. */
double latency_quantile_us(const struct latency *latency, unsigned permille);

#endif
