/* What was captured of a child, put into words: a crash report, or a text with all stacks. The
 * child is a copy of this process, so its addresses mean the same on this side. */
#ifndef REPRO_SUPERVISE_REPORT_H
#define REPRO_SUPERVISE_REPORT_H

#include "base/buf.h"
#include "repro/capture.h"
#include "repro/supervise.h"

/* Into what->reports; the path goes into end. */
int supervise_report(const struct supervised *what, const struct capture *capture,
	struct supervised_end *end, struct err *err);

/* At most about STACKS_BYTES. */
void supervise_format_stacks(const struct capture_threads *threads, pid_t pid, struct buf *ret);

#endif
