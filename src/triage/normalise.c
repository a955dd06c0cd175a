/*
 * Symbols, one pass per spelling: Objective-C, C++ and Swift demangled, everything else as it is.
 * Knows nothing of reports or rules. Symbols are outside text: cut, unbalanced, or not symbols at
 * all.
 */
#include "triage/normalise.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define OPEN_BRACKETS 128

struct writer {
	char *text; /* never longer than the input plus NORMAL_BLOCK_PREFIX */
	size_t len;
};

static bool is_upper(char c) {
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_word(char c) {
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static bool is_hex(char c) {
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t span_digits(const char *s, size_t len) {
	size_t n = 0;

	while (n < len && is_digit(s[n]))
		n++;
	return n;
}

static void put(struct writer *w, const char *s, size_t len) {
	memcpy(w->text + w->len, s, len);
	w->len += len;
}

static bool at(const char *s, size_t len, size_t i, const char *word) {
	size_t n = strlen(word);

	return len - i >= n && memcmp(s + i, word, n) == 0;
}

static bool ends(const char *s, size_t len, const char *suffix) {
	size_t n = strlen(suffix);

	return len >= n && memcmp(s + len - n, suffix, n) == 0;
}

/* "AGXG" GENERATION "Family": the length of GENERATION behind s, 0 when it is none. */
static size_t generation_length(const char *s, size_t len) {
	size_t n = 0;

	if (len == 0 || s[0] != 'G')
		return 0;
	while (n < len && n < 16 && (is_upper(s[n]) || is_digit(s[n]) || s[n] == '_'))
		n++;
	/* the F of Family was taken too */
	while (n > 1 && !at(s, len, n, "Family"))
		n--;
	return n > 1 && is_digit(s[1]) ? n : 0;
}

/* Folds a driver class name that starts at s[i]; returns the bytes consumed, 0 when it is none. */
static size_t fold_generation(const char *s, size_t len, struct writer *w,
	struct normal_symbol *ret, struct arena *arena) {
	size_t n;

	if (!at(s, len, 0, "AGXG"))
		return 0;
	n = generation_length(s + 3, len - 3);
	if (n == 0)
		return 0;
	if (ret->generation == NULL)
		ret->generation = arena_strndup(arena, s + 3, n);
	put(w, "AGXG*Family", 11);
	return 3 + n + 6;
}

/* Copies len bytes with driver generations and _mtlnext folded. */
static void copy_folded(const char *s, size_t len, struct writer *w, struct normal_symbol *ret,
	struct arena *arena) {
	size_t i = 0;

	while (i < len) {
		size_t n = fold_generation(s + i, len - i, w, ret, arena);

		if (n == 0 && at(s, len, i, "_mtlnext")) {
			ret->mtlnext = true;
			n = 8;
		}
		if (n == 0) {
			w->text[w->len++] = s[i];
			n = 1;
		}
		i += n;
	}
}

/* The bracket that closes s[0], or len when the text ends first. "->" closes nothing. */
static size_t skip_brackets(const char *s, size_t len) {
	char open[OPEN_BRACKETS];
	size_t depth = 0, i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if (c == '<' || c == '(' || c == '[' || c == '{') {
			if (depth == OPEN_BRACKETS)
				return len;
			open[depth++] = c;
		} else if (c == '>') {
			assert(depth > 0);
			if (s[i - 1] != '-' && open[depth - 1] == '<')
				depth--;
		} else if (c == ')' || c == ']' || c == '}') {
			char want = (char)(c == ')' ? '(' : c == ']' ? '[' : '{');

			assert(depth > 0);
			/* a lone '<' inside an expression stays open: it is closed with what holds
			 * it */
			while (depth > 0 && open[depth - 1] == '<' && want != '<' && depth > 1)
				depth--;
			if (open[depth - 1] == want)
				depth--;
		}
		if (depth == 0)
			return i + 1;
	}
	return len;
}

/* Bytes of the operator's sign behind the word "operator" (without a blank). */
static size_t operator_length(const char *s, size_t len) {
	static const char *const signs[] = {
		"<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "()", "[]", "<", ">"};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (at(s, len, 0, signs[i]))
			return strlen(signs[i]);
	}
	return 0;
}

/* Behind a parameter list: const, volatile, noexcept, & and &&. */
static size_t qualifier_length(const char *s, size_t len) {
	static const char *const words[] = {
		" const", " volatile", " noexcept", " restrict", " &&", " &"};
	size_t done = 0;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
			size_t n = strlen(words[i]);

			if (at(s, len, done, words[i]) &&
				(done + n == len || !is_word(s[done + n]) || words[i][1] == '&')) {
				done += n;
				more = true;
				break;
			}
		}
	}
	return done;
}

