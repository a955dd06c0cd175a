/*
 * Declarations of our own of the few parts of Foundation that the Metal backend uses, to compile it
 * for macOS with ARC where there is no Foundation. That their selectors are right shows where the
 * same file is compiled with GNUstep's.
 */
#ifndef TESTS_METAL_FOUNDATION_H
#define TESTS_METAL_FOUNDATION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Words that the real headers take: nothing of ours may need them for something else. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ABS(a) ((a) < 0 ? -(a) : (a))
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#define nil ((id)0)
#define NO ((BOOL)0)
#define YES ((BOOL)1)
#ifndef __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES
#define __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES 1
#endif
#if __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES
#define check(assertion) ((void)(assertion))
#define require(assertion, label) ((void)(assertion))
#define verify(assertion) ((void)(assertion))
#endif
typedef unsigned char Boolean, Byte, UInt8;
typedef short SInt16;
typedef long Size;
typedef char *Ptr;
typedef int Fixed;
typedef struct Point Point;
typedef struct Rect Rect;

#if __OBJC_BOOL_IS_BOOL
typedef bool BOOL;
#else
typedef signed char BOOL;
#endif
typedef long NSInteger;
typedef unsigned long NSUInteger;

@class NSString;

@protocol NSObject
- (id)retain;
- (void)release;
@end

__attribute__((objc_root_class))
@interface NSObject<NSObject>
+ (id)alloc;
- (id)init;
@end

@interface NSString : NSObject
+ (instancetype)stringWithUTF8String:(const char *)bytes;
+ (instancetype)stringWithFormat:(NSString *)format,
				 ... __attribute__((format(__NSString__, 1, 2)));
- (NSString *)stringByAppendingFormat:(NSString *)format,
				      ... __attribute__((format(__NSString__, 1, 2)));
- (const char *)UTF8String;
- (BOOL)isEqualToString:(NSString *)other;
@end

@interface NSArray : NSObject
- (NSUInteger)count;
- (id)objectAtIndex:(NSUInteger)index;
- (id)firstObject;
- (id)lastObject;
@end

@interface NSMutableArray : NSArray
- (void)addObject:(id)object;
- (void)removeObjectAtIndex:(NSUInteger)index;
@end

@interface NSDictionary : NSObject
- (id)objectForKey:(id)key;
@end

@interface NSError : NSObject
- (NSString *)domain;
- (NSInteger)code;
- (NSString *)localizedDescription;
- (NSDictionary *)userInfo;
@end

extern NSString *const NSUnderlyingErrorKey;

#endif
