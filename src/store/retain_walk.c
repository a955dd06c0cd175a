/*
 * Over the incidents from the oldest on, and which of them stay: the first and the newest three of
 * each signature and kind, the newest row, and what the user has asked back.
 */
#include "store/retain.h"

/* What the user asked back by name is left alone that long. */
#define KEPT_US ((int64_t)30 * 86400 * 1000000)

void retain_walk(struct keeper *keeper, bool whole) {
	keeper->walk_whole = whole;
	keeper->walk_undated = true;
	keeper->walked_at = (struct i64_opt){0};
	keeper->walked_id = INT64_MIN;
}

void retain_pass(struct keeper *keeper, const struct retain_row *row) {
	keeper->walked_at = row->captured_at;
	keeper->walked_id = row->id;
}

static void read_row(sqlite3_stmt *from, struct retain_row *ret) {
	*ret = (struct retain_row){
		.id = sqlite3_column_int64(from, 0),
		.captured_at = store_column_opt(from, 1),
		.at = sqlite3_column_int64(from, 2),
		.signature = store_column_opt(from, 3),
		.kind = sqlite3_column_int64(from, 4),
		.raw_id = sqlite3_column_int64(from, 5),
	};
}

static int fetch(struct store *store, sqlite3_stmt *rows, struct retain_row *ret, size_t max,
	size_t *ret_count, struct err *err) {
	size_t count = 0;
	int r = 0;
	while (count < max && (r = store_step(store, rows, err)) == 1)
		read_row(rows, &ret[count++]);
	sqlite3_reset(rows);
	*ret_count = count;
	return r < 0 ? r : 0;
}

static int next_undated(struct store *store, struct keeper *keeper, struct retain_row *ret,
	size_t max, size_t *ret_count, struct err *err) {
	sqlite3_stmt *rows = store_statement(
		store, keeper->walk_whole ? ST_RETAIN_WHOLE_UNDATED : ST_RETAIN_ROWS_UNDATED, err);
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, keeper->walked_id);
	return fetch(store, rows, ret, max, ret_count, err);
}

int retain_next(struct store *store, struct keeper *keeper, struct retain_row *ret, size_t max,
	size_t *ret_count, struct err *err) {
	*ret_count = 0;
	if (keeper->walk_undated) {
		int r = next_undated(store, keeper, ret, max, ret_count, err);
		if (r < 0 || *ret_count > 0)
			return r;
		keeper->walk_undated = false;
		keeper->walked_at = (struct i64_opt){.value = INT64_MIN, .set = true};
		keeper->walked_id = INT64_MIN;
	}
	sqlite3_stmt *rows =
		store_statement(store, keeper->walk_whole ? ST_RETAIN_WHOLE : ST_RETAIN_ROWS, err);
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, keeper->walked_at.value);
	sqlite3_bind_int64(rows, 2, keeper->walked_id);
	return fetch(store, rows, ret, max, ret_count, err);
}

static int ask(struct store *store, enum statement id, int64_t *ret, struct err *err) {
	sqlite3_stmt *find = store_statement(store, id, err);
	int r = find == NULL ? store_code(err) : store_step(store, find, err);
	if (r < 0)
		return r;
	*ret = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return 0;
}

int retain_look_again(struct store *store, struct keeper *keeper, struct err *err) {
	for (size_t i = 0; i < RETAIN_GROUPS; i++)
		keeper->groups[i].used = false;
	int r = ask(store, ST_RETAIN_NEWEST_ID, &keeper->newest_id, err);
	return r == 0 ? ask(store, ST_RETAIN_PAGE_SIZE, &keeper->page_bytes, err) : r;
}

static int add_ids(
	struct store *store, struct retain_group *group, enum statement id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, id, err);
	int r = 0;
	if (find == NULL)
		return store_code(err);
	store_bind_opt(find, 1, group->signature);
	sqlite3_bind_int64(find, 2, group->kind);
	while (group->count < 1 + RETAIN_NEWEST && (r = store_step(store, find, err)) == 1)
		group->ids[group->count++] = sqlite3_column_int64(find, 0);
	sqlite3_reset(find);
	return r < 0 ? r : 0;
}

static int group_of(struct store *store, struct keeper *keeper, const struct retain_row *row,
	const struct retain_group **ret, struct err *err) {
	uint64_t hash = (uint64_t)(row->signature.set ? row->signature.value : -1) * 31 +
			(uint64_t)row->kind;
	struct retain_group *group = &keeper->groups[hash % RETAIN_GROUPS];
	*ret = group;
	if (group->used && group->kind == row->kind && group->signature.set == row->signature.set &&
		group->signature.value == row->signature.value)
		return 0;
	*group = (struct retain_group){.signature = row->signature, .kind = row->kind};
	int r = add_ids(store, group, ST_RETAIN_FIRST, err);
	if (r == 0)
		r = add_ids(store, group, ST_RETAIN_NEWEST, err);
	group->used = r == 0;
	return r;
}

static int is_kept(struct store *store, const struct keeper *keeper, int64_t id, struct err *err) {
	sqlite3_stmt *find = store_statement(store, ST_RETAIN_KEPT, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	sqlite3_bind_int64(find, 2, keeper->limits.now_us - KEPT_US);
	int r = store_step(store, find, err);
	sqlite3_reset(find);
	return r;
}

int retain_protected(
	struct store *store, struct keeper *keeper, const struct retain_row *row, struct err *err) {
	const struct retain_group *group;
	if (row->id == keeper->newest_id)
		return 1;
	int r = group_of(store, keeper, row, &group, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < group->count; i++)
		if (group->ids[i] == row->id)
			return 1;
	return is_kept(store, keeper, row->id, err);
}

int retain_forget_kept(struct store *store, const struct keeper *keeper, struct err *err) {
	sqlite3_stmt *drop = store_statement(store, ST_RETAIN_KEPT_OLD, err);
	if (drop == NULL)
		return store_code(err);
	sqlite3_bind_int64(drop, 1, keeper->limits.now_us - KEPT_US);
	return store_run(store, drop, err);
}

/* In the order of the walk. */
static bool is_later(const struct retain_row *a, const struct retain_row *b) {
	if (a->captured_at.set != b->captured_at.set)
		return a->captured_at.set;
	if (a->captured_at.set && a->captured_at.value != b->captured_at.value)
		return a->captured_at.value > b->captured_at.value;
	return a->id > b->id;
}

int retain_shared_can_go(struct store *store, struct keeper *keeper, const struct retain_row *row,
	const struct retain_owner *owner, struct err *err) {
	sqlite3_stmt *rows =
		store_statement(store, owner->is_file ? ST_RETAIN_OF_FILE : ST_RETAIN_OF_RAW, err);
	int r = 0;
	bool can = true;
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, owner->id);
	while (can && (r = store_step(store, rows, err)) == 1) {
		struct retain_row other;
		read_row(rows, &other);
		if (other.id == row->id)
			continue;
		can = !is_later(&other, row) && other.at < owner->before_us;
		if (!can)
			break;
		r = retain_protected(store, keeper, &other, err);
		can = r == 0;
		if (r < 0)
			break;
	}
	sqlite3_reset(rows);
	return r < 0 ? r : can;
}
