/*
 * Where paths end in other text, what of them goes, and the names that they teach.
 */
#include "triage/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)64 << 20)

struct example {
	enum redact_form form;
	const char *text, *want; /* NULL: it stays */
};

/* As the text of a report that teaches what it has, in a redactor of its own; twice, and folded. */
static void check(const struct report *report, const struct example *e) {
	const char *want = e->want != NULL ? e->want : e->text;
	const struct redact_names *own = NULL;
	struct redactor *redactor = NULL;
	struct buf first = {0}, second = {0};
	struct arena arena;

	arena_init(&arena, ARENA_BYTES);
	assert_int_equal(redactor_new(&redactor, NULL), 0);
	assert_int_equal(redactor_learn(redactor, report, "", 0, NULL), 0);
	redact(redactor, e->form, e->text, &first);
	assert_string_equal(buf_str(&first), want);
	redact(redactor, e->form, buf_str(&first), &second);
	assert_string_equal(buf_str(&second), want);
	assert_int_equal(redact_names_of(report, NULL, &arena, &own), 0);
	assert_string_equal(redact_fold(e->form, own, NULL, e->text, &arena),
		redact_fold(e->form, NULL, NULL, want, &arena));
	buf_finish(&first);
	buf_finish(&second);
	redactor_free(redactor);
	arena_finish(&arena);
}

static void check_all(const struct report *report, const struct example *examples, size_t count) {
	for (size_t i = 0; i < count; i++)
		check(report, &examples[i]);
}

/* Names of folders have blanks, brackets and commas. */
static void all_of_a_path_goes(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_SYMBOL,
			"f(int)::(lambda at /Users/q/Downloads/Zorb (1)/src/x.cpp:12:3)::g(int)",
			"f(int)::(lambda at /Users/<user-1>/<path-1>/x.cpp:12:3)::g(int)"},
		{REDACT_FORM_SYMBOL, "f(int)::(lambda at /Users/q/Zorb 1)/src/x.cpp:12:3)::g(int)",
			"f(int)::(lambda at /Users/<user-1>/<path-1>/x.cpp:12:3)::g(int)"},
		{REDACT_FORM_SYMBOL, "Foo<(lambda at /Users/q/Dropbox (Apple)/x.cpp:12:3)>::g()",
			"Foo<(lambda at /Users/<user-1>/<path-1>/x.cpp:12:3)>::g()"},
		{REDACT_FORM_SYMBOL,
			"g((anonymous struct at /Users/q/Zorb (copy)/x.h:1:2), (lambda at "
			"/Users/q/Zorb (2025)/x.h:3:4))",
			"g((anonymous struct at /Users/<user-1>/<path-1>/x.h:1:2), (lambda at "
			"/Users/<user-1>/<path-2>/x.h:3:4))"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb, Inc./Plonk/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb: Inc./Plonk/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb; Inc./Plonk/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb, and Plonk/a/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb [draft]/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "eval(array&) (/Users/q/Zorb<int>/x.cpp:12)",
			"eval(array&) (/Users/<user-1>/<path-1>/x.cpp:12)"},
		{REDACT_FORM_SYMBOL, "f (/Volumes/Red Bridge/Merger With Apple/notes.txt)",
			"f (/<path-1>/notes.txt)"},
		{REDACT_FORM_TEXT,
			"load /Users/Shared/Memory Leak In Apple/Device Plan/x.bin failed",
			"load /Users/Shared/<path-1>/x.bin failed"},
		{REDACT_FORM_TEXT, "load /Volumes/Buffer With Memory/buffer.bin failed",
			"load /<path-1>/buffer.bin failed"},
		{REDACT_FORM_TEXT, "at /Users/q/zorb/x.mm, line 12 of /Users/q/florp (1)/x.mm",
			"at /Users/<user-1>/<path-1>/x.mm, line 12 of "
			"/Users/<user-1>/<path-2>/x.mm"},
		{REDACT_FORM_TEXT, "file /usr/lib/libobjc.dylib not in private/buffer", NULL},
		{REDACT_FORM_TEXT, "no file /usr/lib/swift (no such file), '/usr/lib/swift'", NULL},
	};
	struct report report = {.crashed_thread = -1};

	(void)state;
	check_all(&report, examples, sizeof examples / sizeof examples[0]);
}

