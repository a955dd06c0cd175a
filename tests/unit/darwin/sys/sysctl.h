/*
 * What the macOS files of src/ use of <sys/sysctl.h>, declared anew, so that they run on Linux on a
 * stand-in. Only names and meanings are Apple's; layouts are not, nobody shares them with a kernel.
 */
#ifndef TESTS_UNIT_DARWIN_SYS_SYSCTL_H
#define TESTS_UNIT_DARWIN_SYS_SYSCTL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_PROC_ALL 0
#define KERN_PROC_PID 1
#define MAXCOMLEN 16

struct xsw_usage {
	uint64_t xsu_total, xsu_avail, xsu_used;
	uint32_t xsu_pagesize;
	int32_t xsu_encrypted;
};

struct kinfo_proc {
	struct {
		struct timeval p_starttime;
		pid_t p_pid;
		char p_stat;
		char p_comm[MAXCOMLEN + 1];
	} kp_proc;
	struct {
		pid_t e_ppid;
	} kp_eproc;
};

int sysctl(int *name, unsigned count, void *old, size_t *old_len, void *new, size_t new_len);
int sysctlbyname(const char *name, void *old, size_t *old_len, void *new, size_t new_len);

#endif
