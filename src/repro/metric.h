/*
 * A number that a program prints about itself, found by a regular expression. Pure.
 */
#ifndef REPRO_METRIC_H
#define REPRO_METRIC_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The last match in text, line by line (a carriage return ends a line too): of its first group, or
 * of the whole match if the expression has none. False when nothing matches, or when what matches
 * last is not a number and nothing else; "6,149" is none.
 */
bool metric_find(const regex_t *expression, const char *text, size_t len, double *ret);

/* "12", "-3.5", ".5", "1e3", blanks around: the decimal point of no locale. */
bool metric_number(const char *text, size_t len, double *ret);

#endif
