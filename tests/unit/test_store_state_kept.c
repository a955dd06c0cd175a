/* States last: through another algorithm of signatures, retention, older schemas and damage. */
#include "state_fixture.h"

#include "base/clock.h"
#include "store/internal.h"

#include <signal.h>
#include <sys/resource.h>

static void exec(const char *path, const char *sql) {
	sqlite3 *db = NULL;
	char *message = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s", message);
	sqlite3_close(db);
}

/* A limit on the size of files is told as a failure of the disk, too. */
static bool is_full(int code) {
	return code == -ENOSPC || code == -ENXIO;
}

static int count_problem(const char *text, void *user) {
	print_error("%s\n", text);
	return 0;
}

static void assert_whole(struct store *store) {
	struct store_checked checked;
	struct err err = {0};
	assert_int_equal(
		store_check(store, STORE_CHECK_FULL, count_problem, NULL, NULL, &checked, &err), 0);
	assert_int_equal(checked.problems, 0);
}

/* ---- other signatures ---- */

static void test_inherited(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct err err = {0};
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	put_numbered(store, 2, &made, NULL);
	set_done(store, OLD, "fixed", "24G500");
	reclassify(store, 1, NEW, 2);
	/* One is left: both have it. */
	assert_status(store, "1", "fixed");
	assert_status(store, "2", "fixed");
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	assert_string_equal(found.name, OLD);
	reclassify(store, 2, NEW, 2);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text), NEW " fixed 24G500 - 0/2\n");
	/* By the old hash or its beginning. */
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	assert_string_equal(found.name, NEW);
	assert_int_equal(store_state_find(store, "0000", false, &found, &err), 0);
	assert_string_equal(found.name, NEW);
	assert_string_equal(history_text(store, OLD, &text),
		"user " OLD " ->fixed 24G500 - -1\nreclassify " NEW " ->fixed 24G500 - -1\n");
	/* It goes on to count. */
	made.signature = NEW;
	made.signature_version = 2;
	made.os_build = "25A1";
	put_numbered(store, 3, &made, NULL);
	assert_status(store, "1", "regressed");
	buf_finish(&text);
	store_close(store);
	assert_sql(fixture->db, "select count(*) from signatures", "1");
}

static void test_own_state(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct err err = {0};
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	made.signature = NEW;
	put_numbered(store, 2, &made, NULL);
	set_done(store, OLD, "ignored", NULL);
	set_done(store, NEW, "known", NULL);
	reclassify(store, 1, NEW, 1);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text), NEW " known - - 0/2\n");
	assert_string_equal(history_text(store, NEW, &text),
		"user " OLD " ->ignored - - -1\nuser " NEW " ->known - - -1\n");
	buf_finish(&text);
	store_close(store);
}

/* To be ignored goes with the whole signature, not with one of its incidents. */
static void test_ignored_as_a_whole(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct err err = {0};
	struct buf text = {0};
	for (unsigned i = 1; i <= 3; i++)
		put_numbered(store, i, &made, NULL);
	set_done(store, OLD, "ignored", NULL);
	reclassify(store, 1, NEW, 2);
	assert_status(store, "1", "open");
	assert_status(store, "2", "ignored");
	reclassify(store, 2, "bbbb0000000005c8", 2);
	assert_string_equal(states_text(store, &text), OLD " ignored - - 0/1\n");
	/* The last one goes: every part of it is ignored. */
	reclassify(store, 3, "bbbb0000000005c8", 2);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text),
		NEW " ignored - - 0/1\nbbbb0000000005c8 ignored - - 0/2\n");
	buf_finish(&text);
	store_close(store);
}

/* The few of an ignored signature do not silence the many of another; what is known of them stays.
 */
