/* Settings in the forms of shells, headers, JSON, Python, XML and prose: the value goes as a whole
 * by the name in front of it, also where all of its words are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "triage/redact.h"
#include "triage/redact_setting.h"

#include <string.h>

struct example {
	const char *text, *want; /* want NULL: the text stays */
};

static void check(const struct example *examples, size_t count) {
	for (size_t i = 0; i < count; i++) {
		const struct example *e = &examples[i];
		struct redactor *redactor = NULL;
		struct buf once = {0}, twice = {0};

		assert_int_equal(redactor_new(&redactor, NULL), 0);
		redact(redactor, REDACT_FORM_TEXT, e->text, &once);
		assert_string_equal(buf_str(&once), e->want != NULL ? e->want : e->text);
		redact(redactor, REDACT_FORM_TEXT, buf_str(&once), &twice);
		assert_string_equal(buf_str(&twice), buf_str(&once));
		redactor_free(redactor);
		buf_finish(&once);
		buf_finish(&twice);
	}
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof(examples)[0])

static void in_json_and_python(void **state) {
	static const struct example examples[] = {
		{"{\"password\": \"31415926\"}", "{\"password\": \"<secret-1>\"}"},
		{"{\"password\":31415926,\"pin\":4711}",
			"{\"password\":<secret-1>,\"pin\":<secret-2>}"},
		{"{\"token\":\"0xdeadbeef01234567\"}", "{\"token\":\"<secret-1>\"}"},
		{"{\"api_key\":\"metal buffer queue\"}", "{\"api_key\":\"<secret-1>\"}"},
		{"{'password': 'metal'}", "{'password': '<secret-1>'}"},
		{"{'DB_PASSWORD': 'metal queue'} buffer", "{'DB_PASSWORD': '<secret-1>'} buffer"},
		{"env: {\"HF_TOKEN\": \"metal\"}", "env: {\"HF_TOKEN\": \"<secret-1>\"}"},
		{"[\"--password\",\"metal\"]", "[\"--password\",\"<secret-1>\"]"},
		{"\"--password\", \"31415926\"", "\"--password\", \"<secret-1>\""},
		{"{\\\"password\\\":\\\"metal\\\"}", "{\\\"password\\\":\\\"<secret-1>\\\"}"},
		{"{\"pass\":\"metal\",\"size\":\"buffer\"}",
			"{\"pass\":\"<secret-1>\",\"size\":\"buffer\"}"},
		{"{\"tokens\": [\"metal\", \"queue\"], \"size\": 4}",
			"{\"tokens\": <secret-1>, \"size\": 4}"},
		{"{\"password\": \"me\\\"tal\"} buffer", "{\"password\": \"<secret-1>\"} buffer"},
		{"{\"size\": \"metal\", \"count\": 4711}", NULL},
	};
	(void)state;
	CHECK(examples);
}

static void in_xml(void **state) {
	static const struct example examples[] = {
		{"<password>metal queue</password>", "<password><secret-1></password>"},
		{"<key>password</key>\n<string>metal queue</string>",
			"<key>password</key>\n<string><secret-1></string>"},
		{"<key>size</key><string>metal queue</string>", NULL},
		{"--key <token> size", NULL},
	};
	(void)state;
	CHECK(examples);
}

static void in_shells_and_headers(void **state) {
	static const struct example examples[] = {
		{"secret => \"metal\" ok", "secret => \"<secret-1>\" ok"},
		{"password := metal ok", "password := <secret-1> ok"},
		{"cookie: a=b; c=d", "<word-1>: <secret-1>"},
		{"Set-Cookie: a=b; c=d\nbuffer", "Set-<word-1>: <secret-1>\nbuffer"},
		{"'cookie: a=b; c=d' buffer", "'<word-1>: <secret-1>' buffer"},
		{"Authorization: Bearer metal", "Authorization: <secret-1>"},
		{"--token metal -p 4711", "--token <secret-1> -p 4711"},
		{"AWS_SECRET_ACCESS_KEY 31415926", "AWS_SECRET_ACCESS_KEY <secret-1>"},
	};
	(void)state;
	CHECK(examples);
}

static void in_prose(void **state) {
	static const struct example examples[] = {
		{"passwd metal buffer", "passwd <secret-1> buffer"},
		{"password \"metal queue\" ok", "password \"<secret-1>\" ok"},
		{"credentials metal:31415926 ok", "credentials <secret-1> ok"},
		{"token \"metal\" ok", "token \"<secret-1>\" ok"},
		{"password required", NULL},
		{"password is not valid", NULL},
		{"password was not found", NULL},
		{"token is invalid", NULL},
		{"token buffer", NULL},
		{"n_tokens=512 --max-tokens 512 --tokenizer=metal", NULL},
		{"tokens=metal", "tokens=<secret-1>"},
		{"session started", NULL},
		{"render pass \"main\"", NULL},
	};
	(void)state;
	CHECK(examples);
}

static void names_of_secrets_are_told(void **state) {
	static const char *const names[] = {
		"PASSWORD", "--token", "HF_TOKEN", "api-key", "--pin", "DB_PASS"};
	static const char *const others[] = {
		"--pipeline", "METAL_MODE", "--passes", "--author", "--max-tokens", "--tokenizer"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_true(redact_is_secret_setting(names[i], strlen(names[i]), "1234"));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(redact_is_secret_setting(others[i], strlen(others[i]), "1234"));
}

/* What somebody asks to be replaced. */
static void joined_words_are_replaced(void **state) {
	static const char *const texts[][2] = {{"plan the project", "plan the project"},
		{"ProjectPlan of projectplan", "<word-1> of <word-1>"},
		{"libProjectPlan", "lib<word-1>"}};
	struct redactor *redactor = NULL;
	struct buf buf = {0};
	(void)state;
	assert_int_equal(redactor_new(&redactor, NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_WORD, "ProjectPlan", NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_WORD, "MTLCommandBuffer", NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_WORD, "python", NULL), 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_reset(&buf);
		redact(redactor, REDACT_FORM_SYMBOL, texts[i][0], &buf);
		assert_string_equal(buf_str(&buf), texts[i][1]);
	}
	buf_reset(&buf);
	redact(redactor, REDACT_FORM_TEXT, "ProjectPlan with MTLCommandBuffer in python", &buf);
	assert_string_equal(buf_str(&buf), "<word-1> with MTLCommandBuffer in python");
	redactor_free(redactor);
	buf_finish(&buf);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_json_and_python),
		cmocka_unit_test(in_xml),
		cmocka_unit_test(in_shells_and_headers),
		cmocka_unit_test(in_prose),
		cmocka_unit_test(names_of_secrets_are_told),
		cmocka_unit_test(joined_words_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
