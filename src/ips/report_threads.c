/* Threads, frames, registers and images of a JSON report. */
#include "ips/demangle.h"
#include "ips/report_reader.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(struct report_reader *reader) {
	json_fail(&reader->json, -ENOMEM, "the report needs more memory than it may have");
}

static bool grow(
	struct report_reader *reader, void **items, size_t count, size_t *cap, size_t size) {
	if (count < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 128;
	void *grown = realloc(*items, more * size);
	if (!grown) {
		no_memory(reader);
		return false;
	}
	*items = grown;
	*cap = more;
	return true;
}

static const char *read_symbol(struct report_reader *reader) {
	const char *symbol = reader_text(reader, "frame symbol", LIMIT_SYMBOL_BYTES, false);
	return symbol && symbol[0] == '_' ? demangle(&reader->report->arena, symbol) : symbol;
}

static void read_frame_member(
	struct report_reader *reader, const struct json_key *key, struct frame *frame) {
	if (json_key_is(key, "imageOffset")) {
		frame->image_offset = reader_u64(reader, "frame imageOffset");
	} else if (json_key_is(key, "imageIndex")) {
		struct i64_opt index = reader_i64(reader, "frame imageIndex");
		frame->image_index = -1;
		if (index.set && index.value >= 0 && index.value < LIMIT_IMAGES)
			frame->image_index = (int)index.value;
		else if (index.set)
			report_warn(reader->report, "frame imageIndex: out of range");
	} else if (json_key_is(key, "symbol")) {
		frame->symbol = read_symbol(reader);
	} else if (json_key_is(key, "symbolLocation")) {
		frame->symbol_offset = reader_u64(reader, "frame symbolLocation");
	} else if (json_key_is(key, "sourceFile")) {
		frame->source_file =
			reader_text(reader, "frame sourceFile", LIMIT_SYMBOL_BYTES, false);
	} else if (json_key_is(key, "sourceLine")) {
		frame->source_line = reader_i64(reader, "frame sourceLine");
	} else if (json_key_is(key, "inline")) {
		frame->inlined = reader_bool(reader, "frame inline") == TRI_YES;
	} else {
		json_skip(&reader->json);
	}
}

static void read_frame(struct report_reader *reader, struct frame *frame) {
	*frame = (struct frame){.image_index = -1};
	if (json_peek(&reader->json) != JSON_OBJECT) {
		reader_skip_odd(reader, "frame");
		return;
	}
	struct json_key key;
	json_enter(&reader->json);
	for (bool first = true; json_next_member(&reader->json, &first, &key);)
		read_frame_member(reader, &key, frame);
}

void reader_frames(struct report_reader *reader, const char *what, struct frames *ret) {
	*ret = (struct frames){0};
	if (json_peek(&reader->json) != JSON_ARRAY) {
		reader_skip_odd(reader, what);
		return;
	}
	size_t count = 0;
	json_enter(&reader->json);
	for (bool first = true; json_next_element(&reader->json, &first);) {
		if (count >= LIMIT_FRAMES_PER_THREAD || reader->frame_total >= LIMIT_FRAMES) {
			json_fail(&reader->json, -E2BIG, "too many frames");
			return;
		}
		if (!grow(reader, (void **)&reader->scratch, count, &reader->scratch_cap,
			    sizeof *reader->scratch))
			return;
		read_frame(reader, &reader->scratch[count++]);
		reader->frame_total++;
	}
	ret->items = arena_calloc(&reader->report->arena, count, sizeof *ret->items);
	if (!ret->items)
		no_memory(reader);
	else if (count)
		memcpy(ret->items, reader->scratch, count * sizeof *ret->items);
	ret->count = ret->items ? count : 0;
}

static void read_thread_member(
	struct report_reader *reader, const struct json_key *key, struct thread *thread) {
	struct json *json = &reader->json;
	if (json_key_is(key, "frames")) {
		reader_frames(reader, "thread frames", &thread->frames);
	} else if (json_key_is(key, "threadState")) {
		const char *start = json->p;
		if (json_peek(json) == JSON_OBJECT && json_skip(json))
			reader->thread_states[thread->index] =
				(struct span){start, (size_t)(json->p - start)};
		else if (!json->code)
			reader_skip_odd(reader, "threadState");
	} else if (json_key_is(key, "id")) {
		thread->id = reader_u64(reader, "thread id");
	} else if (json_key_is(key, "name")) {
		thread->name = reader_text(reader, "thread name", LIMIT_SYMBOL_BYTES, false);
	} else if (json_key_is(key, "queue")) {
		thread->queue = reader_text(reader, "thread queue", LIMIT_SYMBOL_BYTES, false);
	} else if (json_key_is(key, "triggered")) {
		thread->triggered = reader_bool(reader, "thread triggered") == TRI_YES;
	} else {
		json_skip(json);
	}
}

static void read_thread(struct report_reader *reader, struct thread *thread) {
	if (json_peek(&reader->json) != JSON_OBJECT) {
		reader_skip_odd(reader, "thread");
		return;
	}
	struct json_key key;
	json_enter(&reader->json);
	for (bool first = true; json_next_member(&reader->json, &first, &key);)
		read_thread_member(reader, &key, thread);
}

void reader_threads(struct report_reader *reader) {
	struct report *report = reader->report;
	size_t cap = 0;
	report->threads = NULL;
	report->thread_count = 0;
	reader->frame_total = 0;
	if (json_peek(&reader->json) != JSON_ARRAY) {
		if (report->kind == REPORT_STACKSHOT)
			json_skip(&reader->json);
		else
			reader_skip_odd(reader, "threads");
		return;
	}
	json_enter(&reader->json);
	for (bool first = true; json_next_element(&reader->json, &first);) {
		size_t count = report->thread_count;
		if (count >= LIMIT_THREADS) {
			json_fail(&reader->json, -E2BIG, "too many threads");
			return;
		}
		if (!grow(reader, (void **)&reader->thread_states, count, &reader->thread_state_cap,
			    sizeof *reader->thread_states))
			return;
		if (arena_grow(&report->arena, (void **)&report->threads, count, &cap,
			    sizeof *report->threads)) {
			no_memory(reader);
			return;
		}
		reader->thread_states[count] = (struct span){0};
		report->threads[count] = (struct thread){.index = (int)count};
		read_thread(reader, &report->threads[count]);
		report->thread_count++;
	}
}

static void read_image_member(
	struct report_reader *reader, const struct json_key *key, struct image *image) {
	struct {
		const char *name;
		const char **text;
	} texts[] = {
		{"name", &image->name},
		{"path", &image->path},
		{"uuid", &image->uuid},
		{"arch", &image->arch},
		{"CFBundleVersion", &image->version},
		{"CFBundleShortVersionString", &image->short_version},
		{"CFBundleIdentifier", &image->bundle_id},
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!json_key_is(key, texts[i].name))
			continue;
		*texts[i].text = reader_text(reader, "image", LIMIT_SYMBOL_BYTES, false);
		return;
	}
	if (json_key_is(key, "base"))
		image->base = reader_u64(reader, "image base");
	else if (json_key_is(key, "size"))
		image->size = reader_u64(reader, "image size");
	else
		json_skip(&reader->json);
}

