/*
 * One pass over the incidents: everything that a row tells by itself. A crash is counted in its
 * site and in the whole; what is no crash is counted by kind and never among them.
 */
#include "base/text.h"
#include "export/analysis_parts.h"
#include "export/rule_words.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MICROSECONDS_OF_DAY (INT64_C(86400) * 1000000)

int analysis_place(struct analysis_work *work, enum analysis_list list, size_t owner, uint64_t what,
	size_t next, size_t *ret) {
	const struct places_key key = {{(uint64_t)list, (uint64_t)owner, what}};
	return places_find(&work->places, &key, next, ret);
}

void analysis_widen(struct i64_opt *first, struct i64_opt *last, struct i64_opt at_us) {
	if (!at_us.set)
		return;
	if (!first->set || at_us.value < first->value)
		*first = at_us;
	if (!last->set || at_us.value > last->value)
		*last = at_us;
}

static uint64_t address_of(const void *pointer) {
	return (uint64_t)(uintptr_t)pointer;
}

/* ---- lists of texts ---- */

struct analysis_counts *analysis_site_list(struct analysis_site *site, enum analysis_list list) {
	struct analysis_counts *const lists[LIST_OF_SITE] = {
		[LIST_EXCEPTIONS] = &site->exceptions,
		[LIST_FAULT_KINDS] = &site->fault_kinds,
		[LIST_ACCESSES] = &site->accesses,
		[LIST_BASE_REGISTERS] = &site->base_registers,
		[LIST_ADDRESSES] = &site->addresses,
		[LIST_OPERATIONS] = &site->operations,
		[LIST_PROCESSES] = &site->processes,
		[LIST_QUEUES] = &site->queues,
		[LIST_OS_BUILDS] = &site->os_builds,
		[LIST_DRIVER_VERSIONS] = &site->driver_versions,
		[LIST_MODELS] = &site->models,
		[LIST_ATTRIBUTIONS] = &site->attributions,
		[LIST_DRIVER_IMAGES] = &site->driver_images,
	};
	return lists[list];
}

static struct analysis_counts *whole_list(struct analysis *analysis, enum analysis_list list) {
	struct analysis_counts *const lists[LIST_OF_TEXTS] = {
		[LIST_OPERATIONS] = &analysis->operations,
		[LIST_PROCESSES] = &analysis->processes,
		[LIST_OS_BUILDS] = &analysis->os_builds,
		[LIST_DRIVER_VERSIONS] = &analysis->driver_versions,
		[LIST_MODELS] = &analysis->models,
		[LIST_ATTRIBUTIONS] = &analysis->attributions,
		[LIST_OS_VERSIONS] = &analysis->os_versions,
		[LIST_DRIVER_IMAGES] = &analysis->driver_images,
	};
	return lists[list];
}

static void count_one(struct analysis_count *item, const struct incident *row) {
	item->count++;
	item->simulated += row->simulated;
	analysis_widen(&item->first_at_us, &item->last_at_us, row->captured_at_us);
}

/* text: of texts_keep(), so that its address stands for it. */
static int count_in(struct analysis_work *work, struct analysis_counts *counts,
	enum analysis_list list, size_t owner, const char *text, const struct incident *row) {
	size_t at;
	int code = analysis_place(work, list, owner, address_of(text), counts->count, &at);
	if (!code && at == counts->count) {
		code = arena_grow(&work->analysis->arena, (void **)&counts->items, counts->count,
			&counts->cap, sizeof *counts->items);
		if (!code)
			counts->items[counts->count++] = (struct analysis_count){.text = text};
	}
	if (!code)
		count_one(&counts->items[at], row);
	return code;
}

static const char *exception_text(struct analysis_work *work, const struct incident *row) {
	struct buf *text = &work->scratch;
	if (!row->exception_type && !row->signal)
		return NULL;
	buf_reset(text);
	buf_add_str(text, row->exception_type ? row->exception_type : row->signal);
	if (row->exception_type && row->signal)
		buf_printf(text, " (%s)", row->signal);
	return texts_keep(&work->texts, REDACT_FORM_TEXT, buf_str(text));
}

static const char *base_text(struct analysis_work *work, const struct incident *row) {
	struct buf *text = &work->scratch;
	if (!row->base_register || !row->displacement.set)
		return NULL;
	int64_t value = row->displacement.value;
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	buf_reset(text);
	buf_printf(text, "%s %c 0x%" PRIx64, row->base_register, value < 0 ? '-' : '+', size);
	return texts_keep(&work->texts, TEXTS_AS_IS, buf_str(text));
}

static const char *address_text(struct analysis_work *work, const struct incident *row) {
	struct buf *text = &work->scratch;
	if (!analysis_is_near_null(row))
		return NULL;
	buf_reset(text);
	buf_printf(text, "0x%" PRIx64, row->fault_address.value);
	return texts_keep(&work->texts, TEXTS_AS_IS, buf_str(text));
}

