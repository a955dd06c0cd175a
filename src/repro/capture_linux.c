/*
 * The handlers. One thread at a time collects, the first that faults or that is asked to; whoever
 * faults meanwhile waits and tells where it faulted.
 */
#include "repro/capture.h"

#include "repro/capture_tasks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES (128u << 10)
/* So long the others have for their answers, all together. */
#define ANSWERS_US 200000
#define LOOK_EVERY_US 200

/* Ignored by default, so that a program that has taken this one's place is not hurt by it. */
#define ASK SIGURG

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};

/* A handler is given nothing else. Written once, before any fault. */
static struct capture *shared;
static int output = -1;
static const char *abort_text;

/* The thread that collects, and what it makes. */
static atomic_int collector;
static _Atomic(struct capture_threads *) current;
static atomic_bool dying;

static __thread uint64_t stack_end;
/* Of a thread that faulted while another one collected. */
static __thread const struct context *volatile fault;

static int64_t now_us(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_a_little(void) {
	const struct timespec pause = {.tv_nsec = (long)LOOK_EVERY_US * 1000};
	nanosleep(&pause, NULL);
}

/* Until somebody else ends the process. */
static _Noreturn void hold(void) {
	for (;;)
		wait_a_little();
}

static void tell(enum capture_event event) {
	const char byte = (char)event;
	while (write(output, &byte, 1) < 0 && errno == EINTR)
		;
}

/* ---- one thread ---- */

/*
 * Frame pointers first: that walk reads nothing but the stack. The tables of the compiler know more
 * (the C library has no frame pointers), but on a broken stack they may fault, and then what stands
 * there already is all that there will be.
 */
static void take_stack(struct capture_thread *thread, const struct context *context) {
	uint64_t frames[CAPTURE_FRAMES];
	thread->frame_count = context_walk(context, stack_end, thread->frames, CAPTURE_FRAMES);
	size_t count = context_unwind(context, frames, CAPTURE_FRAMES);
	if (count > 1) {
		memcpy(thread->frames, frames, count * sizeof *frames);
		thread->frame_count = count;
	}
}

/* What a thread does that was asked; late answers are not taken. */
static void answer(struct capture_threads *threads, const struct context *context) {
	struct capture_thread *own = capture_tasks_find(threads, (uint64_t)syscall(SYS_gettid));
	int expected = CAPTURE_ASKED;
	if (!own || !atomic_compare_exchange_strong(&own->state, &expected, CAPTURE_WRITING))
		return;
	take_stack(own, fault ? fault : context);
	expected = CAPTURE_WRITING;
	atomic_compare_exchange_strong(&own->state, &expected, CAPTURE_TOLD);
}

/* ---- all of them ---- */

static void ask_others(struct capture_threads *threads, uint64_t self) {
	pid_t pid = getpid();
	size_t count = atomic_load(&threads->count);
	for (size_t i = 0; i < count; i++) {
		struct capture_thread *thread = &threads->items[i];
		if (thread->id == self)
			continue;
		atomic_store(&thread->state, CAPTURE_ASKED);
		if (syscall(SYS_tgkill, pid, (pid_t)thread->id, ASK) < 0)
			atomic_store(&thread->state, CAPTURE_SILENT);
	}
}

static bool all_told(const struct capture_threads *threads) {
	size_t count = atomic_load(&threads->count);
	for (size_t i = 0; i < count; i++) {
		int state = atomic_load(&threads->items[i].state);
		if (state == CAPTURE_ASKED || state == CAPTURE_WRITING)
			return false;
	}
	return true;
}

/* The others are stopped first: every microsecond takes them further from where they were. */
static void collect(struct capture_threads *threads, const struct context *context) {
	uint64_t self = (uint64_t)syscall(SYS_gettid);
	capture_tasks_list(threads, self);
	atomic_store(&current, threads);
	ask_others(threads, self);
	struct capture_thread *own = capture_tasks_find(threads, self);
	if (atomic_load(&dying))
		tell(CAPTURE_FAULT);
	take_stack(own, context);
	atomic_store(&own->state, CAPTURE_TOLD);
	capture_tasks_name(threads);
	int64_t deadline_us = now_us(CLOCK_MONOTONIC) + ANSWERS_US;
	while (!all_told(threads) && now_us(CLOCK_MONOTONIC) < deadline_us)
		wait_a_little();
	size_t count = atomic_load(&threads->count);
	for (size_t i = 0; i < count; i++) {
		int expected = CAPTURE_ASKED;
		atomic_compare_exchange_strong(&threads->items[i].state, &expected, CAPTURE_SILENT);
	}
}

static bool become_collector(void) {
	int expected = 0;
	return atomic_compare_exchange_strong(&collector, &expected, 1);
}

/* ---- handlers ---- */

static void note_fault(int number, const siginfo_t *info, const struct context *context) {
	shared->signal = number;
	shared->code = info->si_code;
	shared->address = (uint64_t)(uintptr_t)info->si_addr;
	shared->captured_at_us = now_us(CLOCK_REALTIME);
	shared->thread = (uint64_t)syscall(SYS_gettid);
	shared->context = *context;
	if (number == SIGABRT && abort_text)
		memcpy(shared->text, abort_text, CAPTURE_TEXT - 1);
	atomic_store(&shared->crashed, true);
}

/*
 * When it returns the instruction faults once more, now with nobody to handle it, and the system
 * ends the process with the true signal. What was sent and not caused has to be sent again.
 */
static void on_fault(int number, siginfo_t *info, void *ucontext) {
	struct context context;
	struct sigaction gone = {.sa_handler = SIG_DFL};
	context_read(ucontext, &context);
	fault = &context;
	while (!become_collector()) {
		if (atomic_load(&dying))
			hold();
		wait_a_little();
	}
	atomic_store(&dying, true);
	note_fault(number, info, &context);
	collect(&shared->threads, &context);
	sigaction(number, &gone, NULL);
	if (info->si_code <= 0)
		raise(number);
}

/* A thread of this process asks one thread; another process asks all. */
static void on_ask(int number, siginfo_t *info, void *ucontext) {
	int before = errno;
	struct context context;
	(void)number;
	context_read(ucontext, &context);
	if (info->si_code == SI_TKILL) {
		struct capture_threads *threads = atomic_load(&current);
		if (threads)
			answer(threads, &context);
		if (atomic_load(&dying))
			hold();
	} else if (become_collector()) {
		collect(&shared->stacks, &context);
		tell(CAPTURE_STACKS);
		atomic_store(&collector, 0);
	}
	errno = before;
}

/* ---- before ---- */

/* Where a stack is used up a handler needs another one. */
static int add_stack(void) {
	stack_t stack = {.ss_size = STACK_BYTES};
	stack.ss_sp =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED)
		return -1;
	stack_end = context_stack_end();
	return sigaltstack(&stack, NULL);
}

