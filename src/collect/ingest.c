/* The writer's side of the pipeline, all of it in the loop's thread; what workers do is in job.c.
 */
#include "collect/ingest.h"

#include "base/clock.h"
#include "base/text.h"
#include "collect/job.h"
#include "collect/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A group commit ends after so many incidents (they fit into SQLite's page cache) or so long. */
#define BATCH_ROWS 128
#define BATCH_US 250000
/* Between attempts to train a dictionary. */
#define TRAIN_EVERY 64

struct ingest {
	uv_loop_t *loop;
	struct store *store;
	const struct rules *rules;
	struct ingest_options options;
	struct ingest_summary summary;
	struct job *jobs;      /* all, also those that are listed below */
	struct job *free_jobs; /* the last one used first: its buffers are warm */
	struct job *busy_jobs; /* in flight */
	unsigned job_count, in_flight;
	unsigned packer_generation; /* raised when a dictionary was trained */
	uint64_t added_at_training;
	bool trained;
	bool in_batch;
	unsigned batch_rows;
	int64_t batch_started_us;
	struct err failure;
};

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
	if (ingest->trained || ingest->options.leave_training ||
		ingest->summary.added < ingest->added_at_training + TRAIN_EVERY)
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
	int code = store_is_current(ingest->store)
			   ? store_commit(ingest->store, err)
			   : err_set(err, -ESTALE, "the database was deleted or replaced");
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

/* It holds nothing that could be looked at again, and its state belongs to whoever watches it. */
static void tell_folder(struct ingest *ingest, const struct candidate *candidate) {
	if (ingest->options.looks_again)
		return;
	ingest->summary.seen++;
	ingest->summary.rejected++;
	if (ingest->options.on_rejected)
		ingest->options.on_rejected(
			candidate->path, candidate->refused, ingest->options.user);
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
		.part = job->outcome == JOB_TAKEN && job->selected_count < job->document.count,
	};
	struct err *err = &job->err;
	char reason[ERR_TEXT_BYTES];
	int code = begin(ingest, err);
	if (code)
		return code;
	switch (job->outcome) {
	case JOB_TAKEN:
		for (size_t i = 0; !code && i < job->document.count; i++)
			if (job->selected[i])
				code = put_report(ingest, job, &source, i);
		break;
	case JOB_PASSED:
		source.reports = (unsigned)job->document.count;
		ingest->summary.seen++;
		ingest->summary.passed_over++;
		code = store_put_passed(ingest->store, &source, err);
		break;
	case JOB_REJECTED:
	default:
		memcpy(reason, job->err.text, sizeof reason);
		if (!file_is_to_blame(err->code))
			forget_identity(&source);
		code = reject(ingest, &source, without_path(reason, source.path), err);
		break;
	}
	return code;
}

static void take_out(struct job **list, struct job *job) {
	while (*list != job)
		list = &(*list)->next;
	*list = job->next;
}

static void release(struct ingest *ingest, struct job *job) {
	job_reset(job);
	take_out(&ingest->busy_jobs, job);
	job->next = ingest->free_jobs;
	ingest->free_jobs = job;
}

static bool ask(bool (*question)(const struct candidate *, const struct err *, void *),
	struct ingest *ingest, const struct job *job, const struct err *err) {
	return question && question(&job->candidate, err, ingest->options.user);
}

/* Whether nothing is to be recorded of a job. What vanished between the look at its name and the
 * look inside is no report: its next name, if it has one, is a candidate of its own. A database or
 * lock of our own is none either, and changes with each record. */
static bool put_off(struct ingest *ingest, const struct job *job) {
	static const struct err growing = {-EINPROGRESS, "may not be whole yet"};
	const struct ingest_options *options = &ingest->options;
	int code = job->err.code;
	if (job->candidate.named)
		return false;
	if (job->outcome == JOB_TAKEN)
		return job_may_grow(job) && ask(options->on_incomplete, ingest, job, &growing);
	if (job->outcome == JOB_PASSED)
		return false;
	if (code == -ENOENT || code == -ENOTDIR || code == -ETXTBSY)
		return true;
	if (code == -EBADMSG || code == -EAGAIN)
		return ask(options->on_incomplete, ingest, job, &job->err);
	return !file_is_to_blame(code) && ask(options->on_unreadable, ingest, job, &job->err);
}

