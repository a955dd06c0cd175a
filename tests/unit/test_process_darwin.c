/* Processes as macOS's sysctl tells them: a table of our own, and every way in which it is told
 * only in part. */
#include "base/process.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>

#include <cmocka.h>

#define PROCESSES_MAX 1000

static struct kinfo_proc table[PROCESSES_MAX];
static size_t count;
static int failure;      /* errno of the next calls */
static unsigned growing; /* so often the list has become longer meanwhile */
static unsigned growth;
static size_t cut; /* so many bytes less are told */
static unsigned calls;

static void add(pid_t pid, pid_t parent, int64_t started_us, const char *name) {
	struct kinfo_proc *entry = &table[count++];
	*entry = (struct kinfo_proc){
		.kp_proc = {.p_pid = pid,
			.p_starttime = {started_us / 1000000, started_us % 1000000}},
		.kp_eproc = {.e_ppid = parent}};
	/* The kernel cuts names, and ends them with NUL where there is room. */
	size_t len = strlen(name);
	memcpy(entry->kp_proc.p_comm, name,
		len < sizeof entry->kp_proc.p_comm ? len : sizeof entry->kp_proc.p_comm);
}

static int fail_with(int code) {
	errno = code;
	return -1;
}

static int tell_one(pid_t pid, void *old, size_t *old_len) {
	for (size_t i = 0; i < count; i++) {
		if (table[i].kp_proc.p_pid != pid)
			continue;
		assert_true(*old_len >= sizeof table[i]);
		*old_len = sizeof table[i] - cut;
		memcpy(old, &table[i], *old_len);
		return 0;
	}
	*old_len = 0;
	return 0;
}

static int tell_all(void *old, size_t *old_len) {
	size_t len = count * sizeof *table;
	if (!old) {
		*old_len = len;
		return 0;
	}
	if (growing) {
		growing--;
		for (unsigned i = 0; i < growth; i++)
			add((pid_t)(5000 + count), 1, 1, "new");
		len = count * sizeof *table;
	}
	if (*old_len < len)
		return fail_with(ENOMEM);
	memcpy(old, table, len);
	*old_len = len - cut;
	return 0;
}

int sysctl(int *name, unsigned name_count, void *old, size_t *old_len, void *new, size_t new_len) {
	calls++;
	assert_int_equal(name_count, 4);
	assert_int_equal(name[0], CTL_KERN);
	assert_int_equal(name[1], KERN_PROC);
	assert_null(new);
	if (failure)
		return fail_with(failure);
	return name[2] == KERN_PROC_PID ? tell_one(name[3], old, old_len) : tell_all(old, old_len);
}

static int setup(void **state) {
	memset(table, 0, sizeof table);
	count = cut = 0;
	failure = 0;
	growing = growth = calls = 0;
	add(0, 0, 0, "kernel_task");
	add(1, 0, INT64_C(1766194578286200), "launchd");
	add(76982, 1, INT64_C(1766194600000001), "Python");
	return 0;
}

static void test_find(void **state) {
	struct process_info info;
	struct err err = {0};
	assert_int_equal(process_find(76982, &info, &err), 0);
	assert_int_equal(info.pid, 76982);
	assert_int_equal(info.parent, 1);
	assert_int_equal(info.started_at_us, INT64_C(1766194600000001));
	assert_string_equal(info.name, "Python");
	assert_int_equal(process_find(0, &info, &err), 0);
	assert_int_equal(info.started_at_us, 0);
}

/* It succeeds and tells nothing of a process that is gone, and too little of one that is going. */
static void test_gone(void **state) {
	struct process_info info = {.pid = 7};
	struct err err = {0};
	assert_int_equal(process_find(4711, &info, &err), -ESRCH);
	assert_int_equal(err.code, -ESRCH);
	assert_non_null(strstr(err.text, "process 4711"));
	cut = 1;
	assert_int_equal(process_find(1, &info, &err), -ESRCH);
	assert_int_equal(info.pid, 7);
	failure = EPERM;
	assert_int_equal(process_find(1, &info, &err), -EPERM);
}

/* The same pid, another process. */
static void test_used_again(void **state) {
	struct process_info before, after;
	struct err err;
	assert_int_equal(process_find(76982, &before, &err), 0);
	table[2].kp_proc.p_starttime.tv_usec++;
	assert_int_equal(process_find(76982, &after, &err), 0);
	assert_int_not_equal(before.birth, after.birth);
}

/* A name that fills its place has no end of its own. */
static void test_long_name(void **state) {
	struct process_info info;
	struct err err;
	add(9, 1, 1, "com.apple.WebKit.GPU");
	assert_int_equal(process_find(9, &info, &err), 0);
	assert_string_equal(info.name, "com.apple.WebKit.");
}

static void test_list(void **state) {
	struct process_info *all;
	size_t found;
	struct err err;
	assert_int_equal(process_list(&all, &found, &err), 0);
	assert_int_equal(found, 3);
	assert_int_equal(all[2].pid, 76982);
	assert_string_equal(all[1].name, "launchd");
	free(all);
	/* One that is told in part is not told. */
	cut = 8;
	assert_int_equal(process_list(&all, &found, &err), 0);
	assert_int_equal(found, 2);
	free(all);
}

static void test_list_grows(void **state) {
	struct process_info *all;
	size_t found;
	struct err err;
	/* A few more have room at once. */
	growing = 1;
	growth = 10;
	assert_int_equal(process_list(&all, &found, &err), 0);
	assert_int_equal(found, 13);
	assert_int_equal(calls, 2);
	free(all);
	growing = 3;
	growth = 100;
	assert_int_equal(process_list(&all, &found, &err), 0);
	assert_int_equal(found, 313);
	free(all);
}

static void test_list_fails(void **state) {
	struct process_info *all = NULL;
	size_t found = 0;
	struct err err = {0};
	growing = UINT32_MAX;
	growth = 100;
	assert_int_equal(process_list(&all, &found, &err), -ENOMEM);
	assert_null(all);
	assert_in_range(calls, 2, 20);
	setup(state);
	failure = EPERM;
	assert_int_equal(process_list(&all, &found, &err), -EPERM);
	assert_int_equal(err.code, -EPERM);
	setup(state);
	count = 0;
	assert_int_equal(process_list(&all, &found, &err), 0);
	assert_int_equal(found, 0);
	free(all);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_gone),
		TEST(test_used_again),
		TEST(test_long_name),
		TEST(test_list),
		TEST(test_list_grows),
		TEST(test_list_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
