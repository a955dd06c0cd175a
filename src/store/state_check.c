/*
 * What a state may hold, whoever wants to set it: the user, an archive of somebody else's. Pure.
 */
#include "base/text.h"
#include "store/state_parts.h"

#include <string.h>
#include <strings.h>

int store_state_check_status(const char *status, struct err *err) {
	for (size_t i = 0; state_status_names[i] != NULL; i++)
		if (status[0] == '\0' || strcmp(status, state_status_names[i]) == 0)
			return 0;
	return err_set(err, -EINVAL,
		"\"%.40s\" is no status: open, known, fixed, ignored or regressed", status);
}

int store_state_check_note(const char *note, struct err *err) {
	size_t len = strlen(note);
	if (len > STATE_NOTE_BYTES_MAX)
		return err_set(err, -EINVAL, "note takes at most %d bytes, not %zu",
			STATE_NOTE_BYTES_MAX, len);
	if (!text_is_clean(note, len, TEXT_LINES))
		return err_set(err, -EINVAL, "note has control bytes or bytes that are no UTF-8");
	return 0;
}

/* "http://HOST" or "https://HOST", and nothing in it that ends a word. */
static bool is_url(const char *url) {
	size_t scheme = strncasecmp(url, "http://", 7) == 0    ? 7
			: strncasecmp(url, "https://", 8) == 0 ? 8
							       : 0;
	const char *host = url + scheme;
	if (scheme == 0 || strcspn(host, "/?#:") == 0)
		return false;
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c) != NULL)
			return false;
	return true;
}

int store_state_check_url(const char *url, struct err *err) {
	size_t len = strlen(url);
	if (len > STATE_URL_BYTES_MAX)
		return err_set(err, -EINVAL, "url takes at most %d bytes, not %zu",
			STATE_URL_BYTES_MAX, len);
	if (len > 0 && !is_url(url))
		return err_set(err, -EINVAL,
			"url takes https://HOST/... or http://HOST/..., with everything else "
			"written as %%XX; a number of Apple's Feedback belongs into the note");
	return 0;
}

static int check_fixed_in(const char *build, struct err *err) {
	int same;
	if (build[0] == '\0' || state_build_compare(build, build, &same))
		return 0;
	return err_set(
		err, -EINVAL, "\"%.40s\" is no build of a system: they look like 24G419", build);
}

int store_state_check(const struct store_state_change *change, struct err *err) {
	int r = change->status != NULL ? store_state_check_status(change->status, err) : 0;
	if (r == 0 && change->note != NULL)
		r = store_state_check_note(change->note, err);
	if (r == 0 && change->url != NULL)
		r = store_state_check_url(change->url, err);
	return r == 0 && change->fixed_in != NULL ? check_fixed_in(change->fixed_in, err) : r;
}
