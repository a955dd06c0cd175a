/* The end of a stream that may be endless. */
#ifndef REPRO_TAIL_H
#define REPRO_TAIL_H

#include <stdbool.h>
#include <stddef.h>

#define TAIL_BYTES (64u << 10)

struct tail {
	char *data; /* owned; NULL until something was added */
	size_t len;
	bool cut; /* something before it is gone */
};

/* -ENOMEM; then nothing is added. */
int tail_add(struct tail *tail, const char *bytes, size_t len);
/* At most the last TAIL_BYTES, whole lines if something was cut. Borrowed until the next call. */
const char *tail_text(const struct tail *tail, size_t *ret_len);
void tail_finish(struct tail *tail);

#endif
