/*
 * SHA-256 with the instructions of ARMv8, where the compiler may count on them (every Mac); nothing
 * on other machines.
 */
#include "base/sha256_blocks.h"

#ifdef __ARM_FEATURE_SHA2

#include <arm_neon.h>

struct halves {
	uint32x4_t abcd, efgh;
};

static inline void four_rounds(struct halves *s, uint32x4_t words, const uint32_t *constants) {
	uint32x4_t wk = vaddq_u32(words, vld1q_u32(constants)), abcd = s->abcd;
	s->abcd = vsha256hq_u32(abcd, s->efgh, wk);
	s->efgh = vsha256h2q_u32(s->efgh, abcd, wk);
}

/* The sixteen words that went before, oldest first, give the next four. */
static inline uint32x4_t next_words(uint32x4_t m0, uint32x4_t m1, uint32x4_t m2, uint32x4_t m3) {
	return vsha256su1q_u32(vsha256su0q_u32(m0, m1), m2, m3);
}

static inline uint32x4_t load_words(const uint8_t *data) {
	return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data)));
}

static inline void one_block(struct halves *s, const uint8_t *data) {
	const struct halves before = *s;
	const uint32_t *k = sha256_constants;
	uint32x4_t m0 = load_words(data), m1 = load_words(data + 16);
	uint32x4_t m2 = load_words(data + 32), m3 = load_words(data + 48);
	for (int i = 0; i < 3; i++, k += 16) {
		four_rounds(s, m0, k);
		m0 = next_words(m0, m1, m2, m3);
		four_rounds(s, m1, k + 4);
		m1 = next_words(m1, m2, m3, m0);
		four_rounds(s, m2, k + 8);
		m2 = next_words(m2, m3, m0, m1);
		four_rounds(s, m3, k + 12);
		m3 = next_words(m3, m0, m1, m2);
	}
	four_rounds(s, m0, k);
	four_rounds(s, m1, k + 4);
	four_rounds(s, m2, k + 8);
	four_rounds(s, m3, k + 12);
	s->abcd = vaddq_u32(s->abcd, before.abcd);
	s->efgh = vaddq_u32(s->efgh, before.efgh);
}

static void blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
	struct halves s = {.abcd = vld1q_u32(state), .efgh = vld1q_u32(state + 4)};
	for (; blocks; blocks--, data += SHA256_BLOCK_BYTES)
		one_block(&s, data);
	vst1q_u32(state, s.abcd);
	vst1q_u32(state + 4, s.efgh);
}

sha256_blocks_fn *sha256_blocks_arm(void) {
	return blocks_sha;
}

#else

sha256_blocks_fn *sha256_blocks_arm(void) {
	return NULL;
}

#endif
