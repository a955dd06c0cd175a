/* Lock, daemon's row, counts and folders, each from its own source, none needed for the others. */
#include "cli/status_facts.h"

#include "base/limits.h"
#include "collect/presence.h"
#include "ips/json.h"
#include "store/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A JSON list of watched folders; each path has at most PATH_MAX bytes. */
#define FOLDERS_ARENA_BYTES (4u << 20)

/* With less than that SQLite's log cannot grow. */
#define DISK_FULL_BYTES (1u << 20)

/* The first trouble is the one to tell. */
static void trouble(struct status_facts *facts, const char *text, const char *rest) {
	if (facts->trouble.len)
		return;
	buf_add_str(&facts->trouble, text);
	buf_add_str(&facts->trouble, rest);
}

enum folder_state status_folder_look(const char *path) {
	struct stat st;
	if (stat(path, &st) < 0)
		return errno == EACCES || errno == EPERM ? FOLDER_UNREADABLE : FOLDER_MISSING;
	if (!S_ISDIR(st.st_mode))
		return FOLDER_MISSING;
	return access(path, R_OK | X_OK) == 0 ? FOLDER_UNWATCHED : FOLDER_UNREADABLE;
}

static void add_folder(struct status_facts *facts, const char *path, const char *state) {
	struct status_folder *grown =
		realloc(facts->folders, (facts->folder_count + 1) * sizeof *facts->folders);
	if (!grown)
		return;
	facts->folders = grown;
	struct status_folder *folder = &grown[facts->folder_count];
	folder->path = strdup(path);
	snprintf(folder->state, sizeof folder->state, "%s", state);
	if (folder->path)
		facts->folder_count++;
}

/* One {"path": ..., "state": ...} of the daemon's row. */
static void read_folder(struct status_facts *facts, struct json *json, struct arena *arena) {
	const char *path = NULL, *state = NULL, *odd = NULL;
	struct json_key key;
	if (json_peek(json) != JSON_OBJECT) {
		json_skip(json);
		return;
	}
	json_enter(json);
	for (bool first = true; json_next_member(json, &first, &key);) {
		if (json_key_is(&key, "path") && json_peek(json) == JSON_STRING)
			json_text(json, arena, LIMIT_TEXT_BYTES, false, &path, &odd);
		else if (json_key_is(&key, "state") && json_peek(json) == JSON_STRING)
			json_text(json, arena, LIMIT_SYMBOL_BYTES, false, &state, &odd);
		else
			json_skip(json);
	}
	if (path && state)
		add_folder(facts, path, state);
}

static void read_folders(struct status_facts *facts, const char *text) {
	struct json json;
	struct arena arena;
	struct err err = {0};
	arena_init(&arena, FOLDERS_ARENA_BYTES);
	json_init(&json, text, strlen(text), &err);
	if (json_peek(&json) == JSON_ARRAY) {
		json_enter(&json);
		for (bool first = true; json_next_element(&json, &first);)
			read_folder(facts, &json, &arena);
	}
	arena_finish(&arena);
}

/* Of the configuration, while nobody watches. */
static void look_at_folders(struct cli *cli, struct status_facts *facts) {
	struct config config = {0};
	struct err err = {0};
	int r = config_init(&config, &err);
	if (r == 0)
		r = config_load(&config, cli->globals.config, &err);
	if (r < 0)
		trouble(facts, err.text, "");
	const char *const *paths = r < 0 ? NULL : config_list(&config, CONFIG_FOLDERS);
	for (size_t i = 0; paths && paths[i]; i++)
		add_folder(facts, paths[i], folder_state_names[status_folder_look(paths[i])]);
	config_finish(&config);
}

/* The row may still be that of the daemon before: the lock is taken first. */
static void read_daemon(struct status_facts *facts, struct store *store) {
	struct store_daemon row;
	struct err err = {0};
	int r = store_find_daemon(store, &row, &err);
	if (r < 0)
		trouble(facts, err.text, "");
	if (r <= 0)
		return;
	bool current = facts->running && (!facts->pid.set || facts->pid.value == row.pid);
	facts->last_event_at_us = row.last_event_at_us;
	facts->last_scan_at_us = row.last_scan_at_us;
	facts->last_error_at_us = row.last_error_at_us;
	facts->last_error = row.last_error ? strdup(row.last_error) : NULL;
	if (!current)
		return;
	facts->since_us = (struct i64_opt){row.started_at_us, true};
	facts->pid = (struct i64_opt){row.pid, true};
	facts->queue = row.queue;
	if (row.folders)
		read_folders(facts, row.folders);
}

