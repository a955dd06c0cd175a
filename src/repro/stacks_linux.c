/* Linux: debuggers where there are any; /proc tells every thread's state, not its stack. */
#include "repro/stacks_system.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES 1024
#define PATH_BYTES 64

/* Both would ask servers for debugging information if that variable told them to. */
#define OFFLINE "/usr/bin/env", "-u", "DEBUGINFOD_URLS"

const struct stacks_tool stacks_tools[] = {
	{"eu-stack", {OFFLINE, "eu-stack", "-m", "-n", "64", "-p", STACKS_PID}, "\nTID "},
	{"gdb",
		{OFFLINE, "gdb", "-nx", "-batch", "-iex", "set auto-load no", "-p", STACKS_PID,
			"-ex", "thread apply all backtrace 64"},
		"\n#0 "},
	{NULL, {NULL}, NULL},
};

/* One small file of /proc; "" when it may not be read. Without its last line feed. */
static size_t read_text(char ret[FILE_BYTES], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static size_t read_text(char ret[FILE_BYTES], const char *fmt, ...) {
	char path[PATH_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(path, sizeof path, fmt, args);
	va_end(args);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, FILE_BYTES - 1);
	if (fd >= 0)
		close(fd);
	size_t len = n > 0 ? (size_t)n : 0;
	while (len && ret[len - 1] == '\n')
		len--;
	ret[len] = '\0';
	return len;
}

/* The name in "12 (a name) S 1 ..." may hold brackets, so the last one counts. */
static const char *state_word(const char *stat) {
	static const char states[] = "RSDTtZXI";
	static const char *const words[] = {"running", "sleeping", "waiting, not interruptible",
		"stopped", "stopped by a debugger", "zombie", "dead", "idle"};
	const char *close = strrchr(stat, ')');
	if (!close || close[1] != ' ' || !close[2])
		return "unknown";
	const char *found = strchr(states, close[2]);
	return found ? words[found - states] : "unknown";
}

/* "9 0x1 ..." is the system call's number, "-1 ..." none; "running" tells nothing more. */
static void add_call(struct buf *ret, const char *call) {
	if (isdigit((unsigned char)*call))
		buf_printf(ret, ", system call %.*s", (int)strcspn(call, " "), call);
}

static void add_thread(pid_t pid, const char *thread, struct buf *ret) {
	char name[FILE_BYTES], stat[FILE_BYTES], channel[FILE_BYTES], call[FILE_BYTES];
	if (!read_text(stat, "/proc/%d/task/%.16s/stat", (int)pid, thread))
		return; /* it has ended meanwhile */
	read_text(name, "/proc/%d/task/%.16s/comm", (int)pid, thread);
	read_text(channel, "/proc/%d/task/%.16s/wchan", (int)pid, thread);
	read_text(call, "/proc/%d/task/%.16s/syscall", (int)pid, thread);
	buf_printf(ret, "thread %s \"%s\": %s", thread, name, state_word(stat));
	if (*channel && strcmp(channel, "0") != 0)
		buf_printf(ret, ", in %s", channel);
	add_call(ret, call);
	buf_add_char(ret, '\n');
}

int stacks_threads(pid_t pid, size_t limit, struct buf *ret, struct err *err) {
	char path[PATH_BYTES];
	const struct dirent *entry;
	size_t before = ret->len;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return err_set(err, -ESRCH, "process %d: %s", (int)pid, strerror(errno));
	while ((entry = readdir(dir)) && ret->len - before < limit && !ret->failed) {
		if (isdigit((unsigned char)entry->d_name[0]))
			add_thread(pid, entry->d_name, ret);
	}
	closedir(dir);
	return ret->len > before ? 0 : err_set(err, -ESRCH, "process %d has no threads", (int)pid);
}