/* However its separators are written. */
static void encoded_paths_are_paths(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_PATH, "%252FUsers%252Fzorbo%252Fflorp%252Fx.py",
			"%252FUsers%252F<user-1>%252F<path-1>%252Fx.py"},
		{REDACT_FORM_NAME, "%252FUsers%252Fzorbo%252Fflorp%252Fx.py",
			"%252FUsers%252F<user-1>%252F<path-1>%252Fx.py"},
		{REDACT_FORM_NAME, "&#x2F;Users&#x2F;zorbo&#47;florp&#47;x.py",
			"&#x2F;Users&#x2F;<user-1>&#47;<path-1>&#47;x.py"},
		{REDACT_FORM_SYMBOL, "f(&#x2F;Users&#x2F;zorbo&#47;florp&#47;x.py)",
			"f(&#x2F;Users&#x2F;<user-1>&#47;<path-1>&#47;x.py)"},
	};
	struct report report = {.crashed_thread = -1};

	(void)state;
	check_all(&report, examples, sizeof examples / sizeof examples[0]);
}

/* What is written behind a login, and what a signature has for one. */
static void a_login_is_one_value(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_TEXT, "/Users/zorbo: no, /Users/zorbo. /Users/zorbo, zorbo",
			"/Users/<user-1>: no, /Users/<user-1>. /Users/<user-1>, <user-1>"},
		{REDACT_FORM_PATH, "/Users/zorbo: not allowed", "/Users/<user-1>: not allowed"},
		{REDACT_FORM_PATH, "/Users/zorbo.", "/Users/<user-1>."},
		{REDACT_FORM_PATH, "/Users/*/*/x.py", NULL},
		{REDACT_FORM_SYMBOL, "f(lambda at /Users/*/*/x.cpp)", NULL},
	};
	struct report report = {.process.path = "/Users/zorbo/x", .crashed_thread = -1};

	(void)state;
	check_all(&report, examples, sizeof examples / sizeof examples[0]);
}

