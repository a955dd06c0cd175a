/*
 * Programs that come with agxtriage and are not on the PATH.
 */
#ifndef CLI_HELPER_H
#define CLI_HELPER_H

#include "base/err.h"

/*
 * The path of one, to be freed: from the folder of this program, else from ../libexec/agxtriage
 * beside that folder, links resolved. -ENOENT: err tells both places.
 */
int helper_find(const char *name, char **ret, struct err *err);
/* The same for a file that comes with agxtriage and is no program: beside this program's folder in
 * the build, else in ../share/agxtriage. */
int helper_find_data(const char *name, char **ret, struct err *err);

#endif
