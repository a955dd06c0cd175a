/* Aligns stacks; knows nothing of what a frame means beyond whose image it is. */
#include "export/text_frames.h"

#include "base/text.h"
#include "export/symbol.h"

#include <inttypes.h>
#include <string.h>

/* Longer image names push their own line only. */
#define IMAGE_COLUMNS 26
/* Mark, number and gaps. */
#define FIXED_COLUMNS 9
/* A symbol gets this much even where the terminal is narrower. */
#define MIN_SYMBOL_COLUMNS 24
/* And no more than this in a file: symbols of a thousand characters hide the stack. */
#define MAX_SYMBOL_COLUMNS 160

/* What a line of columns columns (0: of a file) has left for a symbol. */
static size_t symbol_columns(size_t columns, size_t used) {
	if (!columns)
		return MAX_SYMBOL_COLUMNS;
	return columns > used + MIN_SYMBOL_COLUMNS ? columns - used : MIN_SYMBOL_COLUMNS;
}

static size_t image_columns(const struct frames *frames) {
	size_t most = 4;
	for (size_t i = 0; i < frames->count; i++) {
		const char *image = frames->items[i].image;
		size_t width = image ? text_prefix(image, IMAGE_COLUMNS) : 1;
		most = width > most ? width : most;
	}
	return most;
}

/* Libraries below everything else: of little interest, so they step back. */
static bool is_system(const struct report *report, const struct frame *frame) {
	if (frame->image_index < 0 || (size_t)frame->image_index >= report->image_count)
		return false;
	const char *path = report->images[frame->image_index].path;
	return path && text_starts(path, "/usr/lib/");
}

static enum term_role frame_role(
	const struct text_frames *view, const struct frame *frame, size_t index) {
	if (view->site_frame >= 0 && (size_t)view->site_frame == index)
		return TERM_SITE;
	if (frame->image && text_starts(frame->image, "AGX"))
		return TERM_WARN;
	return is_system(view->report, frame) ? TERM_DIM : TERM_PLAIN;
}

static void add_source(struct buf *out, const struct found_call *call) {
	if (!call->source_file)
		return;
	buf_printf(out, " (%s", call->source_file);
	if (call->source_line.set)
		buf_printf(out, ":%" PRId64, call->source_line.value);
	buf_add_char(out, ')');
}

static void add_behind(struct buf *out, const struct frame *frame, const struct found_call *call) {
	if (call->symbol && call->symbol_offset.set)
		buf_printf(out, " + %" PRIu64, call->symbol_offset.value);
	add_source(out, call);
	if (frame->inlined)
		buf_add_str(out, " [inlined]");
	if (frame->found)
		buf_add_str(out, " [symbolicated]");
}

static size_t room_beside(size_t columns, const struct buf *behind) {
	size_t used = text_width(buf_str(behind));
	if (!columns)
		return 0;
	return columns > used + MIN_SYMBOL_COLUMNS ? columns - used : MIN_SYMBOL_COLUMNS;
}

static void add_symbol(struct buf *out, const struct frame *frame, size_t columns) {
	const struct found_call call = frame_call(frame);
	struct buf behind = {0};
	add_behind(&behind, frame, &call);
	if (call.symbol)
		symbol_shorten(out, call.symbol, room_beside(columns, &behind));
	else if (frame->image_offset.set)
		buf_printf(out, "? at offset 0x%" PRIx64, frame->image_offset.value);
	else if (frame->address.set)
		buf_printf(out, "? at 0x%" PRIx64, frame->address.value);
	else
		buf_add_char(out, '?');
	buf_add_str(out, buf_str(&behind));
	buf_finish(&behind);
}

/* What the compiler put into the function at that place, on lines of their own: they have no
 * number in the report. */
static void put_inlined(struct text_out *out, enum term_role role, const struct found_symbol *found,
	size_t indent, size_t columns) {
	struct buf line = {0}, behind = {0};
	for (size_t i = 0; found && i < found->inlined_count; i++) {
		buf_reset(&line);
		buf_reset(&behind);
		add_source(&behind, &found->inlined[i]);
		buf_add_str(&behind, " [inlined]");
		symbol_shorten(&line, found->inlined[i].symbol, room_beside(columns, &behind));
		buf_add_str(&line, buf_str(&behind));
		text_out_blanks(out, indent);
		text_out_put(out, role, buf_str(&line));
		text_out_newline(out);
	}
	if (line.failed || behind.failed)
		out->buf->failed = true;
	buf_finish(&line);
	buf_finish(&behind);
}

/* "> 12  " */
static void put_number(struct text_out *out, enum term_role role, bool marked, size_t index) {
	struct buf text = {0};
	buf_printf(&text, "%c %3zu  ", marked ? '>' : ' ', index);
	text_out_put(out, role, buf_str(&text));
	buf_finish(&text);
}

static void put_image(
	struct text_out *out, enum term_role role, const char *image, size_t columns) {
	const char *name = image ? image : "?";
	size_t width = text_width(name);
	text_out_put(out, role, name);
	text_out_blanks(out, width < columns ? columns - width + 2 : 2);
}

void text_frames_print(
	struct text_out *out, const struct text_frames *view, const struct frames *frames) {
	size_t image = image_columns(frames);
	size_t room = view->full ? 0 : symbol_columns(out->term->columns, image + FIXED_COLUMNS);
	struct buf symbol = {0};
	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];
		enum term_role role = frame_role(view, frame, i);
		put_inlined(out, role, frame->found, image + FIXED_COLUMNS, room);
		put_number(out, role, role == TERM_SITE, i);
		put_image(out, role, frame->image, image);
		buf_reset(&symbol);
		add_symbol(&symbol, frame, room);
		text_out_put(out, role, buf_str(&symbol));
		text_out_newline(out);
	}
	if (symbol.failed)
		out->buf->failed = true;
	buf_finish(&symbol);
	if (!frames->count)
		text_out_paragraph(out, TERM_DIM, 2, "no frames");
}

void text_frames_concurrent(struct text_out *out, const struct triage *triage) {
	struct buf text = {0};
	int image = 0;
	for (size_t i = 0; i < triage->concurrent_count; i++) {
		const char *name = triage->concurrent[i].image;
		size_t width = name ? text_prefix(name, IMAGE_COLUMNS) : 1;
		image = (int)width > image ? (int)width : image;
	}
	for (size_t i = 0; i < triage->concurrent_count; i++) {
		const struct concurrent_thread *thread = &triage->concurrent[i];
		buf_reset(&text);
		buf_printf(&text, "%5d  %-7s  %-*s  ", thread->index,
			thread->blocked ? "blocked" : "running", image,
			thread->image ? thread->image : "?");
		size_t used = text_width(buf_str(&text));
		symbol_shorten(&text, thread->symbol ? thread->symbol : "?",
			symbol_columns(out->term->columns, used));
		text_out_put(out, thread->blocked ? TERM_DIM : TERM_PLAIN, buf_str(&text));
		text_out_newline(out);
		if (!thread->name && !thread->queue)
			continue;
		buf_reset(&text);
		if (thread->name)
			buf_printf(&text, "\"%s\"%s", thread->name, thread->queue ? ", " : "");
		if (thread->queue)
			buf_printf(&text, "queue \"%s\"", thread->queue);
		text_out_paragraph(out, TERM_DIM, 16, buf_str(&text));
	}
	if (text.failed)
		out->buf->failed = true;
	buf_finish(&text);
}
