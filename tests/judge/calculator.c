/*
 * What the judge of the statistics asks: reads lines "FUNCTION NUMBER...", answers each with a line
 * of numbers that lose nothing, or with "error" and the code.
 */
#include "triage/generator.h"
#include "triage/rate.h"
#include "triage/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct numbers {
	double *values;
	size_t count;
};

static struct rate_counts counts_at(const struct numbers *in, size_t i) {
	return (struct rate_counts){(uint64_t)in->values[i], (uint64_t)in->values[i + 1]};
}

static void wilson(const struct numbers *in) {
	struct rate_counts counts = counts_at(in, 0);
	struct rate rate = rate_of(counts.count, counts.runs);
	printf("%.17g %.17g %.17g\n", rate.rate, rate.low, rate.high);
}

static void newcombe(const struct numbers *in) {
	struct rate_counts a = counts_at(in, 0), b = counts_at(in, 2);
	struct rate_difference ret = rate_difference(&a, &b);
	printf("%.17g %.17g %.17g\n", ret.difference, ret.low, ret.high);
}

static void fisher(const struct numbers *in) {
	struct rate_counts a = counts_at(in, 0), b = counts_at(in, 2);
	printf("%.17g\n", rate_fisher(&a, &b));
}

/* Groups of three numbers: count, runs, score. */
static void trend(const struct numbers *in) {
	size_t count = in->count / 3;
	struct rate_counts *groups = calloc(count, sizeof *groups);
	double *scores = calloc(count, sizeof *scores);
	if (!groups || !scores)
		abort();
	for (size_t i = 0; i < count; i++) {
		groups[i] = counts_at(in, 3 * i);
		scores[i] = in->values[3 * i + 2];
	}
	printf("%.17g\n", rate_trend(groups, scores, count));
	free(groups);
	free(scores);
}

static void needed(const struct numbers *in) {
	printf("%" PRIu64 "\n", rate_runs_needed(in->values[0], in->values[1]));
}

static void bound(const struct numbers *in) {
	printf("%" PRIu64 "\n", rate_runs_for_bound(in->values[0]));
}

/* p, then the sorted values. */
static void quantile(const struct numbers *in) {
	printf("%.17g\n", sample_quantile(in->values + 1, in->count - 1, in->values[0]));
}

static void print_interval(int status, const struct sample_interval *interval) {
	if (status)
		printf("error %d\n", status);
	else
		printf("%.17g %.17g %.17g\n", interval->value, interval->low, interval->high);
}

static void median(const struct numbers *in) {
	struct sample_interval ret;
	int status = sample_median(in->values, in->count, &ret, NULL);
	print_interval(status, &ret);
}

/* How many values a has, then its values and those of b. */
static void ratio(const struct numbers *in) {
	struct sample_interval ret;
	size_t a_count = (size_t)in->values[0];
	const double *a = in->values + 1, *b = a + a_count;
	int status = sample_ratio(a, a_count, b, in->count - 1 - a_count, &ret, NULL);
	print_interval(status, &ret);
}

/* Seed, bound, how many. */
static void draws(const struct numbers *in) {
	struct generator generator = {(uint64_t)in->values[0]};
	for (size_t i = 0; i < (size_t)in->values[2]; i++)
		printf("%s%" PRIu32, i ? " " : "",
			generator_below(&generator, (uint32_t)in->values[1]));
	putchar('\n');
}

static const struct {
	const char *name;
	void (*answer)(const struct numbers *in);
	size_t least; /* numbers */
} functions[] = {
	{"wilson", wilson, 2},
	{"newcombe", newcombe, 4},
	{"fisher", fisher, 4},
	{"trend", trend, 3},
	{"needed", needed, 2},
	{"bound", bound, 1},
	{"quantile", quantile, 2},
	{"median", median, 0},
	{"ratio", ratio, 1},
	{"draws", draws, 3},
};

static struct numbers parse(char *text) {
	struct numbers ret = {calloc(strlen(text) + 1, sizeof *ret.values), 0};
	if (!ret.values)
		abort();
	for (char *end; *text; text = end) {
		ret.values[ret.count] = strtod(text, &end);
		if (end == text)
			break;
		ret.count++;
	}
	return ret;
}

static int answer(char *line) {
	size_t length = strcspn(line, " \n");
	struct numbers in = parse(line + length);
	int status = -1;
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		if (strlen(functions[i].name) != length ||
			strncmp(functions[i].name, line, length) != 0)
			continue;
		if (in.count < functions[i].least)
			break;
		functions[i].answer(&in);
		status = 0;
	}
	if (status)
		fprintf(stderr, "not understood: %s", line);
	free(in.values);
	return status;
}

int main(void) {
	char *line = NULL;
	size_t size = 0;
	int status = 0;
	while (status == 0 && getline(&line, &size, stdin) > 0)
		status = answer(line);
	free(line);
	return status ? 1 : 0;
}
