/*
 * What the reports' threads were doing, as lists that many incidents share: the frames of the
 * crashed thread, and the calls in which the others were inside Metal or the driver.
 */
#include "base/sha256.h"
#include "store/internal.h"
#include "store/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

struct calls {
	struct store_call *items;
	size_t count;
};

/* Absent texts first. */
static int compare_texts(const char *a, const char *b) {
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_calls(const void *a, const void *b) {
	const struct store_call *left = a, *right = b;
	int order = compare_texts(left->image, right->image);
	if (order == 0)
		order = compare_texts(left->symbol, right->symbol);
	return order != 0 ? order : (int)left->blocked - (int)right->blocked;
}

/* Each different call once, with how many threads were in it. */
static int gather(const struct triage *triage, struct calls *ret) {
	size_t count = triage->concurrent_count, kept = 0;
	struct store_call *items = calloc(count, sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct concurrent_thread *thread = &triage->concurrent[i];
		items[i] = (struct store_call){
			thread->image, thread->symbol, thread->blocked, .threads = 1};
	}
	qsort(items, count, sizeof(*items), compare_calls);
	for (size_t i = 1; i < count; i++) {
		if (compare_calls(&items[kept], &items[i]) == 0)
			items[kept].threads++;
		else
			items[++kept] = items[i];
	}
	*ret = (struct calls){items, kept + 1};
	return 0;
}

static void add_part(struct buf *buf, const char *text) {
	size_t len = text != NULL ? strlen(text) + 1 : 0;
	buf_add(buf, &len, sizeof(len));
	buf_add(buf, text, len);
}

/* 63 bits of the content's digest, never 0. */
static int calls_id(const struct calls *calls, int64_t *ret) {
	struct buf content = {0};
	uint8_t digest[SHA256_BYTES];
	for (size_t i = 0; i < calls->count; i++) {
		const struct store_call *call = &calls->items[i];
		int64_t parts[2] = {call->blocked, call->threads};
		add_part(&content, call->image);
		add_part(&content, call->symbol);
		buf_add(&content, parts, sizeof(parts));
	}
	bool failed = content.failed;
	if (!failed)
		sha256(content.data, content.len, digest);
	buf_finish(&content);
	if (failed)
		return -ENOMEM;
	memcpy(ret, digest, sizeof(*ret));
	*ret &= INT64_MAX;
	*ret += *ret == 0;
	return 0;
}

static int add_symbol(struct store *store, struct buf *json, const char *text, struct err *err) {
	struct i64_opt id = {0};
	int r = store_symbol(store, text, &id, err);
	if (id.set)
		buf_printf(json, "%lld,", (long long)id.value);
	else
		buf_add_str(json, "null,");
	return r;
}

static int add_calls(struct store *store, const struct calls *calls, int64_t id, struct err *err) {
	struct buf json = {0};
	int r = 0;
	for (size_t i = 0; i < calls->count && r == 0; i++) {
		const struct store_call *call = &calls->items[i];
		buf_add_str(&json, i > 0 ? ",[" : "[[");
		r = add_symbol(store, &json, call->image, err);
		if (r == 0)
			r = add_symbol(store, &json, call->symbol, err);
		buf_printf(&json, "%d,%lld]", call->blocked, (long long)call->threads);
	}
	buf_add_char(&json, ']');
	if (r == 0 && json.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	sqlite3_stmt *add = r == 0 ? store_statement(store, ST_CALLS_ADD, err) : NULL;
	if (r == 0 && add == NULL)
		r = store_code(err);
	if (r == 0) {
		sqlite3_bind_int64(add, 1, id);
		sqlite3_bind_text(add, 2, json.data, (int)json.len, SQLITE_STATIC);
		r = store_run(store, add, err);
	}
	buf_finish(&json);
	return r;
}

static int put_calls(
	struct store *store, const struct calls *calls, struct i64_opt *ret, struct err *err) {
	int64_t id = 0;
	if (calls_id(calls, &id) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	sqlite3_stmt *find = store_statement(store, ST_CALLS_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	int r = store_step(store, find, err);
	sqlite3_reset(find);
	if (r == 0)
		r = add_calls(store, calls, id, err);
	if (r >= 0)
		*ret = (struct i64_opt){.value = id, .set = true};
	return r < 0 ? r : 0;
}

int store_calls_put(
	struct store *store, const struct triage *triage, struct i64_opt *ret, struct err *err) {
	struct calls calls = {0};
	*ret = (struct i64_opt){.set = triage->concurrent_count == 0};
	if (triage->concurrent_count == 0 || triage->concurrent == NULL)
		return 0;
	if (gather(triage, &calls) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	int r = put_calls(store, &calls, ret, err);
	free(calls.items);
	return r;
}

/* ---- reading ---- */

static const char *text(sqlite3_stmt *row, int column) {
	return (const char *)sqlite3_column_text(row, column);
}

int store_stack(
	struct store *store, int64_t stack_id, store_frame_fn fn, void *user, struct err *err) {
	sqlite3_stmt *rows = store_statement(store, ST_STACK_FRAMES, err);
	int r = 0;
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, stack_id);
	for (size_t i = 0; (r = store_step(store, rows, err)) == 1; i++) {
		struct i64_opt offset = store_column_opt(rows, 2);
		const struct store_frame frame = {
			.image = text(rows, 0),
			.symbol = text(rows, 1),
			.offset = {.value = (uint64_t)offset.value, .set = offset.set},
		};
		r = fn(&frame, i, user);
		if (r != 0)
			break;
	}
	sqlite3_reset(rows);
	return r;
}

int store_calls(
	struct store *store, int64_t calls_id, store_call_fn fn, void *user, struct err *err) {
	sqlite3_stmt *rows = store_statement(store, ST_CALLS_LIST, err);
	int r = 0;
	if (rows == NULL)
		return store_code(err);
	sqlite3_bind_int64(rows, 1, calls_id);
	while ((r = store_step(store, rows, err)) == 1) {
		const struct store_call call = {
			.image = text(rows, 0),
			.symbol = text(rows, 1),
			.blocked = sqlite3_column_int(rows, 2) != 0,
			.threads = sqlite3_column_int64(rows, 3),
		};
		r = fn(&call, user);
		if (r != 0)
			break;
	}
	sqlite3_reset(rows);
	return r;
}
