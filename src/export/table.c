/* Layout and printing of tables. Knows nothing of what stands in the cells. */
#include "export/table.h"

#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define GAP 2

void table_init(
	struct table *table, const struct table_column *columns, size_t count, struct term *term) {
	assert(count <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns = columns, .count = count, .term = term};
	table->unlimited = term->columns == 0;
	for (size_t i = 0; i < count; i++) {
		size_t title = text_width(columns[i].title);
		table->widths[i] = columns[i].width > title ? columns[i].width : title;
	}
}

void table_finish(struct table *table) {
	buf_finish(&table->line);
	buf_finish(&table->cell);
}

/* The cell's text, safe for the terminal, in table->cell. */
static void clean(struct table *table, const char *text) {
	buf_reset(&table->cell);
	if (text)
		text_terminal(&table->cell, text, strlen(text), TEXT_LINE);
}

void table_measure(struct table *table, const struct table_cell *cells) {
	for (size_t i = 0; i < table->count; i++) {
		clean(table, cells[i].text);
		size_t width = text_width(buf_str(&table->cell)), max = table->columns[i].max;
		if (max && width > max)
			width = max;
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

static size_t least(const struct table *table, size_t i) {
	const struct table_column *column = &table->columns[i];
	return column->min && column->min < table->widths[i] ? column->min : table->widths[i];
}

static size_t least_sum(const struct table *table) {
	size_t sum = 0;
	for (size_t i = 0; i < table->count; i++)
		if (!table->hidden[i])
			sum += least(table, i) + (sum ? GAP : 0);
	return sum;
}

/* Hides the shown column of the highest priority, the rightmost of equals; false when all are
 * indispensable. */
static bool hide_one(struct table *table) {
	size_t victim = table->count;
	for (size_t i = 0; i < table->count; i++)
		if (!table->hidden[i] && table->columns[i].priority > 0 &&
			(victim == table->count ||
				table->columns[i].priority >= table->columns[victim].priority))
			victim = i;
	if (victim == table->count)
		return false;
	table->hidden[victim] = true;
	return true;
}

/*
 * Columns start at their least width and grow in turn, one by one, until the room or their wishes
 * are used up: a short column is not starved by a long one beside it.
 */
static void share(struct table *table, size_t room) {
	size_t wishes[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->count; i++) {
		wishes[i] = table->widths[i];
		table->widths[i] = least(table, i);
	}
	for (bool grown = true; room && grown;) {
		grown = false;
		for (size_t i = 0; i < table->count && room; i++)
			if (!table->hidden[i] && table->widths[i] < wishes[i]) {
				table->widths[i]++;
				room--;
				grown = true;
			}
	}
}

int table_begin(struct table *table, bool titles) {
	if (!table->unlimited) {
		while (least_sum(table) > table->term->columns)
			if (!hide_one(table))
				break;
		size_t used = least_sum(table);
		share(table, table->term->columns > used ? table->term->columns - used : 0);
	}
	if (!titles)
		return 0;
	struct table_cell cells[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < table->count; i++)
		cells[i] = (struct table_cell){table->columns[i].title, TERM_HEADING};
	return table_row(table, cells);
}

static void blanks(struct buf *out, size_t n) {
	while (n--)
		buf_add_char(out, ' ');
}

/* Shortens table->cell to width columns, the last of them an ellipsis. */
static void shorten(struct table *table, size_t width) {
	if (text_width(buf_str(&table->cell)) <= width)
		return;
	table->cell.len = width ? text_prefix(buf_str(&table->cell), width - 1) : 0;
	table->cell.data[table->cell.len] = '\0';
	if (width)
		buf_add_str(&table->cell, "\xe2\x80\xa6");
}

int table_row(struct table *table, const struct table_cell *cells) {
	struct buf *line = &table->line;
	size_t owed = 0; /* blanks before the next text, so that no line ends in them */
	bool first = true;
	for (size_t i = 0; i < table->count; i++) {
		if (table->hidden[i])
			continue;
		owed += first ? 0 : GAP;
		first = false;
		clean(table, cells[i].text);
		if (!table->unlimited)
			shorten(table, table->widths[i]);
		size_t width = text_width(buf_str(&table->cell));
		size_t pad = width < table->widths[i] ? table->widths[i] - width : 0;
		if (!width) {
			owed += pad;
			continue;
		}
		blanks(line, owed + (table->columns[i].right ? pad : 0));
		owed = table->columns[i].right ? 0 : pad;
		term_styled(
			table->term, line, cells[i].role, buf_str(&table->cell), table->cell.len);
	}
	line->failed = line->failed || table->cell.failed;
	buf_add_char(line, '\n');
	return term_put_buf(table->term, line);
}
