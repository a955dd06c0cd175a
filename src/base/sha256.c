/*
 * SHA-256 in portable C, and the choice of a faster way.
 */
#include "base/sha256.h"

#include "base/sha256_blocks.h"

#include <stdatomic.h>
#include <string.h>

const uint32_t sha256_constants[64] = {
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n) {
	return x >> n | x << (32 - n);
}

static uint32_t load_be(const uint8_t *p) {
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be(uint8_t *p, uint32_t x) {
	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}

/* The next sixteen words of the schedule take the place of the last sixteen. */
static void next_words(uint32_t w[16]) {
	for (size_t i = 0; i < 16; i++) {
		uint32_t old = w[(i + 1) & 15], young = w[(i + 14) & 15];
		uint32_t a = rotate(old, 7) ^ rotate(old, 18) ^ old >> 3;
		uint32_t b = rotate(young, 17) ^ rotate(young, 19) ^ young >> 10;
		w[i] += a + w[(i + 9) & 15] + b;
	}
}

/* Instead of moving the eight words along, each round has its turn at another one. */
static inline void one_round(uint32_t s[8], unsigned turn, uint32_t word) {
	uint32_t a = s[-turn & 7], b = s[(1 - turn) & 7], c = s[(2 - turn) & 7];
	uint32_t e = s[(4 - turn) & 7], f = s[(5 - turn) & 7], g = s[(6 - turn) & 7];
	uint32_t t = s[(7 - turn) & 7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
		     (g ^ (e & (f ^ g))) + word;
	s[(3 - turn) & 7] += t;
	s[(7 - turn) & 7] =
		t + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
}

static inline void eight_rounds(uint32_t s[8], const uint32_t *w, const uint32_t *k) {
	one_round(s, 0, w[0] + k[0]);
	one_round(s, 1, w[1] + k[1]);
	one_round(s, 2, w[2] + k[2]);
	one_round(s, 3, w[3] + k[3]);
	one_round(s, 4, w[4] + k[4]);
	one_round(s, 5, w[5] + k[5]);
	one_round(s, 6, w[6] + k[6]);
	one_round(s, 7, w[7] + k[7]);
}

static void one_block(uint32_t state[8], const uint8_t *data) {
	uint32_t w[16], s[8];
	memcpy(s, state, sizeof s);
	for (size_t i = 0; i < 16; i++)
		w[i] = load_be(data + 4 * i);
	for (size_t i = 0; i < 64; i += 16) {
		if (i)
			next_words(w);
		eight_rounds(s, w, sha256_constants + i);
		eight_rounds(s, w + 8, sha256_constants + i + 8);
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks) {
	for (; blocks; blocks--, data += SHA256_BLOCK_BYTES)
		one_block(state, data);
}

static sha256_blocks_fn *choose_blocks(void) {
	/* Asking the processor can cost microseconds in a virtual machine: once is enough. */
	static _Atomic(sha256_blocks_fn *) chosen;
	sha256_blocks_fn *blocks = atomic_load_explicit(&chosen, memory_order_relaxed);
	if (blocks)
		return blocks;
	blocks = sha256_blocks_x86();
	if (!blocks)
		blocks = sha256_blocks_arm();
	if (!blocks)
		blocks = sha256_blocks_portable;
	atomic_store_explicit(&chosen, blocks, memory_order_relaxed);
	return blocks;
}

void sha256_start(struct sha256_stream *stream) {
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	*stream = (struct sha256_stream){0};
	memcpy(stream->state, start, sizeof start);
}

void sha256_add(struct sha256_stream *stream, const void *bytes, size_t len) {
	sha256_blocks_fn *blocks = choose_blocks();
	const uint8_t *p = bytes;
	size_t held = (size_t)(stream->len % SHA256_BLOCK_BYTES);
	stream->len += len;
	if (held) {
		size_t room = SHA256_BLOCK_BYTES - held, n = len < room ? len : room;
		if (n)
			memcpy(stream->rest + held, p, n);
		if (n < room)
			return;
		blocks(stream->state, stream->rest, 1);
		p += n;
		len -= n;
	}
	if (len >= SHA256_BLOCK_BYTES)
		blocks(stream->state, p, len / SHA256_BLOCK_BYTES);
	if (len % SHA256_BLOCK_BYTES)
		memcpy(stream->rest, p + len - len % SHA256_BLOCK_BYTES, len % SHA256_BLOCK_BYTES);
}

void sha256_end(struct sha256_stream *stream, uint8_t ret[SHA256_BYTES]) {
	uint8_t tail[2 * SHA256_BLOCK_BYTES] = {0};
	size_t rest = (size_t)(stream->len % SHA256_BLOCK_BYTES);
	size_t tail_blocks = rest + 9 > SHA256_BLOCK_BYTES ? 2 : 1;
	uint64_t bits = stream->len * 8;
	memcpy(tail, stream->rest, rest);
	tail[rest] = 0x80;
	uint8_t *end = tail + tail_blocks * SHA256_BLOCK_BYTES;
	store_be(end - 8, (uint32_t)(bits >> 32));
	store_be(end - 4, (uint32_t)bits);
	choose_blocks()(stream->state, tail, tail_blocks);
	for (size_t i = 0; i < 8; i++)
		store_be(ret + 4 * i, stream->state[i]);
}

void sha256(const void *bytes, size_t len, uint8_t ret[SHA256_BYTES]) {
	struct sha256_stream stream;
	sha256_start(&stream);
	sha256_add(&stream, bytes, len);
	sha256_end(&stream, ret);
}

void sha256_hex(const uint8_t digest[SHA256_BYTES], char ret[SHA256_HEX_BYTES]) {
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[2 * SHA256_BYTES] = '\0';
}
