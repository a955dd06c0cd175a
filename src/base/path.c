/* Paths as text; only links are asked for on disk. */
#include "base/path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *path_name(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Drops empty and "." parts of an absolute path. */
static void simplify(char *path) {
	char *to = path;
	const char *from = path;
	while (*from) {
		size_t len = strcspn(from + 1, "/");
		if (len && !(len == 1 && from[1] == '.')) {
			memmove(to, from, len + 1);
			to += len + 1;
		}
		from += len + 1;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

char *path_absolute(const char *path) {
	char *ret = NULL, *cwd = NULL;
	if (path[0] != '/' && !(cwd = getcwd(NULL, 0)))
		return NULL;
	if (asprintf(&ret, "%s/%s", cwd ? cwd : "", path) < 0)
		ret = NULL;
	free(cwd);
	if (ret)
		simplify(ret);
	return ret;
}

char *path_parent(const char *path) {
	size_t len = (size_t)(path_name(path) - path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len ? strndup(path, len) : strdup(".");
}

char *path_link_target(const char *path) {
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof target);
	if (len <= 0 || (size_t)len >= sizeof target)
		return NULL;
	int folder = target[0] == '/' ? 0 : (int)(path_name(path) - path);
	char *ret;
	return asprintf(&ret, "%.*s%.*s", folder, path, (int)len, target) < 0 ? NULL : ret;
}
