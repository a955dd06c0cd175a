/*
 * SHA-256 (FIPS 180-4), with the processor's instructions where it has them.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX_BYTES 65

void sha256(const void *bytes, size_t len, uint8_t ret[SHA256_BYTES]);
/* Lower-case hex with a NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char ret[SHA256_HEX_BYTES]);

#endif
