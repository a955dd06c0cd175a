/* A short list: a process has a database or two, and one lock. Knows nothing of what is in them. */
#include "base/locked_files.h"

#include <pthread.h>
#include <stddef.h>

#define PLACES 64

static struct {
	pthread_mutex_t lock;
	size_t count;
	struct {
		dev_t device;
		ino_t inode;
	} files[PLACES];
} locked = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* PLACES: not there. */
static size_t find(dev_t device, ino_t inode) {
	for (size_t i = 0; i < locked.count; i++)
		if (locked.files[i].device == device && locked.files[i].inode == inode)
			return i;
	return PLACES;
}

void locked_files_add(dev_t device, ino_t inode) {
	pthread_mutex_lock(&locked.lock);
	if (locked.count < PLACES) {
		locked.files[locked.count].device = device;
		locked.files[locked.count].inode = inode;
		locked.count++;
	}
	pthread_mutex_unlock(&locked.lock);
}

void locked_files_remove(dev_t device, ino_t inode) {
	pthread_mutex_lock(&locked.lock);
	size_t i = find(device, inode);
	if (i < PLACES)
		locked.files[i] = locked.files[--locked.count];
	pthread_mutex_unlock(&locked.lock);
}

bool locked_files_have(const struct stat *st) {
	pthread_mutex_lock(&locked.lock);
	bool have = find(st->st_dev, st->st_ino) < PLACES;
	pthread_mutex_unlock(&locked.lock);
	return have;
}