/* Inline namespaces and unnamed ones say nothing of the function: bytes to drop at s, 0 for none.
 */
static size_t noise_length(const char *s, size_t len) {
	static const char *const noise[] = {"(anonymous namespace)::", "'anonymous namespace'::",
		"{anonymous}::", "(anonymous namespace)"};

	for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
		if (at(s, len, 0, noise[i]))
			return strlen(noise[i]);
	}
	if (at(s, len, 0, "[abi:"))
		return skip_brackets(s, len);
	return 0;
}

/* Swift's private names: "(name in _0123456789ABCDEF...)". Returns the bytes consumed. */
static size_t private_name(const char *s, size_t len, struct writer *w) {
	size_t name = 1, i;

	while (name < len && is_word(s[name]))
		name++;
	if (name == 1 || !at(s, len, name, " in _"))
		return 0;
	i = name + 5;
	while (i < len && is_hex(s[i]))
		i++;
	if (i < name + 5 + 16 || i >= len || s[i] != ')')
		return 0;
	put(w, s + 1, name - 1);
	return i + 1;
}

static bool after_operator(const struct writer *w) {
	return ends(w->text, w->len, "operator") && (w->len == 8 || !is_word(w->text[w->len - 9]));
}

/* One bracket of a C++ or Swift name: "<...>" shrinks to "<>", a parameter list goes. */
static size_t fold_bracket(const char *s, size_t len, size_t i, struct writer *w) {
	size_t n;

	if (s[i] == '(') {
		n = private_name(s + i, len - i, w);
		if (n > 0)
			return n;
		n = skip_brackets(s + i, len - i);
		return n + qualifier_length(s + i + n, len - i - n);
	}
	/* a '<' that follows no name starts one: <redacted>, <T as Trait>::method */
	if (w->len == 0 || !(is_word(w->text[w->len - 1]) || w->text[w->len - 1] == '\''))
		return 0;
	put(w, "<>", 2);
	return skip_brackets(s + i, len - i);
}

static size_t fold_operator(const char *s, size_t len, size_t i, struct writer *w) {
	size_t n = operator_length(s + i, len - i), done;

	put(w, s + i, n);
	done = n;
	if (n > 0 && at(s, len, i + n, " <"))
		done++;
	if (n > 0 && i + done < len && s[i + done] == '<') {
		put(w, "<>", 2);
		done += skip_brackets(s + i + done, len - i - done);
	}
	return done;
}

/* What starts at s[i] and is folded; returns the bytes consumed, 0 when it is a character like
 * others. */
static size_t fold_piece(const char *s, size_t len, size_t i, struct writer *w) {
	size_t n = 0;

	switch (s[i]) {
	case '(':
	case '<':
		n = noise_length(s + i, len - i);
		return n > 0 ? n : fold_bracket(s, len, i, w);
	case '[':
	case '{':
	case '\'':
		return noise_length(s + i, len - i);
	case 's':
		if (!at(s, len, i, "std::__1::"))
			return 0;
		put(w, "std::", 5);
		return 10;
	case 'A':
		n = at(s, len, i, "AGX::HAL") ? span_digits(s + i + 8, len - i - 8) : 0;
		if (n == 0)
			return 0;
		put(w, "AGX::HAL*", 9);
		return 8 + n;
	default:
		return 0;
	}
}

