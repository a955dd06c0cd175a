/* One look at a time; what is wanted meanwhile is looked at afterwards. */
#include "collect/scanner.h"

#include "base/clock.h"
#include "ips/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A burst is looked at when it has ended, or goes on for too long. */
#define SETTLE_US 250000
#define SETTLE_MAX_US 1000000
/* After a look that failed for want of memory or descriptors. */
#define AGAIN_US 2000000

struct place {
	char *path;
	bool wanted;
	int64_t first_us, last_us; /* of the events since the last look; 0: none */
};

/* What a worker has for itself. */
struct look {
	uv_work_t work;
	struct scanner *scanner;
	char **paths;  /* NULL-terminated */
	bool short_of; /* memory or descriptors: something was not seen */
	struct walk walk;
};

struct scanner {
	uv_loop_t *loop;
	uv_timer_t timer;
	void (*on_work)(void *user);
	void *user;
	struct place *places;
	size_t count;
	struct look *look;                 /* in a worker; NULL: none */
	bool look_is_of_old;               /* the folders were replaced meanwhile */
	bool look_is_whole, walk_is_whole; /* of all folders */
	struct walk walk;
	size_t next;
	struct i64_opt last_us;
	void (*on_stopped)(void *user);
	void *stop_user;
	bool stopping;
};

/* ---- in a worker ---- */

static bool is_shortage(int code) {
	return code == -ENOMEM || code == -EMFILE || code == -ENFILE;
}

/* A file in a folder's place is nobody's report: walk_add() would take it for one that the user
 * named. */
