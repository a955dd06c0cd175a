/* Writes and reads an archive as 'agxtriage export' and 'import' do, for tests that end it at any
 * moment: members of noise that takes its time. */
#include "base/sha256.h"
#include "export/bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 16384

static int failed(const struct err *err) {
	fprintf(stderr, "%s\n", err->text);
	return 1;
}

static int put_members(
	struct bundle_writer *writer, unsigned count, unsigned pieces, struct err *err) {
	uint32_t noise[PIECE_BYTES / sizeof(uint32_t)], seed = 1;
	for (unsigned i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "reports/%06u.ips", i);
		int r = bundle_member(writer, name, (uint64_t)pieces * PIECE_BYTES, err);
		for (unsigned piece = 0; piece < pieces && r >= 0; piece++) {
			for (size_t at = 0; at < sizeof noise / sizeof *noise; at++)
				noise[at] = seed = seed * 1664525u + 1013904223u;
			r = bundle_write(writer, noise, sizeof noise, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_archive(char **words) {
	struct bundle_options options = {.program = words[0],
		.folder = "agxtriage-export",
		.mtime_s = 1766281000,
		.fd = STDOUT_FILENO};
	struct bundle_writer *writer;
	struct err err = {0};
	uint64_t bytes;
	options.format = bundle_format_of(words[1]);
	options.path = strcmp(words[2], "-") != 0 ? words[2] : NULL;
	if (bundle_create(&options, &writer, &err) < 0)
		return failed(&err);
	unsigned count = (unsigned)strtoul(words[3], NULL, 10);
	if (put_members(writer, count, (unsigned)strtoul(words[4], NULL, 10), &err) < 0) {
		bundle_abort(writer);
		return failed(&err);
	}
	if (bundle_finish(writer, &bytes, &err) < 0)
		return failed(&err);
	fprintf(stderr, "%" PRIu64 "\n", bytes);
	return 0;
}

/* A line for each member: name, size, sum. */
static int read_archive(char **words) {
	struct bundle_reader *reader;
	struct err err = {0};
	const char *name;
	uint64_t size;
	int r;
	if (bundle_open(words[0], strcmp(words[1], "-") != 0 ? words[1] : NULL, &reader, &err) < 0)
		return failed(&err);
	while ((r = bundle_next(reader, &name, &size, &err)) > 0) {
		struct sha256_stream sum;
		uint8_t digest[SHA256_BYTES];
		char bytes[PIECE_BYTES], hex[SHA256_HEX_BYTES];
		int64_t n;
		sha256_start(&sum);
		while ((n = bundle_read(reader, bytes, sizeof bytes, &err)) > 0)
			sha256_add(&sum, bytes, (size_t)n);
		if (n < 0)
			break;
		sha256_end(&sum, digest);
		sha256_hex(digest, hex);
		printf("%s %" PRIu64 " %s\n", name, size, hex);
	}
	bundle_close(reader);
	return r ? failed(&err) : 0;
}

int main(int argc, char **argv) {
	if (argc == 7 && !strcmp(argv[1], "write"))
		return write_archive(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "read"))
		return read_archive(argv + 2);
	fputs("bundle_client write HELPER .FORMAT FILE MEMBERS PIECES | read HELPER FILE\n",
		stderr);
	return 2;
}
