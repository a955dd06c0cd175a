/* The formats' names, and how files of them end. */
#include "export/bundle.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

const char *const bundle_format_names[BUNDLE_FORMAT_COUNT] = {
	[BUNDLE_TAR_GZ] = "tar.gz",
	[BUNDLE_TAR_ZST] = "tar.zst",
	[BUNDLE_ZIP] = "zip",
};

enum bundle_format bundle_format_of(const char *path) {
	static const struct {
		const char *end;
		enum bundle_format format;
	} ends[] = {
		{".tar.gz", BUNDLE_TAR_GZ},
		{".tgz", BUNDLE_TAR_GZ},
		{".tar.zst", BUNDLE_TAR_ZST},
		{".tzst", BUNDLE_TAR_ZST},
		{".zip", BUNDLE_ZIP},
	};
	size_t len = strlen(path);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t end_len = strlen(ends[i].end);
		if (len >= end_len && !strcasecmp(path + len - end_len, ends[i].end))
			return ends[i].format;
	}
	return BUNDLE_FORMAT_COUNT;
}
