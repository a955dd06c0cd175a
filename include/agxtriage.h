/*
 * agxtriage: reads the reports that macOS writes when a program crashes in Apple's GPU driver, and
 * says where, how and why. This header needs nothing but C99.
 *
 * Objects are opaque. A function that can fail returns 0 or a negative errno and fills error (which
 * may be NULL); its results are written only on success. Text is UTF-8 without control characters,
 * unless said otherwise; NULL means that the report does not tell. Text lives as long as the object
 * that it was asked from.
 *
 * The library prints nothing, has no global state and touches no signal handlers. Different objects
 * may be used on different threads at the same time; one object belongs to one thread at a time,
 * except that several threads may read the same rules.
 */
#ifndef AGXTRIAGE_H
#define AGXTRIAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define AGXTRIAGE_PUBLIC __attribute__((visibility("default")))
#else
#define AGXTRIAGE_PUBLIC
#endif

struct agxtriage_error {
	int code; /* negative errno */
	char text[512];
};

/* "0.1.0" */
AGXTRIAGE_PUBLIC const char *agxtriage_version(void);

/* ---- rules: which frames, messages and addresses make which crash site ---- */

struct agxtriage_rules;

/* The built-in rules. */
AGXTRIAGE_PUBLIC int agxtriage_rules_new(
	struct agxtriage_rules **ret, struct agxtriage_error *error);
/* Adds the rules of one JSON document; name appears in explanations. -EINVAL when it is no rule
 * set. */
AGXTRIAGE_PUBLIC int agxtriage_rules_add(struct agxtriage_rules *rules, const char *name,
	const char *json, size_t len, struct agxtriage_error *error);
/* NULL is allowed. No document that was read with these rules may be used afterwards. */
AGXTRIAGE_PUBLIC void agxtriage_rules_free(struct agxtriage_rules *rules);

/* ---- documents: bytes that hold one or more reports ---- */

struct agxtriage_document;
struct agxtriage_incident;

/*
 * Finds, reads and classifies every report in bytes: an .ips file, the classic text form, or any
 * text with reports in its middle. rules: NULL for the built-in ones. The bytes are not needed
 * afterwards. -EBADMSG when there is no readable report, -E2BIG when one is beyond all reason,
 * -ENOMEM.
 */
AGXTRIAGE_PUBLIC int agxtriage_parse(const void *bytes, size_t len,
	const struct agxtriage_rules *rules, struct agxtriage_document **ret,
	struct agxtriage_error *error);

/* The same for a regular file. Also -ENOENT, -EACCES, -EISDIR, -ENXIO (no regular file), -EFBIG ...
 */
AGXTRIAGE_PUBLIC int agxtriage_read_file(const char *path, const struct agxtriage_rules *rules,
	struct agxtriage_document **ret, struct agxtriage_error *error);

/* NULL is allowed. */
AGXTRIAGE_PUBLIC void agxtriage_document_free(struct agxtriage_document *document);

/* At least 1. */
AGXTRIAGE_PUBLIC size_t agxtriage_document_count(const struct agxtriage_document *document);

/* NULL when index is out of range. Lives as long as document. */
AGXTRIAGE_PUBLIC const struct agxtriage_incident *agxtriage_document_incident(
	const struct agxtriage_document *document, size_t index);

/* ---- incidents ---- */

/* The row in the database; 0 for an incident of a document. */
AGXTRIAGE_PUBLIC int64_t agxtriage_incident_id(const struct agxtriage_incident *incident);
/* Its place in its document, or in the document that agxtriage_store_load() gives, from 0. */
AGXTRIAGE_PUBLIC size_t agxtriage_incident_index(const struct agxtriage_incident *incident);
/* "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9" as in the report. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_uuid(const struct agxtriage_incident *incident);
/* crash, user_fault, gpu_event, panic, jetsam, hang, stackshot, resource or other; never NULL. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_kind(const struct agxtriage_incident *incident);
/* 1 when the simulated driver made the report. */
AGXTRIAGE_PUBLIC int agxtriage_incident_simulated(const struct agxtriage_incident *incident);
/* Microseconds since 1970, UTC. Returns 1, or 0 (and *ret untouched) when unknown. */
AGXTRIAGE_PUBLIC int agxtriage_incident_captured_at_us(
	const struct agxtriage_incident *incident, int64_t *ret);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_process(const struct agxtriage_incident *incident);
