/*
 * Where things live on this platform. The only header that differs between macOS and the rest
 * (places_*.c).
 */
#ifndef BASE_PLACES_H
#define BASE_PLACES_H

#include <stddef.h>

/* Each returns a path to be freed with free(), or NULL when HOME is not set or without memory. */

/* macOS: ~/Library/Application Support/agxtriage; elsewhere $XDG_DATA_HOME/agxtriage */
char *places_data_folder(void);
/* macOS: as above; elsewhere $XDG_CONFIG_HOME/agxtriage: config.json and rules.d/ */
char *places_config_folder(void);
/* The watched folders: macOS: the user's and the system's DiagnosticReports; elsewhere
 * DATA/reports. Index from 0; NULL behind the last. "Retired" below each belongs to it. */
char *places_report_folder(size_t index);

#endif
