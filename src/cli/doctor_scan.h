/* One scan of the watched folders, as `agxtriage scan` would do it. */
#ifndef CLI_DOCTOR_SCAN_H
#define CLI_DOCTOR_SCAN_H

#include "cli/doctor.h"
#include "collect/ingest.h"

/* Into doctor->store. A folder that cannot be read is left out: another check tells of it. */
int doctor_scan(struct doctor *doctor, struct ingest_summary *ret, struct err *err);

#endif
