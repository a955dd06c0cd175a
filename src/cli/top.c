/* agxtriage top: how often, by site or by any other field. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "export/json_out.h"
#include "export/signature_text.h"
#include "export/table.h"
#include "export/text_around.h"
#include "store/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 4
#define BAR_COLUMNS 12
#define EIGHTHS 8
/* Most names of sites fit in. */
#define SITE_COLUMNS 30
/* Less of a site's title is worth less than the dates; a signature has no other name. */
#define TITLE_COLUMNS 28
#define TEXT_COLUMNS 44

struct top_options {
	const char *by;
	struct i64_opt limit, since, until;
	bool json, no_pager;
};

/* A site or signature that has a status. */
struct decided {
	enum state_target target;
	const char *name, *status;
	const char *site; /* of a signature that came again; else NULL */
};

struct group {
	struct store_group counted;
	const char *status; /* of a site or signature; NULL: open, or neither of them */
};

struct top {
	struct cli *cli;
	const struct top_options *options;
	const char *fields[FIELDS_MAX];
	size_t field_count;
	struct arena arena; /* the groups, kept to be measured */
	struct group *groups;
	size_t count, cap;
	struct decided *decided;
	size_t decided_count, decided_cap;
	bool titles, simulated, statuses; /* there are some */
	struct buf line, title;
};

static char *dup_or_null(struct arena *arena, const char *text) {
	return text ? arena_strdup(arena, text) : NULL;
}

/* ---- what people decided of sites and signatures ---- */

static bool groups_by(const struct top *top, enum state_target target) {
	return top->field_count == 1 && !strcmp(top->fields[0], state_target_names[target]);
}

static int keep_decided(const struct store_state *state, void *user) {
	struct top *top = user;
	if (!state->status)
		return 0;
	int r = arena_grow(&top->arena, (void **)&top->decided, top->decided_count,
		&top->decided_cap, sizeof *top->decided);
	if (r < 0)
		return r;
	bool again = state->target == STATE_SIGNATURE && !strcmp(state->status, "regressed");
	const struct decided decided = {state->target, arena_strdup(&top->arena, state->name),
		arena_strdup(&top->arena, state->status),
		dup_or_null(&top->arena, again ? state->site : NULL)};
	if (!decided.name || !decided.status)
		return -ENOMEM;
	top->decided[top->decided_count++] = decided;
	return 0;
}

static const char *find_decided(const struct top *top, enum state_target target, const char *name) {
	for (size_t i = 0; i < top->decided_count; i++)
		if (top->decided[i].target == target && !strcmp(top->decided[i].name, name))
			return top->decided[i].status;
	return NULL;
}

/* A site of which a signature came again is not what was said of it. */
static const char *status_of_site(const struct top *top, const char *name) {
	for (size_t i = 0; i < top->decided_count; i++)
		if (top->decided[i].site && !strcmp(top->decided[i].site, name))
			return top->decided[i].status;
	return find_decided(top, STATE_SITE, name);
}

/* A signature without a status has that of its site. NULL: open. */
static const char *status_of(const struct top *top, const struct store_group *group) {
	struct store_state state;
	const char *name = group->values[0], *status = NULL;
	if (!top->decided_count || !name)
		return NULL;
	if (groups_by(top, STATE_SITE)) {
		status = status_of_site(top, name);
	} else if (groups_by(top, STATE_SIGNATURE)) {
		status = find_decided(top, STATE_SIGNATURE, name);
		if (!status && store_state_find(top->cli->store, name, false, &state, NULL) == 0 &&
			state.site)
			status = find_decided(top, STATE_SITE, state.site);
	}
	return status && strcmp(status, "open") != 0 ? status : NULL;
}

/* ---- groups ---- */

static int keep(struct top *top, const struct store_group *group) {
	int r = arena_grow(
		&top->arena, (void **)&top->groups, top->count, &top->cap, sizeof *top->groups);
	if (r < 0)
		return r;
	struct store_group *kept = &top->groups[top->count].counted;
	top->groups[top->count].status = status_of(top, group);
	top->statuses = top->statuses || top->groups[top->count].status;
	*kept = *group;
	for (size_t i = 0; i < top->field_count; i++)
		kept->values[i] = dup_or_null(&top->arena, group->values[i]);
	kept->title = dup_or_null(&top->arena, group->title);
	top->titles = top->titles || kept->title;
	top->simulated = top->simulated || kept->simulated;
	top->count++;
	return 0;
}

static int print_json(struct top *top, const struct store_group *group) {
	struct json_out out;
	json_out_init(&out, &top->line);
	json_out_object(&out, NULL);
	json_out_object(&out, "by");
	for (size_t i = 0; i < top->field_count; i++)
		json_out_text(&out, top->fields[i], group->values[i]);
	json_out_object_end(&out);
	json_out_i64(&out, "count", group->count);
	json_out_i64(&out, "simulated", group->simulated);
	json_out_double(&out, "share", group->share);
	json_out_time_opt(&out, "first_at", group->first_at_us);
	json_out_time_opt(&out, "last_at", group->last_at_us);
	if (group->title)
		json_out_text(&out, "title", group->title);
	if (group->values[0] && (groups_by(top, STATE_SITE) || groups_by(top, STATE_SIGNATURE))) {
		const char *status = status_of(top, group);
		json_out_text(&out, "status", status ? status : "open");
	}
	json_out_object_end(&out);
	buf_add_char(&top->line, '\n');
	top->count++;
	return term_put_buf(&top->cli->out, &top->line);
}

