/*
 * Driver, frameworks, operation and concurrent threads, from the names of images and functions.
 * Must not know sites, rules or the fault.
 */
#include "triage/evidence.h"

#include "base/text.h"
#include "triage/operation.h"

#include <errno.h>
#include <string.h>

#define DRIVER_PREFIX "AGXMetal"

/* Frameworks in the order of the answer; globs in order of preference, by name or, with a slash, by
 * path. */
#define FRAMEWORK_GLOBS 5

static const struct {
	const char *name;
	const char *globs[FRAMEWORK_GLOBS];
} framework_table[] = {
	{"torch", {"libtorch_cpu.*", "libtorch.*", "libtorch_python.*", "libtorch_*"}},
	{"MLX", {"libmlx.*", "libmlxc.*", "*/mlx/core.*", "mlx.cpython-*"}},
	{"ggml", {"libggml-metal*", "libggml.*", "libggml-base*", "libggml*", "libllama*"}},
	{"Metal", {"Metal"}},
	{"IOGPU", {"IOGPU"}},
	{"MPSCore", {"MPSCore"}},
	{"MPSGraph", {"MetalPerformanceShadersGraph", "MPSGraph"}},
	{"Python", {"Python", "libpython*", "python[0-9]*", "python"}},
};

#define FRAMEWORK_COUNT (sizeof(framework_table) / sizeof(framework_table[0]))

/* Images whose code is Metal's or the driver's. torch's own mps code is not. */
static const char *const gpu_image_globs[] = {
	"Metal", "AGX*", "IOGPU", "MetalTools", "MetalPerformanceShaders*", "MPS[A-Z]*"};

/* Functions that only wait; a thread with one of these on top is blocked. */
static const char *const wait_globs[] = {
	"__psynch_cvwait*",
	"__psynch_mutexwait*",
	"__psynch_rw_*",
	"__ulock_wait*",
	"semaphore_*wait*",
	"__semwait_signal*",
	"__sem_wait*",
	"sem_wait*",
	"mach_msg*_trap",
	"kevent*",
	"__kevent*",
	"__workq_kernreturn",
	"__select*",
	"select",
	"poll",
	"__poll*",
	"__sigwait*",
	"__wait4*",
	"_pthread_cond_wait",
	"_dispatch_sema4_wait*",
	"take_gil",
};

/* glibc and musl wait in a function without a name, which these have called. */
static const char *const linux_wait_globs[] = {
	"pthread_mutex_*lock",
	"pthread_rwlock_*lock",
	"pthread_cond_*wait",
	"pthread_barrier_wait",
	"pthread_join",
	"sem_*wait",
};
/* And here it is the call itself. */
static const char *const linux_call_globs[] = {
	"*nanosleep",
	"usleep",
	"pause",
	"epoll_*wait",
	"sigwait*",
	"__lll_lock_wait*",
	"__futex_*",
};
static const char *const linux_libc_globs[] = {"libc.so*", "libpthread*.so*", "ld-musl-*"};

/* A message to the driver runs in the kernel on the sender's own thread. */
static const char *const driver_call_globs[] = {"io_connect_method*", "IOConnectCall*"};

static bool matches(const char *text, const char *const *globs, size_t count) {
	for (size_t i = 0; text && i < count; i++) {
		if (text_glob(globs[i], text, false))
			return true;
	}
	return false;
}

#define MATCHES(text, globs) matches(text, globs, sizeof(globs) / sizeof((globs)[0]))

static bool is_driver(const char *image) {
	return image && text_starts(image, DRIVER_PREFIX);
}

static const char *image_version(const struct image *image) {
	return image->version ? image->version : image->short_version;
}

/* The image of a frame, NULL when the report does not list it. */
static const struct image *frame_image(const struct report *report, const struct frame *frame) {
	if (frame->image_index < 0 || (size_t)frame->image_index >= report->image_count)
		return NULL;
	return &report->images[frame->image_index];
}

static const struct frame *find_driver_frame(const struct thread *thread) {
	for (size_t i = 0; thread && i < thread->frames.count; i++) {
		if (is_driver(thread->frames.items[i].image))
			return &thread->frames.items[i];
	}
	return NULL;
}

