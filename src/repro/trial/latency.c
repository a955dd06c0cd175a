/* The bucket of a time: below 64 ns its own; above, its highest bit and the five bits below it. */
#include "repro/trial/latency.h"

static unsigned latency_bucket(uint64_t ns) {
	if (ns >> LATENCY_TOP_BITS)
		return LATENCY_BUCKETS - 1;
	if (ns < 2u << LATENCY_FINE_BITS)
		return (unsigned)ns;
	unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - LATENCY_FINE_BITS;
	return (shift << LATENCY_FINE_BITS) + (unsigned)(ns >> shift);
}

static double latency_middle_ns(unsigned bucket) {
	if (bucket < 2u << LATENCY_FINE_BITS)
		return bucket;
	unsigned shift = (bucket >> LATENCY_FINE_BITS) - 1;
	uint64_t low = (uint64_t)(bucket - (shift << LATENCY_FINE_BITS)) << shift;
	return (double)low + (double)((UINT64_C(1) << shift) - 1) / 2;
}

void latency_add(struct latency *latency, uint64_t ns) {
	latency->buckets[latency_bucket(ns)]++;
	latency->count++;
}

void latency_merge(struct latency *into, const struct latency *from) {
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->count += from->count;
}

double latency_quantile_us(const struct latency *latency, unsigned permille) {
	if (!latency->count)
		return 0;
	uint64_t rank = (latency->count * permille + 999) / 1000, seen = 0;
	unsigned bucket = 0;
	for (; bucket < LATENCY_BUCKETS - 1; bucket++) {
		seen += latency->buckets[bucket];
		if (seen && seen >= rank)
			break;
	}
	return latency_middle_ns(bucket) / 1000;
}
