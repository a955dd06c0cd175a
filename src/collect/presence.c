/*
 * The lock file beside a database, found through its real path; knows nothing of what is in either.
 */
#include "collect/presence.h"

#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as kernels follow. */
#define LINKS_MAX 32

static int out_of_memory(const char *path, struct err *err) {
	return err_set(err, -ENOMEM, "%s: out of memory", path);
}

/* Where the database will be made when path leads nowhere yet: SQLite follows links. To be freed;
 * NULL without memory. */
static char *resolve_links(const char *path) {
	char *ret = strdup(path);
	for (int i = 0; ret && i < LINKS_MAX; i++) {
		char *next = path_link_target(ret);
		if (!next)
			break;
		free(ret);
		ret = next;
	}
	return ret;
}

/* The real path of a database that is not there, to be freed. */
static int resolve_new(const char *db_path, bool make_folder, char **ret, struct err *err) {
	char *path = resolve_links(db_path), *folder = path ? path_parent(path) : NULL,
	     *real = NULL;
	int r = 0;
	if (!folder) {
		r = out_of_memory(db_path, err);
		goto out;
	}
	/* A read-only parent would refuse to make what is there. */
	if (make_folder && access(folder, F_OK) < 0)
		r = file_make_folders(folder, err);
	if (r < 0)
		goto out;
	real = realpath(folder, NULL);
	if (!real) {
		int code = errno;
		r = err_set(err, -code, "%s: %s", folder, strerror(code));
	} else if (asprintf(ret, "%s/%s", strcmp(real, "/") ? real : "", path_name(path)) < 0) {
		r = out_of_memory(db_path, err);
	}
out:
	free(real);
	free(folder);
	free(path);
	return r;
}

/* The path of the lock file, to be freed. */
static int lock_path(const char *db_path, bool make_folder, char **ret, struct err *err) {
	char *real = realpath(db_path, NULL);
	int r = 0;
	if (!real && errno != ENOENT) {
		int code = errno;
		return err_set(err, -code, "%s: %s", db_path, strerror(code));
	}
	if (!real)
		r = resolve_new(db_path, make_folder, &real, err);
	if (r >= 0 && asprintf(ret, "%s.lock", real) < 0)
		r = out_of_memory(db_path, err);
	free(real);
	return r;
}

int presence_take(const char *db_path, struct lock *ret, struct err *err) {
	char *path = NULL;
	pid_t holder = 0;
	int r = lock_path(db_path, true, &path, err);
	if (r < 0)
		return r;
	r = lock_take(path, ret, &holder, err);
	if (r == -EAGAIN && holder)
		err_set(err, r, "%s: the daemon with process id %ld serves this database", db_path,
			(long)holder);
	else if (r == -EAGAIN)
		err_set(err, r, "%s: another daemon serves this database", db_path);
	free(path);
	return r;
}

int presence_take_experiment(const char *db_path, struct lock *ret, struct err *err) {
	char *path = NULL;
	pid_t holder = 0;
	int r = lock_path(db_path, false, &path, err);
	if (r < 0)
		return r;
	r = lock_take_second(path, ret, &holder, err);
	if (r == -EAGAIN)
		err_set(err, r,
			"%s: another experiment runs on this database (process id %ld): one at a "
			"time, or they would slow each other down",
			db_path, (long)holder);
	free(path);
	return r;
}

int presence_ask(const struct lock *experiment, pid_t *ret_pid, struct err *err) {
	return lock_ask(experiment, ret_pid, err);
}

static int find_holder(const char *db_path,
	int (*find)(const char *path, pid_t *ret_holder, struct err *err), pid_t *ret_pid,
	struct err *err) {
	char *path = NULL;
	struct err local;
	int r = lock_path(db_path, false, &path, &local);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return err_set(err, r, "%s", local.text);
	r = find(path, ret_pid, err);
	free(path);
	return r;
}

int presence_find(const char *db_path, pid_t *ret_pid, struct err *err) {
	return find_holder(db_path, lock_find, ret_pid, err);
}

int presence_find_experiment(const char *db_path, pid_t *ret_pid, struct err *err) {
	return find_holder(db_path, lock_find_second, ret_pid, err);
}

bool presence_in_trouble(const char *db_path) {
	char *path = NULL;
	struct err err;
	bool marked = lock_path(db_path, false, &path, &err) >= 0 && lock_is_marked(path);
	free(path);
	return marked;
}
