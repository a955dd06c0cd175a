/* The table of conditions on a terminal. */
#include "export/experiment_table.h"

#include "export/experiment_parts.h"
#include "export/table.h"
#include "export/text_out.h"

#include <string.h>

/* Names go last, latencies first. */
static const int priorities[EXPERIMENT_COLUMN_COUNT] = {
	[EXPERIMENT_COLUMN_WAITED] = 1,
	[EXPERIMENT_COLUMN_INTERVAL] = 2,
	[EXPERIMENT_COLUMN_P50] = 4,
	[EXPERIMENT_COLUMN_P95] = 5,
	[EXPERIMENT_COLUMN_P99] = 3,
};

/* What is shortened when there is no room: texts of the user's. */
static const size_t least[EXPERIMENT_COLUMN_COUNT] = {
	[EXPERIMENT_COLUMN_SETTINGS] = 16,
	[EXPERIMENT_COLUMN_ENV] = 16,
	[EXPERIMENT_COLUMN_COMMAND] = 16,
	[EXPERIMENT_COLUMN_SCENARIO] = 8,
};

struct layout {
	enum experiment_column which[EXPERIMENT_COLUMN_COUNT];
	struct table_column columns[EXPERIMENT_COLUMN_COUNT];
	struct buf titles[EXPERIMENT_COLUMN_COUNT], texts[EXPERIMENT_COLUMN_COUNT];
	size_t count;
};

static void upper(struct buf *text) {
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] >= 'a' && text->data[i] <= 'z')
			text->data[i] = (char)(text->data[i] - 'a' + 'A');
}

static void lay_out(const struct experiment_summary *summary, struct layout *layout) {
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++) {
		enum experiment_column column = (enum experiment_column)i;
		size_t n = layout->count;
		if (!experiment_column_is_there(summary, column))
			continue;
		experiment_column_title(summary, column, &layout->titles[n]);
		upper(&layout->titles[n]);
		layout->which[n] = column;
		layout->columns[n] = (struct table_column){.title = buf_str(&layout->titles[n]),
			.min = least[column],
			.priority = priorities[column],
			.right = experiment_column_is_right(column),
			.middle = column == EXPERIMENT_COLUMN_COMMAND};
		layout->count++;
	}
}

/* zero: the cell counts nothing. */
static enum term_role role_of(enum experiment_column column, bool zero) {
	if (column == EXPERIMENT_COLUMN_CRASHED)
		return zero ? TERM_PLAIN : TERM_BAD;
	if (column >= EXPERIMENT_COLUMN_HUNG && column <= EXPERIMENT_COLUMN_FAILED)
		return zero ? TERM_PLAIN : TERM_WARN;
	if (column == EXPERIMENT_COLUMN_EXPERIMENT)
		return TERM_ID;
	return column == EXPERIMENT_COLUMN_INTERVAL ? TERM_DIM : TERM_PLAIN;
}

static void fill(const struct experiment_summary *summary, size_t condition, struct layout *layout,
	struct table_cell *cells) {
	for (size_t i = 0; i < layout->count; i++) {
		struct buf *text = &layout->texts[i];
		buf_reset(text);
		experiment_column_cell(summary, condition, layout->which[i], text);
		cells[i] = (struct table_cell){
			buf_str(text), role_of(layout->which[i], !strcmp(buf_str(text), "0"))};
	}
}

static void put_legend(const struct experiment_summary *summary, const struct table *table,
	const struct layout *layout, struct buf *ret) {
	bool left_out[EXPERIMENT_COLUMN_COUNT] = {false};
	struct text_out out = {ret, table->term};
	struct buf legend = {0};
	for (size_t i = 0; i < layout->count; i++)
		left_out[layout->which[i]] = table->hidden[i];
	experiment_column_legend(summary, left_out, &legend);
	experiment_uncounted(summary, &legend);
	if (legend.len)
		text_out_paragraph(&out, TERM_DIM, 0, buf_str(&legend));
	ret->failed = ret->failed || legend.failed;
	buf_finish(&legend);
}

void experiment_table_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret) {
	struct layout layout = {.count = 0};
	struct table_cell cells[EXPERIMENT_COLUMN_COUNT];
	struct table table;
	lay_out(summary, &layout);
	table_init_into(&table, layout.columns, layout.count, term, ret);
	for (size_t i = 0; i < summary->condition_count; i++) {
		fill(summary, i, &layout, cells);
		table_measure(&table, cells);
	}
	table_begin(&table, true);
	for (size_t i = 0; i < summary->condition_count; i++) {
		fill(summary, i, &layout, cells);
		table_row(&table, cells);
	}
	put_legend(summary, &table, &layout, ret);
	table_finish(&table);
	for (int i = 0; i < EXPERIMENT_COLUMN_COUNT; i++) {
		ret->failed = ret->failed || layout.texts[i].failed || layout.titles[i].failed;
		buf_finish(&layout.texts[i]);
		buf_finish(&layout.titles[i]);
	}
}
