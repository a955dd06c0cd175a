/*
 * Reports made by hand for the tests of triage: frames from a list of texts, everything else by
 * member.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include "ips/report.h"

#include <stdlib.h>
#include <string.h>

#define FIXTURE_FRAMES 24
#define FIXTURE_NEAR_NULL "KERN_INVALID_ADDRESS at 0x%016llx"

struct fixture_frame {
	const char *image, *symbol;
};

/* What differs between the reports of the tests; what is left out is absent. */
struct fixture {
	enum report_kind kind;
	const char *exception, *signal, *subtype;
	uint64_t address; /* of EXC_BAD_ACCESS */
	struct fixture_frame frames[FIXTURE_FRAMES];
	struct fixture_frame last_exception[8];
	struct fixture_frame other_thread[8];
	const char *queue, *app_info, *panic, *reason;
	int64_t gpu_signature;
};

static inline size_t fixture_count(const struct fixture_frame *frames, size_t limit) {
	size_t count = 0;

	while (count < limit && (frames[count].image != NULL || frames[count].symbol != NULL))
		count++;
	return count;
}

static inline void fixture_frames(struct report *report, struct frames *ret,
	const struct fixture_frame *frames, size_t limit) {
	ret->count = fixture_count(frames, limit);
	ret->items = arena_calloc(&report->arena, ret->count + 1, sizeof *ret->items);
	if (ret->items == NULL)
		abort();
	for (size_t i = 0; i < ret->count; i++) {
		ret->items[i].image = frames[i].image;
		ret->items[i].symbol = frames[i].symbol;
		ret->items[i].image_index = -1;
		ret->items[i].image_offset = (struct u64_opt){0x1000 + 16 * i, true};
	}
}

static inline void fixture_threads(struct report *report, const struct fixture *f) {
	report->thread_count = 2;
	report->threads = arena_calloc(&report->arena, 2, sizeof *report->threads);
	if (report->threads == NULL)
		abort();
	report->threads[1].index = 1;
	report->threads[1].triggered = true;
	report->threads[1].queue = f->queue;
	report->crashed_thread = 1;
	fixture_frames(report, &report->threads[0].frames, f->other_thread, 8);
	fixture_frames(report, &report->threads[1].frames, f->frames, FIXTURE_FRAMES);
}

/* To be freed with report_free(). Texts are borrowed from f. */
static inline struct report *fixture_report(const struct fixture *f) {
	struct report *report = report_new();

	if (report == NULL)
		abort();
	report->kind = f->kind;
	report->arch = REPORT_ARCH_ARM64;
	report->crashed_thread = -1;
	report->process.name = "Python";
	report->exception.type = f->exception;
	report->exception.signal = f->signal;
	report->exception.subtype = f->subtype;
	report->panic_string = f->panic;
	if (f->exception != NULL) {
		report->raw_codes = arena_calloc(&report->arena, 2, sizeof *report->raw_codes);
		if (report->raw_codes == NULL)
			abort();
		report->raw_codes[0] = strcmp(f->exception, "EXC_BAD_ACCESS") == 0;
		report->raw_codes[1] = f->address;
		report->raw_code_count = 2;
		fixture_threads(report, f);
		fixture_frames(report, &report->last_exception, f->last_exception, 8);
	}
	if (f->app_info != NULL) {
		report->app_info = arena_calloc(&report->arena, 1, sizeof *report->app_info);
		if (report->app_info == NULL)
			abort();
		report->app_info[0] = f->app_info;
		report->app_info_count = 1;
	}
	report->gpu_event.restart_reason_desc = f->reason;
	if (f->gpu_signature != 0)
		report->gpu_event.signature = (struct i64_opt){f->gpu_signature, true};
	return report;
}

#endif
