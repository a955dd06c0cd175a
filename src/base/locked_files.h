/*
 * Files on which this process holds POSIX record locks. The system drops them all when any
 * descriptor of the file is closed, so nothing may open such a file a second time, under whatever
 * name it is found. Of the whole process, as the locks are; may be called in any thread.
 */
#ifndef BASE_LOCKED_FILES_H
#define BASE_LOCKED_FILES_H

#include <stdbool.h>
#include <sys/stat.h>

/* Each add wants its remove. A file beyond the table's places is not protected. */
void locked_files_add(dev_t device, ino_t inode);
void locked_files_remove(dev_t device, ino_t inode);
bool locked_files_have(const struct stat *st);

#endif
