/* Help for people and for programs (completions, the check of the man page), made from the tables.
 */
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "export/json_out.h"

#include <string.h>

#define INDENT 2
#define HELP_COLUMN 26
#define LINE_COLUMNS 78

static void blanks(struct buf *out, size_t n) {
	while (n--)
		buf_add_char(out, ' ');
}

/* "  LEFT            right", or on two lines when left is too long. */
static void two_columns(struct buf *out, const char *left, const char *right) {
	size_t width = INDENT + strlen(left);
	blanks(out, INDENT);
	buf_add_str(out, left);
	if (width + 2 > HELP_COLUMN) {
		buf_add_char(out, '\n');
		width = 0;
	}
	blanks(out, HELP_COLUMN - width);
	buf_add_str(out, right);
	buf_add_char(out, '\n');
}

static void print_option(struct buf *out, const struct option_row *row) {
	struct buf left = {0};
	if (row->letter)
		buf_printf(&left, "-%c%s", row->letter, row->name ? ", " : "");
	if (row->name)
		buf_printf(&left, "%s--%s", row->letter ? "" : "    ", row->name);
	if (row->argument)
		buf_printf(&left, "%c%s", row->name ? '=' : ' ', row->argument);
	two_columns(out, buf_str(&left), row->help);
	buf_finish(&left);
}

static void heading(const struct cli *cli, struct buf *out, const char *text) {
	term_styled(&cli->out, out, TERM_HEADING, text, strlen(text));
	buf_add_char(out, '\n');
}

static void print_options(struct buf *out, const struct option_row *rows) {
	for (const struct option_row *row = rows; row && row->help; row++)
		print_option(out, row);
}

/* The fields of MATCH and --by, for the commands that have them. */
static void print_fields(const struct cli *cli, struct buf *out, const struct command *command) {
	size_t width = 0;
	if (!command->operands || !strstr(command->operands, "MATCH"))
		return;
	buf_add_char(out, '\n');
	heading(cli, out, "Fields");
	for (size_t i = 0; store_fields[i]; i++) {
		size_t len = strlen(store_fields[i]);
		bool fits = width > 0 && width + 1 + len <= LINE_COLUMNS;
		buf_printf(out, "%s%s", fits ? " " : i ? "\n  " : "  ", store_fields[i]);
		width = fits ? width + 1 + len : INDENT + len;
	}
	buf_add_char(out, '\n');
}

static void print_command(struct cli *cli, struct buf *out, const struct command *command) {
	heading(cli, out, "Usage");
	buf_printf(out, "  agxtriage %s%s%s%s\n\n", command->name,
		command->options ? " [OPTIONS]" : "", command->operands ? " " : "",
		command->operands ? command->operands : "");
	buf_printf(out, "agxtriage %s: %s.\n", command->name, command->summary);
	if (command->details)
		buf_printf(out, "\n%s\n", command->details);
	if (command->options) {
		buf_add_char(out, '\n');
		heading(cli, out, "Options");
		print_options(out, command->options);
	}
	print_fields(cli, out, command);
	buf_add_char(out, '\n');
	heading(cli, out, "Global options");
	print_options(out, cli_global_options);
}

static void print_program(struct cli *cli, struct buf *out) {
	buf_add_str(out,
		"agxtriage collects, explains and counts crashes inside Apple's GPU driver.\n\n");
	heading(cli, out, "Usage");
	buf_add_str(out, "  agxtriage [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n");
	heading(cli, out, "Commands");
	for (size_t i = 0; cli_commands[i]; i++)
		two_columns(out, cli_commands[i]->name, cli_commands[i]->summary);
	buf_add_char(out, '\n');
	heading(cli, out, "Global options");
	print_options(out, cli_global_options);
	buf_add_str(out,
		"\nTo begin: 'agxtriage scan' takes in the reports of this machine, 'agxtriage\n"
		"list' shows them, 'agxtriage show' explains the latest.\n");
	buf_add_str(out, "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 nothing matched.\n"
			 "'agxtriage COMMAND --help' explains a command.\n");
}

void cli_print_help(struct cli *cli, const struct command *command) {
	struct buf out = {0};
	if (command)
		print_command(cli, &out, command);
	else
		print_program(cli, &out);
	term_put_buf(&cli->out, &out);
	buf_finish(&out);
}

void cli_print_hint(void) {
	log_error("no command named; see 'agxtriage --help'");
	log_info("to begin: 'agxtriage scan' takes in the reports of this machine,");
	log_info("'agxtriage list' shows them");
}

static void json_options(struct json_out *out, const char *key, const struct option_row *rows) {
	json_out_array(out, key);
	for (const struct option_row *row = rows; row && row->help; row++) {
		char letter[2] = {row->letter, '\0'};
		json_out_object(out, NULL);
		json_out_text(out, "name", row->name);
		json_out_text(out, "letter", row->letter ? letter : NULL);
		json_out_text(out, "argument", row->argument);
		json_out_text(out, "type", option_type_names[row->type]);
		json_out_text(out, "help", row->help);
		if (row->choices) {
			json_out_array(out, "choices");
			for (size_t i = 0; row->choices[i]; i++)
				json_out_text(out, NULL, row->choices[i]);
			json_out_array_end(out);
		}
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void json_command(struct json_out *out, const struct command *command) {
	json_out_object(out, NULL);
	json_out_text(out, "name", command->name);
	json_out_text(out, "operands", command->operands);
	json_out_text(out, "summary", command->summary);
	json_out_text(out, "details", command->details);
	json_options(out, "options", command->options);
	json_out_object_end(out);
}

/* What MATCH and --by know. */
static void json_fields(struct json_out *out) {
	json_out_array(out, "fields");
	for (size_t i = 0; store_fields[i]; i++)
		json_out_text(out, NULL, store_fields[i]);
	json_out_array_end(out);
}

static enum cli_status print_json(struct cli *cli) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_text(&out, "program", "agxtriage");
	json_out_text(&out, "version", AGXTRIAGE_VERSION);
	json_options(&out, "options", cli_global_options);
	json_out_array(&out, "commands");
	for (size_t i = 0; cli_commands[i]; i++)
		json_command(&out, cli_commands[i]);
	json_out_array_end(&out);
	json_fields(&out);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
	return CLI_DONE;
}

struct help_options {
	bool json;
};

static enum cli_status run(struct cli *cli, const void *options, int count, char **operands) {
	const struct help_options *help = options;
	if (help->json)
		return print_json(cli);
	const struct command *command = count ? cli_command_find(operands[0]) : NULL;
	if (count && !command)
		return cli_usage(cli, "no command '%s'", operands[0]);
	cli_print_help(cli, command);
	return CLI_DONE;
}

static const struct option_row option_rows[] = {
	{.name = "json",
		.help = "all commands and options as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct help_options, json)},
	{0},
};

const struct command help_command = {
	.name = "help",
	.operands = "[COMMAND]",
	.summary = "explain a command",
	.options = option_rows,
	.options_bytes = sizeof(struct help_options),
	.operands_max = 1,
	.run = run,
};
