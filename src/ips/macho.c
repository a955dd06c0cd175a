/* Headers and load commands of Mach-O files; knows nothing of symbols, nor where files are. */
#include "ips/macho.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FAT UINT32_C(0xcafebabe)
#define FAT_64 UINT32_C(0xcafebabf)
#define THIN UINT32_C(0xfeedface)
#define THIN_64 UINT32_C(0xfeedfacf)
#define HEADER_BYTES 28
#define HEADER_64_BYTES 32
#define LC_UUID UINT32_C(0x1b)
#define UUID_COMMAND_BYTES 24
/* The upper byte of a subtype tells of features such as pointer authentication. */
#define SUBTYPE_MASK UINT32_C(0x00ffffff)

#define CPU_X86 UINT32_C(0x00000007)
#define CPU_X86_64 UINT32_C(0x01000007)
#define CPU_ARM64 UINT32_C(0x0100000c)

static const struct arch {
	uint32_t type, subtype;
	const char *name;
} archs[] = {
	{CPU_ARM64, 0, "arm64"},
	{CPU_ARM64, 1, "arm64v8"},
	{CPU_ARM64, 2, "arm64e"},
	{CPU_X86_64, 3, "x86_64"},
	{CPU_X86_64, 8, "x86_64h"},
	{CPU_X86, 3, "i386"},
};
enum { ARCH_COUNT = sizeof archs / sizeof *archs };

static uint32_t number(const uint8_t *at, bool big) {
	return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
		   : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* Never beyond the file. */
static bool read_at(const struct macho_source *source, uint64_t offset, void *ret, size_t len) {
	return offset <= source->size && len <= source->size - offset &&
	       source->read(source->user, offset, ret, len);
}

/* The first LC_UUID among the commands. */
static bool find_uuid(const uint8_t *commands, size_t len, uint32_t count, bool big,
	uint8_t ret[MACHO_UUID_BYTES]) {
	size_t at = 0;
	for (uint32_t i = 0; i < count && len - at >= 8; i++) {
		uint32_t command = number(commands + at, big),
			 size = number(commands + at + 4, big);
		if (size < 8 || size > len - at)
			return false;
		if (command == LC_UUID && size >= UUID_COMMAND_BYTES) {
			memcpy(ret, commands + at + 8, MACHO_UUID_BYTES);
			return true;
		}
		at += size;
	}
	return false;
}

/* size: what the fat header grants the slice. */
static bool read_slice(const struct macho_source *source, uint64_t offset, uint64_t size,
	struct macho_slice *ret) {
	uint8_t header[HEADER_BYTES];
	if (size < HEADER_BYTES || !read_at(source, offset, header, sizeof header))
		return false;
	uint32_t magic = number(header, false);
	bool big = magic != THIN && magic != THIN_64;
	if (big)
		magic = number(header, true);
	if (magic != THIN && magic != THIN_64)
		return false;
	uint64_t header_bytes = magic == THIN_64 ? HEADER_64_BYTES : HEADER_BYTES;
	uint32_t count = number(header + 16, big), len = number(header + 20, big);
	if (len > MACHO_COMMANDS_BYTES || size < header_bytes || len > size - header_bytes)
		return false;
	uint8_t *commands = malloc(len ? len : 1);
	bool found = commands && read_at(source, offset + header_bytes, commands, len) &&
		     find_uuid(commands, len, count, big, ret->uuid);
	free(commands);
	ret->cpu_type = number(header + 4, big);
	ret->cpu_subtype = number(header + 8, big) & SUBTYPE_MASK;
	return found;
}

static uint64_t number_64(const uint8_t *at) {
	return (uint64_t)number(at, true) << 32 | number(at + 4, true);
}

/* The headers of fat files are big-endian on every system. */
static bool find_in_fat(const struct macho_source *source, bool wide, uint32_t count,
	const uint8_t uuid[MACHO_UUID_BYTES], struct macho_slice *ret) {
	const size_t row_bytes = wide ? 32 : 20;
	uint8_t rows[32 * MACHO_SLICES_MAX];
	if (count > MACHO_SLICES_MAX || !read_at(source, 8, rows, row_bytes * count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *row = rows + row_bytes * i;
		uint64_t offset = wide ? number_64(row + 8) : number(row + 8, true);
		uint64_t size = wide ? number_64(row + 16) : number(row + 12, true);
		struct macho_slice slice;
		if (offset <= source->size && size <= source->size - offset &&
			read_slice(source, offset, size, &slice) &&
			!memcmp(slice.uuid, uuid, MACHO_UUID_BYTES)) {
			*ret = slice;
			return true;
		}
	}
	return false;
}

bool macho_find(const struct macho_source *source, const uint8_t uuid[MACHO_UUID_BYTES],
	struct macho_slice *ret) {
	uint8_t start[8];
	struct macho_slice slice;
	if (!read_at(source, 0, start, sizeof start))
		return false;
	uint32_t magic = number(start, true);
	if (magic == FAT || magic == FAT_64)
		return find_in_fat(source, magic == FAT_64, number(start + 4, true), uuid, ret);
	if (!read_slice(source, 0, source->size, &slice) ||
		memcmp(slice.uuid, uuid, MACHO_UUID_BYTES) != 0)
		return false;
	*ret = slice;
	return true;
}

const char *macho_arch(const struct macho_slice *slice) {
	for (int i = 0; i < ARCH_COUNT; i++)
		if (archs[i].type == slice->cpu_type && archs[i].subtype == slice->cpu_subtype)
			return archs[i].name;
	return NULL;
}

bool macho_arch_fits(const struct macho_slice *slice, const char *arch) {
	for (int i = 0; i < ARCH_COUNT; i++)
		if (archs[i].type == slice->cpu_type && !strcmp(archs[i].name, arch))
			return true;
	return false;
}

static int digit(char c) {
	if (isdigit((unsigned char)c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool macho_parse_uuid(const char *text, uint8_t ret[MACHO_UUID_BYTES]) {
	uint8_t uuid[MACHO_UUID_BYTES];
	size_t count = 0;
	bool any = false;
	for (; *text; text++) {
		if (*text == '-')
			continue;
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
		if (low < 0 || count == MACHO_UUID_BYTES)
			return false;
		uuid[count] = (uint8_t)(high << 4 | low);
		any = any || uuid[count] != 0;
		count++;
		text++;
	}
	/* All zero: an image that has none. */
	if (count != MACHO_UUID_BYTES || !any)
		return false;
	memcpy(ret, uuid, sizeof uuid);
	return true;
}

void macho_format_uuid(const uint8_t uuid[MACHO_UUID_BYTES], char ret[MACHO_UUID_TEXT_BYTES]) {
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < MACHO_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret++ = '-';
		*ret++ = digits[uuid[i] >> 4];
		*ret++ = digits[uuid[i] & 15];
	}
	*ret = '\0';
}
