/*
 * The machine as the files of Linux tell it, wherever their tree stands.
 */
#ifndef BASE_PLATFORM_LINUX_H
#define BASE_PLATFORM_LINUX_H

#include "base/platform.h"

/* root: "" for the system's own /proc, /sys and /etc. Leaves alone what no file there tells. */
void platform_read(const char *root, struct platform *ret);

#endif
