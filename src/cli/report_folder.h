/* Where a crash report of our own making is noticed. */
#ifndef CLI_REPORT_FOLDER_H
#define CLI_REPORT_FOLDER_H

#include "cli/cli.h"

/*
 * The first folder that is watched, by the daemon that runs or else by the configuration, and can
 * be written to; the default one is made when it is missing. To be freed; NULL when there is none.
 */
char *report_folder_find(struct cli *cli);

#endif
