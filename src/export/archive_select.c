/* Which incidents an archive holds, and each of them again from the store. */
#include "export/archive_parts.h"
#include "export/experiment_secret.h"

#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY 64

bool archive_stopped(const struct archive *archive, struct err *err) {
	const volatile bool *stop = archive->options->stop;
	if (!stop || !*stop)
		return false;
	err_set(err, -EINTR, "interrupted");
	return true;
}

uint64_t archive_key_of(enum state_target target, const char *name) {
	uint64_t key = text_hash(TEXT_HASH_START, (const char[]){(char)target}, 1);
	key = text_hash(key, name, strlen(name));
	return key ? key : 1;
}

bool archive_is_uuid(const char *text) {
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	for (size_t i = 0; i < sizeof form - 1; i++) {
		bool hex = (text[i] >= '0' && text[i] <= '9') ||
			   (text[i] >= 'A' && text[i] <= 'F') || (text[i] >= 'a' && text[i] <= 'f');
		if (form[i] == 'x' ? !hex : text[i] != '-')
			return false;
	}
	return text[sizeof form - 1] == '\0';
}

static int add_item(struct archive *archive, const struct incident *row, struct err *err) {
	if (archive->count == archive->item_cap) {
		size_t cap = archive->item_cap ? 2 * archive->item_cap : 256;
		struct archive_item *items = realloc(archive->items, cap * sizeof *items);
		if (!items)
			return err_set(err, -ENOMEM, "out of memory");
		archive->items = items;
		archive->item_cap = cap;
	}
	archive->items[archive->count++] = (struct archive_item){.id = row->id,
		.report = ARCHIVE_NO_REPORT,
		.simulated = row->simulated,
		.captured_at_us = row->captured_at_us};
	return 0;
}

int archive_select(struct archive *archive, struct err *err) {
	struct store_cursor *cursor = NULL;
	struct incident row;
	int r = store_list(archive->store, archive->options->filter, &cursor, err);
	while (r >= 0 && (r = store_cursor_next(cursor, &row, err)) > 0)
		r = add_item(archive, &row, err);
	store_cursor_close(cursor);
	if (r < 0)
		return r;
	return archive->count ? 0 : err_set(err, -ENODATA, "nothing matches");
}

static int find_row(struct archive *archive, int64_t id, struct incident *ret, struct err *err) {
	char word[24];
	snprintf(word, sizeof word, "%" PRId64, id);
	return store_find(archive->store, word, ret, err);
}

int archive_open_item(struct archive *archive, const struct archive_item *item,
	struct incident *ret_row, struct loaded *ret, struct err *err) {
	int r = find_row(archive, item->id, ret_row, err);
	if (r < 0)
		return r;
	r = loaded_open(archive->store, archive->options->rules, ret_row, ret, err);
	/* Loading took the texts of the row away. */
	return r < 0 ? r : find_row(archive, item->id, ret_row, err);
}

/* The ordinary case: an .ips and nothing else, read as it is. */
static bool is_plain(const struct loaded *loaded) {
	const char *bytes = buf_str(&loaded->raw);
	return loaded->document.count == 1 && loaded->report->form == REPORT_FORM_JSON &&
	       loaded->report->source_offset == 0 && bytes[0] == '{' && !strstr(bytes, "&quot;");
}

int archive_item_text(const struct loaded *loaded, size_t ordinal, struct buf *ret_own,
	const char **ret, size_t *ret_len, struct err *err) {
	if (is_plain(loaded)) {
		*ret = buf_str(&loaded->raw);
		*ret_len = loaded->report->source_len;
		return 0;
	}
	buf_reset(ret_own);
	int r = document_text(buf_str(&loaded->raw), loaded->raw.len, ordinal, ret_own, err);
	*ret = buf_str(ret_own);
	*ret_len = ret_own->len;
	return r;
}

/* What cannot be read now cannot be read later either, and is told then. */
static int learn_item(struct archive *archive, const struct archive_item *item, struct err *err) {
	struct redactor *redactor = archive->options->redactor;
	struct incident row;
	struct loaded loaded = {0};
	struct buf own = {0};
	struct err unread = {0};
	const char *text = "";
	size_t len = 0;
	int r = 0;
	int opened = archive_open_item(archive, item, &row, &loaded, &unread);
	if (opened == 0 && !loaded.raw_gone)
		opened = archive_item_text(&loaded, row.ordinal, &own, &text, &len, &unread);
	if (opened == 0)
		r = redactor_learn(redactor, loaded.report, text, len, err);
	else if (opened == -ENOMEM)
		r = err_set(err, opened, "%s", unread.text);
	loaded_finish(&loaded);
	buf_finish(&own);
	return r;
}

int archive_learn(struct archive *archive, struct err *err) {
	const struct archive_options *options = archive->options;
	int r = experiment_secrets_learn(archive->store, options->redactor, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < archive->count; i++) {
		if (archive_stopped(archive, err))
			return -EINTR;
		r = learn_item(archive, &archive->items[i], err);
		if (r < 0)
			return r;
		if (options->on_progress && i % PROGRESS_EVERY == 0)
			options->on_progress(i / 2, archive->count, options->user);
	}
	return 0;
}
