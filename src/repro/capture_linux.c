/* The handler and the reader of its record. */
#include "repro/capture.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (128u << 10)

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};

/* A handler is given nothing else. Written once, before any fault. */
static int output = -1;
static uint64_t stack_end;
static struct capture record;

static void write_record(void) {
	const char *bytes = (const char *)&record;
	for (size_t done = 0; done < sizeof record;) {
		ssize_t n = write(output, bytes + done, sizeof record - done);
		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

/*
 * The handler is gone when this returns (SA_RESETHAND): the instruction faults once more and the
 * system ends the process with the true signal. What was sent and not caused has to be sent again.
 */
static void on_fault(int number, siginfo_t *info, void *ucontext) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	record.signal = number;
	record.code = info->si_code;
	record.address = (uint64_t)(uintptr_t)info->si_addr;
	record.captured_at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	record.thread = (uint64_t)syscall(SYS_gettid);
	context_read(ucontext, &record.context);
	record.frame_count =
		context_walk(&record.context, stack_end, record.frames, CAPTURE_FRAMES);
	write_record();
	if (info->si_code <= 0)
		raise(number);
}

int capture_start(int fd, struct err *err) {
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
	const struct rlimit none = {0};
	stack_t stack = {.ss_size = STACK_BYTES};
	stack.ss_sp =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED)
		return err_set(err, -ENOMEM, "out of memory");
	output = fd;
	stack_end = context_stack_end();
	/* The record tells what a core file would. */
	setrlimit(RLIMIT_CORE, &none);
	action.sa_sigaction = on_fault;
	sigfillset(&action.sa_mask);
	int r = sigaltstack(&stack, NULL);
	for (size_t i = 0; !r && i < sizeof signals / sizeof *signals; i++)
		r = sigaction(signals[i], &action, NULL);
	return r < 0 ? err_set(err, -errno, "no signal handler: %s", strerror(errno)) : 0;
}

int capture_read(int fd, unsigned timeout_ms, struct capture *ret) {
	int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	char *bytes = (char *)ret;
	for (size_t done = 0; done < sizeof *ret;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		int64_t left_us = deadline_us - clock_monotonic_us();
		int r = poll(&poll_fd, 1, left_us > 0 ? (int)(left_us / 1000 + 1) : 0);
		if (r == 0)
			return -ETIMEDOUT;
		ssize_t n = r < 0 ? -1 : read(fd, bytes + done, sizeof *ret - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		done += n > 0 ? (size_t)n : 0;
	}
	return 1;
}
