/*
 * How the collector and its database are, as far as it can be told without changing anything. What
 * cannot be told is absent and named as trouble; nothing here fails.
 */
#ifndef CLI_STATUS_FACTS_H
#define CLI_STATUS_FACTS_H

#include "cli/cli.h"
#include "collect/folders.h"

#define STATUS_REJECTIONS 3

struct status_folder {
	char *path;
	char state[32];
};

struct status_rejection {
	char *path, *reason;
};

struct status_facts {
	const char *db_path; /* borrowed from cli */
	bool running;
	struct i64_opt pid, since_us;
	struct status_folder *folders;
	size_t folder_count;
	bool has_counts; /* the database could be read */
	struct store_counts counts;
	struct status_rejection rejections[STATUS_REJECTIONS]; /* the newest first */
	size_t rejection_count;
	int64_t regressed_sites, regressed_signatures;
	int64_t queue;
	struct i64_opt last_event_at_us, last_scan_at_us, last_error_at_us;
	char *last_error;
	struct i64_opt database_bytes; /* also of a database that cannot be read */
	struct buf trouble;            /* one line; empty: everything is well */
};

/* CLI_DONE, or CLI_FAILED after logging why there is not even a place to look at. */
enum cli_status status_facts_collect(struct cli *cli, struct status_facts *ret);
void status_facts_finish(struct status_facts *facts);

/* What a folder that nobody watches is like: missing, unreadable or unwatched. */
enum folder_state status_folder_look(const char *path);

#endif
