/* What a row adds to the site of its crash, apart from the lists of texts. */
#include "export/analysis_parts.h"

#include <string.h>

static uint64_t address_of(const void *pointer) {
	return (uint64_t)(uintptr_t)pointer;
}

bool analysis_is_near_null(const struct incident *row) {
	return row->fault_address.set && row->fault_kind && !strcmp(row->fault_kind, "near_null");
}

static int find_site(struct analysis_work *work, const struct analysis_facts *facts, size_t *ret) {
	struct analysis *analysis = work->analysis;
	struct arena *arena = &analysis->arena;
	size_t count = analysis->site_count;
	int code = analysis_place(work, LIST_SITES, 0, address_of(facts->site), count, ret);
	if (code || *ret < count)
		return code;
	code = arena_grow(
		arena, (void **)&work->rooms, count, &work->rooms_cap, sizeof *work->rooms);
	if (!code)
		code = arena_grow(arena, (void **)&analysis->sites, count, &work->site_cap,
			sizeof *analysis->sites);
	if (code)
		return code;
	work->rooms[count] = (struct analysis_rooms){0};
	analysis->sites[count] = (struct analysis_site){
		.id = facts->site, .title = facts->site_title, .status = "open"};
	analysis->site_count++;
	return 0;
}

/* Of a site whose rules tell offsets: whether this is none of them. */
static bool is_unknown_offset(const struct rules *rules, const char *site, uint64_t offset) {
	bool told = false;
	for (size_t i = 0; site && rules && i < rules_count(rules); i++) {
		struct rule_info rule;
		rules_info(rules, i, &rule);
		if (strcmp(rule.site, site) != 0)
			continue;
		for (size_t j = 0; j < rule.offset_count; j++) {
			told = true;
			if (rule.offsets[j] == offset)
				return false;
		}
	}
	return told;
}

static int count_offset(struct analysis_work *work, size_t at, const struct incident *row) {
	struct analysis_site *site = &work->analysis->sites[at];
	size_t place;
	if (!analysis_is_near_null(row))
		return 0;
	int code = analysis_place(
		work, LIST_OFFSETS, at, row->fault_address.value, site->offset_count, &place);
	if (!code && place == site->offset_count) {
		code = arena_grow(&work->analysis->arena, (void **)&site->offsets,
			site->offset_count, &work->rooms[at].offsets, sizeof *site->offsets);
		if (!code)
			site->offsets[site->offset_count++] =
				(struct analysis_offset){.offset = row->fault_address.value,
					.unknown = is_unknown_offset(work->options->rules,
						row->site, row->fault_address.value)};
	}
	if (code)
		return code;
	site->offsets[place].count++;
	if (row->fault_access && !strcmp(row->fault_access, "read"))
		site->offsets[place].reads++;
	if (row->fault_access && !strcmp(row->fault_access, "write"))
		site->offsets[place].writes++;
	return 0;
}

/* Rows come newest first; a real one is worth more than a simulated one. */
static void take_sample(struct analysis_work *work, struct analysis_signature *signature,
	const struct analysis_facts *facts, const struct incident *row) {
	signature->exception = facts->of[LIST_EXCEPTIONS];
	signature->fault_kind = facts->of[LIST_FAULT_KINDS];
	signature->fault_access = facts->of[LIST_ACCESSES];
	signature->fault_address = row->fault_address;
	signature->sample = row->id;
	signature->stack_id = row->stack_id;
	signature->sample_id = analysis_incident_id(work, row);
	signature->sample_member = analysis_member(work, row->id);
	signature->sample_simulated = row->simulated;
}

static int count_signature(struct analysis_work *work, size_t at,
	const struct analysis_facts *facts, const struct incident *row) {
	const char *hash = facts->signature;
	struct analysis_site *site = &work->analysis->sites[at];
	size_t place;
	int code = analysis_place(
		work, LIST_SIGNATURES, at, address_of(hash), site->signature_count, &place);
	if (!code && place == site->signature_count) {
		code = arena_grow(&work->analysis->arena, (void **)&site->signatures,
			site->signature_count, &work->rooms[at].signatures,
			sizeof *site->signatures);
		if (!code)
			site->signatures[site->signature_count++] = (struct analysis_signature){
				.hash = hash,
				.text = texts_keep_signature(&work->texts, row->signature_text),
				.status = texts_keep(&work->texts, TEXTS_AS_IS, row->status)};
	}
	if (code)
		return code;
	struct analysis_signature *signature = &site->signatures[place];
	if (!signature->count || (signature->sample_simulated && !row->simulated))
		take_sample(work, signature, facts, row);
	signature->count++;
	signature->simulated += row->simulated;
	analysis_widen(&signature->first_at_us, &signature->last_at_us, row->captured_at_us);
	return 0;
}

static int count_stack(struct analysis_work *work, size_t at, const struct incident *row) {
	size_t place;
	int code = analysis_place(work, LIST_STACKS, at * 2 + row->simulated,
		(uint64_t)row->stack_id, work->stack_count, &place);
	if (!code && place == work->stack_count) {
		code = arena_grow(&work->analysis->arena, (void **)&work->stacks, work->stack_count,
			&work->stack_cap, sizeof *work->stacks);
		if (!code)
			work->stacks[work->stack_count++] = (struct analysis_stack){.site = at,
				.stack_id = row->stack_id,
				.newest_id = analysis_incident_id(work, row),
				.simulated = row->simulated,
				.newest = row->id,
				.ordinal = row->ordinal};
	}
	if (!code)
		work->stacks[place].count++;
	return code;
}

/* Whom the other threads of a crash called; not known of reports that were stored before that was
 * kept. */
static int count_calls(struct analysis_work *work, size_t at, const struct incident *row) {
	struct analysis_site *site = &work->analysis->sites[at];
	size_t place;
	if (row->calls_id < 0)
		return 0;
	site->told++;
	site->concurrent += row->concurrent_threads > 0;
	if (row->simulated) {
		site->told_simulated++;
		site->concurrent_simulated += row->concurrent_threads > 0;
	}
	if (!row->calls_id)
		return 0;
	int code = analysis_place(
		work, LIST_CALLS, at, (uint64_t)row->calls_id, work->calls_count, &place);
	if (!code && place == work->calls_count) {
		code = arena_grow(&work->analysis->arena, (void **)&work->calls, work->calls_count,
			&work->calls_cap, sizeof *work->calls);
		if (!code)
			work->calls[work->calls_count++] =
				(struct analysis_calls){.site = at, .calls_id = row->calls_id};
	}
	if (!code)
		work->calls[place].count++;
	return code;
}

int analysis_count_site(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row, size_t *ret) {
	size_t at;
	int code = find_site(work, facts, &at);
	if (code)
		return code;
	struct analysis_site *site = &work->analysis->sites[at];
	site->count++;
	site->simulated += row->simulated;
	analysis_widen(&site->first_at_us, &site->last_at_us, row->captured_at_us);
	code = count_offset(work, at, row);
	if (!code)
		code = count_signature(work, at, facts, row);
	if (!code)
		code = count_stack(work, at, row);
	if (!code)
		code = count_calls(work, at, row);
	if (!code)
		*ret = at;
	return code;
}
