/*
 * Any bytes as an archive: what comes of it is the protocol to the letter, with names of ours only
 * and each of them once; or it is an error that says what.
 */
#include "fuzz.h"

#include "export/bundle/unpack.h"
#include "export/bundle_line.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Members are compared with each other up to here. */
#define NAMES_MAX 64

struct output {
	char *bytes;
	size_t at, len;
	char names[NAMES_MAX][BUNDLE_NAME_BYTES + 1];
	size_t count;
};

static int new_file(void) {
	FILE *file = tmpfile();
	MUST(file);
	int fd = dup(fileno(file));
	MUST(fd >= 0);
	fclose(file);
	return fd;
}

static struct output load(int fd) {
	struct output output = {0};
	off_t len = lseek(fd, 0, SEEK_END);
	MUST(len >= 0);
	output.bytes = malloc((size_t)len + 1);
	MUST(output.bytes);
	output.len = (size_t)len;
	for (size_t at = 0; at < output.len;) {
		ssize_t n = pread(fd, output.bytes + at, output.len - at, (off_t)at);
		MUST(n > 0);
		at += (size_t)n;
	}
	return output;
}

static void check_new(struct output *output, const char *name) {
	for (size_t i = 0; i < output->count; i++)
		MUST(strcasecmp(output->names[i], name) != 0);
	if (output->count < NAMES_MAX)
		memcpy(output->names[output->count++], name, strlen(name) + 1);
}

static void check_output(struct output *output) {
	struct bundle_line line = {.end = false};
	while (!line.end) {
		const char *start = output->bytes + output->at;
		const char *end = memchr(start, '\n', output->len - output->at);
		MUST(end);
		MUST(bundle_line_parse(start, (size_t)(end - start), &line));
		output->at += (size_t)(end - start) + 1;
		if (line.end)
			break;
		check_new(output, line.name);
		MUST(line.size <= output->len - output->at);
		output->at += (size_t)line.size;
	}
	MUST(output->at == output->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static int in = -1, out = -1;
	struct err err = {0};
	if (in < 0) {
		in = new_file();
		out = new_file();
	}
	MUST(ftruncate(in, 0) == 0 && ftruncate(out, 0) == 0);
	MUST(pwrite(in, data, size, 0) == (ssize_t)size);
	MUST(lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0);
	int code = unpack_run(in, out, &err);
	if (code) {
		MUST(code < 0 && err.code == code && err.text[0]);
		return 0;
	}
	struct output output = load(out);
	check_output(&output);
	free(output.bytes);
	return 0;
}
