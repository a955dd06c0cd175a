/* scan: takes in files and folders once. */
#include "collect/scan.h"
#include "base/log.h"
#include "cli/commands.h"
#include "export/json_out.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_COLUMNS 30

struct scan_options_cli {
	bool all, recursive, json;
	struct option_list include, exclude;
};

static const struct option_row options[] = {
	{.name = "all",
		.letter = 'a',
		.help = "take every process, not only Python, AGX and Metal",
		.type = OPTION_FLAG,
		.offset = offsetof(struct scan_options_cli, all)},
	{.name = "include",
		.argument = "GLOB",
		.help = "names taken whatever they hold; may be repeated",
		.type = OPTION_LIST,
		.offset = offsetof(struct scan_options_cli, include)},
	{.name = "exclude",
		.argument = "GLOB",
		.help = "names never taken from a folder; may be repeated",
		.type = OPTION_LIST,
		.offset = offsetof(struct scan_options_cli, exclude)},
	{.name = "recursive",
		.help = "look into all subfolders, not only into Retired/",
		.type = OPTION_FLAG,
		.offset = offsetof(struct scan_options_cli, recursive)},
	{.name = "json",
		.help = "the summary as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct scan_options_cli, json)},
	{0},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
	interrupted = 1;
}

struct display {
	bool bar; /* stderr is a terminal that may be drawn on */
	bool drawn;
	size_t columns;
};

static void clear_bar(struct display *display) {
	if (display->drawn)
		fputs("\r\033[K", stderr);
	display->drawn = false;
}

static void on_progress(uint64_t done, uint64_t total, void *user) {
	struct display *display = user;
	char bar[BAR_COLUMNS + 1], count[64];
	if (!display->bar || !total)
		return;
	int width = snprintf(count, sizeof count, "%llu of %llu reports", (unsigned long long)done,
		(unsigned long long)total);
	size_t full = done < total ? (size_t)(done * BAR_COLUMNS / total) : BAR_COLUMNS;
	memset(bar, ' ', BAR_COLUMNS);
	memset(bar, '#', full);
	bar[BAR_COLUMNS] = '\0';
	/* A line that wraps could not be drawn over. */
	if ((size_t)width + BAR_COLUMNS + sizeof "[] " <= display->columns)
		fprintf(stderr, "\r[%s] %s\033[K", bar, count);
	else if ((size_t)width < display->columns)
		fprintf(stderr, "\r%s\033[K", count);
	else
		return;
	display->drawn = true;
}

static void on_rejected(const char *path, const char *reason, void *user) {
	clear_bar(user);
	log_warning("rejected %s: %s", path, reason);
}

/* What the walk of all PATHs came to. */
struct paths {
	struct walk walk;
	int named;   /* PATHs given */
	int missing; /* of those, how many could not be looked at */
};

static int add_folders(
	struct paths *paths, enum walk_depth depth, const struct config *config, struct err *err) {
	for (const char *const *folder = config_list(config, CONFIG_FOLDERS); *folder; folder++) {
		int code = walk_add(&paths->walk, *folder, depth, err);
		if (code == -ENOENT)
			log_info("no folder %s yet", *folder);
		else if (code && code != -ENOMEM)
			log_warning("%s", err->text);
		if (code == -ENOMEM)
			return code;
	}
	return 0;
}

static int add_paths(struct paths *paths, enum walk_depth depth, char **operands, struct err *err) {
	for (int i = 0; operands[i]; i++) {
		int code = walk_add(&paths->walk, operands[i], depth, err);
		if (code == -ENOMEM)
			return code;
		paths->named++;
		if (!code)
			continue;
		paths->missing++;
		log_error("%s", err->text);
	}
	return 0;
}

static void print_json(struct cli *cli, const struct ingest_summary *summary) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_u64(&out, "seen", summary->seen);
	json_out_u64(&out, "added", summary->added);
	json_out_u64(&out, "known", summary->known);
	json_out_u64(&out, "passed_over", summary->passed_over);
	json_out_u64(&out, "rejected", summary->rejected);
	json_out_u64(&out, "conflicts", summary->conflicts);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

static void print_text(struct cli *cli, const struct ingest_summary *summary, bool all) {
	struct buf text = {0};
	buf_printf(&text,
		"%llu report%s seen: %llu new, %llu known, %llu passed over, %llu rejected\n",
		(unsigned long long)summary->seen, summary->seen == 1 ? "" : "s",
		(unsigned long long)summary->added, (unsigned long long)summary->known,
		(unsigned long long)summary->passed_over, (unsigned long long)summary->rejected);
	if (summary->conflicts)
		buf_printf(&text, "%llu came again with other content; the first one stays\n",
			(unsigned long long)summary->conflicts);
	if (!text.failed)
		term_put(&cli->out, text.data, text.len);
	buf_finish(&text);
	if (summary->passed_over && !all)
		log_info("passed over: other processes; 'agxtriage scan --all' takes them");
	if (summary->rejected)
		log_info("rejected files and why: 'agxtriage list --rejected'");
	if (!summary->seen)
		log_info("no files there; 'agxtriage scan PATH' reads another file or folder");
	if (summary->added)
		log_info(
			"next: 'agxtriage top' counts by site, 'agxtriage show' explains the latest");
}

/* The flags over the configuration. */
static int configure(
	struct config *config, const struct scan_options_cli *chosen, struct err *err) {
	const struct option_list *include = &chosen->include, *exclude = &chosen->exclude;
	const char *yes = "true";
	int r = 0;
	if (chosen->all)
		r = config_set(config, CONFIG_ALL, &yes, 1, CONFIG_FLAG, err);
	if (include->count && r == 0)
		r = config_set(
			config, CONFIG_INCLUDE, include->items, include->count, CONFIG_FLAG, err);
	if (exclude->count && r == 0)
		r = config_set(
			config, CONFIG_EXCLUDE, exclude->items, exclude->count, CONFIG_FLAG, err);
	return r;
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct scan_options_cli *chosen = values;
	enum walk_depth depth = chosen->recursive ? WALK_RECURSIVE : WALK_RETIRED;
	struct err err = {0};
	struct paths paths = {0};
	struct ingest_summary summary = {0};
	struct term terminal;
	term_init(&terminal, stderr, TERM_COLOR_NEVER);
	struct display display = {.bar = term_is_live(STDERR_FILENO) && !cli->globals.quiet,
		.columns = terminal.columns};
	if (configure(&cli->config, chosen, &err) < 0)
		return cli_usage(cli, "%s", err.text);
	const struct selection selection = config_selection(&cli->config);
	const struct scan_options scan = {
		.selection = &selection,
		.stop = &interrupted,
		.on_progress = on_progress,
		.on_rejected = on_rejected,
		.user = &display,
	};
	int code = count ? add_paths(&paths, depth, operands, &err)
			 : add_folders(&paths, depth, &cli->config, &err);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!code)
		code = scan_run(cli->store, cli->rules, &paths.walk, &scan, &summary, &err);
	clear_bar(&display);
	walk_finish(&paths.walk);
	if (code && code != -ECANCELED)
		return cli_fail(&err);
	if (chosen->json)
		print_json(cli, &summary);
	/* Of PATHs that are not there the errors tell all. */
	else if (!(paths.named && paths.missing == paths.named))
		print_text(cli, &summary, selection.all);
	if (code)
		return cli_fail(&err);
	/* Nothing that was asked for could be taken. */
	bool useless = paths.named && summary.added + summary.known + summary.passed_over == 0 &&
		       (paths.missing || summary.rejected);
	return useless ? CLI_FAILED : CLI_DONE;
}

const struct command scan_command = {
	.name = "scan",
	.operands = "[PATH...]",
	.summary = "take in reports once, from files and folders",
	.details =
		"Without PATH the configured folders are read, by default the system's report\n"
		"folders. A folder is taken with its Retired/. Of a folder only Python's crashes,\n"
		"crashes inside AGX or Metal, GPU events, panics and jetsam events are taken\n"
		"unless --all is given; --include replaces the patterns of names that are taken\n"
		"whatever they hold, --exclude those of names that never are. A file that is\n"
		"named is always taken. Files are never changed. Scanning again adds nothing\n"
		"twice.",
	.options = options,
	.options_bytes = sizeof(struct scan_options_cli),
	.operands_max = -1,
	.needs = NEED_STORE_CREATE | NEED_RULES | NEED_CONFIG,
	.run = run,
};
