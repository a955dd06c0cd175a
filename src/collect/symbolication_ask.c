/*
 * Calls of atos, one image after the other. What it says is as hostile as the image it read; what
 * it does is bounded: in time, in output, and by its process group.
 */
#include "collect/symbolication.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "collect/symbol_file.h"
#include "collect/symbol_tools.h"
#include "ips/atos.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loading the symbols of a library of a gigabyte takes seconds. */
#define ATOS_MS 30000
/* All of one report. */
#define ALL_US INT64_C(90000000)
#define SEARCH_US INT64_C(30000000)
/* Addresses of one call: their answers fit into what is kept of its output. */
#define BATCH 256
#define WORD_BYTES 24
/* Of atos's complaint, what belongs into a message. */
#define COMPLAINT_BYTES 160
/* Where every image is pretended to stand, page-aligned: the answers are the same for all reports.
 * Places are asked for as they stand in the report, return addresses too, as Apple's tools do. */
#define LOAD_ADDRESS UINT64_C(0x100000000)

struct asker {
	struct symbolication *symbolication;
	const struct symbolication_options *options;
	const char *atos;
	int64_t until_us;
};

static bool is_late(const struct asker *asker) {
	return (asker->options->stop && *asker->options->stop) ||
	       clock_monotonic_us() >= asker->until_us;
}

/* The first is told. */
static __attribute__((format(printf, 3, 4))) void note(
	struct asker *asker, const char *image, const char *fmt, ...) {
	struct err *trouble = &asker->symbolication->trouble;
	char text[256];
	va_list args;
	if (trouble->code)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	err_set(trouble, -EIO, "atos on %.100s: %s", image ? image : "an image", text);
}

static void note_end(struct asker *asker, const char *image, const struct spawn_result *result) {
	char complaint[3 * COMPLAINT_BYTES + 1] = "";
	size_t len = result->err.len < COMPLAINT_BYTES ? result->err.len : COMPLAINT_BYTES;
	const char *end = len ? memchr(result->err.data, '\n', len) : NULL;
	if (len)
		text_clean(complaint, result->err.data,
			end ? (size_t)(end - result->err.data) : len, TEXT_LINE);
	if (asker->options->stop && *asker->options->stop)
		note(asker, image, "was stopped");
	else if (result->timed_out)
		note(asker, image, "took too long");
	else if (result->signal)
		note(asker, image, "crashed itself (%s)", strsignal(result->signal));
	else if (*complaint)
		note(asker, image, "%s", complaint);
	else
		note(asker, image, "its answer does not fit the question");
}

/* What one call is about. */
struct batch {
	const struct symbol_want *want;
	struct symbol_question *questions[BATCH];
	size_t count;
	const struct found_symbol *answers[BATCH];
};

static int call(
	struct asker *asker, const struct batch *batch, bool inlined, struct spawn_result *ret) {
	char words[BATCH][WORD_BYTES], load[WORD_BYTES];
	const char *argv[BATCH + 10];
	size_t count = 0;
	int64_t left_ms = (asker->until_us - clock_monotonic_us()) / 1000;
	unsigned limit_ms = asker->options->timeout_ms ? asker->options->timeout_ms : ATOS_MS;
	if (left_ms < limit_ms)
		limit_ms = left_ms > 1 ? (unsigned)left_ms : 1;
	snprintf(load, sizeof load, "0x%" PRIx64, LOAD_ADDRESS);
	argv[count++] = asker->atos;
	argv[count++] = "-arch";
	argv[count++] = batch->want->arch;
	argv[count++] = "-o";
	argv[count++] = batch->want->path;
	argv[count++] = "-l";
	argv[count++] = load;
	if (inlined)
		argv[count++] = "-i";
	for (size_t i = 0; i < batch->count; i++) {
		snprintf(words[i], sizeof words[i], "0x%" PRIx64,
			LOAD_ADDRESS + batch->questions[i]->offset);
		argv[count++] = words[i];
	}
	argv[count] = NULL;
	return spawn_run_until(argv, limit_ms, asker->options->stop, ret, NULL);
}

/* 1: answered, 0: not. */
static int try_call(struct asker *asker, struct batch *batch, bool inlined, bool *ret_again) {
	struct spawn_result result;
	int r = call(asker, batch, inlined, &result);
	*ret_again = false;
	/* Of more than is kept the end is missing, and with it the meaning. */
	if (r == 0 && result.status == 0 && !result.timed_out &&
		result.out.len < SPAWN_OUTPUT_BYTES) {
		r = atos_parse(asker->symbolication->arena, buf_str(&result.out), result.out.len,
			inlined, batch->count, batch->answers);
		if (r == 0) {
			spawn_finish(&result);
			return 1;
		}
	}
	if (r < 0 && r != -EBADMSG && r != -ENOMEM)
		note(asker, batch->want->image->name, "cannot be started: %s", strerror(-r));
	else if (r != -ENOMEM)
		note_end(asker, batch->want->image->name, &result);
	*ret_again = inlined && r != -ENOMEM && result.status >= 0 && !result.timed_out;
	spawn_finish(&result);
	return r == -ENOMEM ? r : 0;
}

