/*
 * What the parts of the configuration share: the table of keys and the reading of one value. For
 * config*.c only.
 */
#ifndef COLLECT_CONFIG_PARTS_H
#define COLLECT_CONFIG_PARTS_H

#include "collect/config.h"

enum config_type {
	CONFIG_TYPE_FOLDERS,
	CONFIG_TYPE_GLOBS,
	CONFIG_TYPE_COMMAND, /* argv */
	CONFIG_TYPE_KINDS,
	CONFIG_TYPE_BOOL,
	CONFIG_TYPE_AGE,     /* seconds, 0 for ever */
	CONFIG_TYPE_SIZE,    /* bytes, 0 without limit */
	CONFIG_TYPE_SECONDS, /* a time span that is never 0 */
	CONFIG_TYPE_COUNT,   /* a number */
};

struct config_row {
	const char *name, *flag; /* "retention.max_age", "--max-age" */
	enum config_type type;
	int64_t min, max;         /* of numbers other than the 0 of ages and sizes */
	bool may_be_empty;        /* of folders */
	const char *min_reason;   /* why no less; may be NULL */
	const char *default_text; /* of numbers, as a person writes it */
};

extern const struct config_row config_rows[CONFIG_KEY_COUNT];

bool config_type_is_list(enum config_type type);

/*
 * Reads words as a value of the key. -EINVAL: err says what is wrong with which word, without the
 * key, and *ret_wrong is that word's index. *ret is released with config_value_finish().
 */
int config_value_read(enum config_key key, const char *const *words, size_t count,
	enum config_origin origin, struct config_value *ret, size_t *ret_wrong, struct err *err);
void config_value_finish(struct config_value *value);

/* "90d", "500M"; the largest unit that leaves nothing over. */
void config_format_age(int64_t s, struct buf *ret);
void config_format_size(int64_t bytes, struct buf *ret);

/* An absolute path without doubled and closing slashes: ~/ is resolved, a relative one is refused
 * in a file and is taken from the current folder in a flag. To be freed. */
int config_resolve(const char *word, enum config_origin origin, char **ret, struct err *err);

#endif
