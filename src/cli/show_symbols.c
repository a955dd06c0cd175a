/* Asking for symbols, with what a person should hear of it. */
#include "cli/show_symbols.h"

#include "base/log.h"
#include "collect/symbolication.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- signals: a program that runs for us has a process group of its own ---- */

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { END_SIGNAL_COUNT = sizeof end_signals / sizeof *end_signals };

static volatile bool stopped;
static volatile sig_atomic_t stopped_by;

static void on_end_signal(int number) {
	stopped_by = number;
	stopped = true;
}

static void catch_signals(struct sigaction old[END_SIGNAL_COUNT]) {
	struct sigaction action = {.sa_handler = on_end_signal};
	sigemptyset(&action.sa_mask);
	stopped = false;
	for (int i = 0; i < END_SIGNAL_COUNT; i++) {
		sigaction(end_signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(end_signals[i], &action, NULL);
	}
}

static void release_signals(const struct sigaction old[END_SIGNAL_COUNT]) {
	for (int i = 0; i < END_SIGNAL_COUNT; i++)
		sigaction(end_signals[i], &old[i], NULL);
	if (stopped)
		raise(stopped_by);
}

/* ---- folders ---- */

static size_t count_of(const char *const *list) {
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

static bool has(const char *const *list, size_t count, const char *word) {
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* Those of the command line first; made absolute, so that none looks like an option to atos. The
 * daemon names all that the configuration has: each is looked into once. */
enum cli_status show_symbols_folders(struct cli *cli, const char *const *named) {
	struct err err = {0};
	const char *const *configured = config_list(&cli->config, CONFIG_SYMBOLS);
	size_t named_count = count_of(named), count = named_count;
	if (!named_count)
		return CLI_DONE;
	const char **all = calloc(named_count + count_of(configured) + 1, sizeof *all);
	int r = all ? 0 : err_set(&err, -ENOMEM, "out of memory");
	for (size_t i = 0; all && i < named_count; i++)
		all[i] = named[i];
	for (; all && *configured; configured++)
		if (!has(named, named_count, *configured))
			all[count++] = *configured;
	if (r == 0)
		r = config_set(&cli->config, CONFIG_SYMBOLS, all, count, CONFIG_FLAG, &err);
	free(all);
	return r < 0 ? cli_fail(&err) : CLI_DONE;
}

/* ---- what is told ---- */

static void tell(const struct symbolication *done) {
	const char *image = done->first_image ? done->first_image : "an image";
	if (done->trouble.code)
		log_warning("not all frames got symbols: %s", done->trouble.text);
	if (done->without_file)
		log_warning("%zu place%s got no symbol: no file with the UUID of %s%s is here",
			done->without_file, done->without_file == 1 ? "" : "s", image,
			done->images_without_file > 1 ? " (and other images)" : "");
}

/* Another handle than the one that shows: that one is open for reading only. */
static void keep(struct cli *cli, const struct symbolication *done) {
	struct err err = {0};
	struct store *store = NULL;
	int r = store_open(cli_db_path(cli), STORE_WRITE, &store, &err);
	if (r == 0)
		r = symbolication_save(done, store, &err);
	if (r < 0)
		log_warning("the symbols are shown and not kept: %s", err.text);
	store_close(store);
}

static void ask(struct cli *cli, const struct show_symbols *how, struct symbolication *asked) {
	struct err err = {0};
	struct sigaction old[END_SIGNAL_COUNT];
	const struct symbolication_options options = {
		.folders = config_list(&cli->config, CONFIG_SYMBOLS), .stop = &stopped};
	catch_signals(old);
	int r = symbolication_ask(asked, &options, &err);
	release_signals(old);
	if (r < 0)
		log_warning("not all frames got symbols: %s", err.text);
	else
		tell(asked);
	if (how->stored && symbolication_is_fresh(asked))
		keep(cli, asked);
}

void show_symbols_complete(struct cli *cli, const struct show_symbols *how, struct report *report) {
	struct symbolication symbols;
	struct err err = {0};
	if (!how->ask && !how->stored)
		return;
	int r = symbolication_init(&symbols, report, how->all, &report->arena, &err);
	if (r < 0) {
		log_warning("shown without found symbols: %s", err.text);
		return;
	}
	if (how->stored && symbolication_recall(&symbols, cli->store, &err) < 0)
		log_warning("not all found symbols are shown: %s", err.text);
	if (how->ask)
		ask(cli, how, &symbols);
	symbolication_apply(&symbols);
}
