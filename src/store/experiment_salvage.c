/*
 * Experiments of a damaged database, row by row: a broken page costs those on it and nothing else.
 * What hangs on a row that is lost is lost with it.
 */
#include "store/experiment.h"
#include "store/internal.h"

/* No row takes less: where the highest number cannot be read, the file's size bounds it. */
#define ROW_BYTES_MIN 32
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

struct rescue {
	struct store *from, *to;
	uint64_t saved[TABLE_COUNT];
	bool incomplete;
	struct err *err;
};

/* One number of the damaged database; false when it cannot be read. */
static bool ask(const struct rescue *rescue, const char *sql, int64_t *ret) {
	sqlite3_stmt *find = NULL;
	bool known = sqlite3_prepare_v2(rescue->from->db, sql, -1, &find, NULL) == SQLITE_OK &&
		     sqlite3_step(find) == SQLITE_ROW;
	if (known)
		*ret = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	return known;
}

/* Whether there is something to look for. Older databases have no such tables. */
static bool may_have_tables(struct rescue *rescue) {
	int64_t found = 0, version = 0;
	bool known = ask(rescue, "select count(*) from sqlite_schema where name = 'trial'", &found);
	if (known && found == 0)
		known = ask(rescue, "pragma user_version", &version) && version < FIRST_VERSION;
	rescue->incomplete = !known;
	return !known || found != 0;
}

/* 1: the new database has it, 0: it has not, and is as it was. */
static int put_row(const struct rescue *rescue, sqlite3_stmt *row, sqlite3_stmt *put) {
	for (int i = 0; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i));
	int code = sqlite3_step(put), r = 1;
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		r = 0;
	else if (code != SQLITE_DONE)
		r = store_fail(rescue->to->db, rescue->err, rescue->to->path);
	sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	return r;
}

/* As put_row(); 0 also for a number that no row has. */
static int save_row(struct rescue *rescue, int64_t id, sqlite3_stmt *find, sqlite3_stmt *put) {
	sqlite3_bind_int64(find, 1, id);
	int code = sqlite3_step(find), r = 0;
	if (code == SQLITE_ROW) {
		r = put_row(rescue, find, put);
		rescue->incomplete |= r == 0;
	} else if ((code & 0xff) == SQLITE_NOMEM) {
		r = err_set(rescue->err, -ENOMEM, "out of memory");
	} else if (code != SQLITE_DONE) {
		rescue->incomplete = true;
	}
	sqlite3_reset(find);
	return r;
}

static int64_t last_row(struct rescue *rescue, const struct table *table) {
	int64_t most = store_disk_bytes(rescue->from) / ROW_BYTES_MIN, last = 0;
	if (ask(rescue, table->last, &last) && last <= most)
		return last;
	rescue->incomplete = true;
	return most;
}

static int save_table(struct rescue *rescue, int number) {
	const struct table *table = &tables[number];
	sqlite3_stmt *find = NULL, *put = NULL;
	int r = 0;
	if (sqlite3_prepare_v2(rescue->to->db, table->put, -1, &put, NULL) != SQLITE_OK)
		r = store_fail(rescue->to->db, rescue->err, rescue->to->path);
	else if (sqlite3_prepare_v2(rescue->from->db, table->find, -1, &find, NULL) != SQLITE_OK)
		rescue->incomplete = true;
	int64_t last = r == 0 && find != NULL ? last_row(rescue, table) : 0;
	for (int64_t id = 1; id <= last && r >= 0; id++) {
		r = save_row(rescue, id, find, put);
		rescue->saved[number] += r > 0;
	}
	sqlite3_finalize(find);
	sqlite3_finalize(put);
	return r < 0 ? r : 0;
}

static int save_tables(struct rescue *rescue) {
	int r = store_begin_durable(rescue->to, rescue->err);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < TABLE_COUNT; i++)
		r = save_table(rescue, i);
	return store_end_durable(rescue->to, r, rescue->err);
}

int store_salvage_experiments(const char *path, struct store *to,
	struct store_salvaged_experiments *ret, struct err *err) {
	struct err own = {0};
	struct rescue rescue = {.to = to, .err = err != NULL ? err : &own};
	*ret = (struct store_salvaged_experiments){.incomplete = true};
	if (store_open_damaged(path, &rescue.from, &own) < 0)
		return 0;
	int r = may_have_tables(&rescue) ? save_tables(&rescue) : 0;
	store_close(rescue.from);
	*ret = (struct store_salvaged_experiments){.experiments = rescue.saved[TABLE_EXPERIMENT],
		.trials = rescue.saved[TABLE_TRIAL],
		.incomplete = rescue.incomplete};
	return r;
}
