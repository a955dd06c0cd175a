/* Grows up to the largest number that was added. */
#include "repro/pid_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64
/* Linux gives out less than this, macOS less than 100,000: 512 kB at most. */
#define PID_END (1 << 22)

int pid_set_add(struct pid_set *set, pid_t pid) {
	if (pid < 0 || pid >= PID_END)
		return 0;
	size_t word = (size_t)pid / WORD_BITS;
	if (word >= set->count) {
		size_t count = word + word / 2 + 1;
		uint64_t *words = realloc(set->words, count * sizeof *words);
		if (!words)
			return -ENOMEM;
		memset(words + set->count, 0, (count - set->count) * sizeof *words);
		set->words = words;
		set->count = count;
	}
	set->words[word] |= UINT64_C(1) << (size_t)pid % WORD_BITS;
	return 0;
}

bool pid_set_has(const struct pid_set *set, int64_t pid) {
	if (pid < 0 || pid >= PID_END || (size_t)pid / WORD_BITS >= set->count)
		return false;
	return set->words[(size_t)pid / WORD_BITS] >> (size_t)pid % WORD_BITS & 1;
}

void pid_set_finish(struct pid_set *set) {
	free(set->words);
	*set = (struct pid_set){0};
}
