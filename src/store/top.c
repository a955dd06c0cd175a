/*
 * Counting incidents by one to four fields. Groups are made of numbers; only the groups' own rows
 * become text.
 */
#include "store/internal.h"

#include <string.h>

#define MAX_FIELDS 4

static int find_fields(
	const char *const *names, size_t count, const struct field **ret, struct err *err) {
	if (count < 1 || count > MAX_FIELDS)
		return err_set(err, -EINVAL, "1 to %d fields, not %zu", MAX_FIELDS, count);
	for (size_t i = 0; i < count; i++) {
		ret[i] = store_field_find(names[i], strlen(names[i]));
		if (ret[i] == NULL)
			return store_field_unknown(names[i], err);
	}
	return 0;
}

static void add_columns(struct buf *sql, const struct field *const *fields, size_t count) {
	static const char *const columns[MAX_FIELDS] = {"k0", "k1", "k2", "k3"};
	buf_add_str(sql, "select ");
	for (size_t i = 0; i < MAX_FIELDS; i++) {
		if (i < count) {
			store_field_outer(fields[i], columns[i], sql);
			buf_add_str(sql, ", ");
		} else {
			buf_add_str(sql, "null, ");
		}
	}
	buf_add_str(sql, "n, 1.0 * n / total, first_at, last_at, ");
	if (count == 1 && strcmp(fields[0]->name, "site") == 0)
		buf_add_str(sql, "(select title from site where id = k0)");
	else if (count == 1 && strcmp(fields[0]->name, "signature") == 0)
		buf_add_str(sql, "(select text from signature where id = k0)");
	else
		buf_add_str(sql, "null");
	buf_add_str(sql, ", simulated");
}

static void add_keys(struct buf *sql, size_t count) {
	for (size_t i = 0; i < count; i++)
		buf_printf(sql, "%sk%zu", i > 0 ? ", " : "", i);
}

/* Sites without a filter are counted already; only the first and last of each are looked up. */
static bool is_counted(
	const struct store_filter *filter, const struct field *const *fields, size_t count) {
	return count == 1 && strcmp(fields[0]->name, "site") == 0 && filter->match_count == 0 &&
	       filter->after_id == 0 && !filter->since_us.set && !filter->until_us.set;
}

static void add_counted(struct buf *sql) {
	static const char *const ends[] = {"min", "max"};
	buf_add_str(sql, "nullif(i.site_id, 0) as k0, sum(i.n) as n, sum(i.n * i.simulated) as "
			 "simulated");
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		buf_printf(sql,
			", %s((select %s(c.captured_at) from incident c where c.site_id is "
			"nullif(i.site_id, 0) and c.kind = i.kind and "
			"c.simulated = i.simulated)) as %s",
			ends[i], ends[i], i == 0 ? "first_at" : "last_at");
	buf_add_str(sql, " from (select * from site_count where n > 0) i");
}

static void add_uncounted(struct buf *sql, const struct field *const *fields, size_t count) {
	for (size_t i = 0; i < count; i++)
		buf_printf(sql, "%s as k%zu, ", fields[i]->inner, i);
	buf_add_str(sql,
		"count(*) as n, sum(i.simulated) as simulated, min(i.captured_at) as first_at, "
		"max(i.captured_at) as last_at from incident i");
}

static int build(struct store *store, const struct store_filter *filter,
	const struct field *const *fields, size_t count, struct query *query, struct err *err) {
	struct buf *sql = &query->sql;
	add_columns(sql, fields, count);
	/* The limit inside keeps the order and spares the text of groups that nobody sees. */
	buf_add_str(sql, " from (select *, sum(n) over () as total from (select ");
	if (is_counted(filter, fields, count))
		add_counted(sql);
	else
		add_uncounted(sql, fields, count);
	int r = store_filter_where(store, filter, true, query, err);
	if (r < 0)
		return r;
	buf_add_str(sql, " group by ");
	add_keys(sql, count);
	buf_add_str(sql, ") order by n desc, last_at desc, ");
	add_keys(sql, count);
	buf_add_str(sql, " limit ?)");
	store_query_number(query, filter->limit > 0 ? filter->limit : -1);
	return 0;
}

int store_top(struct store *store, const struct store_filter *filter, const char *const *names,
	size_t field_count, store_group_fn fn, void *user, struct err *err) {
	const struct field *fields[MAX_FIELDS] = {0};
	struct query query = {0};
	sqlite3_stmt *rows = NULL;
	int r = find_fields(names, field_count, fields, err);
	if (r == 0)
		r = build(store, filter, fields, field_count, &query, err);
	if (r == 0)
		r = store_query_prepare(store, &query, &rows, err);
	while (r == 0 && (r = store_step(store, rows, err)) == 1) {
		struct store_group group = {
			.count = sqlite3_column_int64(rows, 4),
			.share = sqlite3_column_double(rows, 5),
			.first_at_us = store_column_opt(rows, 6),
			.last_at_us = store_column_opt(rows, 7),
			.title = (const char *)sqlite3_column_text(rows, 8),
			.simulated = sqlite3_column_int64(rows, 9),
		};
		for (int i = 0; i < MAX_FIELDS; i++)
			group.values[i] = (const char *)sqlite3_column_text(rows, i);
		r = fn(&group, user);
	}
	sqlite3_finalize(rows);
	store_query_finish(&query);
	return r;
}
