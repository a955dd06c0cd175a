/*
 * SHA-256 (FIPS 180-4), with the processor's instructions where it has them.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65

/* In pieces. */
struct sha256_stream {
	uint32_t state[8];
	uint8_t rest[64]; /* of a block that is not full */
	uint64_t len;
};
void sha256_start(struct sha256_stream *stream);
void sha256_add(struct sha256_stream *stream, const void *bytes, size_t len);
void sha256_end(struct sha256_stream *stream, uint8_t ret[SHA256_BYTES]);

void sha256(const void *bytes, size_t len, uint8_t ret[SHA256_BYTES]);
/* Lower-case hex with a NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char ret[SHA256_HEX_BYTES]);

#endif
