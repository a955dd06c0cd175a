/* What a worker does with one file. */
#include "collect/job.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

/* A file that changes while it is read is read again so often, 20 ms apart. */
#define CHANGED_TRIES 5
/* Buffers beyond this are not kept for the next file. */
#define KEPT_BYTES (1u << 20)

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
	job->outcome = JOB_PASSED;
	job->selected_count = 0;
	for (size_t i = 0; i < document->count; i++) {
		const struct report *report = document->reports[i];
		job->selected[i] = by_name || select_by_content(report);
		if (!job->selected[i])
			continue;
		job->outcome = JOB_TAKEN;
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

void job_run(struct job *job) {
	job->outcome = JOB_REJECTED;
	int code = read_stable(job);
	if (code)
		return;
	code = document_parse(job->bytes.data, job->bytes.len, &job->document, &job->err);
	if (code == -EBADMSG && !job->candidate.named &&
		!select_is_report_name(job->candidate.path)) {
		job->outcome = JOB_PASSED;
		return;
	}
	if (!code)
		code = triage_all(job);
	if (!code && job->outcome == JOB_TAKEN)
		code = digest(job);
	if (!code)
		return;
	job->outcome = JOB_REJECTED;
	if (code == -ENOMEM && job->arena.spent)
		err_set(&job->err, -E2BIG, "the report needs more memory than it may have");
	else if (code == -ENOMEM)
		err_set(&job->err, code, "out of memory");
}

bool job_may_grow(const struct job *job) {
	const struct buf *bytes = &job->bytes;
	if (!bytes->len || bytes->data[bytes->len - 1] != '\n')
		return true;
	for (size_t i = 0; i < job->document.count; i++)
		if (job->document.reports[i]->form != REPORT_FORM_JSON)
			return true;
	return false;
}

void job_init(struct job *job, void *owner) {
	*job = (struct job){.owner = owner};
	job->work.data = job;
	arena_init(&job->arena, LIMIT_REPORT_ARENA_BYTES);
}

void job_reset(struct job *job) {
	document_finish(&job->document);
	job->document = (struct document){0};
	arena_reset(&job->arena);
	free(job->candidate.path);
	job->candidate = (struct candidate){0};
	job->err = (struct err){0};
	if (job->bytes.cap > KEPT_BYTES)
		buf_finish(&job->bytes);
	if (job->packed.cap > KEPT_BYTES)
		buf_finish(&job->packed);
}

void job_trim(struct job *job) {
	job_reset(job);
	store_packer_free(job->packer);
	job->packer = NULL;
	buf_finish(&job->bytes);
	buf_finish(&job->packed);
	arena_finish(&job->arena);
}
