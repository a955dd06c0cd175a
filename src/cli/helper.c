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

int helper_find(const char *name, char **ret, struct err *err) {
	static const char *const places[] = {"", "../libexec/agxtriage/"};
	char *folder = NULL;
	int r = own_folder(&folder, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char *path = join(folder, places[i], name);
		if (path && access(path, X_OK) == 0) {
			*ret = path;
			goto out;
		}
		free(path);
	}
	r = err_set(err, -ENOENT, "%s is neither in %s nor in %s/../libexec/agxtriage", name,
		folder, folder);
out:
	free(folder);
	return r;
}
