/* Any bytes as what atos prints: every answer is clean and bounded, or there is none. */
#include "fuzz.h"

#include "base/limits.h"
#include "base/text.h"
#include "ips/atos.h"

#include <string.h>

#define ANSWERS_MAX 16

static void check(const struct found_call *call) {
	MUST(call->symbol && *call->symbol);
	MUST(text_is_clean(call->symbol, strlen(call->symbol), TEXT_LINE));
	MUST(!call->source_file ||
		text_is_clean(call->source_file, strlen(call->source_file), TEXT_LINE));
	MUST(!call->source_line.set || call->source_line.value > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct found_symbol *found[ANSWERS_MAX];
	struct arena arena;
	if (!size)
		return 0;
	size_t count = data[0] % (ANSWERS_MAX + 1);
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	if (atos_parse(&arena, (const char *)data + 1, size - 1, data[0] & 128, count, found) == 0)
		for (size_t i = 0; i < count; i++) {
			if (!found[i])
				continue;
			check(&found[i]->function);
			MUST(found[i]->inlined_count <= ATOS_INLINED_MAX);
			for (size_t k = 0; k < found[i]->inlined_count; k++)
				check(&found[i]->inlined[k]);
		}
	arena_finish(&arena);
	return 0;
}
