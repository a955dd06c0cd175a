/* The table of all that have a state. */
#include "cli/triage.h"

#include "base/log.h"
#include "export/json_out.h"
#include "export/table.h"
#include "export/text_around.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ALL_STATUS,
	ALL_INCIDENTS,
	ALL_CRASHES,
	ALL_NAME,
	ALL_FIXED_IN,
	ALL_URL,
	ALL_NOTE,
	ALL_TITLE,
	ALL_COUNT
};

static const struct table_column columns[ALL_COUNT] = {
	[ALL_STATUS] = {.title = "STATUS", .width = 9},
	[ALL_INCIDENTS] = {.title = "INCIDENTS", .right = true, .priority = 3},
	[ALL_CRASHES] = {.title = "CRASHES", .right = true, .priority = 2},
	[ALL_NAME] = {.title = "SITE OR SIGNATURE", .width = 16, .min = 30},
	[ALL_FIXED_IN] = {.title = "FIXED IN", .priority = 1},
	[ALL_URL] = {.title = "URL", .min = 20, .priority = 5},
	[ALL_NOTE] = {.title = "NOTE", .min = 12, .priority = 4},
	[ALL_TITLE] = {.title = "TITLE OR TEXT", .min = 20, .priority = 6},
};

struct all {
	struct cli *cli;
	bool json;
	struct arena arena; /* the states, kept to be measured */
	struct store_state *states;
	size_t count, cap;
	struct buf line;
};

static int keep_state(const struct store_state *state, void *user) {
	struct all *all = user;
	struct store_state *kept;
	int r = arena_grow(
		&all->arena, (void **)&all->states, all->count, &all->cap, sizeof *all->states);
	if (r < 0)
		return r;
	kept = &all->states[all->count++];
	*kept = *state;
	const char **const texts[] = {&kept->name, &kept->title, &kept->site, &kept->status,
		&kept->note, &kept->url, &kept->fixed_in};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (*texts[i] && !(*texts[i] = arena_strdup(&all->arena, *texts[i])))
			return -ENOMEM;
	return 0;
}

/* Of a signature's site, if that has a state. */
static const struct store_state *site_of(const struct all *all, const struct store_state *state) {
	for (size_t i = 0; i < all->count && state->target == STATE_SIGNATURE && state->site; i++)
		if (all->states[i].target == STATE_SITE &&
			!strcmp(all->states[i].name, state->site))
			return &all->states[i];
	return NULL;
}

static const char *site_status(const struct all *all, const struct store_state *state) {
	const struct store_state *site = site_of(all, state);
	return site ? site->status : NULL;
}

/* Numbers of one row. */
struct numbers {
	char incidents[24], crashes[24];
};

static void fill(const struct all *all, const struct store_state *state, struct numbers *numbers,
	struct table_cell *cells) {
	const char *status = triage_status(state, site_status(all, state));
	snprintf(numbers->incidents, sizeof numbers->incidents, "%" PRId64, state->incidents);
	snprintf(numbers->crashes, sizeof numbers->crashes, "%" PRId64, state->crashes);
	cells[ALL_INCIDENTS] = (struct table_cell){numbers->incidents, TERM_PLAIN};
	cells[ALL_STATUS] = (struct table_cell){status, text_around_role(status)};
	cells[ALL_CRASHES] = (struct table_cell){numbers->crashes, TERM_BOLD};
	cells[ALL_NAME] = (struct table_cell){state->name, TERM_SITE};
	const struct store_state *site = site_of(all, state);
	cells[ALL_FIXED_IN] = (struct table_cell){
		state->fixed_in || !site ? state->fixed_in : site->fixed_in, TERM_PLAIN};
	cells[ALL_URL] = (struct table_cell){state->url, TERM_PLAIN};
	cells[ALL_NOTE] = (struct table_cell){state->note, TERM_PLAIN};
	cells[ALL_TITLE] = (struct table_cell){state->title, TERM_DIM};
}

/* Where every incident is a crash, one number tells both. */
static bool has_other_kinds(const struct all *all) {
	for (size_t i = 0; i < all->count; i++)
		if (all->states[i].incidents != all->states[i].crashes)
			return true;
	return false;
}

static void leave_out_incidents(struct table_cell *cells) {
	for (int i = ALL_INCIDENTS; i + 1 < ALL_COUNT; i++)
		cells[i] = cells[i + 1];
}

static void put_table(struct all *all) {
	struct table_column shown[ALL_COUNT];
	struct table_cell cells[ALL_COUNT];
	struct table table;
	struct numbers numbers;
	bool others = has_other_kinds(all);
	for (int i = 0, from = 0; from < ALL_COUNT; from++)
		if (others || from != ALL_INCIDENTS)
			shown[i++] = columns[from];
	table_init(&table, shown, others ? ALL_COUNT : ALL_COUNT - 1, &all->cli->out);
	for (size_t pass = 0; pass < 2; pass++) {
		if (pass == 1)
			table_begin(&table, true);
		for (size_t i = 0; i < all->count && !all->cli->out.error; i++) {
			fill(all, &all->states[i], &numbers, cells);
			if (!others)
				leave_out_incidents(cells);
			if (pass == 0)
				table_measure(&table, cells);
			else
				table_row(&table, cells);
		}
	}
	table_finish(&table);
}

static void put_lines(struct all *all) {
	for (size_t i = 0; i < all->count && !all->cli->out.error; i++) {
		struct json_out out;
		json_out_init(&out, &all->line);
		json_out_object(&out, NULL);
		triage_json_state(&out, &all->states[i], site_status(all, &all->states[i]));
		json_out_object_end(&out);
		buf_add_char(&all->line, '\n');
		term_put_buf(&all->cli->out, &all->line);
	}
}

enum cli_status triage_list(struct cli *cli, const struct triage_values *values) {
	struct all all = {.cli = cli, .json = values->json};
	struct err err = {0};
	arena_init(&all.arena, SIZE_MAX);
	int r = store_states(cli->store, keep_state, &all, &err);
	enum cli_status status = r < 0 ? cli_fail(&err) : all.count ? CLI_DONE : CLI_NOTHING;
	if (status == CLI_DONE) {
		cli_page(cli, values->no_pager);
		if (values->json)
			put_lines(&all);
		else
			put_table(&all);
	} else if (status == CLI_NOTHING) {
		log_info("nothing has a state yet: every crash is open;");
		log_info("'agxtriage triage SITE --status known' gives one");
	}
	buf_finish(&all.line);
	arena_finish(&all.arena);
	return status;
}
