/*
 * A report that is redacted by a redactor of its own, and what must come out.
 */
#ifndef TESTS_UNIT_REDACT_BODY_H
#define TESTS_UNIT_REDACT_BODY_H

#include "redact_check.h"

#include <stdlib.h>

#define HEADER "{\"bug_type\":\"309\",\"os_version\":\"macOS 15.7.3 (24G419)\"}\n"

/* Redacted text of a report; freed by the caller. */
static inline char *redacted_bytes(const char *bytes, size_t len) {
	struct report *report = report_new();
	struct buf ret = {0};
	struct err err = {0};
	assert_non_null(report);
	if (check_parse(report, bytes, len, &err))
		fail_msg("%s", err.text);
	assert_int_equal(check_redact(report, bytes, len, &ret), 0);
	struct rules *rules = rules_new_builtin(&err);
	struct buf found = {0};
	check_redacted(rules, report, &ret, &found);
	if (found.len)
		fail_msg("%s\n%s", buf_str(&found), buf_str(&ret));
	buf_finish(&found);
	rules_free(rules);
	report_free(report);
	return buf_take(&ret);
}

static inline char *redacted(const char *text) {
	return redacted_bytes(text, strlen(text));
}

/* A body with these members becomes one with those. */
static inline void body_becomes(const char *members, const char *expected) {
	struct buf source = {0}, want = {0};
	buf_printf(&source, HEADER "{%s}", members);
	buf_printf(&want, HEADER "{%s}", expected);
	char *got = redacted(source.data);
	assert_string_equal(got, want.data);
	free(got);
	buf_finish(&source);
	buf_finish(&want);
}

static inline void stays(const char *members) {
	body_becomes(members, members);
}

#endif
