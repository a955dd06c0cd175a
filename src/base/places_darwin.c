/*
 * Places on macOS.
 */
#include "base/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *below_home(const char *rest) {
	const char *home = getenv("HOME");
	char *path;
	if (!home || !home[0])
		return NULL;
	return asprintf(&path, "%s/%s", home, rest) < 0 ? NULL : path;
}

char *places_data_folder(void) {
	return below_home("Library/Application Support/agxtriage");
}

char *places_config_folder(void) {
	return places_data_folder();
}

char *places_report_folder(size_t index) {
	char *own = below_home("Library/Logs/DiagnosticReports");
	/* Without HOME the system's folder is the only one. */
	if (index == 0 && own)
		return own;
	size_t last = own ? 1 : 0;
	free(own);
	return index == last ? strdup("/Library/Logs/DiagnosticReports") : NULL;
}
