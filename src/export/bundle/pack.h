/*
 * Writing: members as the client sends them become an archive. The same members, folder and time
 * give the same bytes, whoever runs it, wherever, and whatever the umask, locale and time zone.
 */
#ifndef EXPORT_BUNDLE_PACK_H
#define EXPORT_BUNDLE_PACK_H

#include "base/err.h"
#include "export/bundle.h"

struct pack {
	enum bundle_format format;
	const char *folder;
	int64_t mtime_s;
	int in, out;
};

/* ret_bytes: of the archive. A regular file is on the disk when it returns 0. After an error some
 * memory is left to the end of the process, which should follow. */
int pack_run(const struct pack *pack, uint64_t *ret_bytes, struct err *err);

#endif
