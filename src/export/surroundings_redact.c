/* What surrounds an incident, where it leaves the machine. */
#include "export/archive_parts.h"
#include "export/rule_words.h"
#include "export/surroundings.h"

#include <errno.h>
#include <stdlib.h>

static int compare_ids(const void *left, const void *right) {
	const int64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

/* Those that do not leave are counted alone. */
static void keep_leaving(struct surroundings *around, const int64_t *ids, size_t count) {
	size_t kept = 0;
	for (size_t i = 0; i < around->neighbour_count; i++) {
		const struct neighbour *neighbour = &around->neighbours[i];
		if (count && bsearch(&neighbour->id, ids, count, sizeof *ids, compare_ids))
			around->neighbours[kept++] = *neighbour;
	}
	around->neighbours_left_out += around->neighbour_count - kept;
	around->neighbour_count = kept;
}

struct leaving_texts {
	struct redactor *redactor;
	struct arena *arena;
	bool failed;
};

static void replace(struct leaving_texts *texts, enum redact_form form, const char **text) {
	const char *clean = redact_dup(texts->redactor, form, *text, texts->arena);
	texts->failed = texts->failed || (*text && !clean);
	*text = clean;
}

int surroundings_redact(struct surroundings *around, struct redactor *redactor,
	const struct rules *rules, const int64_t *ids, size_t count, struct err *err) {
	struct leaving_texts texts = {.redactor = redactor, .arena = &around->arena};
	keep_leaving(around, ids, count);
	replace(&texts, REDACT_FORM_TEXT, &around->note);
	replace(&texts, REDACT_FORM_TEXT, &around->url);
	for (size_t i = 0; i < around->neighbour_count; i++) {
		struct neighbour *neighbour = &around->neighbours[i];
		if (neighbour->incident_id && !archive_is_uuid(neighbour->incident_id))
			neighbour->incident_id = NULL;
		replace(&texts, REDACT_FORM_NAME, &neighbour->process);
		/* A site's id, or words of a GPU event or panic. */
		if (neighbour->what && rule_words_site(rules, neighbour->what) != RULE_WORDS_OURS)
			replace(&texts, REDACT_FORM_TEXT, &neighbour->what);
	}
	return texts.failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}
