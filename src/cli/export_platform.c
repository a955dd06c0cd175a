/* The fingerprint of this machine without what is true of this moment only: two exports of the same
 * incidents are to be the same. What a trial ran under stands with its experiment. */
#include "cli/export.h"

#include "ips/json.h"
#include "repro/fingerprint.h"

#include <errno.h>
#include <string.h>

static bool lasts(const struct json_key *key) {
	static const char *const names[] = {"model", "os_version", "os_build", "kernel", "cpu",
		"cores", "memory_bytes", "virtual", "gpu", "gpu_cores", "driver", "agxtriage"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (json_key_is(key, names[i]))
			return true;
	return false;
}

static int keep_lasting(const struct buf *taken, struct buf *ret, struct err *err) {
	struct json json;
	struct json_key key;
	bool first = true, comma = false;
	json_init(&json, buf_str(taken), taken->len, err);
	if (json_peek(&json) != JSON_OBJECT)
		return err_set(err, -EINVAL, "the machine's fingerprint is no object");
	json_enter(&json);
	buf_add_char(ret, '{');
	while (json_next_member(&json, &first, &key)) {
		json_peek(&json);
		const char *value = json.p;
		json_skip(&json);
		if (json.code || !lasts(&key))
			continue;
		buf_printf(ret, "%s\"%s\":", comma ? "," : "", key.text);
		buf_add(ret, value, (size_t)(json.p - value));
		comma = true;
	}
	buf_add_char(ret, '}');
	if (ret->failed)
		return err_set(err, -ENOMEM, "out of memory");
	return json.code;
}

int export_platform(struct buf *ret, struct err *err) {
	struct buf taken = {0};
	int r = fingerprint_take(&taken, err);
	if (r == 0)
		r = keep_lasting(&taken, ret, err);
	buf_finish(&taken);
	return r;
}
