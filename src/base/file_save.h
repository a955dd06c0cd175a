/*
 * Writing a small file so that a reader, or a crash at any moment, finds either all of the old one
 * or all of the new one.
 */
#ifndef BASE_FILE_SAVE_H
#define BASE_FILE_SAVE_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct file_save_options {
	mode_t mode; /* exactly, whatever the umask */
	/* Looks at the whole new file before it takes its place, under another name in the same
	 * folder; negative keeps the old one. May be NULL. */
	int (*check)(const char *path, void *user, struct err *err);
	void *user;
};

/*
 * Puts len bytes at path, whose folder must exist. What is there is replaced, unless it is no
 * regular file: a link (-ELOOP), a folder (-EISDIR), anything else (-ENXIO). On any error the old
 * file is as it was and nothing is left behind; the new one survives a power cut once 0 is
 * returned. Until it takes its place its name starts with a dot and ends in six random letters.
 */
int file_save(const char *path, const void *bytes, size_t len,
	const struct file_save_options *options, struct err *err);

#endif
