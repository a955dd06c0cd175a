/* The program's own definitions come before those of libc.so and libuv.so, also for libuv. */
#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#define PLANS_MAX 4096
/* 2001, in microseconds: the wall clock when the monotonic one stands at 0. */
#define WALL_US INT64_C(1000000000000000)
/* Any real burst of work is done in fewer turns. */
#define TURNS_AT_ONCE 20000
/* Works take up to so long, as on a busy machine. */
#define WORK_US 30000

struct plan {
	int64_t at_us;
	uint64_t order; /* of those due at the same time */
	void (*call)(void *user);
	void *user;
};

static struct plan plans[PLANS_MAX];
static size_t plan_count;
static uint64_t next_order, state;
static int64_t now_us = INT64_C(5000000);
static unsigned turns, works;

void simulation_begin(uint64_t seed) {
	plan_count = 0;
	turns = works = 0;
	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

int64_t simulation_now_us(void) {
	return now_us;
}

unsigned simulation_turns(void) {
	return turns;
}

unsigned simulation_works(void) {
	return works;
}

uint64_t simulation_below(uint64_t limit) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % limit;
}

bool simulation_chance(unsigned percent) {
	return simulation_below(100) < percent;
}

/* Of all of this only libuv.so needs to see it. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret) {
	int64_t us = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? WALL_US : 0;
	us += now_us;
	*ret = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	return 0;
}

/* ---- what is planned ---- */

void simulation_plan(int64_t after_us, void (*call)(void *user), void *user) {
	assert_true(plan_count < PLANS_MAX);
	plans[plan_count++] = (struct plan){now_us + after_us, next_order++, call, user};
}

void simulation_forget(const void *user) {
	size_t kept = 0;
	for (size_t i = 0; i < plan_count; i++)
		if (plans[i].user != user)
			plans[kept++] = plans[i];
	plan_count = kept;
}

static bool is_before(const struct plan *a, const struct plan *b) {
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

/* NULL: nothing is planned. */
static struct plan *earliest(void) {
	struct plan *best = plan_count ? plans : NULL;
	for (size_t i = 1; i < plan_count; i++)
		if (is_before(&plans[i], best))
			best = &plans[i];
	return best;
}

static bool call_one(void) {
	struct plan *due = earliest();
	if (!due || due->at_us > now_us)
		return false;
	struct plan plan = *due;
	*due = plans[--plan_count];
	plan.call(plan.user);
	return true;
}

/* ---- libuv's work ---- */

static void end_work(void *user) {
	uv_work_t *work = user;
	work->after_work_cb(work, 0);
}

static void cancel_work(void *user) {
	uv_work_t *work = user;
	work->after_work_cb(work, UV_ECANCELED);
}

static void do_work(void *user) {
	uv_work_t *work = user;
	works++;
	work->work_cb(work);
	simulation_plan((int64_t)simulation_below(WORK_US), end_work, work);
}

int uv_queue_work(
	uv_loop_t *loop, uv_work_t *work, uv_work_cb work_cb, uv_after_work_cb after_work_cb) {
	work->loop = loop;
	work->work_cb = work_cb;
	work->after_work_cb = after_work_cb;
	simulation_plan((int64_t)simulation_below(WORK_US), do_work, work);
	return 0;
}

int uv_cancel(uv_req_t *request) {
	for (size_t i = 0; i < plan_count; i++) {
		if (plans[i].user != request || plans[i].call != do_work)
			continue;
		plans[i].call = cancel_work;
		return 0;
	}
	return UV_EBUSY;
}

/* ---- running ---- */

/* When the loop wants to go on by itself. */
static int64_t loop_due_us(uv_loop_t *loop) {
	int timeout_ms = uv_backend_timeout(loop);
	/* It answers 0 also when nothing is left. */
	if (timeout_ms < 0 || !uv_loop_alive(loop))
		return INT64_MAX;
	/* It counts in whole milliseconds. */
	return timeout_ms == 0 ? now_us : ((int64_t)uv_now(loop) + timeout_ms) * 1000;
}

void simulation_run(uv_loop_t *loop, int64_t for_us) {
	int64_t until_us = now_us + for_us;
	unsigned at_once = 0;
	while (true) {
		/* It takes the time anew only when it has something to wait for. */
		uv_update_time(loop);
		uv_run(loop, UV_RUN_NOWAIT);
		turns++;
		if (++at_once > TURNS_AT_ONCE)
			fail_msg("busy without end at %lld us", (long long)now_us);
		bool called = false;
		while (call_one())
			called = true;
		const struct plan *plan = earliest();
		int64_t next_us = loop_due_us(loop);
		if (plan && plan->at_us < next_us)
			next_us = plan->at_us;
		if (called || next_us <= now_us)
			continue;
		if (next_us > until_us)
			break;
		now_us = next_us;
		at_once = 0;
	}
	now_us = until_us;
}
