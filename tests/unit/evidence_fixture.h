/*
 * Builds a struct report by hand. Everything lives in the report's arena; texts are borrowed
 * literals.
 */
#ifndef TESTS_EVIDENCE_FIXTURE_H
#define TESTS_EVIDENCE_FIXTURE_H

#include "ips/report.h"

#include <assert.h>
#include <string.h>

#define FIXTURE_REGISTERS 40
#define FIXTURE_THREADS 32
#define FIXTURE_FRAMES 32
#define FIXTURE_IMAGES 32

struct fixture_frame {
	const char *image, *symbol;
};

static inline struct report *fixture_new(void) {
	struct report *report = report_new();
	assert(report);
	report->kind = REPORT_CRASH;
	report->crashed_thread = -1;
	report->raw_codes = arena_calloc(&report->arena, 2, sizeof(*report->raw_codes));
	report->registers =
		arena_calloc(&report->arena, FIXTURE_REGISTERS, sizeof(*report->registers));
	report->threads = arena_calloc(&report->arena, FIXTURE_THREADS, sizeof(*report->threads));
	report->images = arena_calloc(&report->arena, FIXTURE_IMAGES, sizeof(*report->images));
	assert(report->raw_codes && report->registers && report->threads && report->images);
	return report;
}

static inline void fixture_codes(struct report *report, uint64_t first, uint64_t second) {
	report->raw_codes[0] = first;
	report->raw_codes[1] = second;
	report->raw_code_count = 2;
}

/* A crash with EXC_BAD_ACCESS; subtype may be NULL. */
static inline struct report *fixture_bad_access(
	enum report_arch arch, uint64_t code, uint64_t address, const char *subtype) {
	struct report *report = fixture_new();
	report->arch = arch;
	report->exception.type = "EXC_BAD_ACCESS";
	report->exception.subtype = subtype;
	fixture_codes(report, code, address);
	return report;
}

static inline void fixture_register(struct report *report, const char *name, uint64_t value) {
	assert(report->register_count < FIXTURE_REGISTERS);
	report->registers[report->register_count++] = (struct reg){name, value};
}

/* Adds a thread; frames end with an entry of two NULLs. */
static inline struct thread *fixture_thread(
	struct report *report, const struct fixture_frame *frames) {
	assert(report->thread_count < FIXTURE_THREADS);
	struct thread *thread = &report->threads[report->thread_count];
	thread->index = (int)report->thread_count++;
	thread->frames.items =
		arena_calloc(&report->arena, FIXTURE_FRAMES, sizeof(*thread->frames.items));
	assert(thread->frames.items);
	for (; frames->image || frames->symbol; frames++) {
		assert(thread->frames.count < FIXTURE_FRAMES);
		thread->frames.items[thread->frames.count++] = (struct frame){
			.image = frames->image, .image_index = -1, .symbol = frames->symbol};
	}
	return thread;
}

static inline struct thread *fixture_crashed_thread(
	struct report *report, const struct fixture_frame *frames) {
	report->crashed_thread = (int)report->thread_count;
	struct thread *thread = fixture_thread(report, frames);
	thread->triggered = true;
	return thread;
}

static inline struct image *fixture_image(
	struct report *report, const char *name, const char *version, const char *uuid) {
	assert(report->image_count < FIXTURE_IMAGES);
	struct image *image = &report->images[report->image_count++];
	image->name = name;
	image->version = version;
	image->uuid = uuid;
	return image;
}

static inline void fixture_instruction(struct report *report, const void *bytes, size_t len) {
	report->at_pc = arena_alloc(&report->arena, len);
	assert(report->at_pc);
	memcpy(report->at_pc, bytes, len);
	report->at_pc_len = len;
}

#endif
