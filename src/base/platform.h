/*
 * The machine and its system, as far as they have a say in how a program behaves. The only header
 * that differs between kernels (platform_linux.c, platform_darwin.c).
 */
#ifndef BASE_PLATFORM_H
#define BASE_PLATFORM_H

#include <stdint.h>

#define PLATFORM_TEXT_BYTES 128

/* Texts: clean, "" when not told. Numbers: negative when not told; truths: -1 then, else 0 or 1. */
struct platform {
	char model[PLATFORM_TEXT_BYTES];      /* "Mac16,5" */
	char os_version[PLATFORM_TEXT_BYTES]; /* "macOS 15.7.3" */
	char os_build[PLATFORM_TEXT_BYTES];   /* "24G419" */
	char kernel[PLATFORM_TEXT_BYTES];     /* "Darwin 24.6.0 arm64" */
	char cpu[PLATFORM_TEXT_BYTES];
	int64_t cores;
	int64_t memory_bytes, swap_used_bytes;
	double load_1m;
	int is_virtual;
	char power_source[PLATFORM_TEXT_BYTES];  /* ac, battery, ups */
	int low_power;                           /* the user asked for less power */
	char governor[PLATFORM_TEXT_BYTES];      /* of the processor's clock; not on macOS */
	char thermal_state[PLATFORM_TEXT_BYTES]; /* nominal, moderate, heavy, trapping, sleeping */
	double temperature_c;                    /* the hottest that is told; not on macOS */
	char gpu[PLATFORM_TEXT_BYTES];           /* "Apple M4 Max" */
	int64_t gpu_cores;
	char driver_image[PLATFORM_TEXT_BYTES];   /* "AGXMetalG16X" */
	char driver_version[PLATFORM_TEXT_BYTES]; /* "329.2", as reports have it */
};

/* Asks the system, and where it must the system's own programs: these for at most about timeout_ms
 * together. Always fills *ret. */
void platform_look(unsigned timeout_ms, struct platform *ret);

#endif