static void test_ignored_among_many(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct buf text = {0};
	struct err err = {0};
	put_numbered(store, 1, &made, NULL);
	made.signature = NEW;
	for (unsigned i = 2; i <= 4; i++)
		put_numbered(store, i, &made, NULL);
	assert_int_equal(store_state_find(store, OLD, false, &found, &err), 0);
	const struct store_state_change change = {
		.status = "ignored", .note = "noise", .at_us = AT};
	assert_int_equal(store_state_set(store, &found, &change, &err), 0);
	reclassify(store, 1, NEW, 1);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text), NEW " - - noise 0/4\n");
	assert_status(store, "2", "open");
	assert_string_equal(history_text(store, NEW, &text),
		"user " OLD " ->ignored - - -1\nreclassify " NEW " ->- - - -1\n");
	buf_finish(&text);
	store_close(store);
}

/* There and back does not count twice. */
static void test_moves_back(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	put_numbered(store, 1, &made, NULL);
	for (int i = 0; i < 3; i++) {
		reclassify(store, 1, NEW, 1);
		reclassify(store, 1, OLD, 1);
	}
	reclassify(store, 1, NEW, 1);
	store_close(store);
	assert_sql(fixture->db,
		"select group_concat(moved) from (select moved from successor order by successor)",
		"0,1");
}

/* Rules that come and go: there and back again, and in two. */
static void test_there_and_back(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct err err = {0};
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	put_numbered(store, 2, &made, NULL);
	set_done(store, OLD, "known", NULL);
	reclassify(store, 1, NEW, 1);
	reclassify(store, 2, NEW, 1);
	assert_int_equal(store_tidy(store, &err), 0);
	reclassify(store, 1, OLD, 1);
	reclassify(store, 2, OLD, 1);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text), OLD " known - - 0/2\n");
	assert_int_equal(store_state_find(store, NEW, false, &found, &err), 0);
	assert_string_equal(found.name, OLD);
	reclassify(store, 1, "bbbb000000000001", 1);
	reclassify(store, 2, "bbbb000000000002", 1);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text),
		"bbbb000000000001 known - - 0/1\nbbbb000000000002 known - - 0/1\n");
	assert_int_equal(store_state_find(store, NEW, false, &found, &err), -EEXIST);
	assert_non_null(strstr(err.text, "bbbb000000000001, bbbb000000000002"));
	buf_finish(&text);
	store_close(store);
}

/* Another update of the same incident changes nothing of it. */
static void test_same_signature(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	put_numbered(store, 1, &made, NULL);
	set_done(store, OLD, "known", NULL);
	reclassify(store, 1, NULL, 1); /* without its stack */
	store_close(store);
	assert_sql(fixture->db, "select count(*) from successor", "0");
	assert_sql(fixture->db, "select count(*) from state_history", "1");
}

/* ---- sites that are called otherwise ---- */

#define RENAMED "own-name"
#define THIRD "own-other-name"

