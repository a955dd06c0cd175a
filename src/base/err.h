/*
 * What failed and why. Set once where it happens, prefixed on the way up, printed once by a
 * program.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_BYTES 512

struct err {
	int code; /* negative errno */
	char text[ERR_TEXT_BYTES];
};

/* Sets code and text (cut at ERR_TEXT_BYTES) and returns code, so that callers can return it. err
 * may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The static analyzer sees one file at a time and must know that what comes back is code. */
#ifdef __clang_analyzer__
#define err_set(err, code, ...) ((void)(err_set)(err, code, __VA_ARGS__), (code))
#endif

/* Puts "PREFIX: " before the text, as far as it fits. Returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
