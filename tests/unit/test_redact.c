/*
 * What leaves and what does not: examples of every form, the rules that hold for any text (twice is
 * once, a signature's text stays), tried with made up hostile texts, and the numbers of
 * placeholders.
 */
#include "triage/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)64 << 20)

struct example {
	enum redact_form form;
	const char *text, *want;
};

/* NULL: stays as it is. */
static const struct example examples[] = {
	{REDACT_FORM_TEXT, "metal gpu stream 0", NULL},
	{REDACT_FORM_TEXT, "com.Metal.CompletionQueueDispatch", NULL},
	{REDACT_FORM_TEXT, "com.apple.main-thread", NULL},
	{REDACT_FORM_TEXT,
		"-[AGXG16XFamilyCommandBuffer blitCommandEncoderCommon:]:832: failed assertion `A "
		"command encoder is already encoding to this command buffer'",
		NULL},
	{REDACT_FORM_TEXT,
		"*** Terminating app due to uncaught exception 'NSInvalidArgumentException', "
		"reason: "
		"'-[__NSCFString foo]: unrecognized selector sent to instance 0x600000'",
		NULL},
	{REDACT_FORM_TEXT,
		"(00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory), __TEXT "
		"102e5c000-102e60000",
		NULL},
	{REDACT_FORM_TEXT, "Assertion failed: (zorbly != NULL), function zorb_it, file z.c",
		"Assertion failed: (<word-1> != NULL), function zorb_it, file z.c"},
	{REDACT_FORM_TEXT, "queue com.zorbcorp.render", "queue com.<word-1>.render"},
	{REDACT_FORM_TEXT, "of Quentin, by quentin", "of <user-1>, by <user-1>"},
	{REDACT_FORM_TEXT, "qu\xc3\xa9ntin que\xcc\x81ntin %51uentin",
		"<user-1> <user-1> <user-1>"},
	{REDACT_FORM_TEXT, "Referenced from: /Users/quentin/My Metal Project/build/a.dylib",
		"Referenced from: /Users/<user-1>/<path-1>/a.dylib"},
	{REDACT_FORM_TEXT, "open '/Volumes/Big Disk/my weights/model file.bin' failed",
		"open '/<path-1>/model file.bin' failed"},
	{REDACT_FORM_TEXT, "\\/Users\\/quentin\\/x\\/a.c and ~quentin/x/a.c",
		"\\/Users\\/<user-1>\\/<path-1>\\/a.c and ~<user-1>/<path-1>/a.c"},
	{REDACT_FORM_TEXT, "C:\\Users\\quentin\\Work\\a.c", "C:\\Users\\<user-1>\\<path-1>\\a.c"},
	{REDACT_FORM_TEXT, "file:///Users/quentin/a%20b/a.c",
		"file:///Users/<user-1>/<path-1>/a.c"},
	{REDACT_FORM_TEXT, "https://me:pw@host.example.com/a?token=1 done",
		"https://<address-1>/<path-1> done"},
	{REDACT_FORM_TEXT, "mail q.smith@example.com, 192.168.1.20, fe80::1c2b:3d4e:5f60:7182",
		"mail <address-1>, <address-2>, <address-3>"},
	{REDACT_FORM_TEXT, "aa:bb:cc:dd:ee:0f 4C4C44B5-5555-3144-A1A1-0123456789AB",
		"<machine-1> <machine-2>"},
	{REDACT_FORM_TEXT, "call +49 170 1234567 or 555-123-4567",
		"call <address-1> or <address-2>"},
	{REDACT_FORM_TEXT, "HF_TOKEN=hf_abcdefghijklmnop12 --token hunter2 password: fish",
		"HF_TOKEN=<secret-1> --token <secret-2> password: <secret-3>"},
	{REDACT_FORM_TEXT, "on Quentins-MacBook-Pro.local or studio.lan",
		"on <host-1> or <host-2>"},
	{REDACT_FORM_SYMBOL,
		"at::native::mps::MetalShaderLibrary::exec_binary_kernel(at::TensorIteratorBase&, "
		"std::__1::basic_string<char, std::__1::char_traits<char>> const&)",
		NULL},
	{REDACT_FORM_SYMBOL, "invocation function for block in pool::(anonymous namespace)::f(int)",
		NULL},
	{REDACT_FORM_SYMBOL,
		"closure #1 () -> () in Pool.(f in _0123456789ABCDEF0123456789ABCDEF)() -> "
		"Swift.Int",
		NULL},
	{REDACT_FORM_SYMBOL, "core::panicking::panic_fmt::h0123456789abcdef", NULL},
	{REDACT_FORM_SYMBOL, "_ZN2at6native3mps10zorb_xEv", NULL},
	{REDACT_FORM_SYMBOL, "bool std::operator==<char>(a, b)", NULL},
	{REDACT_FORM_SYMBOL, "kernel_mul_mv_q4_K_f32_nsg4_nxpsg32_bm64_bn64_bk16", NULL},
	{REDACT_FORM_SYMBOL, "f<int>(lambda at /Users/quentin/src/a.mm:12:3)::operator()() const",
		"f<int>(lambda at /Users/<user-1>/<path-1>/a.mm:12:3)::operator()() const"},
	{REDACT_FORM_SYMBOL, "-[QuentinController(Private) quentinDoes:with:]",
		"-[<user-1>Controller(Private) <user-1>Does:with:]"},
	{REDACT_FORM_SYMBOL, "f(\"what they typed\", 'x')", "f(\"<word-1>\", 'x')"},
	{REDACT_FORM_SYMBOL, "x_ghp_abcdefghijklmnopqrstuvwxyz0123456789()", "x_<secret-1>()"},
	{REDACT_FORM_SYMBOL, "zorb florp quux private", "<word-1> <word-2> <word-3> private"},
	{REDACT_FORM_SYMBOL, "abort@ZORBWORD", "abort@<word-1>"},
	{REDACT_FORM_SYMBOL, "abort:ZORBWORD", "abort:<word-1>"},
	{REDACT_FORM_SYMBOL, "abort$zorbword", "abort$<function-239>"},
	{REDACT_FORM_SYMBOL, "abort #zorbword", "abort #<word-1>"},
	{REDACT_FORM_SYMBOL, "abort+zorbword", "abort+<word-1>"},
	{REDACT_FORM_SYMBOL, "malloc [inlined] zorb_render_pass", "malloc [inlined] <word-1>"},
	{REDACT_FORM_SYMBOL, "malloc\tzorb_render_pass", "malloc\t<word-1>"},
	{REDACT_FORM_SYMBOL, "malloc\nzorb_render_pass", "malloc\n<word-1>"},
	{REDACT_FORM_SYMBOL, "malloc.cold.zorbword", "malloc.cold.<function-239>"},
	{REDACT_FORM_SYMBOL, "-[NSString(Zorbword) length]", "-[NSString(<function-239>) length]"},
	{REDACT_FORM_SYMBOL, "main (Zorbert Florpson)", "main (<word-1> <word-2>)"},
	{REDACT_FORM_SYMBOL, "main at Zorbert's MacBook Pro", "main at <word-1>'s MacBook Pro"},
	{REDACT_FORM_SYMBOL, "foo::bar\xe2\x80\xaezorb_load_buffer()", "foo::<word-1>()"},
	{REDACT_FORM_SYMBOL,
		"load_buf\xe2\x80\x8b"
		"fer_pass()",
		"<word-1>()"},
	{REDACT_FORM_SYMBOL, "init_a1b2c3d4_e5f6_0718_293a_4b5c6d7e8f90", "init_<machine-1>"},
	{REDACT_FORM_SYMBOL, "init_A1B2C3D4-E5F6-0718-293A-4B5C6D7E8F90_run",
		"init_<machine-1>_run"},
	{REDACT_FORM_SYMBOL, "run_a1b2c3d4e5f60718293a4b5c6d7e8f90", "<secret-1>"},
	{REDACT_FORM_SYMBOL, "load_bufferA1B2C3D4-e5f6-0718-293A-4b5c6d7e8f90",
		"load_buffer<machine-1>"},
	{REDACT_FORM_SYMBOL, "malloc, zorb_render_pass", "malloc, <word-1>"},
	{REDACT_FORM_SYMBOL, "Zorbert's render_pass_buffer", "<function-217>'s render_pass_buffer"},
	{REDACT_FORM_SYMBOL, "malloc `zorb_render_pass`", "malloc `<word-1>`"},
	{REDACT_FORM_SYMBOL, "malloc@@ZORB_Q", "malloc@@<word-1>"},
	{REDACT_FORM_SYMBOL, "load_buffer.pass@example.com", "<address-1>"},
	{REDACT_FORM_SYMBOL, "f(int) const; zorb_render_pass", "f(int) const; <word-1>"},
	{REDACT_FORM_SYMBOL, "zorb::florp<quux>::render(int)",
		"<function-216>::<function-180><<function-225>>::render(int)"},
	{REDACT_FORM_SYMBOL, "_ZN9zorbflorp9quuxlybzzEv", "<function-66>"},
	{REDACT_FORM_SYMBOL,
		"load\x07"
		"buffer",
		"load<word-1>buffer"},
	{REDACT_FORM_SYMBOL, "f('lambda zorb_render_pass')", "f('<word-1>')"},
	{REDACT_FORM_SYMBOL, "(lambda at zorb_render_pass)", "(lambda at <word-1>)"},
	{REDACT_FORM_SYMBOL, "abort$sam", "abort$<function-253>"},
	{REDACT_FORM_SYMBOL, "main : zorb_render_pass", "main : <word-1>"},
	{REDACT_FORM_NAME, "libtorch_cpu.dylib", NULL},
	{REDACT_FORM_NAME,
		"tool\xe2\x80\xae"
		"fdp.app",
		"<word-1>.app"},
	{REDACT_FORM_NAME, "tool_a1b2c3d4_e5f6_0718_293a_4b5c6d7e8f90.dylib",
		"tool_<machine-1>.dylib"},
	{REDACT_FORM_NAME, "Quentin's Tool", "<user-1>'s Tool"},
	{REDACT_FORM_NAME, "/home/quentin/x/a.mm", "/home/<user-1>/<path-1>/a.mm"},
	{REDACT_FORM_PATH, "/System/Library/Extensions/AGXMetalG16X.bundle/Contents/MacOS/AGX",
		NULL},
	{REDACT_FORM_PATH, "/usr/lib/system/libsystem_kernel.dylib", NULL},
	{REDACT_FORM_PATH, "/opt/homebrew/Cellar/python@3.11/3.11.5/bin/python3.11", NULL},
	{REDACT_FORM_PATH, "/Users/q/envs/e/lib/python3.11/site-packages/torch/lib/libc10.dylib",
		"/Users/<user-1>/<path-1>/lib/python3.11/site-packages/torch/lib/libc10.dylib"},
	{REDACT_FORM_PATH, "/System/Volumes/Data/Users/q/p/a.out",
		"/System/Volumes/Data/Users/<user-1>/<path-1>/a.out"},
	{REDACT_FORM_PATH, "/usr/lib/../../Users/q/x", "/<path-1>/x"},
	{REDACT_FORM_PATH, "/private/var/folders/ab/cd/T/x", "/<path-1>/x"},
	{REDACT_FORM_PATH, "//Users//q//d//x", "//Users//<user-1>//<path-1>//x"},
	{REDACT_FORM_PATH, "/Volumes/Big Disk", "/<path-1>"},
	{REDACT_FORM_PATH, "/Users/Shared/zorb/x", "/Users/Shared/<path-1>/x"},
	{REDACT_FORM_PATH, "@rpath/zorb/libz.dylib", "@rpath/<path-1>/libz.dylib"},
	{REDACT_FORM_PATH, "\\\\server\\share\\x.txt", "\\\\<host-1>\\<path-1>\\x.txt"},
};

