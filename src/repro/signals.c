/* Handlers that note the number and who sent it, and wake the loop. libuv's own do not tell the
 * sender. */
#include "repro/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int caught[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
#define CAUGHT (sizeof caught / sizeof *caught)

struct signals {
	signals_fn fn;
	void *user;
	uv_async_t wake;
	struct sigaction before[CAUGHT];
	bool taken[CAUGHT];
};

/* A handler can reach nothing else. */
static struct signals *volatile current;
static volatile sig_atomic_t came[CAUGHT], by_somebody[CAUGHT];

static void on_signal(int number, siginfo_t *info, void *context) {
	int saved = errno;
	for (size_t i = 0; i < CAUGHT; i++)
		if (caught[i] == number) {
			came[i] = 1;
			/* A terminal is nobody. */
			by_somebody[i] = by_somebody[i] || info->si_pid > 0;
		}
	if (current)
		uv_async_send(&current->wake);
	errno = saved;
}

/* What a terminal sends to its foreground group, where somebody may send it as well. */
static bool is_terminals(int number) {
	return number == SIGINT || number == SIGQUIT || number == SIGHUP;
}

/* Whether what is typed on the terminal reaches this process. */
static bool in_foreground(void) {
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return false;
	bool ret = tcgetpgrp(fd) == getpgrp();
	close(fd);
	return ret;
}

static void on_wake(uv_async_t *wake) {
	struct signals *signals = wake->data;
	for (size_t i = 0; i < CAUGHT; i++) {
		if (!came[i])
			continue;
		came[i] = 0;
		bool direct = by_somebody[i] || !is_terminals(caught[i]) || !in_foreground();
		by_somebody[i] = 0;
		signals->fn(caught[i], direct, signals->user);
	}
}

int signals_start(
	uv_loop_t *loop, signals_fn fn, void *user, struct signals **ret, struct err *err) {
	struct signals *signals = calloc(1, sizeof *signals);
	int code = signals ? uv_async_init(loop, &signals->wake, on_wake) : -ENOMEM;
	if (code) {
		free(signals);
		return err_set(err, code, "cannot catch signals: %s", strerror(-code));
	}
	signals->fn = fn;
	signals->user = user;
	signals->wake.data = signals;
	current = signals;
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < CAUGHT; i++) {
		came[i] = by_somebody[i] = 0;
		sigaction(caught[i], NULL, &signals->before[i]);
		signals->taken[i] = signals->before[i].sa_handler != SIG_IGN &&
				    sigaction(caught[i], &action, NULL) == 0;
	}
	*ret = signals;
	return 0;
}

bool signals_pending(void) {
	for (size_t i = 0; i < CAUGHT; i++)
		if (came[i] && caught[i] != SIGUSR1 && caught[i] != SIGUSR2)
			return true;
	return false;
}

void signals_stop(struct signals *signals) {
	if (!signals)
		return;
	for (size_t i = 0; i < CAUGHT; i++)
		if (signals->taken[i])
			sigaction(caught[i], &signals->before[i], NULL);
	current = NULL;
	uv_close((uv_handle_t *)&signals->wake, NULL);
}

void signals_free(struct signals *signals) {
	free(signals);
}
