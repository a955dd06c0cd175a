/* agxtriage sql: one read-only statement, its rows as a table, JSON or CSV. */
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "export/json_out.h"
#include "export/table.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rows that are looked at before the widths of the table are decided. */
#define MEASURED_ROWS 200
#define TIMEOUT_DEFAULT_S 60
#define CELL_COLUMNS_MAX 120

enum { SQL_INTEGER = 1, SQL_FLOAT = 2, SQL_TEXT = 3, SQL_BLOB = 4, SQL_NULL = 5 };

struct sql_options {
	struct i64_opt max_rows, timeout_s;
	bool json, csv, no_pager;
};

struct sql {
	struct cli *cli;
	const struct sql_options *options;
	int64_t rows;
	struct buf line;
	/* of the table */
	struct arena arena;
	struct table_column columns[TABLE_COLUMNS_MAX];
	size_t column_count;
	struct table_cell *cells[MEASURED_ROWS]; /* kept until the widths are known */
	size_t kept;
	bool begun;
	struct table table;
	struct err err; /* what stopped the rows on our side */
};

static void json_value(struct json_out *out, const char *name, const char *value, int type) {
	int64_t number;
	if (type == SQL_NULL || !value)
		json_out_null(out, name);
	else if (type == SQL_INTEGER && text_i64(value, strlen(value), &number))
		json_out_i64(out, name, number);
	else if (type == SQL_FLOAT)
		json_out_double(out, name, strtod(value, NULL));
	else
		json_out_text(out, name, value);
}

static int json_row(struct sql *sql, size_t columns, const char *const *names,
	const char *const *values, const int *types) {
	struct json_out out;
	json_out_init(&out, &sql->line);
	json_out_object(&out, NULL);
	for (size_t i = 0; i < columns; i++)
		json_value(&out, names[i], values[i], types[i]);
	json_out_object_end(&out);
	buf_add_char(&sql->line, '\n');
	return term_put_buf(&sql->cli->out, &sql->line);
}

static void csv_field(struct sql *sql, const char *value) {
	struct buf *line = &sql->line;
	struct buf clean = {0};
	if (sql->cli->out.tty && value) {
		text_terminal(&clean, value, strlen(value), TEXT_LINES);
		value = buf_str(&clean);
	}
	if (value && !strpbrk(value, ",\"\r\n")) {
		buf_add_str(line, value);
	} else if (value) {
		buf_add_char(line, '"');
		for (; *value; value++) {
			if (*value == '"')
				buf_add_char(line, '"');
			buf_add_char(line, *value);
		}
		buf_add_char(line, '"');
	}
	line->failed = line->failed || clean.failed;
	buf_finish(&clean);
}

static int csv_row(struct sql *sql, size_t columns, const char *const *values) {
	for (size_t i = 0; i < columns; i++) {
		if (i)
			buf_add_char(&sql->line, ',');
		csv_field(sql, values[i]);
	}
	buf_add_char(&sql->line, '\n');
	return term_put_buf(&sql->cli->out, &sql->line);
}

/* ---- the table ---- */

static int no_memory(struct sql *sql) {
	return err_set(&sql->err, -ENOMEM, "out of memory");
}

static int start_columns(
	struct sql *sql, size_t columns, const char *const *names, const int *types) {
	if (columns > TABLE_COLUMNS_MAX)
		return err_set(&sql->err, -E2BIG,
			"%zu columns do not fit a table; use --json or --csv", columns);
	sql->column_count = columns;
	for (size_t i = 0; i < columns; i++) {
		char *title = arena_strdup(&sql->arena, names[i]);
		if (!title)
			return no_memory(sql);
		sql->columns[i] = (struct table_column){.title = title,
			.min = 8,
			.max = CELL_COLUMNS_MAX,
			.right = types[i] == SQL_INTEGER || types[i] == SQL_FLOAT};
		/* A number cut short is another number. */
		if (sql->columns[i].right)
			sql->columns[i].min = 0;
	}
	return 0;
}

static int begin_table(struct sql *sql) {
	struct cli *cli = sql->cli;
	sql->begun = true;
	cli_page(cli, sql->options->no_pager);
	table_init(&sql->table, sql->columns, sql->column_count, &cli->out);
	for (size_t i = 0; i < sql->kept; i++)
		table_measure(&sql->table, sql->cells[i]);
	int r = table_begin(&sql->table, true);
	for (size_t i = 0; i < sql->kept && r >= 0; i++)
		r = table_row(&sql->table, sql->cells[i]);
	return r;
}

static int keep_row(struct sql *sql, const struct table_cell *cells) {
	struct table_cell *kept = arena_calloc(&sql->arena, sql->column_count, sizeof *kept);
	if (!kept)
		return no_memory(sql);
	for (size_t i = 0; i < sql->column_count; i++) {
		kept[i] = cells[i];
		if (cells[i].text && !(kept[i].text = arena_strdup(&sql->arena, cells[i].text)))
			return no_memory(sql);
	}
	sql->cells[sql->kept++] = kept;
	return 0;
}

