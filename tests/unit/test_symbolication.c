/* Asking a stand-in for atos: which frames, in which batches, for how long. Reports are made by
 * hand; the image is a header and a UUID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collect/symbolication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "11111111-2222-3333-4444-555555555555"
#define FRAMES 600

static struct arena arena;
static char folder[64], image_path[128];

static void save(const char *name, const char *bytes, size_t len, mode_t mode) {
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
	chmod(path, mode);
}

static void say(const char *script) {
	char text[1024], path[128];
	snprintf(text, sizeof text, "#!/bin/sh\necho >>%s/calls\n%s\n", folder, script);
	save("atos", text, strlen(text), 0755);
	snprintf(path, sizeof path, "%s/calls", folder);
	unlink(path);
}

static int calls(void) {
	char path[128];
	struct stat st;
	snprintf(path, sizeof path, "%s/calls", folder);
	return stat(path, &st) == 0 ? (int)st.st_size : 0;
}

static int setup(void **state) {
	static const char header[] =
		"\xcf\xfa\xed\xfe\x0c\0\0\1\0\0\0\0\6\0\0\0\1\0\0\0\x18\0\0\0\0\0\0\0"
		"\0\0\0\0\x1b\0\0\0\x18\0\0\0\x11\x11\x11\x11\x22\x22\x33\x33\x44"
		"\x44\x55\x55\x55\x55\x55\x55";
	char path[128];
	arena_init(&arena, 64 << 20);
	snprintf(folder, sizeof folder, "/tmp/agxtriage-symbols-XXXXXX");
	assert_non_null(mkdtemp(folder));
	save("image", header, sizeof header - 1, 0600);
	snprintf(image_path, sizeof image_path, "%s/image", folder);
	snprintf(path, sizeof path, "%s/atos", folder);
	setenv("AGXTRIAGE_ATOS", path, 1);
	setenv("AGXTRIAGE_MDFIND", "/nonexistent", 1);
	return 0;
}

static int teardown(void **state) {
	static const char *const names[] = {"image", "atos", "calls"};
	char path[128];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	arena_finish(&arena);
	return 0;
}

/* Thread 0 has three open places, thread 1, the crashed one, all of them, one twice. */
struct made {
	struct report report;
	struct image image;
	struct thread threads[2];
	struct frame few[4], many[FRAMES + 1];
};

static struct frame make_frame(uint64_t offset) {
	return (struct frame){.image = "image", .image_offset = {offset, true}};
}

static void make(struct made *made) {
	memset(made, 0, sizeof *made);
	made->image =
		(struct image){.name = "image", .path = image_path, .uuid = UUID, .arch = "arm64"};
	for (size_t i = 0; i < 4; i++)
		made->few[i] = make_frame(0x10000 + i);
	made->few[3].symbol = "known";
	for (size_t i = 0; i <= FRAMES; i++)
		made->many[i] = make_frame(0x100 + i % FRAMES);
	made->threads[0].frames = (struct frames){made->few, 4};
	made->threads[1].frames = (struct frames){made->many, FRAMES + 1};
	made->report = (struct report){.threads = made->threads,
		.thread_count = 2,
		.crashed_thread = 1,
		.images = &made->image,
		.image_count = 1};
}

static struct symbolication ask(
	struct made *made, bool all, const struct symbolication_options *options) {
	struct symbolication ret;
	struct err err = {0};
	assert_int_equal(symbolication_init(&ret, &made->report, all, &arena, &err), 0);
	assert_int_equal(symbolication_ask(&ret, options, &err), 0);
	symbolication_apply(&ret);
	return ret;
}

#define ECHO                                              \
	"while [ \"$1\" != -i ]; do shift; done; shift\n" \
	"for a; do echo \"f$a (in image) + 1\"; echo; done"

