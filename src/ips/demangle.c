/*
 * Uses the demangler of the C++ runtime, which trusts its input: it recurses on nesting, and a
 * short name can expand to gigabytes. So a name is judged before it is handed over. Must not know
 * reports.
 */
#include "ips/demangle.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Of the runtime (Itanium C++ ABI, section 3.4); its header is C++. */
char *__cxa_demangle(const char *mangled, char *buffer, size_t *len, int *status);

/*
 * Each byte can cost one level of recursion. The deepest chains of this length (pointers, nested
 * templates, expressions) were measured to pass on a stack of 256 KiB; 512 KiB is the smallest that
 * macOS gives a thread.
 */
#define NAME_BYTES 640
/* The result may have 2^23 bytes in the worst case. */
#define EXPANSION_BITS 23

static unsigned bits_of(size_t n) {
	unsigned bits = 0;
	for (; n; n >>= 1)
		bits++;
	return bits;
}

/*
 * A back reference (S_, T0_) repeats what stands before it: n of them multiply the length by at
 * most 3^(n/3), that is 0.53 bits each. A pack expansion (Dp) repeats its pattern once for every
 * argument, at most once per byte.
 */
static bool may_explode(const char *name, size_t len) {
	size_t references = 0, packs = 0;
	for (size_t i = 0; i + 1 < len; i++) {
		char next = name[i + 1];
		bool number = next == '_' || (next >= '0' && next <= '9');
		if ((name[i] == 'S' && (number || (next >= 'A' && next <= 'Z'))) ||
			(name[i] == 'T' && (number || next == 'L')))
			references++;
		if (name[i] == 'D' && next == 'p')
			packs++;
	}
	if (references > NAME_BYTES || packs > 8)
		return true;
	return references * 8 + (packs + 1) * bits_of(len) * 15 > EXPANSION_BITS * 15;
}

/* The length of the name without "_block_invoke", "_block_invoke_2", "_block_invoke.34". */
static size_t block_name(const char *name, size_t len) {
	static const char suffix[] = "_block_invoke";
	size_t end = len;
	while (end && ((name[end - 1] >= '0' && name[end - 1] <= '9') || name[end - 1] == '_' ||
			      name[end - 1] == '.'))
		end--;
	size_t n = sizeof suffix - 1;
	return end > n && memcmp(name + end - n, suffix, n) == 0 ? end - n : 0;
}

static const char *clean(struct arena *arena, const char *text) {
	size_t len = strlen(text);
	if (len > LIMIT_SYMBOL_BYTES)
		len = LIMIT_SYMBOL_BYTES;
	if (text_is_clean(text, len, TEXT_LINE))
		return arena_strndup(arena, text, len);
	char *copy = arena_alloc(arena, 3 * len + 1);
	if (copy)
		text_clean(copy, text, len, TEXT_LINE);
	return copy;
}

static const char *demangle_part(struct arena *arena, const char *name, size_t len, bool block) {
	size_t rest = len;
	const char *dot = memchr(name, '.', len);
	if (dot)
		rest = (size_t)(dot - name);
	char mangled[NAME_BYTES + 1];
	memcpy(mangled, name, rest);
	mangled[rest] = '\0';
	int status = 0;
	char *text = __cxa_demangle(mangled, NULL, NULL, &status);
	const char *ret = NULL;
	if (text && status == 0)
		ret = clean(arena, text);
	free(text);
	if (ret && dot)
		ret = arena_printf(arena, "%s (%.*s)", ret, (int)(len - rest), dot);
	if (ret && block)
		ret = arena_printf(arena, "invocation function for block in %s", ret);
	return ret;
}

const char *demangle(struct arena *arena, const char *symbol) {
	size_t underscores = 0;
	while (underscores < 5 && symbol[underscores] == '_')
		underscores++;
	if (underscores < 1 || underscores > 4 || symbol[underscores] != 'Z')
		return symbol;
	const char *name = symbol + underscores - 1;
	size_t len = strnlen(name, NAME_BYTES + 1);
	if (len > NAME_BYTES || may_explode(name, len))
		return symbol;
	bool block = false;
	if (underscores > 2) {
		len = block_name(name, len);
		block = true;
	}
	const char *ret = len > 2 ? demangle_part(arena, name, len, block) : NULL;
	return ret ? ret : symbol;
}
