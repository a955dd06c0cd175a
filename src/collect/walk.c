/* Names and inodes. Knows nothing of reports. */
#include "collect/walk.h"

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
	candidate->identity = file_identity_of(&st);
}

/* A folder that is still to be read. */
struct folder {
	char *path; /* owned */
	int depth;  /* below the folder that the user named */
	struct folder *next;
};

struct descent {
	struct walk *walk;
	const char *root; /* real path of the folder that the user named */
	enum walk_depth mode;
	struct folder *folders; /* read in the order in which they were found */
	struct folder **tail;
	struct err *err;
};

static int out_of_memory(struct err *err) {
	return err_set(err, -ENOMEM, "out of memory");
}

/* Takes path. */
static int push_folder(struct descent *descent, char *path, int depth) {
	struct folder *folder = path ? malloc(sizeof *folder) : NULL;
	if (!folder) {
		free(path);
		return out_of_memory(descent->err);
	}
	*folder = (struct folder){.path = path, .depth = depth};
	*descent->tail = folder;
	descent->tail = &folder->next;
	return 0;
}

/* Takes path. why: constant text. */
static int refuse(struct descent *descent, char *path, const char *why) {
	struct candidate *candidate = add(descent->walk, path);
	if (!candidate)
		return out_of_memory(descent->err);
	candidate->refused = why;
	return 0;
}

/* A folder inside a folder; takes path. */
static int add_subfolder(struct descent *descent, char *path, const char *name, int depth) {
	bool enter = descent->mode == WALK_RECURSIVE ? depth < DEPTH_MAX
						     : depth == 0 && strcmp(name, "Retired") == 0;
	if (enter)
		return push_folder(descent, path, depth + 1);
	if (descent->mode == WALK_RECURSIVE)
		return refuse(descent, path, "a folder nested too deep");
	if (text_ends(name, ".ips"))
		return refuse(descent, path, "a folder");
	free(path);
	return 0;
}

static int add_entry(struct descent *descent, const struct folder *folder, const char *name) {
	struct stat st;
	char *path = join(folder->path, name);
	if (!path)
		return out_of_memory(descent->err);
	if (lstat(path, &st) != 0) {
		if (errno != ENOENT)
			return refuse(descent, path, "cannot be looked at");
		free(path); /* gone since the folder was read */
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return add_subfolder(descent, path, name, folder->depth);
	struct candidate *candidate = add(descent->walk, path);
	if (!candidate)
		return out_of_memory(descent->err);
	candidate->identity = file_identity_of(&st);
	if (S_ISLNK(st.st_mode))
		resolve_link(candidate, descent->root);
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

static int read_folder(struct descent *descent, const struct folder *folder) {
	struct dirent **entries;
	int count = scandir(folder->path, &entries, visible, by_name);
	if (count < 0)
		return err_set(descent->err, -errno, "%s: %s", folder->path, strerror(errno));
	int code = 0;
	for (int i = 0; i < count; i++) {
		if (!code)
			code = add_entry(descent, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int pass_unreadable(struct descent *descent, struct folder *folder, int code) {
	char *path = folder->path;
	if (code == -ENOENT)
		return 0;
	folder->path = NULL;
	int r = refuse(descent, path, "a folder that cannot be read");
	if (r == 0)
		descent->walk->items[descent->walk->count - 1].folder = true;
	return r;
}

static bool is_shortage(int code) {
	return code == -ENOMEM || code == -EMFILE || code == -ENFILE;
}

/* A part that cannot be read hides no other; only the folder that the user named must be readable.
 */
static int descend(struct descent *descent) {
	int code = 0;
	while (descent->folders) {
		struct folder *folder = descent->folders;
		if (!code)
			code = read_folder(descent, folder);
		if (code && !is_shortage(code) && folder->depth)
			code = pass_unreadable(descent, folder, code);
		descent->folders = folder->next;
		if (!descent->folders)
			descent->tail = &descent->folders;
		free(folder->path);
		free(folder);
	}
	return code;
}

static int add_named(
	struct walk *walk, const char *path, char *real, const struct stat *st, struct err *err) {
	struct candidate *candidate = add(walk, real ? real : strdup(path));
	if (!candidate)
		return err_set(err, -ENOMEM, "out of memory");
	candidate->identity = file_identity_of(st);
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
	struct descent descent = {.walk = walk, .root = real, .mode = depth, .err = err};
	descent.tail = &descent.folders;
	int code = push_folder(&descent, strdup(real), 0);
	if (!code)
		code = descend(&descent);
	free(real);
	return code;
}

/* The folder that stands in for the one the user named: above Retired/ where that is meant. */
static char *root_of(const char *folder) {
	size_t len = strlen(folder);
	return strndup(folder, text_ends(folder, "/Retired") ? len - strlen("/Retired") : len);
}

int walk_add_name(struct walk *walk, const char *folder, const char *name, struct err *err) {
	if (name[0] == '.' || !name[0] || strchr(name, '/'))
		return 0;
	char *real = realpath(folder, NULL);
	if (!real)
		return errno == ENOENT ? 0
				       : err_set(err, -errno, "%s: %s", folder, strerror(errno));
	char *root = root_of(real);
	struct descent descent = {.walk = walk, .root = root, .mode = WALK_RETIRED, .err = err};
	/* No folder is entered: what is in one has events of its own. */
	const struct folder place = {.path = real, .depth = DEPTH_MAX};
	int code = root ? add_entry(&descent, &place, name) : out_of_memory(err);
	free(root);
	free(real);
	return code;
}

void walk_finish(struct walk *walk) {
	for (size_t i = 0; i < walk->count; i++)
		free(walk->items[i].path);
	free(walk->items);
	*walk = (struct walk){0};
}
