/* Medians by resampling. Knows nothing of what was measured. */
#include "triage/sample.h"

#include "triage/generator.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right) {
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

static void sort(double *values, size_t count) {
	qsort(values, count, sizeof *values, compare);
}

/* A weighted mean, because the distance of two finite values may be infinite; and none between
 * equal values, where rounding would make it differ from both. */
double sample_quantile(const double *sorted, size_t count, double p) {
	assert(count > 0 && p >= 0 && p <= 1);
	double place = (double)(count - 1) * p;
	size_t below = (size_t)place;
	double share = place - (double)below;
	if (share == 0 || sorted[below] == sorted[below + 1])
		return sorted[below];
	return (1 - share) * sorted[below] + share * sorted[below + 1];
}

/* The value that stands at a place of the resample, which holds values[i] drawn[i] times. */
struct walk {
	const uint32_t *drawn;
	size_t at;
	uint64_t passed; /* values of the resample up to and including at */
};

static size_t walk_to(struct walk *walk, uint64_t place) {
	while (walk->passed <= place)
		walk->passed += walk->drawn[++walk->at];
	return walk->at;
}

/* A resample needs no sorting: how often each of the sorted values was drawn is enough. */
static double resample_median(
	struct generator *generator, const double *sorted, uint32_t count, uint32_t *drawn) {
	memset(drawn, 0, count * sizeof *drawn);
	for (uint32_t i = 0; i < count; i++)
		drawn[generator_below(generator, count)]++;
	struct walk walk = {drawn, 0, drawn[0]};
	double low = sorted[walk_to(&walk, (count - 1) / 2)];
	double high = sorted[walk_to(&walk, count / 2)];
	return sample_quantile((const double[]){low, high}, 2, 0.5);
}

/* Everything that is allocated for one set of values. */
struct resamples {
	double *sorted;
	uint32_t count;
	double *medians; /* SAMPLE_RESAMPLES, in the order in which they were drawn */
};

static void finish(struct resamples *resamples) {
	free(resamples->sorted);
	free(resamples->medians);
}

static int check(const double *values, size_t count, struct err *err) {
	if (count == 0)
		return err_set(err, -EINVAL, "no values to take a median of");
	if (count > SAMPLE_VALUES_MAX)
		return err_set(
			err, -EINVAL, "%zu values are more than %d", count, SAMPLE_VALUES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i]))
			return err_set(
				err, -EINVAL, "value %zu of %zu is not finite", i + 1, count);
	}
	return 0;
}

/* ret is to be finished also after an error. */
static int draw(struct generator *generator, const double *values, size_t count,
	struct resamples *ret, struct err *err) {
	int status = check(values, count, err);
	if (status)
		return status;
	uint32_t *drawn = calloc(count, sizeof *drawn);
	ret->sorted = malloc(count * sizeof *ret->sorted);
	ret->medians = malloc(SAMPLE_RESAMPLES * sizeof *ret->medians);
	if (!drawn || !ret->sorted || !ret->medians) {
		free(drawn);
		return err_set(err, -ENOMEM, "no memory for the resamples of %zu values", count);
	}
	memcpy(ret->sorted, values, count * sizeof *values);
	sort(ret->sorted, count);
	ret->count = (uint32_t)count;
	for (size_t i = 0; i < SAMPLE_RESAMPLES; i++)
		ret->medians[i] = resample_median(generator, ret->sorted, ret->count, drawn);
	free(drawn);
	return 0;
}

/* Sorts the resampled values. */
static struct sample_interval interval_of(double value, double *resampled) {
	sort(resampled, SAMPLE_RESAMPLES);
	return (struct sample_interval){
		.value = value,
		.low = sample_quantile(resampled, SAMPLE_RESAMPLES, 0.025),
		.high = sample_quantile(resampled, SAMPLE_RESAMPLES, 0.975),
	};
}

int sample_median(
	const double *values, size_t count, struct sample_interval *ret, struct err *err) {
	struct generator generator = {SAMPLE_SEED};
	struct resamples resamples = {0};
	int status = draw(&generator, values, count, &resamples, err);
	if (status)
		goto out;
	*ret = interval_of(
		sample_quantile(resamples.sorted, resamples.count, 0.5), resamples.medians);
out:
	finish(&resamples);
	return status;
}

/* Puts a / b into a. */
static int divide(double *a, const double *b, size_t count, struct err *err) {
	for (size_t i = 0; i < count; i++) {
		if (!(b[i] > 0))
			return err_set(err, -EINVAL, "a ratio to a median of %g", b[i]);
		a[i] /= b[i];
		if (!isfinite(a[i]))
			return err_set(err, -ERANGE, "a ratio is too large");
	}
	return 0;
}

int sample_ratio(const double *a, size_t a_count, const double *b, size_t b_count,
	struct sample_interval *ret, struct err *err) {
	struct generator generator = {SAMPLE_SEED};
	struct resamples over = {0}, under = {0};
	int status = draw(&generator, a, a_count, &over, err);
	if (status)
		goto out;
	status = draw(&generator, b, b_count, &under, err);
	if (status)
		goto out;
	double value = sample_quantile(over.sorted, over.count, 0.5);
	double divisor = sample_quantile(under.sorted, under.count, 0.5);
	status = divide(&value, &divisor, 1, err);
	if (status)
		goto out;
	status = divide(over.medians, under.medians, SAMPLE_RESAMPLES, err);
	if (status)
		goto out;
	*ret = interval_of(value, over.medians);
out:
	finish(&over);
	finish(&under);
	return status;
}
