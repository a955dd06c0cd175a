/* Symbols, images and code are looked up in this process, where nothing has crashed. */
#include "repro/supervise_report.h"

#include "repro/crash_report.h"
#include "repro/images.h"
#include "repro/stacks.h"
#include "repro/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CODE_BYTES 16
#define LINE_BYTES 1024

/* A path as a report shows it, without the name of the link that led to it. */
static char *own_path(void) {
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path);
	return len > 0 ? strndup(path, (size_t)len) : strdup("unknown");
}

/* The caller of a function that never returns may lie behind the last instruction of its own. */
static struct crash_frame find_symbol(
	const struct symbols *symbols, uint64_t address, size_t index) {
	struct crash_frame ret = {.address = address};
	uint64_t start = 0;
	ret.symbol = symbols_find(symbols, index ? address - 1 : address, &start);
	ret.symbol_offset = ret.symbol ? address - start : 0;
	return ret;
}

/* Those that did not answer have none; what they wrote since is not looked at. */
static size_t frame_count(const struct capture_thread *thread) {
	if (atomic_load(&thread->state) != CAPTURE_TOLD)
		return 0;
	return thread->frame_count < CAPTURE_FRAMES ? (size_t)thread->frame_count : CAPTURE_FRAMES;
}

static size_t thread_count(const struct capture_threads *threads) {
	size_t count = atomic_load(&threads->count);
	return count < CAPTURE_THREADS ? count : CAPTURE_THREADS;
}

/* Everything that the facts borrow. */
struct evidence {
	struct crash_thread *threads;
	struct crash_frame *frames; /* of all threads, one behind the other */
	struct crash_register registers[CONTEXT_REGISTERS];
	struct images images;
	struct symbols symbols;
	struct utsname system;
	struct sysinfo memory;
	char os_version[160], id[CRASH_ID_BYTES];
	char *path;
};

static void take_registers(
	const struct context *context, struct evidence *evidence, struct crash_facts *facts) {
	size_t count = 0;
	for (size_t i = 0; context_register_names[i]; i++) {
		const char *name = context_register_names[i];
		uint64_t value = context->registers[i];
		/* Not every kernel and emulator hands it over; no fault has the syndrome 0. */
		if (value || strcmp(name, "esr") != 0)
			evidence->registers[count++] = (struct crash_register){name, value};
	}
	facts->registers = evidence->registers;
	facts->register_count = count;
}

/* A process that died while it collected has told its registers at least. */
static void take_lone_thread(
	const struct capture *capture, struct evidence *evidence, struct crash_facts *facts) {
	evidence->frames[0] = find_symbol(&evidence->symbols, capture->context.pc, 0);
	evidence->threads[0] = (struct crash_thread){
		.id = capture->thread, .frames = evidence->frames, .frame_count = 1};
	facts->thread_count = 1;
	facts->crashed_thread = 0;
}

static int take_threads(const struct capture *capture, struct evidence *evidence,
	struct crash_facts *facts, struct err *err) {
	size_t count = thread_count(&capture->threads), frames = 0, crashed = count;
	for (size_t i = 0; i < count; i++)
		frames += frame_count(&capture->threads.items[i]);
	evidence->threads = calloc(count + 1, sizeof *evidence->threads);
	evidence->frames = calloc(frames + 1, sizeof *evidence->frames);
	if (!evidence->threads || !evidence->frames)
		return err_set(err, -ENOMEM, "out of memory");
	struct crash_frame *frame = evidence->frames;
	for (size_t i = 0; i < count; i++) {
		const struct capture_thread *from = &capture->threads.items[i];
		struct crash_thread *to = &evidence->threads[i];
		*to = (struct crash_thread){.id = from->id, .frames = frame};
		to->name = from->name[0] ? from->name : NULL;
		size_t left = frames - (size_t)(frame - evidence->frames);
		to->frame_count = frame_count(from) < left ? frame_count(from) : left;
		for (size_t j = 0; j < to->frame_count; j++)
			*frame++ = find_symbol(&evidence->symbols, from->frames[j], j);
		if (from->id == capture->thread && to->frame_count)
			crashed = i;
	}
	facts->threads = evidence->threads;
	facts->thread_count = count;
	facts->crashed_thread = crashed;
	if (crashed == count)
		take_lone_thread(capture, evidence, facts);
	return 0;
}

