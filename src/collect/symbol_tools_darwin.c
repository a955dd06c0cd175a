/*
 * Without the command line tools /usr/bin/atos is there too: it opens a dialog that asks to install
 * them. xcode-select tells without a dialog.
 */
#include "collect/symbol_tools.h"

#include "base/spawn.h"

#include <errno.h>

#define ASK_MS 10000

void symbol_tools_of_system(struct symbol_tools *ret) {
	static const char *const argv[] = {"/usr/bin/xcode-select", "-p", NULL};
	struct spawn_result result;
	int code = spawn_run(argv, ASK_MS, &result, NULL);
	if (code == 0 && result.status == 0)
		ret->atos = spawn_find("/usr/bin/atos");
	spawn_finish(&result);
	ret->mdfind = spawn_find("/usr/bin/mdfind");
	if (!ret->atos)
		err_set(&ret->why, -ENOENT,
			"atos belongs to the command line tools, which are not installed; "
			"'xcode-select --install' installs them");
}
