/* Mach-O files of all forms tell their UUIDs; broken ones tell nothing and are read nowhere else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ips/macho.h"

#include <stdlib.h>
#include <string.h>

#define ARM64 UINT32_C(0x0100000c)
#define X86_64 UINT32_C(0x01000007)
#define TEXT "11111111-2222-3333-4444-5555555555ff"

struct file {
	uint8_t bytes[8192];
	size_t len;
	size_t reads;
};

static const uint8_t wanted[MACHO_UUID_BYTES] = {0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33,
	0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0xff};

static bool read_file(void *user, uint64_t offset, void *ret, size_t len) {
	struct file *file = user;
	file->reads++;
	if (offset > file->len || len > file->len - offset)
		return false;
	memcpy(ret, file->bytes + offset, len);
	return true;
}

static bool find(struct file *file, struct macho_slice *ret) {
	const struct macho_source source = {read_file, file, file->len};
	return macho_find(&source, wanted, ret);
}

static void add(struct file *file, uint64_t value, size_t bytes, bool big) {
	for (size_t i = 0; i < bytes; i++)
		file->bytes[file->len + i] = (uint8_t)(value >> 8 * (big ? bytes - 1 - i : i));
	file->len += bytes;
}

struct form {
	uint32_t cpu, subtype;
	bool big, narrow, other; /* other: another UUID */
};

static void add_slice(struct file *file, const struct form *form) {
	add(file, form->narrow ? 0xfeedface : 0xfeedfacf, 4, form->big);
	add(file, form->cpu, 4, form->big);
	add(file, form->subtype, 4, form->big);
	add(file, 6, 4, form->big);
	add(file, 2, 4, form->big);
	add(file, 16 + 24, 4, form->big);
	add(file, 0, form->narrow ? 4 : 8, form->big);
	add(file, 0x26, 4, form->big);
	add(file, 16, 4, form->big);
	add(file, 0, 8, form->big);
	add(file, 0x1b, 4, form->big);
	add(file, 24, 4, form->big);
	memcpy(file->bytes + file->len, wanted, sizeof wanted);
	file->bytes[file->len] ^= form->other;
	file->len += sizeof wanted;
}

