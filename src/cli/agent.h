/*
 * The launchd agent: what its commands share. What is installed is a property list in the user's
 * LaunchAgents and nothing else; launchd keeps `agxtriage daemon --agent` running by it.
 */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H

#include "cli/cli.h"
#include "cli/launchd.h"

#include <stdbool.h>

/* A label need not be a domain turned round, and no domain is ours. */
#define AGENT_LABEL "agxtriage"

struct agent {
	char *plist_path; /* ~/Library/LaunchAgents/LABEL.plist */
	char *log_path;   /* ~/Library/Logs/agxtriage/daemon.log */
	char *program;    /* this program, by a path that outlives an upgrade */
	char *db;         /* absolute; NULL: the default */
	char *config;     /* absolute; NULL: the default */
	struct launchd launchd;
};

/* From the command line and the surroundings. -ENOENT without HOME or launchctl. */
int agent_init(struct cli *cli, struct agent *ret, struct err *err);
void agent_finish(struct agent *agent);

/* The database that the agent serves. NULL without HOME, or without memory; to be freed. */
char *agent_db_path(const struct agent *agent);

/* The property list that belongs there. */
int agent_plist(
	const struct agent *agent, enum launchd_domain domain, struct buf *ret, struct err *err);

/*
 * Reads the property list that is there: 1, or 0 when there is none. With adopt its database and
 * configuration become the agent's, where the command line named none.
 */
int agent_read_plist(struct agent *agent, bool adopt, struct buf *ret, struct err *err);

/* The value behind an option ("--db") in the arguments of a property list, to be freed; NULL when
 * it is not there. */
char *agent_plist_option(const char *plist, const char *name);

/* "/opt/homebrew/opt/NAME/bin/x" for "/opt/homebrew/Cellar/NAME/1.2/bin/x" where both are the same
 * file, else path; to be freed. */
char *agent_stable_program(const char *path);
/* NULL, or why a program at path will not be there for long. Constant text. */
const char *agent_program_doubt(const char *path, const char *home);

/* Prints text, of which the paths may hold anything, and empties it. */
void agent_put(struct cli *cli, struct buf *text);

/* ---- the commands ---- */

enum cli_status agent_install(struct cli *cli, struct agent *agent);
enum cli_status agent_uninstall(struct cli *cli, struct agent *agent);
enum cli_status agent_status(struct cli *cli, struct agent *agent, bool json);

/* Takes in what is on disk already, so that the daemon's hook is not called for it. */
enum cli_status agent_take_backlog(struct cli *cli);

#endif
