/* How the answer of an experiment is printed: as text, JSON, CSV, Markdown, or for hyperfine's
 * readers. */
#include "base/log.h"
#include "cli/measure.h"

#include <errno.h>

enum cli_status measure_check_format(struct cli *cli, const struct measure_format *format) {
	int chosen = format->json + format->csv + format->markdown + format->hyperfine;
	if (chosen > 1)
		return cli_usage(
			cli, "one of --json, --csv, --markdown and --hyperfine, not several");
	return CLI_DONE;
}

enum cli_status measure_load(
	struct cli *cli, const char *const *words, size_t count, struct experiment_summary *ret) {
	struct err err = {0};
	int code = experiment_summary_load(cli->store, words, count, ret, &err);
	if (code == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	if (code == -ENOENT) {
		log_error("%s", err.text);
		return CLI_NOTHING;
	}
	return code ? cli_fail(&err) : CLI_DONE;
}

enum cli_status measure_put(struct cli *cli, struct buf *text) {
	struct err err = {0};
	bool failed = text->failed;
	if (!failed)
		term_put_buf(&cli->out, text);
	buf_finish(text);
	if (!failed)
		return CLI_DONE;
	err_set(&err, -ENOMEM, "out of memory");
	return cli_fail(&err);
}

enum cli_status measure_write(struct cli *cli, const struct experiment_summary *summary,
	const struct measure_format *format) {
	struct buf text = {0};
	if (format->json)
		experiment_json(summary, &text);
	else if (format->csv)
		experiment_csv(summary, &text);
	else if (format->markdown)
		experiment_markdown(summary, &text);
	else if (format->hyperfine)
		experiment_hyperfine(summary, &text);
	else
		experiment_text(summary, &cli->out, &text);
	return measure_put(cli, &text);
}

enum cli_status measure_print(struct cli *cli, const char *const *words, size_t count,
	const struct measure_format *format) {
	struct experiment_summary summary;
	enum cli_status status = measure_load(cli, words, count, &summary);
	if (status != CLI_DONE)
		return status;
	status = measure_write(cli, &summary, format);
	experiment_summary_finish(&summary);
	return status;
}