static bool is_folder(const char *path) {
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void look_around(uv_work_t *request) {
	struct look *look = request->data;
	struct err err;
	for (char **path = look->paths; *path; path++)
		if (is_folder(*path) &&
			is_shortage(walk_add(&look->walk, *path, WALK_RETIRED, &err)))
			look->short_of = true;
}

/* ---- in the loop's thread ---- */

static void look_free(struct look *look) {
	if (!look)
		return;
	for (char **path = look->paths; path && *path; path++)
		free(*path);
	free(look->paths);
	walk_finish(&look->walk);
	free(look);
}

static void start_looking(struct scanner *scanner);
static void set_timer(struct scanner *scanner);

static void wait_and_look(struct scanner *scanner) {
	int64_t now_us = clock_monotonic_us();
	for (size_t i = 0; i < scanner->count; i++) {
		struct place *place = &scanner->places[i];
		if (!place->first_us)
			place->first_us = now_us + AGAIN_US - SETTLE_MAX_US;
		place->last_us = now_us + AGAIN_US - SETTLE_US;
	}
	set_timer(scanner);
}

static void closed(uv_handle_t *handle) {
	struct scanner *scanner = handle->data;
	void (*on_stopped)(void *user) = scanner->on_stopped;
	void *user = scanner->stop_user;
	free(scanner);
	on_stopped(user);
}

static void on_look(uv_work_t *request, int status) {
	struct look *look = request->data;
	struct scanner *scanner = look->scanner;
	scanner->look = NULL;
	if (scanner->stopping) {
		look_free(look);
		uv_close((uv_handle_t *)&scanner->timer, closed);
		return;
	}
	if (!scanner->look_is_of_old) {
		walk_finish(&scanner->walk);
		scanner->walk = look->walk;
		scanner->next = 0;
		scanner->walk_is_whole = scanner->look_is_whole;
		look->walk = (struct walk){0};
		if (look->short_of)
			wait_and_look(scanner);
	}
	look_free(look);
	scanner->on_work(scanner->user);
}

static struct look *look_new(struct scanner *scanner) {
	struct look *look = calloc(1, sizeof *look);
	size_t count = 0;
	if (look)
		look->paths = calloc(scanner->count + 1, sizeof *look->paths);
	if (!look || !look->paths) {
		look_free(look);
		return NULL;
	}
	for (size_t i = 0; i < scanner->count; i++) {
		if (!scanner->places[i].wanted)
			continue;
		look->paths[count] = strdup(scanner->places[i].path);
		count += look->paths[count] != NULL;
	}
	look->scanner = scanner;
	look->work.data = look;
	scanner->look_is_whole = count == scanner->count;
	return look;
}

static bool is_wanted(const struct scanner *scanner) {
	for (size_t i = 0; i < scanner->count; i++)
		if (scanner->places[i].wanted)
			return true;
	return false;
}

static void start_looking(struct scanner *scanner) {
	if (scanner->look || scanner->next < scanner->walk.count || scanner->stopping ||
		!is_wanted(scanner))
		return;
	struct look *look = look_new(scanner);
	if (!look || uv_queue_work(scanner->loop, &look->work, look_around, on_look)) {
		look_free(look);
		wait_and_look(scanner);
	} else {
		scanner->look = look;
	}
	scanner->look_is_of_old = false;
	for (size_t i = 0; i < scanner->count; i++)
		scanner->places[i].wanted = false;
}

static int64_t due_us(const struct place *place) {
	int64_t quiet = place->last_us + SETTLE_US, late = place->first_us + SETTLE_MAX_US;
	return quiet < late ? quiet : late;
}

static void on_timer(uv_timer_t *timer) {
	struct scanner *scanner = timer->data;
	int64_t now_us = clock_monotonic_us();
	for (size_t i = 0; i < scanner->count; i++) {
		struct place *place = &scanner->places[i];
		if (!place->first_us || due_us(place) > now_us)
			continue;
		place->first_us = place->last_us = 0;
		place->wanted = true;
	}
	set_timer(scanner);
	start_looking(scanner);
}

static void set_timer(struct scanner *scanner) {
	int64_t next = INT64_MAX, now_us = clock_monotonic_us();
	for (size_t i = 0; i < scanner->count; i++)
		if (scanner->places[i].first_us && due_us(&scanner->places[i]) < next)
			next = due_us(&scanner->places[i]);
	if (next == INT64_MAX || scanner->stopping)
		uv_timer_stop(&scanner->timer);
	else
		uv_timer_start(&scanner->timer, on_timer,
			next > now_us ? (uint64_t)(next - now_us) / 1000 + 1 : 0, 0);
}

/* folder: one of those given or its Retired/. */
static bool belongs(const struct place *place, const char *folder) {
	size_t len = strlen(place->path);
	return !strncmp(place->path, folder, len) &&
	       (!folder[len] || !strcmp(folder + len, "/Retired"));
}

void scanner_hint(struct scanner *scanner, const char *folder) {
	int64_t now_us = clock_monotonic_us();
	for (size_t i = 0; i < scanner->count; i++) {
		struct place *place = &scanner->places[i];
		if (!belongs(place, folder))
			continue;
		if (!place->first_us)
			place->first_us = now_us;
		place->last_us = now_us;
	}
	if (!uv_is_active((uv_handle_t *)&scanner->timer))
		set_timer(scanner);
}

void scanner_want_all(struct scanner *scanner) {
	for (size_t i = 0; i < scanner->count; i++)
		scanner->places[i].wanted = true;
	start_looking(scanner);
}

struct candidate *scanner_next(struct scanner *scanner) {
	if (scanner->next < scanner->walk.count)
		return &scanner->walk.items[scanner->next++];
	/* Also a look at empty folders has come to its end. */
	if (scanner->walk_is_whole)
		scanner->last_us = (struct i64_opt){.value = clock_now_us(), .set = true};
	scanner->walk_is_whole = false;
	walk_finish(&scanner->walk);
	scanner->next = 0;
	start_looking(scanner);
	return NULL;
}

size_t scanner_waiting(const struct scanner *scanner) {
	return scanner->walk.count - scanner->next;
}

bool scanner_busy(const struct scanner *scanner) {
	return scanner->look || scanner_waiting(scanner) || is_wanted(scanner) ||
	       uv_is_active((const uv_handle_t *)&scanner->timer);
}

struct i64_opt scanner_last_us(const struct scanner *scanner) {
	return scanner->last_us;
}

static void forget_places(struct scanner *scanner) {
	for (size_t i = 0; i < scanner->count; i++)
		free(scanner->places[i].path);
	free(scanner->places);
	scanner->places = NULL;
	scanner->count = 0;
	walk_finish(&scanner->walk);
	scanner->next = 0;
	scanner->walk_is_whole = false;
	scanner->look_is_of_old = true;
}

int scanner_set_folders(struct scanner *scanner, const struct folders *folders, struct err *err) {
	size_t count = folders_count(folders);
	struct place *places = calloc(count + 1, sizeof *places);
	for (size_t i = 0; places && i < count; i++) {
		places[i].path = strdup(folders_path(folders, i));
		if (places[i].path)
			continue;
		while (i-- > 0)
			free(places[i].path);
		free(places);
		places = NULL;
	}
	if (!places)
		return err_set(err, -ENOMEM, "out of memory");
	forget_places(scanner);
	scanner->places = places;
	scanner->count = count;
	return 0;
}

int scanner_new(uv_loop_t *loop, void (*on_work)(void *user), void *user, struct scanner **ret,
	struct err *err) {
	struct scanner *scanner = calloc(1, sizeof *scanner);
	if (!scanner)
		return err_set(err, -ENOMEM, "out of memory");
	*scanner = (struct scanner){.loop = loop, .on_work = on_work, .user = user};
	uv_timer_init(loop, &scanner->timer);
	scanner->timer.data = scanner;
	*ret = scanner;
	return 0;
}

void scanner_stop(struct scanner *scanner, void (*on_stopped)(void *user), void *user) {
	scanner->stopping = true;
	scanner->on_stopped = on_stopped;
	scanner->stop_user = user;
	forget_places(scanner);
	uv_timer_stop(&scanner->timer);
	if (scanner->look)
		uv_cancel((uv_req_t *)&scanner->look->work);
	else
		uv_close((uv_handle_t *)&scanner->timer, closed);
}
