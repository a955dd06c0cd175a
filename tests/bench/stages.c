/*
 * CPU time of each stage that a report goes through in scan, in one thread, as a share of the sum.
 *
 *     stages DATABASE FILE...
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "ips/document.h"
#include "store/store.h"
#include "triage/triage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum stage {
	STAGE_READ,
	STAGE_PARSE,
	STAGE_TRIAGE,
	STAGE_HASH,
	STAGE_COMPRESS,
	STAGE_STORE,
	STAGE_COUNT
};

static const char *const stage_names[STAGE_COUNT] = {
	"read", "parse", "triage", "sha256", "compress", "store"};

struct bench {
	struct store *store;
	struct store_packer *packer;
	struct rules *rules;
	struct arena arena;
	struct buf bytes, packed;
	double cpu[STAGE_COUNT];
	double last;
	struct err err;
};

static double cpu_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void lap(struct bench *bench, enum stage stage) {
	double now = cpu_now();
	bench->cpu[stage] += now - bench->last;
	bench->last = now;
}

static int take(struct bench *bench, const char *path) {
	struct document document = {0};
	struct triage triage;
	struct store_source source = {.path = path};
	char sha[SHA256_HEX_BYTES];
	uint8_t digest[SHA256_BYTES];
	struct store_item item = {.source = &source, .sha256 = sha, .triage = &triage};
	enum store_put put;
	bench->last = cpu_now();
	int code = file_read(AT_FDCWD, path, FILE_FOLLOW, LIMIT_REPORT_BYTES, &bench->bytes,
		&source.identity, &bench->err);
	lap(bench, STAGE_READ);
	if (!code)
		code = document_parse(bench->bytes.data, bench->bytes.len, &document, &bench->err);
	lap(bench, STAGE_PARSE);
	if (code)
		return code;
	code = triage_run(&triage, document.reports[0], bench->rules, &bench->arena, NULL);
	lap(bench, STAGE_TRIAGE);
	sha256(bench->bytes.data, bench->bytes.len, digest);
	sha256_hex(digest, sha);
	lap(bench, STAGE_HASH);
	if (!code)
		code = store_pack(bench->packer, bench->bytes.data, bench->bytes.len,
			&bench->packed, &item.packed_dictionary, &bench->err);
	lap(bench, STAGE_COMPRESS);
	item.bytes = bench->bytes.data;
	item.len = bench->bytes.len;
	item.packed = bench->packed.data;
	item.packed_len = bench->packed.len;
	item.report = document.reports[0];
	item.rules_version = rules_version(bench->rules);
	if (!code)
		code = store_put(bench->store, &item, &put, NULL, &bench->err);
	lap(bench, STAGE_STORE);
	document_finish(&document);
	arena_reset(&bench->arena);
	return code;
}

static int run(struct bench *bench, const char *database, int count, char **files) {
	int code = store_open(database, STORE_WRITE, &bench->store, &bench->err);
	if (!code)
		code = store_packer_new(bench->store, &bench->packer, &bench->err);
	if (!code)
		code = store_begin(bench->store, &bench->err);
	for (int i = 0; !code && i < count; i++)
		code = take(bench, files[i]);
	if (!code)
		code = store_commit(bench->store, &bench->err);
	return code;
}

int main(int argc, char **argv) {
	struct bench bench = {0};
	if (argc < 3) {
		fprintf(stderr, "usage: stages DATABASE FILE...\n");
		return 2;
	}
	arena_init(&bench.arena, LIMIT_REPORT_ARENA_BYTES);
	bench.rules = rules_new_builtin(&bench.err);
	int code = bench.rules ? run(&bench, argv[1], argc - 2, argv + 2) : -1;
	if (code)
		fprintf(stderr, "stages: %s\n", bench.err.text);
	double sum = 0;
	for (int i = 0; i < STAGE_COUNT; i++)
		sum += bench.cpu[i];
	for (int i = 0; !code && i < STAGE_COUNT; i++)
		printf("%s\t%.1f\t%.3f\n", stage_names[i], bench.cpu[i] / (argc - 2) * 1e6,
			bench.cpu[i] / sum);
	store_packer_free(bench.packer);
	store_close(bench.store);
	rules_free(bench.rules);
	buf_finish(&bench.bytes);
	buf_finish(&bench.packed);
	arena_finish(&bench.arena);
	return code ? 1 : 0;
}
