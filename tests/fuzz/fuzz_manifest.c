/* Any bytes as the manifest of an archive: refused with a reason, or read; and what was read is
 * found again under its names. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/limits.h"
#include "export/manifest.h"

#include <errno.h>
#include <string.h>

static void find_all(const struct manifest *manifest) {
	size_t count, found = 0;
	for (size_t i = 0; i < manifest->file_count; i++)
		MUST(manifest_find_file(manifest, manifest->files[i].name) == &manifest->files[i]);
	for (size_t i = 0; i < manifest->incident_count; i += count) {
		const struct manifest_incident *first = &manifest->incidents[i];
		MUST(manifest_find_incidents(manifest, first->report, &count) == first);
		MUST(count > 0);
		found += count;
	}
	MUST(found == manifest->incident_count);
	for (size_t i = 0; i < manifest->incident_count; i++)
		MUST(manifest->incidents[i].ordinal < LIMIT_REPORTS_PER_DOCUMENT);
	for (size_t i = 0; i < manifest->state_count; i++)
		MUST(manifest->states[i].target && manifest->states[i].name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct manifest manifest;
	struct err err = {0};
	struct buf text = {0};
	if (size > (64u << 10))
		return 0;
	buf_add(&text, data, size);
	int code = manifest_read(&manifest, buf_str(&text), text.len, &err);
	MUST(code == 0 || (err.code == code && err.text[0]));
	MUST(code == 0 || code == -EBADMSG || code == -E2BIG || code == -ENOMEM);
	if (code == 0)
		find_all(&manifest);
	manifest_finish(&manifest);
	buf_finish(&text);
	return 0;
}
