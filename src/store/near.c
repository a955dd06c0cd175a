/* Which reports can be of one moment on one machine. */
#include "store/near.h"

#include <string.h>

/* A GPU event's name is cut at 16 characters, one of them perhaps an end. */
#define CUT_NAME_BYTES 15

void near_read(sqlite3_stmt *row, struct near_row *ret) {
	const char *kind = (const char *)sqlite3_column_text(row, 2);
	enum report_kind found = kind != NULL ? report_kind_find(kind) : REPORT_KIND_COUNT;
	*ret = (struct near_row){
		.id = sqlite3_column_int64(row, 0),
		.at_us = sqlite3_column_int64(row, 1),
		.kind = found != REPORT_KIND_COUNT ? found : REPORT_OTHER,
		.process = store_column_opt(row, 3),
		.machine = store_column_opt(row, 4),
		.model = store_column_opt(row, 5),
		.simulated = sqlite3_column_int(row, 6) != 0,
	};
}

static bool may_be_equal(struct i64_opt a, struct i64_opt b) {
	return !a.set || !b.set || a.value == b.value;
}

bool near_same_machine(const struct near_row *a, const struct near_row *b) {
	return a->simulated == b->simulated && may_be_equal(a->machine, b->machine) &&
	       may_be_equal(a->model, b->model);
}

bool near_same_process(const char *crash, const char *gpu_event) {
	size_t len = gpu_event != NULL ? strlen(gpu_event) : 0;
	if (crash == NULL || len == 0)
		return false;
	return strcmp(crash, gpu_event) == 0 ||
	       (len >= CUT_NAME_BYTES && strncmp(crash, gpu_event, len) == 0);
}
