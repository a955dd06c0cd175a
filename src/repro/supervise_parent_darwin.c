/* A thread waits for the parent's end: nothing else tells of it here. */
#include "repro/supervise.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/event.h>
#include <unistd.h>

static void *wait_for_end(void *user) {
	int queue = (int)(intptr_t)user;
	struct kevent event;
	int n;
	do
		n = kevent(queue, NULL, 0, &event, 1, NULL);
	while (n < 0 && errno == EINTR);
	/* Nothing that the threads hold or catch may keep the process. */
	kill(getpid(), SIGKILL);
	return NULL;
}

static int start(int queue) {
	pthread_t thread;
	int code = pthread_create(&thread, NULL, wait_for_end, (void *)(intptr_t)queue);
	if (!code)
		pthread_detach(thread);
	return -code;
}

int supervise_parent(struct err *err) {
	pid_t parent = getppid();
	struct kevent event;
	/* launchd adopts, and starts no trials. */
	if (parent == 1)
		return err_set(err, -ESRCH, "the parent has ended");
	int queue = kqueue();
	if (queue < 0)
		return err_set(err, -errno, "cannot watch the parent: %s", strerror(errno));
	EV_SET(&event, (uintptr_t)parent, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
	int r = kevent(queue, &event, 1, NULL, 0, NULL) < 0 ? -errno : 0;
	/* One that died before is not told of any more. */
	if (!r && getppid() != parent)
		r = -ESRCH;
	if (!r)
		r = start(queue);
	if (r < 0) {
		close(queue);
		return err_set(err, r, "cannot watch the parent: %s", strerror(-r));
	}
	return 0;
}
