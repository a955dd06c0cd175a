/* The settings of an experiment as they stand in its row. */
#include "cli/measure.h"

#include "base/limits.h"
#include "export/json_out.h"
#include "ips/json.h"

#include <errno.h>
#include <string.h>

void measure_settings_format(const struct measure_settings *settings, struct buf *ret) {
	struct json_out out;
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	json_out_i64(&out, "timeout_ms", settings->timeout_ms);
	json_out_i64(&out, "wait_ms", settings->wait_ms);
	json_out_bool(&out, "answers", settings->answers);
	json_out_text(&out, "metric", settings->metric);
	json_out_text(&out, "folder", settings->folder);
	json_out_object_end(&out);
}

static void read_bool(struct json *json, bool *ret) {
	*ret = json_peek(json) == JSON_TRUE;
	json_skip(json);
}

static void read_text(struct json *json, struct arena *arena, const char **ret) {
	const char *odd = NULL;
	if (json_peek(json) == JSON_STRING)
		json_text(json, arena, LIMIT_TEXT_BYTES, true, ret, &odd);
	else
		json_skip(json);
}

int measure_settings_parse(
	const char *json, struct arena *arena, struct measure_settings *ret, struct err *err) {
	struct json reader;
	struct json_key key;
	*ret = (struct measure_settings){0};
	json_init(&reader, json, strlen(json), err);
	if (json_peek(&reader) == JSON_OBJECT)
		json_enter(&reader);
	else
		json_fail(&reader, 0, "not the settings of an experiment");
	for (bool first = true; !reader.code && json_next_member(&reader, &first, &key);) {
		bool number = json_peek(&reader) == JSON_NUMBER;
		if (json_key_is(&key, "timeout_ms") && number)
			json_i64(&reader, &ret->timeout_ms);
		else if (json_key_is(&key, "wait_ms") && number)
			json_i64(&reader, &ret->wait_ms);
		else if (json_key_is(&key, "answers"))
			read_bool(&reader, &ret->answers);
		else if (json_key_is(&key, "metric"))
			read_text(&reader, arena, &ret->metric);
		else if (json_key_is(&key, "folder"))
			read_text(&reader, arena, &ret->folder);
		else
			json_skip(&reader);
	}
	return reader.code ? err_set(err, -EBADMSG, "the settings of the experiment cannot be read")
			   : 0;
}
