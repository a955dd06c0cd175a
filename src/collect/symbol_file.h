/*
 * Where symbols are: the file of an image as the report names it, or a dSYM. The UUID alone decides
 * whether a file is the right one, never a name. Knows nothing of what is asked of it.
 */
#ifndef COLLECT_SYMBOL_FILE_H
#define COLLECT_SYMBOL_FILE_H

#include "ips/macho.h"
#include "ips/report.h"
#include "store/symbols.h"

#include <stdint.h>

/* An image whose symbols are wanted. */
struct symbol_want {
	const struct image *image; /* borrowed */
	uint8_t uuid[MACHO_UUID_BYTES];
	char *path;       /* of the file that has them, owned; NULL: none found (yet) */
	const char *arch; /* of the slice in it */
	enum store_symbol_source source;
};

struct symbol_search {
	const char *const *folders; /* with dSYMs, or dSYMs themselves; NULL-terminated */
	const char *mdfind;         /* NULL: Spotlight is not asked */
	const volatile bool *stop;  /* NULL: never */
	int64_t until_us;           /* of the monotonic clock */
};

/* False: the report's UUID or architecture tells of no image that could be found. */
bool symbol_want_init(struct symbol_want *ret, const struct image *image);
void symbol_want_finish(struct symbol_want *want);

/*
 * Looks for the file of each want that has none: a dSYM beside the image, then in the folders, then
 * the image itself, then what Spotlight knows. Bounded in time and in entries; what cannot be read
 * is passed over. False: the bound was reached before all were found.
 */
bool symbol_files_find(const struct symbol_search *search, struct symbol_want *wants, size_t count);

#endif
