/* Layout and printing of tables. Knows nothing of what stands in the cells. */
#include "export/table.h"

#include "base/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define GAP 2

static void init(struct table *table, const struct table_column *columns, size_t count,
	const struct term *term) {
	assert(count <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns = columns, .count = count, .term = term};
	table->unlimited = term->columns == 0;
	for (size_t i = 0; i < count; i++) {
		size_t title = text_width(columns[i].title);
		table->widths[i] = columns[i].width > title ? columns[i].width : title;
	}
}

void table_init(
	struct table *table, const struct table_column *columns, size_t count, struct term *term) {
	init(table, columns, count, term);
	table->out = term;
}

void table_init_into(struct table *table, const struct table_column *columns, size_t count,
	const struct term *term, struct buf *ret) {
	init(table, columns, count, term);
	table->to = ret;
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

/* Hiding a wide column may have left room for narrower ones that went before it. */
static void show_what_fits(struct table *table) {
	for (;;) {
		size_t best = table->count;
		for (size_t i = 0; i < table->count; i++)
			if (table->hidden[i] &&
				least_sum(table) + GAP + least(table, i) <= table->term->columns &&
				(best == table->count ||
					table->columns[i].priority < table->columns[best].priority))
				best = i;
		if (best == table->count)
			return;
		table->hidden[best] = false;
	}
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
		show_what_fits(table);
		size_t used = least_sum(table);
		share(table, table->term->columns > used ? table->term->columns - used : 0);
	}
	if (!titles)
		return 0;
	struct table_cell cells[TABLE_COLUMNS_MAX] = {0};
	for (size_t i = 0; i < table->count; i++)
		cells[i] = (struct table_cell){table->columns[i].title, TERM_HEADING};
	return table_row(table, cells);
}

static void blanks(struct buf *out, size_t n) {
	while (n--)
		buf_add_char(out, ' ');
}

/* The bytes of text before its last columns columns. */
static size_t before_last(const char *text, size_t columns) {
	size_t width = text_width(text);
	size_t skip = width > columns ? width - columns : 0;
	size_t ret = text_prefix(text, skip);
	/* A wide character across the edge goes as a whole. */
	return text_width(text + ret) > columns ? text_prefix(text, skip + 1) : ret;
}

/* Shortens table->cell to width columns, one of them an ellipsis. */
static void shorten(struct table *table, size_t width, bool middle) {
	struct buf *cell = &table->cell;
	if (!width || cell->failed || text_width(buf_str(cell)) <= width)
		return;
	size_t end_columns = middle ? width / 2 : 0;
	size_t start = text_prefix(buf_str(cell), width - 1 - end_columns);
	size_t end = before_last(buf_str(cell), end_columns);
	struct buf shortened = {0};
	buf_add(&shortened, cell->data, start);
	buf_add_str(&shortened, "\xe2\x80\xa6");
	buf_add_str(&shortened, cell->data + end);
	buf_finish(cell);
	*cell = shortened;
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
		if (!table->unlimited && table->columns[i].min)
			shorten(table, table->widths[i], table->columns[i].middle);
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
	if (table->out)
		return term_put_buf(table->out, line);
	buf_add(table->to, buf_str(line), line->len);
	table->to->failed = table->to->failed || line->failed;
	buf_reset(line);
	return 0;
}
