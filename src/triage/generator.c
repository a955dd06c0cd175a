/* Numbers from a seed alone; knows nothing of what is drawn with them. */
#include "triage/generator.h"

#include <assert.h>

uint64_t generator_next(struct generator *generator) {
	uint64_t bits = generator->state += UINT64_C(0x9e3779b97f4a7c15);
	bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
	return bits ^ bits >> 31;
}

/* A product with the upper half of a draw falls into one of bound classes of 2^32; the few draws
 * that would make some of them larger are thrown away (D. Lemire, 2019). */
uint32_t generator_below(struct generator *generator, uint32_t bound) {
	assert(bound > 0);
	uint64_t product = (generator_next(generator) >> 32) * bound;
	if ((uint32_t)product < bound) {
		uint32_t surplus = -bound % bound;
		while ((uint32_t)product < surplus)
			product = (generator_next(generator) >> 32) * bound;
	}
	return (uint32_t)(product >> 32);
}
