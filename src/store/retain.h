/*
 * What the parts of retention share: the walk over incidents from the oldest on, and the state of a
 * run that is cut into slices.
 */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/internal.h"

enum retain_step {
	RETAIN_IDLE,
	RETAIN_AGED_ROWS,
	RETAIN_AGED_RAW,
	RETAIN_SIZE, /* is it too large now? */
	RETAIN_SIZE_RAW,
	RETAIN_SIZE_ROWS,
	RETAIN_FILES,
	RETAIN_TEXTS,
	RETAIN_REST,
	RETAIN_PAGES,
	RETAIN_LOG,
};

enum retain_texts_phase {
	TEXTS_BEGIN,
	TEXTS_ROWS,
	TEXTS_STACKS,
	TEXTS_CALLS,
	TEXTS_WORDS,
	TEXTS_SYMBOLS
};

/* An incident as the walk meets it. */
struct retain_row {
	int64_t id;
	struct i64_opt captured_at, signature;
	int64_t at; /* capture time, else when it was first seen */
	int64_t kind, raw_id;
};

#define RETAIN_GROUPS 64
#define RETAIN_NEWEST 3
/* File rows of one incident; what lies beyond is left to the walk over files. */
#define RETAIN_MAX_FILES 64

/* The incidents of one signature and kind that stay: the first and the newest. */
struct retain_group {
	bool used;
	struct i64_opt signature;
	int64_t kind, ids[1 + RETAIN_NEWEST];
	size_t count;
};

/* Which texts are in use: a bit for each row id up to the highest one at the start. What comes
 * later is in use. */
struct retain_marks {
	uint8_t *bits[2]; /* word, symbol; NULL: nobody marks */
	int64_t last[2];
};

struct keeper {
	struct store_retention limits;
	enum retain_step step;
	struct store_retained done; /* in this slice */
	int64_t deadline_us;
	/* The walk of this step. */
	bool walk_whole;          /* over rows with their bytes only */
	bool walk_undated;        /* those without a capture time come first */
	struct i64_opt walked_at; /* where it stands */
	int64_t walked_id;
	/* Of this transaction. */
	struct retain_group groups[RETAIN_GROUPS];
	int64_t newest_id, page_bytes;
	/* Of this run. Bytes are estimates made of packed lengths, the same in a dry run. */
	bool aged, files, full; /* what it does; full: it was not asked for by a due */
	bool changed, size_changed, was_too_big;
	bool written_back, just_written_back; /* the log: in this run, in the last slice */
	int64_t target, freed, kept_raw, row_bytes;
	int64_t total_freed; /* dry run: of all steps */
	/* Texts. */
	enum retain_texts_phase texts;
	struct retain_marks marks;
	int64_t marked_version; /* data_version when marking began */
	int64_t rows_since_texts;
	/* Between runs. */
	bool asked; /* store_retention_due() has said what is due */
	bool aged_due, files_due;
	struct i64_opt aged_at_us, files_at_us; /* monotonic; when it was done last */
	struct i64_opt stuck_at_us;             /* monotonic; nothing more could be removed */
	int64_t stuck_bytes;
};

bool retain_is_late(const struct keeper *keeper);

/* ---- retain_walk.c ---- */

/* Starts a walk from the oldest on. */
void retain_walk(struct keeper *keeper, bool whole);
/* The next rows behind those that were passed, at most max. */
int retain_next(struct store *store, struct keeper *keeper, struct retain_row *ret, size_t max,
	size_t *ret_count, struct err *err);
/* The walk is past row. */
void retain_pass(struct keeper *keeper, const struct retain_row *row);
/* Forgets what was learned in the last transaction. */
int retain_look_again(struct store *store, struct keeper *keeper, struct err *err);
/* 1 when row is one of those that stay whole, else 0. */
int retain_protected(
	struct store *store, struct keeper *keeper, const struct retain_row *row, struct err *err);
/* What the user asked back long ago is like everything else. */
int retain_forget_kept(struct store *store, const struct keeper *keeper, struct err *err);

/* A row of raw or of file that incidents share. */
struct retain_owner {
	bool is_file;
	int64_t id;
	int64_t before_us; /* older incidents may go */
};
/* 1 when row is the last, in the walk's order, of those that share it, and all others are old
 * enough and not protected; else 0. */
int retain_shared_can_go(struct store *store, struct keeper *keeper, const struct retain_row *row,
	const struct retain_owner *owner, struct err *err);

/* ---- retain_remove.c ---- */

/* Length of the packed bytes of a raw row, 0 when they are gone. */
int retain_raw_length(struct store *store, int64_t raw_id, int64_t *ret, struct err *err);
/* How many incidents share them. */
int retain_count_raw(struct store *store, int64_t raw_id, uint64_t *ret, struct err *err);
/* Empties the raw row; *ret_incidents is how many have lost their bytes. */
int retain_remove_raw(
	struct store *store, int64_t raw_id, uint64_t *ret_incidents, struct err *err);
/* Deletes the row and all that only it needs; adds to *files the rows of files that are gone. */
int retain_remove_row(
	struct store *store, const struct retain_row *row, uint64_t *files, struct err *err);

struct retain_files {
	int64_t ids[RETAIN_MAX_FILES];
	size_t count;
};
/* The file rows of an incident, its own and those of its sightings. */
int retain_files_of(struct store *store, int64_t id, struct retain_files *ret, struct err *err);
/* 1 when the row's file is no longer there while its folder is, or was one of another machine. */
int retain_file_is_gone(struct store *store, int64_t file_id, struct err *err);
int retain_remove_file(struct store *store, int64_t file_id, struct err *err);

/* ---- retain_texts.c ---- */

/* Goes on with dropping words and symbols that nobody refers to. 1: done. */
int retain_texts(struct store *store, struct keeper *keeper, struct err *err);
void retain_texts_finish(struct keeper *keeper);

/* ---- symbols.c ---- */

/* Found symbols are as old as their lookup, and can be found again. */
int retain_symbols(struct store *store, const struct keeper *keeper, struct err *err);

/* ---- retain_steps.c ---- */

/* Each goes on with its step. 1: done, 0: it is late. */
int retain_aged_rows(struct store *store, struct keeper *keeper, struct err *err);
int retain_aged_raw(struct store *store, struct keeper *keeper, struct err *err);
int retain_size_raw(struct store *store, struct keeper *keeper, struct err *err);
int retain_size_rows(struct store *store, struct keeper *keeper, struct err *err);
int retain_gone_files(struct store *store, struct keeper *keeper, struct err *err);
int retain_pages(struct store *store, struct keeper *keeper, struct err *err);
/* Bytes of the pages in use. */
int retain_used_bytes(
	struct store *store, const struct keeper *keeper, int64_t *ret, struct err *err);

#endif