/* As reclassify does at its end. */
static int move(struct store *store, const char *from, const char *to) {
	struct err err = {0};
	assert_int_equal(store_begin(store, &err), 0);
	int r = store_state_move(store, from, to, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(store_tidy(store, &err), 0);
	return r;
}

static void rename_site(struct store *store, int64_t id, const char *site) {
	struct made made = made_default();
	made.site = site;
	reclassify_as(store, id, &made);
}

static void test_site_moves(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_state found;
	struct err err = {0};
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	put_numbered(store, 2, &made, NULL);
	set_done(store, SITE, "fixed", "24G500");
	rename_site(store, 1, RENAMED);
	/* There is one left. */
	assert_int_equal(move(store, SITE, RENAMED), 1);
	assert_int_equal(move(store, SITE, "no-such-site"), 1);
	assert_int_equal(move(store, RENAMED, SITE), 1);
	assert_string_equal(states_text(store, &text), SITE " fixed 24G500 - 0/1\n");
	rename_site(store, 2, RENAMED);
	assert_status(store, "1", "open");
	assert_int_equal(move(store, SITE, SITE), 1);
	assert_int_equal(move(store, SITE, RENAMED), 0);
	assert_status(store, "1", "fixed");
	assert_string_equal(states_text(store, &text), RENAMED " fixed 24G500 - 0/2\n");
	/* By its old name, too. */
	assert_int_equal(store_state_find(store, SITE, false, &found, &err), 0);
	assert_string_equal(found.name, RENAMED);
	assert_int_equal(found.incidents, 2);
	static const char *const moved = "user " SITE " ->fixed 24G500 - -1\n"
					 "reclassify " SITE " fixed>- - - -1\n"
					 "reclassify " RENAMED " ->fixed 24G500 - -1\n";
	assert_string_equal(history_text(store, RENAMED, &text), moved);
	/* It goes on to count. */
	made.site = RENAMED;
	made.os_build = "25A1";
	put_numbered(store, 3, &made, NULL);
	assert_status(store, "1", "regressed");
	/* What was a regression of the site keeps its build without it. */
	for (int id = 1; id <= 3; id++)
		rename_site(store, id, THIRD);
	assert_string_equal(states_text(store, &text),
		RENAMED " fixed 24G500 - 0/0\n" OLD " regressed 24G500 - 0/3\n");
	/* And back again under the first name. */
	for (int id = 1; id <= 3; id++)
		rename_site(store, id, SITE);
	assert_int_equal(move(store, RENAMED, SITE), 0);
	assert_string_equal(states_text(store, &text),
		SITE " fixed 24G500 - 0/3\n" OLD " regressed 24G500 - 0/3\n");
	assert_non_null(strstr(history_text(store, SITE, &text), moved));
	buf_finish(&text);
	assert_whole(store);
	store_close(store);
}

/* What was decided of the other one stays. */
static void test_site_moves_to_another_state(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	made.site = RENAMED;
	put_numbered(store, 2, &made, NULL);
	set_done(store, SITE, "fixed", "24G500");
	set_done(store, RENAMED, "known", NULL);
	rename_site(store, 1, RENAMED);
	assert_int_equal(move(store, SITE, RENAMED), 1);
	assert_string_equal(
		states_text(store, &text), SITE " fixed 24G500 - 0/0\n" RENAMED " known - - 0/2\n");
	assert_string_equal(
		history_text(store, RENAMED, &text), "user " RENAMED " ->known - - -1\n");
	buf_finish(&text);
	store_close(store);
}

/* The JSON of a crash that was known as text takes its row, and what was said of it. */
static void test_text_replaced(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	enum store_put put;
	struct err err = {0};
	made.form = REPORT_FORM_TEXT;
	made.bytes = "Incident Identifier: ...";
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	set_done(store, OLD, "ignored", NULL);
	made = made_default();
	made.signature = NEW;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, &made, &put, NULL, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	assert_status(store, "latest", "ignored");
	store_close(store);
	assert_sql(
		fixture->db, "select group_concat(signature) || count(*) from incidents", NEW "1");
}

/* ---- older schemas ---- */

/* As version 3 left it, with signatures of version 1, one of them with a state. */
static void make_version_3(const struct fixture *fixture, int incidents) {
	char folder[128], sql[1024];
	snprintf(folder, sizeof folder, "%s/own", fixture->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	exec(fixture->db, "pragma page_size = 8192; pragma auto_vacuum = incremental;"
			  "pragma journal_mode = wal");
	for (size_t i = 0; i < 3; i++)
		exec(fixture->db, store_migrations[i].sql);
	snprintf(sql, sizeof sql,
		"begin; pragma application_id = 1634170996; pragma user_version = 3;"
		"insert into word (id, hash, text) values (1, %lld, 'crash'), (2, %lld, 'json');"
		"insert into site (name) values ('" SITE "');"
		"insert into signature (hash, version, text, site_id, status, note) "
		"values ('" OLD "', 1, 'a | b', 1, 'known', 'from before');"
		"insert into raw values (1, zeroblob(32), 9, 0, null, x'00');"
		"with recursive n (i) as (select 1 union all select i + 1 from n where i < %d) "
		"insert into incident (id, incident_id, raw_id, ordinal, first_seen_at, conflicts, "
		"kind, form, simulated, captured_at, site_id, signature_id, concurrent_threads, "
		"offset_unknown) select i, printf('%%08X-0', i), 1, i, 5, 0, 1, 2, 0, i, 1, 1, 2, 0 "
		"from n; commit",
		(long long)store_text_hash("crash", 5), (long long)store_text_hash("json", 4),
		incidents);
	exec(fixture->db, sql);
}

static void test_migration(void **state) {
	struct fixture *fixture = *state;
	struct incident incident;
	struct err err = {0};
	struct buf text = {0};
	make_version_3(fixture, 100000);
	int64_t begin_us = clock_monotonic_us();
	struct store *store = open_store(fixture);
	assert_in_range(clock_monotonic_us() - begin_us, 0, 5000000);
	/* Of those nobody knows more than before. */
	assert_int_equal(store_find(store, "1", &incident, &err), 0);
	assert_int_equal(incident.calls_id, -1);
	assert_null(incident.machine);
	assert_string_equal(incident.status, "known");
	for (int id = 1; id <= 3; id++)
		reclassify(store, id, NEW, 2);
	assert_int_equal(store_tidy(store, &err), 0);
	assert_string_equal(states_text(store, &text),
		OLD " known - from before 0/99997\n" NEW " known - from before 0/3\n");
	buf_finish(&text);
	store_close(store);
}

/* Either the whole of it or nothing. */
static void test_migration_killed(void **state) {
	struct fixture *fixture = *state;
	make_version_3(fixture, 20000);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = {64 << 10, 64 << 10};
		struct store *store = NULL;
		struct err err = {0};
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		int r = store_open(fixture->db, STORE_WRITE, &store, &err);
		if (!is_full(r))
			fprintf(stderr, "%d %s\n", r, err.text);
		_exit(is_full(r) ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	sqlite3 *db = NULL;
	sqlite3_stmt *version = NULL;
	assert_int_equal(sqlite3_open(fixture->db, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "pragma user_version", -1, &version, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(version), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(version, 0), 3);
	sqlite3_finalize(version);
	sqlite3_close(db);
	store_close(open_store(fixture));
	assert_sql(fixture->db, "select count(*) || max(status) from incidents", "20000known");
}

/* ---- retention ---- */

static int add_call(const struct store_call *call, void *user) {
	buf_printf(user, "%s %s %d %lld\n", call->image ? call->image : "-",
		call->symbol ? call->symbol : "-", call->blocked, (long long)call->threads);
	return 0;
}

static void test_retention(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct store_retained done = {.more = true};
	struct err err = {0};
	struct buf text = {0};
	struct incident incident;
	char symbol[32];
	struct store_retention limits = {
		.now_us = made.captured_at_us + INT64_C(86400000000), .max_age_us = 1000000};
	put_numbered(store, 1, &made, NULL);
	set_done(store, OLD, "fixed", "25A1");
	for (unsigned i = 2; i <= 12; i++) {
		snprintf(symbol, sizeof symbol, "call_%u", i);
		struct concurrent_thread thread = {.image = "Metal", .symbol = symbol};
		made.concurrent = &thread;
		made.concurrent_count = 1;
		made.captured_at_us += 1000000;
		made.os_build = i == 5 ? "25A1" : NULL;
		put_numbered(store, i, &made, NULL);
	}
	assert_status(store, "1", "regressed");
	while (done.more)
		assert_int_equal(store_retain(store, &limits, &done, &err), 0);
	assert_string_equal(states_text(store, &text), OLD " regressed 25A1 - 0/4\n");
	assert_string_equal(history_text(store, OLD, &text),
		"user " OLD " ->fixed 25A1 - -1\n"
		"regression " OLD " fixed>regressed 25A1 25A1 -1\n");
	assert_int_equal(store_find(store, "latest", &incident, &err), 0);
	buf_reset(&text);
	assert_int_equal(store_calls(store, incident.calls_id, add_call, &text, &err), 0);
	assert_string_equal(buf_str(&text), "Metal call_12 0 1\n");
	buf_finish(&text);
	assert_whole(store);
	store_close(store);
	assert_sql(fixture->db,
		"select incident_id from state_history where incident_id is not null",
		"00000005-0000-4000-8000-000000000000");
	assert_sql(fixture->db, "select count(*) from call_list", "3");
	assert_sql(fixture->db, "select count(*) from symbol where text like 'call%'", "3");
	assert_sql(
		fixture->db, "select group_concat(symbol) from calls", "call_10,call_11,call_12");
}

static void test_check(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct concurrent_thread thread = {.image = "Metal", .symbol = "call"};
	struct store_checked checked;
	struct err err = {0};
	made.concurrent = &thread;
	made.concurrent_count = 1;
	put_numbered(store, 1, &made, NULL);
	assert_whole(store);
	exec(fixture->db, "delete from call_list");
	assert_int_equal(store_check(store, STORE_CHECK_FULL, NULL, NULL, NULL, &checked, &err), 0);
	assert_int_equal(checked.problems, 1);
	store_close(store);
}

/* ---- damage ---- */

static void spoil(const char *path, off_t from, size_t len) {
	static const char zeros[4096];
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0 && len <= sizeof zeros);
	assert_int_equal(pwrite(fd, zeros, len, from), (ssize_t)len);
	close(fd);
}

/* The new database has other rows for them, and today another signature for the even ones. */
static struct store_salvaged_states salvage(
	const struct fixture *fixture, const char *old, bool with_incidents) {
	struct store_salvaged_states ret;
	struct store *store = NULL;
	struct err err = {0};
	unlink(fixture->db);
	store = open_store(fixture);
	struct made made = made_default();
	for (unsigned i = 6; with_incidents && i > 0; i--) {
		made.signature = i % 2 == 0 ? NEW : NULL;
		put_numbered(store, i, &made, NULL);
	}
	if (store_salvage_states(old, store, &ret, &err) < 0)
		fail_msg("%s", err.text);
	assert_whole(store);
	store_close(store);
	return ret;
}

static void fill(const struct fixture *fixture, const char *old) {
	struct store *store = NULL;
	struct made made = made_default();
	struct err err = {0};
	assert_int_equal(store_open(old, STORE_WRITE, &store, &err), 0);
	for (unsigned i = 1; i <= 6; i++) {
		made.fault_address = i % 2 == 0 ? 0x98 : 0x5c8;
		made.os_build = i == 5 ? "25A1" : NULL;
		put_numbered(store, i, &made, NULL);
		if (i == 2) {
			set_done(store, OLD, "fixed", "25A1");
			set_done(store, "0000000000000098", "ignored", NULL);
			set_done(store, SITE, "known", NULL);
		}
	}
	store_close(store);
}

static void test_salvage(void **state) {
	struct fixture *fixture = *state;
	struct buf text = {0};
	char old[128];
	snprintf(old, sizeof old, "%s/old.db", fixture->folder);
	fill(fixture, old);
	struct store_salvaged_states saved = salvage(fixture, old, true);
	assert_false(saved.incomplete);
	assert_int_equal(saved.states, 3);
	assert_int_equal(saved.changes, 4);
	struct store *store = open_store(fixture);
	assert_string_equal(states_text(store, &text),
		SITE " known - - 0/6\n" OLD " regressed 25A1 - 0/3\n" NEW " ignored - - 0/3\n");
	/* Row 2 of the new database has the fifth. */
	assert_string_equal(history_text(store, OLD, &text),
		"user " OLD " ->fixed 25A1 - -1\n"
		"regression " OLD " fixed>regressed 25A1 25A1 2\n");
	assert_string_equal(history_text(store, "0000000000000098", &text),
		"user 0000000000000098 ->ignored - - -1\nreclassify " NEW " ->ignored - - -1\n");
	store_close(store);
	/* Without the incidents they wait. */
	saved = salvage(fixture, old, false);
	assert_false(saved.incomplete);
	store = open_store(fixture);
	assert_string_equal(states_text(store, &text), SITE
		" known - - 0/0\n0000000000000098 ignored - - 0/0\n" OLD " regressed 25A1 - 0/0\n");
	store_close(store);
	buf_finish(&text);
}

/* Whichever page it is: what is missing is told, and nothing else fails. */
static void test_salvage_page_by_page(void **state) {
	struct fixture *fixture = *state;
	static char bytes[1 << 20];
	char whole[128], old[128];
	int partly = 0, all = 0;
	snprintf(whole, sizeof whole, "%s/whole.db", fixture->folder);
	snprintf(old, sizeof old, "%s/old.db", fixture->folder);
	fill(fixture, whole);
	FILE *in = fopen(whole, "rb");
	assert_non_null(in);
	size_t len = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	for (off_t page = 0; page < (off_t)len / 2048; page++) {
		FILE *out = fopen(old, "wb");
		assert_non_null(out);
		assert_int_equal(fwrite(bytes, 1, len, out), len);
		fclose(out);
		spoil(old, page * 2048, 2048);
		struct store_salvaged_states saved = salvage(fixture, old, true);
		bool complete = saved.states == 3 && saved.changes == 4;
		assert_true(saved.incomplete || complete);
		partly += !complete;
		all += complete;
	}
	assert_in_range(partly, 3, 20);
	assert_true(all > 20);
}

/* ---- failures ---- */

static void test_set_on_full_disk(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	struct buf text = {0};
	put_numbered(store, 1, &made, NULL);
	set_done(store, OLD, "known", NULL);
	store_close(store);
	pid_t pid = fork();
	if (pid == 0) {
		/* Less than the log needs for the pages of one change. */
		struct rlimit limit = {5 << 10, 5 << 10};
		struct store_state found;
		struct err err = {0};
		struct store_state_change change = {.status = "ignored", .at_us = AT};
		signal(SIGXFSZ, SIG_IGN);
		store = open_store(fixture);
		if (store_state_find(store, OLD, false, &found, &err) < 0 ||
			setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(1);
		int r = store_state_set(store, &found, &change, &err);
		_exit(is_full(r) ? 0 : 2);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	store = open_store(fixture);
	assert_string_equal(states_text(store, &text), OLD " known - - 0/1\n");
	assert_string_equal(history_text(store, NULL, &text), "user " OLD " ->known - - -1\n");
	buf_finish(&text);
	store_close(store);
}

/* Two programs: whoever comes second sees what the first has decided. */
static void test_two_writers(void **state) {
	struct fixture *fixture = *state;
	struct store *store = open_store(fixture);
	struct made made = made_default();
	put_numbered(store, 1, &made, NULL);
	store_close(store);
	pid_t pids[2];
	for (int w = 0; w < 2; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			struct err err = {0};
			int r = 0;
			store = open_store(fixture);
			for (int i = 0; i < 50 && r >= 0; i++)
				r = set_state(
					store, OLD, i % 2 == 0 ? "known" : "ignored", NULL, &err);
			store_close(store);
			_exit(r >= 0 ? 0 : 1);
		}
	}
	for (int w = 0; w < 2; w++) {
		int status = -1;
		waitpid(pids[w], &status, 0);
		assert_int_equal(status, 0);
	}
	/* Each row begins where the one before ended. */
	assert_sql(fixture->db,
		"select count(*) from (select status_before, lag(status, 1, 'open') over "
		"(order by id) as last from state_history) where status_before <> last",
		"0");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_inherited),
		TEST(test_own_state),
		TEST(test_ignored_as_a_whole),
		TEST(test_ignored_among_many),
		TEST(test_moves_back),
		TEST(test_there_and_back),
		TEST(test_same_signature),
		TEST(test_site_moves),
		TEST(test_site_moves_to_another_state),
		TEST(test_text_replaced),
		TEST(test_migration),
		TEST(test_migration_killed),
		TEST(test_retention),
		TEST(test_check),
		TEST(test_salvage),
		TEST(test_salvage_page_by_page),
		TEST(test_set_on_full_disk),
		TEST(test_two_writers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
