/* Processes as /proc has them. */
#include "base/process.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAT_BYTES 1024
#define LIST_START 256

/* Fields of /proc/PID/stat behind the name, counted from 0. */
enum { FIELD_STATE, FIELD_PARENT, FIELD_STARTED = 19 };

/* The wall clock at boot. /proc/stat has it in whole seconds only. */
static int64_t boot_us(void) {
	struct timespec wall, since;
	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &since);
	return (wall.tv_sec - since.tv_sec) * 1000000 + (wall.tv_nsec - since.tv_nsec) / 1000;
}

static ssize_t read_small(const char *path, char *ret, size_t size) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, ret, size - 1);
	if (n < 0)
		n = -errno;
	else
		ret[n] = '\0';
	close(fd);
	return n;
}

static bool field(const char *text, size_t index, int64_t *ret) {
	for (; index; index--) {
		text += strcspn(text, " ");
		text += *text == ' ';
	}
	return text_i64(text, strcspn(text, " \n"), ret);
}

/* "12 (a name) S 1 ...": the name may hold blanks and brackets, so the last bracket counts. */
static bool parse(const char *text, int64_t boot, struct process_info *ret) {
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	int64_t pid, parent, ticks;
	if (!open || !close || close < open || close[1] != ' ' || open == text)
		return false;
	if (!text_i64(text, (size_t)(open - text - 1), &pid) ||
		!field(close + 2, FIELD_PARENT, &parent) ||
		!field(close + 2, FIELD_STARTED, &ticks))
		return false;
	size_t len = (size_t)(close - open - 1);
	len = len < sizeof ret->name ? len : sizeof ret->name - 1;
	int64_t per_second = sysconf(_SC_CLK_TCK);
	*ret = (struct process_info){.pid = (pid_t)pid,
		.parent = (pid_t)parent,
		.birth = ticks,
		.started_at_us = boot + ticks / per_second * 1000000 +
				 ticks % per_second * 1000000 / per_second};
	memcpy(ret->name, open + 1, len);
	return true;
}

static int look(const char *pid, int64_t boot, struct process_info *ret) {
	char path[64], text[STAT_BYTES];
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	ssize_t n = read_small(path, text, sizeof text);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	return parse(text, boot, ret) ? 0 : -EIO;
}

int process_find(pid_t pid, struct process_info *ret, struct err *err) {
	char name[24];
	snprintf(name, sizeof name, "%ld", (long)pid);
	int code = look(name, boot_us(), ret);
	return code ? err_set(err, code, "process %s: %s", name, strerror(-code)) : 0;
}

static int grow(struct process_info **items, size_t count, size_t *cap) {
	if (count < *cap)
		return 0;
	size_t more = *cap ? *cap * 2 : LIST_START;
	struct process_info *larger = realloc(*items, more * sizeof **items);
	if (!larger)
		return -ENOMEM;
	*items = larger;
	*cap = more;
	return 0;
}

int process_list(struct process_info **ret, size_t *ret_count, struct err *err) {
	struct process_info *items = NULL;
	size_t count = 0, cap = 0;
	int64_t boot = boot_us();
	DIR *dir = opendir("/proc");
	if (!dir)
		return err_set(err, -errno, "/proc: %s", strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (grow(&items, count, &cap) < 0) {
			free(items);
			closedir(dir);
			return err_set(err, -ENOMEM, "out of memory");
		}
		/* One that ended meanwhile is simply not there. */
		count += look(entry->d_name, boot, &items[count]) == 0;
	}
	closedir(dir);
	*ret = items;
	*ret_count = count;
	return 0;
}
