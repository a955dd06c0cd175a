/* macOS has no files without a name. */
#include "export/bundle_file.h"

#include <errno.h>

int bundle_file_open_unnamed(int folder) {
	return -ENOTSUP;
}

int bundle_file_link(int fd, int folder, const char *name) {
	return -ENOTSUP;
}
