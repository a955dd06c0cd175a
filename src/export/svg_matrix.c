/* Counts in rows and columns, darker where they are more. */
#include "export/page_parts.h"
#include "export/svg.h"

#include <math.h>

enum { CELL_WIDTH = 64, CELL_HEIGHT = 30, LABEL_WIDTH = 324, HEAD_HEIGHT = 26, SHADES = 5 };

/* Columns that a label of a row has room for, and one of a column. */
#define ROW_COLUMNS 48
#define COLUMN_COLUMNS 10

static uint64_t most_of(const struct svg_matrix *matrix) {
	uint64_t most = 1;
	for (size_t i = 0; i < matrix->row_count * matrix->column_count; i++)
		most = matrix->values[i] > most ? matrix->values[i] : most;
	return most;
}

/* 1 to SHADES: by the root, for one site often has most of the crashes. */
static unsigned shade(uint64_t value, uint64_t most) {
	double part = sqrt((double)value / (double)most);
	return 1 + (unsigned)(part * (SHADES - 1) + 0.5);
}

static void draw_label(
	struct buf *out, const char *class, double x, double y, const char *text, size_t columns) {
	html_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	html_clip(out, text ? text : "unknown", columns);
	if (text)
		html_printf(out, "<title>%s</title>", text);
	buf_add_str(out, "</text>");
}

static void draw_cell(struct buf *out, const struct svg_matrix *matrix, size_t row, size_t column,
	uint64_t most) {
	uint64_t value = matrix->values[row * matrix->column_count + column];
	double x = LABEL_WIDTH + (double)column * CELL_WIDTH;
	double y = HEAD_HEIGHT + (double)row * CELL_HEIGHT;
	buf_printf(out,
		"<rect class=\"h%u\" x=\"%.0f\" y=\"%.0f\" width=\"%d\" height=\"%d\" rx=\"3\">"
		"</rect>",
		value ? shade(value, most) : 0, x + 1, y + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2);
	if (!value)
		return;
	html_printf(out, "<text class=\"middle%s\" x=\"%.1f\" y=\"%.1f\">",
		shade(value, most) > 3 ? " onink" : "", x + CELL_WIDTH / 2.0, y + 20);
	page_count(out, value);
	buf_add_str(out, "</text>");
}

void svg_matrix(struct buf *out, const struct svg_matrix *matrix) {
	struct svg_size size = {LABEL_WIDTH + (int)matrix->column_count * CELL_WIDTH + 2,
		HEAD_HEIGHT + (int)matrix->row_count * CELL_HEIGHT + 2};
	uint64_t most = most_of(matrix);
	svg_open(out, matrix->name, &size, matrix->title, matrix->description);
	for (size_t i = 0; i < matrix->column_count; i++)
		draw_label(out, "middle strong", LABEL_WIDTH + ((double)i + 0.5) * CELL_WIDTH, 16,
			matrix->columns[i], COLUMN_COLUMNS);
	buf_add_char(out, '\n');
	for (size_t i = 0; i < matrix->row_count; i++) {
		draw_label(out, "end", LABEL_WIDTH - 10, HEAD_HEIGHT + (double)i * CELL_HEIGHT + 20,
			matrix->rows[i], ROW_COLUMNS);
		for (size_t j = 0; j < matrix->column_count; j++)
			draw_cell(out, matrix, i, j, most);
		buf_add_char(out, '\n');
	}
	svg_close(out);
}
