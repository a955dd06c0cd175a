/* The public library's read-only way into the database. */
#include "lib/lib.h"

#include "base/places.h"

#include <errno.h>
#include <stdlib.h>

struct agxtriage_store {
	struct store *store;
};

struct agxtriage_list {
	struct store_cursor *cursor;
	struct agxtriage_incident incident; /* the current one */
};

static int default_path(struct buf *ret, struct err *err) {
	char *folder = places_data_folder();
	if (!folder)
		return err_set(err, -ENOENT, "there is no home folder to look for a database in");
	buf_printf(ret, "%s/crashes.db", folder);
	free(folder);
	return ret->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int open_store(const char *path, struct store **ret, struct err *err) {
	if (path)
		return store_open(path, STORE_READ, ret, err);
	struct buf text = {0};
	int status = default_path(&text, err);
	if (status == 0)
		status = store_open(buf_str(&text), STORE_READ, ret, err);
	buf_finish(&text);
	return status;
}

int agxtriage_store_open(
	const char *path, struct agxtriage_store **ret, struct agxtriage_error *error) {
	struct err err = {0};
	struct agxtriage_store *store = calloc(1, sizeof *store);
	if (!store)
		return lib_error(error, &err, err_set(&err, -ENOMEM, "out of memory"));
	int status = open_store(path, &store->store, &err);
	if (status < 0) {
		free(store);
		return lib_error(error, &err, status);
	}
	*ret = store;
	return 0;
}

void agxtriage_store_close(struct agxtriage_store *store) {
	if (!store)
		return;
	store_close(store->store);
	free(store);
}

int agxtriage_store_list(struct agxtriage_store *store, const char *const *matches,
	size_t match_count, int64_t limit, struct agxtriage_list **ret,
	struct agxtriage_error *error) {
	struct err err = {0};
	struct store_filter filter = {
		.matches = matches, .match_count = matches ? match_count : 0, .limit = limit};
	struct agxtriage_list *list = calloc(1, sizeof *list);
	if (!list)
		return lib_error(error, &err, err_set(&err, -ENOMEM, "out of memory"));
	int status = store_list(store->store, &filter, &list->cursor, &err);
	if (status < 0) {
		free(list);
		return lib_error(error, &err, status);
	}
	*ret = list;
	return 0;
}

int agxtriage_list_next(struct agxtriage_list *list, const struct agxtriage_incident **ret,
	struct agxtriage_error *error) {
	struct err err = {0};
	int status = store_cursor_next(list->cursor, &list->incident.row, &err);
	if (status < 0)
		return lib_error(error, &err, status);
	if (status > 0)
		*ret = &list->incident;
	return status;
}

void agxtriage_list_close(struct agxtriage_list *list) {
	if (!list)
		return;
	store_cursor_close(list->cursor);
	free(list);
}

int agxtriage_store_load(struct agxtriage_store *store, int64_t id,
	const struct agxtriage_rules *rules, struct agxtriage_document **ret,
	struct agxtriage_error *error) {
	struct err err = {0};
	struct buf bytes = {0};
	int status = store_raw(store->store, id, &bytes, &err);
	if (status < 0)
		lib_error(error, &err, status);
	else
		status = agxtriage_parse(buf_str(&bytes), bytes.len, rules, ret, error);
	buf_finish(&bytes);
	return status;
}
