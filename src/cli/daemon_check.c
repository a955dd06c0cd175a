/* daemon --check: what is in force, where each value came from, and whether it can work. */
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "cli/daemon_options.h"
#include "collect/presence.h"
#include "collect/symbol_tools.h"
#include "export/json_out.h"
#include "export/table.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One thing that was looked at. */
struct finding {
	const char *what;
	char *subject; /* owned; NULL: there is none */
	char *state;   /* owned */
	bool bad;      /* in force, and cannot work */
};

struct check {
	struct cli *cli;
	struct rules *rules; /* built in and the user's so far */
	struct finding *items;
	size_t count;
	bool failed, no_memory;
};

static void add(struct check *check, const char *what, const char *subject, bool bad,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void add(struct check *check, const char *what, const char *subject, bool bad,
	const char *fmt, ...) {
	struct finding *items = realloc(check->items, (check->count + 1) * sizeof *items);
	struct finding finding = {what, subject ? strdup(subject) : NULL, NULL, bad};
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&finding.state, fmt, args) < 0)
		finding.state = NULL;
	va_end(args);
	check->failed |= bad;
	check->no_memory |= !items || !finding.state || (subject && !finding.subject);
	if (!items) {
		free(finding.subject);
		free(finding.state);
		return;
	}
	check->items = items;
	check->items[check->count++] = finding;
}

/* ---- what is looked at ---- */

static void look_at_config(struct check *check) {
	const struct config *config = &check->cli->config;
	add(check, "configuration", config->path, false, "%s",
		config->loaded ? "read"
		: config->path ? "not there: the defaults apply"
			       : "no place for one: HOME is not set");
}

/* The nearest folder above path that is there; to be freed. */
static char *existing_parent(const char *path) {
	char *ret = strdup(path), *slash;
	while (ret && (slash = strrchr(ret, '/')) && slash != ret) {
		*slash = '\0';
		if (access(ret, F_OK) == 0)
			return ret;
	}
	free(ret);
	return strdup(path[0] == '/' ? "/" : ".");
}

static void look_at_new_database(struct check *check, const char *path) {
	char *folder = existing_parent(path);
	if (folder && access(folder, W_OK) < 0)
		add(check, "database", path, true, "cannot be made in %s: %s", folder,
			strerror(errno));
	else
		add(check, "database", path, false, "not there yet: the daemon makes it");
	free(folder);
}

/* An error's text without the path that stands beside it anyway. */
static const char *without_path(const struct err *err, const char *path) {
	size_t len = strlen(path);
	return text_starts(err->text, path) && text_starts(err->text + len, ": ")
		       ? err->text + len + 2
		       : err->text;
}

static void look_at_database(struct check *check) {
	const char *path = cli_db_path(check->cli);
	struct store *store = NULL;
	struct store_counts counts = {0};
	struct err err = {0};
	struct stat status;
	if (!path) {
		add(check, "database", NULL, true, "no place for one: HOME is not set");
		return;
	}
	if (stat(path, &status) < 0 && errno == ENOENT) {
		look_at_new_database(check, path);
		return;
	}
	int r = store_open(path, STORE_READ, &store, &err);
	if (r == 0)
		r = store_counts(store, &counts, &err);
	if (r < 0)
		add(check, "database", path, true, "%s", without_path(&err, path));
	else if (access(path, W_OK) < 0)
		add(check, "database", path, true, "cannot be written: %s", strerror(errno));
	else
		add(check, "database", path, false, "%" PRId64 " incident%s", counts.stored,
			counts.stored == 1 ? "" : "s");
	store_close(store);
}

static void look_at_daemon(struct check *check) {
	struct err err = {0};
	pid_t pid = 0;
	if (!check->cli->db_path)
		return;
	int r = presence_find(check->cli->db_path, &pid, &err);
	if (r > 0 && pid)
		add(check, "daemon", NULL, false, "runs as process %d", (int)pid);
	else
		add(check, "daemon", NULL, r < 0, "%s",
			r < 0 ? err.text
			: r   ? "runs"
			      : "does not run");
}

static void look_at_rules(const char *path, void *user) {
	struct check *check = user;
	struct buf text = {0};
	struct err err = {0};
	size_t before = rules_count(check->rules);
	int r = cli_rule_file_read(path, &text, &err);
	if (r >= 0)
		r = rules_add(check->rules, strrchr(path, '/') + 1, buf_str(&text), text.len, &err);
	size_t added = rules_count(check->rules) - before;
	if (r < 0)
		add(check, "rules", path, true, "left out: %s", err.text);
	else
		add(check, "rules", path, false, "%zu rule%s", added, added == 1 ? "" : "s");
	buf_finish(&text);
}

