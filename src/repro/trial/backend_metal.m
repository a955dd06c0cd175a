/*
 * The trial on a real GPU, through nothing but Metal's public interface. Each lane (a thread of the
 * trial) does what PyTorch's MPS backend does for one element-wise operation, step by step and in
 * the same order: command buffer, compute encoder, pipeline state, buffers, dispatchThreads:,
 * endEncoding, commit, and now and then waitUntilCompleted. Which steps of which threads may
 * overlap is decided by the trial (scenarios and locking policies), not here: this file takes no
 * lock around any call of Metal, so that what the driver sees is what the scenario describes.
 *
 * Threads: one thread at a time uses a lane. Its two references to Metal's objects (command buffer,
 * encoder) may be read by another lane in adopt(), and given up meanwhile; the mutex of the lane
 * guards these slots and is never held across a call of Metal.
 *
 * Memory: compiled with ARC on macOS. KEEP, DROP and LASTING below are all that differs without it.
 * Every step has its own autorelease pool, for the threads of the trial have none, and what
 * outlives a step is in a slot of a struct.
 */

/* Old SDKs define check() as a macro, which struct backend has as a member. */
#define __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES 0

#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repro/trial/backend.h"

/* KEEP puts a reference of our own into a slot, in place of what was there; DROP gives it up. What
 * comes from a method whose name begins with "new", or from a function with "Create" or "Copy" in
 * its name, is ours already and is assigned. LASTING keeps ARC from letting go of a variable
 * earlier than it says: its optimiser moves releases past pthread_mutex_unlock(). */
#if __has_feature(objc_arc)
#define LASTING __attribute__((objc_precise_lifetime))
#define KEEP(slot, object) ((slot) = (object))
#define DROP(slot) ((slot) = nil)
#else
#define LASTING
#define KEEP(slot, object)                    \
	do {                                  \
		id kept_ = [(object) retain]; \
		[(slot) release];             \
		(slot) = kept_;               \
	} while (0)
#define DROP(slot)                \
	do {                      \
		[(slot) release]; \
		(slot) = nil;     \
	} while (0)
#endif

/* Metal Shading Language, compiled at run time with the default options. */
static const char metal_source[] = "#include <metal_stdlib>\n"
				   "using namespace metal;\n"
				   "\n"
				   "kernel void trial_add(device const float *a [[buffer(0)]],\n"
				   "                      device const float *b [[buffer(1)]],\n"
				   "                      device float *out [[buffer(2)]],\n"
				   "                      uint i [[thread_position_in_grid]]) {\n"
				   "    out[i] = a[i] + b[i];\n"
				   "}\n"
				   "\n"
				   "kernel void trial_mul(device const float *a [[buffer(0)]],\n"
				   "                      device const float *b [[buffer(1)]],\n"
				   "                      device float *out [[buffer(2)]],\n"
				   "                      uint i [[thread_position_in_grid]]) {\n"
				   "    out[i] = a[i] * b[i];\n"
				   "}\n"
				   "\n"
				   "kernel void trial_copy(device const float *a [[buffer(0)]],\n"
				   "                       device float *out [[buffer(1)]],\n"
				   "                       uint i [[thread_position_in_grid]]) {\n"
				   "    out[i] = a[i];\n"
				   "}\n";

static const struct {
	const char *function;
	unsigned inputs;
} metal_kernels[KERNEL_COUNT] = {
	[KERNEL_ADD] = {"trial_add", 2},
	[KERNEL_MUL] = {"trial_mul", 2},
	[KERNEL_COPY] = {"trial_copy", 1},
};

struct lane {
	struct gpu *gpu;
	unsigned index;
	id<MTLCommandQueue> queue;
	id<MTLBuffer> a, b, out;
	NSUInteger group; /* threads of a thread group, of the pipeline state that was set last */

	pthread_mutex_t slots; /* guards the next three */
	id<MTLCommandBuffer> commands;
	id<MTLComputeCommandEncoder> held; /* nil when the encoder is used without a reference */
	/* What the steps use. A program that keeps a plain pointer, as C++ without ARC does, has
	 * nothing else. */
	__unsafe_unretained id<MTLComputeCommandEncoder> encoder;

	/* Committed and not yet seen to be done, oldest first. Metal keeps these alive itself until
	 * they are done, so that this reference prolongs no life that matters. */
	NSMutableArray *in_flight;
	bool failed;
	struct trial_error failure; /* the first one */
};

