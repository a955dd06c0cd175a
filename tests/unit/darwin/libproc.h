/* What the macOS files of src/ use of <libproc.h> and <sys/proc_info.h>; see sys/sysctl.h. */
#ifndef TESTS_UNIT_DARWIN_LIBPROC_H
#define TESTS_UNIT_DARWIN_LIBPROC_H

#include <stdint.h>

#define PROC_PIDTHREADINFO 5
#define PROC_PIDLISTTHREADS 6
#define MAXTHREADNAMESIZE 64

struct proc_threadinfo {
	int32_t pth_run_state;
	char pth_name[MAXTHREADNAMESIZE];
};

/* The bytes written; 0 and errno when it fails. */
int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int buffer_len);

#endif
