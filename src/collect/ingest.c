/* The pipeline. A job runs in a worker between submit and finish, and sees nothing but itself. */
#include "collect/ingest.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "collect/select.h"
#include "ips/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A group commit ends after so many incidents (they fit into SQLite's page cache) or so long. */
#define BATCH_ROWS 128
#define BATCH_US 250000
/* A file that changes while it is read is read again so often, 20 ms apart. */
#define CHANGED_TRIES 5
/* Between attempts to train a dictionary. */
#define TRAIN_EVERY 64

enum outcome { OUTCOME_TAKEN, OUTCOME_PASSED, OUTCOME_REJECTED };

struct job {
	uv_work_t work;
	struct ingest *ingest;
	struct job *next_free;
	/* in */
	struct candidate candidate;
	const struct selection *selection;
	const struct rules *rules;
	struct store_packer *packer;
	unsigned packer_generation;
	/* out */
	enum outcome outcome;
	struct err err;
	struct buf bytes, packed;
	uint32_t dictionary;
	char sha256[SHA256_HEX_BYTES];
	struct document document;
	struct triage *triages; /* one per report; NULL for one that the selection leaves out */
	bool *selected;
	unsigned selected_count;
	struct arena arena;
};

struct ingest {
	uv_loop_t *loop;
	struct store *store;
	const struct rules *rules;
	struct ingest_options options;
	struct ingest_summary summary;
	struct job *jobs, *free_jobs;
	unsigned job_count, in_flight;
	unsigned packer_generation; /* raised when a dictionary was trained */
	uint64_t added_at_training;
	bool trained;
	bool in_batch;
	unsigned batch_rows;
	int64_t batch_started_us;
	struct err failure;
};

/* ---- in a worker ---- */

