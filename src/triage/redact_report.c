/* One whole report: which of its two forms it has, and what stands around its objects. */
#include "triage/redact_parts.h"

#include "base/limits.h"

#include <errno.h>
#include <string.h>

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t blank(const char *bytes, size_t len) {
	size_t n = 0;
	while (n < len && is_space(bytes[n]))
		n++;
	return n;
}

/* What follows the header line and is no object: a report in the text form, or, where the parser
 * took it as a whole, the text of a panic. */
static int redact_rest(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, struct err *err) {
	if (report->form == REPORT_FORM_TEXT || report->kind != REPORT_PANIC)
		return redact_text(redactor, bytes, len, ret, err);
	return redact_prose(redactor, bytes, len, ret, err);
}

static int redact_json(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, struct err *err) {
	size_t n = 0;
	bool body = false;
	int code = redact_object(redactor, report, bytes, len, ret, &n, &body, err);
	if (code)
		return code;
	size_t gap = blank(bytes + n, len - n);
	buf_add(ret, bytes + n, gap);
	n += gap;
	if (body) /* what stands behind a body is not the report's */
		return 0;
	if (n == len)
		return err_set(err, -EBADMSG,
			"truncated: a header without a body (ends at byte %zu)", len);
	if (bytes[n] != '{')
		return redact_rest(redactor, report, bytes + n, len - n, ret, err);
	bytes += n;
	len -= n;
	code = redact_object(redactor, report, bytes, len, ret, &n, &body, err);
	if (!code)
		buf_add(ret, bytes + n, blank(bytes + n, len - n));
	return code;
}

int redact_report(struct redactor *redactor, const struct report *report, const char *bytes,
	size_t len, struct buf *ret, struct err *err) {
	size_t before = ret->len;
	size_t bom = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	size_t from = bom + blank(bytes + bom, len - bom);
	int code;
	if (len > LIMIT_REPORT_BYTES)
		return err_set(err, -E2BIG, "larger than %u MiB", LIMIT_REPORT_BYTES >> 20);
	if (redact_begin_report(redactor, report) < 0) {
		code = err_set(err, -ENOMEM, "out of memory");
	} else if (from < len && bytes[from] == '{') {
		buf_add(ret, bytes, from);
		code = redact_json(redactor, report, bytes + from, len - from, ret, err);
	} else {
		buf_add(ret, bytes, bom);
		code = redact_text(redactor, bytes + bom, len - bom, ret, err);
	}
	redact_end_report(redactor);
	if (!code && ret->failed)
		code = err_set(err, -ENOMEM, "out of memory");
	if (code && ret->len > before)
		ret->data[ret->len = before] = '\0';
	return code;
}
