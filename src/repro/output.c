/* Keeps up to twice of the tail that is asked for, so that bytes are moved once in a while. */
#include "repro/output.h"

#include <string.h>

static void add_tail(struct output *output, const char *bytes, size_t len) {
	struct buf *tail = &output->tail;
	if (len > OUTPUT_TAIL_BYTES) {
		output->cut = true;
		bytes += len - OUTPUT_TAIL_BYTES;
		len = OUTPUT_TAIL_BYTES;
	}
	if (tail->len + len > 2 * OUTPUT_TAIL_BYTES) {
		memmove(tail->data, tail->data + tail->len - OUTPUT_TAIL_BYTES, OUTPUT_TAIL_BYTES);
		tail->len = OUTPUT_TAIL_BYTES;
		output->cut = true;
	}
	buf_add(tail, bytes, len);
}

void output_add(struct output *output, const char *bytes, size_t len) {
	size_t room = OUTPUT_HEAD_BYTES - output->head.len;
	size_t first = len < room ? len : room;
	buf_add(&output->head, bytes, first);
	if (len > first)
		add_tail(output, bytes + first, len - first);
	output->failed = output->failed || output->head.failed || output->tail.failed;
	output->head.failed = output->tail.failed = false;
}

/* Without the line that was cut. */
static size_t whole_lines(const struct buf *head) {
	size_t len = head->len;
	while (len && head->data[len - 1] != '\n')
		len--;
	return len;
}

void output_text(const struct output *output, struct buf *ret) {
	const struct buf *head = &output->head, *tail = &output->tail;
	size_t skip = tail->len > OUTPUT_TAIL_BYTES ? tail->len - OUTPUT_TAIL_BYTES : 0;
	bool cut = output->cut || skip;
	buf_add(ret, buf_str(head), cut ? whole_lines(head) : head->len);
	const char *text = buf_str(tail) + skip;
	size_t len = tail->len - skip;
	const char *newline = cut ? memchr(text, '\n', len) : NULL;
	if (newline) {
		len -= (size_t)(newline + 1 - text);
		text = newline + 1;
	}
	buf_add(ret, text, len);
}

void output_reset(struct output *output) {
	buf_reset(&output->head);
	buf_reset(&output->tail);
	output->cut = output->failed = false;
}

void output_finish(struct output *output) {
	buf_finish(&output->head);
	buf_finish(&output->tail);
	*output = (struct output){0};
}
