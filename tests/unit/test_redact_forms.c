/*
 * What is private by its form alone, addresses and numbers of people, also where it is joined to a
 * word; and what only looks like it: versions, scopes of C++, sizes, names of threads.
 */
#include "triage/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

struct example {
	enum redact_form form;
	const char *text, *want;
};

static void check(const struct example *examples, size_t count) {
	for (size_t i = 0; i < count; i++) {
		const struct example *e = &examples[i];
		struct redactor *redactor = NULL;
		struct buf once = {0}, twice = {0};

		assert_int_equal(redactor_new(&redactor, NULL), 0);
		redact(redactor, e->form, e->text, &once);
		assert_string_equal(buf_str(&once), e->want != NULL ? e->want : e->text);
		redact(redactor, e->form, buf_str(&once), &twice);
		assert_string_equal(buf_str(&twice), buf_str(&once));
		buf_finish(&once);
		buf_finish(&twice);
		redactor_free(redactor);
	}
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof(examples)[0])

static void addresses_are_found_in_words(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_TEXT, "worker_10.213.35.60", "worker_<address-1>"},
		{REDACT_FORM_TEXT, "peer10.213.35.60:80", "peer<address-1>:80"},
		{REDACT_FORM_TEXT, "host_192.168.1.4_tx", "host_<address-1>_tx"},
		{REDACT_FORM_SYMBOL, "worker_10.213.35.60", "worker_<address-1>"},
		{REDACT_FORM_NAME, "host_192.168.1.4_tx", "host_<address-1>_tx"},
		{REDACT_FORM_TEXT, "mac_20:a0:0d:a3:a2:03", "mac_<machine-1>"},
		{REDACT_FORM_TEXT, "x20:a0:0d:a3:a2:03", "x<machine-1>"},
		{REDACT_FORM_SYMBOL, "mac_20-a0-0d-a3-a2-03", "mac_<machine-1>"},
		{REDACT_FORM_TEXT, "10-213-35-60", "<address-1>"},
		{REDACT_FORM_TEXT, "on ip-10-0-0-12", "on ip-<address-1>"},
		{REDACT_FORM_TEXT, "on 192-168-1-4", "on <address-1>"},
		{REDACT_FORM_TEXT, "job-4155550132", "job-<address-1>"},
		{REDACT_FORM_TEXT, "job_4155550132", "job_<address-1>"},
		{REDACT_FORM_TEXT, "tel_+14155550132", "tel_<address-1>"},
		{REDACT_FORM_TEXT, "id_79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9 in",
			"id_<machine-1> in"},
		{REDACT_FORM_TEXT, "id_79bc4a1f_c45b_45d9_bb21_94fe1ddc55a9", "id_<machine-1>"},
		{REDACT_FORM_TEXT, "open /tmp/red/10.213.35.60 failed",
			"open /<path-1>/<address-1> failed"},
		{REDACT_FORM_TEXT, "open /tmp/red/worker_10.213.35.60 failed",
			"open /<path-1>/worker_<address-1> failed"},
		{REDACT_FORM_TEXT, "load /Users/Shared/10.213.35.60:46446/red/device.bin",
			"load /Users/Shared/<path-1>/device.bin"},
		{REDACT_FORM_NAME, "id_79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9", "id_<machine-1>"},
	};

	(void)state;
	CHECK(examples);
}

static void scopes_are_no_addresses(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_SYMBOL, "c10d::ProcessGroup::wait(int)", NULL},
		{REDACT_FORM_SYMBOL, "c10::wait()", NULL},
		{REDACT_FORM_SYMBOL, "c10d::a1", NULL},
		{REDACT_FORM_TEXT, "c10d::ProcessGroup::wait failed", NULL},
		{REDACT_FORM_TEXT, "c10d::a1::wait failed", NULL},
		{REDACT_FORM_TEXT, "at 12:30:45 and 00:12", NULL},
		{REDACT_FORM_TEXT, "peer 2001:db8::1, fe80::1%en0 and fe80::",
			"peer <address-1>, <address-2>%en0 and <address-3>"},
		{REDACT_FORM_TEXT, "fd12:a::b 1:2:3:4:5:6:7:8", "<address-1> <address-2>"},
		{REDACT_FORM_SYMBOL, "wait(fe80::1c2b:3d4e:5f60:7182)", "wait(<address-1>)"},
	};

	(void)state;
	CHECK(examples);
}

static void versions_are_no_addresses(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_TEXT, "root:xnu-10063.142.1.703.8~1/RELEASE_ARM64_T6031", NULL},
		{REDACT_FORM_TEXT, "root:xnu-10063.142.1.70.8~1/RELEASE_ARM64_T6031", NULL},
		{REDACT_FORM_TEXT, "7.29-6571711", NULL},
		{REDACT_FORM_TEXT, "version 10.0.1.2, v12.0.40.6", NULL},
		{REDACT_FORM_TEXT, "300.2.3.4 and 1.2.3.4.5", NULL},
		{REDACT_FORM_NAME, "libtorch-2.9.0.1.dylib", NULL},
		{REDACT_FORM_NAME, "torch-10.213.35.60.dylib", "torch-<address-1>.dylib"},
		{REDACT_FORM_TEXT, "torch 10.0.1.2", "torch <address-1>"},
	};

	(void)state;
	CHECK(examples);
}

