/* States of an archive: taken over where nothing was decided here. */
#include "export/archive_import.h"

#include "base/clock.h"
#include "export/manifest.h"
#include "store/state.h"

#include <errno.h>
#include <string.h>

static bool is_site_of_rules(const struct rules *rules, const char *name) {
	for (size_t i = 0; i < rules_count(rules); i++) {
		struct rule_info info;
		rules_info(rules, i, &info);
		if (info.site && strcmp(info.site, name) == 0)
			return true;
	}
	return false;
}

static bool is_untouched(const struct store_state *state) {
	return (!state->status || strcmp(state->status, "open") == 0) && !state->note &&
	       !state->url && !state->fixed_in;
}

struct states {
	struct store *store;
	const struct archive_import_options *options;
	uint64_t taken;
};

static int take_state(struct states *states, const struct manifest_state *from, struct err *err) {
	struct store_state state;
	struct err unknown = {0};
	bool known_site = is_site_of_rules(states->options->rules, from->name);
	const struct store_state_change change = {
		.status = from->status,
		.note = from->note,
		.url = from->url,
		.fixed_in = from->fixed_in,
		.cause = STATE_BY_IMPORT,
		.at_us = clock_now_us(),
	};
	int r = store_state_find(states->store, from->name, known_site, &state, &unknown);
	if (r < 0)
		return r == -ENOENT || r == -EEXIST ? 0 : err_set(err, r, "%s", unknown.text);
	if (strcmp(state_target_names[state.target], from->target) != 0 || !is_untouched(&state))
		return 0;
	r = store_state_set(states->store, &state, &change, &unknown);
	if (r == -EINVAL) {
		if (states->options->on_problem)
			states->options->on_problem(
				from->name, unknown.text, states->options->user);
		return 0;
	}
	states->taken += r == 0;
	return r < 0 ? err_set(err, r, "%s", unknown.text) : 0;
}

int archive_import_states(struct store *store, const struct archive_import_options *options,
	const struct manifest *manifest, uint64_t *ret_taken, struct err *err) {
	struct states states = {.store = store, .options = options};
	int r = 0;
	for (size_t i = 0; i < manifest->state_count && r == 0; i++)
		r = take_state(&states, &manifest->states[i], err);
	*ret_taken = states.taken;
	return r;
}
