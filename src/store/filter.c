/*
 * From the words that people type to a WHERE clause with bound parameters. Text of a word never
 * becomes SQL.
 */
#include "store/internal.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* More words than this are a mistake, and SQLite's expressions have a depth. */
#define MAX_MATCHES 256
#define ID_PREFIX_MIN 4
/* Longer numbers are no process ids. */
#define PID_DIGITS 7

/* Besides the fields, two groups of their own. */
static const struct field path_group = {"/path", FIELD_OTHER, "", "$"};
static const struct field id_group = {"id prefix", FIELD_OTHER, "", "$"};

struct term {
	const struct field *field;
	const char *value; /* borrowed from the filter */
};

void store_query_finish(struct query *query) {
	for (size_t i = 0; i < query->count; i++)
		free(query->binds[i].text);
	free(query->binds);
	buf_finish(&query->sql);
	*query = (struct query){0};
}

static struct bind *add_bind(struct query *query) {
	if (query->count == query->cap) {
		size_t cap = query->cap > 0 ? 2 * query->cap : 16;
		struct bind *binds = realloc(query->binds, cap * sizeof(*binds));
		if (binds == NULL) {
			query->failed = true;
			return NULL;
		}
		query->binds = binds;
		query->cap = cap;
	}
	query->binds[query->count] = (struct bind){0};
	return &query->binds[query->count++];
}

void store_query_text(struct query *query, const char *text, size_t len) {
	struct bind *bind = add_bind(query);
	if (bind == NULL)
		return;
	bind->text = strndup(text, len);
	if (bind->text == NULL)
		query->failed = true;
}

void store_query_number(struct query *query, int64_t number) {
	struct bind *bind = add_bind(query);
	if (bind != NULL)
		bind->number = number;
}

