/*
 * What a trial program says on its standard output: lines of JSON, each an object with "type".
 *
 *   {"type":"start","pid":N,"launched_at":TIME,"backend":..,"device":..,"scenario":..,"lock":..,"threads":N}
 *       by the process that will crash, before its threads start
 *   {"type":"end","outcome":"finished|gpu_error|wrong_result|failed","operations":N,"elapsed_s":S,
 *    "throughput":OPS_PER_S,"lock_wait_s":S,"latency_us":{"operation":{"p50","p95","p99"},"begin":{..},
 *    "encoder":{..},"pipeline":{..},"buffers":{..},"dispatch":{..},"end":{..},"commit":{..},
 *    "wait":{..}},"error":TEXT,"error_code":TEXT}
 *       by the same, when it lived
 *   {"type":"crash","pid":N,"launched_at":TIME,"signal":N,"report":PATH or null,"error":TEXT}
 *       by its supervisor, when it did not (not on macOS: there the process is its own)
 *   {"type":"stacks","text":TEXT}
 *       by its supervisor after SIGQUIT: every thread's stack
 *
 * Other lines, keys and types are left alone: a newer program may say more. Exit status: 0
 * finished, 1 failed, 2 wrong usage, 3 gpu_error, 4 wrong_result; 128 + N by the supervisor when
 * signal N ended the process. Text is outside input and is cleaned here.
 */
#ifndef REPRO_ANSWER_H
#define REPRO_ANSWER_H

#include "base/arena.h"
#include "base/err.h"
#include "ips/report.h"
#include "store/experiment.h"

struct answer {
	struct i64_opt pid, launched_at_us; /* the last that was told */
	struct i64_opt signal;              /* of a crash */
	const char *report;                 /* path, NULL */
	bool ended;                         /* there was an "end" */
	enum trial_outcome outcome;         /* then */
	struct i64_opt operations;
	bool has_throughput, has_lock_wait;
	double throughput, lock_wait_s, elapsed_s;
	const char *latency; /* JSON object, rewritten by us; NULL */
	const char *error, *error_code, *stacks;
	const char *device;
};

/* Reads whole lines of text; everything lives in arena. What is no such line is skipped. -ENOMEM.
 */
int answer_read(
	const char *text, size_t len, struct arena *arena, struct answer *ret, struct err *err);

#endif
