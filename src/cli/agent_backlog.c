/* The scan before the agent starts. */
#include "base/log.h"
#include "cli/agent.h"
#include "collect/scan.h"

#include <errno.h>

static void on_rejected(const char *path, const char *reason, void *user) {
	log_debug("rejected %s: %s", path, reason);
}

static int walk_folders(const struct config *config, struct walk *walk, struct err *err) {
	const char *const *folders = config_list(config, CONFIG_FOLDERS);
	for (size_t i = 0; folders[i]; i++) {
		int r = walk_add(walk, folders[i], WALK_RETIRED, err);
		if (r == -ENOMEM)
			return r;
		if (r == -ENOENT)
			log_debug("no folder %s yet", folders[i]);
		else if (r < 0)
			log_warning("%s", err->text);
	}
	return 0;
}

enum cli_status agent_take_backlog(struct cli *cli) {
	struct err err = {0};
	struct walk walk = {0};
	struct ingest_summary summary = {0};
	enum cli_status status = cli_provide(cli, NEED_CONFIG | NEED_RULES | NEED_STORE_CREATE);
	if (status != CLI_DONE)
		return status;
	const struct selection selection = config_selection(&cli->config);
	const struct scan_options scan = {.selection = &selection, .on_rejected = on_rejected};
	int r = walk_folders(&cli->config, &walk, &err);
	if (r >= 0)
		r = scan_run(cli->store, cli->rules, &walk, &scan, &summary, &err);
	walk_finish(&walk);
	/* The daemon is about to open it. */
	store_close(cli->store);
	cli->store = NULL;
	if (r < 0)
		return cli_fail(&err);
	log_info("%llu reports are there already, %llu of them new",
		(unsigned long long)summary.seen, (unsigned long long)summary.added);
	return CLI_DONE;
}
