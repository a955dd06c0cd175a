/* From an image in a report to a file with its UUID. Paths in reports are anybody's. */
#include "collect/symbol_file.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 1024
/* X.xcarchive/dSYMs/Y.framework.dSYM; a folder of builds has two or three levels more. */
#define DEPTH_MAX 6
/* Of all folders together; a folder with more is not made for symbols. */
#define ENTRIES_MAX 20000
/* A dSYM has one file for each architecture or for all of them. */
#define DWARF_FILES_MAX 64
#define MDFIND_MS 10000
#define MDFIND_CALLS_MAX 16
#define MDFIND_LINES_MAX 32
#define DWARF "/Contents/Resources/DWARF"

struct finder {
	const struct symbol_search *search;
	struct symbol_want *wants;
	size_t count;
	size_t entries; /* looked at */
};

static bool is_late(const struct finder *finder) {
	const struct symbol_search *search = finder->search;
	return (search->stop && *search->stop) || clock_monotonic_us() >= search->until_us;
}

static bool may_walk(const struct finder *finder) {
	return finder->entries < ENTRIES_MAX && !is_late(finder);
}

bool symbol_want_init(struct symbol_want *ret, const struct image *image) {
	*ret = (struct symbol_want){.image = image};
	return image->uuid && macho_parse_uuid(image->uuid, ret->uuid);
}

void symbol_want_finish(struct symbol_want *want) {
	free(want->path);
	want->path = NULL;
}

/* ---- one file */

