/*
 * What a command is, and what main provides to it. One row per command: help, completions and the
 * man page check are made from the table.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"
#include "collect/config.h"
#include "export/pager.h"
#include "export/term.h"
#include "store/store.h"
#include "triage/rules.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses; other programs rely on them. */
enum cli_status {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOTHING = 3, /* nothing matched */
};

enum cli_need {
	NEED_STORE_READ = 1 << 0,   /* cli->store, opened read-only; the database must exist */
	NEED_STORE_CHANGE = 1 << 1, /* writable; the database must exist */
	NEED_STORE_CREATE = 1 << 2, /* writable; made when there is none */
	NEED_RULES = 1 << 3,        /* cli->rules: built in and the user's */
	NEED_CONFIG = 1 << 4,       /* cli->config: defaults and the user's file */
};

struct cli;

struct command {
	const char *name;
	const char *operands;             /* "[MATCH...]", NULL for none */
	const char *summary;              /* one line */
	const char *details;              /* more for --help, may be NULL */
	const struct option_row *options; /* NULL: none */
	size_t options_bytes;             /* of the struct that they fill; zeroed before */
	int operands_min, operands_max;   /* max -1: any number */
	bool foreign_operands;            /* options end at the first operand: the rest is meant for
					     another program */
	unsigned needs;
	/* options: the filled struct. operands: count of them, NULL behind the last. */
	enum cli_status (*run)(struct cli *cli, const void *options, int count, char **operands);
};

/* Global options, taken before the command and after it. */
struct cli_globals {
	const char *db, *config;
	bool quiet, verbose, version, help;
	int color; /* enum term_color */
};

struct cli {
	const struct command *command; /* NULL when none was named */
	struct cli_globals globals;
	char **words;         /* behind the command's name, as typed; NULL-terminated */
	char *db_path;        /* owned; NULL until asked for */
	struct store *store;  /* NULL unless needed */
	struct rules *rules;  /* NULL unless needed */
	struct config config; /* all zero unless needed */
	struct term out;      /* stdout: the answer goes here and nowhere else */
	struct pager pager;
};

/* The table, in the order of the help; NULL behind the last. */
extern const struct command *const cli_commands[];
extern const struct option_row cli_global_options[];
/* NULL when there is none of that name. */
const struct command *cli_command_find(const char *name);

/* The database's path: --db, $AGXTRIAGE_DB, else the default place. Borrowed; NULL after logging
 * why. */
const char *cli_db_path(struct cli *cli);

/*
 * What main does for the command's needs; for commands that need something in some cases only. What
 * is there already is kept. CLI_DONE, or CLI_FAILED after logging why.
 */
enum cli_status cli_provide(struct cli *cli, unsigned needs);

/*
 * Loads cli->rules unless they are there: built in, then the user's. A bad file is logged and left
 * out. except: NULL, or the path of a file that is left out in silence, because it is about to be
 * checked against the others.
 */
enum cli_status cli_provide_rules(struct cli *cli, const char *except);

/*
 * Calls each with the path of every rule file of the user, in the order in which they have to be
 * added: what is added comes before what is there, so the alphabetically first goes last. A folder
 * that cannot be read is logged.
 */
void cli_each_rule_file(
	const struct cli *cli, void (*each)(const char *path, void *user), void *user);
/* Reads one of them. */
int cli_rule_file_read(const char *path, struct buf *ret, struct err *err);

/* Rules of one's own, as cli_provide_rules() would make them. strict: a bad file is an error. */
int cli_load_rules(const struct cli *cli, bool strict, struct rules **ret, struct err *err);

/* Sends stdout through the pager if it goes to a terminal. Called when there is something to show.
 */
void cli_page(struct cli *cli, bool no_pager);

/* Logs err and returns CLI_FAILED. A closed pipe (-EPIPE) is not logged and gives CLI_DONE. */
enum cli_status cli_fail(const struct err *err);
/* Logs "COMMAND: text" with a pointer to the help; returns CLI_USAGE. */
enum cli_status cli_usage(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* CLI_DONE when the store knows a field of that name; else says which may be meant: CLI_USAGE. */
enum cli_status cli_check_field(const struct cli *cli, const char *name, size_t len);
/* The same for every FIELD= of operands. */
enum cli_status cli_check_matches(const struct cli *cli, char **operands);
/* Says why nothing came of operands and what to do; CLI_NOTHING, or CLI_FAILED after logging why.
 */
enum cli_status cli_nothing(struct cli *cli, char **operands);

/* Prints the help of one command, or of the program for NULL, to cli->out. */
void cli_print_help(struct cli *cli, const struct command *command);
/* Two lines for somebody who typed no command, on stderr. */
void cli_print_hint(void);

/* Rows that several commands have. */
#define CLI_OPTION_JSON(s)                                                               \
	{                                                                                \
		.name = "json", .help = "one JSON object per line", .type = OPTION_FLAG, \
		.offset = offsetof(s, json)                                              \
	}
#define CLI_OPTION_NO_PAGER(s)                                                                     \
	{                                                                                          \
		.name = "no-pager", .help = "write straight to the terminal", .type = OPTION_FLAG, \
		.offset = offsetof(s, no_pager)                                                    \
	}
#define CLI_OPTION_SINCE(s)                                                                    \
	{                                                                                      \
		.name = "since", .argument = "TIME",                                           \
		.help = "captured at or after: 2d, 2025-12-20, ISO 8601", .type = OPTION_TIME, \
		.offset = offsetof(s, since)                                                   \
	}
#define CLI_OPTION_UNTIL(s)                                                     \
	{                                                                       \
		.name = "until", .argument = "TIME", .help = "captured before", \
		.type = OPTION_TIME, .offset = offsetof(s, until)               \
	}

#endif
