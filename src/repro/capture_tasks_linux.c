/* /proc/self/task by system calls alone: opendir() allocates. */
#include "repro/capture_tasks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST_BYTES 8192

/* As the kernel hands it over (getdents64(2)). */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short bytes;
	unsigned char type;
	char name[];
};

/* 0 for what is no number: "." and "..". */
static uint64_t parse_id(const char *name) {
	uint64_t ret = 0;
	for (; *name >= '0' && *name <= '9'; name++)
		ret = ret * 10 + (uint64_t)(*name - '0');
	return *name ? 0 : ret;
}

static void read_name(int folder, const char *task, char ret[CAPTURE_NAME]) {
	int in = openat(folder, task, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = in < 0 ? -1 : openat(in, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, CAPTURE_NAME - 1);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	if (in >= 0)
		close(in);
}

static struct capture_thread *add(struct capture_threads *threads, size_t at, uint64_t id) {
	struct capture_thread *ret = &threads->items[at];
	atomic_store(&ret->state, CAPTURE_SILENT);
	ret->id = id;
	ret->name[0] = '\0';
	ret->frame_count = 0;
	return ret;
}

/* The last place is kept for the thread itself until it has come. */
static size_t add_entries(struct capture_threads *ret, int folder, const char *bytes, size_t len,
	size_t count, uint64_t self) {
	bool seen = count && capture_tasks_find(ret, self);
	for (size_t at = 0; at < len;) {
		const struct entry *entry = (const void *)(bytes + at);
		uint64_t id = parse_id(entry->name);
		at += entry->bytes;
		seen = seen || id == self;
		if (id && count < CAPTURE_THREADS - (seen ? 0 : 1)) {
			read_name(folder, entry->name, add(ret, count, id)->name);
			atomic_store(&ret->count, ++count);
		}
	}
	return count;
}

void capture_tasks_list(struct capture_threads *ret, uint64_t self) {
	_Alignas(struct entry) char bytes[LIST_BYTES];
	size_t count = 0;
	atomic_store(&ret->count, 0);
	int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n = 0;
	while (folder >= 0 && (n = syscall(SYS_getdents64, folder, bytes, sizeof bytes)) > 0)
		count = add_entries(ret, folder, bytes, (size_t)n, count, self);
	if (folder >= 0)
		close(folder);
	if (!capture_tasks_find(ret, self)) {
		add(ret, count, self);
		atomic_store(&ret->count, count + 1);
	}
}

struct capture_thread *capture_tasks_find(struct capture_threads *threads, uint64_t id) {
	size_t count = atomic_load(&threads->count);
	for (size_t i = 0; i < count; i++)
		if (threads->items[i].id == id)
			return &threads->items[i];
	return NULL;
}
