/*
 * Random numbers that can be had again: splitmix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast
 * splittable pseudorandom number generators", 2014). Not for secrets.
 */
#ifndef TRIAGE_GENERATOR_H
#define TRIAGE_GENERATOR_H

#include <stdint.h>

struct generator {
	uint64_t state; /* the seed to begin with; any */
};

uint64_t generator_next(struct generator *generator);

/* 0 .. bound - 1, all equally likely. bound is at least 1. */
uint32_t generator_below(struct generator *generator, uint32_t bound);

#endif
