/* Nothing here knows Mach-O symbols by itself; whoever has installed an atos meant it. */
#include "collect/symbol_tools.h"

#include "base/spawn.h"

#include <errno.h>

void symbol_tools_of_system(struct symbol_tools *ret) {
	ret->atos = spawn_find("atos");
	if (!ret->atos)
		err_set(&ret->why, -ENOENT,
			"there is no atos here: it is a program of macOS; AGXTRIAGE_ATOS may name "
			"one that takes its arguments");
}
