/* manifest.json and SHA256SUMS, row by row into their spools. */
#include "export/archive_parts.h"
#include "export/json_out.h"
#include "export/manifest.h"
#include "export/rule_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (64u << 10)

struct manifest_out {
	struct archive *archive;
	size_t keep, reports; /* of the archive's lists, from the front */
	struct buf text;
	struct json_out out;
	uint8_t views_sha256[SHA256_BYTES];
	uint64_t views_size;
	uint64_t *keys; /* sites and signatures of what is kept, sorted */
	size_t key_count;
	struct err *err;
};

static int flush(struct buf *text, struct spool *to, struct err *err) {
	if (text->failed)
		return err_set(err, -ENOMEM, "out of memory");
	int r = spool_add(to, buf_str(text), text->len, err);
	buf_reset(text);
	return r;
}

/* A row ends: the next one begins on a line of its own. */
static int end_row(struct manifest_out *manifest) {
	buf_add_char(&manifest->text, '\n');
	if (manifest->text.len < PIECE_BYTES && !manifest->text.failed)
		return 0;
	return flush(&manifest->text, &manifest->archive->spools.index, manifest->err);
}

/* ---- its parts ---- */

static void put_redacted(struct manifest_out *manifest, const char *key, const char *text) {
	struct redactor *redactor = manifest->archive->options->redactor;
	struct buf clean = {0};
	if (redactor && text)
		redact(redactor, REDACT_FORM_TEXT, text, &clean);
	manifest->text.failed |= clean.failed;
	json_out_text(&manifest->out, key, redactor && text ? buf_str(&clean) : text);
	buf_finish(&clean);
}

static void put_filter(struct manifest_out *manifest) {
	const struct store_filter *filter = manifest->archive->options->filter;
	struct json_out *out = &manifest->out;
	json_out_object(out, "filter");
	json_out_array(out, "matches");
	for (size_t i = 0; i < filter->match_count; i++)
		put_redacted(manifest, NULL, filter->matches[i]);
	json_out_array_end(out);
	if (filter->site)
		put_redacted(manifest, "site", filter->site);
	json_out_time_opt(out, "since", filter->since_us);
	json_out_time_opt(out, "until", filter->until_us);
	json_out_object_end(out);
}

static void put_counts(struct manifest_out *manifest) {
	const struct archive *archive = manifest->archive;
	struct json_out *out = &manifest->out;
	uint64_t incidents = 0, gone = 0, changed = 0, unreadable = 0;
	for (size_t i = 0; i < manifest->keep; i++) {
		const struct archive_item *item = &archive->items[i];
		incidents += item->state != ARCHIVE_UNREADABLE;
		gone += item->state == ARCHIVE_RAW_GONE;
		unreadable += item->state == ARCHIVE_UNREADABLE;
		changed += item->changed;
	}
	json_out_object(out, "counts");
	json_out_u64(out, "incidents", incidents);
	json_out_u64(out, "reports", manifest->reports);
	json_out_u64(out, "without_report", gone);
	json_out_u64(out, "dropped", archive->count - manifest->keep);
	json_out_u64(out, "unreadable", unreadable);
	json_out_u64(out, "changed", changed);
	json_out_object_end(out);
}

