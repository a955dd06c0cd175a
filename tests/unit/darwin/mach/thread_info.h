/* What the macOS files of src/ use of <mach/thread_info.h>; see sys/sysctl.h. */
#ifndef TESTS_UNIT_DARWIN_MACH_THREAD_INFO_H
#define TESTS_UNIT_DARWIN_MACH_THREAD_INFO_H

#define TH_STATE_RUNNING 1
#define TH_STATE_STOPPED 2
#define TH_STATE_WAITING 3
#define TH_STATE_UNINTERRUPTIBLE 4
#define TH_STATE_HALTED 5

#endif
