/*
 * Any bytes that parse as reports are redacted: the result is the same report, and a name that is
 * known beforehand is not in it.
 */
#include "fuzz.h"

#include "../unit/redact_check.h"
#include "ips/document.h"

/* Private wherever it stands; no base64 has it. */
static const char secret[] = "qzj_xvk";

/* Bytes with "\x01" as the secret. */
static void plant(const uint8_t *data, size_t size, struct buf *ret) {
	for (size_t i = 0; i < size; i++) {
		if (data[i] == 1)
			buf_add_str(ret, secret);
		else
			buf_add_char(ret, (char)data[i]);
	}
}

static bool has_secret(const struct buf *text) {
	return text->len && strcasestr(text->data, secret);
}

/* A text tells a signal from a message by its first letters, which an unknown one loses. */
static bool has_odd_signal(struct redactor *redactor, const struct report *report) {
	struct buf signal = {0};
	redact(redactor, REDACT_FORM_TEXT, report->exception.signal, &signal);
	bool odd = report->form == REPORT_FORM_TEXT && report->exception.signal &&
		   strcmp(buf_str(&signal), report->exception.signal) != 0;
	buf_finish(&signal);
	return odd;
}

static void check_report(const struct rules *rules, const struct buf *text,
	const struct document *document, size_t ordinal) {
	struct redactor *redactor = NULL;
	struct buf alone = {0}, redacted = {0}, found = {0};
	struct err err = {0};
	const struct report *report = document->reports[ordinal];
	MUST(document_text(buf_str(text), text->len, ordinal, &alone, &err) == 0);
	MUST(redactor_new(&redactor, &err) == 0);
	MUST(redactor_know(redactor, REDACT_USER, secret, &err) == 0);
	MUST(redactor_learn(redactor, report, buf_str(&alone), alone.len, &err) == 0);
	MUST(redact_report(redactor, report, buf_str(&alone), alone.len, &redacted, &err) == 0);
	MUST(!has_secret(&redacted));
	/* What only the user knows, a signature does not. */
	if (!has_secret(&alone) && !has_odd_signal(redactor, report))
		check_redacted(rules, report, &redacted, &found);
	if (found.len)
		fprintf(stderr, "%s", found.data);
	MUST(!found.len);
	redactor_free(redactor);
	buf_finish(&alone);
	buf_finish(&redacted);
	buf_finish(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct rules *rules;
	struct document document;
	struct buf text = {0};
	struct err err = {0};
	if (!rules)
		MUST(rules = rules_new_builtin(&err));
	plant(data, size, &text);
	if (document_parse(buf_str(&text), text.len, &document, &err) == 0) {
		for (size_t i = 0; i < document.count; i++)
			check_report(rules, &text, &document, i);
		document_finish(&document);
	}
	buf_finish(&text);
	return 0;
}
