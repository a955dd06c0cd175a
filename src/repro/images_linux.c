/* Images as glibc's and musl's loaders list them; the build id takes the place of Apple's UUID. */
#include "repro/images.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define UUID_BYTES 16
#define UUID_TEXT_BYTES 37

/* Room for one more. */
static bool grow(void **items, size_t count, size_t *cap, size_t size) {
	if (count < *cap)
		return true;
	size_t more = *cap ? *cap * 2 : 16;
	void *grown = reallocarray(*items, more, size);
	if (!grown)
		return false;
	*items = grown;
	*cap = more;
	return true;
}

static char *format_uuid(const unsigned char *id) {
	static const char digits[] = "0123456789abcdef";
	char *ret = malloc(UUID_TEXT_BYTES), *at = ret;
	for (size_t i = 0; ret && i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[id[i] >> 4];
		*at++ = digits[id[i] & 15];
	}
	if (ret)
		*at = '\0';
	return ret;
}

static size_t padded(size_t size) {
	return (size + 3) & ~(size_t)3;
}

/* The first bytes of the build id among notes, or NULL. */
static char *find_build_id(const unsigned char *notes, size_t len) {
	ElfW(Nhdr) note;
	while (len >= sizeof note) {
		memcpy(&note, notes, sizeof note);
		size_t name = padded(note.n_namesz), content = padded(note.n_descsz);
		if (name > len - sizeof note || content > len - sizeof note - name)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU" &&
			!memcmp(notes + sizeof note, "GNU", sizeof "GNU") &&
			note.n_descsz >= UUID_BYTES)
			return format_uuid(notes + sizeof note + name);
		notes += sizeof note + name + content;
		len -= sizeof note + name + content;
	}
	return NULL;
}

static char *image_path(const char *name) {
	char path[PATH_BYTES];
	if (name && *name)
		return strdup(name);
	ssize_t len = readlink("/proc/self/exe", path, sizeof path);
	return len > 0 ? strndup(path, (size_t)len) : strdup("unknown");
}

/* Its segments: extent, code, build id. */
static bool read_segments(
	struct images *images, const struct dl_phdr_info *info, struct crash_image *image) {
	uint64_t start = UINT64_MAX, end = 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uint64_t at = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_NOTE && !image->uuid)
			image->uuid = find_build_id((const void *)(uintptr_t)at, segment->p_memsz);
		if (segment->p_type != PT_LOAD)
			continue;
		start = at < start ? at : start;
		end = at + segment->p_memsz > end ? at + segment->p_memsz : end;
		if (!(segment->p_flags & PF_X) || !(segment->p_flags & PF_R))
			continue;
		if (!grow((void **)&images->code, images->code_count, &images->code_cap,
			    sizeof *images->code))
			return false;
		images->code[images->code_count++] =
			(struct image_code){at, at + segment->p_filesz};
	}
	image->base = end ? start : 0;
	image->size = end ? end - start : 0;
	return true;
}

static int add_image(struct dl_phdr_info *info, size_t size, void *user) {
	struct images *images = user;
	struct crash_image image = {.path = image_path(info->dlpi_name)};
	if (!image.path || !read_segments(images, info, &image) ||
		!grow((void **)&images->items, images->count, &images->cap, sizeof image)) {
		free((char *)(uintptr_t)image.path);
		free((char *)(uintptr_t)image.uuid);
		return -ENOMEM;
	}
	images->items[images->count++] = image;
	return 0;
}

int images_list(struct images *ret, struct err *err) {
	*ret = (struct images){0};
	if (dl_iterate_phdr(add_image, ret))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

void images_finish(struct images *images) {
	for (size_t i = 0; i < images->count; i++) {
		free((char *)(uintptr_t)images->items[i].path);
		free((char *)(uintptr_t)images->items[i].uuid);
	}
	free(images->items);
	free(images->code);
	*images = (struct images){0};
}

void images_code(const struct images *images, uint64_t pc, size_t *before_len, size_t *at_len) {
	size_t before = 0, at = 0;
	for (size_t i = 0; i < images->code_count; i++) {
		const struct image_code *code = &images->code[i];
		if (pc < code->start || pc >= code->end)
			continue;
		before = pc - code->start < *before_len ? (size_t)(pc - code->start) : *before_len;
		at = code->end - pc < *at_len ? (size_t)(code->end - pc) : *at_len;
		break;
	}
	*before_len = before;
	*at_len = at;
}