static void finish(uv_work_t *request, int status) {
	struct job *job = request->data;
	struct ingest *ingest = job->owner;
	ingest->in_flight--;
	if (status == 0 && !ingest->failure.code && !put_off(ingest, job) && put_job(ingest, job))
		fail(ingest, &job->err);
	release(ingest, job);
	struct err err = {0};
	if (!ingest->failure.code && flush_when_due(ingest, &err))
		fail(ingest, &err);
	if (ingest->options.on_ready)
		ingest->options.on_ready(ingest->options.user);
}

static void run(uv_work_t *request) {
	job_run(request->data);
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

/* Whether the selection of today takes nothing more from a file than that of the day when it was
 * read. */
static bool stays(const struct ingest *ingest, const struct candidate *candidate,
	enum store_file_state state, unsigned reports) {
	bool by_name =
		candidate->named || select_by_name(ingest->options.selection, candidate->path);
	switch (state) {
	case STORE_FILE_KNOWN:
		return true;
	case STORE_FILE_PART:
		return !by_name;
	case STORE_FILE_PASSED:
		return !candidate->named && (!reports || !by_name);
	case STORE_FILE_REJECTED:
		return !candidate->named;
	case STORE_FILE_NEW:
	default:
		return false;
	}
}

static void count_known(
	struct ingest_summary *summary, enum store_file_state state, unsigned reports) {
	bool taken = state == STORE_FILE_KNOWN || state == STORE_FILE_PART;
	summary->known += taken ? reports : 0;
	summary->rejected += state == STORE_FILE_REJECTED;
	summary->passed_over += !taken && state != STORE_FILE_REJECTED;
	summary->seen += taken ? reports : 1;
}

/* *ret_done: nothing is left to do for the file, and nobody opened it. */
static int look_up(
	struct ingest *ingest, const struct candidate *candidate, bool *ret_done, struct err *err) {
	struct store_source source = {
		.path = candidate->path,
		.identity = candidate->identity,
		.seen_at_us = clock_now_us(),
		.named = candidate->named,
	};
	enum store_file_state state;
	unsigned reports;
	int code = store_file_state(ingest->store, &source, &state, &reports, err);
	if (code)
		return code;
	*ret_done = stays(ingest, candidate, state, reports);
	if (!*ret_done && !candidate->named &&
		select_excludes(ingest->options.selection, candidate->path)) {
		state = STORE_FILE_PASSED;
		*ret_done = true;
	}
	if (*ret_done) {
		if (!ingest->options.looks_again)
			count_known(&ingest->summary, state, reports);
		return 0;
	}
	if (!candidate->refused)
		return 0;
	*ret_done = true;
	code = begin(ingest, err);
	return code ? code : reject(ingest, &source, candidate->refused, err);
}

bool ingest_is_reading(const struct ingest *ingest, const char *path) {
	for (const struct job *job = ingest->busy_jobs; job; job = job->next)
		if (!strcmp(job->candidate.path, path))
			return true;
	return false;
}

int ingest_submit(struct ingest *ingest, struct candidate *candidate, struct err *err) {
	bool done;
	int code = ingest->failure.code;
	if (code) {
		*err = ingest->failure;
		return code;
	}
	if (candidate->folder) {
		tell_folder(ingest, candidate);
		return 0;
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
	code = uv_queue_work(ingest->loop, &job->work, run, finish);
	if (code) {
		job->candidate = (struct candidate){0};
		return err_set(err, code, "thread pool: %s", uv_strerror(code));
	}
	candidate->path = NULL;
	ingest->free_jobs = job->next;
	job->next = ingest->busy_jobs;
	ingest->busy_jobs = job;
	ingest->in_flight++;
	return 0;
}

void ingest_cancel(struct ingest *ingest) {
	for (struct job *job = ingest->busy_jobs; job; job = job->next)
		uv_cancel((uv_req_t *)&job->work);
}

void ingest_retrained(struct ingest *ingest) {
	ingest->packer_generation++;
}

void ingest_trim(struct ingest *ingest) {
	for (struct job *job = ingest->free_jobs; job; job = job->next)
		job_trim(job);
}

bool ingest_in_batch(const struct ingest *ingest) {
	return ingest->in_batch;
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
	unsigned count =
		options->jobs ? options->jobs : 2 * (unsigned)uv_available_parallelism() + 2;
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
		job_init(job, ingest);
		job->next = ingest->free_jobs;
		ingest->free_jobs = job;
	}
	*ret = ingest;
	return 0;
}

void ingest_free(struct ingest *ingest) {
	if (!ingest)
		return;
	if (ingest->in_batch)
		store_rollback(ingest->store);
	for (unsigned i = 0; i < ingest->job_count; i++)
		job_trim(&ingest->jobs[i]);
	free(ingest->jobs);
	free(ingest);
}
