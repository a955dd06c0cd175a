/* Reports in the middle of other text: found, unwrapped, told apart, merged; and what is said when
 * there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "ips/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_A "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9"
#define ID_B "1C6830B1-D5D0-46E7-8210-EEA024F333FE"

#define HEADER(id) "{\"app_name\":\"Python\",\"bug_type\":\"309\",\"incident_id\":\"" id "\"}\n"
#define BODY                                                                               \
	"{\n  \"procName\" : \"Python\",\n  \"pid\" : 4711,\n"                             \
	"  \"captureTime\" : \"2025-12-20 17:36:18.2862 -0800\",\n"                        \
	"  \"exception\" : {\"type\":\"EXC_BAD_ACCESS\",\"subtype\":\"at 0x1 &lt; 2\"},\n" \
	"  \"threads\" : [{\"frames\":[]}]\n}\n"

#define TEXT(pid)                                                 \
	"Process:               Python [" pid "]\n"               \
	"Date/Time:             2025-12-20 17:36:18.2862 -0800\n" \
	"OS Version:            macOS 15.7.3 (24G419)\n\n"        \
	"Exception Type:        EXC_BAD_ACCESS (SIGSEGV)\n\n"     \
	"Thread 0 Crashed:\n0   Python  \t 0x100 std::less<int>::foo() + 8\n\n"

static struct document document;
static struct err err;

static int setup(void **state) {
	document = (struct document){0};
	err = (struct err){0};
	return 0;
}

static int teardown(void **state) {
	document_finish(&document);
	return 0;
}

static void same_text(const char *a, const char *b) {
	if (a)
		assert_string_equal(a, b);
	else
		assert_null(b);
}

/* The text of each report alone is read as the same report. */
static void check_texts(const char *bytes, size_t len) {
	for (size_t i = 0; i < document.count; i++) {
		struct buf text = {0};
		struct document again = {0};
		assert_int_equal(document_text(bytes, len, i, &text, &err), 0);
		if (document_parse(text.data, text.len, &again, &err))
			fail_msg("%s", err.text);
		const struct report *a = document.reports[i], *b = again.reports[0];
		assert_int_equal(again.count, 1);
		assert_int_equal(a->form, b->form);
		assert_int_equal(a->process.pid.value, b->process.pid.value);
		same_text(a->incident_id, b->incident_id);
		same_text(a->exception.subtype, b->exception.subtype);
		document_finish(&again);
		buf_finish(&text);
	}
	struct buf none = {0};
	assert_int_equal(document_text(bytes, len, document.count, &none, &err), -ENODATA);
	assert_int_equal(none.len, 0);
}

static void parse(const char *text, size_t count) {
	if (document_parse(text, strlen(text), &document, &err))
		fail_msg("%s", err.text);
	assert_int_equal(document.count, count);
	check_texts(text, strlen(text));
}