static void read_facts(
	struct analysis_work *work, const struct incident *row, struct analysis_facts *ret) {
	struct texts *texts = &work->texts;
	enum redact_form site = TEXTS_AS_IS, title = TEXTS_AS_IS;
	if (texts->redactor) {
		site = rule_words_site(work->options->rules, row->site);
		title = rule_words_title(work->options->rules, row->site, row->site_title);
	}
	*ret = (struct analysis_facts){
		.of = {[LIST_EXCEPTIONS] = exception_text(work, row),
			[LIST_FAULT_KINDS] = texts_keep(texts, TEXTS_AS_IS, row->fault_kind),
			[LIST_ACCESSES] = texts_keep(texts, TEXTS_AS_IS, row->fault_access),
			[LIST_BASE_REGISTERS] = base_text(work, row),
			[LIST_ADDRESSES] = address_text(work, row),
			[LIST_OPERATIONS] = texts_keep(texts, REDACT_FORM_SYMBOL, row->operation),
			[LIST_PROCESSES] = texts_keep(texts, REDACT_FORM_NAME, row->process),
			[LIST_QUEUES] = texts_keep(texts, REDACT_FORM_TEXT, row->queue),
			[LIST_OS_BUILDS] = texts_keep_fact(texts, REDACT_SYSTEM, row->os_build),
			[LIST_DRIVER_VERSIONS] =
				texts_keep_fact(texts, REDACT_VERSION, row->driver_version),
			[LIST_MODELS] = texts_keep_fact(texts, REDACT_MODEL, row->hardware_model),
			[LIST_ATTRIBUTIONS] = texts_keep(texts, TEXTS_AS_IS, row->attribution),
			[LIST_OS_VERSIONS] = texts_keep_fact(texts, REDACT_SYSTEM, row->os_version),
			[LIST_DRIVER_IMAGES] =
				texts_keep(texts, REDACT_FORM_NAME, row->driver_image)},
		.site = texts_keep(texts, site, row->site),
		.site_title = texts_keep(texts, title, row->site_title),
		.signature = texts_keep(texts, TEXTS_AS_IS, row->signature),
	};
}

/* ---- the whole ---- */

static int count_day(struct analysis_work *work, size_t site, struct i64_opt at_us) {
	struct analysis *analysis = work->analysis;
	size_t place;
	if (!at_us.set)
		return 0;
	int64_t day = at_us.value / MICROSECONDS_OF_DAY - (at_us.value % MICROSECONDS_OF_DAY < 0);
	int code =
		analysis_place(work, LIST_DAYS, site, (uint64_t)day, analysis->day_count, &place);
	if (!code && place == analysis->day_count) {
		code = arena_grow(&analysis->arena, (void **)&analysis->days, analysis->day_count,
			&work->day_cap, sizeof *analysis->days);
		if (!code)
			analysis->days[analysis->day_count++] =
				(struct analysis_day){.day = day, .site = site};
	}
	if (!code)
		analysis->days[place].count++;
	return code;
}

static int count_cell(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row) {
	struct analysis *analysis = work->analysis;
	const char *driver = facts->of[LIST_DRIVER_VERSIONS], *build = facts->of[LIST_OS_BUILDS],
		   *model = facts->of[LIST_MODELS];
	size_t pair, place;
	int code = analysis_place(work, LIST_CELL_PAIRS, (size_t)(uintptr_t)driver,
		address_of(build), work->pair_count, &pair);
	work->pair_count += !code && pair == work->pair_count;
	if (!code)
		code = analysis_place(
			work, LIST_CELLS, pair, address_of(model), analysis->cell_count, &place);
	if (!code && place == analysis->cell_count) {
		code = arena_grow(&analysis->arena, (void **)&analysis->cells, analysis->cell_count,
			&work->cell_cap, sizeof *analysis->cells);
		if (!code)
			analysis->cells[analysis->cell_count++] =
				(struct analysis_cell){.driver_version = driver,
					.os_build = build,
					.hardware_model = model};
	}
	if (code)
		return code;
	struct analysis_cell *cell = &analysis->cells[place];
	cell->count++;
	cell->simulated += row->simulated;
	analysis_widen(&cell->first_at_us, &cell->last_at_us, row->captured_at_us);
	return 0;
}

static int count_event(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row) {
	struct analysis *analysis = work->analysis;
	size_t place;
	int code = analysis_place(work, LIST_EVENTS, (size_t)row->kind, address_of(facts->site),
		analysis->event_count, &place);
	if (!code && place == analysis->event_count) {
		code = arena_grow(&analysis->arena, (void **)&analysis->events,
			analysis->event_count, &work->event_cap, sizeof *analysis->events);
		if (!code)
			analysis->events[analysis->event_count++] = (struct analysis_event){
				.kind = row->kind, .site = facts->site, .title = facts->site_title};
	}
	if (code)
		return code;
	struct analysis_event *event = &analysis->events[place];
	event->count++;
	event->simulated += row->simulated;
	analysis_widen(&event->first_at_us, &event->last_at_us, row->captured_at_us);
	if (row->kind == REPORT_GPU_EVENT)
		analysis->gpu_events++;
	else if (row->kind == REPORT_PANIC)
		analysis->panics++;
	else
		analysis->other++;
	return 0;
}

