/*
 * What programs and files of a system say of it, read for one fact each. Pure: any bytes in. Texts
 * come clean into fields of PLATFORM_TEXT_BYTES and are left alone when the fact is not there;
 * numbers are then negative, truths -1.
 */
#ifndef BASE_PLATFORM_TEXT_H
#define BASE_PLATFORM_TEXT_H

#include "base/platform.h"

#include <stdbool.h>
#include <stddef.h>

/* Nothing told. */
void platform_init(struct platform *platform);

/* The first line of text, cleaned, without blanks at its ends, shortened if it must be. */
void platform_line(const char *text, char ret[PLATFORM_TEXT_BYTES]);

/* "KEY: VALUE", "KEY=VALUE", "KEY = VALUE", "KEY VALUE": the value of the first line that starts so
 * (blanks and quotes around key and value do not matter). False when there is none. */
bool platform_value(const char *text, const char *key, char ret[PLATFORM_TEXT_BYTES]);
/* The same, a whole number; behind it may stand anything but digits ("16303236 kB"). */
int64_t platform_number(const char *text, const char *key);

/* `pmset -g ps`: "Now drawing from 'AC Power'". */
void platform_power_source(const char *text, char ret[PLATFORM_TEXT_BYTES]);
/* `pmset -g`: "lowpowermode 1", on newer systems "powermode 1". */
int platform_low_power(const char *text);
/* `notifyutil -g com.apple.system.thermalpressurelevel`: the name and a level. */
void platform_thermal_state(const char *text, char ret[PLATFORM_TEXT_BYTES]);
/* `ioreg -r -d 1 -w 0 -c IOAccelerator`: what stands beside the first "MetalPluginName". */
void platform_gpu(const char *text, struct platform *ret);

#endif
