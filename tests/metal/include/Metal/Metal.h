/*
 * Declarations of our own of the few parts of Metal that the Metal backend calls, so that it can be
 * compiled and run where there is no Metal. Names, selectors and types are facts of Metal's public
 * interface and are compared with a list of it (check_names.py); nothing stands here that is not
 * used.
 */
#ifndef TESTS_METAL_METAL_H
#define TESTS_METAL_METAL_H

#import <Foundation/Foundation.h>

@protocol MTLDevice;
@protocol MTLLibrary;
@protocol MTLFunction;
@protocol MTLComputePipelineState;
@protocol MTLBuffer;
@protocol MTLCommandQueue;
@protocol MTLCommandBuffer;
@protocol MTLComputeCommandEncoder;
@class MTLCompileOptions;

enum {
	MTLResourceStorageModeShared = 0,
};
typedef NSUInteger MTLResourceOptions;

enum {
	MTLCommandBufferStatusCompleted = 4,
};
typedef NSUInteger MTLCommandBufferStatus;

typedef struct {
	NSUInteger width, height, depth;
} MTLSize;

extern NSString *const MTLCommandBufferErrorDomain;

/* Both give a reference to the caller. */
id<MTLDevice> MTLCreateSystemDefaultDevice(void) __attribute__((ns_returns_retained));
NSArray *MTLCopyAllDevices(void) __attribute__((ns_returns_retained));

@protocol MTLDevice <NSObject>
- (NSString *)name;
- (NSUInteger)maxBufferLength;
- (id<MTLCommandQueue>)newCommandQueue;
- (id<MTLBuffer>)newBufferWithLength:(NSUInteger)length options:(MTLResourceOptions)options;
- (id<MTLLibrary>)newLibraryWithSource:(NSString *)source
			       options:(MTLCompileOptions *)options
				 error:(NSError **)error;
- (id<MTLComputePipelineState>)newComputePipelineStateWithFunction:(id<MTLFunction>)function
							     error:(NSError **)error;
@end

@protocol MTLLibrary <NSObject>
- (id<MTLFunction>)newFunctionWithName:(NSString *)name;
@end

@protocol MTLFunction <NSObject>
@end

@protocol MTLComputePipelineState <NSObject>
- (NSUInteger)maxTotalThreadsPerThreadgroup;
@end

@protocol MTLBuffer <NSObject>
- (void *)contents;
@end

@protocol MTLCommandQueue <NSObject>
- (id<MTLCommandBuffer>)commandBuffer;
@end

@protocol MTLCommandBuffer <NSObject>
- (id<MTLComputeCommandEncoder>)computeCommandEncoder;
- (void)commit;
- (void)waitUntilCompleted;
- (MTLCommandBufferStatus)status;
- (NSError *)error;
@end

@protocol MTLCommandEncoder <NSObject>
- (void)endEncoding;
@end

@protocol MTLComputeCommandEncoder <MTLCommandEncoder>
- (void)setComputePipelineState:(id<MTLComputePipelineState>)state;
- (void)setBuffer:(id<MTLBuffer>)buffer offset:(NSUInteger)offset atIndex:(NSUInteger)index;
- (void)dispatchThreads:(MTLSize)threadsPerGrid
	threadsPerThreadgroup:(MTLSize)threadsPerThreadgroup;
@end

#endif
