/* Lines with a key and a value, whatever stands between them. */
#include "base/platform_text.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Of a line that is looked at. */
#define LINE_BYTES 1024

void platform_init(struct platform *platform) {
	*platform = (struct platform){.cores = -1,
		.memory_bytes = -1,
		.swap_used_bytes = -1,
		.load_1m = -1,
		.is_virtual = -1,
		.low_power = -1,
		.temperature_c = -1,
		.gpu_cores = -1};
}

static const char *next_line(const char *text) {
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

static bool is_around(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\'';
}

/* Cleans len bytes into the field, without what stands around them. */
static void keep(const char *text, size_t len, char ret[PLATFORM_TEXT_BYTES]) {
	char clean[3 * LINE_BYTES + 1];
	while (len && is_around(*text)) {
		text++;
		len--;
	}
	while (len && is_around(text[len - 1]))
		len--;
	len = text_clean(clean, text, len < LINE_BYTES ? len : LINE_BYTES, TEXT_LINE);
	if (len >= PLATFORM_TEXT_BYTES) {
		len = PLATFORM_TEXT_BYTES - 1;
		while (len && ((unsigned char)clean[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(ret, clean, len);
	ret[len] = '\0';
}

void platform_line(const char *text, char ret[PLATFORM_TEXT_BYTES]) {
	keep(text, strcspn(text, "\n"), ret);
}

/* Behind the key of a line, or NULL when it has another. */
static const char *behind_key(const char *line, const char *key) {
	size_t len = strlen(key);
	while (is_around(*line))
		line++;
	if (strncmp(line, key, len) != 0)
		return NULL;
	line += len;
	/* "MemTotal" is no key of "MemTotalHuge: 1". */
	if (!is_around(*line) && *line != ':' && *line != '=')
		return NULL;
	while (is_around(*line) || *line == ':' || *line == '=')
		line++;
	return line;
}

static const char *find(const char *text, const char *key) {
	for (const char *line = text; *line; line = next_line(line)) {
		const char *value = behind_key(line, key);
		/* An empty value must not become the line below. */
		if (value)
			return value;
	}
	return NULL;
}

bool platform_value(const char *text, const char *key, char ret[PLATFORM_TEXT_BYTES]) {
	const char *value = find(text, key);
	if (!value || !*value || *value == '\n')
		return false;
	platform_line(value, ret);
	return true;
}

int64_t platform_number(const char *text, const char *key) {
	const char *value = find(text, key);
	int64_t number;
	if (!value || !text_i64(value, strspn(value, "0123456789"), &number))
		return -1;
	return number;
}

void platform_power_source(const char *text, char ret[PLATFORM_TEXT_BYTES]) {
	static const char start[] = "Now drawing from '";
	static const char *const said[] = {"AC Power", "Battery Power", "UPS Power"};
	static const char *const words[] = {"ac", "battery", "ups"};
	const char *from = strstr(text, start);
	if (!from)
		return;
	from += sizeof start - 1;
	size_t len = strcspn(from, "'\n");
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		if (strlen(said[i]) == len && strncmp(from, said[i], len) == 0) {
			snprintf(ret, PLATFORM_TEXT_BYTES, "%s", words[i]);
			return;
		}
	}
	keep(from, len, ret);
}

int platform_low_power(const char *text) {
	/* The older name is a switch, the newer one a dial: 0 automatic, 1 low, 2 high. */
	int64_t mode = platform_number(text, "lowpowermode");
	if (mode < 0)
		mode = platform_number(text, "powermode");
	return mode < 0 ? -1 : mode == 1;
}

void platform_thermal_state(const char *text, char ret[PLATFORM_TEXT_BYTES]) {
	/* <libkern/OSThermalNotification.h>, as macOS counts. */
	static const char *const levels[] = {
		"nominal", "moderate", "heavy", "trapping", "sleeping"};
	int64_t level = platform_number(text, "com.apple.system.thermalpressurelevel");
	if (level >= 0 && level < (int64_t)(sizeof levels / sizeof *levels))
		snprintf(ret, PLATFORM_TEXT_BYTES, "%s", levels[level]);
}

/* The entry that starts at text, up to the next one ("+-o NAME <class ...>"). */
static size_t entry_len(const char *text) {
	const char *line = next_line(text);
	while (*line && !text_starts(line, "+-o "))
		line = next_line(line);
	return (size_t)(line - text);
}

static void read_entry(const char *text, size_t len, struct platform *ret) {
	static const char image[] = "MetalPluginName", cores[] = "gpu-core-count", gpu[] = "model";
	for (const char *line = text; line < text + len; line = next_line(line)) {
		const char *value = behind_key(line, image);
		if (value)
			platform_line(value, ret->driver_image);
		else if ((value = behind_key(line, gpu)) && *value != '<')
			platform_line(value, ret->gpu);
		else if (behind_key(line, cores))
			ret->gpu_cores = platform_number(line, cores);
	}
}

void platform_gpu(const char *text, struct platform *ret) {
	size_t len;
	for (const char *entry = text; *entry; entry += len) {
		struct platform read = *ret;
		len = entry_len(entry);
		read_entry(entry, len, &read);
		if (*read.driver_image) {
			*ret = read;
			return;
		}
	}
}
