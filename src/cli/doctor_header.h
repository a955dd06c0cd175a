/* The first hundred bytes of a SQLite file: without them SQLite does not look at the rest. */
#ifndef CLI_DOCTOR_HEADER_H
#define CLI_DOCTOR_HEADER_H

#include "base/err.h"

#include <stdbool.h>

/*
 * Whether a file that SQLite takes for no database once was one of ours: its bytes tell. Not while
 * it is open here, since closing it would drop SQLite's locks.
 */
bool doctor_header_is_damaged(const char *path);

/*
 * Copies the file to a new one beside it (*ret_path, to be freed and to be deleted) with the header
 * that our databases have. Good for reading the rest, not for going on with it.
 */
int doctor_header_mend(const char *path, char **ret_path, struct err *err);

#endif