static void test_batches(void **state) {
	struct made made;
	make(&made);
	say(ECHO);
	struct symbolication done = ask(&made, false, &(struct symbolication_options){0});
	assert_int_equal(done.trouble.code, 0);
	assert_int_equal(done.count, FRAMES);
	assert_int_equal(done.found, FRAMES);
	assert_int_equal(calls(), 3);
	for (size_t i = 0; i <= FRAMES; i++) {
		char name[32];
		snprintf(name, sizeof name, "f0x%llx", 0x100000100ULL + i % FRAMES);
		assert_string_equal(made.many[i].found->function.symbol, name);
		assert_null(made.many[i].symbol);
	}
	assert_null(made.few[0].found);
	make(&made);
	done = ask(&made, true, &(struct symbolication_options){0});
	assert_int_equal(done.found, FRAMES + 3);
	assert_string_equal(made.few[2].found->function.symbol, "f0x100010002");
	assert_null(made.few[3].found);
}

/* Frames that nothing can be asked for. */
static void test_left_alone(void **state) {
	struct made made;
	make(&made);
	say(ECHO);
	made.few[0].image_index = -1;
	made.few[1].image_offset.set = false;
	made.few[2].image_offset.value = UINT64_MAX;
	made.threads[1].frames.count = 0;
	assert_int_equal(ask(&made, true, &(struct symbolication_options){0}).count, 0);
	make(&made);
	made.few[0].image_index = 1;
	made.threads[1].frames.count = 0;
	made.image.uuid = "not a UUID";
	assert_int_equal(ask(&made, true, &(struct symbolication_options){0}).count, 0);
	made.image.uuid = NULL;
	made.report.crashed_thread = -1;
	assert_int_equal(ask(&made, false, &(struct symbolication_options){0}).count, 0);
	assert_int_equal(calls(), 0);
	/* Without a path, or with an architecture that the file does not have. */
	make(&made);
	made.image.path = NULL;
	struct symbolication done = ask(&made, false, &(struct symbolication_options){0});
	assert_int_equal(done.without_file, FRAMES);
	assert_string_equal(done.first_image, "image");
	make(&made);
	made.image.arch = "x86_64";
	assert_int_equal(
		ask(&made, false, &(struct symbolication_options){0}).without_file, FRAMES);
	assert_int_equal(calls(), 0);
}

static void test_time_limit(void **state) {
	struct made made;
	make(&made);
	made.threads[1].frames.count = 1;
	say("sleep 60");
	int64_t begin_us = clock_monotonic_us();
	struct symbolication done =
		ask(&made, false, &(struct symbolication_options){.timeout_ms = 300});
	assert_in_range(clock_monotonic_us() - begin_us, 300000, 30000000);
	assert_non_null(strstr(done.trouble.text, "took too long"));
	assert_int_equal(calls(), 1);
	assert_false(symbolication_is_fresh(&done));
	assert_null(made.many[0].found);
}

static void test_stopped(void **state) {
	static const volatile bool stop = true;
	struct made made;
	make(&made);
	say(ECHO);
	struct symbolication done =
		ask(&made, false, &(struct symbolication_options){.stop = &stop});
	assert_int_equal(calls(), 0);
	assert_int_equal(done.found, 0);
}

/* What was not kept could be the end of the answer: the rest means nothing, not even that there is
 * no symbol. */
static void test_cut_answer(void **state) {
	struct made made;
	make(&made);
	made.threads[1].frames.count = 1;
	say("yes 'inner (in image) + 1' | head -n 60000; echo 'outer (in image) + 1'");
	struct symbolication done = ask(&made, false, &(struct symbolication_options){0});
	assert_non_null(strstr(done.trouble.text, "does not fit"));
	assert_int_equal(calls(), 2);
	assert_false(symbolication_is_fresh(&done));
	assert_null(made.many[0].found);
}

static void test_no_program(void **state) {
	struct made made;
	make(&made);
	setenv("AGXTRIAGE_ATOS", "/nonexistent", 1);
	struct symbolication done = ask(&made, false, &(struct symbolication_options){0});
	assert_non_null(strstr(done.trouble.text, "/nonexistent"));
	/* Nothing open: nobody is missed. */
	made.threads[1].frames.count = 0;
	assert_int_equal(ask(&made, false, &(struct symbolication_options){0}).trouble.code, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_batches),
		TEST(test_left_alone),
		TEST(test_time_limit),
		TEST(test_stopped),
		TEST(test_cut_answer),
		TEST(test_no_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
