/*
 * Documents of the corpus that hold one incident both as text and as JSON: both must give the same
 * facts. What only one of the two forms can tell is listed at each exception. Skipped without the
 * corpus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ips/document_parts.h"
#include "ips/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	struct report *text, *json;
	const char *bytes;
};

static int differences;
static const char *file_name;

static void differ(const char *what, const char *text, const char *json) {
	print_error("%s: %s: text \"%s\", JSON \"%s\"\n", file_name, what, text ? text : "(none)",
		json ? json : "(none)");
	differences++;
}

static void same(const char *what, const char *text, const char *json) {
	if (text != json && (!text || !json || strcmp(text, json) != 0))
		differ(what, text, json);
}

/* The text may lack it. */
static void same_if_told(const char *what, const char *text, const char *json) {
	if (text)
		same(what, text, json);
}

static void same_number(const char *what, bool a_set, uint64_t a, bool b_set, uint64_t b) {
	char text[32], json[32];
	snprintf(text, sizeof text, a_set ? "%#llx" : "none", (unsigned long long)a);
	snprintf(json, sizeof json, b_set ? "%#llx" : "none", (unsigned long long)b);
	same(what, text, json);
}

#define SAME_NUMBER(what, member)                                                           \
	same_number(what, text->member.set, (uint64_t)text->member.value, json->member.set, \
		(uint64_t)json->member.value)

static void compare_process(const struct report *text, const struct report *json) {
	const struct report_process *a = &text->process, *b = &json->process;
	same("process.name", a->name, b->name);
	SAME_NUMBER("process.pid", process.pid);
	same("process.path", a->path, b->path);
	same("process.version", a->version, b->version);
	same("process.bundle_id", a->bundle_id, b->bundle_id);
	same("process.parent", a->parent, b->parent);
	SAME_NUMBER("process.parent_pid", process.parent_pid);
	/* Until macOS 15 the text has no line for these. */
	same_if_told("process.responsible", a->responsible, b->responsible);
	same_if_told("process.coalition", a->coalition, b->coalition);
	same_if_told("process.role", a->role, b->role);
	if (a->uid.set)
		SAME_NUMBER("process.uid", process.uid);
	/* The JSON of iOS does not say; the text always does. */
	if (b->translated != TRI_UNKNOWN)
		same_number("process.translated", true, a->translated, true, b->translated);
}

static void compare_head(const struct report *text, const struct report *json) {
	same_if_told("incident_id", text->incident_id, json->incident_id);
	same_number("kind", true, text->kind, true, json->kind);
	same_number("arch", true, text->arch, true, json->arch);
	SAME_NUMBER("captured_at", captured_at_us);
	if (text->launched_at_us.set)
		SAME_NUMBER("launched_at", launched_at_us);
	same("os.version", text->os_version, json->os_version);
	same_if_told("os.build", text->os_build, json->os_build);
	same_if_told("os.release_type", text->os_release_type, json->os_release_type);
	same_if_told("hardware_model", text->hardware_model, json->hardware_model);
	same("cpu_type", text->cpu_type, json->cpu_type);
	if (text->uptime_s.set) /* the text of iOS has none */
		SAME_NUMBER("uptime", uptime_s);
	same("exception.type", text->exception.type, json->exception.type);
	same("exception.signal", text->exception.signal, json->exception.signal);
	same("exception.subtype", text->exception.subtype, json->exception.subtype);
	same("exception.codes", text->exception.codes, json->exception.codes);
	same("exception.message", text->exception.message, json->exception.message);
	same_number("raw code count", true, text->raw_code_count, true, json->raw_code_count);
	for (size_t i = 0; i < text->raw_code_count && i < json->raw_code_count; i++)
		same_number("raw code", true, text->raw_codes[i], true, json->raw_codes[i]);
	same("termination.namespace", text->termination.ns, json->termination.ns);
	SAME_NUMBER("termination.code", termination.code);
	same("termination.indicator", text->termination.indicator, json->termination.indicator);
	same("termination.by", text->termination.by_process, json->termination.by_process);
}

