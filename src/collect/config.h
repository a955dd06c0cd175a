/*
 * What the user has chosen: built-in defaults, over them one small JSON file, over that the flags
 * of the command. Each value remembers where it came from. Knows nothing of what is done with it.
 */
#ifndef COLLECT_CONFIG_H
#define COLLECT_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "collect/select.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_FLAG };

/* The keys, each also a flag of daemon (dots become hyphens). */
enum config_key {
	CONFIG_FOLDERS,           /* list: absolute, or ~/...; "folders" */
	CONFIG_ALL,               /* bool: "all" */
	CONFIG_INCLUDE,           /* list of globs: "include" */
	CONFIG_EXCLUDE,           /* list of globs: "exclude" */
	CONFIG_RETENTION_AGE,     /* seconds, 0 for ever: "retention.max_age" ("365d") */
	CONFIG_RETENTION_RAW_AGE, /* the same for raw bytes alone: "retention.raw_max_age" */
	CONFIG_RETENTION_SIZE,    /* bytes, 0 without limit: "retention.max_size" ("1G") */
	CONFIG_HOOK_COMMAND,      /* list, argv: "hook.command" */
	CONFIG_HOOK_TIMEOUT,      /* seconds: "hook.timeout" */
	CONFIG_HOOK_RUNNING,      /* count: "hook.max_running" */
	CONFIG_HOOK_KINDS,        /* list of kinds; default crash: "hook.kinds" */
	CONFIG_FORWARDER,         /* list, argv: "forwarder.command" */
	CONFIG_SYMBOLICATE,       /* bool: "symbolicate" */
	CONFIG_SYMBOLS,           /* list: absolute, or ~/...; "symbols" */
	CONFIG_KEY_COUNT,
};

struct config_value {
	enum config_origin origin;
	char **list;    /* owned, NULL-terminated, for lists; else NULL */
	size_t count;   /* of list */
	int64_t number; /* for the rest; bool: 0 or 1 */
};

struct config {
	char *path;  /* of the file, be it there or not; NULL: no place for one */
	bool loaded; /* the file was there */
	struct config_value values[CONFIG_KEY_COUNT];
};

/* "hook.timeout" */
const char *config_key_name(enum config_key key);
/* "--hook-timeout"; "PATH" for the folders. */
const char *config_key_flag(enum config_key key);

/* The defaults alone. -ENOMEM. */
int config_init(struct config *ret, struct err *err);
void config_finish(struct config *config);

/*
 * Puts what the file says over the defaults. path NULL: config.json in the user's folder; that it
 * is missing is no error. -EBADMSG names file, line and key: unknown keys (with the one that is
 * meant), wrong types, values out of range. *config is then unchanged.
 */
int config_load(struct config *config, const char *path, struct err *err);

/* The same with a text that is there already, a NUL behind its len bytes. name: of the file, for
 * errors. path and loaded stay as they are. */
int config_parse(
	struct config *config, const char *name, const char *text, size_t len, struct err *err);

/* Puts a flag's words over what is there, read as the file's text would be ("90d", "500M"),
 * relative paths from the current folder. -EINVAL names key (or flag) and value. */
int config_set(struct config *config, enum config_key key, const char *const *words, size_t count,
	enum config_origin origin, struct err *err);

/* The watched folders with ~ and the platform's defaults resolved; borrowed, NULL-terminated. */
const char *const *config_list(const struct config *config, enum config_key key);
int64_t config_number(const struct config *config, enum config_key key);
/* What include, exclude and all amount to; borrows from config. */
struct selection config_selection(const struct config *config);

/* The value as a person writes it: "365d", "1G", a JSON array for lists. */
void config_format(const struct config *config, enum config_key key, struct buf *ret);

/* Whole text: "90d", "36h", "30m", "2w", "45s", "0" (for ever) in seconds, at most a thousand
 * years; "500M", "2G", "1048576" in bytes (K, M, G and T are powers of 1,024). False, and *ret
 * untouched, for anything else. */
#define CONFIG_AGE_MAX_S (INT64_C(1000) * 366 * 86400)
bool config_parse_age(const char *text, int64_t *ret_s);
bool config_parse_size(const char *text, int64_t *ret_bytes);

#endif
