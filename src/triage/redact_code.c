/*
 * Machine code in base64. What has the alphabet of base64 may be a word, a token or a key as well:
 * only what looks like instructions of the report's processor may leave.
 */
#include "triage/redact_parts.h"

/* The most that is taken for code; reports have 40. */
#define CODE_BYTES 64
/* Of a processor whose instructions have no common form: as many as macOS writes, and as the trial
 * program does. */
#define X86_BYTES 40
#define X86_BYTES_OF_OURS 16

/* A sign's value; 64 for what is none. */
static unsigned sign_value(char c) {
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Bytes that text is the one encoding of; 0 for anything else. */
static size_t decode(const char *text, size_t len, uint8_t ret[CODE_BYTES]) {
	uint32_t bits = 0;
	size_t count = 0, signs = len, held = 0;

	if (len == 0 || len % 4 != 0 || len / 4 * 3 > CODE_BYTES + 2)
		return 0;
	while (len - signs < 2 && text[signs - 1] == '=')
		signs--;
	for (size_t i = 0; i < signs; i++) {
		unsigned value = sign_value(text[i]);

		if (value == 64)
			return 0;
		bits = bits << 6 | value;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (count == CODE_BYTES)
			return 0;
		ret[count++] = (uint8_t)(bits >> held);
	}
	return (bits & ((1u << held) - 1)) == 0 ? count : 0;
}

/* Code has small numbers, thus "A", and all signs alike; words have letters, keys in hexadecimal
 * digits no others. */
static bool looks_encoded(const char *text, size_t len) {
	size_t others = 0, beyond_hex = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned value = sign_value(text[i]);

		others += value == 0 || (value >= 52 && value < 64);
		beyond_hex += (value >= 6 && value < 26) || (value >= 32 && value < 52) ||
			      value == 62 || value == 63;
	}
	return 6 * others >= len && beyond_hex > 0;
}

static bool is_text(const uint8_t *bytes, size_t len) {
	size_t letters = 0;

	for (size_t i = 0; i < len; i++)
		letters += bytes[i] >= ' ' && bytes[i] < 0x7f;
	return 2 * letters > len;
}

/* The first byte (bits 31 to 24) of what compilers emit, as in the Arm Architecture Reference
 * Manual, C4.1; zero stands in front of functions. */
static bool is_instruction(const uint8_t *bytes) {
	static const uint32_t first[8] = {
		/* 08 0a 0b 0e 0f 10-18 1a-1c 1e 1f */ 0xddffcd00,
		/* 28-39 3a 3c 3d */ 0x37ffff00,
		/* 48 4a 4b 4e 4f 50-54 58 5a 5c 5e 5f */ 0xd51fcd00,
		/* 68-6f 70-72 78-7a 7c-7f */ 0xf707ff00,
		/* 88 8a 8b 90-98 9a-9c 9e */ 0x5dff0d00,
		/* a8-ad b0-ba bc bd */ 0x37ff3f00,
		/* c8 ca cb d0-d7 da */ 0x04ff0d00,
		/* e8 ea eb f0-f2 f8-fa fc fd */ 0x37070d00,
	};
	unsigned byte = bytes[3];

	if (byte == 0)
		return bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0;
	return (first[byte / 32] >> byte % 32 & 1) != 0;
}

/* Constants stand between functions: one word in eight. */
static bool is_arm64(const uint8_t *bytes, size_t len) {
	size_t odd = 0;

	for (size_t i = 0; i + 4 <= len; i += 4)
		odd += !is_instruction(bytes + i);
	return len % 4 == 0 && odd <= len / 32;
}

bool redact_is_code(enum report_arch arch, const char *text, size_t len) {
	uint8_t bytes[CODE_BYTES];
	size_t count = decode(text, len, bytes);

	if (count == 0 || !looks_encoded(text, len) || is_text(bytes, count))
		return false;
	if (arch == REPORT_ARCH_X86_64 || arch == REPORT_ARCH_X86)
		return count == X86_BYTES || count == X86_BYTES_OF_OURS;
	return is_arm64(bytes, count);
}
