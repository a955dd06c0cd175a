/*
 * misuse WHAT: breaks one rule of Metal's, for the stand-in to notice; "nothing" breaks none.
 * Compiled without ARC.
 */
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include <stdio.h>
#include <string.h>

#include "stand_in.h"

/* Everything that one dispatch needs. */
struct scene {
	id<MTLDevice> device;
	id<MTLCommandQueue> queue;
	id<MTLLibrary> library;
	id<MTLFunction> function;
	id<MTLComputePipelineState> pipeline;
	id<MTLBuffer> buffer;
};

static const MTLSize grid = {4, 1, 1}, group = {1, 1, 1};

static void open_scene(struct scene *scene) {
	NSString *name = [NSString stringWithUTF8String:stand_in_kernels[0].name];
	NSString *source = [NSString stringWithUTF8String:stand_in_source];
	scene->device = MTLCreateSystemDefaultDevice();
	scene->queue = [scene->device newCommandQueue];
	scene->library = [scene->device newLibraryWithSource:source options:nil error:NULL];
	scene->function = [scene->library newFunctionWithName:name];
	scene->pipeline = [scene->device newComputePipelineStateWithFunction:scene->function
								       error:NULL];
	scene->buffer = [scene->device newBufferWithLength:grid.width * sizeof(float)
						   options:MTLResourceStorageModeShared];
}

static void close_scene(struct scene *scene) {
	[scene->buffer release];
	[scene->pipeline release];
	[scene->function release];
	[scene->library release];
	[scene->queue release];
	[scene->device release];
}

static void encode(
	const struct scene *scene, id<MTLComputeCommandEncoder> encoder, NSUInteger buffers) {
	[encoder setComputePipelineState:scene->pipeline];
	for (NSUInteger i = 0; i < buffers; i++)
		[encoder setBuffer:scene->buffer offset:0 atIndex:i];
	[encoder dispatchThreads:grid threadsPerThreadgroup:group];
}

static void break_rule(const struct scene *scene, const char *what) {
	NSUInteger all = stand_in_kernels[0].buffers;
	id<MTLCommandBuffer> commands = [scene->queue commandBuffer];
	id<MTLComputeCommandEncoder> encoder = [commands computeCommandEncoder];
	if (!strcmp(what, "second-encoder"))
		[commands computeCommandEncoder];
	if (!strcmp(what, "no-pipeline-state"))
		[encoder dispatchThreads:grid threadsPerThreadgroup:group];
	encode(scene, encoder, strcmp(what, "missing-buffer") ? all : all - 1);
	if (!strcmp(what, "empty-grid"))
		[encoder dispatchThreads:(MTLSize){0, 1, 1} threadsPerThreadgroup:group];
	if (!strcmp(what, "large-group"))
		[encoder dispatchThreads:grid threadsPerThreadgroup:(MTLSize){4096, 1, 1}];
	if (!strcmp(what, "short-buffer"))
		[encoder dispatchThreads:(MTLSize){5, 1, 1} threadsPerThreadgroup:group];
	if (!strcmp(what, "open-commit"))
		[commands commit];
	if (!strcmp(what, "never-ended"))
		return;
	[encoder endEncoding];
	if (!strcmp(what, "ended-encoder"))
		encode(scene, encoder, all);
	if (!strcmp(what, "ended-twice"))
		[encoder endEncoding];
	if (!strcmp(what, "early-wait"))
		[commands waitUntilCompleted];
	[commands commit];
	if (!strcmp(what, "committed-twice"))
		[commands commit];
	if (!strcmp(what, "late-encoder"))
		[commands computeCommandEncoder];
	[commands waitUntilCompleted];
}

int main(int argc, char **argv) {
	struct scene scene;
	if (argc != 2)
		return 2;
	@autoreleasepool {
		open_scene(&scene);
		break_rule(&scene, argv[1]);
	}
	if (!strcmp(argv[1], "leak"))
		[scene.buffer retain];
	close_scene(&scene);
	return 0;
}
