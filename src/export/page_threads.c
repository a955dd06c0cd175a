/* Threads, registers and images of one incident. */
#include "base/text.h"
#include "export/page_parts.h"
#include "export/symbol.h"

#include <inttypes.h>

/* A section is no longer than this before the rest of the threads is only counted: one process of
 * two thousand threads must not leave room for nothing else. */
#define SECTION_BYTES (160u << 10)
/* Frames of one thread: a stack that overflowed has thousands of the same. */
#define FRAMES_MAX 128
#define IMAGES_MAX 200

static void add_place(struct buf *out, const struct page_frame *frame) {
	struct buf symbol = {0};
	buf_add_str(out, "<code>");
	if (frame->symbol) {
		symbol_plain(&symbol, frame->symbol, PAGE_SYMBOL_COLUMNS);
		html_printf(out, "%s", buf_str(&symbol));
	} else if (frame->image_offset.set) {
		html_printf(out, "? at offset 0x%" PRIx64, frame->image_offset.value);
	} else if (frame->address.set) {
		html_printf(out, "? at 0x%" PRIx64, frame->address.value);
	} else {
		buf_add_char(out, '?');
	}
	buf_add_str(out, "</code>");
	if (frame->symbol && frame->offset.set)
		html_printf(out, "<i> + %" PRIu64 "</i>", frame->offset.value);
	if (frame->source_file) {
		html_printf(out, "<i> (%s", frame->source_file);
		if (frame->source_line.set)
			html_printf(out, ":%" PRId64, frame->source_line.value);
		buf_add_str(out, ")</i>");
	}
	if (frame->inlined)
		buf_add_str(out, "<i> inlined</i>");
	out->failed = out->failed || symbol.failed;
	buf_finish(&symbol);
}

void page_frame(struct buf *out, const struct page_frame *frame) {
	bool driver = frame->image && text_starts(frame->image, "AGX");
	buf_add_str(out, frame->counts ? "<li class=\"key\">"
			 : driver      ? "<li class=\"drv\">"
				       : "<li>");
	buf_add_str(out, "<b>");
	html_clip(out, frame->image ? frame->image : "?", 40);
	buf_add_str(out, "</b> <span>");
	add_place(out, frame);
	if (frame->counts)
		buf_add_str(out, " <mark>crash site</mark>");
	buf_add_str(out, "</span></li>\n");
}

static void add_frames(struct buf *out, const struct frames *frames, int site_frame) {
	buf_add_str(out, "<ol class=\"stack\" start=\"0\">\n");
	for (size_t i = 0; i < frames->count && i < FRAMES_MAX; i++) {
		const struct frame *frame = &frames->items[i];
		struct page_frame shown = {.image = frame->image,
			.symbol = frame->symbol,
			.source_file = frame->source_file,
			.offset = frame->symbol_offset,
			.address = frame->address,
			.image_offset = frame->image_offset,
			.source_line = frame->source_line,
			.counts = site_frame >= 0 && (size_t)site_frame == i,
			.inlined = frame->inlined};
		page_frame(out, &shown);
	}
	buf_add_str(out, "</ol>\n");
	if (frames->count > FRAMES_MAX)
		buf_printf(out, "<p class=\"dim\">and %zu more frames</p>\n",
			frames->count - FRAMES_MAX);
}

static void add_title(struct buf *out, const struct thread *thread) {
	buf_printf(out, "Thread %d", thread->index);
	if (thread->name) {
		buf_add_str(out, ", ");
		html_clip(out, thread->name, 60);
	}
	if (thread->queue) {
		buf_add_str(out, ", queue ");
		html_clip(out, thread->queue, 60);
	}
	html_printf(out, " <small>%zu frame%s</small>", thread->frames.count,
		thread->frames.count == 1 ? "" : "s");
}

static void add_crashed(struct buf *out, const struct page_incident *incident) {
	const struct report *report = incident->report;
	const struct thread *thread = report_crashed_thread(report);
	if (thread) {
		buf_add_str(out, report->kind == REPORT_CRASH
					 ? "<details open><summary><b>Crashed:</b> "
					 : "<details open><summary><b>At fault:</b> ");
		add_title(out, thread);
		buf_add_str(out, "</summary>\n");
		add_frames(out, &thread->frames, incident->triage->site_frame);
		buf_add_str(out, "</details>\n");
	}
	if (!report->last_exception.count)
		return;
	buf_add_str(out, "<details><summary>Where the last exception was thrown</summary>\n");
	add_frames(out, &report->last_exception, -1);
	buf_add_str(out, "</details>\n");
}

