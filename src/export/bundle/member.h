/*
 * Names of members as an archive gives them: cleaned of the folder around all of them, and told
 * apart from those that nobody should follow.
 */
#ifndef EXPORT_BUNDLE_MEMBER_H
#define EXPORT_BUNDLE_MEMBER_H

#include <stdbool.h>

struct member_names {
	bool known;       /* whether the first one has been seen */
	char folder[256]; /* that one's first part, "": it stands in none */
};

enum member_name {
	MEMBER_TAKEN,  /* *ret is bundle.h's name of it, borrowed from name */
	MEMBER_PASSED, /* no name of ours, and no harm in it */
	MEMBER_LEAVES, /* it leads out of the folder: no archive of good intent has it */
};

/* In the order of the archive, folders too. name: NULL when it cannot be told. */
enum member_name member_name_clean(
	struct member_names *names, const char *name, bool is_folder, const char **ret);

#endif
