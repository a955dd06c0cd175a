/*
 * One file on its way through a worker: read, parsed, triaged, compressed. A worker sees its job
 * and nothing else. Knows nothing of the database but the packer it was given.
 */
#ifndef COLLECT_JOB_H
#define COLLECT_JOB_H

#include "base/arena.h"
#include "base/sha256.h"
#include "collect/select.h"
#include "collect/walk.h"
#include "ips/document.h"
#include "store/store.h"
#include "triage/rules.h"

#include <uv.h>

enum job_outcome { JOB_TAKEN, JOB_PASSED, JOB_REJECTED };

struct job {
	uv_work_t work;
	void *owner;      /* whoever made it */
	struct job *next; /* in a list of its owner's */
	/* in */
	struct candidate candidate;
	const struct selection *selection; /* borrowed, as are the rules */
	const struct rules *rules;
	struct store_packer *packer; /* owned; made by the owner */
	unsigned packer_generation;
	/* out */
	enum job_outcome outcome;
	struct err err; /* why it was rejected */
	struct buf bytes, packed;
	uint32_t dictionary;
	char sha256[SHA256_HEX_BYTES];
	struct document document;
	struct triage *triages; /* one per report; of those that are selected */
	bool *selected;
	unsigned selected_count;
	struct arena arena;
};

void job_init(struct job *job, void *owner);
/* The whole work, in a worker. */
void job_run(struct job *job);
/* Ready for the next candidate; keeps memory for it, unless it is much. */
void job_reset(struct job *job);
/* Gives all memory back; may be used again. Not while it runs. */
void job_trim(struct job *job);

/* True when the file's end could be the end of a part: a text, which tells nobody where it ends, or
 * no line end behind the last byte. Of a job that was taken. */
bool job_may_grow(const struct job *job);

#endif