static int take(const struct store_group *group, void *user) {
	struct top *top = user;
	return top->options->json ? print_json(top, group) : keep(top, group);
}

/* A bar of BAR_COLUMNS for a share of 1, in steps of an eighth of a column; never quite empty. */
static void add_bar(struct buf *out, double share) {
	int eighths = (int)(share * BAR_COLUMNS * EIGHTHS + 0.5);
	if (eighths < 1)
		eighths = 1;
	for (; eighths >= EIGHTHS; eighths -= EIGHTHS)
		buf_add_str(out, "\xe2\x96\x88");
	if (eighths > 0) {
		/* U+2588 is the full block, U+258F the eighth. */
		const char part[] = {'\xe2', '\x96', (char)(0x90 - eighths), '\0'};
		buf_add_str(out, part);
	}
}

enum { TOP_COUNT, TOP_SHARE, TOP_BAR, TOP_FIELDS };
/* Beside the fields: simulated, status, first, last, title. */
#define COLUMNS_MORE 5

struct layout {
	struct table_column columns[TOP_FIELDS + FIELDS_MAX + COLUMNS_MORE];
	size_t count;
	char titles[FIELDS_MAX][32];
};

static void lay_out(const struct top *top, struct layout *layout) {
	struct table_column *columns = layout->columns;
	columns[TOP_COUNT] = (struct table_column){.title = "COUNT", .right = true};
	columns[TOP_SHARE] = (struct table_column){.title = "SHARE", .right = true, .priority = 1};
	columns[TOP_BAR] = (struct table_column){.title = "", .width = BAR_COLUMNS, .priority = 5};
	layout->count = TOP_FIELDS;
	/* What did not happen to a real driver is never counted in silence. */
	if (top->simulated)
		columns[layout->count++] =
			(struct table_column){.title = "SIMULATED", .right = true};
	for (size_t i = 0; i < top->field_count; i++) {
		char *title = layout->titles[i];
		bool site = !strcmp(top->fields[i], "site");
		snprintf(title, sizeof layout->titles[i], "%s", top->fields[i]);
		for (char *c = title; *c; c++) {
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		}
		columns[layout->count++] =
			(struct table_column){.title = title, .min = site ? SITE_COLUMNS : 16};
	}
	if (top->statuses)
		columns[layout->count++] = (struct table_column){.title = "STATUS", .priority = 1};
	columns[layout->count++] = (struct table_column){.title = "FIRST", .priority = 3};
	columns[layout->count++] = (struct table_column){.title = "LAST", .priority = 2};
	/* A site's name speaks for itself, a signature's hash does not. */
	bool site = !strcmp(top->fields[0], "site");
	if (top->titles)
		columns[layout->count++] = (struct table_column){.title = site ? "TITLE" : "TEXT",
			.min = site ? TITLE_COLUMNS : TEXT_COLUMNS,
			.priority = site ? 4 : 1};
}

struct row {
	char count[24], simulated[24], share[16], first[CLOCK_TEXT_BYTES], last[CLOCK_TEXT_BYTES];
	struct table_cell cells[TOP_FIELDS + FIELDS_MAX + COLUMNS_MORE];
};

static void format_time(struct i64_opt us, char ret[CLOCK_TEXT_BYTES]) {
	ret[0] = '\0';
	if (us.set)
		clock_format_local(us.value, ret);
}

/* bar: where the bar's text is kept. */
static void fill(
	const struct top *top, const struct group *counted, struct row *row, struct buf *bar) {
	const struct store_group *group = &counted->counted;
	size_t n = TOP_FIELDS;
	buf_reset(bar);
	add_bar(bar, group->share);
	snprintf(row->count, sizeof row->count, "%" PRId64, group->count);
	snprintf(row->share, sizeof row->share, "%.1f %%", group->share * 100);
	format_time(group->first_at_us, row->first);
	format_time(group->last_at_us, row->last);
	row->cells[TOP_COUNT] = (struct table_cell){row->count, TERM_BOLD};
	row->cells[TOP_SHARE] = (struct table_cell){row->share, TERM_PLAIN};
	row->cells[TOP_BAR] = (struct table_cell){buf_str(bar), TERM_DIM};
	snprintf(row->simulated, sizeof row->simulated, "%" PRId64, group->simulated);
	if (top->simulated)
		row->cells[n++] =
			(struct table_cell){group->simulated ? row->simulated : "", TERM_WARN};
	for (size_t i = 0; i < top->field_count; i++)
		row->cells[n++] = group->values[i]
					  ? (struct table_cell){group->values[i], TERM_SITE}
					  : (struct table_cell){"(none)", TERM_DIM};
	if (top->statuses)
		row->cells[n++] =
			(struct table_cell){counted->status, text_around_role(counted->status)};
	row->cells[n++] = (struct table_cell){row->first, TERM_DIM};
	row->cells[n++] = (struct table_cell){row->last, TERM_PLAIN};
	if (top->titles)
		row->cells[n++] = (struct table_cell){group->title, TERM_PLAIN};
}

