/* What a name may be, decided by its bytes alone. */
#include "export/bundle/member.h"

#include "base/text.h"
#include "export/bundle_line.h"

#include <string.h>

/* Also where a backslash is what a slash is here. */
static bool leaves(const char *name) {
	if (name[0] == '/' || name[0] == '\\' || (name[0] && name[1] == ':'))
		return true;
	while (*name) {
		size_t len = strcspn(name, "/\\");
		if (len == 2 && !memcmp(name, "..", 2))
			return true;
		name += len;
		name += *name != '\0';
	}
	return false;
}

static const char *skip_dots(const char *name) {
	while (name[0] == '.' && name[1] == '/') {
		name++;
		while (*name == '/')
			name++;
	}
	return strcmp(name, ".") == 0 ? "" : name;
}

/* macOS puts what its file systems know of a file into a second one beside it. */
static bool is_shadow(const char *name) {
	const char *last = strrchr(name, '/');
	return text_starts(name, "__MACOSX/") || text_starts(last ? last + 1 : name, "._");
}

/* The folder around the first one is taken to be around all of them. */
static void learn_folder(struct member_names *names, const char *name, bool is_folder) {
	size_t len = strcspn(name, "/");
	names->known = true;
	if ((name[len] || is_folder) && len < sizeof names->folder) {
		memcpy(names->folder, name, len);
		names->folder[len] = '\0';
	}
}

enum member_name member_name_clean(
	struct member_names *names, const char *name, bool is_folder, const char **ret) {
	if (!name)
		return MEMBER_PASSED;
	if (leaves(name))
		return MEMBER_LEAVES;
	name = skip_dots(name);
	if (!*name || is_shadow(name))
		return MEMBER_PASSED;
	if (!names->known)
		learn_folder(names, name, is_folder);
	size_t len = strlen(names->folder);
	if (len && !strncmp(name, names->folder, len) && name[len] == '/')
		name += len + 1;
	if (is_folder || !bundle_name_valid(name, strlen(name)))
		return MEMBER_PASSED;
	*ret = name;
	return MEMBER_TAKEN;
}
