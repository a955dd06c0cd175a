/*
 * agxtriage reclassify: today's parser and rules over the stored bytes. The list of rows is taken
 * first, so that no read is open while batches are written and two processes may work on one
 * database.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/reclassify_states.h"
#include "export/json_out.h"
#include "export/load.h"
#include "export/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Long enough to make commits cheap, short enough to let other writers in. */
#define BATCH_ROWS 500
#define PROGRESS_EVERY_US 200000
#define SIGNATURE_BYTES 17

struct reclassify_options {
	bool dry_run, json, no_pager;
};

struct row {
	int64_t id;
	size_t ordinal;
	const char *site; /* one of names, or NULL */
	char signature[SIGNATURE_BYTES];
};

/* Rows that moved from one site to another, or changed something else at the same one. */
struct move {
	const char *from, *to; /* of names; NULL: no site */
	uint64_t count;
};

struct reclassify {
	struct cli *cli;
	const struct reclassify_options *options;
	struct arena arena;
	struct row *rows;
	size_t count, cap;
	const char **names; /* each site's name once */
	size_t name_count, name_cap;
	struct move *moves;
	size_t move_count, move_cap;
	struct followed_states states;
	uint64_t changed, signatures, unreadable, raw_gone;
	bool live; /* progress is drawn */
	bool drawn;
	int64_t drawn_us;
};

/* Sites are few: a linear search does. NULL stays NULL; *ret is untouched without memory. */
static int intern(struct reclassify *all, const char *name, const char **ret) {
	if (!name) {
		*ret = NULL;
		return 0;
	}
	for (size_t i = 0; i < all->name_count; i++)
		if (!strcmp(all->names[i], name)) {
			*ret = all->names[i];
			return 0;
		}
	int r = arena_grow(&all->arena, (void **)&all->names, all->name_count, &all->name_cap,
		sizeof *all->names);
	char *copy = r < 0 ? NULL : arena_strdup(&all->arena, name);
	if (!copy)
		return -ENOMEM;
	all->names[all->name_count++] = copy;
	*ret = copy;
	return 0;
}

static int add_row(struct reclassify *all, const struct incident *incident) {
	const char *site = NULL;
	int r = intern(all, incident->site, &site);
	if (r >= 0 && all->count == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 1024;
		struct row *rows = realloc(all->rows, cap * sizeof *rows);
		if (!rows)
			return -ENOMEM;
		all->rows = rows;
		all->cap = cap;
	}
	if (r < 0)
		return r;
	struct row *row = &all->rows[all->count++];
	*row = (struct row){.id = incident->id, .ordinal = incident->ordinal, .site = site};
	snprintf(row->signature, sizeof row->signature, "%s",
		incident->signature ? incident->signature : "");
	return 0;
}

static int gather(struct reclassify *all, struct err *err) {
	const struct store_filter filter = {.oldest_first = true};
	struct store_cursor *cursor = NULL;
	struct incident incident;
	int r = store_list(all->cli->store, &filter, &cursor, err);
	while (r >= 0 && (r = store_cursor_next(cursor, &incident, err)) > 0)
		if (add_row(all, &incident) < 0)
			r = err_set(err, -ENOMEM, "out of memory");
	store_cursor_close(cursor);
	return r;
}

static int count_move(struct reclassify *all, const char *from, const char *to) {
	int r = intern(all, to, &to);
	for (size_t i = 0; i < all->move_count && r >= 0; i++)
		if (all->moves[i].from == from && all->moves[i].to == to) {
			all->moves[i].count++;
			return 0;
		}
	if (r >= 0)
		r = arena_grow(&all->arena, (void **)&all->moves, all->move_count, &all->move_cap,
			sizeof *all->moves);
	if (r < 0)
		return r;
	all->moves[all->move_count++] = (struct move){from, to, 1};
	return 0;
}