/* An atos that knows no inlined functions, or tells of them in another way, is asked without. */
static int ask_batch(struct asker *asker, struct batch *batch) {
	const struct err before = asker->symbolication->trouble;
	bool again;
	if (!batch->count)
		return 0;
	int r = try_call(asker, batch, true, &again);
	if (r == 0 && again) {
		asker->symbolication->trouble = before;
		r = try_call(asker, batch, false, &again);
	}
	for (size_t i = 0; r == 1 && i < batch->count; i++) {
		struct symbol_question *question = batch->questions[i];
		question->known = question->fresh = true;
		question->found = batch->answers[i];
		question->source = batch->want->source;
		asker->symbolication->found += question->found != NULL;
	}
	batch->count = 0;
	return r < 0 ? r : 0;
}

/* ---- images ---- */

/* A file that names nothing may have got a dSYM since. */
static bool may_be_asked(const struct symbol_question *question) {
	return !question->known || (!question->found && question->source == STORE_SYMBOL_IMAGE);
}

static bool is_to_be_asked(const struct symbol_question *question, const struct symbol_want *want) {
	return !question->known || (may_be_asked(question) && want->source == STORE_SYMBOL_DSYM);
}

/* The first question about that image; they are in its order. */
static size_t first_of(const struct symbolication *symbolication, int image) {
	size_t from = 0, to = symbolication->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (symbolication->questions[middle].image < image)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_about(const struct symbolication *symbolication, size_t i, int image) {
	return i < symbolication->count && symbolication->questions[i].image == image;
}

static int ask_image(struct asker *asker, const struct symbol_want *want, int image) {
	struct symbolication *symbolication = asker->symbolication;
	struct batch batch = {.want = want};
	int r = 0;
	size_t i = first_of(symbolication, image);
	for (; r == 0 && is_about(symbolication, i, image) && !is_late(asker); i++) {
		struct symbol_question *question = &symbolication->questions[i];
		if (!is_to_be_asked(question, want))
			continue;
		batch.questions[batch.count++] = question;
		if (batch.count == BATCH)
			r = ask_batch(asker, &batch);
	}
	return r == 0 && !is_late(asker) ? ask_batch(asker, &batch) : r;
}

static void note_without_file(struct symbolication *symbolication, int image) {
	size_t places = 0;
	for (size_t i = first_of(symbolication, image); is_about(symbolication, i, image); i++)
		places += !symbolication->questions[i].known;
	symbolication->without_file += places;
	symbolication->images_without_file += places > 0;
	if (places && !symbolication->first_image)
		symbolication->first_image = symbolication->report->images[image].name;
}

static size_t add_wants(
	const struct symbolication *symbolication, struct symbol_want *wants, int *images) {
	size_t count = 0;
	for (size_t i = 0; i < symbolication->count; i++) {
		const struct symbol_question *question = &symbolication->questions[i];
		if (!may_be_asked(question) || (count && images[count - 1] == question->image))
			continue;
		if (!symbol_want_init(
			    &wants[count], &symbolication->report->images[question->image]))
			continue;
		images[count++] = question->image;
	}
	return count;
}

static int ask_all(struct asker *asker, const struct symbol_tools *tools, struct symbol_want *wants,
	const int *images, size_t count) {
	struct symbolication *symbolication = asker->symbolication;
	const struct symbol_search search = {.folders = asker->options->folders,
		.mdfind = tools->mdfind,
		.stop = asker->options->stop,
		.until_us = clock_monotonic_us() + SEARCH_US};
	int r = 0;
	if (!symbol_files_find(&search, wants, count))
		err_set(&symbolication->trouble, -ETIMEDOUT,
			"there are too many files to look through for all images; --symbols may "
			"name a smaller folder");
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!wants[i].path)
			note_without_file(symbolication, images[i]);
		else if (!is_late(asker))
			r = ask_image(asker, &wants[i], images[i]);
		else
			note(asker, wants[i].image->name, "there was no time left for it");
	}
	return r;
}

int symbolication_ask(struct symbolication *symbolication,
	const struct symbolication_options *options, struct err *err) {
	struct symbol_want *wants = calloc(symbolication->count + 1, sizeof *wants);
	int *images = calloc(symbolication->count + 1, sizeof *images);
	struct symbol_tools tools = {0};
	size_t count = 0;
	int r = wants && images ? 0 : -ENOMEM;
	if (r == 0)
		count = add_wants(symbolication, wants, images);
	if (count)
		symbol_tools_find(&tools);
	if (count && !tools.atos)
		symbolication->trouble = tools.why;
	else if (count) {
		struct asker asker = {.symbolication = symbolication,
			.options = options,
			.atos = tools.atos,
			.until_us = clock_monotonic_us() + ALL_US};
		r = ask_all(&asker, &tools, wants, images, count);
	}
	for (size_t i = 0; i < count; i++)
		symbol_want_finish(&wants[i]);
	symbol_tools_finish(&tools);
	free(wants);
	free(images);
	return r < 0 ? err_set(err, r, "out of memory") : 0;
}