/* Whether something can be expected from it. asked: by the user, who may read it then; the
 * system's own folder is closed to some. */
static bool look_at_folder(struct check *check, const char *path, bool asked) {
	DIR *folder = opendir(path);
	int code = errno;
	if (folder) {
		closedir(folder);
		add(check, "folder", path, false, "can be read");
		return true;
	}
	if (code == ENOENT)
		add(check, "folder", path, false, "not there: the daemon waits for it");
	else
		add(check, "folder", path, asked, "cannot be read: %s", strerror(code));
	return code == ENOENT;
}

static void look_at_folders(struct check *check) {
	const struct config *config = &check->cli->config;
	bool asked = config->values[CONFIG_FOLDERS].origin != CONFIG_DEFAULT, any = false;
	for (const char *const *path = config_list(config, CONFIG_FOLDERS); *path; path++)
		any |= look_at_folder(check, *path, asked);
	if (!config->values[CONFIG_FOLDERS].count)
		add(check, "folder", NULL, true, "none: HOME is not set, and no PATH is given");
	else if (!any && !asked)
		add(check, "folder", NULL, true, "none can be read");
}

static void look_at_program(struct check *check, const char *what, enum config_key key) {
	const char *name = config_list(&check->cli->config, key)[0];
	struct stat status;
	if (!name)
		return;
	char *found = spawn_find(name);
	if (found && strcmp(found, name) != 0)
		add(check, what, name, false, "can be run: %s", found);
	else if (found)
		add(check, what, name, false, "can be run");
	else if (!strchr(name, '/'))
		add(check, what, name, true, "not found in PATH");
	else if (stat(name, &status) < 0)
		add(check, what, name, true, "%s", strerror(errno));
	else
		add(check, what, name, true, "not executable");
	free(found);
}

static void look_at_symbols(struct check *check) {
	struct symbol_tools tools;
	if (!config_number(&check->cli->config, CONFIG_SYMBOLICATE))
		return;
	symbol_tools_find(&tools);
	if (tools.atos)
		add(check, "symbolicate", tools.atos, false, "can be run");
	else
		add(check, "symbolicate", NULL, true, "%s", tools.why.text);
	symbol_tools_finish(&tools);
}

/* ---- what is printed ---- */

static const char *source_of(const struct config *config, enum config_key key) {
	switch (config->values[key].origin) {
	case CONFIG_FILE:
		return config->path;
	case CONFIG_FLAG:
		return config_key_flag(key);
	case CONFIG_DEFAULT:
	default:
		return "default";
	}
}

enum { VALUE_KEY, VALUE_VALUE, VALUE_FROM, VALUE_COLUMNS };

static const struct table_column value_columns[VALUE_COLUMNS] = {
	[VALUE_KEY] = {.title = "KEY", .width = 21},
	[VALUE_VALUE] = {.title = "VALUE", .width = 20, .min = 12, .middle = true},
	[VALUE_FROM] = {.title = "FROM", .width = 7, .min = 7, .middle = true},
};

/* Each element of a list has a row, so that nothing of it is shortened away. */
static void each_value(const struct config *config, enum config_key key,
	void (*each)(struct table *table, const struct table_cell *cells), struct table *table) {
	const struct config_value *value = &config->values[key];
	struct table_cell cells[VALUE_COLUMNS] = {
		[VALUE_KEY] = {config_key_name(key), TERM_BOLD},
		[VALUE_FROM] = {source_of(config, key), TERM_DIM},
	};
	struct buf text = {0};
	if (!value->list) {
		bool open = value->number == 0;
		config_format(config, key, &text);
		if (open && key == CONFIG_RETENTION_SIZE)
			buf_add_str(&text, " (no limit)");
		else if (open && (key == CONFIG_RETENTION_AGE || key == CONFIG_RETENTION_RAW_AGE))
			buf_add_str(&text, " (for ever)");
	}
	cells[VALUE_VALUE].text = !value->list ? buf_str(&text) : "none";
	if (!value->list || !value->count)
		each(table, cells);
	for (size_t i = 0; value->list && i < value->count; i++) {
		cells[VALUE_VALUE].text = value->list[i];
		each(table, cells);
		cells[VALUE_KEY].text = cells[VALUE_FROM].text = NULL;
	}
	buf_finish(&text);
}

