/* A shuffle of which one place can be told without making the others. */
#include "repro/experiment.h"

/* splitmix64's finishing step: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t value) {
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* From 0 to last. */
static size_t choose(uint64_t seed, uint64_t block, size_t last) {
	return (size_t)(mix(mix(mix(seed) + block) + last) % (last + 1));
}

size_t experiment_order(uint64_t seed, size_t conditions, int64_t slot) {
	if (!conditions || slot < 0)
		return 0;
	uint64_t block = (uint64_t)slot / conditions;
	size_t place = (size_t)((uint64_t)slot % conditions);
	/* The shuffle swaps each place, the last one first, with a chosen one before it; so what
	 * stands here is found by undoing the swaps, the last one first. */
	for (size_t i = 1; i < conditions; i++) {
		size_t other = choose(seed, block, i);
		if (place == i)
			place = other;
		else if (place == other)
			place = i;
	}
	return place;
}
