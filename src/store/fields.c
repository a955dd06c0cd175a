/*
 * The fields that MATCH and --by know: those of the view incidents and parts of the capture time,
 * each with what it is in the table and how it reads as text.
 */
#include "store/internal.h"

#include <string.h>

#define WORD_TEXT "(select text from word where id = $)"
#define ISO_TEXT                                                              \
	"(select strftime('%Y-%m-%dT%H:%M:%S', x / 1000000, 'unixepoch') || " \
	"printf('.%06dZ', x % 1000000) from (select $ as x))"
#define RAW_COLUMN(what) "(select " what " from raw where id = i.raw_id)"
#define STATUS                                                                \
	"coalesce((select status from signature where id = i.signature_id), " \
	"(select status from site where id = i.site_id), 'open')"
#define PATH                                                                               \
	"(select d.path || '/' || f.name from file f join folder d on d.id = f.folder_id " \
	"where f.id = $)"
/* The week's Thursday decides the year of an ISO 8601 week; day 0, 1970-01-01, was one. */
#define WEEK                                                          \
	"(select strftime('%Y', t, 'unixepoch') || printf('-W%02d', " \
	"(strftime('%j', t, 'unixepoch') - 1) / 7 + 1) from (select $ * 604800 as t))"

static const struct field fields[] = {
	{"id", FIELD_INTEGER, "i.id", "$"},
	{"incident_id", FIELD_TEXT, "i.incident_id", "$"},
	{"kind", FIELD_WORD, "i.kind", WORD_TEXT},
	{"captured_at", FIELD_OTHER, "i.captured_at", ISO_TEXT},
	{"process", FIELD_WORD, "i.process", WORD_TEXT},
	{"pid", FIELD_INTEGER, "i.pid", "$"},
	{"os_version", FIELD_WORD, "i.os_version", WORD_TEXT},
	{"os_build", FIELD_WORD, "i.os_build", WORD_TEXT},
	{"hardware_model", FIELD_WORD, "i.hardware_model", WORD_TEXT},
	{"cpu_type", FIELD_WORD, "i.cpu_type", WORD_TEXT},
	{"exception_type", FIELD_WORD, "i.exception_type", WORD_TEXT},
	{"signal", FIELD_WORD, "i.signal", WORD_TEXT},
	{"fault_address", FIELD_HEX, "i.fault_address",
		"(select case when x is not null then printf('0x%x', x) end from (select $ as x))"},
	{"fault_kind", FIELD_WORD, "i.fault_kind", WORD_TEXT},
	{"fault_access", FIELD_WORD, "i.fault_access", WORD_TEXT},
	{"site", FIELD_OTHER, "i.site_id", "(select name from site where id = $)"},
	{"signature", FIELD_OTHER, "i.signature_id", "(select hash from signature where id = $)"},
	{"component", FIELD_WORD, "i.component", WORD_TEXT},
	{"operation", FIELD_WORD, "i.operation", WORD_TEXT},
	{"driver_image", FIELD_WORD, "i.driver_image", WORD_TEXT},
	{"driver_version", FIELD_WORD, "i.driver_version", WORD_TEXT},
	{"crashed_thread", FIELD_INTEGER, "i.crashed_thread", "$"},
	{"queue", FIELD_WORD, "i.queue", WORD_TEXT},
	{"concurrent_threads", FIELD_INTEGER, "i.concurrent_threads", "$"},
	{"simulated", FIELD_BOOLEAN, "i.simulated", "$"},
	{"status", FIELD_TEXT, STATUS, "$"},
	{"path", FIELD_OTHER, "i.file_id", PATH},
	{"size", FIELD_INTEGER, RAW_COLUMN("size"), "$"},
	{"sha256", FIELD_TEXT, RAW_COLUMN("lower(hex(sha256))"), "$"},
	{"site_title", FIELD_OTHER, "i.site_id", "(select title from site where id = $)"},
	{"attribution", FIELD_WORD, "i.attribution", WORD_TEXT},
	{"base_register", FIELD_WORD, "i.base_register", WORD_TEXT},
	{"displacement", FIELD_INTEGER, "i.displacement", "$"},
	{"offset_unknown", FIELD_BOOLEAN, "i.offset_unknown", "$"},
	{"bug_type", FIELD_WORD, "i.bug_type", WORD_TEXT},
	{"form", FIELD_WORD, "i.form", WORD_TEXT},
	{"process_path", FIELD_WORD, "i.process_path", WORD_TEXT},
	{"gpu_signature", FIELD_INTEGER, "i.gpu_signature", "$"},
	{"rules_version", FIELD_WORD, "i.rules_version", WORD_TEXT},
	{"ordinal", FIELD_INTEGER, "i.ordinal", "$"},
	{"conflicts", FIELD_INTEGER, "i.conflicts", "$"},
	{"warnings", FIELD_TEXT, "i.warnings", "$"},
	{"first_seen_at", FIELD_OTHER, "i.first_seen_at", ISO_TEXT},
	{"raw_gone", FIELD_BOOLEAN, "i.raw_gone", "$"},
	{"machine", FIELD_WORD, "i.machine", WORD_TEXT},
	{"hour", FIELD_OTHER, "(i.captured_at / 3600000000)",
		"strftime('%Y-%m-%dT%H', $ * 3600, 'unixepoch')"},
	{"hour_of_day", FIELD_OTHER, "(i.captured_at / 3600000000 % 24)",
		"(select case when x is not null then printf('%02d', x) end from (select $ as x))"},
	{"day", FIELD_OTHER, "(i.captured_at / 86400000000)", "date($ * 86400, 'unixepoch')"},
	{"week", FIELD_OTHER, "((i.captured_at / 86400000000 + 3) / 7)", WEEK},
	{"month", FIELD_TEXT, "strftime('%Y-%m', i.captured_at / 1000000, 'unixepoch')", "$"},
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

const char *const store_fields[] = {
	"id",
	"incident_id",
	"kind",
	"captured_at",
	"process",
	"pid",
	"os_version",
	"os_build",
	"hardware_model",
	"cpu_type",
	"exception_type",
	"signal",
	"fault_address",
	"fault_kind",
	"fault_access",
	"site",
	"signature",
	"component",
	"operation",
	"driver_image",
	"driver_version",
	"crashed_thread",
	"queue",
	"concurrent_threads",
	"simulated",
	"status",
	"path",
	"size",
	"sha256",
	"site_title",
	"attribution",
	"base_register",
	"displacement",
	"offset_unknown",
	"bug_type",
	"form",
	"process_path",
	"gpu_signature",
	"rules_version",
	"ordinal",
	"conflicts",
	"warnings",
	"first_seen_at",
	"raw_gone",
	"machine",
	"hour",
	"hour_of_day",
	"day",
	"week",
	"month",
	NULL,
};
_Static_assert(sizeof(store_fields) / sizeof(store_fields[0]) == FIELD_COUNT + 1,
	"every field has its name in store_fields");

const struct field *store_field_find(const char *name, size_t len) {
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
			return &fields[i];
	return NULL;
}

int store_field_unknown(const char *name, struct err *err) {
	return err_set(err, -EINVAL, "no field \"%.40s\"", name);
}

void store_field_outer(const struct field *field, const char *inner, struct buf *sql) {
	const char *place = strchr(field->outer, '$');
	buf_add(sql, field->outer, (size_t)(place - field->outer));
	buf_add_str(sql, inner);
	buf_add_str(sql, place + 1);
}
