/*
 * Which files a scan looks at: those named by the user, and those of folders with their Retired/.
 * Looks at names and inodes only; opens no file.
 */
#ifndef COLLECT_WALK_H
#define COLLECT_WALK_H

#include "base/err.h"
#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>

struct candidate {
	char *path;                    /* owned; absolute unless it could not be resolved */
	struct file_identity identity; /* as far as it could be read */
	bool named;                    /* the user named this very file */
	const char *refused;           /* NULL, or why it is rejected unread (constant text) */
	bool folder; /* refused is about a folder: told, but no file's record is kept of it */
};

struct walk {
	struct candidate *items; /* owned */
	size_t count, cap;
};

enum walk_depth {
	WALK_RETIRED,   /* the folder and its Retired/ */
	WALK_RECURSIVE, /* everything below, links to folders excepted */
};

/*
 * Adds what path stands for: itself if it is a file, its content (sorted by name) if it is a
 * folder. Names that start with a dot are not looked at. -ENOENT, -EACCES ... when path cannot be
 * looked at (nothing was added). Without memory or descriptors anywhere: -ENOMEM, -EMFILE, -ENFILE.
 */
int walk_add(struct walk *walk, const char *path, enum walk_depth depth, struct err *err);
/*
 * Adds the one file of that name in folder, a folder that walk_add() was given or its Retired/, as
 * walk_add() would. Nothing when it is gone, hidden, or a folder. Same errors.
 */
int walk_add_name(struct walk *walk, const char *folder, const char *name, struct err *err);
void walk_finish(struct walk *walk);

#endif
