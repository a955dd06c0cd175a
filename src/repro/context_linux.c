/* What Linux tells of a stack; the same on every processor. */
#include "repro/context.h"

#include <pthread.h>
#include <string.h>

uint64_t context_stack_end(void) {
	pthread_attr_t attributes;
	void *start = NULL;
	size_t size = 0;
	if (pthread_getattr_np(pthread_self(), &attributes))
		return 0;
	int r = pthread_attr_getstack(&attributes, &start, &size);
	pthread_attr_destroy(&attributes);
	return r ? 0 : (uint64_t)(uintptr_t)start + size;
}

/* A frame is two words: the caller's frame and the return address, on x86_64 and arm64 alike. */
size_t context_walk(const struct context *context, uint64_t stack_end, uint64_t *ret, size_t max) {
	size_t count = 0;
	uint64_t frame = context->fp, lowest = context->sp;
	if (max)
		ret[count++] = context->pc;
	while (count < max && frame % sizeof(uint64_t) == 0 && frame >= lowest &&
		frame < stack_end && stack_end - frame >= 2 * sizeof(uint64_t)) {
		uint64_t words[2];
		memcpy(words, (const void *)(uintptr_t)frame, sizeof words);
		if (!words[1])
			break;
		ret[count++] = words[1];
		lowest = frame + sizeof words;
		frame = words[0];
	}
	return count;
}