int store_query_prepare(
	struct store *store, struct query *query, sqlite3_stmt **ret, struct err *err) {
	sqlite3_stmt *statement = NULL;
	if (query->failed || query->sql.failed)
		return err_set(err, -ENOMEM, "out of memory");
	if (sqlite3_prepare_v2(store->db, buf_str(&query->sql), -1, &statement, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	for (size_t i = 0; i < query->count; i++) {
		const struct bind *bind = &query->binds[i];
		if (bind->text != NULL)
			sqlite3_bind_text(statement, (int)i + 1, bind->text, -1, SQLITE_TRANSIENT);
		else
			sqlite3_bind_int64(statement, (int)i + 1, bind->number);
	}
	*ret = statement;
	return 0;
}

static bool is_pattern(const char *value) {
	return strpbrk(value, "*?[\\") != NULL;
}

static bool all_of(const char *word, const char *set) {
	return word[0] != '\0' && word[strspn(word, set)] == '\0';
}

/* 1 when a stored incident id starts with word. */
static int is_id_prefix(struct store *store, const char *word, struct err *err) {
	sqlite3_stmt *find = NULL;
	if (strlen(word) < ID_PREFIX_MIN || !all_of(word, "0123456789abcdefABCDEF-"))
		return 0;
	if (sqlite3_prepare_v2(store->db,
		    "select 1 from incident where incident_id >= ?1 and incident_id < ?1 || 'g' limit 1",
		    -1, &find, NULL) != SQLITE_OK)
		return store_fail(store->db, err, store->path);
	store_bind_text(find, 1, word);
	int r = store_step(store, find, err);
	sqlite3_finalize(find);
	return r;
}

static const struct field *field_named(const char *name) {
	return store_field_find(name, strlen(name));
}

static int classify(struct store *store, const char *word, struct term *ret, struct err *err) {
	const char *equals = strchr(word, '=');
	*ret = (struct term){.value = word};
	if (word[0] == '/') {
		ret->field = &path_group;
		return 0;
	}
	if (equals != NULL) {
		ret->field = store_field_find(word, (size_t)(equals - word));
		ret->value = equals + 1;
		if (ret->field != NULL)
			return 0;
		char *name = strndup(word, (size_t)(equals - word));
		int r = store_field_unknown(name != NULL ? name : "", err);
		free(name);
		return r;
	}
	if (all_of(word, "0123456789") && strlen(word) <= PID_DIGITS) {
		ret->field = field_named("pid");
		return 0;
	}
	int r = is_id_prefix(store, word, err);
	if (r < 0)
		return r;
	ret->field = r == 1 ? &id_group : field_named("process");
	return 0;
}

static void add_glob(struct query *query, const struct field *field, const char *value) {
	struct buf *sql = &query->sql;
	buf_add_str(sql, "text_glob(?, ");
	store_field_outer(field, field->inner, sql);
	buf_add_str(sql, ")");
	store_query_text(query, value, strlen(value));
}

static void add_word(struct query *query, const struct field *field, const char *value) {
	if (is_pattern(value)) {
		buf_printf(&query->sql, "+%s in (select id from word where text_glob(?, text))",
			field->inner);
	} else {
		buf_printf(&query->sql, "+%s = (select id from word where hash = ? and text = ?)",
			field->inner);
		store_query_number(query, store_text_hash(value, strlen(value)));
	}
	store_query_text(query, value, strlen(value));
}

static bool parse_bool(const char *value, int64_t *ret) {
	bool yes =
		strcmp(value, "1") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0;
	bool no =
		strcmp(value, "0") == 0 || strcmp(value, "false") == 0 || strcmp(value, "no") == 0;
	if (yes || no)
		*ret = yes;
	return yes || no;
}

static bool parse_number(const struct field *field, const char *value, int64_t *ret) {
	uint64_t bits;
	bool negative = field->form == FIELD_INTEGER && value[0] == '-';
	const char *digits = value + negative;
	if (!text_u64(digits, strlen(digits), &bits))
		return false;
	if (field->form == FIELD_INTEGER && bits > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)bits : (int64_t)bits;
	return true;
}

static int add_path(struct query *query, const char *value) {
	buf_add_str(&query->sql,
		"(+i.process_path in (select id from word where path_match(?, text)) "
		"or +i.file_id in (select f.id from file f join folder d on d.id = f.folder_id "
		"where path_match(?, d.path || '/' || f.name)) "
		"or +i.id in (select s.incident_id from sighting s join file f on f.id = s.file_id "
		"join folder d on d.id = f.folder_id where path_match(?, d.path || '/' || f.name)))");
	for (int i = 0; i < 3; i++)
		store_query_text(query, value, strlen(value));
	return 0;
}

static void add_id_prefix(struct query *query, const char *value) {
	buf_add_str(&query->sql, "(i.incident_id >= ? and i.incident_id < ? || 'g')");
	store_query_text(query, value, strlen(value));
	store_query_text(query, value, strlen(value));
}

static int add_term(struct query *query, const struct term *term, struct err *err) {
	const struct field *field = term->field;
	int64_t number = 0;
	if (field == &path_group)
		return add_path(query, term->value);
	if (field == &id_group) {
		add_id_prefix(query, term->value);
		return 0;
	}
	if (term->value[0] == '\0') {
		buf_printf(&query->sql, "+%s is null", field->inner);
		return 0;
	}
	if (field->form == FIELD_WORD) {
		add_word(query, field, term->value);
		return 0;
	}
	if (field->form == FIELD_BOOLEAN && !parse_bool(term->value, &number))
		return err_set(
			err, -EINVAL, "%s is 0 or 1, not \"%.80s\"", field->name, term->value);
	if (field->form == FIELD_BOOLEAN ||
		((field->form == FIELD_INTEGER || field->form == FIELD_HEX) &&
			parse_number(field, term->value, &number))) {
		buf_printf(&query->sql, "+%s = ?", field->inner);
		store_query_number(query, number);
		return 0;
	}
	add_glob(query, field, term->value);
	return 0;
}

/* Terms of one field are alternatives, different fields must all hold. */
static int add_terms(struct query *query, const struct term *terms, size_t count, struct err *err) {
	for (size_t i = 0; i < count; i++) {
		bool done = false;
		for (size_t k = 0; k < i && !done; k++)
			done = terms[k].field == terms[i].field;
		if (done)
			continue;
		buf_add_str(&query->sql, " and (");
		for (size_t k = i; k < count; k++) {
			if (terms[k].field != terms[i].field)
				continue;
			buf_add_str(&query->sql, k > i ? " or " : "");
			int r = add_term(query, &terms[k], err);
			if (r < 0)
				return r;
		}
		buf_add_str(&query->sql, ")");
	}
	return 0;
}

static bool names_kind(const struct term *terms, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(terms[i].field->name, "kind") == 0)
			return true;
	return false;
}

static void add_gpu_kinds(struct query *query) {
	static const char *const kinds[] = {"crash", "gpu_event", "panic"};
	buf_add_str(&query->sql, " and (");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		buf_add_str(&query->sql, i > 0 ? " or " : "");
		add_word(query, field_named("kind"), kinds[i]);
	}
	buf_add_str(&query->sql, ")");
}