static void put_row(struct table *table, const struct table_cell *cells) {
	table_row(table, cells);
}

static void print_values(struct cli *cli) {
	struct table table;
	table_init(&table, value_columns, VALUE_COLUMNS, &cli->out);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		each_value(&cli->config, (enum config_key)key, table_measure, &table);
	table_begin(&table, true);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		each_value(&cli->config, (enum config_key)key, put_row, &table);
	table_finish(&table);
}

static void print_findings(const struct check *check) {
	static const struct table_column columns[] = {
		{.title = "CHECKED", .width = 13},
		{.title = "STATE", .width = 20, .min = 20},
		{.title = "WHERE", .width = 20, .min = 12, .middle = true},
	};
	struct table table;
	table_init(&table, columns, 3, &check->cli->out);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < check->count; i++) {
			const struct finding *item = &check->items[i];
			const struct table_cell cells[] = {
				{item->what, TERM_BOLD},
				{item->state, item->bad ? TERM_BAD : TERM_GOOD},
				{item->subject, TERM_PLAIN},
			};
			if (pass)
				table_row(&table, cells);
			else
				table_measure(&table, cells);
		}
		if (!pass)
			table_begin(&table, true);
	}
	table_finish(&table);
}

static void json_value(struct json_out *out, const struct config *config, enum config_key key) {
	static const char *const origins[] = {"default", "file", "flag"};
	const struct config_value *value = &config->values[key];
	json_out_object(out, config_key_name(key));
	if (value->list) {
		json_out_array(out, "value");
		for (size_t i = 0; i < value->count; i++)
			json_out_text(out, NULL, value->list[i]);
		json_out_array_end(out);
	} else if (key == CONFIG_ALL || key == CONFIG_SYMBOLICATE) {
		json_out_bool(out, "value", value->number != 0);
	} else {
		json_out_i64(out, "value", value->number);
	}
	json_out_text(out, "from", origins[value->origin]);
	json_out_text(out, "source", value->origin ? source_of(config, key) : NULL);
	json_out_object_end(out);
}

static void print_json(const struct check *check) {
	const struct config *config = &check->cli->config;
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_object(&out, "values");
	for (int key = 0; key < CONFIG_KEY_COUNT; key++)
		json_value(&out, config, (enum config_key)key);
	json_out_object_end(&out);
	json_out_array(&out, "checks");
	for (size_t i = 0; i < check->count; i++) {
		json_out_object(&out, NULL);
		json_out_text(&out, "what", check->items[i].what);
		json_out_text(&out, "where", check->items[i].subject);
		json_out_text(&out, "state", check->items[i].state);
		json_out_bool(&out, "ok", !check->items[i].bad);
		json_out_object_end(&out);
	}
	json_out_array_end(&out);
	json_out_bool(&out, "ok", !check->failed);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&check->cli->out, &line);
	buf_finish(&line);
}

static void log_failures(const struct check *check) {
	for (size_t i = 0; i < check->count; i++) {
		const struct finding *item = &check->items[i];
		if (item->bad)
			log_error("%s%s%s: %s", item->what, item->subject ? " " : "",
				item->subject ? item->subject : "", item->state);
	}
}

enum cli_status daemon_check(struct cli *cli, bool json) {
	struct err err = {0};
	struct check check = {.cli = cli, .rules = rules_new_builtin(&err)};
	if (!check.rules)
		return cli_fail(&err);
	look_at_config(&check);
	look_at_database(&check);
	look_at_daemon(&check);
	cli_each_rule_file(cli, look_at_rules, &check);
	look_at_folders(&check);
	look_at_program(&check, "hook", CONFIG_HOOK_COMMAND);
	look_at_program(&check, "forwarder", CONFIG_FORWARDER);
	look_at_symbols(&check);
	if (check.no_memory)
		err_set(&err, -ENOMEM, "out of memory");
	else if (json)
		print_json(&check);
	else {
		print_values(cli);
		term_put(&cli->out, "\n", 1);
		print_findings(&check);
	}
	term_flush(&cli->out);
	log_failures(&check);
	for (size_t i = 0; i < check.count; i++) {
		free(check.items[i].subject);
		free(check.items[i].state);
	}
	free(check.items);
	rules_free(check.rules);
	if (check.no_memory)
		return cli_fail(&err);
	return check.failed ? CLI_FAILED : CLI_DONE;
}
