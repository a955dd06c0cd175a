/*
 * What a process can tell of its threads before it dies: a signal handler on a stack of its own
 * writes into memory that the process shares with the one that it was forked from, asks every other
 * thread to write down its own stack, and lets the fault happen again, so that the process ends as
 * it would have ended. The same without a fault, on request, and then everybody goes on. Nothing in
 * a handler allocates, locks, or waits without an end.
 */
#ifndef REPRO_CAPTURE_H
#define REPRO_CAPTURE_H

#include "base/err.h"
#include "repro/context.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CAPTURE_FRAMES 256
/* What comes behind is not captured. */
#define CAPTURE_THREADS 1024
#define CAPTURE_TEXT 256
#define CAPTURE_NAME 16

/* What the process writes into its pipe. Its end: the process is gone, or has become another
 * program. */
enum capture_event {
	CAPTURE_FAULT = 'f',  /* the process is about to die, and writes down why */
	CAPTURE_STACKS = 's', /* those that were asked for are there */
};

enum capture_state {
	CAPTURE_SILENT, /* did not answer in time */
	CAPTURE_ASKED,
	CAPTURE_WRITING,
	CAPTURE_TOLD, /* the frames stand there */
};

struct capture_thread {
	atomic_int state;        /* enum capture_state */
	uint64_t id;             /* the kernel's number */
	char name[CAPTURE_NAME]; /* NUL-terminated */
	uint64_t frame_count;
	uint64_t frames[CAPTURE_FRAMES];
};

struct capture_threads {
	atomic_size_t count;
	struct capture_thread items[CAPTURE_THREADS];
};

/* Written by the process, read by the one that it was forked from. */
struct capture {
	atomic_bool crashed; /* what stands below holds, whatever happened later */
	int32_t signal, code;
	uint64_t address;
	int64_t captured_at_us;
	uint64_t thread; /* that crashed */
	struct context context;
	char text[CAPTURE_TEXT]; /* of an abort: what the program said before; "" */
	struct capture_threads threads;
	struct capture_threads stacks; /* of the last request */
};

/* NULL without memory. */
struct capture *capture_new(struct err *err);
void capture_free(struct capture *capture);

/*
 * From now on the faults of this process are told to fd. Once per process; for good. text: of at
 * most CAPTURE_TEXT bytes with its NUL, looked at when the process aborts; NULL: none.
 */
int capture_start(struct capture *capture, int fd, const char *text, struct err *err);
/* In each thread at its start but the one that called capture_start(). */
void capture_thread_started(void);

/* From outside: its threads are to write down their stacks. One that has become another program
 * takes no notice. */
int capture_ask(pid_t pid, struct err *err);

#endif
