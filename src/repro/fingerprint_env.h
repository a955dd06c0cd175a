/*
 * Environment variables as they may be kept and passed on.
 */
#ifndef REPRO_FINGERPRINT_ENV_H
#define REPRO_FINGERPRINT_ENV_H

#include "base/buf.h"
#include "export/json_out.h"

/* Of a value; the rest is cut. */
#define FINGERPRINT_VALUE_BYTES 4096
/* Of one environment; the first of them in the order of their names. */
#define FINGERPRINT_VARIABLES 256

/* Appends value with "~" for home wherever a path starts with it. home may be NULL. */
void fingerprint_value(const char *value, const char *home, struct buf *ret);

/* Appends the telling ones of an environment ("NAME=VALUE", NULL behind the last) as members, in
 * the order of their names. What a name calls a secret is told without its value. -ENOMEM. */
int fingerprint_env(char *const *env, const char *home, struct json_out *out);

#endif
