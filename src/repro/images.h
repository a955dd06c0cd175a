/*
 * The images (program and shared libraries) in the memory of this process. The only header that
 * differs between loaders (images_*.c).
 */
#ifndef REPRO_IMAGES_H
#define REPRO_IMAGES_H

#include "base/err.h"
#include "repro/crash_report.h"

#include <stddef.h>
#include <stdint.h>

/* Where code may be read. */
struct image_code {
	uint64_t start, end;
};

struct images {
	struct crash_image *items; /* texts owned */
	size_t count, cap;
	struct image_code *code;
	size_t code_count, code_cap;
};

/* All that are loaded now. *ret is released with images_finish() in every case. -ENOMEM. */
int images_list(struct images *ret, struct err *err);
void images_finish(struct images *images);

/* The code around pc, borrowed from the process's own memory: at most *before_len and *at_len
 * bytes, which become what there is; 0 when pc is in no image. */
void images_code(const struct images *images, uint64_t pc, size_t *before_len, size_t *at_len);

#endif
