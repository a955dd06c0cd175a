/* Reports of an experiment: who takes them in, whose they are, and why some are missing. */
#include "repro/experiment_parts.h"

#include "base/clock.h"
#include "collect/presence.h"
#include "repro/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How soon it is noticed that a daemon died. */
#define DAEMON_CHECK_MS 1000
/* How often it is looked whether the parent of a reported process is gone. */
#define OPEN_MS 500
/* Processes whose label is remembered: asking takes other programs. */
#define LABELS 16
#define PROCESS_BYTES 64

/* ---- taking in ---- */

static void on_added(int64_t id, enum report_kind kind, void *user) {
	struct experiment *experiment = user;
	experiment->committed = true;
}

static void on_quiet(void *user) {
	struct experiment *experiment = user;
	experiment->quiet = experiment->committed = true;
}

static void on_failure(const struct err *err, void *user) {
	experiment_fail(user, err->code ? err->code : -EIO, err);
}

int experiment_start_collector(struct experiment *experiment, struct err *err) {
	const struct collector_options options = {.folders = experiment->options->folders,
		.folder_count = experiment->options->folder_count,
		.selection = &experiment->taken.current,
		.on_added = on_added,
		.on_quiet = on_quiet,
		.on_failure = on_failure,
		.user = experiment};
	experiment->quiet = false;
	return collector_start(&experiment->loop, experiment->store, experiment->rules, &options,
		&experiment->collector, err);
}

void experiment_check_daemon(struct experiment *experiment, int64_t now_ms) {
	struct err err = {0};
	pid_t pid;
	if (experiment->collector || experiment->over || experiment->failure.code ||
		now_ms - experiment->asked_daemon_ms < DAEMON_CHECK_MS)
		return;
	experiment->asked_daemon_ms = now_ms;
	int code = presence_ask(&experiment->lock, &pid, &err);
	if (!code)
		code = experiment_start_collector(experiment, &err);
	if (code < 0)
		experiment_fail(experiment, code, &err);
}

