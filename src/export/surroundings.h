/*
 * What the database knows of a stored incident beyond its report: what people decided of its
 * signature or its site, and which GPU events, panics and crashes stand near it in time. Knows
 * nothing of how that is shown.
 */
#ifndef EXPORT_SURROUNDINGS_H
#define EXPORT_SURROUNDINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "store/state.h"
#include "store/store.h"

/* A GPU event and the crashes of it stand close together; a panic follows a little later. */
#define SURROUNDINGS_WINDOW_US (INT64_C(60) * 1000000)
#define SURROUNDINGS_PANIC_WINDOW_US (INT64_C(300) * 1000000)
/* A program that crashes again and again has no end of them: the nearest are kept. */
#define SURROUNDINGS_NEIGHBOURS 100

struct redactor;
struct rules;

struct neighbour {
	int64_t id;
	const char *incident_id; /* NULL: it has none */
	enum report_kind kind;
	int64_t captured_at_us, distance_us; /* distance: its time minus the incident's */
	const char *process, *what;          /* NULL where absent */
	enum tristate same_process;          /* a panic has none */
};

/* How the signature, or else its site, became a regression. */
struct regression {
	struct i64_opt at_us, incident; /* at_us absent: nothing is known of it */
	const char *os_build;
};

/* Texts live in arena; NULL: none. note, url and fixed_in: the signature's, else the site's. */
struct surroundings {
	struct arena arena;
	const char *status; /* as the row has it */
	const char *note, *url, *fixed_in;
	struct regression regression;
	struct neighbour *neighbours; /* nearest first */
	size_t neighbour_count, neighbour_cap;
	size_t neighbours_left_out;
};

/*
 * Of a row of the store; its texts are read before the store is asked anything. Released with
 * surroundings_finish() whether this succeeds or not.
 */
int surroundings_load(
	struct store *store, const struct incident *row, struct surroundings *ret, struct err *err);
void surroundings_finish(struct surroundings *around);
/* As they may leave the machine: texts redacted, and neighbours only those among the count ids that
 * leave too (in ascending order); the others are counted. */
int surroundings_redact(struct surroundings *around, struct redactor *redactor,
	const struct rules *rules, const int64_t *ids, size_t count, struct err *err);

#endif
