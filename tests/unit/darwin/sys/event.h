/* What the macOS files of src/ use of <sys/event.h>; see sys/sysctl.h. */
#ifndef TESTS_UNIT_DARWIN_SYS_EVENT_H
#define TESTS_UNIT_DARWIN_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_PROC (-5)
#define EV_ADD 0x0001
#define NOTE_EXIT 0x80000000u

struct kevent {
	uintptr_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	intptr_t data;
	void *udata;
};

#define EV_SET(event, a, b, c, d, e, f)           \
	(*(event) = (struct kevent){.ident = (a), \
		 .filter = (b),                   \
		 .flags = (c),                    \
		 .fflags = (d),                   \
		 .data = (e),                     \
		 .udata = (f)})

int kqueue(void);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
	int event_count, const struct timespec *timeout);

#endif