/* Without a stack of its own the handler takes the thread's, which is nearly always as good. */
void capture_thread_started(void) {
	(void)add_stack();
}

static int add_handlers(void) {
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	action.sa_sigaction = on_ask;
	sigfillset(&action.sa_mask);
	int r = sigaction(ASK, &action, NULL);
	action.sa_sigaction = on_fault;
	/* Whoever waits in there may be asked where it faulted. */
	sigdelset(&action.sa_mask, ASK);
	for (size_t i = 0; !r && i < sizeof faults / sizeof *faults; i++)
		r = sigaction(faults[i], &action, NULL);
	return r;
}

int capture_start(struct capture *capture, int fd, const char *text, struct err *err) {
	const struct rlimit none = {0};
	struct context nothing = {0};
	uint64_t frame;
	shared = capture;
	output = fd;
	abort_text = text;
	/* The report tells what a core file would. */
	setrlimit(RLIMIT_CORE, &none);
	/* Whatever the tables need to be found with is there before it is needed. */
	(void)context_unwind(&nothing, &frame, 1);
	if (add_stack() < 0 || add_handlers() < 0)
		return err_set(err, -errno, "no signal handler: %s", strerror(errno));
	return 0;
}

struct capture *capture_new(struct err *err) {
	struct capture *ret =
		mmap(NULL, sizeof *ret, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret == MAP_FAILED) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	return ret;
}

void capture_free(struct capture *capture) {
	if (capture)
		munmap(capture, sizeof *capture);
}

int capture_ask(pid_t pid, struct err *err) {
	return kill(pid, ASK) < 0
		       ? err_set(err, -errno, "cannot ask for stacks: %s", strerror(errno))
		       : 0;
}
