/*
 * Operations by the names of functions. Knows how C++ symbols nest; must not know what crashed.
 */
#include "triage/operation.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum source { SOURCE_MPS_KERNEL, SOURCE_ATEN_CALL, SOURCE_MLX_EVAL, SOURCE_GGML_OP, SOURCE_COUNT };

static const char *const source_names[SOURCE_COUNT] = {
	[SOURCE_MPS_KERNEL] = "*_mps_kernel",
	[SOURCE_ATEN_CALL] = "at::_ops::NAME::call",
	[SOURCE_MLX_EVAL] = "NAME::eval_gpu",
	[SOURCE_GGML_OP] = "ggml op",
};

struct word {
	const char *text;
	size_t len;
};

/* The last three identifiers outside of all brackets; the newest last. */
struct window {
	struct word words[3];
};

static bool is_identifier(char c) {
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static bool word_is(struct word word, const char *text) {
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

static bool word_starts(struct word word, const char *prefix) {
	size_t len = strlen(prefix);
	return word.len > len && !memcmp(word.text, prefix, len);
}

static bool word_ends(struct word word, const char *suffix) {
	size_t len = strlen(suffix);
	return word.len > len && !memcmp(word.text + word.len - len, suffix, len);
}

/* What stands behind "operator" is a name and no bracket: (), [], <<, ->, <=> ... */
static const char *skip_operator(const char *at) {
	if ((at[0] == '(' && at[1] == ')') || (at[0] == '[' && at[1] == ']'))
		return at + 2;
	return at + strspn(at, "<>-=");
}

/*
 * Moves *at behind the next identifier outside of brackets. An arrow is no bracket. False at the
 * end.
 */
static bool next_word(const char **at, struct word *ret) {
	size_t depth = 0;
	const char *p = *at;
	for (; *p; p++) {
		if (depth == 0 && is_identifier(*p))
			break;
		if (*p == '<' || *p == '(' || *p == '[' || *p == '{')
			depth++;
		else if (*p == '-' && p[1] == '>')
			p++;
		else if (depth && (*p == '>' || *p == ')' || *p == ']' || *p == '}'))
			depth--;
	}
	const char *start = p;
	while (is_identifier(*p))
		p++;
	*ret = (struct word){start, (size_t)(p - start)};
	*at = word_is(*ret, "operator") ? skip_operator(p) : p;
	return ret->len > 0;
}

/* Functions of ggml's Metal backend that are named like an operation and are none. */
static bool is_ggml_housekeeping(struct word name) {
	static const char *const names[] = {"init", "free", "n_nodes", "encode", "encode_impl",
		"concurrency_reset", "concurrency_check", "concurrency_add"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (word_is(name, names[i]))
			return true;
	}
	return false;
}

static bool ggml_operation(struct word word, struct word *ret) {
	static const char *const prefixes[] = {"ggml_metal_op_", "ggml_compute_forward_"};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!word_starts(word, prefixes[i]))
			continue;
		size_t len = strlen(prefixes[i]);
		*ret = (struct word){word.text + len, word.len - len};
		return !is_ggml_housekeeping(*ret);
	}
	return false;
}

/* What the newest identifier, with those before it, says. */
static enum source match(const struct window *window, struct word *ret) {
	static const size_t prefix = sizeof REPORT_SIMULATED_PREFIX - 1;
	struct word last = window->words[2], before = window->words[1];
	if (word_ends(last, "_mps_kernel")) {
		bool simulated = word_starts(last, REPORT_SIMULATED_PREFIX);
		*ret = simulated ? (struct word){last.text + prefix, last.len - prefix} : last;
		return SOURCE_MPS_KERNEL;
	}
	if (word_is(last, "call") && before.len && word_is(window->words[0], "_ops")) {
		*ret = before;
		return SOURCE_ATEN_CALL;
	}
	if (word_is(last, "eval_gpu") && before.len) {
		*ret = before;
		return SOURCE_MLX_EVAL;
	}
	return ggml_operation(last, ret) ? SOURCE_GGML_OP : SOURCE_COUNT;
}

static void scan_symbol(const char *symbol, size_t frame, struct operation found[SOURCE_COUNT]) {
	struct window window = {0};
	struct word word, name;
	while (next_word(&symbol, &word)) {
		window.words[0] = window.words[1];
		window.words[1] = window.words[2];
		window.words[2] = word;
		enum source source = match(&window, &name);
		if (source != SOURCE_COUNT && !found[source].name)
			found[source] = (struct operation){
				name.text, name.len, frame, source_names[source]};
	}
}

struct operation operation_find(const struct frames *frames) {
	struct operation found[SOURCE_COUNT] = {0};
	for (size_t i = 0; i < frames->count && !found[SOURCE_MPS_KERNEL].name; i++) {
		if (frames->items[i].symbol)
			scan_symbol(frames->items[i].symbol, i, found);
	}
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		if (found[i].name)
			return found[i];
	}
	return (struct operation){0};
}
