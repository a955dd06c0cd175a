/*
 * What stands at a folder's path right now. Knows nothing of watching.
 */
#ifndef COLLECT_FOLDER_PROBE_H
#define COLLECT_FOLDER_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct folder_id {
	dev_t device;
	ino_t inode;
	int64_t changed_ns; /* when names in it last came or went; no part of what it is */
};

bool folder_id_equal(const struct folder_id *a, const struct folder_id *b);

/*
 * 0 when path is a folder whose names and files this user may look at. follow: path may be a link.
 * -ENOENT, -ENOTDIR, -EACCES, -EPERM (macOS: a folder behind Full Disk Access), -EMFILE ...
 */
int folder_probe(const char *path, bool follow, struct folder_id *ret);

/*
 * The folder in which something has to happen before path can be probed with success: the nearest
 * one above it, or above what it links to. *ret_path is to be freed. -EMFILE, -ENFILE, -ENOMEM.
 */
int folder_nearest(const char *path, char **ret_path, struct folder_id *ret);

/* Whether two absolute paths mean the same folder, be it there or not. */
bool folder_same(const char *a, const char *b);

#endif
