/*
 * Command line options, driven by tables: the same rows parse, print the help, and are dumped as
 * JSON for completions and man pages. An own parser because getopt_long() permutes differently on
 * each platform and knows neither types nor hints.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"
#include "ips/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_STRING, /* const char *, borrowed from argv */
	OPTION_INT,    /* struct i64_opt, at least min */
	OPTION_TIME,   /* struct i64_opt, microseconds since 1970 */
	OPTION_CHOICE, /* int, index into choices */
	OPTION_LIST,   /* struct option_list; may stand several times */
	OPTION_TYPE_COUNT,
};

extern const char *const option_type_names[OPTION_TYPE_COUNT];

/* The values of an option that may be repeated, in their order. */
struct option_list {
	const char **items; /* NULL-terminated, or NULL; freed by options_finish(), each borrowed
			       from argv */
	size_t count;
};

/* One option. A table ends with a row of zeros. */
struct option_row {
	const char *name;     /* without the dashes; NULL only with letter */
	char letter;          /* 0: none */
	const char *argument; /* "N"; NULL for flags */
	const char *help;     /* one line */
	enum option_type type;
	size_t offset;              /* where the value stands in the struct that is filled */
	int64_t min;                /* OPTION_INT */
	const char *const *choices; /* OPTION_CHOICE, NULL-terminated */
};

/* A table and the struct that it fills. The struct holds the defaults before. */
struct option_set {
	const struct option_row *rows; /* NULL: none */
	void *values;
};

struct option_input {
	const struct option_set *sets;
	size_t set_count;
	int argc; /* without the program's name */
	char **argv;
	bool stop_at_operand; /* what follows the first operand is left alone */
	int64_t now_us;       /* what "2d" counts back from */
};

/*
 * Parses and moves the operands, in their order, to the front of argv. Understands --name=value,
 * --name value, -nvalue, -n value, clustered letters, and "--" before operands. With
 * stop_at_operand everything from the first operand on counts as operands. *ret_operands: how many
 * there are. Errors: -EINVAL, err says what is wrong and, for an unknown name, which one is meant.
 */
int options_parse(const struct option_input *input, int *ret_operands, struct err *err);

/* Frees the lists that options_parse() has filled. */
void options_finish(const struct option_set *set);

#endif