struct gpu {
	id<MTLDevice> device;
	id<MTLLibrary> library;
	id<MTLComputePipelineState> pipelines[KERNEL_COUNT];
	NSUInteger groups[KERNEL_COUNT]; /* threads of a thread group */
	char name[128];
	size_t elements;
	unsigned lane_count; /* whose mutex is made */
	struct lane *lanes;
};

/* One line of at most size - 1 bytes, cut between two characters of UTF-8. */
static void put_line(char *ret, size_t size, NSString *text) {
	const char *bytes = [text UTF8String];
	size_t len = bytes ? strlen(bytes) : 0;
	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)bytes[len] & 0xc0) == 0x80)
			len--;
	}
	for (size_t i = 0; i < len; i++) {
		bool control = (unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f;
		ret[i] = bytes[i];
		if (control)
			ret[i] = ' ';
	}
	ret[len] = '\0';
}

static int fail(struct trial_error *err, NSString *text) {
	err->code[0] = '\0';
	put_line(err->text, sizeof err->text, text);
	return -1;
}

/* With the error behind it, in which the driver says more, if it has one. */
static NSString *error_text(NSError *error) {
	if (!error)
		return @"Metal gave no error";
	NSString *text = [NSString stringWithFormat:@"%@ %ld: %@", [error domain],
				   (long)[error code], [error localizedDescription]];
	NSError *cause = [[error userInfo] objectForKey:NSUnderlyingErrorKey];
	if (cause)
		text = [text stringByAppendingFormat:@" (%@ %ld: %@)", [cause domain],
			     (long)[cause code], [cause localizedDescription]];
	return text;
}