void reader_images(struct report_reader *reader) {
	struct report *report = reader->report;
	struct json_key key;
	size_t cap = 0;
	report->images = NULL;
	report->image_count = 0;
	if (json_peek(&reader->json) != JSON_ARRAY) {
		reader_skip_odd(reader, "usedImages");
		return;
	}
	json_enter(&reader->json);
	for (bool first = true; json_next_element(&reader->json, &first);) {
		size_t count = report->image_count;
		if (count >= LIMIT_IMAGES) {
			json_fail(&reader->json, -E2BIG, "too many images");
			return;
		}
		if (arena_grow(&report->arena, (void **)&report->images, count, &cap,
			    sizeof *report->images)) {
			no_memory(reader);
			return;
		}
		report->image_count++;
		if (json_peek(&reader->json) != JSON_OBJECT) {
			reader_skip_odd(reader, "image");
			continue;
		}
		json_enter(&reader->json);
		for (bool inner = true; json_next_member(&reader->json, &inner, &key);)
			read_image_member(reader, &key, &report->images[count]);
	}
}

static void add_register(
	struct report_reader *reader, size_t *cap, const char *name, uint64_t value) {
	struct report *report = reader->report;
	for (size_t i = 0; i < report->register_count; i++) { /* stands twice: the last wins */
		if (strcmp(report->registers[i].name, name) != 0)
			continue;
		report->registers[i].value = value;
		return;
	}
	if (report->register_count >= LIMIT_REGISTERS) {
		report_warn(report, "threadState: more than %d registers, the rest left out",
			LIMIT_REGISTERS);
		return;
	}
	char *copy = arena_strdup(&report->arena, name);
	if (!copy || arena_grow(&report->arena, (void **)&report->registers, report->register_count,
			     cap, sizeof *report->registers)) {
		no_memory(reader);
		return;
	}
	report->registers[report->register_count++] = (struct reg){copy, value};
}

