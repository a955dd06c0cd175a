/* One incident on its way out: read from the store, redacted, and read again. */
#include "export/archive_parts.h"
#include "export/rule_words.h"

#include "base/limits.h"

#include <errno.h>
#include <string.h>

void archive_leaving_init(
	struct archive_leaving *leaving, struct archive *archive, struct archive_item *item) {
	*leaving = (struct archive_leaving){.archive = archive, .item = item};
	arena_init(&leaving->arena, LIMIT_REPORT_ARENA_BYTES);
}

void archive_leaving_finish(struct archive_leaving *leaving) {
	document_finish(&leaving->document);
	loaded_finish(&leaving->loaded);
	arena_finish(&leaving->arena);
	buf_finish(&leaving->own);
	buf_finish(&leaving->redacted);
}

static bool same_text(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_changed(const struct triage *a, const struct triage *b) {
	return !same_text(a->site, b->site) || strcmp(a->signature_hash, b->signature_hash) != 0;
}

/* The bytes that leave are read again: what is told of them is what others will find in them. */
static int read_redacted(struct archive_leaving *leaving, struct err *err) {
	int r = document_parse(
		buf_str(&leaving->redacted), leaving->redacted.len, &leaving->document, err);
	if (r < 0)
		return err_prefix(err, "redacted");
	leaving->report = leaving->document.reports[0];
	r = triage_run(&leaving->triage, leaving->report, leaving->archive->options->rules,
		&leaving->arena, NULL);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

/* Only now: what the rules say is compared before it is replaced. */
static int redact_words(struct archive_leaving *leaving, struct err *err) {
	const struct archive_options *options = leaving->archive->options;
	int r = rule_words_redact(
		options->redactor, options->rules, &leaving->triage, &leaving->arena);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}

static int redact_item(struct archive_leaving *leaving, struct err *err) {
	struct redactor *redactor = leaving->archive->options->redactor;
	const char *text;
	size_t len;
	int r = archive_item_text(
		&leaving->loaded, leaving->row.ordinal, &leaving->own, &text, &len, err);
	if (r == 0)
		r = redact_report(
			redactor, leaving->loaded.report, text, len, &leaving->redacted, err);
	if (r == 0 && leaving->redacted.failed)
		r = err_set(err, -ENOMEM, "out of memory");
	if (r == 0)
		r = read_redacted(leaving, err);
	if (r < 0)
		return r;
	leaving->item->changed = is_changed(&leaving->loaded.triage, &leaving->triage);
	return redact_words(leaving, err);
}

static int recall_item(struct archive_leaving *leaving, struct err *err) {
	struct redactor *redactor = leaving->archive->options->redactor;
	leaving->item->state = ARCHIVE_RAW_GONE;
	leaving->report = leaving->loaded.report;
	leaving->triage = leaving->loaded.triage;
	if (!redactor)
		return 0;
	int r = archive_redact_recalled(
		redactor, &leaving->arena, &leaving->report, &leaving->triage, err);
	return r == 0 ? redact_words(leaving, err) : r;
}

int archive_leave(struct archive_leaving *leaving, struct err *err) {
	struct archive *archive = leaving->archive;
	int r = archive_open_item(archive, leaving->item, &leaving->row, &leaving->loaded, err);
	if (r < 0)
		return r;
	if (leaving->loaded.raw_gone)
		return recall_item(leaving, err);
	if (archive->options->redactor)
		return redact_item(leaving, err);
	leaving->report = leaving->loaded.report;
	leaving->triage = leaving->loaded.triage;
	return 0;
}
