/* Numbers and commands as people read them. */
#include "export/experiment_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool needs_quotes(const char *word) {
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./=:,+@%^";
	return !*word || word[strspn(word, plain)];
}

static void add_word(struct buf *ret, const char *word) {
	if (!needs_quotes(word)) {
		buf_add_str(ret, word);
		return;
	}
	buf_add_char(ret, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_add_str(ret, "'\\''");
		else
			buf_add_char(ret, *word);
	buf_add_char(ret, '\'');
}

void experiment_words(const char *const *words, size_t count, struct buf *ret) {
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add_char(ret, ' ');
		add_word(ret, words[i]);
	}
}

/* Puts commas between the thousands of digits. */
static void add_digits(const char *digits, struct buf *ret) {
	size_t whole = strspn(digits, "0123456789");
	for (size_t i = 0; digits[i]; i++) {
		if (i && i < whole && (whole - i) % 3 == 0)
			buf_add_char(ret, ',');
		buf_add_char(ret, digits[i]);
	}
}

void experiment_count(uint64_t count, struct buf *ret) {
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRIu64, count);
	add_digits(digits, ret);
}

void experiment_number(double value, struct buf *ret) {
	char digits[64];
	double size = fabs(value);
	if (value < 0)
		buf_add_char(ret, '-');
	if (size >= 1e15 || (size > 0 && size < 1e-4)) {
		buf_printf(ret, "%.3g", size);
		return;
	}
	static const double limits[] = {1000, 100, 10, 1, 0.1, 0.01};
	size_t decimals = 0;
	while (decimals < sizeof limits / sizeof *limits && size > 0 && size < limits[decimals])
		decimals++;
	snprintf(digits, sizeof digits, "%.*f", (int)decimals, size);
	char *point = strchr(digits, '.');
	if (point) { /* zeros at the end say nothing */
		char *end = digits + strlen(digits);
		while (end[-1] == '0')
			*--end = '\0';
		if (end - 1 == point)
			*point = '\0';
	}
	add_digits(digits, ret);
}

void experiment_duration(double us, struct buf *ret) {
	static const struct {
		double us;
		const char *unit;
	} units[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}};
	size_t i = 0;
	while (i < 2 && us < units[i].us)
		i++;
	double value = us / units[i].us;
	int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
	buf_printf(ret, "%.*f %s", decimals, value, units[i].unit);
}

void experiment_p(double p, struct buf *ret) {
	if (p < 0.0001)
		buf_add_str(ret, "p < 0.0001");
	else
		buf_printf(ret, "p %.*f", p >= 0.1 ? 2 : p >= 0.01 ? 3 : 4, p);
}

/* Near 1 two digits would hide on which side of it a ratio is. */
static bool needs_three(double value) {
	return value < 0.1 || (value > 0.9 && value < 1.1);
}

static void add_ratio(double value, bool three, struct buf *ret) {
	if (value < 100)
		buf_printf(ret, three ? "%.3f" : "%.2f", value);
	else
		experiment_number(value, ret);
}

void experiment_interval(const struct sample_interval *interval, struct buf *ret) {
	bool three = needs_three(interval->value) || needs_three(interval->low) ||
		     needs_three(interval->high);
	add_ratio(interval->value, three, ret);
	buf_add_str(ret, " (");
	add_ratio(interval->low, three, ret);
	buf_add_str(ret, " to ");
	add_ratio(interval->high, three, ret);
	buf_add_char(ret, ')');
}

/* -0.04 is no "-0.0". */
static void add_point(double share, struct buf *ret) {
	double points = round(share * 1000) / 10;
	buf_printf(ret, "%+.1f", points == 0 ? 0.0 : points);
}

void experiment_points(const struct rate_difference *difference, struct buf *ret) {
	add_point(difference->difference, ret);
	buf_add_str(ret, " (");
	add_point(difference->low, ret);
	buf_add_str(ret, " to ");
	add_point(difference->high, ret);
	buf_add_char(ret, ')');
}

const char *experiment_untold(const uint64_t outcomes[TRIAL_OUTCOME_COUNT]) {
	static const char *const all[TRIAL_OUTCOME_COUNT] = {
		[TRIAL_HUNG] = "all hung",
		[TRIAL_GPU_ERROR] = "only GPU errors",
		[TRIAL_WRONG_RESULT] = "all wrong",
		[TRIAL_FAILED] = "all failed",
	};
	const char *ret = NULL;
	if (outcomes[TRIAL_FINISHED] || outcomes[TRIAL_CRASHED])
		return NULL;
	for (int i = 0; i < TRIAL_OUTCOME_COUNT; i++)
		if (all[i] && outcomes[i])
			ret = ret ? "none finished" : all[i];
	return ret;
}

void experiment_summary_rate(const struct summary_condition *condition, struct buf *ret) {
	const struct rate *rate = &condition->crash_rate;
	uint64_t crashed = condition->outcomes[TRIAL_CRASHED];
	if (!condition->runs)
		buf_add_str(ret, "no runs");
	else if (experiment_untold(condition->outcomes))
		buf_printf(ret, "unknown: %s", experiment_untold(condition->outcomes));
	else if (!crashed)
		buf_printf(ret, "at most %.1f %% (Wilson)", rate->high * 100);
	else if (crashed == condition->runs)
		buf_printf(ret, "at least %.1f %% (Wilson)", rate->low * 100);
	else
		buf_printf(ret, "%.1f %% (%.1f to %.1f %%)", rate->rate * 100, rate->low * 100,
			rate->high * 100);
}
