/* The example of the README: prints site and fault address of every report in a file. */
#include <agxtriage.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv) {
	struct agxtriage_document *document;
	struct agxtriage_error error;
	if (argc != 2 || agxtriage_read_file(argv[1], NULL, &document, &error) < 0) {
		fprintf(stderr, "%s\n", argc == 2 ? error.text : "usage: example FILE");
		return 1;
	}
	for (size_t i = 0; i < agxtriage_document_count(document); i++) {
		const struct agxtriage_incident *incident =
			agxtriage_document_incident(document, i);
		const char *site = agxtriage_incident_site(incident);
		uint64_t address;
		printf("%s", site ? site : "no known site");
		if (agxtriage_incident_fault_address(incident, &address))
			printf(" 0x%" PRIx64, address);
		printf("\n");
	}
	agxtriage_document_free(document);
}