static struct redactor *make(void) {
	struct redactor *redactor = NULL;

	assert_int_equal(redactor_new(&redactor, NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_USER, "Quentin", NULL), 0);
	return redactor;
}

static void examples_come_out_right(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		const struct example *e = &examples[i];
		struct redactor *redactor = make();
		struct buf buf = {0};

		redact(redactor, e->form, e->text, &buf);
		assert_string_equal(buf_str(&buf), e->want != NULL ? e->want : e->text);
		buf_finish(&buf);
		redactor_free(redactor);
	}
}

/* ---- any text */

static const char *const pieces[] = {"quentin", "Quentin", "QUENTIN", " ", " ", "/", "\\/", "\\",
	"%2F", "%", "<", ">", "<user-1>", "<word>", "<path-23>", "\"", "'", "`", "(", ")", "[", "]",
	"::", ":", "=", "==", "-", "--", "_", ".", "..", "~", "@", ",", ";", "+", "#", "\n",
	"Users", "home", "System", "usr", "lib", "python3.11", "site-packages", "foo", "zorb",
	"qzx", "a", "b1", "0x5c8", "12", "192.168.1.1", "fe80::1:2", "aa:bb:cc:dd:ee:ff", "token",
	"password", "KEY", "hf_", "ghp_abcdefghijkl1234", "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8", "example.com",
	".local", "-MacBook-Pro", "https://", "file://", "C:", "-[", "Class sel:]", "lambda at ",
	"operator", "Assertion failed: ", ", function ", ", file ", "const", "void", "\xc3\xa9",
	"e\xcc\x81", "\xe2\x80\x9c", "\xe2\x80\x8b", "\xf0\x9f\x98\x80", "is", "and",
	"555-123-4567", "+49", "#1", "$LT$", "$", "operator<", "objc_msgSend$", " at ",
	" [inlined] ", "(extension in ", "\t", "\x07", "\xe2\x80\xae",
	"_m0123456789ABCDEF0123456789ABCDEF01234567", "a1b2c3d4_e5f6_0718_293a_4b5c6d7e8f90", "_Z",
	"?", "&'a ", "load", "buffer", "@objc ", "@rpath", "-----BEGIN ", "Volumes", "Data",
	"4C4C44B5-5555-3144-A1A1-0123456789AB"};

