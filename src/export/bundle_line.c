/* Names and lines, byte by byte: both sides trust nobody. */
#include "export/bundle_line.h"

#include "base/text.h"

#include <string.h>

static const char name_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static bool part_valid(const char *part, size_t len) {
	if (!len || part[0] == '-' || (len <= 2 && !memcmp(part, "..", len)))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!part[i] || !strchr(name_chars, part[i]))
			return false;
	}
	return true;
}

bool bundle_name_valid(const char *name, size_t len) {
	if (len > BUNDLE_NAME_BYTES)
		return false;
	for (;;) {
		const char *slash = memchr(name, '/', len);
		size_t part_len = slash ? (size_t)(slash - name) : len;
		if (!part_valid(name, part_len))
			return false;
		if (!slash)
			return true;
		name += part_len + 1;
		len -= part_len + 1;
	}
}

bool bundle_folder_valid(const char *folder) {
	size_t len = strlen(folder);
	return len <= BUNDLE_FOLDER_BYTES && part_valid(folder, len);
}

bool bundle_line_parse(const char *line, size_t len, struct bundle_line *ret) {
	const char *blank = memchr(line, ' ', len);
	if (!blank) {
		ret->end = len == 3 && !memcmp(line, "end", 3);
		return ret->end;
	}
	size_t name_len = (size_t)(blank - line), size_len = len - name_len - 1;
	int64_t size;
	if (!bundle_name_valid(line, name_len) || !text_i64(blank + 1, size_len, &size) ||
		blank[1] == '-')
		return false;
	memcpy(ret->name, line, name_len);
	ret->name[name_len] = '\0';
	ret->size = (uint64_t)size;
	ret->end = false;
	return true;
}
