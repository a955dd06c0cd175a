/* agxtriage gc: makes the database smaller. */
#include "base/log.h"
#include "cli/commands.h"
#include "export/json_out.h"

#include <inttypes.h>
#include <signal.h>

struct gc_options {
	bool recompress, json;
};

/* Set by the signal handler, polled between rows; what is done until then stays. */
static volatile bool interrupted;

static void on_interrupt(int number) {
	(void)number;
	interrupted = true;
}

static void print_summary(
	struct cli *cli, bool json, bool trained, const struct store_recompress *done) {
	struct buf line = {0};
	if (json) {
		struct json_out out;
		json_out_init(&out, &line);
		json_out_object(&out, NULL);
		json_out_u64(&out, "recompressed", done->rows);
		json_out_u64(&out, "bytes_before", done->bytes_before);
		json_out_u64(&out, "bytes_after", done->bytes_after);
		json_out_bool(&out, "dictionary_trained", trained);
		json_out_object_end(&out);
	} else if (!done->rows) {
		buf_add_str(&line, "nothing to recompress");
	} else {
		buf_printf(&line,
			"recompressed %" PRIu64 " report%s%s: %" PRIu64 " -> %" PRIu64 " bytes",
			done->rows, done->rows == 1 ? "" : "s",
			trained ? " with a new dictionary" : "", done->bytes_before,
			done->bytes_after);
	}
	buf_add_char(&line, '\n');
	term_put_buf(&cli->out, &line);
	buf_finish(&line);
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct gc_options *options = values;
	struct store_recompress done = {0};
	struct err err = {0};
	bool trained = false;
	if (!options->recompress)
		return cli_usage(cli, "nothing asked for; --recompress is what it can do");
	if (store_train(cli->store, &trained, &err) < 0)
		return cli_fail(&err);
	struct sigaction action = {.sa_handler = on_interrupt};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (store_recompress(cli->store, &interrupted, &done, &err) < 0)
		return cli_fail(&err);
	if (interrupted)
		log_warning("interrupted; run it again to do the rest");
	print_summary(cli, options->json, trained, &done);
	return interrupted ? CLI_FAILED : CLI_DONE;
}

static const struct option_row option_rows[] = {
	{.name = "recompress",
		.help = "compress reports harder, with their own dictionary",
		.type = OPTION_FLAG,
		.offset = offsetof(struct gc_options, recompress)},
	{.name = "json",
		.help = "the summary as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct gc_options, json)},
	{0},
};

const struct command gc_command = {
	.name = "gc",
	.summary = "make the database smaller without losing anything",
	.options = option_rows,
	.options_bytes = sizeof(struct gc_options),
	.needs = NEED_STORE_CHANGE,
	.run = run,
};