/* The same texts in every run. */
static uint64_t next_random(uint64_t *seed) {
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void make_text(uint64_t *seed, struct buf *ret) {
	size_t count = 1 + next_random(seed) % 24;

	buf_reset(ret);
	for (size_t i = 0; i < count; i++)
		buf_add_str(ret, pieces[next_random(seed) % (sizeof pieces / sizeof pieces[0])]);
}

static void check_any(struct redactor *redactor, const struct report *report, enum redact_form form,
	const char *text) {
	struct buf first = {0}, second = {0};
	const struct redact_names *own = NULL;
	struct arena arena;
	const char *before, *after;

	arena_init(&arena, ARENA_BYTES);
	redact(redactor, form, text, &first);
	redact(redactor, form, buf_str(&first), &second);
	if (strcmp(buf_str(&first), buf_str(&second)) != 0)
		print_message("form %d: %s\n", (int)form, text);
	assert_string_equal(buf_str(&first), buf_str(&second));
	if (strcasestr(buf_str(&first), "quentin") != NULL)
		print_message("form %d: %s\nredacted: %s\n", (int)form, text, buf_str(&first));
	assert_null(strcasestr(buf_str(&first), "quentin"));
	assert_int_equal(redact_names_of(report, NULL, &arena, &own), 0);
	before = redact_fold(form, own, NULL, text, &arena);
	after = redact_fold(form, NULL, NULL, buf_str(&first), &arena);
	assert_non_null(before);
	assert_non_null(after);
	if (strcmp(before, after) != 0)
		print_message("form %d: %s\nredacted: %s\n", (int)form, text, buf_str(&first));
	assert_string_equal(before, after);
	buf_finish(&first);
	buf_finish(&second);
	arena_finish(&arena);
}

static void any_text_is_redacted_once_and_folds_alike(void **state) {
	struct report report = {.process.path = "/Users/quentin/x", .crashed_thread = -1};
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 8000; i++) {
		struct redactor *redactor = make();

		make_text(&seed, &text);
		check_any(redactor, &report, (enum redact_form)(i % REDACT_FORM_COUNT),
			buf_str(&text));
		redactor_free(redactor);
	}
	buf_finish(&text);
}

