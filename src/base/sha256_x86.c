/*
 * SHA-256 with the SHA extensions of x86_64, where the processor has them; nothing on other
 * machines.
 */
#include "base/sha256_blocks.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

/* The halves of the state as the instructions want them. */
struct halves {
	__m128i abef, cdgh;
};

SHA_TARGET static inline void four_rounds(
	struct halves *s, __m128i words, const uint32_t *constants) {
	__m128i k = _mm_loadu_si128((const __m128i *)(const void *)constants);
	__m128i wk = _mm_add_epi32(words, k);
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(wk, 0x0E));
}

/* The sixteen words that went before, oldest first, give the next four. */
SHA_TARGET static inline __m128i next_words(__m128i m0, __m128i m1, __m128i m2, __m128i m3) {
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8(m3, m2, 4));
	return _mm_sha256msg2_epu32(sum, m3);
}

SHA_TARGET static inline __m128i load_words(const uint8_t *data) {
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data), swap);
}

SHA_TARGET static inline void one_block(struct halves *s, const uint8_t *data) {
	const struct halves before = *s;
	const uint32_t *k = sha256_constants;
	__m128i m0 = load_words(data), m1 = load_words(data + 16);
	__m128i m2 = load_words(data + 32), m3 = load_words(data + 48);
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
	s->abef = _mm_add_epi32(s->abef, before.abef);
	s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

SHA_TARGET static void blocks_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
	__m128i *stored = (__m128i *)(void *)state;
	__m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(stored), 0xB1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(stored + 1), 0x1B);
	struct halves s = {
		.abef = _mm_alignr_epi8(cdab, efgh, 8),
		.cdgh = _mm_blend_epi16(efgh, cdab, 0xF0),
	};
	for (; blocks; blocks--, data += SHA256_BLOCK_BYTES)
		one_block(&s, data);
	__m128i feba = _mm_shuffle_epi32(s.abef, 0x1B), dchg = _mm_shuffle_epi32(s.cdgh, 0xB1);
	_mm_storeu_si128(stored, _mm_blend_epi16(feba, dchg, 0xF0));
	_mm_storeu_si128(stored + 1, _mm_alignr_epi8(dchg, feba, 8));
}

static bool has_instructions(void) {
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

sha256_blocks_fn *sha256_blocks_x86(void) {
	return has_instructions() ? blocks_sha : NULL;
}

#else

sha256_blocks_fn *sha256_blocks_x86(void) {
	return NULL;
}

#endif
