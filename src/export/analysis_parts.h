/*
 * What the parts of the analysis share while it is made. For export/analysis*.c only.
 */
#ifndef EXPORT_ANALYSIS_PARTS_H
#define EXPORT_ANALYSIS_PARTS_H

#include "export/analysis.h"
#include "triage/redact_fact.h"

/* ---- places: which element of an array belongs to a key ---- */

#define PLACES_WORDS 3
struct places_key {
	uint64_t words[PLACES_WORDS];
};

/* Open addressing; grows. Zeroed: empty. */
struct places {
	struct places_slot *slots;
	size_t count, cap;
};

/* The index that key was given at first: next, when it is new (*ret == next then). -ENOMEM. */
int places_find(struct places *places, const struct places_key *key, size_t next, size_t *ret);
void places_finish(struct places *places);

/* ---- texts: redacted and kept once, so that equal ones have the same address ---- */

struct texts {
	struct arena *arena;       /* of the analysis */
	struct redactor *redactor; /* NULL: nothing is redacted */
	struct text_slot *slots;
	size_t count, cap;
	struct buf redacted; /* scratch */
	bool failed;         /* out of memory: some are NULL */
};

/* NULL stays NULL, whatever the form. TEXTS_AS_IS: is none of the user's, stays as it is. */
#define TEXTS_AS_IS REDACT_FORM_COUNT
const char *texts_keep(struct texts *texts, enum redact_form form, const char *text);
const char *texts_keep_fact(struct texts *texts, enum redact_fact fact, const char *text);
/* "EXC_BAD_ACCESS near_null 0x5c8 | FRAME | FRAME", part by part. */
const char *texts_keep_signature(struct texts *texts, const char *text);
void texts_finish(struct texts *texts);

/* ---- counting ---- */

/* The lists of a site, and those of the whole. */
enum analysis_list {
	LIST_EXCEPTIONS,
	LIST_FAULT_KINDS,
	LIST_ACCESSES,
	LIST_BASE_REGISTERS,
	LIST_ADDRESSES,
	LIST_OPERATIONS,
	LIST_PROCESSES,
	LIST_QUEUES,
	LIST_OS_BUILDS,
	LIST_DRIVER_VERSIONS,
	LIST_MODELS,
	LIST_ATTRIBUTIONS,
	LIST_DRIVER_IMAGES,
	LIST_OF_SITE, /* those above */
	LIST_OS_VERSIONS = LIST_OF_SITE,
	LIST_OF_TEXTS, /* those above */
	LIST_OFFSETS = LIST_OF_TEXTS,
	LIST_SIGNATURES,
	LIST_STACKS,
	LIST_CALLS,
	LIST_CELL_PAIRS,
	LIST_CELLS,
	LIST_DAYS,
	LIST_EVENTS,
	LIST_SITES,
	LIST_FILES,
};

/* Crashes of one site with one stack, simulated ones apart. */
struct analysis_stack {
	size_t site;
	int64_t stack_id; /* 0: none */
	bool simulated;
	uint64_t count;
	int64_t newest;        /* row id of the first one met */
	const char *newest_id; /* its incident id; NULL: it has none of the form */
	size_t ordinal;
};

/* The stack that stands for a site. NULL: it has none. */
struct analysis_typical {
	const struct analysis_stack *stack;
	uint64_t crashes; /* whose stack is that one, folded */
};

/* Crashes of one site whose other threads were in the same calls. */
struct analysis_calls {
	size_t site;
	int64_t calls_id;
	uint64_t count;
};

struct analysis_rooms {
	size_t offsets, calls, signatures;
};

/* While it is loaded. */
struct analysis_work {
	struct store *store;
	const struct analysis_options *options;
	struct analysis *analysis;
	struct texts texts;
	struct places places;
	struct analysis_stack *stacks;
	struct analysis_calls *calls;
	/* Rooms of the growing arrays. */
	size_t stack_count, stack_cap, calls_count, calls_cap;
	size_t site_cap, cell_cap, day_cap, incident_cap, event_cap, pair_count;
	struct analysis_rooms *rooms; /* of each site */
	size_t rooms_cap;
	struct buf scratch;
	struct err *err;
};

/* In list of owner (0: the whole, site + 1 else) the place of what; next as in places_find(). */
int analysis_place(struct analysis_work *work, enum analysis_list list, size_t owner, uint64_t what,
	size_t next, size_t *ret);

/* What the row says, as it is kept. */
struct analysis_facts {
	const char *of[LIST_OF_TEXTS];
	const char *site, *site_title, *signature;
};

bool analysis_is_near_null(const struct incident *row);
/* A copy of its incident id; NULL when it has not the form of one. */
const char *analysis_incident_id(struct analysis_work *work, const struct incident *row);
/* Its report in the archive. */
const char *analysis_member(struct analysis_work *work, int64_t id);
/* Counts a crash in its site, which is made when it is new; *ret: its place. analysis_sites.c. */
int analysis_count_site(struct analysis_work *work, const struct analysis_facts *facts,
	const struct incident *row, size_t *ret);
/* Fills in what the incidents tell: analysis_incidents.c. */
int analysis_take_incidents(struct analysis_work *work);
/* Stacks, calls, samples, states, correlation: analysis_evidence.c. */
int analysis_take_evidence(struct analysis_work *work);
/* analysis_stacks.c. -errno; err is set unless it is -ENOMEM. */
int analysis_typical_stack(struct analysis_work *work, size_t site, struct analysis_typical *ret);
/* Experiments, redacted: analysis_experiments.c. */
int analysis_take_experiments(struct analysis_work *work);
/* Evidence in words and commands to run next, for each site: analysis_next.c. */
int analysis_take_next(struct analysis_work *work);
/* Frames of the signatures of crashes that no rule knows, once all is in order:
 * analysis_groups.c. */
int analysis_take_groups(struct analysis_work *work);
/* Puts sites, lists and cells into their order: analysis_order.c. -ENOMEM. */
int analysis_order(struct analysis *analysis);
/* The list of a site. */
struct analysis_counts *analysis_site_list(struct analysis_site *site, enum analysis_list list);

/* Widens a range of times by one. */
void analysis_widen(struct i64_opt *first, struct i64_opt *last, struct i64_opt at_us);

/* Adds a copy of text to a list of few. -ENOMEM. */
int analysis_add_text(struct arena *arena, const char ***items, size_t *count, const char *text);
/* Whether an image is the driver's, the simulated one's too. */
bool analysis_is_driver(const char *image);

#endif
