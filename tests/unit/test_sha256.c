/* SHA-256: the vectors of FIPS 180-4, and the processor's way against the portable one. */
#include "base/sha256.h"
#include "base/sha256_blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const void *bytes, size_t len, const char *want) {
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	sha256(bytes, len, digest);
	sha256_hex(digest, hex);
	assert_string_equal(hex, want);
}

static void test_vectors(void **state) {
	check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
	check("\xBD", 1, "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
	check("\xC9\x8C\x8E\x55", 4,
		"7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504");
}

/* Zeros of the lengths at which the padding changes its shape. */
static void test_padding(void **state) {
	static const uint8_t zeros[1000] = {0};
	check(zeros, 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
	check(zeros, 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
	check(zeros, 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785");
	check(zeros, 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
	check(zeros, 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53");
}

static void test_million(void **state) {
	enum { LEN = 1000000 };
	char *text = malloc(LEN);
	assert_non_null(text);
	memset(text, 'a', LEN);
	check(text, LEN, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(text);
}

/* Cut anywhere, the pieces have the digest of the whole. */
static void test_pieces(void **state) {
	uint8_t data[300], whole[SHA256_BYTES], pieces[SHA256_BYTES];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof data; len += 37) {
		sha256(data, len, whole);
		for (size_t step = 1; step < 140; step++) {
			struct sha256_stream stream;
			sha256_start(&stream);
			for (size_t at = 0; at < len; at += step)
				sha256_add(&stream, data + at, len - at < step ? len - at : step);
			sha256_end(&stream, pieces);
			assert_memory_equal(whole, pieces, sizeof whole);
		}
	}
}

static void compare_ways(sha256_blocks_fn *way) {
	enum { BLOCKS = 33 };
	/* One byte more, so that the data is not aligned. */
	uint8_t data[BLOCKS * SHA256_BLOCK_BYTES + 1];
	uint32_t random = 1;
	for (size_t i = 0; i < sizeof data; i++) {
		random = random * 1664525 + 1013904223;
		data[i] = (uint8_t)(random >> 24);
	}
	uint32_t a[8], b[8];
	for (size_t i = 0; i < 8; i++)
		a[i] = b[i] = (uint32_t)i * 0x9E3779B9u;
	for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
		sha256_blocks_portable(a, data + 1, blocks);
		way(b, data + 1, blocks);
		assert_memory_equal(a, b, sizeof a);
	}
}

static void test_instructions(void **state) {
	sha256_blocks_fn *way = sha256_blocks_x86() ? sha256_blocks_x86() : sha256_blocks_arm();
	if (!way) {
		print_message("this processor has no instructions for SHA-256\n");
		skip();
	}
	compare_ways(way);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_instructions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
