/* macOS: ReportCrash, which launchd starts. */
#include "repro/reporter.h"

const struct reporter reporter_here = {
	.launchctl = "/bin/launchctl",
	.log_program = "/usr/bin/log",
};
