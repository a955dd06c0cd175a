/* What Linux tells of a stack; the same on every processor. */
#include "repro/context.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unwind.h>

/* So many frames of handlers may stand above the one that is looked for. */
#define HANDLER_FRAMES 32

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

struct unwinding {
	uint64_t pc, *frames;
	size_t count, max, above;
	bool found;
};

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *at, void *user) {
	struct unwinding *unwinding = user;
	uint64_t address = _Unwind_GetIP(at);
	unwinding->found = unwinding->found || address == unwinding->pc;
	if (!unwinding->found)
		return ++unwinding->above < HANDLER_FRAMES ? _URC_NO_REASON : _URC_NORMAL_STOP;
	if (!address || unwinding->count == unwinding->max)
		return _URC_NORMAL_STOP;
	unwinding->frames[unwinding->count++] = address;
	return _URC_NO_REASON;
}

/* Since glibc 2.35 the tables are found without a lock; before, with one that nobody holds who does
 * not load a library at that moment. */
size_t context_unwind(const struct context *context, uint64_t *ret, size_t max) {
	struct unwinding unwinding = {.pc = context->pc, .frames = ret, .max = max};
	if (max)
		ret[0] = 0;
	_Unwind_Backtrace(take_frame, &unwinding);
	return unwinding.count;
}
