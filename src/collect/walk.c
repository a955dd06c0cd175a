/* Names and inodes. Knows nothing of reports. */
#include "collect/walk.h"

#include "base/file_times.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Folders deeper than this are not reports' folders but a loop or a joke. */
#define DEPTH_MAX 32

static struct file_identity identity_of(const struct stat *st) {
	return (struct file_identity){
		.device = (uint64_t)st->st_dev,
		.inode = (uint64_t)st->st_ino,
		.size = st->st_size,
		.mtime_ns = file_time_ns(FILE_MTIME(st)),
		.ctime_ns = file_time_ns(FILE_CTIME(st)),
	};
}

/* Takes path. */
static struct candidate *add(struct walk *walk, char *path) {
	if (path && walk->count == walk->cap) {
		size_t cap = walk->cap ? walk->cap * 2 : 64;
		struct candidate *items = realloc(walk->items, cap * sizeof *items);
		if (items) {
			walk->items = items;
			walk->cap = cap;
		}
	}
	if (!path || walk->count == walk->cap) {
		free(path);
		return NULL;
	}
	walk->items[walk->count] = (struct candidate){.path = path};
	return &walk->items[walk->count++];
}

static char *join(const char *folder, const char *name) {
	size_t len = strlen(folder) + strlen(name) + 2;
	char *path = malloc(len);
	if (path)
		snprintf(path, len, "%s/%s", folder, name);
	return path;
}

/* A link is followed only to a file that stands in the same tree. */
static void resolve_link(struct candidate *candidate, const char *root) {
	char *target = realpath(candidate->path, NULL);
	size_t root_len = strlen(root);
	struct stat st;
	if (!target)
		candidate->refused = "a link to nothing";
	else if (strncmp(target, root, root_len) != 0 || target[root_len] != '/')
		candidate->refused = "a link out of the folder";
	else if (stat(target, &st) != 0)
		candidate->refused = "a link to nothing";
	if (candidate->refused) {
		free(target);
		return;
	}
	free(candidate->path);
	candidate->path = target;
	candidate->identity = identity_of(&st);
}

struct level {
	const char *root; /* real path of the folder that the user named */
	int depth;
	enum walk_depth mode;
};

static int add_folder(struct walk *walk, const char *folder, struct level level, struct err *err);

/* A folder inside a folder. */
static int add_subfolder(
	struct walk *walk, char *path, const char *name, struct level level, struct err *err) {
	bool enter = level.mode == WALK_RECURSIVE
			     ? level.depth < DEPTH_MAX
			     : level.depth == 0 && strcmp(name, "Retired") == 0;
	if (enter) {
		level.depth++;
		int code = add_folder(walk, path, level, err);
		free(path);
		return code == -ENOMEM ? code : 0; /* a part that cannot be read hides no other */
	}
	if (!text_ends(name, ".ips")) {
		free(path);
		return 0;
	}
	struct candidate *candidate = add(walk, path);
	if (!candidate)
		return err_set(err, -ENOMEM, "out of memory");
	candidate->refused = "a folder";
	return 0;
}

static int add_entry(struct walk *walk, const char *folder, const char *name, struct level level,
	struct err *err) {
	struct stat st;
	char *path = join(folder, name);
	if (!path)
		return err_set(err, -ENOMEM, "out of memory");
	if (lstat(path, &st) != 0) { /* gone since the folder was read */
		free(path);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return add_subfolder(walk, path, name, level, err);
	struct candidate *candidate = add(walk, path);
	if (!candidate)
		return err_set(err, -ENOMEM, "out of memory");
	candidate->identity = identity_of(&st);
	if (S_ISLNK(st.st_mode))
		resolve_link(candidate, level.root);
	else if (!S_ISREG(st.st_mode))
		candidate->refused = S_ISFIFO(st.st_mode) ? "a FIFO, no file" : "no regular file";
	return 0;
}

static int visible(const struct dirent *entry) {
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b) {
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct walk *walk, const char *folder, struct level level, struct err *err) {
	struct dirent **entries;
	int count = scandir(folder, &entries, visible, by_name);
	if (count < 0)
		return err_set(err, -errno, "%s: %s", folder, strerror(errno));
	int code = 0;
	for (int i = 0; i < count; i++) {
		if (!code)
			code = add_entry(walk, folder, entries[i]->d_name, level, err);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int add_named(
	struct walk *walk, const char *path, char *real, const struct stat *st, struct err *err) {
	struct candidate *candidate = add(walk, real ? real : strdup(path));
	if (!candidate)
		return err_set(err, -ENOMEM, "out of memory");
	candidate->identity = identity_of(st);
	candidate->named = true;
	return 0;
}

int walk_add(struct walk *walk, const char *path, enum walk_depth depth, struct err *err) {
	struct stat st;
	if (stat(path, &st) != 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	char *real = realpath(path, NULL);
	if (!S_ISDIR(st.st_mode))
		return add_named(walk, path, real, &st, err);
	if (!real)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	int code = add_folder(walk, real, (struct level){real, 0, depth}, err);
	free(real);
	return code;
}

void walk_finish(struct walk *walk) {
	for (size_t i = 0; i < walk->count; i++)
		free(walk->items[i].path);
	free(walk->items);
	*walk = (struct walk){0};
}
