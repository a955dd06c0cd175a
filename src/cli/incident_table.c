/* The columns of an incident, and how each of its facts is written in few of them. */
#include "cli/incident_table.h"

#include "base/clock.h"
#include "base/text.h"
#include "export/signature_text.h"
#include "export/text_around.h"

#include <inttypes.h>
#include <string.h>

/* In fewer columns rows go without seconds and PIDs, so that process, site and fault fit into 80.
 */
#define WIDE_COLUMNS 140
#define TIME_BYTES_WITHOUT_SECONDS 16

enum column {
	COLUMN_ID,
	COLUMN_TIME,
	COLUMN_PROCESS,
	COLUMN_SITE,
	COLUMN_FAULT,
	COLUMN_OPERATION,
	COLUMN_DRIVER,
	COLUMN_OS,
	COLUMN_STATUS,
	COLUMN_COUNT = INCIDENT_TABLE_COLUMNS,
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_ID] = {.title = "ID", .width = 3, .right = true},
	[COLUMN_TIME] = {.title = "TIME", .width = 16, .priority = 1},
	[COLUMN_PROCESS] =
		{.title = "PROCESS", .width = 20, .min = 12, .priority = 2, .middle = true},
	[COLUMN_SITE] = {.title = "SITE OR SIGNATURE", .width = 40, .min = 30},
	[COLUMN_FAULT] = {.title = "FAULT", .width = 23, .min = 10, .priority = 3},
	[COLUMN_OPERATION] = {.title = "OPERATION", .width = 24, .min = 14, .priority = 4},
	[COLUMN_DRIVER] = {.title = "DRIVER", .width = 12, .min = 10, .priority = 5},
	[COLUMN_OS] = {.title = "OS", .width = 8, .min = 6, .priority = 6},
	[COLUMN_STATUS] = {.title = "STATUS", .width = 9, .min = 5, .priority = 7},
};

/* NULL for a crash of which nobody has said anything yet: there is nothing to tell. */
static const char *told_status(const struct incident *incident) {
	return incident->status && strcmp(incident->status, "open") != 0 ? incident->status : NULL;
}

static bool is_narrow(const struct incident_table *table) {
	size_t there = table->table.term->columns;
	return there && there < WIDE_COLUMNS;
}

static void time_text(const struct incident_table *table, struct i64_opt us, struct buf *out) {
	char text[CLOCK_TEXT_BYTES];
	if (!us.set)
		return;
	clock_format_local(us.value, text);
	if (is_narrow(table))
		text[TIME_BYTES_WITHOUT_SECONDS] = '\0';
	buf_add_str(out, text);
}

/* What the column has room for, once its width is known. The column FAULT tells the fault. */
static void add_signature(const struct incident_table *table, const char *text, struct buf *out) {
	size_t width = table->table.widths[COLUMN_SITE], used = text_width(buf_str(out));
	if (table->table.unlimited || !table->begun || used >= width)
		buf_add_str(out, text);
	else
		signature_text(out, text, width - used, false);
}

/* Without room for its column a status stands before the site. */
static void site_text(
	const struct incident_table *table, const struct incident *incident, struct buf *out) {
	if (table->begun && table->table.hidden[COLUMN_STATUS] && told_status(incident))
		buf_printf(out, "[%s] ", incident->status);
	if (incident->simulated)
		buf_add_str(out, "[simulated] ");
	if (incident->kind != REPORT_CRASH)
		buf_printf(out, "[%s] ", report_kind_names[incident->kind]);
	if (incident->site)
		buf_add_str(out, incident->site);
	else if (incident->signature_text)
		add_signature(table, incident->signature_text, out);
	else if (incident->signature)
		buf_add_str(out, incident->signature);
}

static void fault_text(const struct incident *incident, struct buf *out) {
	if (incident->fault_address.set) {
		buf_printf(out, "0x%" PRIx64, incident->fault_address.value);
		if (incident->fault_access)
			buf_printf(out, " %s", incident->fault_access);
	} else if (incident->signal) {
		buf_add_str(out, incident->signal);
	}
}

static void driver_text(const struct incident *incident, struct buf *out) {
	static const char family[] = "AGXMetal";
	const char *image = incident->driver_image;
	if (!image)
		return;
	buf_add_str(out, image + (text_starts(image, family) ? sizeof family - 1 : 0));
	if (incident->driver_version)
		buf_printf(out, " %s", incident->driver_version);
}

static void fill(struct incident_table *table, const struct incident *incident) {
	struct buf *text = table->text;
	for (int i = 0; i < COLUMN_COUNT; i++)
		buf_reset(&text[i]);
	buf_printf(&text[COLUMN_ID], "%" PRId64, incident->id);
	time_text(table, incident->captured_at_us, &text[COLUMN_TIME]);
	if (incident->process)
		buf_add_str(&text[COLUMN_PROCESS], incident->process);
	if (incident->pid.set && !is_narrow(table))
		buf_printf(&text[COLUMN_PROCESS], "[%" PRId64 "]", incident->pid.value);
	site_text(table, incident, &text[COLUMN_SITE]);
	fault_text(incident, &text[COLUMN_FAULT]);
	if (incident->operation)
		buf_add_str(&text[COLUMN_OPERATION], incident->operation);
	driver_text(incident, &text[COLUMN_DRIVER]);
	if (incident->os_build)
		buf_add_str(&text[COLUMN_OS], incident->os_build);
	if (told_status(incident))
		buf_add_str(&text[COLUMN_STATUS], incident->status);
}

void incident_table_init(struct incident_table *table, struct term *term, bool titles) {
	*table = (struct incident_table){.titles = titles};
	table_init(&table->table, columns, COLUMN_COUNT, term);
}

void incident_table_finish(struct incident_table *table) {
	table_finish(&table->table);
	for (int i = 0; i < COLUMN_COUNT; i++)
		buf_finish(&table->text[i]);
}

static void begin(struct incident_table *table) {
	const struct table_cell first[COLUMN_COUNT] = {
		[COLUMN_ID] = {.text = buf_str(&table->text[COLUMN_ID])},
		[COLUMN_TIME] = {.text = buf_str(&table->text[COLUMN_TIME])},
	};
	table_measure(&table->table, first);
	table_begin(&table->table, table->titles);
	table->begun = true;
}

void incident_table_fill(struct incident_table *table, const struct incident *incident) {
	fill(table, incident);
	if (!table->begun) {
		begin(table);
		fill(table, incident); /* again, now that widths are known */
	}
	table->site_role = incident->site ? TERM_SITE : TERM_DIM;
	table->status_role = text_around_role(incident->status);
	if (table->table.hidden[COLUMN_STATUS] && table->status_role == TERM_BAD)
		table->site_role = TERM_BAD;
}

int incident_table_put(struct incident_table *table) {
	struct table_cell cells[COLUMN_COUNT] = {0};
	for (int i = 0; i < COLUMN_COUNT; i++)
		cells[i] = (struct table_cell){buf_str(&table->text[i]), TERM_PLAIN};
	cells[COLUMN_ID].role = TERM_ID;
	cells[COLUMN_SITE].role = table->site_role;
	cells[COLUMN_STATUS].role = table->status_role;
	return table_row(&table->table, cells);
}