/* {"value": N, "symbol": ..., "description": ...} */
static void read_register(struct report_reader *reader, size_t *cap, const char *name) {
	struct json_key key;
	struct u64_opt value = {0};
	json_enter(&reader->json);
	for (bool first = true; json_next_member(&reader->json, &first, &key);) {
		if (json_key_is(&key, "value"))
			value = reader_u64(reader, "register value");
		else if (json_key_is(&key, "description") && strcmp(name, "esr") == 0)
			reader->report->esr_description =
				reader_text(reader, "esr description", LIMIT_SYMBOL_BYTES, false);
		else
			json_skip(&reader->json);
	}
	if (value.set)
		add_register(reader, cap, name, value.value);
}

static void read_x_registers(struct report_reader *reader, size_t *cap) {
	int index = 0;
	json_enter(&reader->json);
	for (bool first = true; json_next_element(&reader->json, &first); index++) {
		char name[16] = {'x', (char)('0' + index % 10)};
		if (index >= 10) {
			name[1] = (char)('0' + index / 10 % 10);
			name[2] = (char)('0' + index % 10);
		}
		if (index <= 28 && json_peek(&reader->json) == JSON_OBJECT)
			read_register(reader, cap, name);
		else
			reader_skip_odd(reader, "register");
	}
}

static void read_registers(struct report_reader *reader, struct span state) {
	struct report *report = reader->report;
	struct json outer = reader->json;
	struct json_key key;
	size_t cap = 0;
	json_init(&reader->json, state.start, state.len, outer.err);
	json_peek(&reader->json);
	json_enter(&reader->json);
	for (bool first = true; json_next_member(&reader->json, &first, &key);) {
		enum json_type type = json_peek(&reader->json);
		if (type == JSON_ARRAY && json_key_is(&key, "x"))
			read_x_registers(reader, &cap);
		else if (type == JSON_OBJECT && key.len && key.len <= 8)
			read_register(reader, &cap, key.text);
		else
			json_skip(&reader->json);
	}
	if (reader->json.code)
		outer.code = reader->json.code;
	reader->json = outer;
	if (report->arch == REPORT_ARCH_UNKNOWN && report_register(report, "x0").set)
		report->arch = REPORT_ARCH_ARM64;
	else if (report->arch == REPORT_ARCH_UNKNOWN && report_register(report, "rip").set)
		report->arch = REPORT_ARCH_X86_64;
}

static void connect_frames(struct report *report, struct frames *frames) {
	for (size_t i = 0; i < frames->count; i++) {
		struct frame *frame = &frames->items[i];
		if (frame->image_index < 0)
			continue;
		if ((size_t)frame->image_index >= report->image_count) {
			report_warn(report, "frame imageIndex: out of range");
			frame->image_index = -1;
			continue;
		}
		const struct image *image = &report->images[frame->image_index];
		frame->image = image->name;
		if (image->base.set && frame->image_offset.set)
			frame->address = (struct u64_opt){
				image->base.value + frame->image_offset.value, true};
	}
}

static void find_crashed_thread(struct report_reader *reader) {
	struct report *report = reader->report;
	if (reader->has_faulting_thread) {
		int64_t index = reader->faulting_thread;
		if (index >= 0 && (uint64_t)index < report->thread_count)
			report->crashed_thread = (int)index;
		else if (report->thread_count)
			report_warn(report, "faultingThread: out of range");
		return;
	}
	for (size_t i = 0; i < report->thread_count && report->crashed_thread < 0; i++)
		if (report->threads[i].triggered)
			report->crashed_thread = (int)i;
}

void reader_connect(struct report_reader *reader) {
	struct report *report = reader->report;
	find_crashed_thread(reader);
	for (size_t i = 0; i < report->thread_count; i++)
		connect_frames(report, &report->threads[i].frames);
	connect_frames(report, &report->last_exception);
	if (report->crashed_thread < 0)
		return;
	if (report->kind == REPORT_CRASH)
		report->threads[report->crashed_thread].triggered = true;
	struct span state = reader->thread_states[report->crashed_thread];
	if (state.len)
		read_registers(reader, state);
}