static void numbers_of_people_go(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_TEXT, "IMEI 490154203237518", "IMEI <machine-1>"},
		{REDACT_FORM_TEXT, "imei: 49-015420-323751-8", "imei: <machine-1>"},
		{REDACT_FORM_TEXT, "device 356938035643809", "device <secret-1>"},
		{REDACT_FORM_TEXT, "SSN 123-45-6789", "SSN <secret-1>"},
		{REDACT_FORM_TEXT, "is 123-45-6789", "is <secret-1>"},
		{REDACT_FORM_TEXT, "phone: 5551234567", "phone: <address-1>"},
		{REDACT_FORM_TEXT, "phone_number=5551234567", "phone_number=<address-1>"},
		{REDACT_FORM_TEXT, "phoneNumber: 5551234567", "phoneNumber: <address-1>"},
		{REDACT_FORM_TEXT, "fax (030) 1234567", "fax (<address-1>"},
		{REDACT_FORM_TEXT, "mobile number is 5551234567", "mobile number is <address-1>"},
		{REDACT_FORM_TEXT, "call 0171 1234567", "call <address-1>"},
		{REDACT_FORM_TEXT, "call +49 (0) 170 1234567, 555-123-4567, 1-555-123-4567",
			"call <address-1>, <address-2>, <address-3>"},
		{REDACT_FORM_TEXT, "(555) 123-4567", "<address-1>"},
		{REDACT_FORM_TEXT, "arn:aws:iam::123456789012:role/Admin done",
			"arn:aws:iam::<secret-1> done"},
		{REDACT_FORM_TEXT, "at 52.52001, 13.40495", "at <address-1>"},
		{REDACT_FORM_TEXT, "lat=52.52001", "lat=<address-1>"},
		{REDACT_FORM_TEXT, "serial C02XG0FDH7JY", "serial <machine-1>"},
		{REDACT_FORM_TEXT, "account 123456", "account <secret-1>"},
		{REDACT_FORM_TEXT, "passport no. C01X00T47", "passport no. <secret-1>"},
		{REDACT_FORM_TEXT, "iban DE89 3704 0044 0532 0130 00", "iban <secret-1>"},
		{REDACT_FORM_TEXT, "size 4111111111111111", "size <secret-1>"},
		{REDACT_FORM_TEXT, "card 4929 1183 6620 7745", "card <secret-1>"},
	};

	(void)state;
	CHECK(examples);
}

static void numbers_of_programs_stay(void **state) {
	static const struct example examples[] = {
		{REDACT_FORM_TEXT, "buffer length 4294967296 of 8589934592", NULL},
		{REDACT_FORM_TEXT, "pointer 105553118363648, time 1763900000123", NULL},
		{REDACT_FORM_TEXT, "size 4111111111111112", NULL},
		{REDACT_FORM_TEXT, "serial queue 12, serial 0x600001234", NULL},
		{REDACT_FORM_TEXT, "account 12, card 0, mobile", NULL},
		{REDACT_FORM_TEXT, "lat=0.5 ms", NULL},
		{REDACT_FORM_TEXT, "values 1.52001, 2.40495, 3.12345", NULL},
		{REDACT_FORM_TEXT, "matrix 0.52001, 0.40495", NULL},
		{REDACT_FORM_TEXT, "2026-11-23 15:30:00, 1-2-3-4", NULL},
		{REDACT_FORM_SYMBOL, "main + 4155550132", NULL},
	};

	(void)state;
	CHECK(examples);
}

static void threads_of_libraries_stay(void **state) {
	static const char *const names[] = {"torch_dataloader", "grpc_global_timer",
		"AURemoteIO::IOThread", "QFileInfoGatherer", "uvicorn", "rayon worker", "hades",
		"com.google.firebase.crashlytics.x", "com.facebook.react.JavaScript",
		"KSCrash Exception Handler", "JUCE v8.0.12: Message Thread", "RTCWorkerThread",
		"AMCP Logging Spool", "caulk.messenger.shared:17", "tokio-runtime-worker",
		"UnityGfxDeviceWorker", "Qt bearer thread"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct example example = {REDACT_FORM_TEXT, names[i], NULL};

		check(&example, 1);
	}
}

static clock_t redact_many(const char *unit, size_t len) {
	struct redactor *redactor = NULL;
	struct buf text = {0}, ret = {0};
	clock_t start;

	assert_int_equal(redactor_new(&redactor, NULL), 0);
	while (text.len < len)
		buf_add_str(&text, unit);
	start = clock();
	redact(redactor, REDACT_FORM_TEXT, buf_str(&text), &ret);
	redact(redactor, REDACT_FORM_SYMBOL, buf_str(&text), &ret);
	assert_false(ret.failed);
	redactor_free(redactor);
	buf_finish(&text);
	buf_finish(&ret);
	return clock() - start;
}

/* Also where nearly every byte could be the start of one: eight times the text takes eight times as
 * long, not sixty-four times. */
static void hostile_numbers_take_linear_time(void **state) {
	static const char *const units[] = {"1.", "1.2.3.4", "a1.", "12:", "ab:", "ab::", "1-",
		"phone ", "tel number: ", "arn:", "79BC4A1F-", "0123456789abcdef", "a_",
		"52.52001, ", "+1 ", "0171 ", "4111111111111111 ", "serial a1 1 "};

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		clock_t little = redact_many(units[i], 10000), much = redact_many(units[i], 80000);

		if (much > 24 * little + CLOCKS_PER_SEC)
			fail_msg("%s: slow", units[i]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_found_in_words),
		cmocka_unit_test(scopes_are_no_addresses),
		cmocka_unit_test(versions_are_no_addresses),
		cmocka_unit_test(numbers_of_people_go),
		cmocka_unit_test(numbers_of_programs_stay),
		cmocka_unit_test(threads_of_libraries_stay),
		cmocka_unit_test(hostile_numbers_take_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