static void fold_cxx(const char *s, size_t len, struct writer *w, struct normal_symbol *ret,
	struct arena *arena) {
	size_t i = 0;

	while (i < len) {
		size_t n = 0;

		if (w->len > 0 && w->text[w->len - 1] == 'r' && after_operator(w))
			n = fold_operator(s, len, i, w);
		if (n == 0)
			n = fold_piece(s, len, i, w);
		if (n == 0 && s[i] == 'A')
			n = fold_generation(s + i, len - i, w, ret, arena);
		if (n == 0) {
			w->text[w->len++] = s[i];
			n = 1;
		}
		i += n;
	}
}

/* ".cold.1", ".llvm.123", "[clone ...]", " (.cold.1)", ".22": cuts them off the end. */
static size_t cut_suffixes(const char *s, size_t len, struct normal_symbol *ret) {
	static const char *const words[] = {".cold", ".llvm", ".part", ".isra", ".constprop",
		".resume", ".destroy", ".cleanup", ".lto_priv", ".warm", ".actor"};
	bool more = true;

	while (more && len > 1) {
		size_t n = len;

		more = false;
		while (n > 0 && is_digit(s[n - 1]))
			n--;
		if (n < len && n > 1 && s[n - 1] == '.') {
			len = n - 1;
			more = true;
			continue;
		}
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
			if (len > strlen(words[i]) && ends(s, len, words[i])) {
				ret->cold |= i == 0;
				len -= strlen(words[i]);
				more = true;
				break;
			}
		}
	}
	return len;
}

static size_t cut_clone(const char *s, size_t len, struct normal_symbol *ret) {
	for (size_t i = 1; i < len; i++) {
		if (at(s, len, i, " [clone ") || at(s, len, i, " (.")) {
			for (size_t k = i; k < len && !ret->cold; k++)
				ret->cold = at(s, len, k, ".cold");
			return i;
		}
	}
	return len;
}

/* Rust's "::h" and 16 hex digits. */
static size_t cut_hash(const char *s, size_t len) {
	if (len <= 19 || memcmp(s + len - 19, "::h", 3) != 0)
		return len;
	for (size_t i = len - 16; i < len; i++) {
		if (!is_hex(s[i]))
			return len;
	}
	return len - 19;
}

/* Demanglers print the result type of templates only, and abbreviated reports leave it out. */
static void cut_result_type(struct writer *w, size_t start) {
	char *text = w->text + start;
	size_t len = w->len - start, from = 0, name_end = len;
	static const char *const swift[] = {" in ", " #", "@", " for ", " of ", " as ", " to "};

	text[len] = 0;
	for (size_t i = 0; i < sizeof swift / sizeof swift[0]; i++) {
		if (strstr(text, swift[i]) != NULL)
			return;
	}
	for (size_t i = 0; i + 8 <= len; i++) {
		if (at(text, len, i, "operator") && (i == 0 || !is_word(text[i - 1])) &&
			(i + 8 == len || !is_word(text[i + 8]))) {
			name_end = i;
			break;
		}
	}
	for (size_t i = 0; i < name_end; i++) {
		if (text[i] == ' ')
			from = i + 1;
	}
	if (from == 0 || (strstr(text + from, "::") == NULL && text[len - 1] != '>'))
		return;
	memmove(text, text + from, len - from);
	w->len = start + len - from;
}

/* Where "[-+][Class selector]" starts, also inside "__NN-[...]_block_invoke"; len when there is
 * none. */
static size_t objc_start(const char *s, size_t len) {
	size_t i = 0;

	if (at(s, len, 0, "__"))
		i = 2 + span_digits(s + 2, len - 2);
	if (len - i > 3 && (s[i] == '-' || s[i] == '+') && s[i + 1] == '[')
		return i;
	return len;
}

static void fold_objc(const char *s, size_t len, struct writer *w, struct normal_symbol *ret,
	struct arena *arena) {
	const char *close = memchr(s, ']', len);
	size_t end = close != NULL ? (size_t)(close - s) + 1 : len;

	copy_folded(s, end, w, ret, arena);
}

static bool has_block_suffix(const char *s, size_t len, size_t *ret_len) {
	static const char word[] = "_block_invoke";

	for (size_t i = len; i-- > 0;) {
		if (s[i] == '_' && at(s, len, i, word)) {
			*ret_len = i;
			return true;
		}
		if (len - i > 32)
			break;
	}
	return false;
}

