/*
 * Names of settings: which of them announce a secret ("HF_TOKEN", "--password").
 */
#ifndef TRIAGE_REDACT_SETTING_H
#define TRIAGE_REDACT_SETTING_H

#include <stdbool.h>
#include <stddef.h>

/* What is set to such a name goes, whatever it is; but "--max-tokens 512" is an amount. */
bool redact_is_secret_setting(const char *name, size_t len, const char *value);

/* A number of tokens. */
bool redact_is_amount(const char *name, size_t name_len, const char *value, size_t len);

/* Whether a name in a text announces one. assigned: nothing but a name stands in front of what
 * follows. */
bool redact_secret_key(const char *key, size_t len, bool assigned);

/* "HF_HOME" */
bool redact_environment_key(const char *key, size_t len);

/* One that is said with its value and nothing between: "passwd 1234", "SECRET_KEY 1234". */
bool redact_spoken_key(const char *key, size_t len);

/* Whether text is what prose goes on with behind such a name: "required", "is". */
bool redact_prose_goes_on(const char *text, size_t len);

#endif