/* ---- placeholders */

static int count_replacement(const struct redact_replacement *replacement, void *user) {
	struct buf *list = user;

	buf_printf(list, "%s=%s*%d ", replacement->placeholder, replacement->value,
		(int)replacement->count);
	return 0;
}

static void the_same_value_has_the_same_placeholder(void **state) {
	struct redactor *redactor = make();
	struct buf buf = {0}, list = {0};

	(void)state;
	redact(redactor, REDACT_FORM_TEXT, "zorb ZORB florp", &buf);
	redact_whole(redactor, REDACT_WORD, "Florp", &buf);
	redact_whole(redactor, REDACT_HOST, "florp", &buf);
	redact_whole(redactor, REDACT_HOST, "<host-1>", &buf);
	assert_string_equal(buf_str(&buf), "<word-1> <word-1> <word-2><word-2><host-1><host-1>");
	assert_int_equal(redactor_each(redactor, count_replacement, &list), 0);
	assert_string_equal(buf_str(&list), "<word-1>=zorb*2 <word-2>=florp*2 <host-1>=florp*1 ");
	buf_finish(&buf);
	buf_finish(&list);
	redactor_free(redactor);
}

static void numbers_end(void **state) {
	struct redactor *redactor = make();
	struct buf buf = {0};
	char value[32];

	(void)state;
	for (int i = 0; i <= 65536; i++) {
		snprintf(value, sizeof value, "zorb%dx", i);
		buf_reset(&buf);
		redact_whole(redactor, REDACT_WORD, value, &buf);
		if (i == 65535)
			assert_string_equal(buf_str(&buf), "<word-65536>");
	}
	assert_string_equal(buf_str(&buf), "<word>");
	buf_finish(&buf);
	redactor_free(redactor);
}

