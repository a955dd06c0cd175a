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

struct listing {
	struct capture_threads *threads;
	uint64_t self;
	bool seen; /* the thread itself */
};

static void add(struct capture_threads *threads, uint64_t id) {
	size_t count = atomic_load(&threads->count);
	struct capture_thread *thread = &threads->items[count];
	atomic_store(&thread->state, CAPTURE_SILENT);
	thread->id = id;
	thread->name[0] = '\0';
	thread->frame_count = 0;
	atomic_store(&threads->count, count + 1);
}

/* The last place is kept for the thread itself until it has come. */
static void take_task(struct listing *listing, int folder, const char *task) {
	uint64_t id = parse_id(task);
	(void)folder;
	listing->seen = listing->seen || id == listing->self;
	if (id && atomic_load(&listing->threads->count) < CAPTURE_THREADS - (listing->seen ? 0 : 1))
		add(listing->threads, id);
}

static void take_name(struct listing *listing, int folder, const char *task) {
	struct capture_thread *thread = capture_tasks_find(listing->threads, parse_id(task));
	char name[CAPTURE_NAME];
	int in = thread ? openat(folder, task, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int fd = in < 0 ? -1 : openat(in, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
	if (n > 0) {
		name[n] = '\0';
		name[strcspn(name, "\n")] = '\0';
		memcpy(thread->name, name, sizeof name);
	}
	if (fd >= 0)
		close(fd);
	if (in >= 0)
		close(in);
}

static void each_task(struct listing *listing,
	void (*take)(struct listing *listing, int folder, const char *task)) {
	_Alignas(struct entry) char bytes[LIST_BYTES];
	int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n = 0;
	while (folder >= 0 && (n = syscall(SYS_getdents64, folder, bytes, sizeof bytes)) > 0)
		for (size_t at = 0; at < (size_t)n;) {
			const struct entry *entry = (const void *)(bytes + at);
			take(listing, folder, entry->name);
			at += entry->bytes;
		}
	if (folder >= 0)
		close(folder);
}

void capture_tasks_list(struct capture_threads *ret, uint64_t self) {
	struct listing listing = {.threads = ret, .self = self};
	atomic_store(&ret->count, 0);
	each_task(&listing, take_task);
	if (!listing.seen)
		add(ret, self);
}

void capture_tasks_name(struct capture_threads *threads) {
	struct listing listing = {.threads = threads};
	each_task(&listing, take_name);
}

struct capture_thread *capture_tasks_find(struct capture_threads *threads, uint64_t id) {
	size_t count = atomic_load(&threads->count);
	for (size_t i = 0; i < count; i++)
		if (threads->items[i].id == id)
			return &threads->items[i];
	return NULL;
}
