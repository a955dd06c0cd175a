/* Each stored file that can be read is parsed and triaged as if it were seen for the first time. */
#include "cli/doctor_salvage.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/sha256.h"
#include "cli/doctor_header.h"
#include "ips/document.h"
#include "store/symbols.h"
#include "triage/triage.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Files per transaction. */
#define BATCH 100

struct salvage {
	struct doctor *doctor;
	struct arena arena; /* of triage */
	unsigned in_batch;
	uint64_t incidents;
	struct store_salvage counts;
	struct err *err;
};

static int put_report(struct salvage *salvage, const struct store_salvaged *file,
	const struct document *document, size_t i) {
	struct doctor *doctor = salvage->doctor;
	const struct rules *rules = doctor->cli->rules;
	const struct store_source source = {.path = file->path,
		.seen_at_us = file->seen_at_us ? file->seen_at_us : clock_now_us(),
		.reports = (unsigned)document->count};
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct triage triage;
	enum store_put put;
	arena_reset(&salvage->arena);
	if (triage_run(&triage, document->reports[i], rules, &salvage->arena, NULL) < 0)
		return err_set(salvage->err, -ENOMEM, "out of memory");
	sha256(file->bytes, file->len, digest);
	sha256_hex(digest, hex);
	const struct store_item item = {
		.source = file->path ? &source : NULL,
		.bytes = file->bytes,
		.len = file->len,
		.sha256 = hex,
		.ordinal = i,
		.report = document->reports[i],
		.triage = &triage,
		.rules_version = rules_version(rules),
	};
	int r = store_put(doctor->store, &item, &put, NULL, salvage->err);
	salvage->incidents += r == 0 && put == STORE_ADDED;
	return r;
}

static int flush(struct salvage *salvage) {
	int r = salvage->in_batch ? store_commit(salvage->doctor->store, salvage->err) : 0;
	salvage->in_batch = 0;
	return r;
}

static int on_file(const struct store_salvaged *file, void *user) {
	struct salvage *salvage = user;
	struct document document = {0};
	struct err unread = {0};
	int r = document_parse(file->bytes, file->len, &document, &unread);
	/* It was read when it was stored, so this is memory; the rest goes on without it. */
	if (r < 0)
		return r == -ENOMEM ? err_set(salvage->err, r, "out of memory") : 0;
	r = salvage->in_batch ? 0 : store_begin(salvage->doctor->store, salvage->err);
	for (size_t i = 0; i < document.count && r == 0; i++)
		r = put_report(salvage, file, &document, i);
	document_finish(&document);
	if (r < 0) {
		store_rollback(salvage->doctor->store);
		salvage->in_batch = 0;
		return r;
	}
	salvage->in_batch++;
	return salvage->in_batch < BATCH ? 0 : flush(salvage);
}

/* Where the header alone is broken, a copy with another one can be read. */
static int read_with(
	const char *path, int (*read)(const char *path, void *user), void *user, struct err *err) {
	char *copy = NULL;
	if (!doctor_header_is_damaged(path))
		return read(path, user);
	int r = doctor_header_mend(path, &copy, err);
	if (r == 0) {
		r = read(copy, user);
		unlink(copy);
	}
	free(copy);
	return r;
}

static int read_reports(const char *path, void *user) {
	struct salvage *salvage = user;
	struct err unread = {0};
	int r = store_salvage(path, on_file, salvage, &salvage->counts, &unread);
	if (r < 0)
		log_debug("%s", unread.text);
	return r;
}

int doctor_salvage(
	struct doctor *doctor, const char *path, struct doctor_salvaged *ret, struct err *err) {
	struct salvage salvage = {.doctor = doctor, .err = err};
	struct err unread = {0};
	*ret = (struct doctor_salvaged){0};
	err->code = 0;
	arena_init(&salvage.arena, LIMIT_REPORT_ARENA_BYTES);
	int r = read_with(path, read_reports, &salvage, &unread);
	if (r < 0 && unread.code)
		log_debug("%s", unread.text);
	ret->unreadable = r < 0 && !err->code;
	if (ret->unreadable)
		r = 0;
	if (r == 0)
		r = flush(&salvage);
	arena_finish(&salvage.arena);
	ret->incidents = salvage.incidents;
	ret->lost = salvage.counts.lost;
	ret->gone = salvage.counts.gone;
	return r;
}

/* ---- experiments, states and found symbols ---- */

struct rescue {
	struct doctor *doctor;
	struct store_salvaged_experiments *ret;
	struct err *err;
};

static int read_experiments(const char *path, void *user) {
	struct rescue *rescue = user;
	return store_salvage_experiments(path, rescue->doctor->store, rescue->ret, rescue->err);
}

int doctor_salvage_experiments(struct doctor *doctor, const char *path,
	struct store_salvaged_experiments *ret, struct err *err) {
	struct rescue rescue = {doctor, ret, err};
	struct err unread = {0};
	*ret = (struct store_salvaged_experiments){.incomplete = true};
	err->code = 0;
	(void)read_with(path, read_experiments, &rescue, &unread);
	return err->code;
}

struct state_rescue {
	struct doctor *doctor;
	struct store_salvaged_states *ret;
	struct err *err;
};

static int read_states(const char *path, void *user) {
	struct state_rescue *rescue = user;
	return store_salvage_states(path, rescue->doctor->store, rescue->ret, rescue->err);
}

int doctor_salvage_states(struct doctor *doctor, const char *path,
	struct store_salvaged_states *ret, struct err *err) {
	struct state_rescue rescue = {doctor, ret, err};
	struct err unread = {0};
	*ret = (struct store_salvaged_states){.incomplete = true};
	err->code = 0;
	(void)read_with(path, read_states, &rescue, &unread);
	return err->code;
}

struct symbol_rescue {
	struct doctor *doctor;
	struct err *err;
};

static int read_symbols(const char *path, void *user) {
	const struct symbol_rescue *rescue = user;
	uint64_t saved = 0;
	return store_salvage_symbols(path, rescue->doctor->store, &saved, rescue->err);
}

int doctor_salvage_symbols(struct doctor *doctor, const char *path, struct err *err) {
	struct symbol_rescue rescue = {doctor, err};
	struct err unread = {0};
	err->code = 0;
	(void)read_with(path, read_symbols, &rescue, &unread);
	return err->code;
}
