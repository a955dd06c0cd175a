/*
 * Names of functions in the memory of this process: those that the loader knows, and of the program
 * itself also those that it keeps for itself, unless it was stripped. The only header that differs
 * between executable formats (symbols_*.c).
 */
#ifndef REPRO_SYMBOLS_H
#define REPRO_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols {
	const unsigned char *file; /* the program's, mapped; NULL: nothing more than the loader's */
	size_t len;
	uint64_t slide;
	const void *entries;
	size_t count;
	const char *names;
	size_t names_len;
};

/* Never fails: without the program's own table there are fewer names. */
void symbols_open(struct symbols *ret);
void symbols_close(struct symbols *symbols);

/* The function that address lies in, NULL when it is not known. Borrowed. */
const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *ret_start);

#endif