static void put_missing(struct manifest_out *manifest) {
	struct json_out *out = &manifest->out;
	const char *why = manifest->archive->repro_missing;
	json_out_array(out, "missing");
	if (why) {
		json_out_object(out, NULL);
		json_out_text(out, "name", "repro/agxtriage-repro.m");
		json_out_text(out, "why", why);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_head(struct manifest_out *manifest) {
	const struct archive_options *options = manifest->archive->options;
	struct json_out *out = &manifest->out;
	json_out_text(out, "format", MANIFEST_FORMAT);
	json_out_i64(out, "format_version", MANIFEST_VERSION);
	json_out_text(out, "agxtriage", options->version);
	json_out_bool(out, "redacted", options->redactor != NULL);
	json_out_text(out, "purpose", archive_purpose_names[options->purpose]);
	json_out_text(out, "rules", rules_version(options->rules));
	json_out_i64(out, "signature_version", SIGNATURE_VERSION);
	put_filter(manifest);
	put_counts(manifest);
	put_missing(manifest);
}

static int compare_keys(const void *left, const void *right) {
	const uint64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static int collect_keys(struct manifest_out *manifest) {
	const struct archive_item *items = manifest->archive->items;
	manifest->keys = calloc(2 * manifest->keep + 1, sizeof *manifest->keys);
	if (!manifest->keys)
		return err_set(manifest->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < manifest->keep; i++) {
		if (items[i].state == ARCHIVE_UNREADABLE)
			continue;
		manifest->keys[manifest->key_count++] = items[i].site;
		manifest->keys[manifest->key_count++] = items[i].signature;
	}
	qsort(manifest->keys, manifest->key_count, sizeof *manifest->keys, compare_keys);
	return 0;
}

/* What the user's own rules call a site stands in it as it does everywhere else. */
static void put_state_name(struct manifest_out *manifest, const struct store_state *state) {
	const struct archive_options *options = manifest->archive->options;
	bool ours = state->target != STATE_SITE ||
		    rule_words_site(options->rules, state->name) == RULE_WORDS_OURS;
	if (ours)
		json_out_text(&manifest->out, "name", state->name);
	else
		put_redacted(manifest, "name", state->name);
}

static int put_state(const struct store_state *state, void *user) {
	struct manifest_out *manifest = user;
	struct json_out *out = &manifest->out;
	uint64_t key = archive_key_of(state->target, state->name);
	if (!bsearch(&key, manifest->keys, manifest->key_count, sizeof key, compare_keys))
		return 0;
	json_out_object(out, NULL);
	json_out_text(out, "target", state_target_names[state->target]);
	put_state_name(manifest, state);
	json_out_text(out, "status", state->status);
	put_redacted(manifest, "note", state->note);
	put_redacted(manifest, "url", state->url);
	json_out_text(out, "fixed_in", state->fixed_in);
	json_out_object_end(out);
	return end_row(manifest);
}

static int put_states(struct manifest_out *manifest) {
	json_out_array(&manifest->out, "states");
	int r = store_states(manifest->archive->store, put_state, manifest, manifest->err);
	json_out_array_end(&manifest->out);
	return r < 0 ? r : end_row(manifest);
}

static int put_file(struct manifest_out *manifest, const char *name, uint64_t size,
	const uint8_t sha256[SHA256_BYTES]) {
	char hex[SHA256_HEX_BYTES];
	sha256_hex(sha256, hex);
	json_out_object(&manifest->out, NULL);
	json_out_text(&manifest->out, "name", name);
	json_out_u64(&manifest->out, "size", size);
	json_out_text(&manifest->out, "sha256", hex);
	json_out_object_end(&manifest->out);
	return end_row(manifest);
}

static int put_files(struct manifest_out *manifest) {
	const struct archive *archive = manifest->archive;
	int r = 0;
	json_out_array(&manifest->out, "files");
	for (size_t i = 0; i < archive->member_count && r == 0; i++)
		r = put_file(manifest, archive->members[i].name, archive->members[i].size,
			archive->members[i].sha256);
	if (r == 0)
		r = put_file(
			manifest, "incidents.json", manifest->views_size, manifest->views_sha256);
	for (size_t i = 0; i < manifest->reports && r == 0; i++)
		r = put_file(manifest, archive->reports[i].name, archive->reports[i].size,
			archive->reports[i].sha256);
	json_out_array_end(&manifest->out);
	return r;
}

static int put_reports(struct manifest_out *manifest) {
	struct json_out *out = &manifest->out;
	char hex[SHA256_HEX_BYTES];
	int r = 0;
	json_out_array(out, "reports");
	for (size_t i = 0; i < manifest->reports && r == 0; i++) {
		const struct archive_report *report = &manifest->archive->reports[i];
		sha256_hex(report->sha256, hex);
		json_out_object(out, NULL);
		json_out_text(out, "name", report->name);
		json_out_u64(out, "size", report->size);
		json_out_text(out, "sha256", hex);
		json_out_object(out, "original");
		json_out_u64(out, "size", report->original_size);
		json_out_text(out, "sha256", report->original_sha256);
		if (manifest->archive->options->redactor)
			json_out_u64(out, "ordinal", report->original_ordinal);
		json_out_object_end(out);
		json_out_object_end(out);
		r = end_row(manifest);
	}
	json_out_array_end(out);
	return r;
}

static int put_facts(struct manifest_out *manifest, const struct archive_item *item) {
	struct buf facts = {0};
	if (!buf_reserve(&facts, item->facts_len + 1))
		return err_set(manifest->err, -ENOMEM, "out of memory");
	int r = spool_read(&manifest->archive->spools.facts, item->facts_offset, facts.data,
		item->facts_len, manifest->err);
	if (r == 0) {
		facts.data[item->facts_len] = '\0';
		json_out_raw(&manifest->out, NULL, facts.data);
		r = end_row(manifest);
	}
	buf_finish(&facts);
	return r;
}

static int put_incidents(struct manifest_out *manifest) {
	int r = 0;
	json_out_array(&manifest->out, "incidents");
	for (size_t i = 0; i < manifest->keep && r == 0; i++)
		if (manifest->archive->items[i].state != ARCHIVE_UNREADABLE)
			r = put_facts(manifest, &manifest->archive->items[i]);
	json_out_array_end(&manifest->out);
	return r;
}

static int put_left_out(struct manifest_out *manifest) {
	const struct archive *archive = manifest->archive;
	struct json_out *out = &manifest->out;
	int r = 0;
	json_out_array(out, "left_out");
	for (size_t i = 0; i < archive->count && r == 0; i++) {
		bool unreadable = archive->items[i].state == ARCHIVE_UNREADABLE;
		if (i < manifest->keep && !unreadable)
			continue;
		json_out_object(out, NULL);
		json_out_i64(out, "id", archive->items[i].id);
		json_out_text(out, "why", unreadable ? "unreadable" : "max_size");
		json_out_object_end(out);
		r = end_row(manifest);
	}
	json_out_array_end(out);
	return r;
}

/* ---- the whole ---- */

/* incidents.json ends with its last row's bracket. */
static int digest_views(struct manifest_out *manifest) {
	const struct archive *archive = manifest->archive;
	struct sha256_stream digest;
	struct buf piece = {0};
	const char *end = ARCHIVE_VIEWS_END;
	uint64_t len = archive_views_len(archive, manifest->keep);
	int r = buf_reserve(&piece, PIECE_BYTES) ? 0
						 : err_set(manifest->err, -ENOMEM, "out of memory");
	sha256_start(&digest);
	if (!len)
		sha256_add(&digest, ARCHIVE_VIEWS_START, strlen(ARCHIVE_VIEWS_START));
	for (uint64_t at = 0; at < len && r == 0;) {
		size_t n = len - at < PIECE_BYTES ? (size_t)(len - at) : PIECE_BYTES;
		r = spool_read(&archive->spools.views, at, piece.data, n, manifest->err);
		if (r == 0)
			sha256_add(&digest, piece.data, n);
		at += n;
	}
	sha256_add(&digest, end, strlen(end));
	sha256_end(&digest, manifest->views_sha256);
	manifest->views_size = (len ? len : strlen(ARCHIVE_VIEWS_START)) + strlen(end);
	buf_finish(&piece);
	return r;
}

static int write_json(struct manifest_out *manifest) {
	struct spool *index = &manifest->archive->spools.index;
	json_out_init(&manifest->out, &manifest->text);
	json_out_object(&manifest->out, NULL);
	put_head(manifest);
	int r = end_row(manifest);
	if (r == 0)
		r = put_states(manifest);
	if (r == 0)
		r = put_files(manifest);
	if (r == 0)
		r = put_reports(manifest);
	if (r == 0)
		r = put_incidents(manifest);
	if (r == 0)
		r = put_left_out(manifest);
	json_out_object_end(&manifest->out);
	buf_add_char(&manifest->text, '\n');
	return r == 0 ? flush(&manifest->text, index, manifest->err) : r;
}

static int digest_index(struct manifest_out *manifest, uint8_t ret[SHA256_BYTES]) {
	const struct spool *index = &manifest->archive->spools.index;
	struct sha256_stream digest;
	char piece[4096];
	int r = 0;
	sha256_start(&digest);
	for (uint64_t at = 0; at < index->len && r == 0;) {
		size_t n =
			index->len - at < sizeof piece ? (size_t)(index->len - at) : sizeof piece;
		r = spool_read(index, at, piece, n, manifest->err);
		if (r == 0)
			sha256_add(&digest, piece, n);
		at += n;
	}
	sha256_end(&digest, ret);
	return r;
}

static int put_sum(
	struct manifest_out *manifest, const uint8_t sha256[SHA256_BYTES], const char *name) {
	char hex[SHA256_HEX_BYTES];
	sha256_hex(sha256, hex);
	buf_printf(&manifest->text, "%s  %s\n", hex, name);
	if (manifest->text.len < PIECE_BYTES && !manifest->text.failed)
		return 0;
	return flush(&manifest->text, &manifest->archive->spools.sums, manifest->err);
}

static int write_sums(struct manifest_out *manifest) {
	const struct archive *archive = manifest->archive;
	uint8_t index[SHA256_BYTES];
	int r = digest_index(manifest, index);
	if (r == 0)
		r = put_sum(manifest, index, MANIFEST_NAME);
	for (size_t i = 0; i < archive->member_count && r == 0; i++)
		r = put_sum(manifest, archive->members[i].sha256, archive->members[i].name);
	if (r == 0)
		r = put_sum(manifest, manifest->views_sha256, "incidents.json");
	for (size_t i = 0; i < manifest->reports && r == 0; i++)
		r = put_sum(manifest, archive->reports[i].sha256, archive->reports[i].name);
	return r == 0 ? flush(&manifest->text, &manifest->archive->spools.sums, manifest->err) : r;
}

int manifest_write(struct archive *archive, size_t keep, struct err *err) {
	struct manifest_out manifest = {.archive = archive,
		.keep = keep,
		.reports = archive_reports_of(archive, keep),
		.err = err};
	int r = spool_reset(&archive->spools.index, err);
	if (r == 0)
		r = spool_reset(&archive->spools.sums, err);
	if (r == 0)
		r = digest_views(&manifest);
	if (r == 0)
		r = collect_keys(&manifest);
	if (r == 0)
		r = write_json(&manifest);
	if (r == 0)
		r = write_sums(&manifest);
	free(manifest.keys);
	buf_finish(&manifest.text);
	return r;
}