static int count_crash(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row) {
	struct analysis *analysis = work->analysis;
	size_t at;
	int code = analysis_count_site(work, facts, row, &at);
	if (code)
		return code;
	struct analysis_site *site = &analysis->sites[at];
	analysis->crashes++;
	analysis->simulated += row->simulated;
	analysis_widen(&analysis->first_at_us, &analysis->last_at_us, row->captured_at_us);
	if (!row->simulated)
		analysis_widen(&analysis->real_first_at_us, &analysis->real_last_at_us,
			row->captured_at_us);
	for (int i = 0; i < LIST_OF_SITE && !code; i++)
		code = count_in(work, analysis_site_list(site, (enum analysis_list)i),
			(enum analysis_list)i, at + 1, facts->of[i], row);
	for (int i = 0; i < LIST_OF_TEXTS && !code; i++) {
		struct analysis_counts *list = whole_list(analysis, (enum analysis_list)i);
		if (list)
			code = count_in(work, list, (enum analysis_list)i, 0, facts->of[i], row);
	}
	if (!code)
		code = count_day(work, at, row->captured_at_us);
	return code ? code : count_cell(work, facts, row);
}

/* ---- one by one ---- */

/* Apple's incident ids are made of hexadecimal digits and dashes; they name nobody. What a report
 * has there otherwise ("../../x") is no name for people to use. */
const char *analysis_incident_id(struct analysis_work *work, const struct incident *row) {
	const char *id = row->incident_id;
	if (!id || id[strspn(id, "0123456789abcdefABCDEF-")])
		return NULL;
	const char *ret = arena_strdup(&work->analysis->arena, id);
	work->texts.failed = work->texts.failed || !ret;
	return ret;
}

const char *analysis_member(struct analysis_work *work, int64_t id) {
	const struct analysis_members *members = work->options->members;
	const char *name = members ? members->name(id, members->user) : NULL;
	const char *ret = name ? arena_strdup(&work->analysis->arena, name) : NULL;
	work->texts.failed = work->texts.failed || (name && !ret);
	return ret;
}

static int keep_incident(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row) {
	struct analysis *analysis = work->analysis;
	if (analysis->incident_count == ANALYSIS_LISTED) {
		analysis->incidents_unlisted++;
		return 0;
	}
	int code = arena_grow(&analysis->arena, (void **)&analysis->incidents,
		analysis->incident_count, &work->incident_cap, sizeof *analysis->incidents);
	if (code)
		return code;
	analysis->incidents[analysis->incident_count++] = (struct analysis_incident){
		.id = row->id,
		.incident_id = analysis_incident_id(work, row),
		.member = analysis_member(work, row->id),
		.kind = row->kind,
		.simulated = row->simulated,
		.raw_gone = row->raw_gone,
		.captured_at_us = row->captured_at_us,
		.pid = row->pid,
		.process = facts->of[LIST_PROCESSES],
		.os_build = facts->of[LIST_OS_BUILDS],
		.hardware_model = facts->of[LIST_MODELS],
		.driver_version = facts->of[LIST_DRIVER_VERSIONS],
		.fault_address = row->fault_address,
		.fault_kind = facts->of[LIST_FAULT_KINDS],
		.fault_access = facts->of[LIST_ACCESSES],
		.site = facts->site,
		.signature = facts->signature,
		.operation = facts->of[LIST_OPERATIONS],
		.status = texts_keep(&work->texts, TEXTS_AS_IS, row->status),
		.exception_type = texts_keep(&work->texts, REDACT_FORM_TEXT, row->exception_type),
		.signal = texts_keep(&work->texts, REDACT_FORM_TEXT, row->signal),
		.stack_id = row->stack_id,
		.concurrent_threads = row->concurrent_threads,
		.ordinal = row->ordinal,
	};
	return 0;
}

/* A file with several reports is one file; what came through a pipe is none. */
static int count_file(struct analysis_work *work, const struct incident *row) {
	size_t place;
	if (!row->path)
		return 0;
	uint64_t hash = text_hash(TEXT_HASH_START, row->path, strlen(row->path));
	int code = analysis_place(work, LIST_FILES, 0, hash, (size_t)work->analysis->files, &place);
	if (!code && place == work->analysis->files)
		work->analysis->files++;
	return code;
}

static int take_row(struct analysis_work *work, const struct incident *row) {
	struct analysis_facts facts;
	read_facts(work, row, &facts);
	int code = keep_incident(work, &facts, row);
	work->analysis->raw_gone += row->raw_gone;
	if (!code)
		code = count_file(work, row);
	if (!code)
		code = row->kind == REPORT_CRASH ? count_crash(work, &facts, row)
						 : count_event(work, &facts, row);
	return !code && work->texts.failed ? -ENOMEM : code;
}

int analysis_take_incidents(struct analysis_work *work) {
	struct store_cursor *cursor = NULL;
	struct incident row;
	int code = store_list(work->store, work->options->filter, &cursor, work->err);
	while (code >= 0) {
		code = store_cursor_next(cursor, &row, work->err);
		if (code <= 0)
			break;
		code = take_row(work, &row);
		if (code < 0)
			err_set(work->err, code, "out of memory");
	}
	store_cursor_close(cursor);
	return code;
}
