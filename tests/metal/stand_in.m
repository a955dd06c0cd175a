/*
 * A stand-in for Metal on the CPU: the objects behind the protocols that the Metal backend uses.
 * Its "GPU" is one thread that works through what was committed; it computes the kernels for real.
 * What Metal demands of its callers it demands too: a violation prints an assertion, in Metal's
 * words where they are known, and aborts. Compiled without ARC.
 */
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stand_in.h"

enum { BUFFER_COUNT = 4, LARGEST_BUFFER = 16 << 20, LARGEST_GROUP = 1024, SMALL_GROUP = 7 };

NSString *const MTLCommandBufferErrorDomain = @"MTLCommandBufferErrorDomain";

/* Counted, so that what is never let go of is seen. */
@interface StandInObject : NSObject
@end

@interface StandInBuffer : StandInObject <MTLBuffer> {
      @public
	void *bytes;
	NSUInteger length;
}
@end

@interface StandInFunction : StandInObject <MTLFunction> {
      @public
	const struct stand_in_kernel *kernel;
}
@end

@interface StandInPipeline : StandInObject <MTLComputePipelineState> {
      @public
	const struct stand_in_kernel *kernel;
}
@end

@interface StandInLibrary : StandInObject <MTLLibrary>
@end

/* One dispatch, with references to all that it needs. */
@interface StandInDispatch : StandInObject {
      @public
	StandInPipeline *pipeline;
	StandInBuffer *buffers[BUFFER_COUNT];
	NSUInteger elements;
}
@end

@interface StandInCommandBuffer : StandInObject <MTLCommandBuffer> {
      @public
	unsigned number;
	MTLCommandBufferStatus state;
	const void *encoding; /* the encoder that has not ended, not retained */
	NSMutableArray *dispatches;
	NSError *failure;
}
@end

@interface StandInEncoder : StandInObject <MTLComputeCommandEncoder> {
      @public
	StandInCommandBuffer *commands;
	StandInDispatch *next;
	BOOL ended;
}
@end

@interface StandInQueue : StandInObject <MTLCommandQueue>
@end

@interface StandInDevice : StandInObject <MTLDevice>
@end

/* Guards the states of all command buffers and encoders, and the GPU's list of work. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static NSMutableArray *work;
static unsigned numbers;

static __attribute__((noreturn)) void violation(const char *where, const char *what) {
	fprintf(stderr, "%s: failed assertion `%s'\n", where, what);
	abort();
}

static bool told(const char *what) {
	const char *value = getenv("STAND_IN");
	return value && strcmp(value, what) == 0;
}

static NSUInteger largest_group(void) {
	return told("small-groups") ? SMALL_GROUP : LARGEST_GROUP;
}

/* Whether this one is not to be had. count: of those that were asked for. */
static bool withheld(const char *what, atomic_uint *count) {
	const char *value = getenv("STAND_IN");
	size_t len = strlen(what);
	unsigned number = atomic_fetch_add(count, 1) + 1;
	if (!value || strncmp(value, what, len) != 0)
		return false;
	return !value[len] || (value[len] == '/' && strtoul(value + len + 1, NULL, 10) == number);
}

/* What follows "error=", when it is for this command buffer. */
static bool told_error(unsigned number, long *ret) {
	const char *value = getenv("STAND_IN");
	if (!value || strncmp(value, "error=", 6) != 0)
		return false;
	char *end = NULL;
	*ret = strtol(value + 6, &end, 10);
	return *end != '/' || strtoul(end + 1, NULL, 10) == number;
}

static NSError *make_error(NSString *domain, NSInteger code, NSString *text, NSError *cause) {
	NSMutableDictionary *info = [NSMutableDictionary dictionary];
	[info setObject:text forKey:NSLocalizedDescriptionKey];
	if (cause)
		[info setObject:cause forKey:NSUnderlyingErrorKey];
	return [NSError errorWithDomain:domain code:code userInfo:info];
}

/* ---- the life of objects */

static atomic_int alive;

@implementation StandInObject
- (id)init {
	atomic_fetch_add(&alive, 1);
	return [super init];
}

- (void)dealloc {
	atomic_fetch_sub(&alive, 1);
	[super dealloc];
}
@end

