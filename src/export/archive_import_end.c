/* What an archive was to have and what came of it, told once all of it was read. */
#include "export/archive_import.h"

#include "base/text.h"
#include "export/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Missing members are named one by one up to so many. */
#define MISSING_SHOWN 10
#define TEXT_BYTES 200

__attribute__((format(printf, 3, 4))) static void tell(
	const struct archive_import_options *options, const char *member, const char *fmt, ...) {
	char text[TEXT_BYTES];
	va_list args;
	if (!options->on_problem)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	options->on_problem(member, text, options->user);
}

static const char *plural(uint64_t count) {
	return count == 1 ? "" : "s";
}

static const char *were(uint64_t count) {
	return count == 1 ? "was" : "were";
}

static void tell_missing(const struct archive_import_options *options,
	const struct archive_import_end *end, struct archive_imported *summary) {
	const struct manifest *manifest = end->manifest;
	uint64_t reports = 0, came = 0;
	for (size_t i = 0; i < manifest->file_count; i++) {
		const char *name = manifest->files[i].name;
		bool report = text_starts(name, "reports/");
		reports += report;
		came += report && end->seen[i];
		if (!end->seen[i] && ++summary->missing <= MISSING_SHOWN)
			tell(options, name,
				end->broken ? "did not come before the archive broke"
					    : "the manifest names it, the archive does not have "
					      "it");
	}
	if (summary->missing > MISSING_SHOWN)
		tell(options, NULL, "%" PRIu64 " more members are missing",
			summary->missing - MISSING_SHOWN);
	if (end->broken || came < reports)
		tell(options, NULL, "%" PRIu64 " of %" PRIu64 " report%s came", came, reports,
			plural(reports));
}

static int tell_unread(const struct archive_import_options *options,
	const struct archive_import_end *end, uint64_t taken, struct err *err) {
	char text[TEXT_BYTES];
	snprintf(text, sizeof text,
		"%.100s; %" PRIu64 " report%s %s taken, but nothing could be verified",
		end->unread->text, taken, plural(taken), were(taken));
	if (end->broken) {
		tell(options, MANIFEST_NAME, "%s", text);
		return 0;
	}
	return err_set(err, -EBADMSG, "%s: " MANIFEST_NAME ": %s",
		options->path ? options->path : "standard input", text);
}

int archive_import_tell(const struct archive_import_options *options,
	const struct archive_import_end *end, struct archive_imported *summary, struct err *err) {
	uint64_t unverified = summary->unverified;
	if (end->manifest)
		tell_missing(options, end, summary);
	else if (end->unread->code)
		return tell_unread(options, end, unverified, err);
	if (!summary->seen && !end->broken)
		tell(options, NULL, "has no report in it");
	else if (unverified && end->manifest)
		tell(options, NULL,
			"%" PRIu64 " report%s %s taken that the manifest does not name: nothing "
			"verifies %s",
			unverified, plural(unverified), were(unverified),
			unverified == 1 ? "it" : "them");
	else if (unverified)
		tell(options, NULL,
			"no manifest: %" PRIu64 " report%s %s taken, but nothing could be verified",
			unverified, plural(unverified), were(unverified));
	return 0;
}
