/*
 * Looking for damage: SQLite's own checks, references between rows, and whether every packed report
 * still gives the bytes of its digest. Changes nothing.
 */
#include "base/text.h"
#include "store/internal.h"

#include <string.h>

/* What is told of one kind of damage; the rest is only counted by SQLite. */
#define MAX_PROBLEMS "100"
/* Virtual machine steps between two looks at stop. */
#define STEPS_PER_LOOK 20000

struct check {
	struct store *store;
	store_problem_fn fn;
	void *user;
	const volatile bool *stop;
	struct store_checked found;
	struct err *err;
};

static int look_at_stop(void *user) {
	const struct check *check = user;
	return check->stop != NULL && *check->stop;
}

static int tell(struct check *check, const char *text) {
	struct buf clean = {0};
	check->found.problems++;
	if (check->fn == NULL)
		return 0;
	text_terminal(&clean, text, strlen(text), TEXT_LINE);
	int r = clean.failed ? err_set(check->err, -ENOMEM, "out of memory")
			     : check->fn(buf_str(&clean), check->user);
	buf_finish(&clean);
	return r;
}

/* Damage that keeps a check from running is what was looked for. */
static int tell_failure(struct check *check, int code, const struct err *why) {
	if (check->stop != NULL && *check->stop)
		return err_set(check->err, -EINTR, "interrupted");
	if (code != -EIO && code != -EPROTO)
		return err_set(check->err, code, "%s", why->text);
	return tell(check, why->text);
}

/* Each row of sql is a problem, its first column the text; one row "ok" is none. */
static int run(struct check *check, const char *sql) {
	struct err why = {0};
	sqlite3_stmt *rows = NULL;
	if (sqlite3_prepare_v2(check->store->db, sql, -1, &rows, NULL) != SQLITE_OK) {
		int r = store_fail(check->store->db, &why, check->store->path);
		return tell_failure(check, r, &why);
	}
	int r;
	while ((r = store_step(check->store, rows, &why)) == 1) {
		const char *text = (const char *)sqlite3_column_text(rows, 0);
		if (text == NULL || strcmp(text, "ok") == 0)
			continue;
		r = tell(check, text);
		if (r != 0)
			break;
	}
	if (r < 0 && why.code != 0)
		r = tell_failure(check, r, &why);
	sqlite3_finalize(rows);
	return r;
}

static int check_raw(struct check *check, int64_t id, struct buf *bytes) {
	struct err why = {0};
	int r = store_raw_unpack(check->store, id, bytes, &why);
	check->found.raw_rows++;
	if (r == -ENODATA)
		check->found.raw_gone++;
	if (r == 0 || r == -ENODATA)
		return 0;
	check->found.raw_bad++;
	(void)err_prefix(&why, "stored bytes %lld", (long long)id);
	return tell_failure(check, r, &why);
}

static int check_all_raw(struct check *check) {
	struct err why = {0};
	struct buf bytes = {0};
	sqlite3_stmt *ids = NULL;
	if (sqlite3_prepare_v2(check->store->db, "select id from raw order by id", -1, &ids,
		    NULL) != SQLITE_OK) {
		int r = store_fail(check->store->db, &why, check->store->path);
		return tell_failure(check, r, &why);
	}
	int r;
	while ((r = store_step(check->store, ids, &why)) == 1) {
		r = look_at_stop(check) ? err_set(check->err, -EINTR, "interrupted")
					: check_raw(check, sqlite3_column_int64(ids, 0), &bytes);
		if (r != 0)
			break;
	}
	if (r < 0 && why.code != 0)
		r = tell_failure(check, r, &why);
	sqlite3_finalize(ids);
	buf_finish(&bytes);
	return r;
}

/* References that SQLite does not know as such. */
static const char *const references[] = {
	"select 'row ' || rowid || ' of ' || \"table\" || ' refers to a row of ' || parent || "
	"' that is not there' from pragma_foreign_key_check limit " MAX_PROBLEMS,
	"select 'incident ' || id || ' refers to a stack that is not there' from incident i "
	"where stack_id is not null and not exists (select 1 from stack where id = i.stack_id) "
	"limit " MAX_PROBLEMS,
	"select 'incident ' || id || ' refers to calls that are not there' from incident i "
	"where calls_id > 0 and not exists (select 1 from call_list where id = i.calls_id) "
	"limit " MAX_PROBLEMS,
	"select 'incident ' || i.id || ' has no text for its kind' from incident i "
	"where not exists (select 1 from word where id = i.kind) limit " MAX_PROBLEMS,
};

int store_check(struct store *store, enum store_check_depth depth, store_problem_fn fn, void *user,
	const volatile bool *stop, struct store_checked *ret, struct err *err) {
	struct err own = {0};
	struct check check = {.store = store,
		.fn = fn,
		.user = user,
		.stop = stop,
		.err = err != NULL ? err : &own};
	sqlite3_progress_handler(store->db, STEPS_PER_LOOK, look_at_stop, &check);
	int r = run(&check, depth == STORE_CHECK_QUICK ? "pragma quick_check(" MAX_PROBLEMS ")"
						       : "pragma integrity_check(" MAX_PROBLEMS
							 ")");
	for (size_t i = 0; r == 0 && depth == STORE_CHECK_FULL &&
			   i < sizeof(references) / sizeof(references[0]);
		i++)
		r = run(&check, references[i]);
	if (r == 0 && depth == STORE_CHECK_FULL)
		r = check_all_raw(&check);
	sqlite3_progress_handler(store->db, 0, NULL, NULL);
	if (r == 0)
		*ret = check.found;
	return r;
}
