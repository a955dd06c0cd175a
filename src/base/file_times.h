/*
 * The times of a struct stat, whose members Apple names differently.
 */
#ifndef BASE_FILE_TIMES_H
#define BASE_FILE_TIMES_H

#include <stdint.h>
#include <sys/stat.h>

#ifdef __APPLE__
#define FILE_MTIME(st) ((st)->st_mtimespec)
#define FILE_CTIME(st) ((st)->st_ctimespec)
#else
#define FILE_MTIME(st) ((st)->st_mtim)
#define FILE_CTIME(st) ((st)->st_ctim)
#endif

static inline int64_t file_time_ns(struct timespec time) {
	return (int64_t)((uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec);
}

#endif
