/* One file per incident, under names that stay what they were. */
#include "export/flat.h"

#include "base/file.h"
#include "base/file_save.h"
#include "export/archive_parts.h"
#include "export/flat_name.h"
#include "export/json_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flat {
	struct archive archive; /* its items alone */
	const char *folder;
	struct flat_result *result;
	struct buf text;
	int64_t *ids; /* of the items, in ascending order */
	/* Numbers that incidents of this second got in this run, a byte each: their files need not
	 * be looked at again. */
	struct i64_opt second;
	struct buf given;
};

static int compare_ids(const void *left, const void *right) {
	const int64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static int sort_ids(struct flat *flat, struct err *err) {
	const struct archive *archive = &flat->archive;
	flat->ids = calloc(archive->count + 1, sizeof *flat->ids);
	if (!flat->ids)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < archive->count; i++)
		flat->ids[i] = archive->items[i].id;
	qsort(flat->ids, archive->count, sizeof *flat->ids, compare_ids);
	return 0;
}

/* What surrounds it, as show tells it. */
static int look_around(struct flat *flat, struct archive_leaving *leaving, struct surroundings *ret,
	struct err *err) {
	const struct archive_options *options = flat->archive.options;
	char word[24];
	int r = surroundings_load(flat->archive.store, &leaving->row, ret, err);
	if (r == 0 && options->redactor)
		r = surroundings_redact(ret, options->redactor, options->rules, flat->ids,
			flat->archive.count, err);
	/* That took the texts of the row away. */
	snprintf(word, sizeof word, "%" PRId64, leaving->item->id);
	return r == 0 ? store_find(flat->archive.store, word, &leaving->row, err) : r;
}

static int print(struct flat *flat, struct archive_leaving *leaving,
	const struct surroundings *around, struct err *err) {
	struct incident row = leaving->row;
	char hex[SHA256_HEX_BYTES];
	uint8_t digest[SHA256_BYTES];
	if (flat->archive.options->redactor) {
		/* The bytes that leave are these; where the others lie is nobody's business. */
		row.path = row.sha256 = NULL;
		row.size = (int64_t)leaving->redacted.len;
		row.first_seen_at_us = 0;
		row.ordinal = 0;
		if (leaving->item->state == ARCHIVE_WHOLE) {
			sha256(buf_str(&leaving->redacted), leaving->redacted.len, digest);
			sha256_hex(digest, hex);
			row.sha256 = hex;
		}
	}
	buf_reset(&flat->text);
	int r = json_view_print_stored(
		&flat->text, leaving->report, &leaving->triage, &row, around, err);
	buf_add_char(&flat->text, '\n');
	return r == 0 && flat->text.failed ? err_set(err, -ENOMEM, "out of memory") : r;
}

static int save(struct flat *flat, const char *path, struct err *err) {
	static const struct file_save_options options = {.mode = 0600};
	flat->result->written++;
	return file_save(path, flat->text.data, flat->text.len, &options, err);
}

static void begin_second(struct flat *flat, struct i64_opt captured_at_us) {
	struct i64_opt second = {captured_at_us.value / 1000000, captured_at_us.set};
	if (second.set == flat->second.set && second.value == flat->second.value)
		return;
	flat->second = second;
	buf_reset(&flat->given);
}

static bool is_given(const struct flat *flat, unsigned number) {
	return number <= flat->given.len && flat->given.data[number - 1];
}

static void give(struct flat *flat, unsigned number) {
	while (flat->given.len < number && !flat->given.failed)
		buf_add_char(&flat->given, '\0');
	if (!flat->given.failed)
		flat->given.data[number - 1] = 1;
}

/* Goes through the numbers until a file is this incident's or free. */
static int put(struct flat *flat, const struct archive_leaving *leaving, struct err *err) {
	const struct flat_incident incident = {
		.incident_id = leaving->report->incident_id,
		.id = leaving->item->id,
		.captured_at_us = leaving->report->captured_at_us,
	};
	struct buf path = {0}, old = {0};
	int r = 0;
	begin_second(flat, incident.captured_at_us);
	for (unsigned number = 1;; number++) {
		if (is_given(flat, number))
			continue;
		buf_reset(&path);
		buf_printf(&path, "%s/", flat->folder);
		flat_name(&incident, number, &path);
		if (path.failed) {
			r = err_set(err, -ENOMEM, "out of memory");
			break;
		}
		enum flat_holder holder = flat_look(&incident, path.data, &old, err);
		if (holder == FLAT_FAILED) {
			r = err->code;
			break;
		}
		if (holder == FLAT_OTHER)
			continue;
		give(flat, number);
		flat->result->incidents++;
		bool same = holder == FLAT_SAME && old.len == flat->text.len &&
			    memcmp(old.data, flat->text.data, old.len) == 0;
		r = same ? 0 : save(flat, path.data, err);
		break;
	}
	buf_finish(&path);
	buf_finish(&old);
	return r;
}

static int write_item(struct flat *flat, struct archive_item *item, struct err *err) {
	struct archive_leaving leaving;
	struct surroundings around = {0};
	struct err unread = {0};
	archive_leaving_init(&leaving, &flat->archive, item);
	int r = archive_leave(&leaving, &unread);
	if (r == -ENOMEM && !leaving.arena.spent && !leaving.loaded.arena.spent) {
		r = err_set(err, r, "%s", unread.text);
	} else if (r < 0) {
		flat->result->unreadable++;
		r = 0;
	} else {
		flat->result->changed += item->changed;
		r = look_around(flat, &leaving, &around, err);
		if (r == 0)
			r = print(flat, &leaving, &around, err);
		if (r == 0)
			r = put(flat, &leaving, err);
	}
	surroundings_finish(&around);
	archive_leaving_finish(&leaving);
	return r;
}

/* The oldest first, so that later ones of the same second take the higher numbers. */
static int write_all(struct flat *flat, struct err *err) {
	struct archive *archive = &flat->archive;
	int r = 0;
	for (size_t i = archive->count; i > 0 && r == 0; i--) {
		if (archive_stopped(archive, err))
			return -EINTR;
		r = write_item(flat, &archive->items[i - 1], err);
	}
	return r;
}

static int count_replaced(const struct redact_replacement *replacement, void *user) {
	uint64_t *count = user;
	*count += replacement->count > 0;
	return 0;
}

int flat_write(struct store *store, const struct archive_options *options, const char *folder,
	struct flat_result *ret, struct err *err) {
	struct flat_result result = {0};
	struct flat flat = {
		.archive = {.store = store, .options = options},
		.folder = folder,
		.result = &result,
	};
	int r = archive_select(&flat.archive, err);
	if (r == 0)
		r = sort_ids(&flat, err);
	if (r == 0)
		r = file_make_folders(folder, err);
	if (r == 0 && options->redactor)
		r = archive_learn(&flat.archive, err);
	if (r == 0)
		r = write_all(&flat, err);
	if (r == 0 && options->redactor)
		redactor_each(options->redactor, count_replaced, &result.replaced);
	if (r == 0)
		*ret = result;
	buf_finish(&flat.text);
	buf_finish(&flat.given);
	free(flat.archive.items);
	free(flat.ids);
	return r;
}
