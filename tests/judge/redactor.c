/*
 * Redacts the reports of files, for those who look for what must not be in the result:
 *
 *     redactor FOLDER FILE...
 *
 * Writes each report to FOLDER/N-M.ips (Nth file, Mth report of it) and a line of JSON for each
 * file to standard output: how many reports, and what the redacted ones do not have in common with
 * the originals. All files of a call share one redactor, as in an archive; what is found in one
 * file is known in all.
 */
#include "../unit/redact_check.h"

#include "base/file.h"
#include "ips/document.h"

#include <stdlib.h>

struct result {
	size_t reports;
	struct buf found;
};

static void print_json(const char *text) {
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static int save(const char *folder, int file, size_t ordinal, const struct buf *bytes) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%d-%zu.ips", folder, file, ordinal);
	FILE *out = fopen(path, "wb");
	if (!out)
		return -1;
	bool good = fwrite(buf_str(bytes), 1, bytes->len, out) == bytes->len;
	return fclose(out) == 0 && good ? 0 : -1;
}

static int learn(struct redactor *redactor, const struct buf *file, const struct document *document,
	struct err *err) {
	for (size_t i = 0; i < document->count; i++) {
		struct buf text = {0};
		int code = document_text(buf_str(file), file->len, i, &text, err);
		if (!code)
			code = redactor_learn(
				redactor, document->reports[i], buf_str(&text), text.len, err);
		buf_finish(&text);
		if (code)
			return code;
	}
	return 0;
}

static int redact_one(struct redactor *redactor, const struct rules *rules, const struct buf *file,
	const struct report *report, size_t ordinal, struct buf *ret, struct buf *found,
	struct err *err) {
	struct buf text = {0}, alone = {0};
	int code = document_text(buf_str(file), file->len, ordinal, &text, err);
	if (!code)
		code = redact_report(redactor, report, buf_str(&text), text.len, ret, err);
	if (!code)
		check_redacted(rules, report, ret, found);
	buf_finish(&text);
	buf_finish(&alone);
	return code;
}

static int redact_file(struct redactor *redactor, const struct rules *rules, const char *folder,
	const struct buf *file, int number, struct result *ret, struct err *err) {
	struct document document = {0};
	int code = document_parse(buf_str(file), file->len, &document, err);
	if (!code)
		code = learn(redactor, file, &document, err);
	for (size_t i = 0; !code && i < document.count; i++) {
		struct buf redacted = {0};
		code = redact_one(
			redactor, rules, file, document.reports[i], i, &redacted, &ret->found, err);
		if (!code && save(folder, number, i, &redacted))
			code = err_set(err, -1, "%s cannot be written", folder);
		buf_finish(&redacted);
		ret->reports += !code;
	}
	document_finish(&document);
	return code;
}

static int read_file(const char *path, struct buf *ret) {
	char part[65536];
	FILE *in = fopen(path, "rb");
	if (!in)
		return -1;
	for (size_t n; (n = fread(part, 1, sizeof part, in)) > 0;)
		buf_add(ret, part, n);
	fclose(in);
	return ret->failed ? -1 : 0;
}

int main(int argc, char **argv) {
	struct redactor *redactor = NULL;
	struct err err = {0};
	struct rules *rules = rules_new_builtin(&err);
	if (argc < 3 || !rules || redactor_new(&redactor, &err)) {
		fprintf(stderr, "usage: redactor FOLDER FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct result result = {0};
		struct buf file = {0};
		int code = read_file(argv[i], &file);
		err = (struct err){0};
		if (!code)
			code = redact_file(redactor, rules, argv[1], &file, i - 2, &result, &err);
		printf("{\"file\": ");
		print_json(argv[i]);
		printf(", \"reports\": %zu, \"error\": ", result.reports);
		print_json(code ? err.text : "");
		printf(", \"found\": ");
		print_json(buf_str(&result.found));
		printf("}\n");
		buf_finish(&result.found);
		buf_finish(&file);
	}
	redactor_free(redactor);
	rules_free(rules);
	return 0;
}
