/*
 * Rows of raw and dictionary found in a damaged file page by page, without the trees that lead to
 * them: each leaf stands for itself. Knows SQLite's file format
 * (https://www.sqlite.org/fileformat.html) and the shape of those two tables.
 */
#ifndef STORE_CARVE_H
#define STORE_CARVE_H

#include "store/internal.h"

enum carved_table { CARVED_RAW, CARVED_DICTIONARY, CARVED_TABLE_COUNT };

#define CARVED_COLUMNS_MAX 7

/* One column; kind is SQLite's type. */
struct carved_value {
	int kind;
	int64_t number;
	const unsigned char *bytes; /* borrowed for the call */
	size_t len;
};

struct carved_row {
	enum carved_table table;
	int64_t id;
	struct carved_value columns[CARVED_COLUMNS_MAX]; /* as in the schema; [0] stands for id */
};

struct carve_options {
	enum carved_table table;
	/* Whether on_row is to be called, before all of the row is read. emptied: its last column,
	 * the bytes, is empty. */
	bool (*wants)(int64_t id, bool emptied, void *user);
	/* The row may be an old one, or have parts that were overwritten. Non-zero ends it. */
	int (*on_row)(const struct carved_row *row, void *user);
	/* Wanted, but a part of it is missing. */
	void (*on_torn)(int64_t id, void *user);
	void *user;
};

/* Reads the main file of store through SQLite's own descriptor, not its log. 0, what on_row
 * returned, or -ENOMEM. */
int store_carve(struct store *store, const struct carve_options *options);

#endif
