/*
 * The child tells of its fault in shared memory and through a pipe; the report is made here. This
 * process waits for the pipe, for its own signals and for the child's end, all in one place.
 */
#include "repro/supervise.h"

#include "base/clock.h"
#include "repro/capture.h"
#include "repro/supervise_report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that was told to end has so long to do it. */
#define END_US 2000000
/* And one that crashes: half a second is much for what it does then. */
#define CRASH_US 5000000

struct watch {
	const struct supervised *what;
	struct supervised_end *end;
	struct capture *capture;
	int events, signals; /* descriptors; events is closed when there is nothing more to come */
	sigset_t before;
	int64_t deadline_us; /* monotonic; 0: none */
	int status;          /* as waitpid() tells */
};

/* ---- the child ---- */

/*
 * A signal that the terminal sends to all is the supervisor's to understand: SIGQUIT must not end
 * the trial.
 */
static _Noreturn void be_child(struct watch *watch, int fd, pid_t supervisor) {
	struct err err = {0};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor)
		_exit(127);
	signal(SIGQUIT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &watch->before, NULL);
	if (capture_start(watch->capture, fd, watch->what->abort_text, &err) < 0)
		_exit(127);
	int status = watch->what->run(watch->what->user);
	fflush(NULL);
	_exit(status);
}

static int start_child(struct watch *watch, struct err *err) {
	pid_t supervisor = getpid();
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "no pipe: %s", strerror(errno));
	fflush(NULL);
	watch->end->launched_at_us = clock_now_us();
	watch->end->pid = fork();
	if (!watch->end->pid) {
		close(ends[0]);
		be_child(watch, ends[1], supervisor);
	}
	close(ends[1]);
	watch->events = ends[0];
	if (watch->end->pid < 0)
		return err_set(err, -errno, "cannot start a child: %s", strerror(errno));
	/* Whoever reads what we say may be gone, and a report may be too large for a limit; the
	 * child is looked after all the same. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}

/* ---- what happens ---- */

static void limit(struct watch *watch, int64_t us) {
	int64_t deadline_us = clock_monotonic_us() + us;
	if (!watch->deadline_us || deadline_us < watch->deadline_us)
		watch->deadline_us = deadline_us;
}

static void on_stacks(struct watch *watch) {
	struct buf text = {0};
	supervise_format_stacks(&watch->capture->stacks, watch->end->pid, &text);
	if (watch->what->stacks)
		watch->what->stacks(buf_str(&text));
	buf_finish(&text);
}

static void on_events(struct watch *watch) {
	char events[16];
	ssize_t n = read(watch->events, events, sizeof events);
	for (ssize_t i = 0; i < n; i++) {
		if (events[i] == CAPTURE_FAULT)
			limit(watch, CRASH_US);
		else if (events[i] == CAPTURE_STACKS)
			on_stacks(watch);
	}
	if (n == 0 || (n < 0 && errno != EINTR)) {
		close(watch->events);
		watch->events = -1;
	}
}

static void on_quit(struct watch *watch) {
	struct err err = {0};
	if (watch->events >= 0)
		(void)capture_ask(watch->end->pid, &err);
	else if (watch->what->stacks)
		watch->what->stacks("The trial has become another program, whose stacks are not "
				    "known here.\n");
}

/* Once more is an order. */
static void on_end(struct watch *watch, int number) {
	kill(watch->end->pid, watch->end->told ? SIGKILL : number);
	if (!watch->end->told)
		watch->end->told = number;
	limit(watch, END_US);
}

/* Many children may have ended for one signal, and one for none; ours is asked after each time. */
static int on_signal(struct watch *watch, struct err *err) {
	struct signalfd_siginfo info;
	if (read(watch->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGQUIT)
			on_quit(watch);
		else if (info.ssi_signo != SIGCHLD)
			on_end(watch, (int)info.ssi_signo);
	}
	pid_t pid = waitpid(watch->end->pid, &watch->status, WNOHANG);
	if (pid < 0 && errno != EINTR)
		return err_set(err, -errno, "waiting for the child: %s", strerror(errno));
	watch->end->ended = pid == watch->end->pid;
	return 0;
}

static int wait_ms(const struct watch *watch) {
	if (!watch->deadline_us)
		return -1;
	int64_t left_us = watch->deadline_us - clock_monotonic_us();
	return left_us > 0 ? (int)(left_us / 1000 + 1) : 0;
}

static int follow(struct watch *watch, struct err *err) {
	int r = 0;
	while (!r && !watch->end->ended) {
		struct pollfd fds[] = {{.fd = watch->signals, .events = POLLIN},
			{.fd = watch->events, .events = POLLIN}};
		int ready = poll(fds, 2, wait_ms(watch));
		if (ready < 0 && errno != EINTR)
			r = err_set(err, -errno, "cannot wait: %s", strerror(errno));
		if (ready == 0) {
			kill(watch->end->pid, SIGKILL);
			watch->deadline_us = 0;
		}
		if (ready > 0 && fds[1].revents)
			on_events(watch);
		if (ready > 0 && fds[0].revents)
			r = on_signal(watch, err);
	}
	return r;
}

/* One that was stuck in its handler and had to be killed has crashed all the same. */
static void take_status(struct watch *watch) {
	struct supervised_end *end = watch->end;
	end->signal = WIFSIGNALED(watch->status) ? WTERMSIG(watch->status) : 0;
	end->status = WIFEXITED(watch->status) ? WEXITSTATUS(watch->status) : -1;
	if (end->signal == SIGKILL && !end->told && atomic_load(&watch->capture->crashed))
		end->signal = watch->capture->signal;
}

/* ---- from the start to the end ---- */

static int take_signals(struct watch *watch, struct err *err) {
	static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGQUIT};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&set, numbers[i]);
	/* Whoever started us may have had no interest in its children, or be a shell that lets no
	 * background job hear of SIGINT and SIGQUIT: we are asked by them. */
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		signal(numbers[i], SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &watch->before);
	watch->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return watch->signals < 0 ? err_set(err, -errno, "no signals: %s", strerror(errno)) : 0;
}

/* The child has ended, nothing runs on: whoever asked may die now, and yet there is neither half a
 * report nor a crash without one. */
static int write_report(const struct supervised *what, const struct watch *watch, struct err *err) {
	prctl(PR_SET_PDEATHSIG, 0);
	return supervise_report(what, watch->capture, watch->end, err);
}

int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	struct watch watch = {.what = what, .end = ret, .events = -1, .signals = -1};
	*ret = (struct supervised_end){0};
	watch.capture = capture_new(err);
	if (!watch.capture)
		return -ENOMEM;
	int r = take_signals(&watch, err);
	if (!r)
		r = start_child(&watch, err);
	if (!r && what->timeout_ms)
		limit(&watch, (int64_t)what->timeout_ms * 1000);
	if (!r)
		r = follow(&watch, err);
	if (!r) {
		take_status(&watch);
		if (ret->signal && !supervise_obeyed(ret) && what->reports &&
			atomic_load(&watch.capture->crashed))
			r = write_report(what, &watch, err);
	}
	if (watch.events >= 0)
		close(watch.events);
	if (watch.signals >= 0)
		close(watch.signals);
	sigprocmask(SIG_SETMASK, &watch.before, NULL);
	capture_free(watch.capture);
	return r;
}

int supervise_trial(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	return supervise(what, ret, err);
}

void supervise_thread_started(void) {
	capture_thread_started();
}
