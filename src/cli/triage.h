/*
 * What the files of the command triage share: one site or signature with its state, and what is
 * said of it.
 */
#ifndef CLI_TRIAGE_H
#define CLI_TRIAGE_H

#include "base/arena.h"
#include "cli/cli.h"
#include "store/state.h"

struct triage_values {
	const char *status, *note, *url, *fixed_in; /* NULL: not given */
	bool json, no_pager;
};

/* Texts live in arena. */
struct triage_subject {
	struct arena arena;
	struct store_state state;
	const char
		*site_status; /* of a signature's site, which holds where it has none of its own */
};

/* A copy of what the store lends, with the status of a signature's site. */
int triage_subject_load(struct cli *cli, const struct store_state *state,
	struct triage_subject *ret, struct err *err);
/* The status that holds: a name, never NULL. */
const char *triage_status(const struct store_state *state, const char *site_status);
/* Incidents of every kind are counted; without it store_top() leaves some kinds out. */
#define TRIAGE_KINDS "kind=*"
/* "site=agx-bind-resource": a MATCH of its incidents. NULL without memory. */
const char *triage_subject_match(struct triage_subject *subject);

/* ---- triage_check.c ---- */

/* What is wrong with the values is said: CLI_USAGE. */
enum cli_status triage_check(struct cli *cli, const struct triage_values *values);

/* ---- triage_find.c ---- */

/* word as typed. What it may mean instead, and what stands for it now, is said. */
enum cli_status triage_find(struct cli *cli, const char *word, struct triage_subject *ret);

/* ---- triage_builds.c ---- */

/* Incidents by os_build, the oldest build first; values[0] NULL: not told. As store_top(). */
int triage_builds(
	struct store *store, const char *match, store_group_fn fn, void *user, struct err *err);

/* ---- triage_show.c ---- */

enum cli_status triage_show(
	struct cli *cli, const struct triage_values *values, struct triage_subject *subject);

/* ---- triage_list.c ---- */

/* All that have a state. */
enum cli_status triage_list(struct cli *cli, const struct triage_values *values);

/* ---- triage_json.c ---- */

struct json_out;
/* The members of one; the object is the caller's. */
void triage_json_state(
	struct json_out *out, const struct store_state *state, const char *site_status);
/* One line with what triage_show() tells. */
int triage_json(struct cli *cli, struct triage_subject *subject, struct err *err);

#endif
