/* Counts in memory, so that a run that writes nothing tells what one that writes would do. */
#include "cli/reclassify_states.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

enum ending {
	STAYS, /* it has incidents, or never had any */
	GOES,  /* with its incidents */
	LEFT,  /* behind: it has none any more */
};

/* state.incidents: how many it has by now. Texts in the arena. */
struct followed_state {
	struct store_state state;
	const char *to; /* of the first one that has gone; NULL: to none */
	bool gone;      /* some have */
	bool several;   /* not all to the same */
	enum ending ending;
};

static bool same_text(const char *a, const char *b) {
	return a && b ? !strcmp(a, b) : a == b;
}

/* ---- what there is ---- */

static int keep(const struct store_state *state, void *user) {
	struct followed_states *states = user;
	int r = arena_grow(&states->arena, (void **)&states->items, states->count, &states->cap,
		sizeof *states->items);
	if (r < 0)
		return r;
	struct followed_state *item = &states->items[states->count++];
	*item = (struct followed_state){.state = *state};
	struct store_state *kept = &item->state;
	const char **const texts[] = {
		&kept->name, &kept->status, &kept->note, &kept->url, &kept->fixed_in};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (*texts[i] && !(*texts[i] = arena_strdup(&states->arena, *texts[i])))
			return -ENOMEM;
	kept->title = kept->site = NULL; /* lent for this call */
	return 0;
}

int followed_states_load(struct followed_states *states, struct err *err) {
	arena_init(&states->arena, SIZE_MAX);
	int r = store_states(states->store, keep, states, err);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

void followed_states_finish(struct followed_states *states) {
	arena_finish(&states->arena);
}

static struct followed_state *find(
	const struct followed_states *states, enum state_target target, const char *name) {
	for (size_t i = 0; i < states->count && name; i++)
		if (states->items[i].state.target == target &&
			!strcmp(states->items[i].state.name, name))
			return &states->items[i];
	return NULL;
}

int followed_states_move(struct followed_states *states, enum state_target target, const char *from,
	const char *to) {
	struct followed_state *old = find(states, target, from), *now = find(states, target, to);
	if (old == now)
		return 0;
	if (now)
		now->state.incidents++;
	if (!old)
		return 0;
	old->state.incidents--;
	if (old->gone) {
		old->several = old->several || !same_text(old->to, to);
		return 0;
	}
	old->gone = true;
	old->to = to ? arena_strdup(&states->arena, to) : NULL;
	return to && !old->to ? -ENOMEM : 0;
}

/* ---- what becomes of it ---- */

static bool has_state(
	const struct followed_states *states, enum state_target target, const char *name) {
	const struct followed_state *own = find(states, target, name);
	bool has = own && own->ending != GOES;
	for (size_t i = 0; i < states->count; i++) {
		const struct followed_state *item = &states->items[i];
		has = has || (item->state.target == target && item->ending == GOES &&
				     same_text(item->to, name));
	}
	return has;
}

/* The daemon may have stored one meanwhile. */
static bool is_left(const struct followed_states *states, const struct followed_state *item) {
	struct store_state now;
	if (!item->gone || item->state.incidents > 0)
		return false;
	return states->dry_run ||
	       store_state_find(states->store, item->state.name, true, &now, NULL) < 0 ||
	       strcmp(now.name, item->state.name) != 0 || now.incidents == 0;
}

/* 1 when it cannot. */
static int move_site(
	const struct followed_states *states, const struct followed_state *item, struct err *err) {
	if (item->several || !item->to)
		return 1;
	if (states->dry_run)
		return has_state(states, STATE_SITE, item->to);
	return store_state_move(states->store, item->state.name, item->to, err);
}

/* 1 when the store has not given it to the one that has its incidents now. */
static int look_at_signature(
	const struct followed_states *states, const struct followed_state *item, struct err *err) {
	struct store_state heir;
	const struct store_state *old = &item->state;
	if (!item->to)
		return 1;
	if (states->dry_run)
		return has_state(states, STATE_SIGNATURE, item->to);
	int r = store_state_get(states->store, STATE_SIGNATURE, item->to, &heir, err);
	if (r < 0)
		return r == -ENOENT ? 1 : r;
	return !same_text(heir.status, old->status) || !same_text(heir.note, old->note) ||
	       !same_text(heir.url, old->url) || !same_text(heir.fixed_in, old->fixed_in);
}

int followed_states_settle(struct followed_states *states, struct err *err) {
	bool again = true;
	/* Where one goes another may have to go first. */
	for (int r = 0; again;) {
		again = false;
		for (size_t i = 0; i < states->count; i++) {
			struct followed_state *item = &states->items[i];
			if (item->ending == GOES || !is_left(states, item))
				continue;
			r = item->state.target == STATE_SITE ? move_site(states, item, err)
							     : look_at_signature(states, item, err);
			if (r < 0)
				return r;
			item->ending = r == 0 ? GOES : LEFT;
			again = again || r == 0;
		}
	}
	return 0;
}

/* ---- telling it ---- */

static void add_state(struct buf *text, const struct store_state *state) {
	buf_add_str(text, state->status ? state->status : "open");
	if (state->fixed_in)
		buf_printf(text, "%s %s",
			state->status && !strcmp(state->status, "fixed") ? " in" : ", fixed in",
			state->fixed_in);
	if (state->note)
		buf_add_str(text, ", with a note");
}

static void tell_site(const struct followed_state *item, bool dry_run, const char *state) {
	const char *name = item->state.name;
	if (item->ending == GOES)
		log_info("site %s: all its incidents %s %s now, and its state %s with them: %s",
			name, dry_run ? "would be" : "are", item->to, dry_run ? "would go" : "goes",
			state);
	else
		log_warning("site %s %s no incident any more, and keeps its state to itself (%s): "
			    "%s%s%s",
			name, dry_run ? "would have" : "has", state,
			item->several ? "they went to several sites"
			: item->to    ? "they went to "
				      : "they have no site now",
			!item->several && item->to ? item->to : "",
			!item->several && item->to ? ", which has a state of its own" : "");
}

static void tell_signature(const struct followed_state *item, bool dry_run, const char *state) {
	if (item->ending == LEFT)
		log_warning("signature %s %s no incident any more, and its state ends (%s): %s%s%s",
			item->state.name, dry_run ? "would have" : "has", state,
			item->to ? "they went to " : "they have no signature now",
			item->to ? item->to : "",
			!item->to       ? ""
			: item->several ? " and others"
					: ", which has a state of its own");
}

void followed_states_tell(const struct followed_states *states) {
	for (size_t i = 0; i < states->count; i++) {
		const struct followed_state *item = &states->items[i];
		struct buf state = {0};
		add_state(&state, &item->state);
		if (item->ending != STAYS && item->state.target == STATE_SITE)
			tell_site(item, states->dry_run, buf_str(&state));
		else if (item->ending != STAYS)
			tell_signature(item, states->dry_run, buf_str(&state));
		buf_finish(&state);
	}
}

void followed_states_json(const struct followed_states *states, struct json_out *out) {
	json_out_array(out, "states");
	for (size_t i = 0; i < states->count; i++) {
		const struct followed_state *item = &states->items[i];
		if (item->ending == STAYS)
			continue;
		json_out_object(out, NULL);
		json_out_text(out, "target", state_target_names[item->state.target]);
		json_out_text(out, "name", item->state.name);
		json_out_text(out, "status", item->state.status);
		json_out_text(out, "to", item->several ? NULL : item->to);
		json_out_bool(out, "moved", item->ending == GOES);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}
