/* Bytes from the store back to facts. Knows nothing of how they are shown. */
#include "export/load.h"

#include "base/limits.h"

#include <errno.h>
#include <string.h>

/* The rules may still tell which of the stored frames is the site's. */
static void find_site_frame(struct loaded *loaded, const struct rules *rules) {
	struct triage again;
	if (loaded->triage.site == NULL ||
		triage_run(&again, loaded->report, rules, &loaded->arena, NULL) < 0)
		return;
	if (again.site != NULL && strcmp(again.site, loaded->triage.site) == 0)
		loaded->triage.site_frame = again.site_frame;
}

static int recall(struct store *store, const struct rules *rules, int64_t id, struct loaded *ret,
	struct err *err) {
	int r = store_recall(store, id, &ret->arena, &ret->report, &ret->triage, err);
	if (r < 0)
		return err_prefix(err, "incident %lld", (long long)id);
	ret->raw_gone = true;
	find_site_frame(ret, rules);
	return 0;
}

int loaded_open(struct store *store, const struct rules *rules, const struct incident *incident,
	struct loaded *ret, struct err *err) {
	long long id = incident->id;
	size_t ordinal = incident->ordinal;
	*ret = (struct loaded){0};
	arena_init(&ret->arena, LIMIT_REPORT_ARENA_BYTES);
	int r = store_raw(store, id, &ret->raw, err); /* names the incident itself */
	if (r == -ENODATA) {
		*err = (struct err){0};
		return recall(store, rules, id, ret, err);
	}
	if (r < 0)
		return r;
	r = document_parse(buf_str(&ret->raw), ret->raw.len, &ret->document, err);
	if (r >= 0 && ordinal >= ret->document.count)
		r = err_set(
			err, -ENODATA, "only %zu reports found in its file", ret->document.count);
	if (r >= 0) {
		ret->report = ret->document.reports[ordinal];
		r = triage_run(&ret->triage, ret->report, rules, &ret->arena, NULL);
		if (r < 0)
			err_set(err, r, "out of memory");
	}
	return r < 0 ? err_prefix(err, "incident %lld", id) : 0;
}

void loaded_finish(struct loaded *loaded) {
	document_finish(&loaded->document);
	arena_finish(&loaded->arena);
	buf_finish(&loaded->raw);
	*loaded = (struct loaded){0};
}
