/*
 * Our own property list as XML, and back.
 */
#include "cli/launchd_plist.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 32

/* A daemon that cannot start is tried again after so long, not after launchd's ten seconds. */
#define THROTTLE_S 30
/* From SIGTERM to SIGKILL. Stated, because what launchd does without the key is not always the 20
 * seconds of its manual: logs of recent systems show 5. */
#define EXIT_TIMEOUT_S 20
/* 077; property lists have no octal numbers. */
#define UMASK_DECIMAL 63

static const struct {
	char character;
	const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};

#define ENTITY_COUNT (sizeof entities / sizeof *entities)

static void add_escaped(struct buf *ret, const char *text) {
	for (; *text; text++) {
		size_t i = 0;
		while (i < ENTITY_COUNT && entities[i].character != *text)
			i++;
		if (i < ENTITY_COUNT)
			buf_add_str(ret, entities[i].entity);
		else
			buf_add_char(ret, *text);
	}
}

static void add_string(struct buf *ret, const char *indent, const char *text) {
	buf_printf(ret, "%s<string>", indent);
	add_escaped(ret, text);
	buf_add_str(ret, "</string>\n");
}

static void add_key(struct buf *ret, const char *key) {
	buf_printf(ret, "\t<key>%s</key>\n", key);
}

static void add_text(struct buf *ret, const char *key, const char *text) {
	add_key(ret, key);
	add_string(ret, "\t", text);
}

static void add_number(struct buf *ret, const char *key, int number) {
	add_key(ret, key);
	buf_printf(ret, "\t<integer>%d</integer>\n", number);
}

static void add_true(struct buf *ret, const char *key) {
	add_key(ret, key);
	buf_add_str(ret, "\t<true/>\n");
}

static int check(const char *what, const char *text, struct err *err) {
	if (text_is_clean(text, strlen(text), TEXT_LINE))
		return 0;
	return err_set(
		err, -EINVAL, "%s has characters that a property list cannot hold: %s", what, text);
}

static int check_all(const struct launchd_plist *plist, struct err *err) {
	int r = check("the label", plist->label, err);
	for (size_t i = 0; plist->arguments[i] && r >= 0; i++)
		r = check("the command", plist->arguments[i], err);
	return r < 0 ? r : check("the log file", plist->log_path, err);
}

int launchd_plist_format(const struct launchd_plist *plist, struct buf *ret, struct err *err) {
	int r = check_all(plist, err);
	if (r < 0)
		return r;
	buf_add_str(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
			 "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
			 "<plist version=\"1.0\">\n<dict>\n");
	add_text(ret, "Label", plist->label);
	add_key(ret, "ProgramArguments");
	buf_add_str(ret, "\t<array>\n");
	for (size_t i = 0; plist->arguments[i]; i++)
		add_string(ret, "\t\t", plist->arguments[i]);
	buf_add_str(ret, "\t</array>\n");
	add_true(ret, "RunAtLoad");
	/* Started again after a failure or a crash, not when it ended well: a second daemon of the
	 * same database ends well at once. */
	add_key(ret, "KeepAlive");
	buf_add_str(ret, "\t<dict>\n\t\t<key>SuccessfulExit</key>\n\t\t<false/>\n\t</dict>\n");
	add_number(ret, "ThrottleInterval", THROTTLE_S);
	add_number(ret, "ExitTimeOut", EXIT_TIMEOUT_S);
	add_text(ret, "ProcessType", "Background");
	add_true(ret, "LowPriorityIO");
	add_number(ret, "Umask", UMASK_DECIMAL);
	add_text(ret, "LimitLoadToSessionType", plist->background ? "Background" : "Aqua");
	add_text(ret, "StandardOutPath", plist->log_path);
	add_text(ret, "StandardErrorPath", plist->log_path);
	buf_add_str(ret, "</dict>\n</plist>\n");
	return ret->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}

/* ---- back ---- */

/* The length of the entity at text and what it stands for; 1 and the first character when it is
 * none. */
static size_t unescape(const char *text, size_t len, char *ret) {
	for (size_t i = 0; i < ENTITY_COUNT; i++) {
		size_t entity_len = strlen(entities[i].entity);
		if (entity_len > len || memcmp(text, entities[i].entity, entity_len) != 0)
			continue;
		*ret = entities[i].character;
		return entity_len;
	}
	*ret = *text;
	return 1;
}

static char *unescaped(const char *text, size_t len) {
	char *ret = malloc(len + 1), *out = ret;
	if (!ret)
		return NULL;
	while (len) {
		size_t taken = unescape(text, len, out++);
		text += taken;
		len -= taken;
	}
	*out = '\0';
	return ret;
}

void launchd_plist_free_arguments(char **arguments) {
	for (size_t i = 0; arguments && arguments[i]; i++)
		free(arguments[i]);
	free(arguments);
}

char **launchd_plist_arguments(const char *text) {
	static const char begin[] = "<key>ProgramArguments</key>\n\t<array>\n";
	static const char open[] = "\t\t<string>", close[] = "</string>\n";
	const char *at = strstr(text, begin);
	char **ret = at ? calloc(ARGUMENTS_MAX + 1, sizeof *ret) : NULL;
	if (!ret)
		return NULL;
	at += sizeof begin - 1;
	for (size_t count = 0; text_starts(at, open); count++) {
		const char *value = at + sizeof open - 1, *end = strstr(value, close);
		if (!end || count == ARGUMENTS_MAX)
			goto damaged;
		ret[count] = unescaped(value, (size_t)(end - value));
		if (!ret[count])
			goto damaged;
		at = end + sizeof close - 1;
	}
	if (ret[0] && text_starts(at, "\t</array>\n"))
		return ret;
damaged:
	launchd_plist_free_arguments(ret);
	return NULL;
}