/* A signature's text in the width that its column has got. */
static void fit_signature(struct top *top, const struct table *table, struct table_cell *cell) {
	if (table->unlimited || !cell->text || strcmp(top->fields[0], "signature") != 0)
		return;
	buf_reset(&top->title);
	signature_text(&top->title, cell->text, table->widths[table->count - 1], true);
	cell->text = buf_str(&top->title);
}

static void print_table(struct top *top) {
	struct layout layout;
	struct table table;
	struct row row;
	lay_out(top, &layout);
	table_init(&table, layout.columns, layout.count, &top->cli->out);
	for (size_t i = 0; i < top->count; i++) {
		fill(top, &top->groups[i], &row, &top->line);
		table_measure(&table, row.cells);
	}
	table_begin(&table, true);
	for (size_t i = 0; i < top->count && !top->cli->out.error; i++) {
		fill(top, &top->groups[i], &row, &top->line);
		if (top->titles)
			fit_signature(top, &table, &row.cells[layout.count - 1]);
		table_row(&table, row.cells);
	}
	table_finish(&table);
}

static enum cli_status count_groups(struct top *top, int count, char **operands) {
	const struct store_filter filter = {
		.matches = (const char *const *)operands,
		.match_count = (size_t)count,
		.since_us = top->options->since,
		.until_us = top->options->until,
		.limit = top->options->limit.value,
	};
	struct cli *cli = top->cli;
	struct err err = {0};
	int r = store_states(cli->store, keep_decided, top, &err);
	if (r >= 0)
		r = store_top(cli->store, &filter, top->fields, top->field_count, take, top, &err);
	if (cli->out.error)
		return CLI_DONE;
	if (r == -EINVAL)
		return cli_usage(cli, "%s", err.text);
	if (r < 0)
		return cli_fail(&err);
	if (!top->count)
		return cli_nothing(cli, operands);
	if (!top->options->json) {
		cli_page(cli, top->options->no_pager);
		print_table(top);
	}
	return CLI_DONE;
}

/* Cuts "a,b" into top->fields; false for an empty or fifth one. */
static bool split(struct top *top, const char *by) {
	for (;;) {
		size_t len = strcspn(by, ",");
		if (!len || top->field_count == FIELDS_MAX)
			return false;
		top->fields[top->field_count++] = arena_strndup(&top->arena, by, len);
		if (!by[len])
			return true;
		by += len + 1;
	}
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	const struct top_options *options = values;
	struct top top = {.cli = cli, .options = options};
	arena_init(&top.arena, SIZE_MAX);
	enum cli_status status;
	if (split(&top, options->by ? options->by : "site"))
		status = cli_check_matches(cli, operands);
	else
		status = cli_usage(
			cli, "--by takes up to %d fields with commas between", FIELDS_MAX);
	for (size_t i = 0; i < top.field_count && status == CLI_DONE; i++)
		status = cli_check_field(cli, top.fields[i], strlen(top.fields[i]));
	if (status == CLI_DONE)
		status = count_groups(&top, count, operands);
	buf_finish(&top.line);
	buf_finish(&top.title);
	arena_finish(&top.arena);
	return status;
}

static const struct option_row option_rows[] = {
	{.name = "by",
		.argument = "FIELD[,FIELD]",
		.help = "what to count by (default: site); up to 4 fields",
		.type = OPTION_STRING,
		.offset = offsetof(struct top_options, by)},
	{.name = "limit",
		.letter = 'n',
		.argument = "N",
		.help = "the N largest",
		.type = OPTION_INT,
		.offset = offsetof(struct top_options, limit),
		.min = 1},
	CLI_OPTION_SINCE(struct top_options),
	CLI_OPTION_UNTIL(struct top_options),
	CLI_OPTION_JSON(struct top_options),
	CLI_OPTION_NO_PAGER(struct top_options),
	{0},
};

const struct command top_command = {
	.name = "top",
	.operands = "[MATCH...]",
	.summary = "count incidents by site or by any other field",
	.details =
		"Counts crashes, GPU events and panics unless a MATCH such as kind=jetsam names\n"
		"others. MATCH and times are as for 'agxtriage list'. How many of a count the\n"
		"simulated driver made stands beside it; simulated=false leaves them out.\n"
		"\n"
		"  agxtriage top                            by site\n"
		"  agxtriage top --by process,os_build      which program on which macOS\n"
		"  agxtriage top --by operation 'site=agx-*' --since 7d",
	.options = option_rows,
	.options_bytes = sizeof(struct top_options),
	.operands_max = -1,
	.needs = NEED_STORE_READ,
	.run = run,
};