static int table_line(struct sql *sql, const char *const *values) {
	struct table_cell cells[TABLE_COLUMNS_MAX] = {0};
	for (size_t i = 0; i < sql->column_count; i++)
		cells[i] = (struct table_cell){
			values[i] ? values[i] : "NULL", values[i] ? TERM_PLAIN : TERM_DIM};
	if (!sql->begun && sql->kept < MEASURED_ROWS)
		return keep_row(sql, cells);
	if (!sql->begun) {
		int r = begin_table(sql);
		if (r < 0)
			return r;
	}
	return table_row(&sql->table, cells);
}

static int take(size_t columns, const char *const *names, const char *const *values,
	const int *types, void *user) {
	struct sql *sql = user;
	bool first = sql->rows++ == 0;
	if (sql->options->json)
		return json_row(sql, columns, names, values, types);
	if (sql->options->csv) {
		int r = first ? csv_row(sql, columns, names) : 0;
		return r < 0 ? r : csv_row(sql, columns, values);
	}
	int r = first ? start_columns(sql, columns, names, types) : 0;
	return r < 0 ? r : table_line(sql, values);
}

/* Somebody who reads page by page needs time; leaving the pager ends the query as well. */
static int64_t timeout_ms(const struct sql *sql) {
	const struct sql_options *options = sql->options;
	if (options->timeout_s.set)
		return options->timeout_s.value > INT64_MAX / 1000
			       ? INT64_MAX
			       : options->timeout_s.value * 1000;
	bool paged = sql->cli->out.tty && !options->no_pager && !options->json && !options->csv;
	return paged ? 0 : TIMEOUT_DEFAULT_S * 1000;
}

/* SQLite looks at the clock between its steps only, and instr() in long texts is one step that can
 * take hours. Nothing is lost: the connection can only read. */
static void on_overdue(int number) {
	static const char text[] = "error: stopped: it ran longer than allowed\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written;
	_exit(CLI_FAILED);
}

/* limit_ms 0: no limit, or no longer one. */
static void set_alarm(int64_t limit_ms) {
	int64_t seconds = limit_ms / 1000 + 1;
	if (limit_ms > 0)
		signal(SIGALRM, on_overdue);
	alarm(limit_ms > 0 && seconds < UINT_MAX ? (unsigned)seconds : 0);
}

static enum cli_status query(struct sql *sql, const char *text) {
	const struct store_sql_limits limits = {
		.max_rows = sql->options->max_rows.value, .timeout_ms = timeout_ms(sql)};
	struct err err = {0};
	set_alarm(limits.timeout_ms);
	int r = store_sql(sql->cli->store, text, &limits, take, sql, &err);
	set_alarm(0);
	if (sql->err.code)
		return cli_fail(&sql->err);
	if (!sql->cli->out.error && !sql->begun && sql->kept)
		begin_table(sql);
	if (sql->cli->out.error)
		return CLI_DONE;
	if (r == -EOVERFLOW) {
		int64_t rows = sql->options->max_rows.value;
		if (rows == 1)
			log_warning("only the first row is shown");
		else
			log_warning("only the first %" PRId64 " rows are shown", rows);
		return CLI_DONE;
	}
	return r < 0 ? cli_fail(&err) : CLI_DONE;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct sql_options *options = values;
	if (options->json && options->csv)
		return cli_usage(cli, "--json and --csv exclude each other");
	struct sql *sql = calloc(1, sizeof *sql);
	if (!sql)
		return cli_fail(&(struct err){.code = -ENOMEM, .text = "out of memory"});
	sql->cli = cli;
	sql->options = options;
	arena_init(&sql->arena, SIZE_MAX);
	enum cli_status status = query(sql, operands[0]);
	table_finish(&sql->table);
	arena_finish(&sql->arena);
	buf_finish(&sql->line);
	free(sql);
	return status;
}

static const struct option_row option_rows[] = {
	{.name = "csv",
		.help = "comma-separated, with a line of names",
		.type = OPTION_FLAG,
		.offset = offsetof(struct sql_options, csv)},
	{.name = "max-rows",
		.argument = "N",
		.help = "stop after N rows; 0, the default, means all",
		.type = OPTION_INT,
		.offset = offsetof(struct sql_options, max_rows)},
	{.name = "timeout",
		.argument = "SECONDS",
		.help = "time limit (default 60, in a pager none; 0: none)",
		.type = OPTION_INT,
		.offset = offsetof(struct sql_options, timeout_s)},
	CLI_OPTION_JSON(struct sql_options),
	CLI_OPTION_NO_PAGER(struct sql_options),
	{0},
};

const struct command sql_command = {
	.name = "sql",
	.operands = "QUERY",
	.summary = "ask the database in SQL, read-only",
	.details =
		"QUERY is one statement of SQLite that only reads. The views incidents, frames,\n"
		"sites, signatures, rejections, experiments and trials are made for it, see\n"
		"agxtriage-schema(7):\n"
		"\n"
		"  agxtriage sql 'select site, count(*) from incidents group by 1 order by 2'",
	.options = option_rows,
	.options_bytes = sizeof(struct sql_options),
	.operands_min = 1,
	.operands_max = 1,
	.needs = NEED_STORE_READ,
	.run = run,
};