static void refuse(const char *bytes, size_t len, const char *reason) {
	struct document untouched = {.count = 77};
	struct err why = {0};
	assert_int_equal(document_parse(bytes, len, &untouched, &why), -EBADMSG);
	assert_int_equal(untouched.count, 77);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void plain(void **state) {
	static const char text[] = HEADER(ID_A) BODY;
	parse(text, 1);
	const struct report *report = document.reports[0];
	assert_string_equal(report->incident_id, ID_A);
	assert_int_equal(report->source_offset, 0);
	/* What the JSON itself says stays as it is. */
	assert_string_equal(report->exception.subtype, "at 0x1 &lt; 2");
}

static void tail_and_bom(void **state) {
	parse("\xef\xbb\xbf" HEADER(ID_A) BODY "System Profile:\nNetwork Service: Wi-Fi\n", 1);
	assert_int_equal(document.reports[0]->process.pid.value, 4711);
}

static void text_behind_a_bom(void **state) {
	parse("\xef\xbb\xbf" TEXT("12"), 1);
	assert_int_equal(document.reports[0]->process.pid.value, 12);
	document_finish(&document);
	parse("\xef\xbb\xbf> Process:  Python [13]\n> Exception Type:  EXC_CRASH (SIGABRT)\n"
	      "> \n> Thread 0 Crashed:\n> 0   Python  \t 0x100 foo + 8\n",
		1);
	assert_int_equal(document.reports[0]->process.pid.value, 13);
}

static void several_objects(void **state) {
	parse(HEADER(ID_A) BODY HEADER(ID_B) BODY, 2);
	assert_string_equal(document.reports[0]->incident_id, ID_A);
	assert_string_equal(document.reports[1]->incident_id, ID_B);
}

static void same_incident_twice(void **state) {
	parse(HEADER(ID_A) BODY "and once more\n" HEADER(ID_A) BODY, 1);
}

static void header_and_text(void **state) {
	parse("{\"bug_type\":\"109\",\"incident_id\":\"" ID_A "\"}\n" TEXT("1"), 1);
	assert_int_equal(document.reports[0]->form, REPORT_FORM_TEXT);
	assert_string_equal(document.reports[0]->incident_id, ID_A);
	assert_string_equal(document.reports[0]->process.name, "Python");
}

static void lost_header(void **state) {
	parse("ersion\":\"1\",\"bug_type\":\"308\",\"incident_id\":\"" ID_B "\"}\n" BODY, 1);
	assert_string_equal(document.reports[0]->incident_id, ID_B);
	assert_string_equal(document.reports[0]->bug_type, "308");
	assert_int_equal(document.reports[0]->kind, REPORT_USER_FAULT);
}

static void text_and_json(void **state) {
	static const char text[] =
		"It crashed:\n\n```\n" TEXT("4711") "-----------\nFull Report\n"
						    "-----------\n\n" HEADER(ID_A) BODY
		"```\nWhat now? {\"a\": 1\n";
	parse(text, 1);
	const struct report *report = document.reports[0];
	assert_int_equal(report->form, REPORT_FORM_JSON);
	assert_ptr_equal(text + report->source_offset, strstr(text, "{\"app_name\""));
	assert_int_equal(report->source_len, strlen(HEADER(ID_A) BODY) - 1);
}

static void several_texts(void **state) {
	parse("first\n" TEXT("1") "then\n" TEXT("2") "and an end\n", 2);
	assert_int_equal(document.reports[0]->process.pid.value, 1);
	assert_int_equal(document.reports[1]->process.pid.value, 2);
	assert_int_equal(document.reports[0]->source_offset, 6);
}

static const struct frame *first_frame(void) {
	const struct thread *thread = report_crashed_thread(document.reports[0]);
	assert_non_null(thread);
	return &thread->frames.items[0];
}

static void quoted(void **state) {
	parse("He wrote:\n> Process: Python [1]\n> Exception Type: EXC_CRASH (SIGABRT)\n>\n"
	      "> Thread 0 Crashed:\n> 0   Python   0x100 foo() + 8\n\nand so on\n",
		1);
	assert_string_equal(first_frame()->symbol, "foo()");
}

static void quoted_json(void **state) {
	parse("He wrote:\n> {\"bug_type\":\"309\",\"incident_id\":\"" ID_A "\"}\n> {\n"
	      ">   \"procName\" : \"Python\"\n> }\n\nand so on\n",
		1);
	assert_string_equal(document.reports[0]->process.name, "Python");
}

static void html(void **state) {
	static const char text[] =
		"<p>It crashed</p>\n<pre><code class=\"lang-auto\">Process: Python [1]<br>"
		"Exception Type: EXC_BAD_ACCESS (SIGSEGV)<br>\n"
		"Exception Codes: KERN_INVALID_ADDRESS at 0x1 -&gt; 0x2<br>Thread&nbsp;0 Crashed:\n"
		"0   Python   0x100 std::less&lt;int&gt;::it&#39;s&#x21; + 8\n</code></pre><p>Bye</p>";
	parse(text, 1);
	assert_string_equal(first_frame()->symbol, "std::less<int>::it's!");
	assert_string_equal(
		document.reports[0]->exception.subtype, "KERN_INVALID_ADDRESS at 0x1 -> 0x2");
	assert_ptr_equal(text + document.reports[0]->source_offset, strstr(text, "Process:"));
}

static void html_json(void **state) {
	parse("<p>Look</p>\n<pre><code>" HEADER(ID_A) BODY "</code></pre>\n", 1);
	assert_string_equal(document.reports[0]->exception.subtype, "at 0x1 < 2");
	document_finish(&document);
	parse("<pre>{&quot;bug_type&quot;:&quot;309&quot;}\n{&quot;procName&quot;:&quot;a&quot;}"
	      "</pre>",
		1);
	assert_string_equal(document.reports[0]->process.name, "a");
}

/* Markdown with tags of its own around a report that was never escaped. */
static void bare_brackets(void **state) {
	parse("<details><summary>Report</summary>\n\n```\n" TEXT("1") "```\n</details>\n", 1);
	assert_string_equal(first_frame()->symbol, "std::less<int>::foo()");
}

static void utf16(void **state) {
	static const char text[] = TEXT("1");
	struct buf wide = {0};
	buf_add(&wide, "\xff\xfe", 2);
	for (size_t i = 0; text[i]; i++)
		buf_add(&wide, (const char[]){text[i], 0}, 2);
	assert_int_equal(document_parse(wide.data, wide.len, &document, &err), 0);
	assert_int_equal(document.count, 1);
	assert_int_equal(document.reports[0]->source_len, wide.len);
	check_texts(wide.data, wide.len);
	assert_string_equal(first_frame()->symbol, "std::less<int>::foo()");
	buf_finish(&wide);
}

static void broken_among_others(void **state) {
	parse(HEADER(ID_A) "{\n  \"procName\" : \"Pyth\nthe rest is lost\n" HEADER(ID_B) BODY, 1);
	assert_string_equal(document.reports[0]->incident_id, ID_B);
}

static void refusals(void **state) {
	refuse("", 0, "empty");
	refuse(" \r\n\t", 4, "empty");
	refuse("hello", 5, "no crash report");
	refuse("{\"a\": [1, 2]}", 13, "no crash report");
	refuse("Process: Python [1]\nVersion: 1\n", 31, "no crash report");
	refuse(HEADER(ID_A) "{\"procName\" : \"Py", strlen(HEADER(ID_A)) + 17, "truncated");
	refuse("\x7f"
	       "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0",
		20, "binary");
}

static void limit(void **state) {
	struct buf many = {0};
	for (int i = 0; i < LIMIT_REPORTS_PER_DOCUMENT + 5; i++)
		buf_printf(&many, "Process: a [%d]\nException Type: EXC_CRASH\n", i);
	parse(buf_str(&many), LIMIT_REPORTS_PER_DOCUMENT);
	const struct report *last = document.reports[document.count - 1];
	assert_string_equal(last->warnings[last->warning_count - 1],
		"document: more reports follow, only the first 64 were read");
	buf_finish(&many);
}

/* That is the file's own fault, and no lack of memory that may be over tomorrow. */
static void outgrows_its_budget(void **state) {
	struct document untouched = {.count = 77};
	struct err why = {0};
	struct buf text = {0};
	buf_add_str(&text, HEADER(ID_A) "{\"procName\":\"Python\",\"exception\":{\"rawCodes\":[1");
	while (text.len < LIMIT_REPORT_ARENA_BYTES / 6)
		buf_add_str(&text, ",1,1,1,1,1,1,1,1");
	buf_add_str(&text, "]}}\n");
	assert_false(text.failed);
	assert_int_equal(document_parse(text.data, text.len, &untouched, &why), -E2BIG);
	assert_int_equal(why.code, -E2BIG);
	assert_int_equal(untouched.count, 77);
	buf_finish(&text);
}

/* Would take hours if any of it were quadratic; the test's time limit is a minute. */
static void hostile(void **state) {
	static const char *const units[] = {"{", "{\"", "{\"a\":\n", "Process: x [1]\n", "&#",
		"> {\"", "{\"bug_type\":\"309\"}\n{\"procName\":\n", "<pre", "{\"a\":1,\n",
		"Process: x [1]\nException Type: y\nThread 1:\nThread 1:\n0 a 0x1 b\n"};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct buf text = {0};
		buf_add_str(&text, "Process: x [1]\n");
		while (text.len < 1u << 20)
			buf_add_str(&text, units[i]);
		assert_false(text.failed);
		struct document found = {0};
		if (document_parse(text.data, text.len, &found, &err) == 0)
			document_finish(&found);
		buf_finish(&text);
	}
}

/* Every cut of a document with everything in it (run under the address sanitizer). */
static void every_prefix(void **state) {
	static const char text[] =
		"a &lt;\n<pre>" TEXT("1") "&quot;\n> " HEADER(ID_A) BODY TEXT("2");
	for (size_t len = 0; len < sizeof text; len++) {
		char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, text, len);
		struct document found = {0};
		if (document_parse(copy, len, &found, &err) == 0)
			document_finish(&found);
		free(copy);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(tail_and_bom),
		TEST(text_behind_a_bom),
		TEST(several_objects),
		TEST(same_incident_twice),
		TEST(header_and_text),
		TEST(lost_header),
		TEST(text_and_json),
		TEST(several_texts),
		TEST(quoted),
		TEST(quoted_json),
		TEST(html),
		TEST(html_json),
		TEST(bare_brackets),
		TEST(utf16),
		TEST(broken_among_others),
		TEST(refusals),
		TEST(limit),
		TEST(outgrows_its_budget),
		TEST(hostile),
		TEST(every_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
