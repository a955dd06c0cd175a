/* What stands at a folder's path; looks only. */
#include "collect/folder_probe.h"

#include "base/file_times.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as kernels follow. */
#define LINKS_MAX 32

bool folder_id_equal(const struct folder_id *a, const struct folder_id *b) {
	return a->device == b->device && a->inode == b->inode;
}

/* Opens it, because permissions are more than mode bits; "." in it says whether it can be
 * searched. */
int folder_probe(const char *path, bool follow, struct folder_id *ret) {
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
				    (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return -errno;
	int r = fstatat(fd, ".", &st, 0) < 0 ? -errno : 0;
	close(fd);
	if (!r)
		*ret = (struct folder_id){st.st_dev, st.st_ino, file_time_ns(FILE_MTIME(&st))};
	return r;
}

static bool is_shortage(int code) {
	return code == -EMFILE || code == -ENFILE || code == -ENOMEM;
}

/* One step nearer to what exists; *links counts those followed. To be freed; NULL without memory.
 */
static char *step(const char *path, int *links) {
	char *target = *links < LINKS_MAX ? path_link_target(path) : NULL;
	if (!target)
		return path_parent(path);
	++*links;
	return target;
}

int folder_nearest(const char *path, char **ret_path, struct folder_id *ret) {
	int links = 0, r = -ENOENT;
	char *at = strdup(path);
	while (at) {
		bool at_root = !strcmp(at, "/");
		char *next = step(at, &links);
		free(at);
		at = next;
		if (!at)
			break;
		r = folder_probe(at, true, ret);
		if (!r || is_shortage(r) || at_root)
			break;
	}
	if (!at)
		return -ENOMEM;
	if (r < 0)
		free(at);
	else
		*ret_path = at;
	return r;
}

/* The nearest folder above path that is there, or path itself; *ret_rest is what is missing. */
static int existing(const char *path, struct folder_id *ret, const char **ret_rest) {
	struct stat st;
	char *at = strdup(path);
	while (at && stat(at, &st) < 0) {
		if (!strcmp(at, "/")) {
			free(at);
			return -ENOENT;
		}
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
	if (!at)
		return -ENOMEM;
	*ret = (struct folder_id){.device = st.st_dev, .inode = st.st_ino};
	*ret_rest = path + strlen(at);
	*ret_rest += strspn(*ret_rest, "/");
	free(at);
	return 0;
}

bool folder_same(const char *a, const char *b) {
	struct folder_id id_a, id_b;
	const char *rest_a, *rest_b;
	if (!strcmp(a, b))
		return true;
	return !existing(a, &id_a, &rest_a) && !existing(b, &id_b, &rest_b) &&
	       folder_id_equal(&id_a, &id_b) && !strcmp(rest_a, rest_b);
}
