/* Walks a database through the public library: one line per incident, from its row and from its
 * bytes read again. */
#include <agxtriage.h>
#include <inttypes.h>
#include <stdio.h>

static const char *or_dash(const char *text) {
	return text ? text : "-";
}

static void print_facts(const char *from, const struct agxtriage_incident *incident) {
	uint64_t address = 0;
	int64_t pid = 0, at = 0;
	agxtriage_incident_fault_address(incident, &address);
	agxtriage_incident_pid(incident, &pid);
	agxtriage_incident_captured_at_us(incident, &at);
	printf("%s %s %s %s %" PRId64 " %" PRId64 " 0x%" PRIx64, from,
		agxtriage_incident_kind(incident), or_dash(agxtriage_incident_uuid(incident)),
		or_dash(agxtriage_incident_process(incident)), pid, at, address);
	printf(" %s %s %s %s", or_dash(agxtriage_incident_fault_kind(incident)),
		or_dash(agxtriage_incident_fault_access(incident)),
		or_dash(agxtriage_incident_site(incident)),
		or_dash(agxtriage_incident_site_title(incident)));
	printf(" %s %s %s", or_dash(agxtriage_incident_signature(incident)),
		or_dash(agxtriage_incident_component(incident)),
		or_dash(agxtriage_incident_operation(incident)));
	printf(" %s %s %s %s", or_dash(agxtriage_incident_driver_image(incident)),
		or_dash(agxtriage_incident_driver_version(incident)),
		or_dash(agxtriage_incident_os_version(incident)),
		or_dash(agxtriage_incident_os_build(incident)));
	printf(" %s %s %s %zu %d\n", or_dash(agxtriage_incident_hardware_model(incident)),
		or_dash(agxtriage_incident_exception_type(incident)),
		or_dash(agxtriage_incident_signal(incident)),
		agxtriage_incident_concurrent_threads(incident),
		agxtriage_incident_simulated(incident));
}

static int print_both(struct agxtriage_store *store, const struct agxtriage_incident *incident,
	struct agxtriage_error *error) {
	struct agxtriage_document *document;
	char *json;
	print_facts("row", incident);
	if (agxtriage_incident_json(incident, &json, NULL) == 0)
		printf("a row alone gave JSON\n");
	int status = agxtriage_store_load(
		store, agxtriage_incident_id(incident), NULL, &document, error);
	if (status < 0)
		return status;
	size_t index = agxtriage_incident_index(incident);
	if (index < agxtriage_document_count(document))
		print_facts("report", agxtriage_document_incident(document, index));
	agxtriage_document_free(document);
	return 0;
}

int main(int argc, char **argv) {
	struct agxtriage_store *store = NULL;
	struct agxtriage_list *list = NULL;
	struct agxtriage_error error = {0};
	const struct agxtriage_incident *incident;
	int status = argc < 2 ? -1 : agxtriage_store_open(argv[1], &store, &error);
	if (status == 0)
		status = agxtriage_store_list(
			store, (const char *const *)(argv + 2), (size_t)argc - 2, 0, &list, &error);
	while (status >= 0 && (status = agxtriage_list_next(list, &incident, &error)) > 0)
		status = print_both(store, incident, &error);
	if (status < 0)
		fprintf(stderr, "%s\n", error.text);
	agxtriage_list_close(list);
	agxtriage_store_close(store);
	return status < 0;
}