static bool read_fd(void *user, uint64_t offset, void *ret, size_t len) {
	const int *fd = user;
	char *to = ret;
	while (len) {
		ssize_t n = pread(*fd, to, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static void take_if_of(
	struct symbol_want *want, const struct macho_source *source, const char *path) {
	struct macho_slice slice;
	if (want->path || !macho_find(source, want->uuid, &slice) || !macho_arch(&slice) ||
		(want->image->arch && !macho_arch_fits(&slice, want->image->arch)))
		return;
	want->arch = macho_arch(&slice);
	want->path = strdup(path);
}

/* Gives the file to every one of count wants whose UUID it has. */
static void offer(const struct finder *finder, struct symbol_want *wants, size_t count,
	const char *path, enum store_symbol_source kind) {
	struct stat st;
	int fd = file_open(AT_FDCWD, path, FILE_NOFOLLOW, &st, NULL);
	if (fd < 0)
		return;
	const struct macho_source source = {read_fd, &fd, (uint64_t)st.st_size};
	for (size_t i = 0; i < count && !is_late(finder); i++) {
		bool had = wants[i].path != NULL;
		take_if_of(&wants[i], &source, path);
		if (!had && wants[i].path)
			wants[i].source = kind;
	}
	close(fd);
}

/* The files of a bundle X.dSYM, whatever their names. */
static void offer_bundle(
	struct finder *finder, struct symbol_want *wants, size_t count, const char *bundle) {
	struct buf path = {0};
	buf_printf(&path, "%s" DWARF, bundle);
	DIR *dir = path.failed ? NULL : opendir(path.data);
	const struct dirent *entry;
	for (size_t i = 0; dir && i < DWARF_FILES_MAX && !is_late(finder); i++) {
		if (!(entry = readdir(dir)))
			break;
		finder->entries++;
		if (entry->d_name[0] == '.')
			continue;
		buf_reset(&path);
		buf_printf(&path, "%s" DWARF "/%s", bundle, entry->d_name);
		if (!path.failed)
			offer(finder, wants, count, path.data, STORE_SYMBOL_DSYM);
	}
	if (dir)
		closedir(dir);
	buf_finish(&path);
}

/* ---- where the report says that the image was */

/* Looking at such a path can start a mount, a driver, or worse. Volumes of macOS know no case. */
static bool is_dangerous(const char *path) {
	static const char *const places[] = {"/net/", "/Network/", "/dev/", "/proc/", "/sys/",
		"/System/Volumes/Data/net/", "/System/Volumes/Data/Network/"};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (!strncasecmp(path, places[i], strlen(places[i])))
			return true;
	return strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../");
}

/* The user's own folder stands in reports as /Users/USER, what follows sometimes as a star. */
static char *real_path(const char *path) {
	const char *home = getenv("HOME");
	struct buf real = {0};
	if (!path || path[0] != '/' || strlen(path) > PATH_BYTES_MAX || is_dangerous(path) ||
		strchr(path, '*'))
		return NULL;
	if (text_starts(path, "/Users/USER/") && home && home[0] == '/')
		buf_printf(&real, "%s%s", home, path + strlen("/Users/USER"));
	else
		buf_add_str(&real, path);
	return buf_take(&real);
}

/* X.dSYM beside the image X, and beside the bundles that it is in (Y.app.dSYM). */
static void offer_beside(struct finder *finder, struct symbol_want *want, const char *path) {
	struct buf bundle = {0};
	for (size_t len = strlen(path); len && !want->path && !is_late(finder);) {
		size_t start = len;
		while (start && path[start - 1] != '/')
			start--;
		bool whole = !path[len];
		if (whole || memchr(path + start, '.', len - start)) {
			buf_reset(&bundle);
			buf_printf(&bundle, "%.*s.dSYM", (int)len, path);
			if (!bundle.failed)
				offer_bundle(finder, want, 1, bundle.data);
		}
		len = start ? start - 1 : 0;
	}
	buf_finish(&bundle);
}

/* ---- folders of symbols */

/* A folder, and no link to one. */
static bool is_folder(const char *path) {
	struct stat st;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool all_found(const struct finder *finder) {
	for (size_t i = 0; i < finder->count; i++)
		if (!finder->wants[i].path)
			return false;
	return true;
}

/* Folders that are still to be looked into, the last first. */
struct folder {
	char *path; /* owned */
	unsigned depth;
};
struct folders {
	struct folder *items;
	size_t count, cap;
};

/* Without memory it is left out. */
static void push(struct folders *folders, const char *path, unsigned depth) {
	if (folders->count == folders->cap) {
		size_t cap = folders->cap ? 2 * folders->cap : 16;
		struct folder *items = realloc(folders->items, cap * sizeof *items);
		if (!items)
			return;
		folders->items = items;
		folders->cap = cap;
	}
	char *copy = strdup(path);
	if (copy)
		folders->items[folders->count++] = (struct folder){copy, depth};
}

static void look_at(
	struct finder *finder, struct folders *folders, const char *path, unsigned depth) {
	if (text_ends(path, ".dSYM"))
		offer_bundle(finder, finder->wants, finder->count, path);
	else if (depth <= DEPTH_MAX && is_folder(path))
		push(folders, path, depth);
}

static void look_into(struct finder *finder, struct folders *folders, const struct folder *folder) {
	struct buf path = {0};
	DIR *dir = opendir(folder->path);
	const struct dirent *entry;
	while (dir && may_walk(finder) && !all_found(finder) && (entry = readdir(dir))) {
		finder->entries++;
		if (entry->d_name[0] == '.')
			continue;
		buf_reset(&path);
		buf_printf(&path, "%s/%s", folder->path, entry->d_name);
		if (!path.failed)
			look_at(finder, folders, path.data, folder->depth + 1);
	}
	if (dir)
		closedir(dir);
	buf_finish(&path);
}

/* path: a dSYM, or the folder at which the walk begins; a link that is named so is followed, those
 * to folders inside are not. */
static void walk(struct finder *finder, const char *path, unsigned depth) {
	struct folders folders = {0};
	if (text_ends(path, ".dSYM"))
		offer_bundle(finder, finder->wants, finder->count, path);
	else
		push(&folders, path, depth);
	while (folders.count) {
		struct folder folder = folders.items[--folders.count];
		look_into(finder, &folders, &folder);
		free(folder.path);
	}
	free(folders.items);
}

/* ---- Spotlight */

/* Upper case, as the index has them. */
static void add_uuid(struct buf *out, const uint8_t uuid[MACHO_UUID_BYTES]) {
	char text[MACHO_UUID_TEXT_BYTES];
	macho_format_uuid(uuid, text);
	for (const char *c = text; *c; c++)
		buf_add_char(out, (char)toupper((unsigned char)*c));
}

static void take_answer(struct finder *finder, struct symbol_want *want, char *text) {
	struct finder one = {.search = finder->search, .wants = want, .count = 1};
	char *rest = NULL;
	char *line = strtok_r(text, "\n", &rest);
	for (int i = 0; line && i < MDFIND_LINES_MAX && !want->path; i++) {
		if (line[0] == '/')
			walk(&one, line, DEPTH_MAX - 1);
		line = strtok_r(NULL, "\n", &rest);
	}
	finder->entries += one.entries;
}

/* Names of bundles and of archives that have one. */
static void ask_spotlight(struct finder *finder, struct symbol_want *want) {
	struct buf query = {0};
	struct spawn_result result = {0};
	buf_add_str(&query, "com_apple_xcode_dsym_uuids == ");
	add_uuid(&query, want->uuid);
	const char *const argv[] = {finder->search->mdfind, buf_str(&query), NULL};
	if (!query.failed &&
		spawn_run_until(argv, MDFIND_MS, finder->search->stop, &result, NULL) == 0 &&
		!result.timed_out && result.status == 0 && result.out.len)
		take_answer(finder, want, result.out.data);
	spawn_finish(&result);
	buf_finish(&query);
}

/* Images of the system have no symbols of their own, and are in no index. */
static bool is_of_system(const struct image *image) {
	return image->path &&
	       (text_starts(image->path, "/System/") || text_starts(image->path, "/usr/lib/"));
}

/* ---- all of it */

bool symbol_files_find(
	const struct symbol_search *search, struct symbol_want *wants, size_t count) {
	struct finder finder = {.search = search, .wants = wants, .count = count};
	for (size_t i = 0; i < count && !is_late(&finder); i++) {
		char *path = wants[i].path ? NULL : real_path(wants[i].image->path);
		if (path)
			offer_beside(&finder, &wants[i], path);
		free(path);
	}
	for (size_t i = 0; search->folders && search->folders[i] && !all_found(&finder); i++)
		walk(&finder, search->folders[i], 1);
	for (size_t i = 0; i < count && !is_late(&finder); i++) {
		char *path = wants[i].path ? NULL : real_path(wants[i].image->path);
		if (path)
			offer(&finder, &wants[i], 1, path, STORE_SYMBOL_IMAGE);
		free(path);
	}
	int calls = 0;
	for (size_t i = 0; i < count && search->mdfind && !is_late(&finder); i++)
		if (!wants[i].path && !is_of_system(wants[i].image) && calls++ < MDFIND_CALLS_MAX)
			ask_spotlight(&finder, &wants[i]);
	return all_found(&finder) || may_walk(&finder);
}