/* The crashed thread's, else any thread's where the list of images is missing. */
static const struct frame *choose_driver_frame(const struct report *report, bool listed) {
	const struct frame *frame = find_driver_frame(report_crashed_thread(report));
	for (size_t i = 0; !frame && !listed && i < report->thread_count; i++)
		frame = find_driver_frame(&report->threads[i]);
	return frame;
}

static const struct image *find_image(const struct report *report, const char *name) {
	for (size_t i = 0; i < report->image_count; i++) {
		const char *candidate = report->images[i].name;
		if (candidate && (name ? !strcmp(candidate, name) : is_driver(candidate)))
			return &report->images[i];
	}
	return NULL;
}

/* "G15X" of "AGXMetalG15X_B0", "A13" of "AGXMetalA13". AGXMetal13_3 has none: *ret is NULL. */
static int parse_generation(const char *image, struct arena *arena, const char **ret) {
	const char *text = image + strlen(DRIVER_PREFIX);
	*ret = NULL;
	if (!(text[0] >= 'A' && text[0] <= 'Z' && text[1] >= '0' && text[1] <= '9'))
		return 0;
	*ret = arena_strndup(arena, text, strcspn(text, "_."));
	return *ret ? 0 : -ENOMEM;
}

static int collect_driver(
	struct driver *ret, const struct report *report, struct arena *arena, struct buf *explain) {
	const struct image *image = find_image(report, NULL);
	const struct frame *frame = choose_driver_frame(report, image != NULL);
	if (frame) {
		const struct image *own = frame_image(report, frame);
		image = own && is_driver(own->name) ? own : find_image(report, frame->image);
	}
	struct driver driver = {.image = image ? image->name : frame ? frame->image : NULL};
	if (!driver.image) {
		if (explain)
			buf_add_str(explain, "driver: no AGX driver image\n");
		return 0;
	}
	if (image) {
		driver.version = image_version(image);
		driver.uuid = image->uuid;
	}
	int r = parse_generation(driver.image, arena, &driver.generation);
	if (r < 0)
		return r;
	if (explain)
		buf_printf(explain, "driver: %s%s%s, %s\n", driver.image, driver.version ? " " : "",
			driver.version ? driver.version : "",
			frame ? "on a stack" : "among the images");
	*ret = driver;
	return 0;
}

/* Preference of image for a framework's globs; FRAMEWORK_GLOBS when none fits. */
static size_t rank_image(const struct image *image, const char *const globs[FRAMEWORK_GLOBS]) {
	size_t rank = 0;
	for (; rank < FRAMEWORK_GLOBS && globs[rank]; rank++) {
		const char *text = strchr(globs[rank], '/') ? image->path : image->name;
		if (text && text_glob(globs[rank], text, false))
			return rank;
	}
	return FRAMEWORK_GLOBS;
}

static const struct image *find_framework(const struct report *report, size_t index) {
	const struct image *best = NULL;
	size_t best_rank = FRAMEWORK_GLOBS;
	for (size_t i = 0; i < report->image_count; i++) {
		size_t rank = rank_image(&report->images[i], framework_table[index].globs);
		if (rank < best_rank) {
			best = &report->images[i];
			best_rank = rank;
		}
	}
	return best;
}

static int collect_frameworks(
	struct triage *ret, const struct report *report, struct arena *arena, struct buf *explain) {
	struct framework *items = arena_calloc(arena, FRAMEWORK_COUNT, sizeof(*items));
	if (!items)
		return -ENOMEM;
	size_t count = 0;
	for (size_t i = 0; i < FRAMEWORK_COUNT; i++) {
		const struct image *image = find_framework(report, i);
		if (!image)
			continue;
		items[count++] = (struct framework){.name = framework_table[i].name,
			.image = image->name,
			.version = image_version(image),
			.uuid = image->uuid};
		if (explain)
			buf_printf(explain, "framework: %s by image %s\n", framework_table[i].name,
				image->name ? image->name : image->path);
	}
	ret->frameworks = items;
	ret->framework_count = count;
	return 0;
}

