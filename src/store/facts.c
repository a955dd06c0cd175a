/*
 * What a report and its triage say, as the columns of an incident. Writes the rows they refer to:
 * words, symbols, the stack, site and signature.
 */
#include "base/sha256.h"
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

static struct i64_opt number(int64_t value) {
	return (struct i64_opt){.value = value, .set = true};
}

static struct i64_opt bits(struct u64_opt value) {
	return (struct i64_opt){.value = (int64_t)value.value, .set = value.set};
}

struct word_fact {
	enum fact fact;
	const char *text;
};

static int fill_words(struct store *store, const struct word_fact *words, size_t count,
	struct facts *ret, struct err *err) {
	for (size_t i = 0; i < count; i++) {
		int r = store_word(store, words[i].text, &ret->values[words[i].fact], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_report(
	struct store *store, const struct report *report, struct facts *ret, struct err *err) {
	const struct thread *thread = report_crashed_thread(report);
	const struct word_fact words[] = {
		{FACT_KIND, report_kind_names[report->kind]},
		{FACT_FORM, report_form_names[report->form]},
		{FACT_BUG_TYPE, report->bug_type},
		{FACT_PROCESS, report->process.name},
		{FACT_PROCESS_PATH, report->process.path},
		{FACT_OS_VERSION, report->os_version},
		{FACT_OS_BUILD, report->os_build},
		{FACT_HARDWARE_MODEL, report->hardware_model},
		{FACT_CPU_TYPE, report->cpu_type},
		{FACT_EXCEPTION_TYPE, report->exception.type},
		{FACT_SIGNAL, report->exception.signal},
		{FACT_QUEUE, thread != NULL ? thread->queue : NULL},
		{FACT_MACHINE, report->crash_reporter_key},
	};
	ret->values[FACT_SIMULATED] = number(report->simulated);
	ret->values[FACT_CAPTURED_AT] = report->captured_at_us;
	ret->values[FACT_PID] = report->process.pid;
	if (thread != NULL)
		ret->values[FACT_CRASHED_THREAD] = number(thread->index);
	ret->values[FACT_GPU_SIGNATURE] = report->gpu_event.signature;
	return fill_words(store, words, sizeof(words) / sizeof(words[0]), ret, err);
}

static int fill_triage(struct store *store, const struct triage *triage, const char *rules_version,
	struct facts *ret, struct err *err) {
	const struct word_fact words[] = {
		{FACT_FAULT_KIND, fault_kind_names[triage->fault.kind]},
		{FACT_FAULT_ACCESS, fault_access_names[triage->fault.access]},
		{FACT_BASE_REGISTER, triage->fault.base_register},
		{FACT_COMPONENT, component_names[triage->component]},
		{FACT_OPERATION, triage->operation},
		{FACT_DRIVER_IMAGE, triage->driver.image},
		{FACT_DRIVER_VERSION, triage->driver.version},
		{FACT_ATTRIBUTION, attribution_names[triage->attribution]},
		{FACT_RULES_VERSION, rules_version},
	};
	ret->values[FACT_FAULT_ADDRESS] = bits(triage->fault.address);
	ret->values[FACT_DISPLACEMENT] = triage->fault.displacement;
	ret->values[FACT_CONCURRENT_THREADS] = number((int64_t)triage->concurrent_count);
	ret->values[FACT_OFFSET_UNKNOWN] = number(triage->offset_unknown);
	return fill_words(store, words, sizeof(words) / sizeof(words[0]), ret, err);
}

static bool same_text(const char *a, const char *b) {
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int fill_site(
	struct store *store, const struct triage *triage, struct i64_opt *ret, struct err *err) {
	if (triage->site == NULL)
		return 0;
	sqlite3_stmt *find = store_statement(store, ST_SITE_FIND, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, triage->site);
	int r = store_step(store, find, err);
	if (r < 0)
		return r;
	bool known = r == 1;
	bool titled =
		known && same_text((const char *)sqlite3_column_text(find, 1), triage->site_title);
	if (known)
		*ret = store_column_opt(find, 0);
	sqlite3_reset(find);
	if (titled)
		return 0;
	sqlite3_stmt *put = store_statement(store, known ? ST_SITE_TITLE : ST_SITE_ADD, err);
	if (put == NULL)
		return store_code(err);
	store_bind_text(put, known ? 1 : 2, triage->site_title);
	if (known)
		sqlite3_bind_int64(put, 2, ret->value);
	else
		store_bind_text(put, 1, triage->site);
	r = store_run(store, put, err);
	if (r == 0 && !known)
		*ret = number(sqlite3_last_insert_rowid(store->db));
	return r;
}

static int add_signature(struct store *store, const struct triage *triage, struct i64_opt site,
	struct i64_opt *ret, struct err *err) {
	sqlite3_stmt *add = store_statement(store, ST_SIGNATURE_ADD, err);
	if (add == NULL)
		return store_code(err);
	store_bind_text(add, 1, triage->signature_hash);
	sqlite3_bind_int64(add, 2, triage->signature_version);
	store_bind_text(add, 3, triage->signature_text != NULL ? triage->signature_text : "");
	store_bind_opt(add, 4, site);
	int r = store_run(store, add, err);
	if (r == 0)
		*ret = number(sqlite3_last_insert_rowid(store->db));
	return r;
}

static int fill_signature(struct store *store, const struct triage *triage, struct i64_opt site,
	struct i64_opt *ret, struct err *err) {
	if (triage->signature_hash[0] == '\0')
		return 0;
	sqlite3_stmt *find = store_statement(store, ST_SIGNATURE_FIND, err);
	if (find == NULL)
		return store_code(err);
	store_bind_text(find, 1, triage->signature_hash);
	sqlite3_bind_int64(find, 2, triage->signature_version);
	int r = store_step(store, find, err);
	if (r < 0)
		return r;
	if (r == 0)
		return add_signature(store, triage, site, ret, err);
	*ret = store_column_opt(find, 0);
	struct i64_opt old = store_column_opt(find, 1);
	sqlite3_reset(find);
	if (old.set == site.set && old.value == site.value)
		return 0;
	sqlite3_stmt *move = store_statement(store, ST_SIGNATURE_SITE, err);
	if (move == NULL)
		return store_code(err);
	store_bind_opt(move, 1, site);
	sqlite3_bind_int64(move, 2, ret->value);
	return store_run(store, move, err);
}

/* The number that a frame is stored with: the symbol's offset, or the image's without a symbol. */
static struct i64_opt frame_offset(const struct frame *frame) {
	struct u64_opt offset = frame->symbol != NULL ? frame->symbol_offset : frame->image_offset;
	/* JSON readers have no larger integers. */
	if (offset.value > INT64_MAX)
		offset.set = false;
	return bits(offset);
}

static void add_part(struct buf *buf, const char *text) {
	size_t len = text != NULL ? strlen(text) + 1 : 0;
	buf_add(buf, &len, sizeof(len));
	buf_add(buf, text, len);
}

static int stack_id(const struct frames *frames, int64_t *ret, struct err *err) {
	struct buf content = {0};
	uint8_t digest[SHA256_BYTES];
	for (size_t i = 0; i < frames->count; i++) {
		struct i64_opt offset = frame_offset(&frames->items[i]);
		int64_t parts[2] = {offset.set, offset.set ? offset.value : 0};
		add_part(&content, frames->items[i].image);
		add_part(&content, frames->items[i].symbol);
		buf_add(&content, parts, sizeof(parts));
	}
	bool failed = content.failed;
	if (!failed)
		sha256(content.data, content.len, digest);
	buf_finish(&content);
	if (failed)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(ret, digest, sizeof(*ret));
	*ret &= INT64_MAX;
	return 0;
}

static void add_number(struct buf *json, struct i64_opt value, const char *behind) {
	if (value.set)
		buf_printf(json, "%lld%s", (long long)value.value, behind);
	else
		buf_printf(json, "null%s", behind);
}

static int add_stack(
	struct store *store, const struct frames *frames, int64_t id, struct err *err) {
	struct buf json = {0};
	int r = 0;
	buf_add_char(&json, '[');
	for (size_t i = 0; i < frames->count && r == 0; i++) {
		const struct frame *frame = &frames->items[i];
		struct i64_opt image = {0}, symbol = {0};
		r = store_symbol(store, frame->image, &image, err);
		if (r == 0)
			r = store_symbol(store, frame->symbol, &symbol, err);
		buf_add_str(&json, i > 0 ? ",[" : "[");
		add_number(&json, image, ",");
		add_number(&json, symbol, ",");
		add_number(&json, frame_offset(frame), "]");
	}
	buf_add_char(&json, ']');
	if (r == 0 && json.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	sqlite3_stmt *add = r == 0 ? store_statement(store, ST_STACK_ADD, err) : NULL;
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

static int fill_stack(
	struct store *store, const struct report *report, struct i64_opt *ret, struct err *err) {
	const struct thread *thread = report_crashed_thread(report);
	int64_t id = 0;
	if (thread == NULL || thread->frames.count == 0)
		return 0;
	int r = stack_id(&thread->frames, &id, err);
	if (r < 0)
		return r;
	*ret = number(id);
	sqlite3_stmt *find = store_statement(store, ST_STACK_FIND, err);
	if (find == NULL)
		return store_code(err);
	sqlite3_bind_int64(find, 1, id);
	r = store_step(store, find, err);
	sqlite3_reset(find);
	if (r != 0)
		return r < 0 ? r : 0;
	return add_stack(store, &thread->frames, id, err);
}

static void add_json_text(struct buf *json, const char *text) {
	buf_add_char(json, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_char(json, '\\');
		if ((unsigned char)*p < 0x20)
			buf_printf(json, "\\u%04x", (unsigned char)*p);
		else
			buf_add_char(json, *p);
	}
	buf_add_char(json, '"');
}

static void fill_warnings(const struct report *report, struct buf *ret) {
	if (report->warning_count == 0 && report->warnings_lost == 0)
		return;
	buf_add_char(ret, '[');
	for (size_t i = 0; i < report->warning_count; i++) {
		buf_add_str(ret, i > 0 ? "," : "");
		add_json_text(ret, report->warnings[i]);
	}
	if (report->warnings_lost > 0)
		buf_printf(ret, "%s\"%zu more\"", report->warning_count > 0 ? "," : "",
			report->warnings_lost);
	buf_add_char(ret, ']');
}

int store_facts_fill(struct store *store, const struct report *report, const struct triage *triage,
	const char *rules_version, struct facts *ret, struct err *err) {
	*ret = (struct facts){0};
	int r = fill_report(store, report, ret, err);
	if (r == 0)
		r = fill_triage(store, triage, rules_version, ret, err);
	if (r == 0)
		r = fill_site(store, triage, &ret->values[FACT_SITE], err);
	if (r == 0)
		r = fill_signature(
			store, triage, ret->values[FACT_SITE], &ret->values[FACT_SIGNATURE], err);
	if (r == 0)
		r = fill_stack(store, report, &ret->values[FACT_STACK], err);
	if (r == 0)
		r = store_calls_put(store, triage, &ret->values[FACT_CALLS], err);
	if (r == 0)
		fill_warnings(report, &ret->warnings);
	if (r == 0 && ret->warnings.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	if (r < 0)
		store_facts_finish(ret);
	return r;
}

void store_facts_finish(struct facts *facts) {
	buf_finish(&facts->warnings);
}

int store_facts_bind(const struct facts *facts, sqlite3_stmt *statement, int at) {
	store_bind_text(statement, at++, facts->warnings.len > 0 ? facts->warnings.data : NULL);
	for (size_t i = 0; i < FACT_COUNT; i++)
		store_bind_opt(statement, at++, facts->values[i]);
	return at;
}
