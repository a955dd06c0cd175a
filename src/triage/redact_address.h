/*
 * Addresses of machines in networks, and what only looks like one: versions, scopes of C++.
 */
#ifndef TRIAGE_REDACT_ADDRESS_H
#define TRIAGE_REDACT_ADDRESS_H

#include "triage/redact_names.h"
#include "triage/redact_scan.h"

/* Bytes of "192.168.1.20" at text, 0 for none; a longer row of numbers is a version. */
size_t redact_ipv4(const char *text, size_t len);

/* Each tells what stands at at, bytes read, 0 for none. */
size_t redact_find_address(const struct redact_scan *scan, size_t at, size_t to);
/* One that is joined to the word at at: "worker_10.213.35.60". */
size_t redact_find_joined(const struct redact_scan *scan, size_t at, size_t to, bool prose);

/* Bytes of 8-4-4-4-12 hexadecimal digits, joined by dashes or underscores. */
size_t redact_uuid(const char *text, size_t len);

/* Addresses that a report has where no version is expected. Returns 0 or -ENOMEM. */
int redact_learn_addresses(struct redact_names *names, const char *text, size_t len);
/* Whether one of them stands in text, which has the shape of a version. */
bool redact_address_known(const struct redact_names *names, const char *text, size_t len);

#endif
