/* What neighbours and correlations share: which reports can be of one moment on one machine. */
#ifndef STORE_NEAR_H
#define STORE_NEAR_H

#include "store/internal.h"

/* Facts of a row, numbers of words. */
struct near_row {
	int64_t id, at_us;
	enum report_kind kind;
	struct i64_opt process, machine, model;
	bool simulated;
};

/* The columns of a near_row, of incident i, from column 0 on; kind comes as text. */
#define NEAR_COLUMNS                                                                             \
	"i.id, i.captured_at, (select text from word where id = i.kind), i.process, i.machine, " \
	"i.hardware_model, i.simulated"
#define NEAR_COLUMN_COUNT 7

void near_read(sqlite3_stmt *row, struct near_row *ret);
/* Only of crashes, GPU events and panics something is near. */
static inline bool near_counts(enum report_kind kind) {
	return kind == REPORT_CRASH || kind == REPORT_GPU_EVENT || kind == REPORT_PANIC;
}
/* What both reports tell of their machine agrees, and both are simulated or neither is. */
bool near_same_machine(const struct near_row *a, const struct near_row *b);
/* Whether a GPU event's name, which the system cuts, can be the crash's. */
bool near_same_process(const char *crash, const char *gpu_event);

#endif