/* Returns 1, or 0 (and *ret untouched) when unknown. */
AGXTRIAGE_PUBLIC int agxtriage_incident_pid(
	const struct agxtriage_incident *incident, int64_t *ret);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_os_version(
	const struct agxtriage_incident *incident);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_os_build(const struct agxtriage_incident *incident);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_hardware_model(
	const struct agxtriage_incident *incident);
/* "EXC_BAD_ACCESS" */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_exception_type(
	const struct agxtriage_incident *incident);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_signal(const struct agxtriage_incident *incident);

/* "agx-set-compute-pipeline-state", or NULL when no rule knows this crash. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_site(const struct agxtriage_incident *incident);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_site_title(
	const struct agxtriage_incident *incident);
/* 16 hex digits: crashes that are alike have it in common. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_signature(
	const struct agxtriage_incident *incident);
/* Returns 1, or 0 (and *ret untouched) when the crash was no bad access. */
AGXTRIAGE_PUBLIC int agxtriage_incident_fault_address(
	const struct agxtriage_incident *incident, uint64_t *ret);
/* near_null, pac, non_canonical, protection, code_signing, stack_guard, unaligned, wild or none. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_fault_kind(
	const struct agxtriage_incident *incident);
/* read, write or execute. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_fault_access(
	const struct agxtriage_incident *incident);
/* Who owns the frame that counts: driver, metal, runtime, framework, application or unknown. */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_component(
	const struct agxtriage_incident *incident);
/* "mul_mps_kernel" */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_operation(
	const struct agxtriage_incident *incident);
/* "AGXMetalG16X" and "329.2" */
AGXTRIAGE_PUBLIC const char *agxtriage_incident_driver_image(
	const struct agxtriage_incident *incident);
AGXTRIAGE_PUBLIC const char *agxtriage_incident_driver_version(
	const struct agxtriage_incident *incident);
/* How many other threads were inside Metal or AGX at that moment. */
AGXTRIAGE_PUBLIC size_t agxtriage_incident_concurrent_threads(
	const struct agxtriage_incident *incident);

/*
 * Everything about an incident of a document as one line of JSON (schema/incident.schema.json), to
 * be freed with agxtriage_free(). -ENOTSUP for an incident of a store's list: load it first.
 */
AGXTRIAGE_PUBLIC int agxtriage_incident_json(
	const struct agxtriage_incident *incident, char **ret, struct agxtriage_error *error);
AGXTRIAGE_PUBLIC void agxtriage_free(void *memory);

/* ---- the store: the database that the commands and the daemon fill ---- */

struct agxtriage_store;
struct agxtriage_list;

/* Opens for reading and changes nothing. path: NULL for the default one. -ENOENT, -EPROTO (no such
 * database, or made by a newer version) ... */
AGXTRIAGE_PUBLIC int agxtriage_store_open(
	const char *path, struct agxtriage_store **ret, struct agxtriage_error *error);
/* NULL is allowed. Lists of this store must be closed before. */
AGXTRIAGE_PUBLIC void agxtriage_store_close(struct agxtriage_store *store);

/*
 * Incidents newest first. matches: NULL, or words as for `agxtriage list`: a process name, a PID,
 * /path, the beginning of an incident id, FIELD=GLOB; they are needed only during the call. limit:
 * 0 for all.
 */
AGXTRIAGE_PUBLIC int agxtriage_store_list(struct agxtriage_store *store, const char *const *matches,
	size_t match_count, int64_t limit, struct agxtriage_list **ret,
	struct agxtriage_error *error);
/* 1 and *ret (valid until the next call), 0 at the end, or a negative errno. */
AGXTRIAGE_PUBLIC int agxtriage_list_next(struct agxtriage_list *list,
	const struct agxtriage_incident **ret, struct agxtriage_error *error);
/* NULL is allowed. */
AGXTRIAGE_PUBLIC void agxtriage_list_close(struct agxtriage_list *list);

/* Reads and classifies the stored bytes of row id again: a document of one or more incidents. */
AGXTRIAGE_PUBLIC int agxtriage_store_load(struct agxtriage_store *store, int64_t id,
	const struct agxtriage_rules *rules, struct agxtriage_document **ret,
	struct agxtriage_error *error);

#ifdef __cplusplus
}
#endif

#endif
