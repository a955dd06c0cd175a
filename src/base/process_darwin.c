/* Processes as sysctl has them: one call brings those of all users, with parent and start. */
#include "base/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>

/* The list may grow between asking for its size and asking for it. */
#define SPARE_PROCESSES 64
#define TRIES 5

static void fill(const struct kinfo_proc *from, struct process_info *ret) {
	const struct timeval *started = &from->kp_proc.p_starttime;
	int64_t us = (int64_t)started->tv_sec * 1000000 + started->tv_usec;
	*ret = (struct process_info){.pid = from->kp_proc.p_pid,
		.parent = from->kp_eproc.e_ppid,
		.started_at_us = us,
		.birth = us}; /* kept by the kernel since then, untouched by changes of the clock */
	size_t len = strnlen(from->kp_proc.p_comm, sizeof from->kp_proc.p_comm);
	memcpy(ret->name, from->kp_proc.p_comm,
		len < sizeof ret->name ? len : sizeof ret->name - 1);
}

int process_find(pid_t pid, struct process_info *ret, struct err *err) {
	int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, pid};
	struct kinfo_proc found;
	size_t len = sizeof found;
	int code = sysctl(name, 4, &found, &len, NULL, 0) < 0 ? -errno : 0;
	/* For a process that is not there it succeeds and fills nothing. */
	if (!code && len < sizeof found)
		code = -ESRCH;
	if (code)
		return err_set(err, code, "process %d: %s", pid, strerror(-code));
	fill(&found, ret);
	return 0;
}

/* *ret is to be freed. -ENOMEM also when the list grew beyond what was asked for. */
static int ask(struct kinfo_proc **ret, size_t *ret_count) {
	int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_ALL, 0};
	size_t len = 0;
	if (sysctl(name, 4, NULL, &len, NULL, 0) < 0)
		return -errno;
	len += SPARE_PROCESSES * sizeof **ret;
	struct kinfo_proc *all = malloc(len);
	if (!all)
		return -ENOMEM;
	if (sysctl(name, 4, all, &len, NULL, 0) < 0) {
		int code = -errno;
		free(all);
		return code;
	}
	*ret = all;
	*ret_count = len / sizeof *all;
	return 0;
}

int process_list(struct process_info **ret, size_t *ret_count, struct err *err) {
	struct kinfo_proc *all = NULL;
	size_t count = 0;
	int code = -ENOMEM;
	for (int i = 0; i < TRIES && code == -ENOMEM; i++)
		code = ask(&all, &count);
	if (code)
		return err_set(err, code, "list of processes: %s", strerror(-code));
	struct process_info *items = calloc(count ? count : 1, sizeof *items);
	if (!items) {
		free(all);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		fill(&all[i], &items[i]);
	free(all);
	*ret = items;
	*ret_count = count;
	return 0;
}