static int follow(struct reclassify *all, const struct row *row, const struct triage *triage) {
	const char *from = row->signature, *to = triage->signature_hash;
	all->changed++;
	all->signatures += strcmp(from, to) != 0;
	int r = count_move(all, row->site, triage->site);
	if (r >= 0)
		r = followed_states_move(&all->states, STATE_SITE, row->site, triage->site);
	if (r >= 0)
		r = followed_states_move(
			&all->states, STATE_SIGNATURE, *from ? from : NULL, *to ? to : NULL);
	return r;
}

/* One row, inside a transaction. What cannot be read any more keeps what was said of it. */
static int redo(struct reclassify *all, const struct row *row, struct err *err) {
	struct cli *cli = all->cli;
	struct loaded loaded;
	bool changed = false;
	const struct incident incident = {.id = row->id, .ordinal = row->ordinal};
	int r = loaded_open(cli->store, cli->rules, &incident, &loaded, err);
	if (r == -ENOENT) { /* another process removed it meanwhile */
		r = 0;
	} else if (r == -EBADMSG || r == -ENODATA || r == -E2BIG || r == -EIO) {
		log_warning("%s; it stays as it was", err->text);
		all->unreadable++;
		r = 0;
	} else if (r >= 0 && loaded.raw_gone) {
		all->raw_gone++;
	} else if (r >= 0) {
		r = store_update_triage(cli->store, row->id, loaded.report, &loaded.triage,
			rules_version(cli->rules), &changed, err);
	}
	if (r >= 0 && changed) {
		r = follow(all, row, &loaded.triage);
		if (r < 0)
			err_set(err, r, "out of memory");
	}
	loaded_finish(&loaded);
	return r;
}

static void draw(struct reclassify *all, size_t done) {
	int64_t now_us = clock_monotonic_us();
	if (!all->live || now_us - all->drawn_us < PROGRESS_EVERY_US)
		return;
	fprintf(stderr, "\r%zu of %zu incidents (%zu %%)\033[K", done, all->count,
		done * 100 / all->count);
	all->drawn_us = now_us;
	all->drawn = true;
}

static int redo_all(struct reclassify *all, struct err *err) {
	struct store *store = all->cli->store;
	int r = 0;
	for (size_t done = 0; done < all->count && r >= 0;) {
		r = store_begin(store, err);
		if (r < 0)
			break;
		size_t end = all->count - done > BATCH_ROWS ? done + BATCH_ROWS : all->count;
		for (; done < end && r >= 0; done++) {
			r = redo(all, &all->rows[done], err);
			draw(all, done);
		}
		if (r >= 0 && done == all->count)
			r = followed_states_settle(&all->states, err);
		if (r >= 0 && !all->options->dry_run)
			r = store_commit(store, err);
		else
			store_rollback(store);
	}
	if (r >= 0 && all->changed && !all->options->dry_run)
		r = store_tidy(store, err);
	if (all->drawn)
		fputs("\r\033[K", stderr);
	return r;
}

static int larger_first(const void *a, const void *b) {
	const struct move *left = a, *right = b;
	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	int order = strcmp(left->from ? left->from : "", right->from ? right->from : "");
	return order ? order : strcmp(left->to ? left->to : "", right->to ? right->to : "");
}

static void print_json(struct reclassify *all) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_u64(&out, "incidents", all->count);
	json_out_u64(&out, "changed", all->changed);
	json_out_u64(&out, "signatures_changed", all->signatures);
	json_out_u64(&out, "unreadable", all->unreadable);
	json_out_u64(&out, "raw_gone", all->raw_gone);
	json_out_bool(&out, "dry_run", all->options->dry_run);
	json_out_text(&out, "rules_version", rules_version(all->cli->rules));
	json_out_array(&out, "changes");
	for (size_t i = 0; i < all->move_count; i++) {
		json_out_object(&out, NULL);
		json_out_text(&out, "from", all->moves[i].from);
		json_out_text(&out, "to", all->moves[i].to);
		json_out_u64(&out, "count", all->moves[i].count);
		json_out_object_end(&out);
	}
	json_out_array_end(&out);
	followed_states_json(&all->states, &out);
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&all->cli->out, &line);
	buf_finish(&line);
}

