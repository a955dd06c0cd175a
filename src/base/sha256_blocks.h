/*
 * The ways to compress blocks of 64 bytes; private to sha256*.c.
 */
#ifndef BASE_SHA256_BLOCKS_H
#define BASE_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64

extern const uint32_t sha256_constants[64];

typedef void sha256_blocks_fn(uint32_t state[8], const uint8_t *data, size_t blocks);

sha256_blocks_fn sha256_blocks_portable;

/* NULL when this processor (or the machine that this was built for) has no such instructions. */
sha256_blocks_fn *sha256_blocks_x86(void);
sha256_blocks_fn *sha256_blocks_arm(void);

#endif
