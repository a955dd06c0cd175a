/* What the public library tells of one incident: from its report, or from its row when only that is
 * at hand. */
#include "lib/lib.h"

#include "export/json_view.h"

#include <errno.h>

int64_t agxtriage_incident_id(const struct agxtriage_incident *incident) {
	return incident->row.id;
}

size_t agxtriage_incident_index(const struct agxtriage_incident *incident) {
	return incident->row.ordinal;
}

const char *agxtriage_incident_uuid(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->incident_id : incident->row.incident_id;
}

const char *agxtriage_incident_kind(const struct agxtriage_incident *incident) {
	return report_kind_names[incident->report ? incident->report->kind : incident->row.kind];
}

int agxtriage_incident_simulated(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->simulated : incident->row.simulated;
}

static int give(struct i64_opt value, int64_t *ret) {
	if (value.set)
		*ret = value.value;
	return value.set;
}

int agxtriage_incident_captured_at_us(const struct agxtriage_incident *incident, int64_t *ret) {
	return give(
		incident->report ? incident->report->captured_at_us : incident->row.captured_at_us,
		ret);
}

const char *agxtriage_incident_process(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->process.name : incident->row.process;
}

int agxtriage_incident_pid(const struct agxtriage_incident *incident, int64_t *ret) {
	return give(incident->report ? incident->report->process.pid : incident->row.pid, ret);
}

const char *agxtriage_incident_os_version(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->os_version : incident->row.os_version;
}

const char *agxtriage_incident_os_build(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->os_build : incident->row.os_build;
}

const char *agxtriage_incident_hardware_model(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->hardware_model : incident->row.hardware_model;
}

const char *agxtriage_incident_exception_type(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->exception.type : incident->row.exception_type;
}

const char *agxtriage_incident_signal(const struct agxtriage_incident *incident) {
	return incident->report ? incident->report->exception.signal : incident->row.signal;
}

const char *agxtriage_incident_site(const struct agxtriage_incident *incident) {
	return incident->report ? incident->triage.site : incident->row.site;
}

const char *agxtriage_incident_site_title(const struct agxtriage_incident *incident) {
	return incident->report ? incident->triage.site_title : incident->row.site_title;
}

const char *agxtriage_incident_signature(const struct agxtriage_incident *incident) {
	if (!incident->report)
		return incident->row.signature;
	return incident->triage.signature_text ? incident->triage.signature_hash : NULL;
}

int agxtriage_incident_fault_address(const struct agxtriage_incident *incident, uint64_t *ret) {
	struct u64_opt address =
		incident->report ? incident->triage.fault.address : incident->row.fault_address;
	if (address.set)
		*ret = address.value;
	return address.set;
}

const char *agxtriage_incident_fault_kind(const struct agxtriage_incident *incident) {
	return incident->report ? fault_kind_names[incident->triage.fault.kind]
				: incident->row.fault_kind;
}

const char *agxtriage_incident_fault_access(const struct agxtriage_incident *incident) {
	return incident->report ? fault_access_names[incident->triage.fault.access]
				: incident->row.fault_access;
}

const char *agxtriage_incident_component(const struct agxtriage_incident *incident) {
	return incident->report ? component_names[incident->triage.component]
				: incident->row.component;
}

const char *agxtriage_incident_operation(const struct agxtriage_incident *incident) {
	return incident->report ? incident->triage.operation : incident->row.operation;
}

const char *agxtriage_incident_driver_image(const struct agxtriage_incident *incident) {
	return incident->report ? incident->triage.driver.image : incident->row.driver_image;
}

const char *agxtriage_incident_driver_version(const struct agxtriage_incident *incident) {
	return incident->report ? incident->triage.driver.version : incident->row.driver_version;
}

size_t agxtriage_incident_concurrent_threads(const struct agxtriage_incident *incident) {
	if (incident->report)
		return incident->triage.concurrent_count;
	return incident->row.concurrent_threads > 0 ? (size_t)incident->row.concurrent_threads : 0;
}

int agxtriage_incident_json(
	const struct agxtriage_incident *incident, char **ret, struct agxtriage_error *error) {
	struct err err = {0};
	struct buf line = {0};
	if (!incident->report)
		return lib_error(error, &err,
			err_set(&err, -ENOTSUP, "load the incident from its store first"));
	int status = json_view_print(
		&line, incident->report, &incident->triage, &incident->row, JSON_VIEW_FULL, &err);
	if (status < 0) {
		buf_finish(&line);
		return lib_error(error, &err, status);
	}
	*ret = buf_take(&line);
	return 0;
}
