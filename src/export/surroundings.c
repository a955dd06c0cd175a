/* Copies what the store lends; each question to it takes the texts of the one before. */
#include "export/surroundings.h"

#include <errno.h>
#include <string.h>

#define ARENA_BYTES (4u << 20)

/* One question to the store and where its answer goes. */
struct gathering {
	struct surroundings *around;
	enum report_kind kind; /* of the incident itself */
	bool failed;           /* out of memory */
};

static const char *keep(struct gathering *gathering, const char *text) {
	const char *copy = text ? arena_strdup(&gathering->around->arena, text) : NULL;
	gathering->failed = gathering->failed || (text && !copy);
	return copy;
}

/* ---- what people decided ---- */

static int keep_regression(const struct store_state_event *event, void *user) {
	struct gathering *gathering = user;
	if (event->cause != STATE_BY_REGRESSION)
		return 0;
	/* The last one counts. */
	gathering->around->regression = (struct regression){.at_us = {event->at_us, true},
		.incident = event->incident,
		.os_build = keep(gathering, event->os_build)};
	return 0;
}

/* What stands there already is the signature's, and stays. */
static void keep_texts(struct gathering *gathering, const struct store_state *state) {
	struct surroundings *around = gathering->around;
	if (!around->note)
		around->note = keep(gathering, state->note);
	if (!around->url)
		around->url = keep(gathering, state->url);
	if (!around->fixed_in)
		around->fixed_in = keep(gathering, state->fixed_in);
}

static int add_state(struct gathering *gathering, struct store *store, enum state_target target,
	const char *name, struct err *err) {
	struct surroundings *around = gathering->around;
	struct store_state state;
	if (!name)
		return 0;
	int r = store_state_get(store, target, name, &state, err);
	if (r == -ENOENT) {
		*err = (struct err){0};
		return 0;
	}
	if (r < 0)
		return r;
	keep_texts(gathering, &state);
	bool wanted = around->status && !strcmp(around->status, "regressed") &&
		      !around->regression.at_us.set;
	const struct store_state named = {.target = target, .name = name};
	return wanted ? store_state_history(store, &named, keep_regression, gathering, err) : 0;
}

/* ---- what stands near ---- */

/* Crashes next to crashes are what list is for. A panic is looked for after the others, and they
 * before it. */
static bool is_near(enum report_kind kind, const struct store_neighbour *other) {
	int64_t distance = other->distance_us;
	if (kind == other->kind)
		return false;
	if (other->kind == REPORT_PANIC)
		return distance >= -SURROUNDINGS_WINDOW_US;
	if (kind == REPORT_PANIC)
		return distance <= SURROUNDINGS_WINDOW_US;
	return distance >= -SURROUNDINGS_WINDOW_US && distance <= SURROUNDINGS_WINDOW_US;
}

static int keep_neighbour(const struct store_neighbour *found, void *user) {
	struct gathering *gathering = user;
	struct surroundings *around = gathering->around;
	if (!is_near(gathering->kind, found))
		return 0;
	if (around->neighbour_count == SURROUNDINGS_NEIGHBOURS) {
		around->neighbours_left_out++;
		return 0;
	}
	if (arena_grow(&around->arena, (void **)&around->neighbours, around->neighbour_count,
		    &around->neighbour_cap, sizeof *around->neighbours) < 0) {
		gathering->failed = true;
		return -ENOMEM;
	}
	bool known = found->kind != REPORT_PANIC && gathering->kind != REPORT_PANIC;
	around->neighbours[around->neighbour_count++] = (struct neighbour){
		.id = found->id,
		.incident_id = keep(gathering, found->incident_id),
		.kind = found->kind,
		.captured_at_us = found->captured_at_us,
		.distance_us = found->distance_us,
		.process = keep(gathering, found->process),
		.what = keep(gathering,
			found->site && found->kind != REPORT_GPU_EVENT ? found->site : found->what),
		.same_process = !known                ? TRI_UNKNOWN
				: found->same_process ? TRI_YES
						      : TRI_NO,
	};
	return 0;
}

static int add_neighbours(
	struct gathering *gathering, struct store *store, int64_t id, struct err *err) {
	if (gathering->kind != REPORT_CRASH && gathering->kind != REPORT_GPU_EVENT &&
		gathering->kind != REPORT_PANIC)
		return 0;
	return store_neighbours_of_other_kinds(store, id, SURROUNDINGS_PANIC_WINDOW_US,
		SURROUNDINGS_PANIC_WINDOW_US, keep_neighbour, gathering, err);
}

int surroundings_load(struct store *store, const struct incident *row, struct surroundings *ret,
	struct err *err) {
	int64_t id = row->id;
	struct gathering gathering = {.around = ret, .kind = row->kind};
	*ret = (struct surroundings){0};
	arena_init(&ret->arena, ARENA_BYTES);
	const char *signature = keep(&gathering, row->signature),
		   *site = keep(&gathering, row->site);
	ret->status = keep(&gathering, row->status);
	int r = add_state(&gathering, store, STATE_SIGNATURE, signature, err);
	if (r >= 0)
		r = add_state(&gathering, store, STATE_SITE, site, err);
	if (r >= 0)
		r = add_neighbours(&gathering, store, id, err);
	if (gathering.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	return r < 0 ? r : 0;
}

void surroundings_finish(struct surroundings *around) {
	arena_finish(&around->arena);
	*around = (struct surroundings){0};
}
