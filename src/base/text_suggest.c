/* Which word a mistyped one most likely means. */
#include "base/text.h"

#include <string.h>

static size_t min_size(size_t a, size_t b) {
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
static size_t distance(const char *a, const char *b) {
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t rows[3][TEXT_SUGGEST_BYTES + 1];
	if (a_len > TEXT_SUGGEST_BYTES || b_len > TEXT_SUGGEST_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3];
		const size_t *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			now[j] = min_size(last[j - 1] + cost, min_size(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min_size(now[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *text_suggest(const char *typed, const char *const *candidates, size_t count) {
	size_t len = strlen(typed), best = len < 3   ? 2
					   : len < 6 ? 3
						     : 4; /* one more than allowed */
	const char *ret = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!candidates[i])
			continue;
		if (len >= 2 && text_starts(candidates[i], typed))
			return candidates[i];
		size_t d = distance(typed, candidates[i]);
		if (d < best) {
			best = d;
			ret = candidates[i];
		}
	}
	return ret;
}
