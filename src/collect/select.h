/*
 * What is taken from a folder without being asked for, by name and by content.
 */
#ifndef COLLECT_SELECT_H
#define COLLECT_SELECT_H

#include "ips/report.h"

#include <stdbool.h>

/* Python*, python*, agxtriage-repro*, gpuEvent-*, panic-*, *.panic, JetsamEvent-*. path: its last
 * part counts. */
bool select_by_name(const char *path);
/* GPU events, panics, jetsam events, and crashes with AGX, Metal, IOGPU or MPS in the crashed
 * thread. */
bool select_by_content(const struct report *report);
/* Whether the name promises a report (.ips, .crash, .panic): then an unreadable content is a
 * rejection, and else the file is simply something else. */
bool select_is_report_name(const char *path);

#endif
