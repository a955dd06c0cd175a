/* The folders that count are those of the daemon that runs. */
#include "cli/report_folder.h"

#include "base/file.h"
#include "base/places.h"
#include "cli/status_facts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool can_write(const char *path) {
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, W_OK | X_OK) == 0;
}

char *report_folder_find(struct cli *cli) {
	struct status_facts facts;
	struct err err = {0};
	char *own, *ret = NULL;
	if (status_facts_collect(cli, &facts) != CLI_DONE)
		return NULL;
	own = places_report_folder(0);
	for (size_t i = 0; i < facts.folder_count && !ret; i++) {
		const char *path = facts.folders[i].path;
		if (own && !strcmp(path, own))
			file_make_folders(path, &err);
		if (can_write(path))
			ret = strdup(path);
	}
	status_facts_finish(&facts);
	free(own);
	return ret;
}
