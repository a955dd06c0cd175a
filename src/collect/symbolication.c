/* The questions that a report leaves open, and the answers that the store has. */
#include "collect/symbolication.h"

#include "base/clock.h"
#include "base/limits.h"
#include "ips/macho.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No image is larger; addresses made of larger offsets would not be in it. */
#define OFFSET_MAX (UINT64_C(1) << 40)

/* ---- which frames ---- */

static bool is_open(const struct report *report, const struct frame *frame) {
	uint8_t uuid[MACHO_UUID_BYTES];
	if (frame->symbol || !frame->image_offset.set || frame->image_offset.value >= OFFSET_MAX ||
		frame->image_index < 0 || (size_t)frame->image_index >= report->image_count)
		return false;
	const char *text = report->images[frame->image_index].uuid;
	return text && macho_parse_uuid(text, uuid);
}

static void each_of(struct symbolication *symbolication, const struct frames *frames,
	void (*fn)(struct symbolication *, struct frame *)) {
	for (size_t i = 0; i < frames->count; i++)
		if (is_open(symbolication->report, &frames->items[i]))
			fn(symbolication, &frames->items[i]);
}

static void each_frame(struct symbolication *symbolication, bool all,
	void (*fn)(struct symbolication *, struct frame *)) {
	struct report *report = symbolication->report;
	for (size_t i = 0; i < report->thread_count; i++)
		if (all || (int)i == report->crashed_thread)
			each_of(symbolication, &report->threads[i].frames, fn);
	each_of(symbolication, &report->last_exception, fn);
}

static void count_frame(struct symbolication *symbolication, struct frame *frame) {
	symbolication->count++;
}

static void add_question(struct symbolication *symbolication, struct frame *frame) {
	symbolication->questions[symbolication->count++] = (struct symbol_question){
		.image = frame->image_index, .offset = frame->image_offset.value};
}

static int compare(const void *a_question, const void *b_question) {
	const struct symbol_question *a = a_question, *b = b_question;
	if (a->image != b->image)
		return a->image < b->image ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static size_t drop_doubles(struct symbol_question *questions, size_t count) {
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (!kept || compare(&questions[kept - 1], &questions[i]) != 0)
			questions[kept++] = questions[i];
	return kept;
}

int symbolication_init(struct symbolication *ret, struct report *report, bool all,
	struct arena *arena, struct err *err) {
	*ret = (struct symbolication){.report = report, .arena = arena};
	each_frame(ret, all, count_frame);
	size_t count = ret->count;
	if (!count)
		return 0;
	ret->questions = arena_calloc(arena, count, sizeof *ret->questions);
	if (!ret->questions)
		return err_set(err, -ENOMEM, "out of memory");
	ret->count = 0;
	each_frame(ret, all, add_question);
	qsort(ret->questions, ret->count, sizeof *ret->questions, compare);
	ret->count = drop_doubles(ret->questions, ret->count);
	return 0;
}

static void apply(struct symbolication *symbolication, struct frame *frame) {
	const struct symbol_question key = {
		.image = frame->image_index, .offset = frame->image_offset.value};
	const struct symbol_question *found =
		bsearch(&key, symbolication->questions, symbolication->count, sizeof key, compare);
	if (found)
		frame->found = found->found;
}

void symbolication_apply(const struct symbolication *symbolication) {
	struct symbolication copy = *symbolication;
	if (copy.count)
		each_frame(&copy, true, apply);
}

/* ---- the store ---- */

static void uuid_of(const struct report *report, int image, char ret[MACHO_UUID_TEXT_BYTES]) {
	uint8_t uuid[MACHO_UUID_BYTES] = {0};
	macho_parse_uuid(report->images[image].uuid, uuid);
	macho_format_uuid(uuid, ret);
}

static int recall_one(struct symbolication *symbolication, struct store *store, const char *uuid,
	struct symbol_question *question, struct err *err) {
	struct store_symbol symbol = {.uuid = uuid, .offset = question->offset};
	int r = store_symbol_find(store, symbolication->arena, &symbol, err);
	if (r <= 0)
		return r;
	question->found = symbol.found;
	question->source = symbol.source;
	/* A clock that was set back makes nothing last longer. */
	int64_t age_us = clock_now_us() - symbol.at_us;
	question->known = symbol.found || (age_us >= 0 && age_us < STORE_SYMBOL_NOTHING_US);
	return 0;
}

int symbolication_recall(
	struct symbolication *symbolication, struct store *store, struct err *err) {
	char uuid[MACHO_UUID_TEXT_BYTES];
	int image = -1, r = symbolication->count ? store_symbols_known(store, NULL, err) : 0;
	bool known = false;
	for (size_t i = 0; r == 1 && i < symbolication->count; i++) {
		struct symbol_question *question = &symbolication->questions[i];
		if (question->image != image) {
			image = question->image;
			uuid_of(symbolication->report, image, uuid);
			int code = store_symbols_known(store, uuid, err);
			if (code < 0)
				return code;
			known = code == 1;
		}
		int code = known ? recall_one(symbolication, store, uuid, question, err) : 0;
		if (code < 0)
			return code;
	}
	return r < 0 ? r : 0;
}

bool symbolication_is_fresh(const struct symbolication *symbolication) {
	for (size_t i = 0; i < symbolication->count; i++)
		if (symbolication->questions[i].fresh)
			return true;
	return false;
}

int symbolication_save(
	const struct symbolication *symbolication, struct store *store, struct err *err) {
	size_t count = 0;
	struct store_symbol *symbols = calloc(symbolication->count + 1, sizeof *symbols);
	char(*uuids)[MACHO_UUID_TEXT_BYTES] = calloc(symbolication->count + 1, sizeof *uuids);
	int r = symbols && uuids ? 0 : err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < symbolication->count; i++) {
		const struct symbol_question *question = &symbolication->questions[i];
		if (!question->fresh)
			continue;
		uuid_of(symbolication->report, question->image, uuids[count]);
		symbols[count] = (struct store_symbol){.uuid = uuids[count],
			.offset = question->offset,
			.found = question->found,
			.source = question->source,
			.at_us = clock_now_us()};
		count++;
	}
	if (r == 0 && count)
		r = store_symbols_put(store, symbols, count, err);
	free(symbols);
	free(uuids);
	return r;
}
