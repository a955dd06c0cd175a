/*
 * Experiments of a damaged database, row by row: a broken page costs those on it and nothing else.
 * What hangs on a row that is lost is lost with it.
 */
#include "store/experiment.h"
#include "store/rescue.h"

/* The schema that brought the tables. */
#define FIRST_VERSION 3

#define EXPERIMENT "id, kind, started_at, ended_at, runs, seed, command, settings, platform"
#define CONDITION                                                                     \
	"id, experiment_id, number, backend, scenario, lock, threads, env, command, " \
	"throughput_unit"
#define TRIAL                                                                                   \
	"id, experiment_id, condition, slot, outcome, started_at, ended_at, pid, launched_at, " \
	"exit_status, signal, signal_name, operations, throughput, lock_wait_s, paired, "       \
	"incident_id, site, simulated, label, error, latency"
#define OUTPUT "trial_id, stacks, stderr_tail"

/* Incidents have other numbers in the new database. */
#define INCIDENT                                                                 \
	"(select i.id from incident i where i.incident_id = ?17 and not exists " \
	"(select 1 from trial where incident = i.id))"

/* Parents first. */
static const struct table {
	const char *last, *find, *put;
} tables[] = {
	{"select max(id) from experiment", "select " EXPERIMENT " from experiment where id = ?",
		"insert into experiment (" EXPERIMENT ") values (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
	{"select max(id) from condition", "select " CONDITION " from condition where id = ?",
		"insert into condition (" CONDITION ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
	{"select max(id) from trial", "select " TRIAL " from trial where id = ?",
		"insert into trial (" TRIAL ", incident) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " INCIDENT ")"},
	{"select max(trial_id) from trial_output",
		"select " OUTPUT " from trial_output where trial_id = ?",
		"insert into trial_output (" OUTPUT ") values (?, ?, ?)"},
};
enum { TABLE_EXPERIMENT, TABLE_CONDITION, TABLE_TRIAL, TABLE_OUTPUT, TABLE_COUNT };

static int save_tables(struct rescue *rescue, uint64_t saved[TABLE_COUNT]) {
	int r = store_begin_durable(rescue->to, rescue->err);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < TABLE_COUNT; i++)
		r = rescue_table(rescue, tables[i].last, tables[i].find, tables[i].put, &saved[i]);
	return store_end_durable(rescue->to, r, rescue->err);
}

int store_salvage_experiments(const char *path, struct store *to,
	struct store_salvaged_experiments *ret, struct err *err) {
	struct err own = {0};
	struct rescue rescue = {.to = to, .err = err != NULL ? err : &own};
	uint64_t saved[TABLE_COUNT] = {0};
	*ret = (struct store_salvaged_experiments){.incomplete = true};
	if (store_open_damaged(path, &rescue.from, &own) < 0)
		return 0;
	int r = rescue_may_have(&rescue, "trial", FIRST_VERSION) ? save_tables(&rescue, saved) : 0;
	store_close(rescue.from);
	*ret = (struct store_salvaged_experiments){.experiments = saved[TABLE_EXPERIMENT],
		.trials = saved[TABLE_TRIAL],
		.incomplete = rescue.incomplete};
	return r;
}
