/*
 * Places by the XDG Base Directory specification, for everything that is no Mac.
 */
#include "base/places.h"

#include <stdio.h>
#include <stdlib.h>

/* The specification: a relative path in such a variable is to be ignored. */
static char *xdg_folder(const char *variable, const char *below_home, const char *leaf) {
	const char *base = getenv(variable), *home = getenv("HOME");
	char *path;
	int n;
	if (base && base[0] == '/')
		n = asprintf(&path, "%s/agxtriage%s", base, leaf);
	else if (home && home[0])
		n = asprintf(&path, "%s/%s/agxtriage%s", home, below_home, leaf);
	else
		return NULL;
	return n < 0 ? NULL : path;
}

char *places_data_folder(void) {
	return xdg_folder("XDG_DATA_HOME", ".local/share", "");
}

char *places_config_folder(void) {
	return xdg_folder("XDG_CONFIG_HOME", ".config", "");
}

char *places_report_folder(size_t index) {
	return index ? NULL : xdg_folder("XDG_DATA_HOME", ".local/share", "/reports");
}
