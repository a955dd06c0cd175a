/* Where this program stands, its helpers stand too. */
#include "cli/helper.h"

#include "base/buf.h"
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static int own_folder(char **ret, struct err *err) {
	char path[PATH_MAX];
	size_t size = sizeof path;
	int r = uv_exepath(path, &size);
	if (r < 0)
		return err_set(err, r, "cannot tell where this program is: %s", strerror(-r));
	char *real = realpath(path, NULL);
	*ret = path_parent(real ? real : path);
	free(real);
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static char *join(const char *folder, const char *between, const char *name) {
	struct buf path = {0};
	buf_printf(&path, "%s/%s%s", folder, between, name);
	char *ret = buf_take(&path);
	buf_finish(&path);
	return ret;
}

/* The first of places (two of them) where name can be used as mode says. */
static int find(
	const char *const places[2], const char *name, int mode, char **ret, struct err *err) {
	char *folder = NULL;
	int r = own_folder(&folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 2; i++) {
		char *path = join(folder, places[i], name);
		if (path && access(path, mode) == 0) {
			*ret = path;
			goto out;
		}
		free(path);
	}
	r = err_set(err, -ENOENT, "%s is neither in %s/%s nor in %s/%s", name, folder, places[0],
		folder, places[1]);
out:
	free(folder);
	return r;
}

int helper_find(const char *name, char **ret, struct err *err) {
	static const char *const places[] = {"", "../libexec/agxtriage/"};
	return find(places, name, X_OK, ret, err);
}

int helper_find_data(const char *name, char **ret, struct err *err) {
	static const char *const places[] = {"../repro/trial/", "../share/agxtriage/"};
	return find(places, name, R_OK, ret, err);
}
