/*
 * Mach-O files as far as they tell whose symbols they hold: the UUID and the architecture of each
 * slice. Reads through its caller, in any byte order, and believes no offset.
 */
#ifndef IPS_MACHO_H
#define IPS_MACHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHO_UUID_BYTES 16
/* Of fat files; real ones have up to four. A Java class begins like one with 45 and more. */
#define MACHO_SLICES_MAX 32
/* Load commands of one slice; the largest seen have 30 kB. */
#define MACHO_COMMANDS_BYTES (1u << 20)

struct macho_slice {
	uint8_t uuid[MACHO_UUID_BYTES];
	uint32_t cpu_type, cpu_subtype; /* without the capability bits */
};

/* Where the bytes are. read: all len bytes from offset, or false. */
struct macho_source {
	bool (*read)(void *user, uint64_t offset, void *ret, size_t len);
	void *user;
	uint64_t size;
};

/* Finds the slice with that UUID. False: there is none, or this is no whole Mach-O file. */
bool macho_find(const struct macho_source *source, const uint8_t uuid[MACHO_UUID_BYTES],
	struct macho_slice *ret);

/* What Apple's tools call it: "arm64e"; NULL for those that no report of a Mac names. */
const char *macho_arch(const struct macho_slice *slice);
/* Whether a report may name the slice so ("arm64" for "arm64e" too: the processor is the same). */
bool macho_arch_fits(const struct macho_slice *slice, const char *arch);

/* "11111111-2222-..." with or without dashes, in either case. */
bool macho_parse_uuid(const char *text, uint8_t ret[MACHO_UUID_BYTES]);
/* Lower case with dashes. */
#define MACHO_UUID_TEXT_BYTES 37
void macho_format_uuid(const uint8_t uuid[MACHO_UUID_BYTES], char ret[MACHO_UUID_TEXT_BYTES]);

#endif
