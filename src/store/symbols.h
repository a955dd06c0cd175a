/*
 * Symbols that were found for frames without one, by the UUID of the image and the offset in it.
 */
#ifndef STORE_SYMBOLS_H
#define STORE_SYMBOLS_H

#include "base/arena.h"
#include "store/store.h"

/* Rows kept; the oldest go, and most of them when the database is too large. About 6 MB. */
#define STORE_SYMBOLS_MAX 40000
/* That a file names nothing at a place is believed for so long. */
#define STORE_SYMBOL_NOTHING_US (INT64_C(86400) * 1000000)

enum store_symbol_source { STORE_SYMBOL_IMAGE, STORE_SYMBOL_DSYM, STORE_SYMBOL_SOURCE_COUNT };

struct store_symbol {
	const char *uuid;                 /* lower case with dashes */
	uint64_t offset;                  /* below 2^63 */
	const struct found_symbol *found; /* NULL: nothing */
	enum store_symbol_source source;
	int64_t at_us;
};

/* 1: something is known of this image, or of any for NULL; cheap. */
int store_symbols_known(struct store *store, const char *uuid, struct err *err);
/* Fills found (which lives in arena), source and at_us for uuid and offset. 1, or 0 when nothing is
 * known of the place. */
int store_symbol_find(
	struct store *store, struct arena *arena, struct store_symbol *symbol, struct err *err);
/* Replaces what was known of those places, in a transaction of its own. */
int store_symbols_put(
	struct store *store, const struct store_symbol *symbols, size_t count, struct err *err);

/* Of a damaged database: what can still be read of them, into the new one; nothing is lost for good
 * by what cannot. */
int store_salvage_symbols(const char *path, struct store *to, uint64_t *ret_saved, struct err *err);

#endif