static bool same_bytes_but_blanks(const char *a, const char *b) {
	for (;;) {
		while (*a == ' ' || *a == '\n')
			a++;
		while (*b == ' ' || *b == '\n')
			b++;
		if (*a != *b || !*a)
			return *a == *b;
		a++;
		b++;
	}
}

/* Several texts of application info are one block in the text form; editors take blanks off the
 * ends of lines. */
static void compare_blocks(const struct report *text, const struct report *json) {
	if (!text->vm_region_info != !json->vm_region_info ||
		(text->vm_region_info &&
			!same_bytes_but_blanks(text->vm_region_info, json->vm_region_info)))
		differ("vm_region_info", text->vm_region_info, json->vm_region_info);
	struct buf joined = {0};
	for (size_t i = 0; i < json->app_info_count; i++) {
		buf_add_str(&joined, json->app_info[i]);
		buf_add_char(&joined, '\n');
	}
	const char *block = text->app_info_count ? text->app_info[0] : "";
	if (!same_bytes_but_blanks(block, buf_str(&joined)))
		differ("app_info", block, buf_str(&joined));
	buf_finish(&joined);
}

static void compare_frame(const struct frame *text, const struct frame *json) {
	same("frame.image", text->image, json->image);
	SAME_NUMBER("frame.image_offset", image_offset);
	SAME_NUMBER("frame.address", address);
	same("frame.symbol", text->symbol, json->symbol);
	if (text->symbol)
		SAME_NUMBER("frame.symbol_offset", symbol_offset);
	same("frame.source_file", text->source_file, json->source_file);
	if (text->source_file)
		SAME_NUMBER("frame.source_line", source_line);
	same_number("frame.inlined", true, text->inlined, true, json->inlined);
}

static void compare_frames(const char *what, const struct frames *text, const struct frames *json) {
	same_number(what, true, text->count, true, json->count);
	for (size_t i = 0; i < text->count && i < json->count; i++)
		compare_frame(&text->items[i], &json->items[i]);
}

static void compare_threads(const struct report *text, const struct report *json) {
	same_number("crashed thread", true, (uint64_t)text->crashed_thread, true,
		(uint64_t)json->crashed_thread);
	same_number("threads", true, text->thread_count, true, json->thread_count);
	for (size_t i = 0; i < text->thread_count && i < json->thread_count; i++) {
		const struct thread *a = &text->threads[i], *b = &json->threads[i];
		same_number("thread.index", true, (uint64_t)a->index, true, (uint64_t)b->index);
		same("thread.name", a->name, b->name);
		same("thread.queue", a->queue, b->queue);
		same_number("thread.triggered", true, a->triggered, true, b->triggered);
		compare_frames("thread.frames", &a->frames, &b->frames);
	}
	compare_frames("last_exception", &text->last_exception, &json->last_exception);
}

static const struct image *find_image(const struct report *report, uint64_t base) {
	for (size_t i = 0; i < report->image_count; i++)
		if (report->images[i].base.value == base)
			return &report->images[i];
	return NULL;
}

/* Both forms have their own order; the text tells neither architecture nor, since macOS 12,
 * CFBundleVersion. */
static void compare_images(const struct report *text, const struct report *json) {
	same_number("images", true, text->image_count, true, json->image_count);
	for (size_t i = 0; i < text->image_count; i++) {
		const struct image *a = &text->images[i], *b = find_image(json, a->base.value);
		if (!b) {
			differ("image", a->name, NULL);
			continue;
		}
		same("image.name", a->name, b->name);
		same("image.path", a->path, b->path);
		same("image.uuid", a->uuid, b->uuid);
		same("image.short_version", a->short_version, b->short_version);
		same("image.bundle_id", a->bundle_id, b->bundle_id);
		same_number("image.size", a->size.set, a->size.value, b->size.set, b->size.value);
	}
}

static void compare_registers(const struct report *text, const struct report *json) {
	for (size_t i = 0; i < text->register_count; i++) {
		const struct reg *reg = &text->registers[i];
		struct u64_opt other = report_register(json, reg->name);
		same_number(reg->name, true, reg->value, other.set, other.value);
	}
	for (size_t i = 0; i < json->register_count; i++) {
		const char *name = json->registers[i].name;
		struct u64_opt other = report_register(text, name);
		same_number(name, other.set, other.value, true, json->registers[i].value);
	}
	/* The JSON of a class without a name begins with a blank. */
	const char *esr = json->esr_description;
	same("esr", text->esr_description, esr && *esr == ' ' ? esr + 1 : esr);
}

