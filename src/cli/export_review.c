/* What leaves in another form than it has here, shown before anything leaves. */
#include "cli/export.h"

#include "base/log.h"
#include "export/json_out.h"
#include "export/table.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* While the person thinks. */
#define ASKED_EVERY_MS 200

static const struct table_column columns[] = {
	{.title = "KIND"},
	{.title = "PLACEHOLDER"},
	{.title = "COUNT", .right = true},
	{.title = "VALUE", .width = 40, .min = 12, .max = 60, .middle = true},
	{.title = "FIRST IN", .width = 20, .min = 8, .max = 60, .priority = 1, .middle = true},
};

#define COLUMNS (sizeof columns / sizeof *columns)

struct listing {
	struct table table;
	struct json_out out;
	bool rows, measured; /* rows: put, not measured */
	uint64_t values;
};

static int each(const struct redact_replacement *replacement, const char *member, void *user) {
	struct listing *listing = user;
	char count[24];
	snprintf(count, sizeof count, "%" PRIu64, replacement->count);
	const struct table_cell cells[COLUMNS] = {
		{.text = redact_kind_names[replacement->kind]},
		{.text = replacement->placeholder},
		{.text = count},
		{.text = replacement->value},
		{.text = member},
	};
	if (!listing->rows) {
		table_measure(&listing->table, cells);
		listing->values++;
		return 0;
	}
	return table_row(&listing->table, cells);
}

static int put_table(const struct archive_review *review, struct term *term, uint64_t *ret_values) {
	struct listing listing = {0};
	table_init(&listing.table, columns, COLUMNS, term);
	int r = archive_review_each(review, each, &listing);
	listing.rows = true;
	if (r == 0 && listing.values)
		r = table_begin(&listing.table, true);
	if (r == 0 && listing.values)
		r = archive_review_each(review, each, &listing);
	table_finish(&listing.table);
	*ret_values = listing.values;
	return r;
}

static int each_json(const struct redact_replacement *replacement, const char *member, void *user) {
	struct listing *listing = user;
	struct json_out *out = &listing->out;
	json_out_object(out, NULL);
	json_out_text(out, "kind", redact_kind_names[replacement->kind]);
	json_out_text(out, "value", replacement->value);
	json_out_text(out, "placeholder", replacement->placeholder);
	json_out_u64(out, "count", replacement->count);
	json_out_text(out, "first", member);
	json_out_object_end(out);
	return 0;
}

static int put_json(
	const struct archive_review *review, struct export_looker *looker, struct err *err) {
	struct listing listing = {0};
	json_out_init(&listing.out, &looker->json);
	json_out_array(&listing.out, NULL);
	archive_review_each(review, each_json, &listing);
	json_out_array_end(&listing.out);
	return looker->json.failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

/* Reading would go on after a signal. */
static bool waits_for_answer(const struct export_looker *looker) {
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	while (!*looker->stop)
		if (poll(&input, 1, ASKED_EVERY_MS) > 0)
			return true;
	return false;
}

/* Only somebody who sees the list can agree to it. */
static int ask(struct export_looker *looker, struct err *err) {
	char answer[16];
	if (looker->options->yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return 0;
	fputs("Write the archive with these replacements? [y/N] ", stderr);
	fflush(stderr);
	if (!waits_for_answer(looker)) {
		fputc('\n', stderr);
		return err_set(err, -EINTR, "interrupted: nothing was written");
	}
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	looker->refused = true;
	return err_set(err, -ECANCELED, "nothing was written");
}

int export_review(const struct archive_review *review, void *user, struct err *err) {
	struct export_looker *looker = user;
	struct cli *cli = looker->cli;
	bool to_stdout = strcmp(looker->options->output, "-") == 0;
	struct term other;
	struct term *term = &cli->out;
	uint64_t values = 0;
	if (looker->options->json || to_stdout) {
		term_init(&other, stderr, (enum term_color)cli->globals.color);
		term = &other;
	}
	int r = looker->options->json ? put_json(review, looker, err) : 0;
	if (r == 0 && (!looker->options->json || term_is_live(STDERR_FILENO)))
		r = put_table(review, term, &values);
	if (r == 0)
		r = term_flush(term);
	if (r < 0)
		return err->code ? r : err_set(err, r, "cannot show what is replaced");
	if (!looker->options->json && !values)
		log_info("nothing is replaced");
	return ask(looker, err);
}
