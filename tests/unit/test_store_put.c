/* Taking in: what is known, what wins, what is kept. */
#include "store_fixture.h"

#define COUNT "select count(*) from incidents"

static void test_put_once(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct stat st;
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_KNOWN);
	made.path = "/reports/Retired/Python-1.ips";
	made.id = "79bc4a1f-c45b-45d9-bb21-94fe1ddc55a9";
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_KNOWN);
	assert_sql(fixture->db, COUNT, "1");
	assert_sql(fixture->db, "select count(*) from sighting", "1");
	assert_sql(fixture->db, "select path from incidents", "/reports/Python-1.ips");
	assert_int_equal(stat(fixture->db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chdir(fixture->folder), 0);
	assert_int_equal(stat("own", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_views(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	made.fault_address = 0xffffffffffffff00u;
	made_put_alone(fixture->db, &made);
	assert_sql(fixture->db,
		"select captured_at || ' ' || kind || ' ' || fault_address || ' ' || fault_kind || ' ' || "
		"fault_access || ' ' || site || ' ' || status || ' ' || size from incidents",
		"2025-12-21T01:36:18.286200Z crash 0xffffffffffffff00 near_null read "
		"agx-set-compute-pipeline-state open 13");
	assert_sql(fixture->db,
		"select group_concat(image || ':' || coalesce(symbol, '-') || ':' || "
		"coalesce(symbol_offset, image_offset)) from frames",
		"AGXMetalG16X:-[Context setComputePipelineState:]:32,Python:-:4096");
	assert_sql(fixture->db, "select site || count || first_at from sites",
		"agx-set-compute-pipeline-state12025-12-21T01:36:18.286200Z");
	assert_sql(fixture->db, "select hash || text || count || status from signatures",
		"ffffffffffffff00a | b1open");
}

/* As in JSON, where the product of a panic has a name of its own. */
static void test_hardware_model(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	made_put_alone(fixture->db, &made);
	made.id = "1C6830B1-D5D0-46E7-8210-EEA024F333FE";
	made.bytes = "{\"other\":\"report\"}";
	made.product = "Mac16,5";
	made_put_alone(fixture->db, &made);
	assert_sql(fixture->db, "select count(*) || count(hardware_model) from incidents", "21");
}

static void test_conflict(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default(), other = made_default();
	other.bytes = "{\"other\":\"bytes\"}";
	other.path = "/reports/other.ips";
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &other), STORE_CONFLICT);
	assert_int_equal(made_put_alone(fixture->db, &other), STORE_KNOWN);
	assert_sql(
		fixture->db, "select conflicts || path from incidents", "1/reports/Python-1.ips");
	assert_sql(fixture->db, "select count(*) from sighting", "1");
	assert_sql(fixture->db, "select size from incidents", "13");
}

static void test_text_then_json(void **state) {
	struct fixture *fixture = *state;
	struct made json = made_default(), text = made_default();
	text.form = REPORT_FORM_TEXT;
	text.id = NULL;
	text.bytes = "Process: python3.11 [77]";
	text.path = "/reports/one.txt";
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &json), STORE_KNOWN);
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_KNOWN);
	assert_sql(fixture->db, COUNT, "1");
	assert_sql(fixture->db, "select form || incident_id || path || conflicts from incidents",
		"json79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9/reports/Python-1.ips0");
	assert_sql(fixture->db, "select count(*) from raw", "1");
	assert_sql(fixture->db, "select f.name from sighting s join file f on f.id = s.file_id",
		"one.txt");
}

static void test_json_then_text(void **state) {
	struct fixture *fixture = *state;
	struct made json = made_default(), text = made_default();
	text.form = REPORT_FORM_TEXT;
	text.id = NULL;
	text.bytes = "Process: python3.11 [77]";
	assert_int_equal(made_put_alone(fixture->db, &json), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_KNOWN);
	assert_sql(fixture->db, "select count(*) || form from incidents", "1json");
	text.pid = 78;
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_ADDED);
}

static void test_named_text_loses_to_json(void **state) {
	struct fixture *fixture = *state;
	struct made json = made_default(), text = made_default();
	text.form = REPORT_FORM_TEXT;
	text.bytes = "Incident Identifier: ...";
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &json), STORE_CONFLICT);
	assert_int_equal(made_put_alone(fixture->db, &text), STORE_KNOWN);
	assert_sql(fixture->db, "select form || conflicts || size from incidents", "json113");
}

static void test_document_of_two(void **state) {
	struct fixture *fixture = *state;
	struct made first = made_default(), second = made_default();
	first.id = second.id = NULL;
	second.ordinal = 1;
	second.pid = 99;
	assert_int_equal(made_put_alone(fixture->db, &first), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &second), STORE_ADDED);
	assert_int_equal(made_put_alone(fixture->db, &second), STORE_KNOWN);
	assert_sql(fixture->db, "select count(*) from raw", "1");
	assert_sql(fixture->db, COUNT, "2");
}

static void test_hostile_ids(void **state) {
	struct fixture *fixture = *state;
	struct made made = made_default();
	struct store *store = NULL;
	struct incident incident;
	struct err err = {0};
	made.id = "'; drop table incident; --";
	assert_int_equal(made_put_alone(fixture->db, &made), STORE_ADDED);
	assert_int_equal(store_open(fixture->db, STORE_READ, &store, &err), 0);
	assert_int_equal(store_find(store, "'; drop", &incident, &err), 0);
	assert_string_equal(incident.incident_id, made.id);
	store_close(store);
}

static void test_file_states(void **state) {
	struct fixture *fixture = *state;
	struct store *store = NULL;
	struct err err = {0};
	enum store_file_state found = STORE_FILE_KNOWN;
	unsigned reports = 7;
	struct store_source source = {
		.path = "/reports/a.ips", .identity = {.size = 3, .mtime_ns = 9}};
	assert_int_equal(store_open(fixture->db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_NEW);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_put_rejected(store, &source, "truncated", &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_REJECTED);
	source.identity.mtime_ns++;
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_NEW);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_put_passed(store, &source, &err), 0);
	store_rollback(store);
	assert_int_equal(store_file_state(store, &source, &found, &reports, &err), 0);
	assert_int_equal(found, STORE_FILE_NEW);
	store_close(store);
	assert_sql(fixture->db, "select path || reason from rejections", "/reports/a.ipstruncated");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_put_once),
		TEST(test_views),
		TEST(test_hardware_model),
		TEST(test_conflict),
		TEST(test_text_then_json),
		TEST(test_json_then_text),
		TEST(test_named_text_loses_to_json),
		TEST(test_document_of_two),
		TEST(test_hostile_ids),
		TEST(test_file_states),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
