/* What main provides to commands, and the words that they have in common. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/places.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const struct command *cli_command_find(const char *name) {
	for (size_t i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

static char *join(const char *folder, const char *name) {
	struct buf path = {0};
	buf_add_str(&path, folder);
	buf_add_char(&path, '/');
	buf_add_str(&path, name);
	char *text = buf_take(&path);
	buf_finish(&path);
	return text;
}

const char *cli_db_path(struct cli *cli) {
	if (cli->db_path)
		return cli->db_path;
	const char *named = cli->globals.db;
	if (!named)
		named = getenv("AGXTRIAGE_DB");
	if (named && *named) {
		cli->db_path = strdup(named);
	} else {
		char *folder = places_data_folder();
		if (folder)
			cli->db_path = join(folder, "crashes.db");
		free(folder);
	}
	if (!cli->db_path)
		log_error("cannot tell where the database is: set HOME or name it with --db FILE");
	return cli->db_path;
}

/* The folder of the user's own rules; to be freed. NULL when there is no place for one. */
static char *rules_folder(const struct cli *cli) {
	const char *config = cli->globals.config;
	char *folder = NULL, *ret;
	if (config) {
		const char *slash = strrchr(config, '/');
		folder = slash ? strndup(config, slash == config ? 1 : (size_t)(slash - config))
			       : strdup(".");
	} else {
		folder = places_config_folder();
	}
	ret = folder ? join(folder, "rules.d") : NULL;
	free(folder);
	return ret;
}

static int is_rule_file(const struct dirent *entry) {
	return entry->d_name[0] != '.' && text_ends(entry->d_name, ".json");
}

static bool same_file(const char *a, const char *b) {
	struct stat a_status, b_status;
	return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 &&
	       a_status.st_dev == b_status.st_dev && a_status.st_ino == b_status.st_ino;
}

int cli_rule_file_read(const char *path, struct buf *ret, struct err *err) {
	return file_read(AT_FDCWD, path, FILE_FOLLOW, LIMIT_RULES_BYTES, ret, NULL, err);
}

void cli_each_rule_file(
	const struct cli *cli, void (*each)(const char *path, void *user), void *user) {
	char *folder = rules_folder(cli);
	struct dirent **entries = NULL;
	int count = folder ? scandir(folder, &entries, is_rule_file, alphasort) : 0;
	if (count < 0 && errno != ENOENT && errno != ENOTDIR)
		log_warning("your own rules are left out: %s: %s", folder, strerror(errno));
	for (int i = count - 1; i >= 0; i--) {
		char *path = join(folder, entries[i]->d_name);
		if (path)
			each(path, user);
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(folder);
}

struct rule_adding {
	struct rules *rules;
	const char *except;
	struct err *strict; /* NULL: a bad file is left out with a warning */
};

/* One bad file must not take the others with it. */
static void add_rule_file(const char *path, void *user) {
	const struct rule_adding *adding = user;
	struct err err = {0};
	struct buf text = {0};
	if (adding->except && same_file(path, adding->except))
		return;
	if (cli_rule_file_read(path, &text, &err) >= 0)
		rules_add(adding->rules, strrchr(path, '/') + 1, buf_str(&text), text.len, &err);
	if (err.code && adding->strict)
		*adding->strict = err;
	else if (err.code)
		log_warning("rules of %s are left out: %s", path, err.text);
	buf_finish(&text);
}

int cli_load_rules(const struct cli *cli, bool strict, struct rules **ret, struct err *err) {
	struct err bad = {0};
	struct rule_adding adding = {.strict = strict ? &bad : NULL};
	adding.rules = rules_new_builtin(err);
	if (!adding.rules)
		return err->code;
	cli_each_rule_file(cli, add_rule_file, &adding);
	if (bad.code) {
		rules_free(adding.rules);
		*err = bad;
		return bad.code;
	}
	*ret = adding.rules;
	return 0;
}

enum cli_status cli_provide_rules(struct cli *cli, const char *except) {
	struct err err = {0};
	if (cli->rules)
		return CLI_DONE;
	cli->rules = rules_new_builtin(&err);
	if (!cli->rules)
		return cli_fail(&err);
	struct rule_adding adding = {.rules = cli->rules, .except = except};
	cli_each_rule_file(cli, add_rule_file, &adding);
	return CLI_DONE;
}

static enum cli_status provide_store(struct cli *cli, unsigned needs) {
	struct err err = {0};
	struct stat status;
	const char *path = cli_db_path(cli);
	if (!path)
		return CLI_FAILED;
	if (!(needs & NEED_STORE_CREATE) && stat(path, &status) < 0 && errno == ENOENT) {
		log_error("no database yet at %s; run 'agxtriage scan' first", path);
		return CLI_FAILED;
	}
	enum store_mode mode = needs & NEED_STORE_READ ? STORE_READ : STORE_WRITE;
	return store_open(path, mode, &cli->store, &err) < 0 ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status provide_config(struct cli *cli) {
	struct err err = {0};
	struct config config;
	if (cli->config.values[CONFIG_INCLUDE].list)
		return CLI_DONE;
	if (config_init(&config, &err) < 0)
		return cli_fail(&err);
	if (config_load(&config, cli->globals.config, &err) < 0) {
		config_finish(&config);
		return cli_fail(&err);
	}
	cli->config = config;
	return CLI_DONE;
}

enum cli_status cli_provide(struct cli *cli, unsigned needs) {
	const unsigned store = NEED_STORE_READ | NEED_STORE_CHANGE | NEED_STORE_CREATE;
	enum cli_status status = CLI_DONE;
	if (needs & NEED_CONFIG)
		status = provide_config(cli);
	if (needs & NEED_RULES && status == CLI_DONE)
		status = cli_provide_rules(cli, NULL);
	if (needs & store && !cli->store && status == CLI_DONE)
		status = provide_store(cli, needs);
	return status;
}

void cli_page(struct cli *cli, bool no_pager) {
	if (!no_pager && cli->out.tty)
		pager_start(&cli->pager);
}

enum cli_status cli_fail(const struct err *err) {
	if (err->code == -EPIPE)
		return CLI_DONE;
	log_error("%s", err->text[0] ? err->text : strerror(-err->code));
	return CLI_FAILED;
}

enum cli_status cli_usage(const struct cli *cli, const char *fmt, ...) {
	char text[ERR_TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	const char *command = cli->command ? cli->command->name : NULL;
	log_error("%s%s%s", command ? command : "", command ? ": " : "", text);
	log_error("see 'agxtriage %s%s--help'", command ? command : "", command ? " " : "");
	return CLI_USAGE;
}
