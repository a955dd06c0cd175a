/* What a damaged database still gives, taken into a new one. */
#ifndef CLI_DOCTOR_SALVAGE_H
#define CLI_DOCTOR_SALVAGE_H

#include "cli/doctor.h"
#include "store/experiment.h"
#include "store/state.h"

struct doctor_salvaged {
	uint64_t incidents;  /* saved */
	uint64_t lost, gone; /* stored files that could not be read; that retention had emptied */
	bool unreadable;     /* nothing of it is a database any more */
};

/* From the file at path into doctor->store, classified with today's rules. Negative: the new
 * database failed. */
int doctor_salvage(
	struct doctor *doctor, const char *path, struct doctor_salvaged *ret, struct err *err);

/* Its experiments, once the incidents are there: ret->incomplete when something of them is missing.
 * Negative: the new database failed. */
int doctor_salvage_experiments(struct doctor *doctor, const char *path,
	struct store_salvaged_experiments *ret, struct err *err);

/* The same for what people decided of sites and signatures. */
int doctor_salvage_states(struct doctor *doctor, const char *path,
	struct store_salvaged_states *ret, struct err *err);

/* The same for found symbols, which can be found again: those that cannot be read are not told. */
int doctor_salvage_symbols(struct doctor *doctor, const char *path, struct err *err);

#endif
