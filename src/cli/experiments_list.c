/* The list of experiments: each with what was planned, what was done, and how it stands. */
#include "base/clock.h"
#include "base/log.h"
#include "cli/experiments.h"
#include "collect/presence.h"
#include "export/json_out.h"
#include "export/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIST_ID, LIST_TIME, LIST_DONE, LIST_CRASHED, LIST_STATE, LIST_COMMAND, LIST_COUNT };

static const struct table_column columns[LIST_COUNT] = {
	[LIST_ID] = {.title = "ID", .width = 3, .right = true},
	[LIST_TIME] = {.title = "TIME", .width = 16, .priority = 1},
	[LIST_DONE] = {.title = "DONE", .width = 7, .right = true},
	[LIST_CRASHED] = {.title = "CRASHED", .width = 7, .right = true},
	[LIST_STATE] = {.title = "STATE", .width = 8},
	[LIST_COMMAND] = {.title = "COMMAND", .width = 72, .min = 20},
};

/* Of a time, without its seconds. */
#define MINUTES_BYTES (sizeof "2026-02-04 03:20" - 1)

struct tally {
	int64_t conditions, done, crashed;
	bool simulated;
};

/* Which of them is being run by another process: the one that was not ended and began a trial last;
 * one at a time can be. */
struct running {
	struct store *store;
	int64_t id, trial_at_us, last_trial_at_us;
	struct err *err;
};

struct list {
	struct cli *cli;
	const struct experiments_options *options;
	struct table table;
	struct buf line, command, done;
	int64_t rows, running; /* 0: none */
	struct err err;
};

static int count_condition(const struct store_condition *condition, void *user) {
	struct tally *tally = user;
	tally->conditions++;
	if (condition->backend && !strcmp(condition->backend, "sim"))
		tally->simulated = true;
	return 0;
}

static int count_trial(const struct store_trial *trial, void *user) {
	struct tally *tally = user;
	tally->done += trial->outcome != TRIAL_STARTED && trial->outcome != TRIAL_INTERRUPTED;
	tally->crashed += trial->outcome == TRIAL_CRASHED;
	tally->simulated = tally->simulated || trial->simulated;
	return 0;
}

static int take_start(const struct store_trial *trial, void *user) {
	struct running *running = user;
	if (trial->started_at_us > running->last_trial_at_us)
		running->last_trial_at_us = trial->started_at_us;
	return 0;
}

static int look_at(const struct store_experiment *experiment, void *user) {
	struct running *running = user;
	if (experiment->ended_at_us.set)
		return 0;
	running->last_trial_at_us = experiment->started_at_us;
	int code = store_trials(running->store, experiment->id, take_start, running, running->err);
	if (!running->id || running->last_trial_at_us > running->trial_at_us) {
		running->id = experiment->id;
		running->trial_at_us = running->last_trial_at_us;
	}
	return code;
}

static int find_running(struct cli *cli, int64_t *ret, struct err *err) {
	struct running running = {.store = cli->store, .err = err};
	const char *path = cli_db_path(cli);
	pid_t pid;
	/* A lock that cannot be looked at is no reason to list nothing. */
	if (!path || presence_find_experiment(path, &pid, err) <= 0)
		return 0;
	int code = store_experiments(cli->store, 0, look_at, &running, err);
	*ret = running.id;
	return code;
}

static const char *state_of(const struct list *list, const struct store_experiment *experiment) {
	return experiment->ended_at_us.set       ? "finished"
	       : list->running == experiment->id ? "running"
						 : "stopped";
}

