/*
 * What stands in an exported archive, and taking one in again. Knows members and their order; the
 * bytes go to bundle.h. Redacted unless told otherwise; the same database and options give the same
 * bytes.
 */
#ifndef EXPORT_ARCHIVE_H
#define EXPORT_ARCHIVE_H

#include "export/analysis.h"
#include "export/bundle.h"

/* For whom: chooses members and limits. */
enum archive_purpose {
	ARCHIVE_FOR_ARCHIVE, /* everything */
	ARCHIVE_FOR_APPLE,   /* with FEEDBACK.md, without ISSUE.md */
	ARCHIVE_FOR_GITHUB,  /* with ISSUE.md, without FEEDBACK.md; at most 25 MB */
	ARCHIVE_PURPOSE_COUNT,
};

extern const char
	*const archive_purpose_names[ARCHIVE_PURPOSE_COUNT]; /* "archive", "apple", "github" */

/* The folder in an archive that holds everything. */
#define ARCHIVE_FOLDER "agxtriage-export"

/* Members: "manifest.json", "SHA256SUMS", "REPORT.md", "report.html", "incidents.json",
 * "experiments.json", "platform.json", "FEEDBACK.md", "ISSUE.md", "repro/agxtriage-repro.m",
 * "repro/README.md", "reports/NNNNNN-ID.ips". manifest.h tells of the first. */

/* What was replaced in what is going to be written. */
struct archive_review;
/* member: where it came first ("reports/000001-....ips"). Texts borrowed for the call. */
typedef int (*archive_review_fn)(
	const struct redact_replacement *replacement, const char *member, void *user);
/* In the order of the placeholders; those that stand nowhere are passed over. */
int archive_review_each(const struct archive_review *review, archive_review_fn fn, void *user);

struct archive_options {
	const struct store_filter *filter;
	const struct rules *rules;
	struct redactor *redactor; /* NULL: originals, byte for byte */
	enum archive_purpose purpose;
	bool no_experiments;     /* measurements are left out of everything */
	uint64_t max_bytes;      /* 0: no limit; of the compressed archive */
	const char *platform;    /* JSON object: the fingerprint of this machine */
	const char *repro_path;  /* the single-file repro; NULL: none to be had, why is told in the
				    manifest */
	const char *repro_build; /* its one-line clang command */
	const char *version;     /* of agxtriage */
	const volatile bool *stop; /* NULL, or polled: -EINTR */
	/* NULL, or called once everything is redacted, and what does not fit left out, and before
	 * anything is written; negative ends it with that code. Only with a redactor. */
	int (*on_review)(const struct archive_review *review, void *user, struct err *err);
	/* NULL, or called now and then: done of total incidents. */
	void (*on_progress)(uint64_t done, uint64_t total, void *user);
	void *user;
};

struct archive_result {
	uint64_t incidents, reports, bytes; /* bytes: of the archive */
	uint64_t simulated;                 /* of the incidents */
	uint64_t replaced;    /* different values that stand in the archive as placeholders */
	uint64_t unreadable;  /* incidents left out because their bytes cannot be read or redacted
				 (told in the manifest) */
	uint64_t raw_gone;    /* incidents without their bytes: their rows alone are there */
	uint64_t dropped;     /* incidents left out for max_bytes, from the oldest on */
	int64_t *dropped_ids; /* freed by archive_result_finish() */
	uint64_t changed; /* reports whose site or signature is another after redaction (told in the
			     manifest) */
};

/* -ENODATA: nothing matches, nothing is written. -EFBIG: not even one incident fits max_bytes. */
int archive_write(struct store *store, const struct archive_options *options,
	const struct bundle_options *bundle, struct archive_result *ret, struct err *err);
void archive_result_finish(struct archive_result *result);

#endif
