/* Names of times, and files that are known again by what they say. */
#include "export/flat_name.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "ips/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* "2025-12-21T01:36:18.286200Z" */
static void add_time(int64_t us, struct buf *ret) {
	char iso[CLOCK_TEXT_BYTES];
	clock_format_iso(us, iso);
	buf_printf(ret, "%.4s%.2s%.2s_%.2s%.2s%.2s", iso, iso + 5, iso + 8, iso + 11, iso + 14,
		iso + 17);
}

void flat_name(const struct flat_incident *incident, unsigned number, struct buf *ret) {
	buf_add_str(ret, "crash_");
	if (incident->captured_at_us.set)
		add_time(incident->captured_at_us.value, ret);
	else
		buf_printf(ret, "unknown_%u", number);
	if (incident->captured_at_us.set && number > 1)
		buf_printf(ret, "_%u", number);
	buf_add_str(ret, ".json");
}

/* What tells a file of ours: the contract's object has all of these. */
struct said {
	struct i64_opt id;
	const char *incident_id;
	bool source, triage, signature;
};

static const char *read_text(struct json *json, struct arena *arena) {
	const char *text = NULL, *odd = NULL;
	if (json_peek(json) == JSON_STRING)
		json_text(json, arena, LIMIT_CONFIG_WORD_BYTES, false, &text, &odd);
	else
		json_skip(json);
	return text;
}

static bool read_said(const struct buf *text, struct arena *arena, struct said *ret) {
	struct err err = {0};
	struct json json;
	struct json_key key;
	bool first = true;
	json_init(&json, buf_str(text), text->len, &err);
	if (json_peek(&json) != JSON_OBJECT)
		return false;
	json_enter(&json);
	while (json_next_member(&json, &first, &key)) {
		ret->source |= json_key_is(&key, "source");
		ret->triage |= json_key_is(&key, "triage");
		ret->signature |= json_key_is(&key, "signature");
		if (json_key_is(&key, "incident_id"))
			ret->incident_id = read_text(&json, arena);
		else if (json_key_is(&key, "id") && json_peek(&json) == JSON_NUMBER)
			ret->id.set = json_i64(&json, &ret->id.value);
		else
			json_skip(&json);
	}
	return !json.code && ret->source && ret->triage && ret->signature;
}

static bool is_same(const struct flat_incident *incident, const struct buf *text) {
	struct arena arena;
	struct said said = {0};
	arena_init(&arena, LIMIT_REPORT_ARENA_BYTES);
	bool same = read_said(text, &arena, &said);
	if (incident->incident_id)
		same = same && said.incident_id &&
		       strcmp(said.incident_id, incident->incident_id) == 0;
	else
		same = same && !said.incident_id && said.id.set && said.id.value == incident->id;
	arena_finish(&arena);
	return same;
}

/* Something that no file of ours can be. */
static bool is_foreign(int r) {
	return r == -ELOOP || r == -EISDIR || r == -ENXIO || r == -EFBIG || r == -ETXTBSY;
}

enum flat_holder flat_look(const struct flat_incident *incident, const char *path,
	struct buf *ret_text, struct err *err) {
	struct err unread = {0};
	int r = file_read(
		AT_FDCWD, path, FILE_NOFOLLOW, LIMIT_REPORT_BYTES, ret_text, NULL, &unread);
	if (r == -ENOENT)
		return FLAT_FREE;
	if (r < 0 && !is_foreign(r)) {
		*err = unread;
		return FLAT_FAILED;
	}
	return r == 0 && is_same(incident, ret_text) ? FLAT_SAME : FLAT_OTHER;
}