static int put_json(
	struct list *list, const struct store_experiment *row, const struct tally *tally) {
	struct json_out out;
	json_out_init(&out, &list->line);
	json_out_object(&out, NULL);
	json_out_i64(&out, "experiment", row->id);
	json_out_text(&out, "kind", experiment_kind_names[row->kind]);
	json_out_time(&out, "started_at", row->started_at_us);
	json_out_time_opt(&out, "ended_at", row->ended_at_us);
	json_out_text(&out, "state", state_of(list, row));
	json_out_bool(&out, "simulated", tally->simulated);
	json_out_raw(&out, "command", row->command);
	json_out_i64(&out, "conditions", tally->conditions);
	json_out_i64(&out, "planned", tally->conditions * row->runs);
	json_out_i64(&out, "done", tally->done);
	json_out_i64(&out, "crashed", tally->crashed);
	json_out_object_end(&out);
	buf_add_char(&list->line, '\n');
	return term_put_buf(&list->cli->out, &list->line);
}

static int put_row(
	struct list *list, const struct store_experiment *row, const struct tally *tally) {
	char id[24], time[CLOCK_TEXT_BYTES], crashed[24];
	struct table_cell cells[LIST_COUNT];
	snprintf(id, sizeof id, "%" PRId64, row->id);
	clock_format_local(row->started_at_us, time);
	time[MINUTES_BYTES] = '\0';
	buf_reset(&list->done);
	buf_printf(&list->done, "%" PRId64 "/%" PRId64, tally->done, tally->conditions * row->runs);
	snprintf(crashed, sizeof crashed, "%" PRId64, tally->crashed);
	cells[LIST_ID] = (struct table_cell){id, TERM_ID};
	cells[LIST_TIME] = (struct table_cell){time, TERM_PLAIN};
	cells[LIST_DONE] = (struct table_cell){buf_str(&list->done), TERM_PLAIN};
	cells[LIST_CRASHED] = (struct table_cell){crashed, tally->crashed ? TERM_BAD : TERM_PLAIN};
	cells[LIST_STATE] = (struct table_cell){
		state_of(list, row), row->ended_at_us.set ? TERM_PLAIN : TERM_WARN};
	cells[LIST_COMMAND] = (struct table_cell){buf_str(&list->command), TERM_PLAIN};
	return table_row(&list->table, cells);
}

/* The program's name says nothing where room is scarce. */
static void put_command(const char *json, struct buf *ret) {
	static const char program[] = "agxtriage ";
	struct buf command = {0};
	experiment_command(json, &command);
	const char *text = buf_str(&command);
	buf_add_str(
		ret, text + (strncmp(text, program, sizeof program - 1) ? 0 : sizeof program - 1));
	ret->failed = ret->failed || command.failed;
	buf_finish(&command);
}

static int put(const struct store_experiment *row, void *user) {
	struct list *list = user;
	struct store *store = list->cli->store;
	bool json = list->options->format.json;
	struct tally tally = {0};
	int code = store_conditions(store, row->id, count_condition, &tally, &list->err);
	if (!code)
		code = store_trials(store, row->id, count_trial, &tally, &list->err);
	if (code)
		return code;
	if (!list->rows++) {
		cli_page(list->cli, list->options->no_pager);
		if (!json)
			table_begin(&list->table, true);
	}
	buf_reset(&list->command);
	if (tally.simulated && !json)
		buf_add_str(&list->command, "[simulated] ");
	put_command(row->command, &list->command);
	return json ? put_json(list, row, &tally) : put_row(list, row, &tally);
}

enum cli_status experiments_list(struct cli *cli, const struct experiments_options *options) {
	struct list list = {.cli = cli, .options = options};
	struct err err = {0};
	enum cli_status status = CLI_DONE;
	table_init(&list.table, columns, LIST_COUNT, &cli->out);
	int code = find_running(cli, &list.running, &err);
	if (!code)
		code = store_experiments(cli->store, options->limit.value, put, &list, &err);
	if (code && !cli->out.error)
		status = cli_fail(list.err.code ? &list.err : &err);
	if (!code && !list.rows) {
		log_error("there are no experiments; 'agxtriage repro' and 'agxtriage run -n' make "
			  "them");
		status = CLI_NOTHING;
	}
	table_finish(&list.table);
	buf_finish(&list.line);
	buf_finish(&list.command);
	buf_finish(&list.done);
	return status;
}