static void words_may_be_allowed(void **state) {
	struct redactor *redactor = make();
	struct buf buf = {0};

	(void)state;
	assert_int_equal(redactor_allow(redactor, "zorbFlorp_quux", NULL), 0);
	redact(redactor, REDACT_FORM_TEXT, "florp zorbQuux blorp", &buf);
	assert_string_equal(buf_str(&buf), "florp zorbQuux <word-1>");
	buf_finish(&buf);
	redactor_free(redactor);
}

/* Numbers go on behind those that the text brings along. */
static void learning_finds_names_and_numbers(void **state) {
	struct report report = {.process.path = "/Users/zorbanna/x", .crashed_thread = -1};
	static const char bytes[] = "{\"x\": \"\\/home\\/florp.quuxly\\/y\", \"z\": \"<user-7>\"}";
	struct redactor *redactor = make();
	struct buf buf = {0};

	(void)state;
	assert_int_equal(redactor_learn(redactor, &report, bytes, sizeof bytes - 1, NULL), 0);
	redact(redactor, REDACT_FORM_SYMBOL, "f_zorbanna::quuxlyRuns()", &buf);
	assert_string_equal(buf_str(&buf), "f_<user-8>::<user-9>Runs()");
	buf_finish(&buf);
	redactor_free(redactor);
}

static void common_words_are_no_names(void **state) {
	struct redactor *redactor = make();
	struct buf buf = {0};

	(void)state;
	assert_int_equal(redactor_know(redactor, REDACT_USER, "python", NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_USER, "ed", NULL), 0);
	assert_int_equal(redactor_know(redactor, REDACT_USER, "hann", NULL), 0);
	redact(redactor, REDACT_FORM_SYMBOL, "python_needed::channel(ed_x, hannX)", &buf);
	assert_string_equal(buf_str(&buf), "python_needed::channel(<user-1>_x, <user-2>X)");
	buf_finish(&buf);
	redactor_free(redactor);
}

static void hostile_texts_take_linear_time(void **state) {
	static const char *const units[] = {"/a ", "a.", "\"/a ", "a:", "<", "/Users/", "x=", "%2F",
		"-[", "a b/", "aA1", "\\", "quenti", "1-", " (a", "'a ", "$LT$", "operator<", "@",
		"00000000-", "_Z9", "-[a b]"};
	struct redactor *redactor = make();

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		struct buf text = {0}, ret = {0};

		while (text.len < 25000)
			buf_add_str(&text, units[i]);
		for (int form = 0; form < REDACT_FORM_COUNT; form++)
			redact(redactor, (enum redact_form)form, buf_str(&text), &ret);
		assert_false(ret.failed);
		buf_finish(&text);
		buf_finish(&ret);
	}
	redactor_free(redactor);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_come_out_right),
		cmocka_unit_test(any_text_is_redacted_once_and_folds_alike),
		cmocka_unit_test(the_same_value_has_the_same_placeholder),
		cmocka_unit_test(numbers_end),
		cmocka_unit_test(words_may_be_allowed),
		cmocka_unit_test(learning_finds_names_and_numbers),
		cmocka_unit_test(common_words_are_no_names),
		cmocka_unit_test(hostile_texts_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
