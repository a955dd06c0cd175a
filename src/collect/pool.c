/* Tries what libuv would not survive the lack of. */
#include "collect/pool.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With epoll; with kqueue one less. */
#define LOOP_DESCRIPTORS 6
/* libuv's own limit. */
#define WORKERS_MAX 1024

static unsigned workers_wanted(void) {
	const char *text = getenv("UV_THREADPOOL_SIZE");
	unsigned cores = uv_available_parallelism();
	uint64_t value;
	if (!text || !text_u64(text, strlen(text), &value) || !value)
		value = cores > 1 ? cores : 2;
	return value < WORKERS_MAX ? (unsigned)value : WORKERS_MAX;
}

static int try_descriptors(unsigned count, struct err *err) {
	int *fds = calloc(count, sizeof *fds);
	unsigned got = 0;
	int code = 0;
	if (!fds)
		return err_set(err, -ENOMEM, "out of memory");
	while (!code && got < count) {
		fds[got] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[got] >= 0)
			got++;
		else
			code = err_set(err, -errno, "event loop: %s", strerror(errno));
	}
	while (got > 0)
		close(fds[--got]);
	free(fds);
	return code;
}

static void wait_at_gate(void *user) {
	pthread_mutex_t *gate = user;
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
}

/* How many threads can exist at the same time, at most count. Made by libuv they have the stacks
 * that its workers will have. */
static unsigned try_threads(unsigned count) {
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	uv_thread_t *threads = calloc(count, sizeof *threads);
	unsigned got = 0;
	pthread_mutex_lock(&gate);
	while (threads && got < count && uv_thread_create(&threads[got], wait_at_gate, &gate) == 0)
		got++;
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < got; i++)
		uv_thread_join(&threads[i]);
	free(threads);
	return got;
}

int pool_init_loop(uv_loop_t *ret, struct err *err) {
	char count[16];
	unsigned workers = try_threads(workers_wanted());
	if (!workers)
		return err_set(err, -EAGAIN, "event loop: no room for a thread");
	int code = try_descriptors(LOOP_DESCRIPTORS + 1, err);
	if (code)
		return code;
	/* Read once, at the first use of the pool. */
	snprintf(count, sizeof count, "%u", workers);
	setenv("UV_THREADPOOL_SIZE", count, 1);
	code = uv_loop_init(ret);
	return code ? err_set(err, code, "event loop: %s", uv_strerror(code)) : 0;
}