/* A login has more in it than one word. */
static void parts_of_a_login_are_names(void **state) {
	static const struct {
		const char *path;
		struct example examples[3];
	} cases[] = {
		{"/Users/kovalchek42/x",
			{{REDACT_FORM_SYMBOL, "kovalchek_run()", "<user-1>_run()"},
				{REDACT_FORM_NAME, "libkovalchek.dylib", "lib<user-1>.dylib"},
				{REDACT_FORM_TEXT, "kovalchek42", "<user-1>"}}},
		{"/Users/jsmithsun1984/x",
			{{REDACT_FORM_SYMBOL, "-[SmithsunRenderer draw]",
				 "-[<user-1>Renderer draw]"},
				{REDACT_FORM_NAME, "libSmithsun.dylib", "lib<user-1>.dylib"},
				{REDACT_FORM_NAME, "Smithsu", NULL}}},
		{"/home/m\xc3\xbcllersen/x",
			{{REDACT_FORM_SYMBOL, "muellersen_run()", "<user-1>_run()"},
				{REDACT_FORM_SYMBOL, "mullersen_run()", "<user-1>_run()"},
				{REDACT_FORM_NAME, "M\xc3\xbcllersen", "<user-1>"}}},
		{"/home/mu\xcc\x88llersen/x",
			{{REDACT_FORM_SYMBOL, "muellersen_run()", "<user-1>_run()"},
				{REDACT_FORM_SYMBOL, "mullersen_run()", "<user-1>_run()"},
				{REDACT_FORM_NAME, "muellersen", "<user-1>"}}},
		{"/home/dmitri_ivanchanko7/x",
			{{REDACT_FORM_SYMBOL, "ivanchanko_run()", "<user-1>_run()"},
				{REDACT_FORM_NAME, "lib_ivanchanko", "lib_<user-1>"},
				{REDACT_FORM_NAME, "ivanchank", NULL}}},
		{"/Users/annaobernathy/x",
			{{REDACT_FORM_NAME, "Anna Obernathy", "<user-1>"},
				{REDACT_FORM_SYMBOL, "Anna_Obernathy_run", "<user-1>_run"},
				{REDACT_FORM_NAME, "anna__obernathy", NULL}}},
		{"/Users/player1/x", {{REDACT_FORM_SYMBOL, "layer_run", NULL},
					     {REDACT_FORM_SYMBOL, "AVPlayerLayer", NULL},
					     {REDACT_FORM_SYMBOL, "player_run", NULL}}},
		{"/Users/maxe/x", {{REDACT_FORM_SYMBOL, "std::max_element", NULL},
					  {REDACT_FORM_SYMBOL, "maxe_run", "<user-1>_run"},
					  {REDACT_FORM_NAME, "max", NULL}}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct report report = {.process.path = cases[i].path, .crashed_thread = -1};

		check_all(&report, cases[i].examples, 3);
	}
}

/* What goes in a path goes everywhere in the report, but for what its images show. */
static void folders_of_a_report_go_everywhere(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_SYMBOL, "zorbium::draw(int)", "<path-1>::draw(int)"},
		{REDACT_FORM_SYMBOL, "ZorbiumRenderer::draw()", "<path-1>Renderer::draw()"},
		{REDACT_FORM_SYMBOL, "SecretProject::draw()", "<path-1>::draw()"},
		{REDACT_FORM_SYMBOL, "SecretProjects::draw()", NULL},
		{REDACT_FORM_SYMBOL, "secret_project_x", "<path-1>_x"},
		{REDACT_FORM_NAME, "florpd.blorped", NULL},
		{REDACT_FORM_SYMBOL, "quux_draws()", "<path-1>_draws()"},
		{REDACT_FORM_SYMBOL, "pytorch::build(Contents, MacOS)", NULL},
		{REDACT_FORM_TEXT, "in Zorbium", "in <path-1>"},
	};
	struct image images[] = {
		{.name = "libblorped.dylib", .path = "/Users/q/zorbium/blorped/libblorped.dylib"},
		{.name = "x", .path = "/Volumes/SecretProject/Florpd.app/Contents/MacOS/x"}};
	struct frame frames[] = {{.symbol = "f(lambda at /Users/q/pytorch/build/quux/x.cpp:1:2)"}};
	struct thread threads[] = {{.frames = {.items = frames, .count = 1}}};
	struct report report = {.crashed_thread = -1,
		.process = {.name = "Florpd Helper"},
		.threads = threads,
		.thread_count = 1,
		.images = images,
		.image_count = 2};

	(void)state;
	check_all(&report, examples, sizeof examples / sizeof examples[0]);
}

/* A value has one placeholder, whatever it was taken for. */
static void a_value_is_of_one_kind(void **state) {
	struct report report = {
		.process = {.path = "/Users/zorbo/x", .parent = "Zorbo"}, .crashed_thread = -1};
	struct redactor *redactor = NULL;
	struct buf buf = {0};

	(void)state;
	assert_int_equal(redactor_new(&redactor, NULL), 0);
	assert_int_equal(redactor_learn(redactor, &report, "", 0, NULL), 0);
	redact_whole(redactor, REDACT_HOST, "Zorbo", &buf);
	redact(redactor, REDACT_FORM_TEXT, " password=zorbo /Users/zorbo", &buf);
	redact_whole(redactor, REDACT_WORD, "florp", &buf);
	assert_string_equal(buf_str(&buf), "<user-1> password=<user-1> /Users/<user-1><word-1>");
	buf_finish(&buf);
	redactor_free(redactor);
}

/* A full name is one value where another report tells it. */
static void names_side_by_side_are_one_in_a_signature(void **state) {
	static const char *const texts[][2] = {{"panic of florp blorped", "panic of *"},
		{"panic of <user-1>", "panic of *"},
		{"panic of <user-1> <word-2> <word>", "panic of *"},
		{"panic of <word-1>, <word-2>", "panic of *, *"},
		{"panic of <word-1>  <word-2>", "panic of *  *"}};
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_string_equal(redact_fold(REDACT_FORM_TEXT, NULL, NULL, texts[i][0], &arena),
			texts[i][1]);
	arena_finish(&arena);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_path_goes),
		cmocka_unit_test(encoded_paths_are_paths),
		cmocka_unit_test(a_login_is_one_value),
		cmocka_unit_test(parts_of_a_login_are_names),
		cmocka_unit_test(folders_of_a_report_go_everywhere),
		cmocka_unit_test(a_value_is_of_one_kind),
		cmocka_unit_test(names_side_by_side_are_one_in_a_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
