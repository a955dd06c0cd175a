/* daemon's flags, and how they become values of the configuration. */
#include "cli/daemon_options.h"

#include <errno.h>
#include <stdlib.h>

#define AT(member) offsetof(struct daemon_options, member)

const struct option_row daemon_option_rows[] = {
	{.name = "all",
		.letter = 'a',
		.help = "take every process, not only Python, AGX and Metal",
		.type = OPTION_FLAG,
		.offset = AT(all)},
	{.name = "include",
		.argument = "GLOB",
		.help = "names taken whatever they hold; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(include)},
	{.name = "exclude",
		.argument = "GLOB",
		.help = "names never taken; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(exclude)},
	{.name = "max-age",
		.argument = "AGE",
		.help = "drop incidents captured longer ago: 365d; 0: never",
		.type = OPTION_STRING,
		.offset = AT(max_age)},
	{.name = "raw-max-age",
		.argument = "AGE",
		.help = "drop only the reports' bytes, keep the facts",
		.type = OPTION_STRING,
		.offset = AT(raw_max_age)},
	{.name = "max-size",
		.argument = "SIZE",
		.help = "of the database: 500M, 2G ...; 0: no limit",
		.type = OPTION_STRING,
		.offset = AT(max_size)},
	{.name = "hook",
		.argument = "PROGRAM",
		.help = "run for each new crash, with its JSON on stdin",
		.type = OPTION_STRING,
		.offset = AT(hook)},
	{.name = "hook-arg",
		.argument = "ARG",
		.help = "an argument of the hook; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(hook_args)},
	{.name = "hook-timeout",
		.argument = "TIME",
		.help = "end a hook after 30s, 2m ...",
		.type = OPTION_STRING,
		.offset = AT(hook_timeout)},
	{.name = "hook-max-running",
		.argument = "N",
		.help = "at most N hooks at once",
		.type = OPTION_STRING,
		.offset = AT(hook_max_running)},
	{.name = "hook-kind",
		.argument = "KIND",
		.help = "run it for crash, panic ...; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(hook_kinds)},
	{.name = "forwarder",
		.argument = "PROGRAM",
		.help = "a program to keep running beside the daemon",
		.type = OPTION_STRING,
		.offset = AT(forwarder)},
	{.name = "forwarder-arg",
		.argument = "ARG",
		.help = "an argument of the forwarder; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(forwarder_args)},
	{.name = "symbolicate",
		.help = "ask atos for symbols that new crashes lack",
		.type = OPTION_FLAG,
		.offset = AT(symbolicate)},
	{.name = "symbols",
		.argument = "DIR",
		.help = "with dSYMs; may be repeated",
		.type = OPTION_LIST,
		.offset = AT(symbols)},
	{.name = "check",
		.help = "print what is in force, and whether it can work",
		.type = OPTION_FLAG,
		.offset = AT(check)},
	{.name = "json",
		.help = "with --check: one JSON object",
		.type = OPTION_FLAG,
		.offset = AT(json)},
	{.name = "log",
		.argument = "FILE",
		.help = "append messages there; two files of at most 1 MiB",
		.type = OPTION_STRING,
		.offset = AT(log)},
	{.name = "agent",
		.help = "as launchd starts it: a second daemon is no failure",
		.type = OPTION_FLAG,
		.offset = AT(agent)},
	{0},
};

static int set_one(struct config *config, enum config_key key, const char *word, struct err *err) {
	return word ? config_set(config, key, &word, 1, CONFIG_FLAG, err) : 0;
}

static int set_list(struct config *config, enum config_key key, const struct option_list *list,
	struct err *err) {
	return list->count ? config_set(config, key, list->items, list->count, CONFIG_FLAG, err)
			   : 0;
}

/* A program and its arguments; an empty name means none. */
static int set_command(struct config *config, enum config_key key, const char *program,
	const struct option_list *args, struct err *err) {
	if (!program && args->count)
		return err_set(err, -EINVAL, "%s-arg needs %s", config_key_flag(key),
			config_key_flag(key));
	if (!program)
		return 0;
	if (!program[0] && !args->count)
		return config_set(config, key, NULL, 0, CONFIG_FLAG, err);
	const char **words = calloc(args->count + 1, sizeof *words);
	if (!words)
		return err_set(err, -ENOMEM, "out of memory");
	words[0] = program;
	for (size_t i = 0; i < args->count; i++)
		words[i + 1] = args->items[i];
	int r = config_set(config, key, words, args->count + 1, CONFIG_FLAG, err);
	free(words);
	return r;
}

static int set_hook(const struct daemon_options *options, struct config *config, struct err *err) {
	int r = set_command(config, CONFIG_HOOK_COMMAND, options->hook, &options->hook_args, err);
	if (r == 0)
		r = set_one(config, CONFIG_HOOK_TIMEOUT, options->hook_timeout, err);
	if (r == 0)
		r = set_one(config, CONFIG_HOOK_RUNNING, options->hook_max_running, err);
	if (r == 0)
		r = set_list(config, CONFIG_HOOK_KINDS, &options->hook_kinds, err);
	return r;
}

int daemon_options_apply(const struct daemon_options *options, int count, char **operands,
	struct config *config, struct err *err) {
	const char *const *paths = (const char *const *)operands;
	int r = 0;
	if (count)
		r = config_set(config, CONFIG_FOLDERS, paths, (size_t)count, CONFIG_FLAG, err);
	if (r == 0)
		r = set_one(config, CONFIG_ALL, options->all ? "true" : NULL, err);
	if (r == 0)
		r = set_list(config, CONFIG_INCLUDE, &options->include, err);
	if (r == 0)
		r = set_list(config, CONFIG_EXCLUDE, &options->exclude, err);
	if (r == 0)
		r = set_one(config, CONFIG_RETENTION_AGE, options->max_age, err);
	if (r == 0)
		r = set_one(config, CONFIG_RETENTION_RAW_AGE, options->raw_max_age, err);
	if (r == 0)
		r = set_one(config, CONFIG_RETENTION_SIZE, options->max_size, err);
	if (r == 0)
		r = set_hook(options, config, err);
	if (r == 0)
		r = set_command(config, CONFIG_FORWARDER, options->forwarder,
			&options->forwarder_args, err);
	if (r == 0)
		r = set_one(config, CONFIG_SYMBOLICATE, options->symbolicate ? "true" : NULL, err);
	if (r == 0)
		r = set_list(config, CONFIG_SYMBOLS, &options->symbols, err);
	return r;
}
