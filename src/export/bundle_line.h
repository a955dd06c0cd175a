/*
 * What both sides of bundle.h's protocol check alike: names of members, and the lines that stand
 * before their bytes. Knows no process and no archive.
 */
#ifndef EXPORT_BUNDLE_LINE_H
#define EXPORT_BUNDLE_LINE_H

#include "export/bundle.h"

/* "NAME SIZE\n" and a NUL behind it; SIZE below 2^63. */
#define BUNDLE_LINE_BYTES (BUNDLE_NAME_BYTES + 22)
/* Longest name of the folder that all members stand in; it has one part. */
#define BUNDLE_FOLDER_BYTES 100

/* Relative, in letters, digits and "._-/", no part empty, "." or "..", none that starts with "-":
 * it is a word of somebody's command line some day. */
bool bundle_name_valid(const char *name, size_t len);
bool bundle_folder_valid(const char *folder);

struct bundle_line {
	char name[BUNDLE_NAME_BYTES + 1];
	uint64_t size;
	bool end; /* "end": no member follows */
};

/* line without its line feed. False when it is neither. */
bool bundle_line_parse(const char *line, size_t len, struct bundle_line *ret);

#endif