/* MTLCommandBufferError. The numbers, because older SDKs lack the newer names. */
static const char *command_buffer_error_name(NSInteger code) {
	static const struct {
		NSInteger code;
		const char *name;
	} names[] = {
		{0, "MTLCommandBufferErrorNone"},
		{1, "MTLCommandBufferErrorInternal"},
		{2, "MTLCommandBufferErrorTimeout"},
		{3, "MTLCommandBufferErrorPageFault"},
		{4, "MTLCommandBufferErrorAccessRevoked"}, /* before macOS 13 "...Blacklisted" */
		{7, "MTLCommandBufferErrorNotPermitted"},
		{8, "MTLCommandBufferErrorOutOfMemory"},
		{9, "MTLCommandBufferErrorInvalidResource"},
		{10, "MTLCommandBufferErrorMemoryless"},
		{11, "MTLCommandBufferErrorDeviceRemoved"},
		{12, "MTLCommandBufferErrorStackOverflow"},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

static void put_error_code(struct trial_error *err, NSError *error) {
	const char *name = NULL;
	if ([[error domain] isEqualToString:MTLCommandBufferErrorDomain])
		name = command_buffer_error_name([error code]);
	if (name)
		snprintf(err->code, sizeof err->code, "%s", name);
	else if ([[error domain] isEqualToString:MTLCommandBufferErrorDomain])
		snprintf(err->code, sizeof err->code, "MTLCommandBufferError(%ld)",
			(long)[error code]);
	else
		put_line(err->code, sizeof err->code,
			[NSString stringWithFormat:@"%@(%ld)", [error domain], (long)[error code]]);
}

/* Why a command buffer that is no longer running did not complete. Which encoder failed is not
 * asked for: MTLCommandBufferErrorOptionEncoderExecutionStatus makes the driver encode otherwise,
 * and the trial is about how it encodes. */
static void put_failure(struct trial_error *err, id<MTLCommandBuffer> commands) {
	NSError *error = [commands error];
	if (error) {
		fail(err, error_text(error));
		put_error_code(err, error);
		return;
	}
	fail(err, [NSString stringWithFormat:@"the command buffer has status %lu and no error",
			    (unsigned long)[commands status]]);
	snprintf(err->code, sizeof err->code, "MTLCommandBufferStatus(%lu)",
		(unsigned long)[commands status]);
}

/* ---- device, kernels, queues, buffers */

static int open_device(struct gpu *gpu, struct trial_error *err) {
	gpu->device = MTLCreateSystemDefaultDevice();
	if (!gpu->device) {
		/* A program without CoreGraphics may have no default device and devices all the
		 * same. */
		NSArray *all = MTLCopyAllDevices();
		KEEP(gpu->device, [all firstObject]);
		DROP(all);
	}
	if (!gpu->device)
		return fail(err, @"no Metal device: MTLCreateSystemDefaultDevice() returned nil "
				 @"and MTLCopyAllDevices() an empty list");
	put_line(gpu->name, sizeof gpu->name, [gpu->device name]);
	return 0;
}

static int open_pipeline(struct gpu *gpu, enum kernel kernel, struct trial_error *err) {
	NSString *name = [NSString stringWithUTF8String:metal_kernels[kernel].function];
	id<MTLFunction> function = [gpu->library newFunctionWithName:name];
	if (!function)
		return fail(
			err, [NSString stringWithFormat:@"the library has no function %@", name]);
	NSError *error = nil;
	gpu->pipelines[kernel] = [gpu->device newComputePipelineStateWithFunction:function
									    error:&error];
	DROP(function);
	if (!gpu->pipelines[kernel])
		return fail(err, [NSString stringWithFormat:@"no pipeline state of %@: %@", name,
					   error_text(error)]);
	NSUInteger most = [gpu->pipelines[kernel] maxTotalThreadsPerThreadgroup];
	gpu->groups[kernel] = most < gpu->elements ? most : gpu->elements;
	return 0;
}

static int open_kernels(struct gpu *gpu, struct trial_error *err) {
	NSError *error = nil;
	NSString *source = [NSString stringWithUTF8String:metal_source];
	gpu->library = [gpu->device newLibraryWithSource:source options:nil error:&error];
	if (!gpu->library) /* An error beside a library is the compiler's warnings. */
		return fail(err, [NSString stringWithFormat:@"the kernels do not compile: %@",
					   error_text(error)]);
	for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
		if (open_pipeline(gpu, (enum kernel)kernel, err) < 0)
			return -1;
	return 0;
}

/* The next of a sequence that looks random and is the same for the same seed (SplitMix64). */
static uint64_t next_number(uint64_t *state) {
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Eighths between -125 and 125: sums and products are exact in float32, however they are rounded.
 */
static void fill_input(id<MTLBuffer> buffer, size_t elements, uint64_t *state) {
	float *values = [buffer contents];
	for (size_t i = 0; i < elements; i++)
		values[i] = (float)((int)(next_number(state) % 2001) - 1000) / 8;
}

/* NaN, which no kernel makes of our input: an output that nobody wrote is seen. */
static void spoil_output(const struct lane *lane) {
	size_t size = lane->gpu->elements * sizeof(float);
	memset([lane->out contents], 0xff, size);
}

static int open_buffers(struct lane *lane, uint64_t seed, struct trial_error *err) {
	const struct gpu *gpu = lane->gpu;
	NSUInteger size = gpu->elements * sizeof(float);
	lane->a = [gpu->device newBufferWithLength:size options:MTLResourceStorageModeShared];
	lane->b = [gpu->device newBufferWithLength:size options:MTLResourceStorageModeShared];
	lane->out = [gpu->device newBufferWithLength:size options:MTLResourceStorageModeShared];
	if (!lane->a || !lane->b || !lane->out)
		return fail(
			err, [NSString stringWithFormat:
					       @"no buffer of %lu bytes; the device's limit is %lu",
				       (unsigned long)size,
				       (unsigned long)[gpu->device maxBufferLength]]);
	uint64_t state = seed + lane->index;
	fill_input(lane->a, gpu->elements, &state);
	fill_input(lane->b, gpu->elements, &state);
	spoil_output(lane);
	return 0;
}

static int open_lane(struct gpu *gpu, unsigned index, const struct backend_setup *setup,
	struct trial_error *err) {
	struct lane *lane = &gpu->lanes[index];
	lane->gpu = gpu;
	lane->index = index;
	if (pthread_mutex_init(&lane->slots, NULL) != 0)
		return fail(err, @"no mutex");
	gpu->lane_count = index + 1;
	lane->in_flight = [[NSMutableArray alloc] init];
	if (setup->shared_queue && index > 0)
		KEEP(lane->queue, gpu->lanes[0].queue);
	else
		lane->queue = [gpu->device newCommandQueue];
	if (!lane->queue)
		return fail(err, @"the device gave no command queue");
	return open_buffers(lane, setup->seed, err);
}

/* ---- references to what Metal made */

/* Takes the caller's reference (held) into the slot. What was there is let go of outside of the
 * mutex: it may be the last reference, and then the driver runs. */
static void put_encoder(struct lane *lane, id<MTLComputeCommandEncoder> held,
	__unsafe_unretained id<MTLComputeCommandEncoder> encoder) {
	pthread_mutex_lock(&lane->slots);
	LASTING id<MTLComputeCommandEncoder> old = lane->held;
	lane->held = held;
	lane->encoder = encoder;
	pthread_mutex_unlock(&lane->slots);
	DROP(old);
}

static void put_commands(struct lane *lane, id<MTLCommandBuffer> held) {
	pthread_mutex_lock(&lane->slots);
	LASTING id<MTLCommandBuffer> old = lane->commands;
	lane->commands = held;
	pthread_mutex_unlock(&lane->slots);
	DROP(old);
}

static void metal_release_encoder(struct lane *lane) {
	@autoreleasepool {
		put_encoder(lane, nil, nil);
	}
}

static void metal_release(struct lane *lane) {
	@autoreleasepool {
		put_encoder(lane, nil, nil);
		put_commands(lane, nil);
	}
}

static void metal_adopt(struct lane *lane, const struct lane *other, enum adopt what) {
	struct lane *source = &lane->gpu->lanes[other->index];
	id<MTLCommandBuffer> commands = nil;
	id<MTLComputeCommandEncoder> held = nil;
	__unsafe_unretained id<MTLComputeCommandEncoder> encoder;
	@autoreleasepool {
		pthread_mutex_lock(&source->slots);
		encoder = source->encoder;
		if (what == ADOPT_COMMANDS)
			KEEP(commands, source->commands);
		else if (what == ADOPT_ENCODER)
			KEEP(held, encoder);
		pthread_mutex_unlock(&source->slots);
		if (what == ADOPT_COMMANDS)
			put_commands(lane, commands);
		else
			put_encoder(lane, held, encoder);
	}
}

/* ---- one operation */

static int metal_begin(struct lane *lane, struct trial_error *err) {
	@autoreleasepool {
		put_encoder(lane, nil, nil);
		put_commands(lane, nil);
		id<MTLCommandBuffer> commands = nil;
		KEEP(commands, [lane->queue commandBuffer]);
		put_commands(lane, commands);
		if (!lane->commands)
			return fail(err, @"the queue gave no command buffer");
		return 0;
	}
}

static int metal_encoder(struct lane *lane, struct trial_error *err) {
	@autoreleasepool {
		id<MTLComputeCommandEncoder> encoder = nil;
		KEEP(encoder, [lane->commands computeCommandEncoder]);
		put_encoder(lane, encoder, encoder);
		if (!lane->encoder)
			return fail(err, @"the command buffer gave no compute encoder");
		return 0;
	}
}

static void metal_pipeline(struct lane *lane, enum kernel kernel) {
	@autoreleasepool {
		lane->group = lane->gpu->groups[kernel];
		[lane->encoder setComputePipelineState:lane->gpu->pipelines[kernel]];
	}
}

static void metal_buffers(struct lane *lane, enum kernel kernel) {
	@autoreleasepool {
		NSUInteger index = 0;
		[lane->encoder setBuffer:lane->a offset:0 atIndex:index++];
		if (metal_kernels[kernel].inputs > 1)
			[lane->encoder setBuffer:lane->b offset:0 atIndex:index++];
		[lane->encoder setBuffer:lane->out offset:0 atIndex:index];
	}
}

/* A grid that is no multiple of its thread groups: every Mac with Apple's own GPU can do that. */
static void metal_dispatch(struct lane *lane) {
	@autoreleasepool {
		MTLSize grid = {lane->gpu->elements, 1, 1}, group = {lane->group, 1, 1};
		[lane->encoder dispatchThreads:grid threadsPerThreadgroup:group];
	}
}

static void metal_end(struct lane *lane) {
	@autoreleasepool {
		[lane->encoder endEncoding];
	}
}

static bool is_done(id<MTLCommandBuffer> commands) {
	return [commands status] >= MTLCommandBufferStatusCompleted;
}

/* Forgets the oldest in flight; the first failure is kept for wait(). */
static void forget_oldest(struct lane *lane) {
	id<MTLCommandBuffer> commands = [lane->in_flight objectAtIndex:0];
	if ([commands status] != MTLCommandBufferStatusCompleted && !lane->failed) {
		lane->failed = true;
		put_failure(&lane->failure, commands);
	}
	[lane->in_flight removeObjectAtIndex:0];
}

/* PyTorch too has let go of its encoder when it commits. */
static void metal_commit(struct lane *lane) {
	@autoreleasepool {
		put_encoder(lane, nil, nil);
		if (!lane->commands)
			return;
		[lane->commands commit];
		[lane->in_flight addObject:lane->commands];
		while ([lane->in_flight count] > 1 && is_done([lane->in_flight objectAtIndex:0]))
			forget_oldest(lane);
	}
}

/* Also of those before the last: whoever waits for the last only does not see that another failed.
 */
static int metal_wait(struct lane *lane, struct trial_error *err) {
	@autoreleasepool {
		id<MTLCommandBuffer> last = [lane->in_flight lastObject];
		[last waitUntilCompleted];
		while ([lane->in_flight count] > 0) {
			id<MTLCommandBuffer> oldest = [lane->in_flight objectAtIndex:0];
			[oldest waitUntilCompleted];
			forget_oldest(lane);
		}
		if (!lane->failed)
			return 0;
		lane->failed = false;
		*err = lane->failure;
		return -1;
	}
}

static float expected(enum kernel kernel, float a, float b) {
	switch (kernel) {
	case KERNEL_ADD:
		return a + b;
	case KERNEL_MUL:
		return a * b;
	case KERNEL_COPY:
	case KERNEL_COUNT:
		break;
	}
	return a;
}

static int metal_check(struct lane *lane, enum kernel kernel, struct trial_error *err) {
	@autoreleasepool {
		const float *a = [lane->a contents], *b = [lane->b contents];
		const float *out = [lane->out contents];
		for (size_t i = 0; i < lane->gpu->elements; i++) {
			float wanted = expected(kernel, a[i], b[i]);
			if (out[i] == wanted)
				continue;
			return fail(err,
				[NSString
					stringWithFormat:@"%s: element %lu is %.9g instead of %.9g",
					metal_kernels[kernel].function, (unsigned long)i,
					(double)out[i], (double)wanted]);
		}
		spoil_output(lane);
		return 0;
	}
}

/* ---- all of it */

static void close_lane(struct lane *lane) {
	put_encoder(lane, nil, nil);
	put_commands(lane, nil);
	DROP(lane->in_flight);
	DROP(lane->out);
	DROP(lane->b);
	DROP(lane->a);
	DROP(lane->queue);
	pthread_mutex_destroy(&lane->slots);
}

static void metal_close(struct gpu *gpu) {
	if (!gpu)
		return;
	@autoreleasepool {
		for (unsigned i = 0; i < gpu->lane_count; i++)
			close_lane(&gpu->lanes[i]);
		for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
			DROP(gpu->pipelines[kernel]);
		DROP(gpu->library);
		DROP(gpu->device);
	}
	free(gpu->lanes);
	free(gpu);
}

static int open_all(struct gpu *gpu, const struct backend_setup *setup, struct trial_error *err) {
	@autoreleasepool {
		/* A kernel's index has 32 bits. */
		if (setup->elements < 1 || setup->elements > UINT32_MAX / sizeof(float))
			return fail(err,
				[NSString stringWithFormat:
						  @"buffers of %lu elements: 1 to %lu are possible",
					  (unsigned long)setup->elements,
					  (unsigned long)(UINT32_MAX / sizeof(float))]);
		gpu->elements = setup->elements;
		if (open_device(gpu, err) < 0 || open_kernels(gpu, err) < 0)
			return -1;
		for (unsigned i = 0; i < setup->lanes; i++)
			if (open_lane(gpu, i, setup, err) < 0)
				return -1;
		return 0;
	}
}

static int metal_open(
	const struct backend_setup *setup, struct gpu **ret, struct trial_error *err) {
	/* Zero is nil for the slots, with ARC and without. */
	struct gpu *gpu = calloc(1, sizeof *gpu);
	if (gpu)
		gpu->lanes = calloc(setup->lanes, sizeof *gpu->lanes);
	if (!gpu || !gpu->lanes) {
		free(gpu);
		return fail(err, @"out of memory");
	}
	if (open_all(gpu, setup, err) < 0) {
		metal_close(gpu);
		return -1;
	}
	*ret = gpu;
	return 0;
}

static const char *metal_device(const struct gpu *gpu) {
	return gpu->name;
}

static struct lane *metal_lane(struct gpu *gpu, unsigned index) {
	return &gpu->lanes[index];
}

const struct backend backend_metal = {
	.name = "metal",
	.about = "Apple's GPU through Metal",
	.open = metal_open,
	.close = metal_close,
	.device = metal_device,
	.lane = metal_lane,
	.begin = metal_begin,
	.encoder = metal_encoder,
	.pipeline = metal_pipeline,
	.buffers = metal_buffers,
	.dispatch = metal_dispatch,
	.end = metal_end,
	.commit = metal_commit,
	.wait = metal_wait,
	.check = metal_check,
	.adopt = metal_adopt,
	.release_encoder = metal_release_encoder,
	.release = metal_release,
};
