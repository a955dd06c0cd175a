/*
 * Frames without symbols: which there are in a report, what the store knows of them, and what atos
 * says where a file with the image's UUID is at hand. What is found stands beside the frames; the
 * report's own facts, and so its signature and site, stay as they are.
 */
#ifndef COLLECT_SYMBOLICATION_H
#define COLLECT_SYMBOLICATION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "ips/report.h"
#include "store/symbols.h"

#include <stdbool.h>

struct symbol_question {
	int image; /* into the report's images */
	uint64_t offset;
	bool known;                       /* found or known to be nothing, from the store or now */
	bool fresh;                       /* known since symbolication_ask() */
	const struct found_symbol *found; /* NULL: nothing */
	enum store_symbol_source source;
};

/* All borrowed but what lives in arena. */
struct symbolication {
	struct report *report;
	struct arena *arena;
	struct symbol_question *questions; /* each place once, by image and offset */
	size_t count;
	/* What came of asking. */
	struct err trouble;  /* code 0: none; the first */
	size_t found;        /* places that got a symbol */
	size_t without_file; /* places in images without a file here */
	size_t images_without_file;
	const char *first_image; /* of those */
};

struct symbolication_options {
	const char *const *folders; /* with dSYMs; NULL-terminated, or NULL */
	const volatile bool *stop;  /* NULL: never; then what runs is ended */
	unsigned timeout_ms;        /* of one call of atos; 0: the usual one */
};

/* all: of every thread, else of the crashed one and of the last exception. -ENOMEM. */
int symbolication_init(struct symbolication *ret, struct report *report, bool all,
	struct arena *arena, struct err *err);
/* Takes what the store knows. */
int symbolication_recall(struct symbolication *symbolication, struct store *store, struct err *err);
/*
 * Asks for the rest. That there is no atos, no file, or no answer is no error: it is told in
 * *symbolication. -ENOMEM.
 */
int symbolication_ask(struct symbolication *symbolication,
	const struct symbolication_options *options, struct err *err);
/* Puts what is known beside the frames. */
void symbolication_apply(const struct symbolication *symbolication);
/* Whether there is something to keep. */
bool symbolication_is_fresh(const struct symbolication *symbolication);
/* Keeps what was asked; store is open for writing. */
int symbolication_save(
	const struct symbolication *symbolication, struct store *store, struct err *err);

#endif
