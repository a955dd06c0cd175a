/*
 * What is private by its form alone, wherever it stands: addresses, credentials, hosts, paths.
 */
#ifndef TRIAGE_REDACT_FIND_H
#define TRIAGE_REDACT_FIND_H

#include "triage/redact_scan.h"

/* Each tells what it finds at the start of a word at (in prose, or in an identifier's place) and
 * returns the bytes read, 0 when nothing stands there. All look at a bounded part of the text. */
size_t redact_find(const struct redact_scan *scan, size_t at, size_t to, bool prose);
/* A telephone's, a card's, an account's, a place's. */
size_t redact_find_number(const struct redact_scan *scan, size_t at, size_t to, bool prose);
size_t redact_find_credential(const struct redact_scan *scan, size_t at, size_t to);
/* One that its maker marked, also within an identifier. */
size_t redact_find_prefixed(const struct redact_scan *scan, size_t at, size_t to);
size_t redact_find_setting(const struct redact_scan *scan, size_t at, size_t to, bool prose);

/* A path that is known by how it starts ("/", "~/", "C:\", "@rpath/"), also behind a quote. */
size_t redact_find_path(const struct redact_scan *scan, size_t at, size_t to, bool prose);

/* Whether one starts there. */
bool redact_find_path_at(const struct redact_scan *scan, size_t at, size_t to);

/* "com.example.App": an identifier of a bundle as a whole text. */
bool redact_is_bundle(const char *text, size_t len);
/* Reads it: Apple's own stay, the words of others only when they are known. */
void redact_scan_bundle(const struct redact_scan *scan, size_t from, size_t to);
/* Bytes of "com.apple.driver.Name(1.2)", a part of the kernel, at text; 0 when none stands there.
 */
size_t redact_kernel_part(const char *text, size_t len);

/* A private name that starts at at, whole words only where it must be. */
size_t redact_find_name(const struct redact_scan *scan, size_t from, size_t at, size_t to);

/* Whether one stands anywhere in the word. */
bool redact_has_name(const struct redact_scan *scan, size_t from, size_t to);

/* Bytes of a separator of folders: "/", "\/", "%2F", "\", "\\"; 0 for none. */
size_t redact_separator(const char *text, size_t len);

#endif