static bool take_piece(void *context, const struct piece *piece) {
	struct pair *pair = context;
	struct report **to = piece->kind == PIECE_TEXT ? &pair->text : &pair->json;
	if (*to)
		return true;
	struct err err = {0};
	*to = report_new();
	const char *from = pair->bytes + piece->from;
	size_t len = piece->to - piece->from;
	int code = piece->kind == PIECE_TEXT ? report_parse_text(*to, from, len, &err)
					     : report_parse_json(*to, from, len, &err);
	if (code)
		differ("parse", piece->kind == PIECE_TEXT ? err.text : "", err.text);
	return true;
}

static bool load(const char *name, struct buf *ret) {
	char path[1024];
	const char *corpus = getenv("AGXTRIAGE_CORPUS");
	int tests = (int)(strrchr(__FILE__, '/') - __FILE__);
	if (corpus)
		snprintf(path, sizeof path, "%s/%s", corpus, name);
	else
		snprintf(
			path, sizeof path, "%.*s/../../../shared/corpus/%s", tests, __FILE__, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return false;
	char bytes[65536];
	size_t n;
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
		buf_add(ret, bytes, n);
	fclose(file);
	return !ret->failed && ret->len;
}

static void read_pieces(const struct buf *bytes, struct pair *pair) {
	struct unwrap_needs needs;
	struct buf unwrapped = {0};
	const struct buf *from = bytes;
	if (unwrap_find_needs(bytes->data, bytes->len, &needs)) {
		unwrap(bytes->data, bytes->len, &needs, &unwrapped, NULL);
		from = &unwrapped;
	}
	pair->bytes = from->data;
	find_pieces(from->data, from->len, take_piece, pair);
	buf_finish(&unwrapped);
}

static void compare(const char *text_name, const char *json_name) {
	struct buf bytes = {0}, other = {0};
	struct pair pair = {0};
	file_name = text_name;
	differences = 0;
	if (!load(text_name, &bytes) || (json_name && !load(json_name, &other))) {
		buf_finish(&bytes);
		skip();
	}
	read_pieces(&bytes, &pair);
	if (json_name)
		read_pieces(&other, &pair);
	assert_non_null(pair.text);
	assert_non_null(pair.json);
	assert_int_equal(differences, 0);
	compare_process(pair.text, pair.json);
	compare_head(pair.text, pair.json);
	compare_blocks(pair.text, pair.json);
	compare_threads(pair.text, pair.json);
	compare_images(pair.text, pair.json);
	compare_registers(pair.text, pair.json);
	report_free(pair.text);
	report_free(pair.json);
	buf_finish(&bytes);
	buf_finish(&other);
	assert_int_equal(differences, 0);
}

static void focus_together(void **state) {
	compare("real/MarcusBlanchard_FocusTogether__crash_log-34ca0a.txt", NULL);
}

static void pitchenga(void **state) {
	compare("real/Pitchenga_pitchenga__crash-a433a1.txt", NULL);
}

static void moto_cortex(void **state) {
	compare("real/ismailimamoglu_MotoCortex__hata-b52273.txt", NULL);
}

static void indented(void **state) {
	compare("real/mcastel1_thelemacus__main-3314ca.txt", NULL);
}

static void html(void **state) {
	compare("real/pieper_slicer-discourse-archive__2022-10-31-slicer-quit-unexpectedly-id25989-"
		"970b34.txt",
		NULL);
}

static void ios(void **state) {
	compare("real/inket_MacSymbolicator__ios-crash-without-json-header.crash",
		"real/inket_MacSymbolicator__ios-crash-in-ips-format.ips");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(focus_together),
		cmocka_unit_test(pitchenga),
		cmocka_unit_test(moto_cortex),
		cmocka_unit_test(indented),
		cmocka_unit_test(html),
		cmocka_unit_test(ios),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
