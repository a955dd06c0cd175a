/*
 * agxtriage: finds the command, provides what its row needs, runs it, and turns the outcome into an
 * exit status.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDOUT_BUFFER_BYTES (64u << 10)

const struct option_row cli_global_options[] = {
	{.name = "db",
		.argument = "FILE",
		.help = "the database (else $AGXTRIAGE_DB, else your own)",
		.type = OPTION_STRING,
		.offset = offsetof(struct cli_globals, db)},
	{.name = "config",
		.argument = "FILE",
		.help = "configuration file; rules.d beside it has your rules",
		.type = OPTION_STRING,
		.offset = offsetof(struct cli_globals, config)},
	{.name = "quiet",
		.letter = 'q',
		.help = "on stderr errors only",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_globals, quiet)},
	{.name = "verbose",
		.letter = 'v',
		.help = "on stderr what is done and why",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_globals, verbose)},
	{.name = "color",
		.argument = "WHEN",
		.help = "auto, always or never (auto honours NO_COLOR)",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_globals, color),
		.choices = term_color_names},
	{.name = "version",
		.help = "print the version",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_globals, version)},
	{.name = "help",
		.letter = 'h',
		.help = "explain the program, or the command",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_globals, help)},
	{0},
};

static enum cli_status unknown_command(const char *typed) {
	const char *names[64];
	size_t count = 0;
	for (; cli_commands[count] && count < sizeof names / sizeof *names; count++)
		names[count] = cli_commands[count]->name;
	const char *meant = text_suggest(typed, names, count);
	if (strchr(typed, '/') || access(typed, F_OK) == 0)
		log_error("no command '%s'; 'agxtriage show FILE' explains a report", typed);
	else if (meant)
		log_error("no command '%s'; did you mean '%s'?", typed, meant);
	else
		log_error("no command '%s'; see 'agxtriage --help'", typed);
	return CLI_USAGE;
}

static enum cli_status print_version(struct cli *cli) {
	static const char text[] = "agxtriage " AGXTRIAGE_VERSION "\n";
	term_put(&cli->out, text, sizeof text - 1);
	return CLI_DONE;
}

static enum cli_status check_operands(const struct cli *cli, int count, char **operands) {
	const struct command *command = cli->command;
	if (count < command->operands_min)
		return cli_usage(cli, "needs %s", command->operands);
	if (command->operands_max >= 0 && count > command->operands_max)
		return cli_usage(
			cli, "does not know what to do with '%s'", operands[command->operands_max]);
	return CLI_DONE;
}

/* A file that was named and cannot be read is a mistake; the default one need not exist. */
static enum cli_status check_config(const struct cli *cli) {
	const char *config = cli->globals.config;
	if (!config || access(config, R_OK) == 0)
		return CLI_DONE;
	log_error("%s: %s", config, strerror(errno));
	return CLI_FAILED;
}

static void apply_globals(struct cli *cli) {
	if (cli->globals.quiet)
		log_set_level(LOG_ERROR);
	else if (cli->globals.verbose)
		log_set_level(LOG_DEBUG);
	term_init(&cli->out, stdout, (enum term_color)cli->globals.color);
}

/* The parser moves words about. */
static char **copy_words(int count, char **words) {
	char **ret = calloc((size_t)count + 1, sizeof *ret);
	if (!ret)
		abort();
	memcpy(ret, words, (size_t)count * sizeof *ret);
	return ret;
}

/* argv starts behind the command's name. */
static enum cli_status run_command(struct cli *cli, int argc, char **argv) {
	struct err err = {0};
	int count = 0;
	size_t bytes = cli->command->options_bytes;
	void *options = calloc(1, bytes ? bytes : 1);
	if (!options)
		abort();
	const struct option_set sets[] = {
		{cli->command->options, options},
		{cli_global_options, &cli->globals},
	};
	const struct option_input input = {.sets = sets,
		.set_count = 2,
		.argc = argc,
		.argv = argv,
		.stop_at_operand = cli->command->foreign_operands,
		.now_us = clock_now_us()};
	enum cli_status status = CLI_DONE;
	cli->words = copy_words(argc, argv);
	if (options_parse(&input, &count, &err) < 0) {
		status = cli_usage(cli, "%s", err.text);
		goto out;
	}
	argv[count] = NULL;
	apply_globals(cli);
	if (cli->globals.help) {
		cli_print_help(cli, cli->command);
		goto out;
	}
	if (cli->globals.version) {
		status = print_version(cli);
		goto out;
	}
	status = check_operands(cli, count, argv);
	if (status == CLI_DONE)
		status = check_config(cli);
	if (status == CLI_DONE)
		status = cli_provide(cli, cli->command->needs);
	if (status == CLI_DONE)
		status = cli->command->run(cli, options, count, argv);
out:
	options_finish(&sets[0]);
	free(options);
	free(cli->words);
	return status;
}

static enum cli_status start(struct cli *cli, int argc, char **argv) {
	struct err err = {0};
	int count = 0;
	const struct option_set set = {cli_global_options, &cli->globals};
	const struct option_input input = {.sets = &set,
		.set_count = 1,
		.argc = argc,
		.argv = argv,
		.stop_at_operand = true,
		.now_us = clock_now_us()};
	if (options_parse(&input, &count, &err) < 0)
		return cli_usage(cli, "%s", err.text);
	apply_globals(cli);
	if (cli->globals.version)
		return print_version(cli);
	if (!count && cli->globals.help) {
		cli_print_help(cli, NULL);
		return CLI_DONE;
	}
	if (!count) {
		cli_print_hint();
		return CLI_USAGE;
	}
	cli->command = cli_command_find(argv[0]);
	return cli->command ? run_command(cli, count - 1, argv + 1) : unknown_command(argv[0]);
}

/* Whatever a command returned: an answer that did not get out is no answer. A reader that went away
 * wanted no more. */
static enum cli_status finish_output(struct cli *cli, enum cli_status status) {
	int r = term_flush(&cli->out);
	if (!pager_stop(&cli->pager)) {
		log_error("the pager cannot be run; --no-pager does without one");
		return CLI_FAILED;
	}
	if (r == -EPIPE)
		return status == CLI_NOTHING ? CLI_DONE : status;
	if (r < 0) {
		log_error("cannot write the answer: %s", strerror(-r));
		return CLI_FAILED;
	}
	return status;
}

/* A stream that was closed stays one that cannot be used, but no file that is opened later gets its
 * number: it would be written to, or, in libuv, end the program. */
static void fill_streams(void) {
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Whoever started this program may have blocked what ends it and its children, or may not want to
 * know of children. */
static void settle_signals(void) {
	static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

/* What is made here must be of use to its owner. */
static void settle_umask(void) {
	umask(umask(077) & 077);
}

int main(int argc, char **argv) {
	struct cli cli = {0};
	fill_streams();
	settle_signals();
	settle_umask();
	setvbuf(stdout, NULL, _IOFBF, STDOUT_BUFFER_BYTES);
	term_init(&cli.out, stdout, TERM_COLOR_AUTO);
	enum cli_status status = start(&cli, argc > 0 ? argc - 1 : 0, argv + 1);
	status = finish_output(&cli, status);
	store_close(cli.store);
	rules_free(cli.rules);
	config_finish(&cli.config);
	free(cli.db_path);
	return (int)status;
}
