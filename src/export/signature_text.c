/* Chooses what of a signature is shown; knows the separator of its parts and nothing else of it. */
#include "export/signature_text.h"

#include "base/text.h"
#include "export/symbol.h"

#include <string.h>

static const char separator[] = " | ";
#define SEPARATOR_BYTES (sizeof separator - 1)
/* Less than this of a name tells nothing. */
#define PART_COLUMNS_MIN 16

static size_t part_len(const char *text) {
	const char *end = strstr(text, separator);
	return end ? (size_t)(end - text) : strlen(text);
}

/* Behind "EXC_BAD_ACCESS " where something follows that tells more. */
static const char *behind_exception(const char *text) {
	size_t word = strcspn(text, " ");
	bool more = text[word] == ' ' && text[word + 1] != separator[1];
	return text_starts(text, "EXC_") && more ? text + word + 1 : text;
}

static void add_part(struct buf *out, const char *text, size_t len, size_t columns) {
	struct buf part = {0};
	buf_add(&part, text, len);
	symbol_shorten(out, buf_str(&part), columns);
	out->failed = out->failed || part.failed;
	buf_finish(&part);
}

void signature_text(struct buf *out, const char *text, size_t columns, bool with_fault) {
	size_t start = out->len, len = part_len(text);
	if (with_fault)
		text = behind_exception(text);
	else if (text[len])
		text += len + SEPARATOR_BYTES;
	while (!out->failed) {
		bool first = out->len == start;
		size_t used = text_width(buf_str(out) + start) + (first ? 0 : SEPARATOR_BYTES);
		size_t least = first ? 0 : PART_COLUMNS_MIN;
		len = part_len(text);
		if (used >= columns || columns - used < (len < least ? len : least))
			return;
		if (!first)
			buf_add_str(out, separator);
		add_part(out, text, len, columns - used);
		if (!text[len])
			return;
		text += len + SEPARATOR_BYTES;
	}
}
