/*
 * CPU time that redaction takes per report, in one thread, beside a plain copy of its bytes and the
 * parse that every command pays: tab-separated lines of name, microseconds and bytes.
 *
 *     redaction FILE...
 */
#include "base/file.h"
#include "base/limits.h"
#include "ips/document.h"
#include "triage/redact.h"
#include "triage/triage.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum stage { STAGE_COPY, STAGE_PARSE, STAGE_TRIAGE, STAGE_LEARN, STAGE_REDACT, STAGE_COUNT };

static const char *const stage_names[STAGE_COUNT] = {"copy", "parse", "triage", "learn", "redact"};

struct bench {
	struct redactor *redactor;
	struct rules *rules;
	struct arena arena;
	struct buf bytes, copy, leaving;
	double cpu[STAGE_COUNT], last;
	size_t total, left;
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

static int read_report(struct bench *bench, const char *path) {
	return file_read(
		AT_FDCWD, path, FILE_FOLLOW, LIMIT_REPORT_BYTES, &bench->bytes, NULL, &bench->err);
}

/* All reports are learned before one is redacted, as for an archive. */
static int learn(struct bench *bench, const char *path) {
	struct document document = {0};
	struct triage triage;
	int code = read_report(bench, path);
	if (code)
		return code;
	bench->last = cpu_now();
	buf_reset(&bench->copy);
	buf_add(&bench->copy, bench->bytes.data, bench->bytes.len);
	lap(bench, STAGE_COPY);
	code = document_parse(bench->bytes.data, bench->bytes.len, &document, &bench->err);
	lap(bench, STAGE_PARSE);
	if (code)
		return code;
	code = triage_run(&triage, document.reports[0], bench->rules, &bench->arena, NULL);
	lap(bench, STAGE_TRIAGE);
	if (!code)
		code = redactor_learn(bench->redactor, document.reports[0], bench->bytes.data,
			bench->bytes.len, &bench->err);
	lap(bench, STAGE_LEARN);
	bench->total += bench->bytes.len;
	document_finish(&document);
	arena_reset(&bench->arena);
	return code;
}

static int leave(struct bench *bench, const char *path) {
	struct document document = {0};
	int code = read_report(bench, path);
	if (!code)
		code = document_parse(bench->bytes.data, bench->bytes.len, &document, &bench->err);
	if (code)
		return code;
	buf_reset(&bench->leaving);
	bench->last = cpu_now();
	code = redact_report(bench->redactor, document.reports[0], bench->bytes.data,
		bench->bytes.len, &bench->leaving, &bench->err);
	lap(bench, STAGE_REDACT);
	bench->left += bench->leaving.len;
	document_finish(&document);
	return code;
}

int main(int argc, char **argv) {
	struct bench bench = {0};
	if (argc < 2) {
		fprintf(stderr, "usage: redaction FILE...\n");
		return 2;
	}
	arena_init(&bench.arena, LIMIT_REPORT_ARENA_BYTES);
	bench.rules = rules_new_builtin(&bench.err);
	int code = bench.rules ? redactor_new(&bench.redactor, &bench.err) : -1;
	for (int i = 1; !code && i < argc; i++)
		code = learn(&bench, argv[i]);
	for (int i = 1; !code && i < argc; i++)
		code = leave(&bench, argv[i]);
	if (code)
		fprintf(stderr, "redaction: %s\n", bench.err.text);
	for (int i = 0; !code && i < STAGE_COUNT; i++)
		printf("%s\t%.2f\t%zu\n", stage_names[i], bench.cpu[i] / (argc - 1) * 1e6,
			(i == STAGE_REDACT ? bench.left : bench.total) / (size_t)(argc - 1));
	redactor_free(bench.redactor);
	rules_free(bench.rules);
	buf_finish(&bench.bytes);
	buf_finish(&bench.copy);
	buf_finish(&bench.leaving);
	arena_finish(&bench.arena);
	return code ? 1 : 0;
}
