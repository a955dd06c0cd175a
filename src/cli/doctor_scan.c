/* Walks the configured folders and takes in what is new. */
#include "cli/doctor_scan.h"

#include "base/log.h"
#include "collect/scan.h"

#include <errno.h>

int doctor_scan(struct doctor *doctor, struct ingest_summary *ret, struct err *err) {
	const struct selection selection = config_selection(&doctor->config);
	const struct scan_options options = {.selection = &selection};
	const char *const *folders = config_list(&doctor->config, CONFIG_FOLDERS);
	struct walk walk = {0};
	int r = 0;
	*ret = (struct ingest_summary){0};
	if (cli_provide_rules(doctor->cli, NULL) != CLI_DONE)
		return err_set(err, -ENOMEM, "the rules cannot be loaded");
	for (size_t i = 0; folders && folders[i] && r != -ENOMEM; i++) {
		r = walk_add(&walk, folders[i], WALK_RETIRED, err);
		if (r < 0 && r != -ENOMEM)
			log_debug("%s", err->text);
	}
	if (r != -ENOMEM)
		r = scan_run(doctor->store, doctor->cli->rules, &walk, &options, ret, err);
	walk_finish(&walk);
	return r;
}
