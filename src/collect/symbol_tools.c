/* The environment's programs go before the system's. */
#include "collect/symbol_tools.h"

#include "base/spawn.h"

#include <errno.h>
#include <stdlib.h>

/* One that is named and is not there means none, not another one. */
void symbol_tools_find(struct symbol_tools *ret) {
	const char *atos = getenv("AGXTRIAGE_ATOS"), *mdfind = getenv("AGXTRIAGE_MDFIND");
	*ret = (struct symbol_tools){0};
	if (!atos || !*atos)
		symbol_tools_of_system(ret);
	else if (!(ret->atos = spawn_find(atos)))
		err_set(&ret->why, -ENOENT, "AGXTRIAGE_ATOS: there is no program %s", atos);
	if (mdfind && *mdfind) {
		free(ret->mdfind);
		ret->mdfind = spawn_find(mdfind);
	}
}

void symbol_tools_finish(struct symbol_tools *tools) {
	free(tools->atos);
	free(tools->mdfind);
	*tools = (struct symbol_tools){0};
}
