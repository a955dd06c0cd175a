/* What is written about the reports: the analysis in its forms, the experiments, the machine, and
 * the program that reproduces. */
#include "export/archive_parts.h"

#include "base/file.h"
#include "export/page.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Of the single-file repro; it has about 150 kB. */
#define REPRO_BYTES (8u << 20)
/* Trackers take 65,536 characters; somebody wants to add a line or two. */
#define ISSUE_BYTES 65000

static int add_member(
	struct archive *archive, const char *name, const struct buf *text, struct err *err) {
	assert(archive->member_count < ARCHIVE_MEMBERS_MAX);
	struct archive_member *member = &archive->members[archive->member_count];
	if (text->failed)
		return err_set(err, -ENOMEM, "out of memory");
	*member = (struct archive_member){
		.name = name, .offset = archive->spools.texts.len, .size = text->len};
	sha256(buf_str(text), text->len, member->sha256);
	int r = spool_add(&archive->spools.texts, buf_str(text), text->len, err);
	if (r < 0)
		return r;
	archive->member_count++;
	return 0;
}

/* ---- the page, which is too large to be held twice ---- */

struct page_sink {
	struct archive *archive;
	struct sha256_stream digest;
	struct err *err;
};

static int on_page(const char *bytes, size_t len, void *user) {
	struct page_sink *sink = user;
	if (archive_stopped(sink->archive, sink->err))
		return -EINTR;
	sha256_add(&sink->digest, bytes, len);
	return spool_add(&sink->archive->spools.texts, bytes, len, sink->err);
}

static int add_page(struct archive *archive, const struct analysis *analysis, struct err *err) {
	const struct page_options options = {
		.store = archive->store, .rules = archive->options->rules};
	struct page_sink sink = {.archive = archive, .err = err};
	struct archive_member *member = &archive->members[archive->member_count];
	*member =
		(struct archive_member){.name = "report.html", .offset = archive->spools.texts.len};
	sha256_start(&sink.digest);
	int r = page_write(analysis, &options, on_page, &sink, err);
	if (r < 0)
		return r;
	sha256_end(&sink.digest, member->sha256);
	member->size = archive->spools.texts.len - member->offset;
	archive->member_count++;
	return 0;
}

/* ---- the others ---- */

typedef void (*writer)(const struct analysis *analysis, struct buf *ret);

static int add_written(struct archive *archive, const struct analysis *analysis, const char *name,
	writer write, struct err *err) {
	struct buf text = {0};
	if (archive_stopped(archive, err))
		return -EINTR;
	write(analysis, &text);
	int r = add_member(archive, name, &text, err);
	buf_finish(&text);
	return r;
}

static void write_issue(const struct analysis *analysis, struct buf *ret) {
	analysis_issue(analysis, ISSUE_BYTES, ret);
}

static void write_experiments(const struct analysis *analysis, struct buf *ret) {
	analysis_experiments_json(analysis, ret);
	if (!ret->len || ret->data[ret->len - 1] != '\n')
		buf_add_char(ret, '\n');
}

static int add_analysis(struct archive *archive, const struct analysis *analysis, struct err *err) {
	enum archive_purpose purpose = archive->options->purpose;
	int r = add_written(archive, analysis, "REPORT.md", analysis_markdown, err);
	if (r == 0)
		r = add_page(archive, analysis, err);
	if (r == 0 && purpose != ARCHIVE_FOR_GITHUB)
		r = add_written(archive, analysis, "FEEDBACK.md", analysis_feedback, err);
	if (r == 0 && purpose != ARCHIVE_FOR_APPLE)
		r = add_written(archive, analysis, "ISSUE.md", write_issue, err);
	if (r == 0)
		r = add_written(archive, analysis, "experiments.json", write_experiments, err);
	return r;
}

static int add_platform(struct archive *archive, struct err *err) {
	const struct archive_options *options = archive->options;
	struct buf text = {0};
	if (!options->platform)
		return 0;
	int r = analysis_platform_json(options->redactor, options->platform, &text, err);
	if (r < 0)
		err_prefix(err, "platform.json");
	if (r == 0 && (!text.len || text.data[text.len - 1] != '\n'))
		buf_add_char(&text, '\n');
	if (r == 0)
		r = add_member(archive, "platform.json", &text, err);
	buf_finish(&text);
	return r;
}