static void test_thin(void **state) {
	static const struct {
		struct form form;
		const char *arch;
	} rows[] = {
		{{ARM64, 0, false, false, false}, "arm64"},
		{{ARM64, 0x80000002, false, false, false}, "arm64e"},
		{{X86_64, 3, false, false, false}, "x86_64"},
		{{X86_64, 8, false, false, false}, "x86_64h"},
		{{7, 3, false, true, false}, "i386"},
		{{ARM64, 0, true, false, false}, "arm64"},
		{{18, 0, true, true, false}, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct file file = {.len = 0};
		struct macho_slice slice;
		add_slice(&file, &rows[i].form);
		assert_true(find(&file, &slice));
		assert_memory_equal(slice.uuid, wanted, sizeof wanted);
		assert_int_equal(slice.cpu_type, rows[i].form.cpu);
		if (rows[i].arch)
			assert_string_equal(macho_arch(&slice), rows[i].arch);
		else
			assert_null(macho_arch(&slice));
	}
	struct file file = {.len = 0};
	struct macho_slice slice = {.cpu_type = 4711};
	add_slice(&file, &(struct form){ARM64, 0, false, false, true});
	assert_false(find(&file, &slice));
	assert_int_equal(slice.cpu_type, 4711);
}

/* Two slices: the second is the one. */
static void make_fat(struct file *file, bool wide) {
	struct file slices[2] = {{.len = 0}, {.len = 0}};
	add_slice(&slices[0], &(struct form){X86_64, 3, false, false, true});
	add_slice(&slices[1], &(struct form){ARM64, 2, false, false, false});
	*file = (struct file){.len = 0};
	add(file, wide ? 0xcafebabf : 0xcafebabe, 4, true);
	add(file, 2, 4, true);
	for (size_t i = 0; i < 2; i++) {
		add(file, i ? ARM64 : X86_64, 4, true);
		add(file, i ? 2 : 3, 4, true);
		add(file, 1024 * (i + 1), wide ? 8 : 4, true);
		add(file, slices[i].len, wide ? 8 : 4, true);
		add(file, 10, wide ? 8 : 4, true);
	}
	for (size_t i = 0; i < 2; i++)
		memcpy(file->bytes + 1024 * (i + 1), slices[i].bytes, slices[i].len);
	file->len = 2048 + slices[1].len;
}

static void test_fat(void **state) {
	for (int wide = 0; wide < 2; wide++) {
		struct file file;
		struct macho_slice slice;
		make_fat(&file, wide);
		assert_true(find(&file, &slice));
		assert_string_equal(macho_arch(&slice), "arm64e");
	}
}

/* Nothing behind the end is asked for, whatever is cut off. */
static void test_cut(void **state) {
	struct file file;
	struct macho_slice slice;
	for (int wide = 0; wide < 2; wide++) {
		make_fat(&file, wide);
		for (size_t len = file.len; len-- > 0;) {
			file.len = len;
			assert_false(find(&file, &slice));
		}
	}
	file = (struct file){.len = 0};
	add_slice(&file, &(struct form){ARM64, 0, false, false, false});
	for (size_t len = file.len; len-- > 0;) {
		file.len = len;
		assert_false(find(&file, &slice));
	}
}

/* At: of the bytes of a thin file. */
static void assert_spoilt(size_t at, uint64_t value) {
	struct file file = {.len = 0};
	struct macho_slice slice;
	add_slice(&file, &(struct form){ARM64, 0, false, false, false});
	size_t len = file.len;
	file.len = at;
	add(&file, value, 4, false);
	file.len = len;
	assert_false(find(&file, &slice));
}

static void test_lies(void **state) {
	assert_spoilt(0, 0xfeedfac0);
	assert_spoilt(16, 1);  /* the UUID is beyond the count */
	assert_spoilt(20, 39); /* a command ends behind all of them */
	assert_spoilt(20, 0xffffffff);
	assert_spoilt(20, MACHO_COMMANDS_BYTES + 1);
	assert_spoilt(36, 0); /* a command of no length */
	assert_spoilt(36, 7);
	assert_spoilt(36, 0xfffffff8);
	assert_spoilt(52, 23); /* too short for a UUID */
	struct file file;
	struct macho_slice slice;
	make_fat(&file, false);
	file.bytes[7] = MACHO_SLICES_MAX + 1;
	assert_false(find(&file, &slice));
	assert_int_equal(file.reads, 1);
	make_fat(&file, false);
	memset(file.bytes + 36, 0xff, 4); /* the second slice's offset */
	assert_false(find(&file, &slice));
	make_fat(&file, true);
	memset(file.bytes + 48, 0xff, 8);
	assert_false(find(&file, &slice));
	make_fat(&file, true);
	memset(file.bytes + 56, 0xff, 8); /* and its size */
	assert_false(find(&file, &slice));
	/* A fat file in a fat file is none. */
	make_fat(&file, false);
	memcpy(file.bytes + 2048, file.bytes, 48);
	assert_false(find(&file, &slice));
}

static void test_fits(void **state) {
	const struct macho_slice arm = {.cpu_type = ARM64, .cpu_subtype = 2};
	assert_true(macho_arch_fits(&arm, "arm64e"));
	assert_true(macho_arch_fits(&arm, "arm64"));
	assert_false(macho_arch_fits(&arm, "x86_64"));
	assert_false(macho_arch_fits(&arm, ""));
}

static void test_uuid(void **state) {
	static const char *const bad[] = {"", "-", "1", "11111111222233334444555555555",
		"11111111-2222-3333-4444-5555555555ff0", "11111111-2222-3333-4444-5555555555f",
		"11111111-2222-3333-4444-5555555555fg", "11111111-2222-3333-4444-5555555555ff0011",
		"00000000-0000-0000-0000-000000000000"};
	uint8_t uuid[MACHO_UUID_BYTES];
	char text[MACHO_UUID_TEXT_BYTES];
	assert_true(macho_parse_uuid("111111112222333344445555555555FF", uuid));
	assert_memory_equal(uuid, wanted, sizeof wanted);
	macho_format_uuid(uuid, text);
	assert_string_equal(text, TEXT);
	assert_true(macho_parse_uuid(text, uuid));
	memset(uuid, 7, sizeof uuid);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(macho_parse_uuid(bad[i], uuid));
	assert_false(macho_parse_uuid(" " TEXT, uuid));
	assert_false(macho_parse_uuid(TEXT "\n", uuid));
	assert_int_equal(uuid[0], 7);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thin),
		cmocka_unit_test(test_fat),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_uuid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
