/* The public library through its header alone: facts, errors, JSON, a store that is not there, two
 * threads. */
#include <agxtriage.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SYMBOL "-[AGXG16XFamilyComputeContext_mtlnext setComputePipelineState:]"

/* In the shape of ReportCrash's output, as short as it can be. */
static const char report[] =
	"{\"app_name\":\"Python\",\"timestamp\":\"2025-12-20 17:36:18.00 -0800\",\"app_version\":\"3.14.0\","
	"\"bug_type\":\"309\",\"os_version\":\"macOS 15.7.3 (24G419)\","
	"\"incident_id\":\"00000000-1111-2222-3333-444444444444\",\"name\":\"Python\"}\n"
	"{\"procName\" : \"Python\", \"pid\" : 81920, \"cpuType\" : \"ARM-64\", \"modelCode\" : \"Mac16,5\",\n"
	"\"captureTime\" : \"2025-12-20 17:36:18.2862 -0800\",\n"
	"\"exception\" : {\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\","
	"\"subtype\":\"KERN_INVALID_ADDRESS at 0x00000000000005c8\","
	"\"codes\":\"0x0000000000000001, 0x00000000000005c8\",\"rawCodes\":[1,1480]},\n"
	"\"faultingThread\" : 0,\n"
	"\"threads\" : [{\"id\":1,\"triggered\":true,\"queue\":\"metal gpu stream 1\",\"frames\":["
	"{\"imageIndex\":0,\"imageOffset\":4096,\"symbol\":\"" SYMBOL
	"\",\"symbolLocation\":32}]}],\n"
	"\"usedImages\" : [{\"source\":\"P\",\"arch\":\"arm64e\",\"base\":4294967296,\"size\":65536,"
	"\"uuid\":\"11111111-2222-3333-4444-555555555555\",\"CFBundleVersion\":\"329.2\","
	"\"path\":\"\\/System\\/Library\\/Extensions\\/AGXMetalG16X\",\"name\":\"AGXMetalG16X\"}]}\n";

static struct agxtriage_document *parse(const struct agxtriage_rules *rules) {
	struct agxtriage_document *document = NULL;
	struct agxtriage_error error = {0};
	int status = agxtriage_parse(report, sizeof report - 1, rules, &document, &error);
	if (status < 0)
		print_error("%s\n", error.text);
	assert_int_equal(status, 0);
	return document;
}

static void facts_of_a_report(void **state) {
	struct agxtriage_document *document = parse(NULL);
	assert_int_equal(agxtriage_document_count(document), 1);
	assert_null(agxtriage_document_incident(document, 1));
	const struct agxtriage_incident *incident = agxtriage_document_incident(document, 0);
	int64_t pid = 0, at = 0;
	uint64_t address = 0;
	assert_string_equal(agxtriage_incident_kind(incident), "crash");
	assert_string_equal(agxtriage_incident_process(incident), "Python");
	assert_string_equal(
		agxtriage_incident_uuid(incident), "00000000-1111-2222-3333-444444444444");
	assert_string_equal(agxtriage_incident_os_build(incident), "24G419");
	assert_string_equal(agxtriage_incident_hardware_model(incident), "Mac16,5");
	assert_string_equal(agxtriage_incident_exception_type(incident), "EXC_BAD_ACCESS");
	assert_string_equal(agxtriage_incident_signal(incident), "SIGSEGV");
	assert_string_equal(agxtriage_incident_site(incident), "agx-set-compute-pipeline-state");
	assert_non_null(agxtriage_incident_site_title(incident));
	assert_int_equal(strlen(agxtriage_incident_signature(incident)), 16);
	assert_string_equal(agxtriage_incident_fault_kind(incident), "near_null");
	assert_string_equal(agxtriage_incident_component(incident), "driver");
	assert_string_equal(agxtriage_incident_driver_image(incident), "AGXMetalG16X");
	assert_string_equal(agxtriage_incident_driver_version(incident), "329.2");
	assert_int_equal(agxtriage_incident_concurrent_threads(incident), 0);
	assert_int_equal(agxtriage_incident_simulated(incident), 0);
	assert_int_equal(agxtriage_incident_id(incident), 0);
	assert_true(agxtriage_incident_pid(incident, &pid) && pid == 81920);
	assert_true(agxtriage_incident_captured_at_us(incident, &at) && at == 1766280978286200);
	assert_true(agxtriage_incident_fault_address(incident, &address) && address == 0x5c8);
	agxtriage_document_free(document);
}

