/*
 * Symbols for the frames that show is about to print: those that the database has, and, when asked
 * for, those that atos finds.
 */
#ifndef CLI_SHOW_SYMBOLS_H
#define CLI_SHOW_SYMBOLS_H

#include "cli/cli.h"
#include "ips/report.h"

struct show_symbols {
	bool ask;    /* atos, for what the database does not have */
	bool all;    /* threads */
	bool stored; /* the report is of cli->store, which knows symbols */
};

/* Those of --symbols, NULL-terminated or NULL, go before those of the configuration, which is
 * there; once. */
enum cli_status show_symbols_folders(struct cli *cli, const char *const *named);
/* What cannot be completed is logged, not failed for. A signal that came meanwhile takes effect
 * afterwards. */
void show_symbols_complete(struct cli *cli, const struct show_symbols *how, struct report *report);

#endif
