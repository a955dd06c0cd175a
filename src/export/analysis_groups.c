/* Crashes that no rule knows have nothing in common: each of their signatures is told apart. */
#include "export/analysis_parts.h"

#include <errno.h>

struct frame_taker {
	struct analysis_work *work;
	struct analysis_signature *signature;
};

static int take_frame(const struct store_frame *frame, size_t index, void *user) {
	struct frame_taker *taker = user;
	struct analysis_signature *signature = taker->signature;
	struct texts *texts = &taker->work->texts;
	if (index >= ANALYSIS_GROUP_FRAMES)
		return 0;
	signature->frames[signature->frame_count++] =
		(struct analysis_frame){.image = texts_keep(texts, REDACT_FORM_NAME, frame->image),
			.symbol = texts_keep(texts, REDACT_FORM_SYMBOL, frame->symbol),
			.offset = frame->offset};
	return texts->failed ? -ENOMEM : 0;
}

static int take_frames(struct analysis_work *work, struct analysis_signature *signature) {
	struct frame_taker taker = {.work = work, .signature = signature};
	if (!signature->stack_id)
		return 0;
	signature->frames = arena_calloc(
		&work->analysis->arena, ANALYSIS_GROUP_FRAMES, sizeof *signature->frames);
	if (!signature->frames)
		return -ENOMEM;
	int code = store_stack(work->store, signature->stack_id, take_frame, &taker, work->err);
	return code < 0 ? code : 0;
}

int analysis_take_groups(struct analysis_work *work) {
	struct analysis *analysis = work->analysis;
	struct analysis_site *site =
		analysis->site_count ? &analysis->sites[analysis->site_count - 1] : NULL;
	int code = 0;
	if (!site || site->id || site->signature_count < 2)
		return 0;
	site->mixed = true;
	site->message = NULL; /* of one of them */
	for (size_t i = 0; i < site->signature_count && !code; i++) {
		if (i < ANALYSIS_GROUPS)
			code = take_frames(work, &site->signatures[i]);
		else
			site->ungrouped += site->signatures[i].count;
	}
	return code == -ENOMEM ? err_set(work->err, code, "out of memory") : code;
}