static void json_of_a_report(void **state) {
	struct agxtriage_document *document = parse(NULL);
	char *json = NULL;
	assert_int_equal(
		agxtriage_incident_json(agxtriage_document_incident(document, 0), &json, NULL), 0);
	assert_true(json[0] == '{' && !strchr(json, '\n'));
	assert_non_null(strstr(json, "\"address\":\"0x5c8\""));
	agxtriage_free(json);
	agxtriage_document_free(document);
}

static void errors_are_told(void **state) {
	struct agxtriage_document *document = NULL;
	struct agxtriage_error error = {0};
	assert_int_equal(agxtriage_parse("no report", 9, NULL, &document, &error), -EBADMSG);
	assert_int_equal(error.code, -EBADMSG);
	assert_true(error.text[0]);
	assert_int_equal(agxtriage_parse("", 0, NULL, &document, NULL), -EBADMSG);
	assert_int_equal(agxtriage_read_file("/does/not/exist", NULL, &document, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/does/not/exist"));
	assert_int_equal(agxtriage_read_file("/", NULL, &document, &error), -EISDIR);
	assert_null(document);
	struct agxtriage_store *store = NULL;
	assert_int_equal(agxtriage_store_open("/does/not/exist.db", &store, &error), -ENOENT);
	assert_null(store);
	agxtriage_document_free(NULL);
	agxtriage_rules_free(NULL);
	agxtriage_store_close(NULL);
	agxtriage_list_close(NULL);
}

static void rules_can_be_added(void **state) {
	struct agxtriage_rules *rules = NULL;
	struct agxtriage_error error = {0};
	assert_int_equal(agxtriage_rules_new(&rules, &error), 0);
	assert_true(agxtriage_rules_add(rules, "mine", "{", 1, &error) < 0);
	assert_true(error.text[0]);
	struct agxtriage_document *document = parse(rules);
	assert_string_equal(agxtriage_incident_site(agxtriage_document_incident(document, 0)),
		"agx-set-compute-pipeline-state");
	agxtriage_document_free(document);
	agxtriage_rules_free(rules);
}

struct job {
	const struct agxtriage_rules *rules; /* NULL on one of the threads */
	int wrong;
};

static void *work(void *user) {
	struct job *job = user;
	for (int round = 0; round < 100; round++) {
		struct agxtriage_document *document = NULL;
		uint64_t address = 0;
		char *json = NULL;
		if (agxtriage_parse(report, sizeof report - 1, job->rules, &document, NULL) < 0) {
			job->wrong++;
			continue;
		}
		const struct agxtriage_incident *incident =
			agxtriage_document_incident(document, 0);
		job->wrong += !agxtriage_incident_fault_address(incident, &address) ||
			      address != 0x5c8 || !agxtriage_incident_site(incident);
		job->wrong += agxtriage_incident_json(incident, &json, NULL) != 0;
		agxtriage_free(json);
		agxtriage_document_free(document);
	}
	return NULL;
}

static void threads_do_not_meet(void **state) {
	struct agxtriage_rules *rules = NULL;
	assert_int_equal(agxtriage_rules_new(&rules, NULL), 0);
	struct job jobs[] = {{.rules = rules}, {.rules = rules}, {.rules = NULL}};
	pthread_t threads[3];
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(jobs[i].wrong, 0);
	}
	agxtriage_rules_free(rules);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_a_report),
		cmocka_unit_test(json_of_a_report),
		cmocka_unit_test(errors_are_told),
		cmocka_unit_test(rules_can_be_added),
		cmocka_unit_test(threads_do_not_meet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