static int add_repro_readme(struct archive *archive, struct err *err) {
	struct buf text = {0};
	buf_printf(&text,
		"# agxtriage-repro\n\n"
		"One file, no libraries beside the system's. On a Mac with the command line tools:\n\n"
		"```sh\n%s\n./agxtriage-repro --help\n```\n\n"
		"It encodes small kernels from several threads, as PyTorch's MPS backend does, under a\n"
		"locking policy (`--lock`) and in a scenario (`--scenario`) of your choice, until it is\n"
		"done or the GPU's driver crashes. `REPORT.md` tells which of them were measured here.\n",
		archive->options->repro_build);
	int r = add_member(archive, "repro/README.md", &text, err);
	buf_finish(&text);
	return r;
}

/* It is a part of agxtriage: nothing in it is of this machine. One that cannot be read is told in
 * the manifest, and no reason to send nothing. */
static int add_repro(struct archive *archive, struct err *err) {
	const char *path = archive->options->repro_path;
	struct buf text = {0};
	struct err unread = {0};
	int r = 0;
	if (!path || !archive->options->repro_build) {
		archive->repro_missing = "it is not installed";
	} else if (file_read(AT_FDCWD, path, FILE_FOLLOW, REPRO_BYTES, &text, NULL, &unread) < 0) {
		archive->repro_missing = "it could not be read";
	} else {
		r = add_member(archive, "repro/agxtriage-repro.m", &text, err);
		if (r == 0)
			r = add_repro_readme(archive, err);
	}
	buf_finish(&text);
	return r;
}

/* ---- names of reports, for who receives them ---- */

struct place {
	int64_t id;
	size_t item;
};

/* By row id. */
struct places_by_id {
	const struct archive *archive;
	struct place *items;
	size_t count;
};

static int compare_ids(const void *left, const void *right) {
	const struct place *a = left, *b = right;
	return (a->id > b->id) - (a->id < b->id);
}

static const char *name_of(int64_t id, void *user) {
	const struct places_by_id *places = user;
	const struct place wanted = {.id = id};
	const struct place *found = places->count ? bsearch(&wanted, places->items, places->count,
							    sizeof wanted, compare_ids)
						  : NULL;
	size_t report = found ? places->archive->items[found->item].report : ARCHIVE_NO_REPORT;
	return report == ARCHIVE_NO_REPORT ? NULL : places->archive->reports[report].name;
}

static int find_places(
	const struct archive *archive, size_t keep, struct places_by_id *ret, struct err *err) {
	*ret = (struct places_by_id){.archive = archive, .count = keep};
	ret->items = calloc(keep + 1, sizeof *ret->items);
	if (!ret->items)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < keep; i++)
		ret->items[i] = (struct place){.id = archive->items[i].id, .item = i};
	qsort(ret->items, keep, sizeof *ret->items, compare_ids);
	return 0;
}

static uint64_t readable(const struct archive *archive, size_t keep) {
	uint64_t count = 0;
	for (size_t i = 0; i < keep; i++)
		count += archive->items[i].state != ARCHIVE_UNREADABLE;
	return count;
}

static int load_analysis(struct archive *archive, const struct analysis_members *members,
	struct analysis *ret, struct err *err) {
	const struct archive_options *options = archive->options;
	const struct analysis_options wanted = {
		.filter = options->filter,
		.rules = options->rules,
		.redactor = options->redactor,
		.experiments = !options->no_experiments,
		.members = members,
	};
	return analysis_load(archive->store, &wanted, ret, err);
}

int archive_compose_texts(struct archive *archive, size_t keep, struct err *err) {
	struct places_by_id places;
	struct analysis analysis;
	int r = find_places(archive, keep, &places, err);
	const struct analysis_members members = {.incidents = readable(archive, keep),
		.dropped = archive->count - keep,
		.name = name_of,
		.user = &places};
	archive->member_count = 0;
	if (r == 0)
		r = spool_reset(&archive->spools.texts, err);
	if (r == 0)
		r = load_analysis(archive, &members, &analysis, err);
	if (r == 0) {
		r = archive_stopped(archive, err) ? -EINTR : add_analysis(archive, &analysis, err);
		analysis_finish(&analysis);
	}
	free(places.items);
	if (r == 0)
		r = add_platform(archive, err);
	return r == 0 ? add_repro(archive, err) : r;
}