static int read_stable(struct job *job) {
	enum file_follow follow = job->candidate.named ? FILE_FOLLOW : FILE_NOFOLLOW;
	int code = 0;
	for (int i = 0; i < CHANGED_TRIES; i++) {
		code = file_read(AT_FDCWD, job->candidate.path, follow, LIMIT_REPORT_BYTES,
			&job->bytes, &job->candidate.identity, &job->err);
		if (code != -EAGAIN)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	return code;
}

static int triage_all(struct job *job) {
	struct document *document = &job->document;
	bool by_name = job->candidate.named || select_by_name(job->selection, job->candidate.path);
	job->triages = arena_calloc(&job->arena, document->count, sizeof *job->triages);
	job->selected = arena_calloc(&job->arena, document->count, sizeof *job->selected);
	if (!job->triages || !job->selected)
		return -ENOMEM;
	job->outcome = OUTCOME_PASSED;
	job->selected_count = 0;
	for (size_t i = 0; i < document->count; i++) {
		const struct report *report = document->reports[i];
		job->selected[i] = by_name || select_by_content(report);
		if (!job->selected[i])
			continue;
		job->outcome = OUTCOME_TAKEN;
		job->selected_count++;
		int code = triage_run(&job->triages[i], report, job->rules, &job->arena, NULL);
		if (code)
			return code;
	}
	return 0;
}

static int digest(struct job *job) {
	uint8_t digest_bytes[SHA256_BYTES];
	sha256(job->bytes.data ? job->bytes.data : "", job->bytes.len, digest_bytes);
	sha256_hex(digest_bytes, job->sha256);
	return store_pack(job->packer, job->bytes.data, job->bytes.len, &job->packed,
		&job->dictionary, &job->err);
}

static void work(uv_work_t *request) {
	struct job *job = request->data;
	job->outcome = OUTCOME_REJECTED;
	int code = read_stable(job);
	if (code)
		return;
	code = document_parse(job->bytes.data, job->bytes.len, &job->document, &job->err);
	if (code == -EBADMSG && !job->candidate.named &&
		!select_is_report_name(job->candidate.path)) {
		job->outcome = OUTCOME_PASSED;
		return;
	}
	if (!code)
		code = triage_all(job);
	if (!code && job->outcome == OUTCOME_TAKEN)
		code = digest(job);
	if (!code)
		return;
	job->outcome = OUTCOME_REJECTED;
	if (code == -ENOMEM)
		err_set(&job->err, code, "out of memory");
}

/* ---- in the loop's thread ---- */

static void fail(struct ingest *ingest, const struct err *err) {
	if (!ingest->failure.code)
		ingest->failure = *err;
}

static int begin(struct ingest *ingest, struct err *err) {
	if (ingest->in_batch)
		return 0;
	int code = store_begin(ingest->store, err);
	if (code)
		return code;
	ingest->in_batch = true;
	ingest->batch_rows = 0;
	ingest->batch_started_us = clock_monotonic_us();
	return 0;
}

static int train(struct ingest *ingest, struct err *err) {
	if (ingest->trained || ingest->summary.added < ingest->added_at_training + TRAIN_EVERY)
		return 0;
	ingest->added_at_training = ingest->summary.added;
	int code = store_train(ingest->store, &ingest->trained, err);
	if (!code && ingest->trained)
		ingest->packer_generation++;
	return code;
}

int ingest_flush(struct ingest *ingest, struct err *err) {
	if (!ingest->in_batch)
		return 0;
	ingest->in_batch = false;
	int code = store_commit(ingest->store, err);
	if (code) {
		store_rollback(ingest->store);
		return code;
	}
	if (ingest->options.on_committed)
		ingest->options.on_committed(ingest->options.user);
	return train(ingest, err);
}

static int flush_when_due(struct ingest *ingest, struct err *err) {
	if (ingest->in_batch && ++ingest->batch_rows < BATCH_ROWS &&
		clock_monotonic_us() - ingest->batch_started_us < BATCH_US)
		return 0;
	return ingest_flush(ingest, err);
}

static int put_report(
	struct ingest *ingest, struct job *job, const struct store_source *source, size_t i) {
	struct store_item item = {
		.source = source,
		.bytes = job->bytes.data,
		.len = job->bytes.len,
		.packed = job->packed.data,
		.packed_len = job->packed.len,
		.packed_dictionary = job->dictionary,
		.sha256 = job->sha256,
		.ordinal = i,
		.report = job->document.reports[i],
		.triage = &job->triages[i],
		.rules_version = rules_version(ingest->rules),
		.named = job->candidate.named,
	};
	enum store_put put;
	int64_t id;
	int code = store_put(ingest->store, &item, &put, &id, &job->err);
	if (code)
		return code;
	ingest->summary.seen++;
	ingest->summary.added += put == STORE_ADDED;
	ingest->summary.known += put != STORE_ADDED;
	ingest->summary.conflicts += put == STORE_CONFLICT;
	if (put == STORE_ADDED && ingest->options.on_added)
		ingest->options.on_added(id, item.report, item.triage, ingest->options.user);
	return 0;
}

static int reject(struct ingest *ingest, const struct store_source *source, const char *reason,
	struct err *err) {
	ingest->summary.seen++;
	ingest->summary.rejected++;
	int code = store_put_rejected(ingest->store, source, reason, err);
	if (!code && ingest->options.on_rejected)
		ingest->options.on_rejected(source->path, reason, ingest->options.user);
	return code;
}

/* "PATH: reason": the path is shown by whoever shows the reason. */
static const char *without_path(const char *text, const char *path) {
	size_t len = strlen(path);
	if (strncmp(text, path, len) == 0 && text[len] == ':' && text[len + 1] == ' ')
		return text + len + 2;
	return text;
}

/* What the file is or holds is remembered until it changes. What was missing around it (memory,
 * descriptors, a right, the disk) may be there at the next scan. */
static bool file_is_to_blame(int code) {
	return code == -EBADMSG || code == -E2BIG || code == -EFBIG || code == -ENXIO ||
	       code == -EISDIR || code == -ELOOP;
}

/* No file is like that: the next scan reads it again. */
static void forget_identity(struct store_source *source) {
	source->identity = (struct file_identity){.size = source->identity.size};
}

static int put_job(struct ingest *ingest, struct job *job) {
	struct store_source source = {
		.path = job->candidate.path,
		.identity = job->candidate.identity,
		.seen_at_us = clock_now_us(),
		.reports = job->selected_count,
	};
	struct err *err = &job->err;
	char reason[ERR_TEXT_BYTES];
	int code = begin(ingest, err);
	if (code)
		return code;
	switch (job->outcome) {
	case OUTCOME_TAKEN:
		if (job->selected_count < job->document.count)
			forget_identity(&source); /* --all wants the rest */
		for (size_t i = 0; !code && i < job->document.count; i++)
			if (job->selected[i])
				code = put_report(ingest, job, &source, i);
		break;
	case OUTCOME_PASSED:
		source.reports = (unsigned)job->document.count;
		ingest->summary.seen++;
		ingest->summary.passed_over++;
		code = store_put_passed(ingest->store, &source, err);
		break;
	case OUTCOME_REJECTED:
	default:
		memcpy(reason, job->err.text, sizeof reason);
		if (!file_is_to_blame(err->code))
			forget_identity(&source);
		code = reject(ingest, &source, without_path(reason, source.path), err);
		break;
	}
	return code;
}

static void release(struct job *job) {
	document_finish(&job->document);
	job->document = (struct document){0};
	arena_reset(&job->arena);
	free(job->candidate.path);
	job->candidate = (struct candidate){0};
	job->err = (struct err){0};
	if (job->bytes.cap > (4u << 20))
		buf_finish(&job->bytes);
	if (job->packed.cap > (4u << 20))
		buf_finish(&job->packed);
	job->next_free = job->ingest->free_jobs;
	job->ingest->free_jobs = job;
}

/* What vanished between the look at its name and the look inside is no report: its next name, if it
 * has one, is a candidate of its own. */
static bool put_off(struct ingest *ingest, const struct job *job) {
	int code = job->err.code;
	if (job->outcome != OUTCOME_REJECTED || job->candidate.named)
		return false;
	if (code == -ENOENT || code == -ENOTDIR)
		return true;
	return (code == -EBADMSG || code == -EAGAIN) && ingest->options.on_incomplete &&
	       ingest->options.on_incomplete(&job->candidate, &job->err, ingest->options.user);
}

static void finish(uv_work_t *request, int status) {
	struct job *job = request->data;
	struct ingest *ingest = job->ingest;
	ingest->in_flight--;
	if (status == 0 && !ingest->failure.code && !put_off(ingest, job) && put_job(ingest, job))
		fail(ingest, &job->err);
	release(job);
	struct err err = {0};
	if (!ingest->failure.code && flush_when_due(ingest, &err))
		fail(ingest, &err);
	if (ingest->options.on_ready)
		ingest->options.on_ready(ingest->options.user);
}

/* Packers read their dictionary from the store, so they are made in the loop's thread. */
static int renew_packer(struct ingest *ingest, struct job *job, struct err *err) {
	if (job->packer && job->packer_generation == ingest->packer_generation)
		return 0;
	store_packer_free(job->packer);
	job->packer = NULL;
	job->packer_generation = ingest->packer_generation;
	return store_packer_new(ingest->store, &job->packer, err);
}

/* Counts a file whose fate is known without opening it. True when there is nothing left to do. */
static int look_up(
	struct ingest *ingest, const struct candidate *candidate, bool *ret_done, struct err *err) {
	struct store_source source = {
		.path = candidate->path,
		.identity = candidate->identity,
		.seen_at_us = clock_now_us(),
	};
	enum store_file_state state;
	unsigned reports;
	*ret_done = true;
	int code = store_file_state(ingest->store, &source, &state, &reports, err);
	if (code)
		return code;
	if (state == STORE_FILE_KNOWN) {
		ingest->summary.known += reports;
		ingest->summary.seen += reports;
		return 0;
	}
	const struct selection *selection = ingest->options.selection;
	bool excluded = !candidate->named && select_excludes(selection, candidate->path);
	bool stays_passed = state == STORE_FILE_PASSED && !candidate->named &&
			    (!reports || !select_by_name(selection, candidate->path));
	if (excluded || stays_passed)
		ingest->summary.passed_over++;
	else if (state == STORE_FILE_REJECTED && !candidate->named)
		ingest->summary.rejected++;
	else if (candidate->refused)
		return (code = begin(ingest, err))
			       ? code
			       : reject(ingest, &source, candidate->refused, err);
	else
		*ret_done = false;
	ingest->summary.seen += *ret_done;
	return 0;
}

int ingest_submit(struct ingest *ingest, struct candidate *candidate, struct err *err) {
	bool done;
	int code = ingest->failure.code;
	if (code) {
		*err = ingest->failure;
		return code;
	}
	code = look_up(ingest, candidate, &done, err);
	if (code || done)
		return code;
	struct job *job = ingest->free_jobs;
	if (!job)
		return err_set(err, -EBUSY, "too many files in flight");
	code = renew_packer(ingest, job, err);
	if (code)
		return code;
	job->selection = ingest->options.selection;
	job->rules = ingest->rules;
	job->candidate = *candidate; /* from here on the worker may run */
	code = uv_queue_work(ingest->loop, &job->work, work, finish);
	if (code) {
		job->candidate = (struct candidate){0};
		return err_set(err, code, "thread pool: %s", uv_strerror(code));
	}
	ingest->free_jobs = job->next_free;
	candidate->path = NULL;
	ingest->in_flight++;
	return 0;
}

bool ingest_ready(const struct ingest *ingest) {
	return ingest->free_jobs && !ingest->failure.code;
}

unsigned ingest_in_flight(const struct ingest *ingest) {
	return ingest->in_flight;
}

const struct ingest_summary *ingest_summary(const struct ingest *ingest) {
	return &ingest->summary;
}

const struct err *ingest_failure(const struct ingest *ingest) {
	return ingest->failure.code ? &ingest->failure : NULL;
}

int ingest_new(uv_loop_t *loop, struct store *store, const struct rules *rules,
	const struct ingest_options *options, struct ingest **ret, struct err *err) {
	struct ingest *ingest = calloc(1, sizeof *ingest);
	/* Enough to keep every worker busy while the writer works; each holds one report's bytes.
	 */
	unsigned count = 2 * (unsigned)uv_available_parallelism() + 2;
	if (ingest)
		ingest->jobs = calloc(count, sizeof *ingest->jobs);
	if (!ingest || !ingest->jobs) {
		free(ingest);
		return err_set(err, -ENOMEM, "out of memory");
	}
	ingest->loop = loop;
	ingest->store = store;
	ingest->rules = rules;
	ingest->options = *options;
	ingest->job_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct job *job = &ingest->jobs[i];
		job->ingest = ingest;
		job->work.data = job;
		arena_init(&job->arena, LIMIT_REPORT_ARENA_BYTES);
		job->next_free = ingest->free_jobs;
		ingest->free_jobs = job;
	}
	*ret = ingest;
	return 0;
}

void ingest_free(struct ingest *ingest) {
	if (!ingest)
		return;
	for (unsigned i = 0; i < ingest->job_count; i++) {
		struct job *job = &ingest->jobs[i];
		store_packer_free(job->packer);
		buf_finish(&job->bytes);
		buf_finish(&job->packed);
		arena_finish(&job->arena);
	}
	free(ingest->jobs);
	free(ingest);
}