static int collect_operation(
	struct triage *ret, const struct report *report, struct arena *arena, struct buf *explain) {
	const struct thread *thread = report_crashed_thread(report);
	struct operation operation = {0};
	if (thread)
		operation = operation_find(&thread->frames);
	if (!operation.name) {
		if (explain)
			buf_add_str(
				explain, "operation: no frame of the crashed thread names one\n");
		return 0;
	}
	ret->operation = arena_strndup(arena, operation.name, operation.len);
	if (!ret->operation)
		return -ENOMEM;
	if (explain)
		buf_printf(explain, "operation: %s from frame %zu (%s)\n", ret->operation,
			operation.frame, operation.source);
	return 0;
}

static bool waits_on_linux(const struct frames *frames) {
	size_t i = 0;
	while (i < frames->count && !frames->items[i].symbol &&
		MATCHES(frames->items[i].image, linux_libc_globs))
		i++;
	return i < frames->count && MATCHES(frames->items[i].image, linux_libc_globs) &&
	       (MATCHES(frames->items[i].symbol, linux_call_globs) ||
		       (i && MATCHES(frames->items[i].symbol, linux_wait_globs)));
}

/* Blocked when the top frame waits, unless it waits for the driver's answer to a call. gpu: index
 * of the topmost frame in Metal or the driver. */
static bool is_blocked(const struct frames *frames, size_t gpu) {
	if (waits_on_linux(frames))
		return true;
	if (!MATCHES(frames->items[0].symbol, wait_globs))
		return false;
	for (size_t i = 1; i < gpu; i++) {
		if (MATCHES(frames->items[i].symbol, driver_call_globs))
			return false;
	}
	return true;
}

/* In the trial program, where its driver is played; the operation's frame is the framework's. */
static bool is_simulated_driver(const struct frame *frame) {
	return report_is_simulated_frame(frame) && !text_ends(frame->symbol, "_mps_kernel") &&
	       frame->image && text_starts(frame->image, REPORT_TRIAL_PROCESS);
}

/* Index of the topmost frame in Metal or the driver; frames->count when there is none. */
static size_t find_gpu_frame(const struct frames *frames) {
	size_t i = 0;
	while (i < frames->count && !MATCHES(frames->items[i].image, gpu_image_globs) &&
		!is_simulated_driver(&frames->items[i]))
		i++;
	return i;
}

static int collect_concurrent(
	struct triage *ret, const struct report *report, struct arena *arena, struct buf *explain) {
	struct concurrent_thread *items = NULL;
	size_t count = 0, cap = 0;
	const struct thread *crashed = report_crashed_thread(report);
	for (size_t i = 0; i < report->thread_count; i++) {
		const struct thread *thread = &report->threads[i];
		size_t gpu = find_gpu_frame(&thread->frames);
		if (thread == crashed || gpu == thread->frames.count)
			continue;
		if (arena_grow(arena, (void **)&items, count, &cap, sizeof(*items)) < 0)
			return -ENOMEM;
		const struct frame *frame = &thread->frames.items[gpu];
		bool blocked = is_blocked(&thread->frames, gpu);
		items[count++] = (struct concurrent_thread){.index = thread->index,
			.name = thread->name,
			.queue = thread->queue,
			.image = frame->image,
			.symbol = frame->symbol,
			.blocked = blocked};
		if (explain)
			buf_printf(explain, "concurrent: thread %d in %s, frame %zu, %s\n",
				thread->index, frame->image, gpu, blocked ? "blocked" : "running");
	}
	ret->concurrent = items;
	ret->concurrent_count = count;
	return 0;
}

int evidence_collect(
	struct triage *ret, const struct report *report, struct arena *arena, struct buf *explain) {
	struct triage found = {0};
	int r = collect_driver(&found.driver, report, arena, explain);
	if (r == 0)
		r = collect_frameworks(&found, report, arena, explain);
	if (r == 0)
		r = collect_operation(&found, report, arena, explain);
	if (r == 0)
		r = collect_concurrent(&found, report, arena, explain);
	if (r < 0)
		found = (struct triage){0};
	ret->driver = found.driver;
	ret->frameworks = found.frameworks;
	ret->framework_count = found.framework_count;
	ret->operation = found.operation;
	ret->concurrent = found.concurrent;
	ret->concurrent_count = found.concurrent_count;
	return r;
}
