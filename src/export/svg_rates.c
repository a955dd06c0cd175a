/* Crash rates and throughputs of the conditions of one experiment, on common lines. */
#include "export/experiment_parts.h"
#include "export/svg.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
	WIDTH = 960,
	LABEL = 210,
	RATE_LEFT = 220,
	RATE_RIGHT = 560,
	PERFORMANCE_LEFT = 610,
	PERFORMANCE_RIGHT = 930,
	TOP = 46,
	ROW = 30,
	BOTTOM = 30,
	ROWS_MAX = 60,
};

struct rates {
	struct buf *out;
	const struct experiment_summary *summary;
	const char *unit; /* the one that all have; NULL: throughputs are not comparable */
	double rate_max, throughput_max;
	int bottom;
	size_t rows;
	struct buf text;
};

static void measure(struct rates *rates) {
	bool mixed = false;
	for (size_t i = 0; i < rates->rows; i++) {
		const struct summary_condition *condition = &rates->summary->conditions[i];
		const char *unit = condition->facts.throughput_unit;
		if (condition->runs && condition->crash_rate.high > rates->rate_max)
			rates->rate_max = condition->crash_rate.high;
		if (!condition->throughput_count || !unit)
			continue;
		mixed = mixed || (rates->unit && strcmp(rates->unit, unit) != 0);
		rates->unit = unit;
		if (condition->throughput.high > rates->throughput_max)
			rates->throughput_max = condition->throughput.high;
	}
	if (mixed || rates->throughput_max <= 0)
		rates->unit = NULL;
	rates->rate_max = rates->rate_max > 0.5 ? 1 : rates->rate_max > 0.2 ? 0.5 : 0.2;
}

static double rate_x(const struct rates *rates, double rate) {
	return RATE_LEFT + rate / rates->rate_max * (RATE_RIGHT - RATE_LEFT);
}

static double performance_x(const struct rates *rates, double value) {
	return PERFORMANCE_LEFT +
	       value / rates->throughput_max * (PERFORMANCE_RIGHT - PERFORMANCE_LEFT);
}

static void draw_tick(struct rates *rates, double x) {
	svg_line(rates->out, "grid", x, TOP - 8, x, rates->bottom);
	svg_text(rates->out, "middle", x, rates->bottom + 18, buf_str(&rates->text));
	buf_reset(&rates->text);
}

static void draw_axes(struct rates *rates) {
	svg_text(rates->out, "strong", RATE_LEFT, 18, "Crash rate, 95 % interval (Wilson)");
	int ticks = rates->rate_max == 0.5 ? 5 : 4; /* so that they are whole */
	for (int i = 0; i <= ticks; i++) {
		buf_printf(&rates->text, "%.0f %%", rates->rate_max * i * 100 / ticks);
		draw_tick(rates, rate_x(rates, rates->rate_max * i / ticks));
	}
	if (!rates->unit)
		return;
	buf_printf(&rates->text, "Throughput, %s, 95 %% interval", rates->unit);
	svg_text(rates->out, "strong", PERFORMANCE_LEFT, 18, buf_str(&rates->text));
	buf_reset(&rates->text);
	double power = pow(10, floor(log10(rates->throughput_max)));
	double most = rates->throughput_max / power;
	double step = (most > 5 ? 2 : most > 2 ? 1 : 0.5) * power;
	for (unsigned i = 0; step * i <= rates->throughput_max; i++) {
		experiment_number(step * i, &rates->text);
		draw_tick(rates, performance_x(rates, step * i));
	}
}

static void draw_whisker(struct rates *rates, double from, double to, double y) {
	svg_line(rates->out, "whisker", from, y, to, y);
	svg_line(rates->out, "whisker", from, y - 5, from, y + 5);
	svg_line(rates->out, "whisker", to, y - 5, to, y + 5);
}

static void draw_rate(struct rates *rates, const struct summary_condition *condition, double y) {
	const struct rate *rate = &condition->crash_rate;
	if (!condition->runs || experiment_untold(condition->outcomes)) {
		svg_text(rates->out, "dim", RATE_LEFT + 6, y + 4, "unknown");
		return;
	}
	draw_whisker(rates, rate_x(rates, rate->low), rate_x(rates, rate->high), y);
	buf_printf(rates->out, "<circle class=\"point%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\">",
		rate->rate > 0 ? " bad" : "", rate_x(rates, rate->rate), y);
	experiment_summary_rate(condition, &rates->text);
	html_printf(rates->out, "<title>%" PRIu64 " of %" PRIu64 " crashed: %s</title></circle>",
		condition->outcomes[TRIAL_CRASHED], condition->runs, buf_str(&rates->text));
	buf_reset(&rates->text);
}

static void draw_throughput(
	struct rates *rates, const struct summary_condition *condition, double y) {
	if (!rates->unit || !condition->throughput_count)
		return;
	const struct sample_interval *interval = &condition->throughput;
	buf_printf(rates->out,
		"<rect class=\"p0\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"12\"><title>",
		PERFORMANCE_LEFT, y - 6, performance_x(rates, interval->value) - PERFORMANCE_LEFT);
	experiment_number(interval->value, rates->out);
	html_printf(rates->out, " %s</title></rect>", rates->unit);
	draw_whisker(rates, performance_x(rates, interval->low),
		performance_x(rates, interval->high), y);
}

static void draw_row(struct rates *rates, size_t index) {
	const struct summary_condition *condition = &rates->summary->conditions[index];
	double y = TOP + 8 + (double)index * ROW;
	experiment_summary_name(rates->summary, index, &rates->text);
	if (experiment_is_simulated(condition))
		buf_add_str(&rates->text, " (sim)");
	html_printf(rates->out, "<text class=\"end\" x=\"%d\" y=\"%.1f\">", LABEL, y + 4);
	html_clip(rates->out, buf_str(&rates->text), 30);
	html_printf(rates->out, "<title>%s</title></text>", buf_str(&rates->text));
	buf_reset(&rates->text);
	svg_line(rates->out, "rule", RATE_LEFT, y, RATE_RIGHT, y);
	draw_rate(rates, condition, y);
	draw_throughput(rates, condition, y);
	buf_add_char(rates->out, '\n');
}

void svg_rates(struct buf *out, const struct experiment_summary *summary, const char *name) {
	struct rates rates = {.out = out, .summary = summary};
	rates.rows = summary->condition_count < ROWS_MAX ? summary->condition_count : ROWS_MAX;
	if (!rates.rows)
		return;
	rates.bottom = TOP + (int)rates.rows * ROW - 6;
	measure(&rates);
	struct svg_size size = {WIDTH, rates.bottom + BOTTOM};
	svg_open(out, name, &size,
		summary->simulated ? "Crash rate beside throughput (simulated)"
				   : "Crash rate beside throughput",
		"One line for each condition: on the left its crash rate with the interval of 95 "
		"%, on the right its throughput with its own. The table below has the numbers.");
	draw_axes(&rates);
	for (size_t i = 0; i < rates.rows; i++)
		draw_row(&rates, i);
	svg_close(out);
	out->failed = out->failed || rates.text.failed;
	buf_finish(&rates.text);
}