/* At the end of a program that did not crash. The GPU lets go of its last command buffer in its own
 * time. */
static void count_alive(void) {
	for (int tries = 0; atomic_load(&alive) > 0 && tries < 2000; tries++)
		usleep(1000);
	if (atomic_load(&alive) > 0) {
		fprintf(stderr, "stand-in: %d objects are still alive\n", atomic_load(&alive));
		_exit(99);
	}
}

/* ---- the GPU */

/* What follows "no-output-from=": the first command buffer that computes nothing. */
static bool told_no_output(unsigned number) {
	const char *value = getenv("STAND_IN");
	return value && strncmp(value, "no-output-from=", 15) == 0 &&
	       number >= strtoul(value + 15, NULL, 10);
}

static void compute(StandInDispatch *dispatch) {
	void *bytes[BUFFER_COUNT] = {NULL};
	const struct stand_in_kernel *kernel = dispatch->pipeline->kernel;
	for (unsigned i = 0; i < kernel->buffers; i++)
		bytes[i] = dispatch->buffers[i]->bytes;
	for (NSUInteger i = 0; i < dispatch->elements; i++)
		kernel->run(bytes, (unsigned)i);
	if (told("wrong-output"))
		((float *)bytes[kernel->buffers - 1])[dispatch->elements - 1] += 1;
}

static NSError *failure_of(StandInCommandBuffer *commands) {
	long code = 0;
	if (told_error(commands->number, &code))
		return make_error(MTLCommandBufferErrorDomain, code,
			[NSString stringWithFormat:@"failed as told,\nwith code %ld", code], nil);
	if (told("foreign-error"))
		return make_error(@"StandInDomain", -536870211, @"another's error",
			make_error(@"StandInCauseDomain", 7, @"what is behind it", nil));
	return nil;
}

