/*
 * Parts of `export`: what is private on this machine, and what a person sees before anything is
 * written.
 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "cli/cli.h"
#include "export/archive.h"

struct export_options {
	const char *site, *output, *max_size, *flat;
	struct i64_opt since, until;
	int format;  /* 0: by the file's name, else an enum bundle_format and 1 */
	int purpose; /* enum archive_purpose */
	bool no_redact, no_experiments, review, yes, json;
	struct option_list redact;
};

/* export_person.c: the user's names, the machine's names, and words. */
int export_know(struct redactor *redactor, const struct option_list *words, struct err *err);

/* Whether a word that is made known goes wherever it stands, not only in paths. */
int export_goes(const char *word, bool *ret, struct err *err);

/* Whether a value that was replaced has the word in it. */
int export_stands(const struct redactor *redactor, const char *word, bool *ret, struct err *err);

/* export_platform.c: this machine as a JSON object, appended. */
int export_platform(struct buf *ret, struct err *err);

/* export_review.c: what was replaced, as text for people and as JSON, in the order of the
 * placeholders. */
struct export_looker {
	struct cli *cli;
	const struct export_options *options;
	struct buf json; /* an array, filled with --json */
	bool refused;    /* the person said no */
	const volatile bool *stop;
};
/* For archive_options.on_review; user: a struct export_looker. -ECANCELED: the person said no;
 * -EINTR. */
int export_review(const struct archive_review *review, void *user, struct err *err);

/* export_result.c: what came of it, on stdout unless the archive goes there. */
void export_tell(const struct export_looker *looker, const struct archive_result *result,
	const char *output);

#endif
