/* What the row of an incident is to say of where it came from, as far as it can be believed. */
#include "export/archive_import.h"

#include "base/limits.h"
#include "export/manifest.h"

#include <string.h>

static bool is_path(const char *path) {
	return path && path[0] == '/' && path[1] && strlen(path) < LIMIT_CONFIG_WORD_BYTES;
}

struct store_origin archive_import_origin(const char *archive, const char *member,
	const struct manifest_incident *incident, struct buf *own) {
	struct store_origin origin = {0};
	if (incident && incident->id.set && incident->id.value > 0 &&
		incident->id.value <= STORE_ORIGIN_ID_MAX)
		origin.id = incident->id.value;
	if (incident && incident->first_seen_at_us.set && incident->first_seen_at_us.value > 0)
		origin.first_seen_at_us = incident->first_seen_at_us.value;
	if (incident && incident->conflicts.set && incident->conflicts.value > 0 &&
		incident->conflicts.value <= UINT32_MAX)
		origin.conflicts = incident->conflicts.value;
	if (incident && is_path(incident->path)) {
		origin.path = incident->path;
	} else if (archive && !(incident && incident->first_seen_at_us.set)) {
		buf_printf(own, "%s/%s", archive, member);
		origin.path = own->failed ? NULL : buf_str(own);
	}
	return origin;
}