static void take_fault(
	const struct capture *capture, struct evidence *evidence, struct crash_facts *facts) {
	take_registers(&capture->context, evidence, facts);
	facts->signal = capture->signal;
	facts->signal_code = capture->code;
	facts->address = capture->address;
	facts->captured_at_us = capture->captured_at_us;
	facts->application_info = capture->text[0] ? capture->text : NULL;
	facts->before_pc_len = facts->at_pc_len = CODE_BYTES;
	images_code(
		&evidence->images, capture->context.pc, &facts->before_pc_len, &facts->at_pc_len);
	facts->at_pc = (const uint8_t *)(uintptr_t)capture->context.pc;
	facts->before_pc = facts->at_pc - facts->before_pc_len;
}

static void take_system(struct evidence *evidence, struct crash_facts *facts) {
	facts->arch = context_arch;
	facts->images = evidence->images.items;
	facts->image_count = evidence->images.count;
	if (uname(&evidence->system) == 0) {
		snprintf(evidence->os_version, sizeof evidence->os_version, "%s %s",
			evidence->system.sysname, evidence->system.release);
		facts->os_version = evidence->os_version;
	}
	if (sysinfo(&evidence->memory) == 0)
		facts->uptime_s = evidence->memory.uptime;
}

int supervise_report(const struct supervised *what, const struct capture *capture,
	struct supervised_end *end, struct err *err) {
	struct evidence evidence = {0};
	struct crash_facts facts = {
		.incident_id = evidence.id,
		.name = what->name,
		.parent = what->name,
		.pid = end->pid,
		.parent_pid = getpid(),
		.uid = getuid(),
		.launched_at_us = end->launched_at_us,
	};
	int r = crash_report_new_id(evidence.id, err);
	if (!r)
		r = images_list(&evidence.images, err);
	symbols_open(&evidence.symbols);
	evidence.path = own_path();
	facts.path = evidence.path;
	if (!r && !evidence.path)
		r = err_set(err, -ENOMEM, "out of memory");
	if (!r)
		r = take_threads(capture, &evidence, &facts, err);
	if (!r) {
		take_system(&evidence, &facts);
		take_fault(capture, &evidence, &facts);
		r = crash_report_write(what->reports, &facts, &end->report, err);
	}
	symbols_close(&evidence.symbols);
	images_finish(&evidence.images);
	free(evidence.threads);
	free(evidence.frames);
	free(evidence.path);
	return r;
}

static void format_frame(
	const struct symbols *symbols, size_t index, uint64_t address, struct buf *ret) {
	struct crash_frame frame = find_symbol(symbols, address, index);
	Dl_info info;
	const char *image = "???", *slash;
	if (dladdr((const void *)(uintptr_t)address, &info) && info.dli_fname) {
		slash = strrchr(info.dli_fname, '/');
		image = slash ? slash + 1 : info.dli_fname;
	}
	buf_printf(ret, "%-4zu%-24.255s 0x%016llx", index, image, (unsigned long long)address);
	if (frame.symbol)
		buf_printf(ret, " %.512s + %llu", frame.symbol,
			(unsigned long long)frame.symbol_offset);
	buf_add_char(ret, '\n');
}

void supervise_format_stacks(const struct capture_threads *threads, pid_t pid, struct buf *ret) {
	size_t count = thread_count(threads);
	struct symbols symbols;
	symbols_open(&symbols);
	buf_printf(ret, "%zu thread%s of process %lld, by their own frames\n", count,
		count == 1 ? "" : "s", (long long)pid);
	for (size_t i = 0; i < count && ret->len < STACKS_BYTES - LINE_BYTES; i++) {
		const struct capture_thread *thread = &threads->items[i];
		size_t frames = frame_count(thread);
		buf_printf(ret, "\nThread %zu (%llu) %.*s%s\n", i, (unsigned long long)thread->id,
			CAPTURE_NAME, thread->name, frames ? "" : ": did not answer");
		for (size_t j = 0; j < frames && ret->len < STACKS_BYTES - LINE_BYTES; j++)
			format_frame(&symbols, j, thread->frames[j], ret);
	}
	symbols_close(&symbols);
}