static void fill(const struct move *move, char count[24], struct table_cell cells[3]) {
	snprintf(count, 24, "%" PRIu64, move->count);
	cells[0] = (struct table_cell){count, TERM_BOLD};
	cells[1] = (struct table_cell){move->from ? move->from : "(no site)", TERM_PLAIN};
	cells[2] = (struct table_cell){move->from == move->to ? "the same; other facts"
				       : move->to             ? move->to
							      : "(no site)",
		move->from == move->to ? TERM_DIM : TERM_SITE};
}

static void print_moves(struct reclassify *all) {
	static const struct table_column columns[] = {
		{.title = "COUNT", .right = true},
		{.title = "SITE BEFORE", .min = 20},
		{.title = "SITE NOW", .min = 20},
	};
	struct table table;
	struct table_cell cells[3] = {0};
	char count[24];
	table_init(&table, columns, 3, &all->cli->out);
	for (size_t i = 0; i < all->move_count; i++) {
		fill(&all->moves[i], count, cells);
		table_measure(&table, cells);
	}
	table_begin(&table, true);
	for (size_t i = 0; i < all->move_count; i++) {
		fill(&all->moves[i], count, cells);
		table_row(&table, cells);
	}
	table_finish(&table);
}

static void print_text(struct reclassify *all) {
	struct buf line = {0};
	buf_printf(&line,
		"%zu incident%s: %" PRIu64 " %s, %" PRIu64 " of them with another signature",
		all->count, all->count == 1 ? "" : "s", all->changed,
		all->options->dry_run ? "would change" : "changed", all->signatures);
	if (all->unreadable)
		buf_printf(&line, "; %" PRIu64 " unreadable", all->unreadable);
	if (all->raw_gone)
		buf_printf(&line,
			"; %" PRIu64 " left as they were: retention has removed their bytes",
			all->raw_gone);
	buf_add_char(&line, '\n');
	term_put_buf(&all->cli->out, &line);
	buf_finish(&line);
	if (all->move_count)
		print_moves(all);
}

static enum cli_status run(struct cli *cli, const void *values, int count, char **operands) {
	struct reclassify all = {.cli = cli, .options = values};
	struct err err = {0};
	all.states.store = cli->store;
	all.states.dry_run = all.options->dry_run;
	all.live = term_is_live(STDERR_FILENO) && !cli->globals.quiet;
	arena_init(&all.arena, SIZE_MAX);
	int r = followed_states_load(&all.states, &err);
	if (r >= 0)
		r = gather(&all, &err);
	if (r >= 0)
		r = redo_all(&all, &err);
	if (r >= 0) {
		if (all.move_count)
			qsort(all.moves, all.move_count, sizeof *all.moves, larger_first);
		cli_page(cli, all.options->no_pager);
		if (all.options->json)
			print_json(&all);
		else
			print_text(&all);
		term_flush(&cli->out);
		followed_states_tell(&all.states);
	}
	followed_states_finish(&all.states);
	free(all.rows);
	arena_finish(&all.arena);
	return r < 0 ? cli_fail(&err) : CLI_DONE;
}

static const struct option_row option_rows[] = {
	{.name = "dry-run",
		.help = "only say what would change",
		.type = OPTION_FLAG,
		.offset = offsetof(struct reclassify_options, dry_run)},
	{.name = "json",
		.help = "the summary as one JSON object",
		.type = OPTION_FLAG,
		.offset = offsetof(struct reclassify_options, json)},
	CLI_OPTION_NO_PAGER(struct reclassify_options),
	{0},
};

const struct command reclassify_command = {
	.name = "reclassify",
	.summary = "run today's rules over the stored reports",
	.details =
		"Reads every stored report again. Sites, signatures and all other facts of\n"
		"triage are replaced; the reports themselves stay. What was decided of a site or\n"
		"a signature goes with its incidents when all of them go to another one; what\n"
		"cannot is told.",
	.options = option_rows,
	.options_bytes = sizeof(struct reclassify_options),
	.needs = NEED_STORE_CHANGE | NEED_RULES,
	.run = run,
};
