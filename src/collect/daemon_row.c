/* What the daemon says of itself in the database. */
#include "collect/daemon_parts.h"

#include "base/clock.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <unistd.h>

/* Under load the row is written that often. */
#define ROW_US 1000000

static bool add_folder(cJSON *array, const char *path, enum folder_state state) {
	cJSON *folder = cJSON_CreateObject();
	if (cJSON_AddStringToObject(folder, "path", path) &&
		cJSON_AddStringToObject(folder, "state", folder_state_names[state]) &&
		cJSON_AddItemToArray(array, folder))
		return true;
	cJSON_Delete(folder);
	return false;
}

/* Its Retired/ is mentioned when somebody has to do something about it. */
static bool add_watched(cJSON *array, const struct folders *folders, size_t i) {
	enum folder_state state;
	if (!add_folder(array, folders_path(folders, i), folders_state(folders, i)))
		return false;
	const char *retired = folders_retired_trouble(folders, i, &state);
	return !retired || add_folder(array, retired, state);
}

/* [{"path": ..., "state": ...}, ...], to be freed with cJSON_free(); NULL without memory. */
static char *folders_text(const struct folders *folders) {
	cJSON *array = cJSON_CreateArray();
	bool whole = array;
	for (size_t i = 0; whole && i < folders_count(folders); i++)
		whole = add_watched(array, folders, i);
	char *text = whole ? cJSON_PrintUnformatted(array) : NULL;
	cJSON_Delete(array);
	return text;
}

static struct i64_opt known(int64_t us) {
	return (struct i64_opt){.value = us, .set = us != 0};
}

static void put(struct daemon *daemon, struct i64_opt stopped_at_us) {
	struct collector_status status;
	struct err err;
	char *folders = folders_text(collector_folders(daemon->collector));
	if (!folders)
		return;
	collector_status(daemon->collector, &status);
	const struct store_daemon row = {
		.pid = getpid(),
		.started_at_us = daemon->started_at_us,
		.stopped_at_us = stopped_at_us,
		.last_event_at_us = status.last_event_at_us,
		.last_scan_at_us = status.last_scan_at_us,
		.last_error_at_us = known(daemon->trouble_at_us),
		.last_error = daemon->trouble_at_us ? daemon->trouble.text : NULL,
		.queue = (int64_t)status.queue,
		.folders = folders,
	};
	int code = store_put_daemon(daemon->store, &row, &err);
	cJSON_free(folders);
	daemon->row_at_us = clock_monotonic_us();
	if (code)
		return;
	daemon->row_dirty = false;
	daemon->row_seen = status.summary.seen;
}

void daemon_row_put(struct daemon *daemon) {
	struct collector_status status;
	if (!daemon->store || !daemon->collector)
		return;
	collector_status(daemon->collector, &status);
	bool news = daemon->row_dirty || status.summary.seen != daemon->row_seen;
	bool busy = status.queue > 0;
	if (news && (!busy || clock_monotonic_us() - daemon->row_at_us >= ROW_US))
		put(daemon, known(daemon->stopping ? clock_now_us() : 0));
}

void daemon_row_stop(struct daemon *daemon) {
	if (daemon->store && daemon->collector)
		put(daemon, known(clock_now_us()));
}
