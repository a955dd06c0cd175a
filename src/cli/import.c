/* agxtriage import: takes an archive in again, on the side of whoever received it. */
#include "export/archive_import.h"

#include "base/log.h"
#include "cli/commands.h"
#include "cli/helper.h"
#include "export/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct import_options {
	bool json;
};

static const struct option_row option_rows[] = {
	{.name = "json",
		.help = "the summary as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct import_options, json)},
	{0},
};

static volatile bool interrupted;

static void on_interrupt(int number) {
	interrupted = true;
}

static void on_problem(const char *member, const char *reason, void *user) {
	const char *archive = user;
	if (member)
		log_warning("%s: %s: %s", archive, member, reason);
	else
		log_warning("%s: %s", archive, reason);
}

static void add(struct archive_imported *sum, const struct archive_imported *one) {
	sum->seen += one->seen;
	sum->added += one->added;
	sum->known += one->known;
	sum->rejected += one->rejected;
	sum->conflicts += one->conflicts;
	sum->damaged += one->damaged;
	sum->missing += one->missing;
	sum->unverified += one->unverified;
	sum->without_report += one->without_report;
	sum->states += one->states;
	sum->redacted |= one->redacted;
}

static void put_json(struct cli *cli, const struct archive_imported *sum) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_u64(&out, "seen", sum->seen);
	json_out_u64(&out, "added", sum->added);
	json_out_u64(&out, "known", sum->known);
	json_out_u64(&out, "rejected", sum->rejected);
	json_out_u64(&out, "conflicts", sum->conflicts);
	json_out_u64(&out, "damaged", sum->damaged);
	json_out_u64(&out, "missing", sum->missing);
	json_out_u64(&out, "unverified", sum->unverified);
	json_out_u64(&out, "without_report", sum->without_report);
	json_out_u64(&out, "states", sum->states);
	json_out_bool(&out, "redacted", sum->redacted);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

static void put_text(struct cli *cli, const struct archive_imported *sum) {
	struct buf text = {0};
	buf_printf(&text,
		"%" PRIu64 " report%s seen: %" PRIu64 " new, %" PRIu64 " known, %" PRIu64
		" rejected\n",
		sum->seen, sum->seen == 1 ? "" : "s", sum->added, sum->known, sum->rejected);
	if (sum->conflicts)
		buf_printf(&text, "%" PRIu64 " came with other content; the first one stays\n",
			sum->conflicts);
	if (sum->states)
		buf_printf(&text, "%" PRIu64 " state%s taken over\n", sum->states,
			sum->states == 1 ? "" : "s");
	term_put_buf(&cli->out, &text);
	buf_finish(&text);
	if (sum->without_report)
		log_info("%" PRIu64 " incident%s no report in it: incidents.json there has what is"
			 " known",
			sum->without_report, sum->without_report == 1 ? " has" : "s have");
	if (sum->redacted && sum->added)
		log_info("redacted: private names stand there as <user-1>, <path-1> and so on");
}

static int import_one(
	struct cli *cli, const char *program, const char *word, struct archive_imported *sum) {
	bool is_stdin = strcmp(word, "-") == 0;
	char name[] = "stdin";
	struct archive_imported one;
	struct err err = {0};
	char *shown = is_stdin ? name : strdup(word);
	const struct archive_import_options options = {
		.program = program,
		.path = is_stdin ? NULL : word,
		.rules = cli->rules,
		.stop = &interrupted,
		.on_problem = on_problem,
		.user = shown,
	};
	int r = shown ? archive_import(cli->store, &options, &one, &err)
		      : err_set(&err, -ENOMEM, "out of memory");
	if (shown)
		add(sum, &one);
	if (r < 0)
		log_error("%s", err.text);
	if (!is_stdin)
		free(shown);
	return r;
}

static enum cli_status import_run(struct cli *cli, const void *values, int count, char **operands) {
	const struct import_options *options = values;
	struct archive_imported sum = {0};
	struct err err = {0};
	char *program = NULL;
	int failed = 0;
	if (helper_find("agxtriage-bundle", &program, &err) < 0)
		return cli_fail(&err);
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	for (int i = 0; i < count && !interrupted; i++)
		failed += import_one(cli, program, operands[i], &sum) < 0;
	free(program);
	/* Of archives that could not be read at all the errors tell everything. */
	if (options->json)
		put_json(cli, &sum);
	else if (sum.seen || !failed)
		put_text(cli, &sum);
	if (failed || interrupted || sum.rejected || sum.damaged || sum.missing)
		return CLI_FAILED;
	return sum.seen ? CLI_DONE : CLI_NOTHING;
}

const struct command import_command = {
	.name = "import",
	.operands = "FILE...",
	.summary = "take in an archive that 'agxtriage export' made",
	.details =
		"FILE is an archive; - is stdin. Its reports go the same way as any others:\n"
		"parsed, triaged with the rules here, stored, none twice. Checksums are held\n"
		"against the manifest; what is damaged is rejected, the rest is taken. States\n"
		"of signatures and sites are taken over where there are none yet. Exit status 1\n"
		"when anything was damaged, missing or rejected, 3 when there is no report.",
	.options = option_rows,
	.options_bytes = sizeof(struct import_options),
	.operands_min = 1,
	.operands_max = -1,
	.needs = NEED_STORE_CREATE | NEED_RULES,
	.run = import_run,
};
