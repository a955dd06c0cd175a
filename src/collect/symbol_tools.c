/* The environment's programs go before the system's. */
#include "collect/symbol_tools.h"

#include "base/spawn.h"

#include <errno.h>
#include <stdlib.h>

/* True when the variable is set, be there such a program or not. */
static bool take_named(const char *variable, char **program) {
	const char *name = getenv(variable);
	if (!name || !*name)
		return false;
	free(*program);
	*program = spawn_find(name);
	return true;
}

void symbol_tools_find(struct symbol_tools *ret) {
	const char *named = getenv(SYMBOL_TOOLS_ATOS);
	*ret = (struct symbol_tools){0};
	if (!named || !*named)
		symbol_tools_of_system(ret);
	else if (take_named(SYMBOL_TOOLS_ATOS, &ret->atos) && !ret->atos)
		err_set(&ret->why, -ENOENT, SYMBOL_TOOLS_ATOS ": there is no program %s", named);
	take_named(SYMBOL_TOOLS_MDFIND, &ret->mdfind);
}

void symbol_tools_finish(struct symbol_tools *tools) {
	free(tools->atos);
	free(tools->mdfind);
	*tools = (struct symbol_tools){0};
}