static void execute(StandInCommandBuffer *commands) {
	@autoreleasepool {
		NSError *failure = [failure_of(commands) retain];
		bool failed = failure || told("bare-error");
		bool idle = failed || told_no_output(commands->number);
		for (NSUInteger i = 0; !idle && i < [commands->dispatches count]; i++)
			compute([commands->dispatches objectAtIndex:i]);
		pthread_mutex_lock(&mutex);
		commands->failure = failure;
		commands->state = failed ? MTLCommandBufferStatusCompleted + 1
					 : MTLCommandBufferStatusCompleted;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
}

static void *gpu_thread(void *unused) {
	(void)unused;
	for (;;) {
		pthread_mutex_lock(&mutex);
		while ([work count] == 0 || told("hang"))
			pthread_cond_wait(&changed, &mutex);
		StandInCommandBuffer *commands = [[work objectAtIndex:0] retain];
		[work removeObjectAtIndex:0];
		pthread_mutex_unlock(&mutex);
		usleep(50);
		execute(commands);
		[commands release];
	}
	return NULL;
}

static void start_gpu(void) {
	pthread_t thread;
	work = [[NSMutableArray alloc] init];
	if (pthread_create(&thread, NULL, gpu_thread, NULL) != 0)
		violation("stand-in", "no thread");
	pthread_detach(thread);
	atexit(count_alive);
}

/* ---- resources */

@implementation StandInBuffer
- (void *)contents {
	return bytes;
}

- (void)dealloc {
	free(bytes);
	[super dealloc];
}
@end

@implementation StandInFunction
@end

@implementation StandInPipeline
- (NSUInteger)maxTotalThreadsPerThreadgroup {
	return largest_group();
}
@end

@implementation StandInLibrary
- (id<MTLFunction>)newFunctionWithName:(NSString *)name {
	if (told("no-function"))
		return nil;
	for (unsigned i = 0; i < stand_in_kernel_count; i++) {
		if (strcmp([name UTF8String], stand_in_kernels[i].name) != 0)
			continue;
		StandInFunction *function = [[StandInFunction alloc] init];
		function->kernel = &stand_in_kernels[i];
		return function;
	}
	return nil;
}
@end

@implementation StandInDispatch
- (void)dealloc {
	[pipeline release];
	for (unsigned i = 0; i < BUFFER_COUNT; i++)
		[buffers[i] release];
	[super dealloc];
}
@end

/* ---- encoding */

@implementation StandInEncoder
/* Several threads may use one encoder against the rules: then it says so, and its own state stays
 * whole. */
- (void)lock:(const char *)what {
	pthread_mutex_lock(&mutex);
	if (ended)
		violation(what, "the encoder has ended");
}

- (void)setComputePipelineState:(id<MTLComputePipelineState>)state {
	static const char where[] = "-[StandInEncoder setComputePipelineState:]";
	[self lock:where];
	if (!state)
		violation(where, "no pipeline state");
	[next->pipeline release];
	next->pipeline = [(StandInPipeline *)state retain];
	pthread_mutex_unlock(&mutex);
}

- (void)setBuffer:(id<MTLBuffer>)buffer offset:(NSUInteger)offset atIndex:(NSUInteger)index {
	static const char where[] = "-[StandInEncoder setBuffer:offset:atIndex:]";
	[self lock:where];
	if (!buffer || offset != 0 || index >= BUFFER_COUNT)
		violation(where, "buffer, offset or index");
	StandInBuffer *old = next->buffers[index];
	next->buffers[index] = [(StandInBuffer *)buffer retain];
	[old release];
	pthread_mutex_unlock(&mutex);
}

- (void)dispatchThreads:(MTLSize)grid threadsPerThreadgroup:(MTLSize)group {
	static const char where[] = "-[StandInEncoder dispatchThreads:threadsPerThreadgroup:]";
	if (told("slow"))
		usleep(200);
	[self lock:where];
	if (!next->pipeline)
		violation(where, "no pipeline state");
	if (grid.width < 1 || grid.height != 1 || grid.depth != 1)
		violation(where, "grid");
	if (group.width < 1 || group.width > largest_group() || group.height != 1 ||
		group.depth != 1)
		violation(where, "thread group");
	StandInDispatch *dispatch = [[StandInDispatch alloc] init];
	dispatch->elements = grid.width;
	dispatch->pipeline = [next->pipeline retain];
	for (unsigned i = 0; i < next->pipeline->kernel->buffers; i++) {
		dispatch->buffers[i] = [next->buffers[i] retain];
		if (!dispatch->buffers[i])
			violation(where, "missing buffer");
		if (dispatch->buffers[i]->length < grid.width * sizeof(float))
			violation(where, "buffer too short");
	}
	[commands->dispatches addObject:dispatch];
	[dispatch release];
	pthread_mutex_unlock(&mutex);
}

- (void)endEncoding {
	[self lock:"-[StandInEncoder endEncoding]"];
	ended = YES;
	commands->encoding = NULL;
	pthread_mutex_unlock(&mutex);
}

- (void)dealloc {
	if (!ended)
		violation("-[_MTLCommandEncoder dealloc]:131",
			"Command encoder released without endEncoding");
	[next release];
	[commands release];
	[super dealloc];
}
@end

/* ---- command buffers */

static __attribute__((noreturn)) void already_encoding(void) {
	violation("-[AGXG16XFamilyCommandBuffer "
		  "tryCoalescingPreviousComputeCommandEncoderWithConfig:nextEncoderClass:]:1094",
		"A command encoder is already encoding to this command buffer");
}

@implementation StandInCommandBuffer
- (id<MTLComputeCommandEncoder>)computeCommandEncoder {
	static atomic_uint count;
	if (withheld("no-encoder", &count))
		return nil;
	StandInEncoder *encoder = [[[StandInEncoder alloc] init] autorelease];
	encoder->commands = [self retain];
	encoder->next = [[StandInDispatch alloc] init];
	pthread_mutex_lock(&mutex);
	if (encoding)
		already_encoding();
	if (state != 0)
		violation("-[IOGPUMetalCommandBuffer setCurrentCommandEncoder:]:322",
			"_status < MTLCommandBufferStatusCommitted");
	encoding = encoder;
	pthread_mutex_unlock(&mutex);
	return encoder;
}

- (void)commit {
	static const char where[] = "-[IOGPUMetalCommandBuffer validate]:213";
	pthread_mutex_lock(&mutex);
	if (state != 0)
		violation(where, "commit an already committed command buffer");
	if (encoding)
		violation(where, "commit command buffer with uncommitted encoder");
	state = 2;
	[work addObject:self];
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

- (void)waitUntilCompleted {
	pthread_mutex_lock(&mutex);
	if (state == 0)
		violation("-[StandInCommandBuffer waitUntilCompleted]", "not committed");
	while (state < MTLCommandBufferStatusCompleted)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

- (MTLCommandBufferStatus)status {
	pthread_mutex_lock(&mutex);
	MTLCommandBufferStatus now = state;
	pthread_mutex_unlock(&mutex);
	return now;
}

- (NSError *)error {
	pthread_mutex_lock(&mutex);
	NSError *now = [[failure retain] autorelease];
	pthread_mutex_unlock(&mutex);
	return now;
}

- (void)dealloc {
	[dispatches release];
	[failure release];
	[super dealloc];
}
@end

@implementation StandInQueue
- (id<MTLCommandBuffer>)commandBuffer {
	static atomic_uint count;
	if (withheld("no-command-buffer", &count))
		return nil;
	StandInCommandBuffer *commands = [[[StandInCommandBuffer alloc] init] autorelease];
	commands->dispatches = [[NSMutableArray alloc] init];
	pthread_mutex_lock(&mutex);
	commands->number = ++numbers;
	pthread_mutex_unlock(&mutex);
	return commands;
}
@end

/* ---- device */

@implementation StandInDevice
- (NSString *)name {
	return @"Stand-in on the CPU";
}

- (NSUInteger)maxBufferLength {
	return LARGEST_BUFFER;
}

- (id<MTLCommandQueue>)newCommandQueue {
	static atomic_uint count;
	return withheld("no-queue", &count) ? nil : [[StandInQueue alloc] init];
}

- (id<MTLBuffer>)newBufferWithLength:(NSUInteger)length options:(MTLResourceOptions)options {
	static atomic_uint count;
	if (withheld("no-buffer", &count) || length == 0 || length > LARGEST_BUFFER)
		return nil;
	if (options != MTLResourceStorageModeShared)
		violation("-[StandInDevice newBufferWithLength:options:]", "storage mode");
	StandInBuffer *buffer = [[StandInBuffer alloc] init];
	buffer->bytes = calloc(1, length);
	buffer->length = length;
	return buffer;
}

- (id<MTLLibrary>)newLibraryWithSource:(NSString *)source
			       options:(MTLCompileOptions *)options
				 error:(NSError **)error {
	(void)options;
	if (told("silent-library"))
		return nil;
	bool compiles = !told("no-library") && strcmp([source UTF8String], stand_in_source) == 0;
	if (compiles && told("warnings"))
		*error = make_error(@"MTLLibraryErrorDomain", 4, @"warning: unused variable", nil);
	if (compiles)
		return [[StandInLibrary alloc] init];
	*error = make_error(@"MTLLibraryErrorDomain", 3,
		@"program_source:4:1: error: unknown type name 'kernal'\nkernal void add(", nil);
	return nil;
}

- (id<MTLComputePipelineState>)newComputePipelineStateWithFunction:(id<MTLFunction>)function
							     error:(NSError **)error {
	static atomic_uint count;
	if (told("silent-pipeline"))
		return nil;
	if (withheld("no-pipeline", &count)) {
		*error = make_error(
			@"AGXMetalG16X", 2, @"Compiler encountered an internal error", nil);
		return nil;
	}
	StandInPipeline *pipeline = [[StandInPipeline alloc] init];
	pipeline->kernel = ((StandInFunction *)function)->kernel;
	return pipeline;
}
@end

static pthread_once_t once = PTHREAD_ONCE_INIT;

id<MTLDevice> MTLCreateSystemDefaultDevice(void) {
	pthread_once(&once, start_gpu);
	if (told("no-device") || told("no-default-device"))
		return nil;
	return [[StandInDevice alloc] init];
}

NSArray *MTLCopyAllDevices(void) {
	if (told("no-device"))
		return [[NSArray alloc] init];
	StandInDevice *device = [[[StandInDevice alloc] init] autorelease];
	return [[NSArray alloc] initWithObjects:device, nil];
}
