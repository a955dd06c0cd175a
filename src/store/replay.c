/*
 * Writing again what triage says of a stored incident, and clearing away what nobody refers to any
 * more.
 */
#include "store/state_parts.h"

#include <assert.h>
#include <string.h>

static bool same(const struct facts *facts, sqlite3_stmt *row, bool *ret_but_version) {
	bool but_version = true;
	const char *warnings = (const char *)sqlite3_column_text(row, 0);
	if (strcmp(warnings != NULL ? warnings : "", buf_str(&facts->warnings)) != 0)
		but_version = false;
	bool version = true;
	for (int i = 0; i < FACT_COUNT; i++) {
		struct i64_opt old = store_column_opt(row, i + 1);
		bool equal = old.set == facts->values[i].set &&
			     (!old.set || old.value == facts->values[i].value);
		if (i == FACT_RULES_VERSION)
			version = equal;
		else if (!equal)
			but_version = false;
	}
	*ret_but_version = but_version;
	return but_version && version;
}

static int write_facts(
	struct store *store, int64_t id, const struct facts *facts, struct err *err) {
	sqlite3_stmt *update = store_statement(store, ST_INCIDENT_UPDATE, err);
	if (update == NULL)
		return store_code(err);
	sqlite3_bind_int64(update, store_facts_bind(facts, update, 1), id);
	return store_run(store, update, err);
}

static int leave_signature(
	struct store *store, struct i64_opt old, struct i64_opt now, struct err *err) {
	if (!old.set || !now.set || old.value == now.value)
		return 0;
	return store_state_inherit(store, old.value, now.value, err);
}

int store_update_triage(struct store *store, int64_t id, const struct report *report,
	const struct triage *triage, const char *rules_version, bool *ret_changed,
	struct err *err) {
	struct err own = {0};
	struct facts facts;
	bool unchanged = false, but_version = false;
	struct i64_opt signature = {0};
	assert(store->in_transaction);
	err = err != NULL ? err : &own;
	int r = store_facts_fill(store, report, triage, rules_version, &facts, err);
	if (r < 0)
		return r;
	sqlite3_stmt *old = store_statement(store, ST_INCIDENT_FACTS, err);
	if (old == NULL) {
		r = store_code(err);
		goto out;
	}
	sqlite3_bind_int64(old, 1, id);
	r = store_step(store, old, err);
	if (r == 1) {
		unchanged = same(&facts, old, &but_version);
		signature = store_column_opt(old, 1 + FACT_SIGNATURE);
	} else if (r == 0) {
		r = err_set(err, -ENOENT, "no incident %lld", (long long)id);
	}
	sqlite3_reset(old);
	if (r < 0)
		goto out;
	r = unchanged ? 0 : write_facts(store, id, &facts, err);
	if (r == 0)
		r = leave_signature(store, signature, facts.values[FACT_SIGNATURE], err);
	if (r == 0)
		*ret_changed = !but_version;
out:
	store_facts_finish(&facts);
	return r;
}

int store_tidy(struct store *store, struct err *err) {
	bool own = !store->in_transaction;
	int r = own ? store_begin(store, err) : 0;
	if (r < 0)
		return r;
	r = store_exec(store,
		"delete from signature as g where ((status is null and note is null and url is "
		"null and fixed_in is null) or " STATE_REPLACED ") "
		"and not exists (select 1 from incident where signature_id = g.id);"
		"delete from site where status is null and note is null and url is null "
		"and fixed_in is null "
		"and not exists (select 1 from incident where site_id = site.id) "
		"and not exists (select 1 from signature where site_id = site.id);"
		"delete from stack where id not in "
		"(select stack_id from incident where stack_id is not null);"
		"delete from call_list where id not in "
		"(select calls_id from incident where calls_id > 0);",
		err);
	if (r == 0)
		r = store_dictionaries_tidy(store, err);
	if (own && r == 0)
		return store_commit(store, err);
	if (own)
		store_rollback(store);
	return r;
}