static void mark_block(struct writer *w, struct normal_symbol *ret) {
	if (!ret->block)
		put(w, NORMAL_BLOCK_PREFIX, strlen(NORMAL_BLOCK_PREFIX));
	ret->block = true;
}

static bool needs_folding(const char *s, size_t len) {
	return strpbrk(s, "<([{.$ '") != NULL || strstr(s, "AGX") != NULL ||
	       strstr(s, "_block_invoke") != NULL || strstr(s, "::") != NULL ||
	       (len > 2 && s[0] == '_' && s[1] == 'R');
}

static void fold(const char *s, size_t len, struct writer *w, struct normal_symbol *ret,
	struct arena *arena) {
	static const char *const prefixes[] = {
		"non-virtual thunk to ", "virtual thunk to ", "@objc "};
	static const char block[] = "invocation function for block in ";
	size_t start;

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (at(s, len, 0, prefixes[i])) {
			s += strlen(prefixes[i]);
			len -= strlen(prefixes[i]);
		}
	}
	while (at(s, len, 0, block)) {
		mark_block(w, ret);
		s += sizeof block - 1;
		len -= sizeof block - 1;
	}
	len = cut_clone(s, len, ret);
	len = cut_suffixes(s, len, ret);
	start = len;
	if (has_block_suffix(s, len, &start)) {
		mark_block(w, ret);
		len = start;
		if (at(s, len, 0, "___"))
			s++, len--;
		if (objc_start(s, len) == len && at(s, len, 0, "__"))
			s += 2, len -= 2;
	}
	start = objc_start(s, len);
	if (start < len) {
		fold_objc(s + start, len - start, w, ret, arena);
		return;
	}
	len = cut_hash(s, len);
	start = w->len;
	fold_cxx(s, len, w, ret, arena);
	cut_result_type(w, start);
}

int normalise_symbol(const char *symbol, struct arena *arena, struct normal_symbol *ret) {
	struct normal_symbol normal = {.function = symbol};
	size_t len = strlen(symbol);
	struct writer w = {0};

	if (needs_folding(symbol, len)) {
		/* folding only ever adds the block prefix and "*" or "<>" for something longer */
		w.text = arena_alloc(arena, len + len / 2 + 32);
		if (w.text == NULL)
			return -ENOMEM;
		fold(symbol, len, &w, &normal, arena);
		w.text[w.len] = 0;
		normal.function = w.len > 0 ? w.text : symbol;
	}
	*ret = normal;
	return 0;
}

int normalise_image(const char *name, struct arena *arena, struct normal_image *ret) {
	struct normal_image normal = {0};
	const char *rest, *end;

	/* the classic text form tells bundle identifiers */
	if (text_starts(name, "com.apple."))
		name += strlen("com.apple.");
	if (text_starts(name, "MetalPerformanceShaders.MPS"))
		name += strlen("MetalPerformanceShaders.");
	normal.family = name;
	if (text_starts(name, "AGXMetal")) {
		rest = name + strlen("AGXMetal");
		if (is_digit(rest[0]) || (is_upper(rest[0]) && is_digit(rest[1]))) {
			end = is_digit(rest[0]) ? NULL : strpbrk(rest, "_-");
			normal.family = "AGXMetalG*";
			normal.generation = arena_strndup(
				arena, rest, end != NULL ? (size_t)(end - rest) : strlen(rest));
			if (normal.generation == NULL)
				return -ENOMEM;
			if (end != NULL)
				normal.variant = arena_strdup(arena, end + 1);
		}
	}
	*ret = normal;
	return 0;
}

/* Bytes of a number, address or UUID at s: hex digits count when there is a "0x" or enough of them.
 */
static size_t number_length(const char *s) {
	size_t n = 0;
	bool digit = false;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && is_hex(s[2])) {
		n = 2;
		while (is_hex(s[n]))
			n++;
		return n;
	}
	while (is_hex(s[n]) || (s[n] == '-' && n > 0 && is_hex(s[n + 1]))) {
		digit |= is_digit(s[n]);
		n++;
	}
	if (n >= 8 && digit && !is_word(s[n]))
		return n;
	n = 0;
	while (is_digit(s[n]))
		n++;
	return n;
}