void experiment_take_names(void *user) {
	struct experiment *experiment = user;
	const struct tree *tree = &experiment->attempt.watched.tree;
	struct err err = {0};
	bool more = false;
	for (size_t i = 0; i < tree->count; i++)
		more = taken_add(&experiment->taken, tree->items[i].name) || more;
	if (!more || !experiment->collector)
		return;
	experiment->quiet = false;
	int code = collector_select(experiment->collector, experiment->options->folders,
		experiment->options->folder_count, &experiment->taken.current, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

/* ---- whose they are ---- */

bool experiment_lacks(const struct experiment *experiment, size_t at) {
	const struct pairing_trial *trial = &experiment->pairing.items[at];
	if (experiment->known[at].outcome != TRIAL_CRASHED || trial->paired)
		return false;
	return !trial->incident || (trial->itself && trial->rank != PAIRING_ITSELF);
}

size_t experiment_unpaired(const struct experiment *experiment) {
	size_t count = 0;
	for (size_t i = 0; i < experiment->pairing.count; i++)
		count += experiment_lacks(experiment, i);
	return count;
}

bool experiment_shows_crash(const struct experiment *experiment, size_t at) {
	const struct pairing_trial *trial = &experiment->pairing.items[at];
	const struct known_trial *known = &experiment->known[at];
	if (!trial->incident || !plan_is_counted(known->outcome) || known->outcome == TRIAL_CRASHED)
		return false;
	/* Not what our own signals made of it. */
	return !known->asked_at_us ||
	       (trial->says.captured_at_us.set &&
		       trial->says.captured_at_us.value < known->asked_at_us);
}

struct correction {
	struct experiment *experiment;
	size_t at;
	struct store_trial row;
	struct arena arena;
	bool found;
};

static const char *copy(struct arena *arena, const char *text) {
	return text ? arena_strdup(arena, text) : NULL;
}

static int keep_row(const struct store_trial *row, void *user) {
	struct correction *ret = user;
	if (row->id != ret->experiment->pairing.items[ret->at].id)
		return 0;
	ret->found = true;
	ret->row = *row;
	ret->row.latency = copy(&ret->arena, row->latency);
	ret->row.error = copy(&ret->arena, row->error);
	ret->row.stacks = copy(&ret->arena, row->stacks);
	ret->row.stderr_tail = copy(&ret->arena, row->stderr_tail);
	return 0;
}

/* The report of a child came when the row was written already. */
static int correct(struct experiment *experiment, size_t at, struct err *err) {
	struct correction correction = {.experiment = experiment, .at = at};
	const struct tree_claim *says = &experiment->pairing.items[at].says;
	struct store_trial *row = &correction.row;
	arena_init(&correction.arena, 4 * STACKS_BYTES + 4 * TAIL_BYTES);
	int code = store_trials(experiment->store, experiment->plan.id, keep_row, &correction, err);
	if (!code && correction.found) {
		plan_correct(&experiment->plan, row, TRIAL_CRASHED);
		experiment->known[at].outcome = row->outcome = TRIAL_CRASHED;
		row->pid = says->pid.set ? says->pid : row->pid;
		row->launched_at_us =
			says->launched_at_us.set ? says->launched_at_us : row->launched_at_us;
		code = store_trial_end(experiment->store, row, err);
	}
	arena_finish(&correction.arena);
	return code;
}

/* It was given to another trial before, or is no longer there. */
static bool is_taken(int code) {
	return code == -EEXIST || code == -ENOENT;
}

void experiment_settle(struct experiment *experiment, size_t at, bool last) {
	struct pairing_trial *trial = &experiment->pairing.items[at];
	struct err err = {0};
	if (!trial->incident || trial->paired || trial->live ||
		(trial->itself && trial->rank != PAIRING_ITSELF && !last) ||
		!experiment_free_store(experiment))
		return;
	int code = store_trial_pair(experiment->store, trial->id, trial->incident, &err);
	if (is_taken(code)) {
		trial->incident = 0;
		return;
	}
	trial->paired = true;
	if (!code && experiment_shows_crash(experiment, at))
		code = correct(experiment, at, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

static void give(struct experiment *experiment, size_t at, const struct arrival *arrival,
	enum pairing_rank rank) {
	pairing_set(&experiment->pairing, at, arrival, rank);
	experiment_settle(experiment, at, false);
}

/* The trial that was paired with the report by an earlier runner, or PAIRING_NONE. */
static size_t find_paired(const struct experiment *experiment, int64_t incident) {
	for (size_t i = 0; i < experiment->pairing.count; i++)
		if (experiment->pairing.items[i].paired &&
			experiment->pairing.items[i].incident == incident)
			return i;
	return PAIRING_NONE;
}

/* That one may have been killed before it had stored what follows from the pair. */
static void look_again(struct experiment *experiment, size_t at, const struct arrival *arrival) {
	struct err err = {0};
	experiment->pairing.items[at].says = arrival->says;
	if (!experiment_shows_crash(experiment, at) || !experiment_free_store(experiment))
		return;
	int code = correct(experiment, at, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

static int on_arrival(const struct arrival *arrival, void *user) {
	struct experiment *experiment = user;
	enum pairing_rank rank;
	size_t at = find_paired(experiment, arrival->id);
	if (at != PAIRING_NONE) {
		look_again(experiment, at, arrival);
		return 0;
	}
	at = pairing_find(&experiment->pairing, arrival, &rank);
	if (at != PAIRING_NONE)
		give(experiment, at, arrival, rank);
	return 0;
}

static void refresh(void *user) {
	struct experiment *experiment = user;
	if (experiment->attempt.running)
		watched_sample(&experiment->attempt.watched);
}

static void look_at_open(struct experiment *experiment) {
	struct process_info *all = NULL;
	struct err err = {0};
	struct arrival arrival;
	enum pairing_rank rank;
	size_t count = 0, at;
	int64_t now = experiment_now_ms();
	if (!pairing_is_open(&experiment->pairing) ||
		now - experiment->looked_at_open_ms < OPEN_MS ||
		process_list(&all, &count, &err) < 0)
		return;
	experiment->looked_at_open_ms = now;
	pairing_update(&experiment->pairing, all, count, clock_now_us());
	free(all);
	while (pairing_next(&experiment->pairing, &arrival, &at, &rank))
		give(experiment, at, &arrival, rank);
}

void experiment_look(struct experiment *experiment) {
	struct err err = {0};
	bool own = experiment->committed;
	experiment->committed = false;
	look_at_open(experiment);
	int code = arrivals_look(&experiment->arrivals, own, refresh, on_arrival, experiment, &err);
	if (code)
		experiment_fail(experiment, code, &err);
}

/* ---- why some are missing ---- */

struct labels {
	char process[LABELS][PROCESS_BYTES]; /* "": not known */
	enum reporter_label label[LABELS];
	size_t count;
};

static bool has_any(const struct experiment *experiment) {
	for (size_t i = 0; i < experiment->pairing.count; i++)
		if (experiment->pairing.items[i].paired)
			return true;
	return false;
}

/* Asks once for each process: what is not late has the same reason for all of one name. */
static enum reporter_label explain(struct experiment *experiment, struct labels *labels,
	const char *process, int64_t ended_at_us) {
	const struct reporter_question question = {.process = process,
		.crashed_at_us = ended_at_us,
		.now_us = clock_now_us(),
		.folders = experiment->options->folders,
		.folder_count = experiment->options->folder_count};
	if (question.now_us - ended_at_us < REPORTER_LATE_US)
		return REPORTER_LATE;
	for (size_t i = 0; i < labels->count; i++)
		if (!strncmp(labels->process[i], process ? process : "", PROCESS_BYTES - 1))
			return labels->label[i];
	enum reporter_label label = reporter_explain(experiment->options->reporter, &question);
	/* Somebody has written reports of other trials. */
	if (label == REPORTER_OFF && has_any(experiment))
		label = REPORTER_UNKNOWN;
	if (labels->count < LABELS) {
		snprintf(labels->process[labels->count], PROCESS_BYTES, "%s",
			process ? process : "");
		labels->label[labels->count++] = label;
	}
	return label;
}

/* Reports may have another name for a process than the system: that of the condition's other
 * crashes. Borrowed from the store. */
static const char *reported_name(struct experiment *experiment, int64_t condition) {
	for (size_t i = 0; i < experiment->pairing.count; i++) {
		const struct pairing_trial *trial = &experiment->pairing.items[i];
		struct incident incident;
		struct err ignored = {0};
		char word[24];
		if (!trial->paired || trial->incident <= 0 ||
			experiment->known[i].condition != condition)
			continue;
		snprintf(word, sizeof word, "%" PRId64, trial->incident);
		if (store_find(experiment->store, word, &incident, &ignored) == 0)
			return incident.process;
	}
	return NULL;
}

/* The name of the process whose report is missing; NULL: it need not be the command's. */
static const char *process_of(struct experiment *experiment, size_t at) {
	const struct known_trial *known = &experiment->known[at];
	const char *reported = reported_name(experiment, known->condition);
	if (reported)
		return reported;
	if (!experiment->pairing.items[at].itself)
		return NULL;
	if (known->process[0])
		return known->process;
	const char *command = experiment->plan.conditions[known->condition].argv[0];
	const char *slash = strrchr(command, '/');
	return slash ? slash + 1 : command;
}

void experiment_label_crashes(struct experiment *experiment) {
	struct labels labels = {.count = 0};
	for (size_t i = 0; i < experiment->pairing.count; i++) {
		const struct pairing_trial *trial = &experiment->pairing.items[i];
		struct err err = {0};
		if (!experiment_lacks(experiment, i) || trial->incident)
			continue;
		enum reporter_label label = explain(experiment, &labels, process_of(experiment, i),
			trial->ended_at_us.set ? trial->ended_at_us.value : trial->started_at_us);
		if (!experiment_free_store(experiment))
			return;
		int code = store_trial_label(
			experiment->store, trial->id, reporter_label_names[label], &err);
		if (code)
			experiment_fail(experiment, code, &err);
	}
}
