/* What a run came to. */
#include "repro/run.h"

#include <signal.h>
#include <stdlib.h>

bool run_is_crash_signal(int number) {
	switch (number) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGABRT:
	case SIGTRAP:
	case SIGFPE:
	case SIGSYS:
		return true;
	default:
		return false;
	}
}

int run_crash_signal(int status, int signal) {
	if (run_is_crash_signal(signal))
		return signal;
	return status > 128 && run_is_crash_signal(status - 128) ? status - 128 : 0;
}

bool run_crashed(const struct run_result *result) {
	return result->crash_signal || result->crash_count > 0;
}

void run_result_finish(struct run_result *result) {
	free(result->incidents);
	free(result->stderr_tail);
	stderr_facts_finish(&result->facts);
	buf_finish(&result->system_log);
	*result = (struct run_result){0};
}