static size_t path_length(const char *s) {
	size_t n = 0;

	if (s[0] == '~' && s[1] == '/')
		n++;
	/* a folder that was private is "*" */
	if (s[n] != '/' || !(is_word(s[n + 1]) || s[n + 1] == '*'))
		return 0;
	while (s[n] != 0 && strchr(" \t\n'\"`),;:", s[n]) == NULL)
		n++;
	return n;
}

const char *normalise_message(const char *text, size_t limit, struct arena *arena) {
	size_t cap = limit * 4 + 8, len = 0, points = 0, n;
	char *out = arena_alloc(arena, cap);
	bool word = false, blank = true;

	if (out == NULL)
		return NULL;
	while (*text != 0 && points < limit) {
		const char *piece = text;
		size_t piece_len = 1, used = 1;
		uint32_t point;

		if (!word && (n = path_length(text)) > 0) {
			piece = "PATH", piece_len = 4, used = n;
		} else if (!word && (n = number_length(text)) > 0) {
			piece = "#", used = n;
		} else if (*text == ' ' || *text == '\t' || *text == '\n') {
			piece = " ", piece_len = blank ? 0 : 1;
		} else if ((used = text_decode(
				    text, strlen(text) < 4 ? strlen(text) : 4, &point)) == 0) {
			used = 1, piece = "?";
		} else {
			piece_len = used;
		}
		blank = piece[0] == ' ';
		word = piece == text && is_word(*text);
		memcpy(out + len, piece, piece_len);
		len += piece_len;
		points += piece[0] == 'P' && piece != text ? 4 : piece_len > 0;
		text += used;
	}
	while (len > 0 && out[len - 1] == ' ')
		len--;
	if (*text != 0)
		memcpy(out + len, "...", 3), len += 3;
	out[len] = 0;
	return out;
}

static const char *find_word(const char *text, size_t len, const char *word) {
	for (size_t i = 0; i < len; i++) {
		if (text[i] == word[0] && at(text, len, i, word))
			return text + i;
	}
	return NULL;
}

/* Apple's assert(): "Assertion failed: (x), function f, file g.c, line 3." */
static const char *asserted_function(const char *text, size_t len, size_t *ret_len) {
	static const char word[] = ", function ";
	const char *name, *end;

	if (!at(text, len, 0, "Assertion failed: "))
		return NULL;
	name = find_word(text, len, word);
	if (name == NULL)
		return NULL;
	name += sizeof word - 1;
	len -= (size_t)(name - text);
	end = find_word(name, len, ", file ");
	*ret_len = end != NULL ? (size_t)(end - name) : len;
	return name;
}

/* Metal's: "-[Class selector]:1091: failed assertion `...'". */
static const char *failed_method(const char *text, size_t len, size_t *ret_len) {
	const char *close;
	size_t i;

	if (len < 2 || (text[0] != '-' && text[0] != '+') || text[1] != '[')
		return NULL;
	close = memchr(text, ']', len);
	if (close == NULL)
		return NULL;
	i = (size_t)(close - text) + 1;
	if (i < len && text[i] == ':')
		i += 1 + span_digits(text + i + 1, len - i - 1);
	while (i < len && (text[i] == ':' || text[i] == ' '))
		i++;
	if (!at(text, len, i, "failed assertion"))
		return NULL;
	*ret_len = (size_t)(close - text) + 1;
	return text;
}

int normalise_asserted(
	const char *text, size_t len, struct arena *arena, struct normal_symbol *ret) {
	size_t name_len = 0;
	const char *name = failed_method(text, len, &name_len);
	char *symbol;

	*ret = (struct normal_symbol){0};
	if (name == NULL)
		name = asserted_function(text, len, &name_len);
	if (name == NULL || name_len == 0)
		return 0;
	symbol = arena_strndup(arena, name, name_len);
	if (symbol == NULL)
		return -ENOMEM;
	return normalise_symbol(symbol, arena, ret);
}