static int keep_rejection(const struct store_rejection *rejection, void *user) {
	struct status_facts *facts = user;
	if (facts->rejection_count == STATUS_REJECTIONS)
		return 1;
	struct status_rejection *kept = &facts->rejections[facts->rejection_count++];
	kept->path = strdup(rejection->path ? rejection->path : "");
	kept->reason = strdup(rejection->reason ? rejection->reason : "");
	return 0;
}

static int count_regressed(const struct store_state *state, void *user) {
	struct status_facts *facts = user;
	if (state->status && !strcmp(state->status, "regressed"))
		*(state->target == STATE_SITE ? &facts->regressed_sites
					      : &facts->regressed_signatures) += 1;
	return 0;
}

static void read_database(struct status_facts *facts) {
	struct store *store = NULL;
	struct err err = {0};
	struct stat st;
	if (stat(facts->db_path, &st) == 0)
		facts->database_bytes = (struct i64_opt){st.st_size, true};
	int r = store_open(facts->db_path, STORE_READ, &store, &err);
	facts->has_counts = r == -ENOENT;
	if (r == -ENOENT)
		facts->database_bytes.set = true;
	else if (r < 0)
		trouble(facts, err.text, "");
	if (r < 0)
		return;
	read_daemon(facts, store);
	r = store_counts(store, &facts->counts, &err);
	if (r == 0)
		r = store_rejections(store, keep_rejection, facts, &err);
	if (r >= 0)
		r = store_states(store, count_regressed, facts, &err);
	if (r < 0)
		trouble(facts, err.text, "");
	facts->has_counts = r >= 0;
	if (facts->has_counts)
		facts->database_bytes = (struct i64_opt){facts->counts.database_bytes, true};
	store_close(store);
}

/*
 * A folder that is missing may appear: only what needs somebody's hand is trouble. told: by the
 * daemon.
 */
static void judge_folders(struct status_facts *facts, bool told) {
	for (size_t i = 0; i < facts->folder_count; i++) {
		const struct status_folder *folder = &facts->folders[i];
		bool unread = !strcmp(folder->state, folder_state_names[FOLDER_UNREADABLE]);
		bool unwatched = !strcmp(folder->state, folder_state_names[FOLDER_UNWATCHED]);
		if (unread || (unwatched && told))
			trouble(facts, folder->path, unread ? " is unreadable" : " is unwatched");
	}
}

/* The row cannot tell, for it cannot be written. */
static void tell_of_database(struct status_facts *facts) {
	struct statvfs disk;
	bool full = statvfs(facts->db_path, &disk) == 0 &&
		    (uint64_t)disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES;
	const char *why = full ? "the daemon cannot write to its database: no space is left at "
			       : "the daemon cannot write to its database (its log tells why): ";
	trouble(facts, why, facts->db_path);
	free(facts->last_error);
	facts->last_error = facts->trouble.failed ? NULL : strdup(buf_str(&facts->trouble));
}

enum cli_status status_facts_collect(struct cli *cli, struct status_facts *ret) {
	struct err err = {0};
	pid_t pid = 0;
	*ret = (struct status_facts){.db_path = cli_db_path(cli)};
	if (!ret->db_path)
		return CLI_FAILED;
	int found = presence_find(ret->db_path, &pid, &err);
	if (found < 0)
		trouble(ret, err.text, "");
	ret->running = found > 0;
	ret->pid = (struct i64_opt){pid, ret->running && pid > 0};
	read_database(ret);
	if (!ret->running)
		trouble(ret, "not running: ",
			"'agxtriage agent install' (macOS) or 'agxtriage daemon' starts one");
	else if (!ret->database_bytes.value)
		trouble(ret, "no database yet at ", ret->db_path);
	if (ret->running && presence_in_trouble(ret->db_path))
		tell_of_database(ret);
	bool told = ret->folder_count > 0;
	if (!told)
		look_at_folders(cli, ret);
	judge_folders(ret, told);
	return CLI_DONE;
}

void status_facts_finish(struct status_facts *facts) {
	for (size_t i = 0; i < facts->folder_count; i++)
		free(facts->folders[i].path);
	for (size_t i = 0; i < facts->rejection_count; i++) {
		free(facts->rejections[i].path);
		free(facts->rejections[i].reason);
	}
	free(facts->folders);
	free(facts->last_error);
	buf_finish(&facts->trouble);
}
