/* Any bytes as a configuration: refused with a reason and a line, or read; and what was read,
 * written down as a person would, reads as the same. */
#include "fuzz.h"

#include "collect/config.h"

#include <errno.h>
#include <string.h>

/* "retention": {"max_age": ...} for every key of the group; NULL: those without one. */
static void write_group(const struct config *config, const char *group, struct buf *out) {
	size_t len = group ? strlen(group) : 0;
	const char *comma = "";
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *name = config_key_name((enum config_key)key), *dot = strchr(name, '.');
		bool here =
			group ? dot && strncmp(name, group, len) == 0 && name[len] == '.' : !dot;
		bool text = !config->values[key].list && key != CONFIG_ALL &&
			    key != CONFIG_HOOK_RUNNING && key != CONFIG_SYMBOLICATE;
		if (!here)
			continue;
		buf_printf(out, "%s\"%s\": %s", comma, group ? dot + 1 : name, text ? "\"" : "");
		config_format(config, (enum config_key)key, out);
		buf_add_str(out, text ? "\"" : "");
		comma = ", ";
	}
}

static void write_config(const struct config *config, struct buf *out) {
	static const char *const groups[] = {"retention", "hook", "forwarder"};
	buf_add_str(out, "{");
	write_group(config, NULL, out);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		buf_printf(out, ", \"%s\": {", groups[i]);
		write_group(config, groups[i], out);
		buf_add_str(out, "}");
	}
	buf_add_str(out, "}");
	MUST(!out->failed);
}

static void read_again(const struct config *config) {
	struct config again;
	struct buf before = {0}, after = {0};
	struct err err = {0};
	write_config(config, &before);
	MUST(config_init(&again, &err) == 0);
	MUST(config_parse(&again, "again", buf_str(&before), before.len, &err) == 0);
	write_config(&again, &after);
	MUST(strcmp(buf_str(&before), buf_str(&after)) == 0);
	config_finish(&again);
	buf_finish(&before);
	buf_finish(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct err err = {0};
	struct config config;
	struct buf text = {0};
	if (size > (64u << 10))
		return 0;
	setenv("HOME", "/home", 1);
	buf_add(&text, data, size);
	MUST(config_init(&config, &err) == 0);
	int code = config_parse(&config, "fuzz", buf_str(&text), size, &err);
	MUST(code == 0 ||
		(code == -EBADMSG && err.code == code && strncmp(err.text, "fuzz:", 5) == 0));
	for (int key = 0; key < CONFIG_KEY_COUNT && code; key++)
		MUST(config.values[key].origin == CONFIG_DEFAULT);
	read_again(&config);
	config_finish(&config);
	buf_finish(&text);
	return 0;
}