static void add_concurrent(struct buf *out, const struct triage *triage) {
	if (!triage->concurrent_count)
		return;
	html_printf(out,
		"<details><summary>Other threads inside Metal or the driver (%zu)</summary>\n"
		"<table><caption>Other threads inside Metal or the driver at that "
		"moment</caption><thead><tr><th scope=\"col\">Thread</th><th "
		"scope=\"col\">State</th><th scope=\"col\">Image</th><th "
		"scope=\"col\">Call</th></tr></thead><tbody>\n",
		triage->concurrent_count);
	for (size_t i = 0; i < triage->concurrent_count && i < FRAMES_MAX; i++) {
		const struct concurrent_thread *thread = &triage->concurrent[i];
		html_printf(out, "<tr><th scope=\"row\">%d</th><td>%s</td><td>%s</td><td><code>",
			thread->index, thread->blocked ? "blocked" : "running", thread->image);
		html_clip(out, thread->symbol ? thread->symbol : "?", PAGE_SYMBOL_COLUMNS);
		buf_add_str(out, "</code></td></tr>\n");
	}
	buf_add_str(out, "</tbody></table></details>\n");
}

static void add_others(struct buf *out, const struct report *report, size_t from) {
	size_t others = report->thread_count - (report->crashed_thread >= 0 ? 1 : 0);
	if (!report->thread_count || !others)
		return;
	html_printf(out, "<details><summary>All other threads (%zu)</summary>\n", others);
	size_t i = 0;
	for (; i < report->thread_count && out->len - from < SECTION_BYTES; i++) {
		if ((int)i == report->crashed_thread)
			continue;
		buf_add_str(out, "<details class=\"thread\"><summary>");
		add_title(out, &report->threads[i]);
		buf_add_str(out, "</summary>\n");
		add_frames(out, &report->threads[i].frames, -1);
		buf_add_str(out, "</details>\n");
	}
	if (i < report->thread_count)
		buf_printf(out, "<p class=\"dim\">and %zu more threads</p>\n",
			report->thread_count - i);
	buf_add_str(out, "</details>\n");
}

static void add_registers(struct buf *out, const struct report *report) {
	if (!report->register_count)
		return;
	html_printf(out, "<details><summary>Registers (%zu)</summary>\n<dl class=\"registers\">",
		report->register_count);
	for (size_t i = 0; i < report->register_count; i++)
		html_printf(out, "<div><dt>%s</dt><dd>0x%016" PRIx64 "</dd></div>\n",
			report->registers[i].name, report->registers[i].value);
	buf_add_str(out, "</dl>\n");
	if (report->esr_description)
		html_printf(out, "<p>esr: %s</p>\n", report->esr_description);
	buf_add_str(out, "</details>\n");
}

static void add_images(struct buf *out, const struct report *report) {
	if (!report->image_count)
		return;
	html_printf(out,
		"<details><summary>Images (%zu)</summary>\n<div class=\"scroll\" role=\"region\" "
		"tabindex=\"0\" aria-label=\"Images\"><table><caption>Images and their "
		"versions</caption><thead><tr><th scope=\"col\">Name</th><th "
		"scope=\"col\">Version</th><th scope=\"col\">UUID</th><th "
		"scope=\"col\">Base</th></tr></thead><tbody>\n",
		report->image_count);
	for (size_t i = 0; i < report->image_count && i < IMAGES_MAX; i++) {
		const struct image *image = &report->images[i];
		buf_add_str(out, "<tr><th scope=\"row\">");
		html_clip(out, image->name ? image->name : "?", 60);
		html_printf(out, "</th><td>%s</td><td><code>%s</code></td><td>",
			image->version ? image->version : image->short_version, image->uuid);
		if (image->base.set)
			html_printf(out, "<code>0x%" PRIx64 "</code>", image->base.value);
		buf_add_str(out, "</td></tr>\n");
	}
	buf_add_str(out, "</tbody></table></div>\n");
	if (report->image_count > IMAGES_MAX)
		buf_printf(out, "<p class=\"dim\">and %zu more</p>\n",
			report->image_count - IMAGES_MAX);
	buf_add_str(out, "</details>\n");
}

void page_threads(struct buf *out, const struct page_incident *incident) {
	size_t from = out->len;
	add_crashed(out, incident);
	add_concurrent(out, incident->triage);
	add_others(out, incident->report, from);
	add_registers(out, incident->report);
	add_images(out, incident->report);
}
