/* Errors as values; knows nothing of logging. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int(err_set)(struct err *err, int code, const char *fmt, ...) {
	if (!err)
		return code;
	err->code = code;
	va_list args;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return code;
}

int err_prefix(struct err *err, const char *fmt, ...) {
	if (!err)
		return -1;
	char old[ERR_TEXT_BYTES];
	memcpy(old, err->text, sizeof old);
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof err->text)
		snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", old);
	return err->code;
}
