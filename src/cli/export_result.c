/* What came of an export. */
#include "cli/export.h"

#include "base/log.h"
#include "export/json_out.h"

#include <inttypes.h>
#include <string.h>

/* Named one by one up to so many; the manifest has all. */
#define DROPPED_SHOWN 10

static void put_json(const struct export_looker *looker, const struct archive_result *result,
	const char *output) {
	struct buf line = {0};
	struct json_out out;
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_text(&out, "path", output);
	json_out_u64(&out, "bytes", result->bytes);
	json_out_text(&out, "purpose", archive_purpose_names[looker->options->purpose]);
	json_out_bool(&out, "redacted", !looker->options->no_redact);
	json_out_u64(&out, "incidents", result->incidents);
	json_out_u64(&out, "reports", result->reports);
	json_out_u64(&out, "without_report", result->raw_gone);
	json_out_u64(&out, "unreadable", result->unreadable);
	json_out_u64(&out, "changed", result->changed);
	json_out_u64(&out, "simulated", result->simulated);
	json_out_u64(&out, "replaced", result->replaced);
	json_out_array(&out, "dropped");
	for (uint64_t i = 0; i < result->dropped; i++)
		json_out_i64(&out, NULL, result->dropped_ids[i]);
	json_out_array_end(&out);
	if (looker->json.len)
		json_out_raw(&out, "replacements", buf_str(&looker->json));
	json_out_object_end(&out);
	buf_add_char(&line, '\n');
	term_put_buf(&looker->cli->out, &line);
	buf_finish(&line);
}

static void put_size(uint64_t bytes, struct buf *ret) {
	if (bytes < 1000)
		buf_printf(ret, "%" PRIu64 " bytes", bytes);
	else if (bytes < 1000000)
		buf_printf(ret, "%.1f kB", (double)bytes / 1e3);
	else
		buf_printf(ret, "%.1f MB", (double)bytes / 1e6);
}

static const char *plural(uint64_t count) {
	return count == 1 ? "" : "s";
}

static void put_text(const struct export_looker *looker, const struct archive_result *result,
	const char *output) {
	struct buf line = {0};
	buf_printf(&line, "%s: %" PRIu64 " incident%s, %" PRIu64 " report%s, ", output,
		result->incidents, plural(result->incidents), result->reports,
		plural(result->reports));
	put_size(result->bytes, &line);
	if (looker->options->no_redact)
		buf_add_str(&line, "; nothing was redacted");
	else
		buf_printf(&line, "; %" PRIu64 " private value%s replaced", result->replaced,
			plural(result->replaced));
	buf_add_char(&line, '\n');
	term_put_buf(&looker->cli->out, &line);
	buf_finish(&line);
}

static void tell_dropped(const struct archive_result *result) {
	struct buf ids = {0};
	if (!result->dropped)
		return;
	for (uint64_t i = 0; i < result->dropped && i < DROPPED_SHOWN; i++)
		buf_printf(&ids, "%s%" PRId64, i ? ", " : "", result->dropped_ids[i]);
	if (result->dropped > DROPPED_SHOWN)
		buf_add_str(&ids, " ...");
	log_warning("%" PRIu64 " incident%s left out for --max-size, the oldest: %s (manifest.json"
		    " names all)",
		result->dropped, result->dropped == 1 ? " was" : "s were", buf_str(&ids));
	buf_finish(&ids);
}

static void tell_simulated(const struct archive_result *result) {
	if (result->simulated)
		log_warning("%" PRIu64 " of %" PRIu64
			    " incidents %s simulated; 'simulated=false' leaves them out",
			result->simulated, result->incidents,
			result->simulated == 1 ? "is" : "are");
}

void export_tell(const struct export_looker *looker, const struct archive_result *result,
	const char *output) {
	bool to_stdout = strcmp(output, "-") == 0;
	if (looker->options->json)
		put_json(looker, result, output);
	else if (!to_stdout)
		put_text(looker, result, output);
	tell_dropped(result);
	tell_simulated(result);
	if (result->raw_gone)
		log_info("%" PRIu64 " incident%s no report any more: incidents.json has what is"
			 " known",
			result->raw_gone, result->raw_gone == 1 ? " has" : "s have");
	if (result->unreadable)
		log_warning("%" PRIu64 " incident%s not be read and left out (manifest.json)",
			result->unreadable, result->unreadable == 1 ? " could" : "s could");
	if (result->changed)
		log_warning("%" PRIu64 " report%s another site or signature after redaction:"
			    " a private word stands in a symbol (manifest.json)",
			result->changed, result->changed == 1 ? " has" : "s have");
}