static void add_bounds(const struct store_filter *filter, struct query *query) {
	/* Rows in the order of their ids must not be looked for by time. */
	const char *plus = filter->after_id != 0 ? "+" : "";
	if (filter->after_id != 0) {
		buf_add_str(&query->sql, " and i.id > ?");
		store_query_number(query, filter->after_id);
	}
	if (filter->since_us.set) {
		buf_printf(&query->sql, " and %si.captured_at >= ?", plus);
		store_query_number(query, filter->since_us.value);
	}
	if (filter->until_us.set) {
		buf_printf(&query->sql, " and %si.captured_at < ?", plus);
		store_query_number(query, filter->until_us.value);
	}
}

static int add_site(const struct store_filter *filter, struct query *query, struct err *err) {
	const struct term term = {.field = field_named("site"), .value = filter->site};
	if (filter->site == NULL)
		return 0;
	buf_add_str(&query->sql, " and (");
	int r = add_term(query, &term, err);
	buf_add_str(&query->sql, ")");
	return r;
}

int store_filter_where(struct store *store, const struct store_filter *filter, bool gpu_kinds_only,
	struct query *query, struct err *err) {
	struct term terms[MAX_MATCHES];
	if (filter->match_count > MAX_MATCHES)
		return err_set(err, -EINVAL, "more than %d words to match", MAX_MATCHES);
	for (size_t i = 0; i < filter->match_count; i++) {
		int r = classify(store, filter->matches[i], &terms[i], err);
		if (r < 0)
			return r;
	}
	buf_add_str(&query->sql, " where 1");
	add_bounds(filter, query);
	if (gpu_kinds_only && !names_kind(terms, filter->match_count))
		add_gpu_kinds(query);
	int r = add_site(filter, query, err);
	return r < 0 ? r : add_terms(query, terms, filter->match_count, err);
}

static const char *argument(sqlite3_value *value) {
	return (const char *)sqlite3_value_text(value);
}

static void glob_function(sqlite3_context *context, int count, sqlite3_value **values) {
	const char *pattern = argument(values[0]), *text = argument(values[1]);
	if (pattern != NULL && text != NULL)
		sqlite3_result_int(context, text_glob(pattern, text, false));
}

/* A path matches its glob, and every folder above it. */
static void path_function(sqlite3_context *context, int count, sqlite3_value **values) {
	const char *pattern = argument(values[0]), *path = argument(values[1]);
	if (pattern == NULL || path == NULL)
		return;
	size_t len = strlen(pattern);
	while (len > 1 && pattern[len - 1] == '/')
		len--;
	bool below = strncmp(pattern, path, len) == 0 && (path[len] == '/' || len == 1);
	sqlite3_result_int(context, below || text_glob(pattern, path, false));
}

int store_filter_functions(sqlite3 *db) {
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int code =
		sqlite3_create_function(db, "text_glob", 2, flags, NULL, glob_function, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_create_function(
			db, "path_match", 2, flags, NULL, path_function, NULL, NULL);
	return code;
}
