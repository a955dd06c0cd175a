/* The signatures of crashes that no rule knows, one by one. */
#include "export/experiment_parts.h"
#include "export/report_parts.h"

#include <inttypes.h>
#include <string.h>

void report_group_fault(
	struct buf *out, const struct analysis_signature *signature, report_put_fn put) {
	const char *kind = signature->fault_kind;
	put(out, signature->exception);
	if (!kind || !strcmp(kind, "none"))
		return;
	buf_add_str(out, ", ");
	put(out, kind);
	if (!strcmp(kind, "near_null") && signature->fault_address.set) {
		buf_add_char(out, ' ');
		analysis_offset_text(signature->fault_address.value, out);
	}
	if (signature->fault_access) {
		buf_add_str(out, ", ");
		put(out, signature->fault_access);
	}
}

struct analysis_site report_group_site(const struct analysis_signature *signature) {
	return (struct analysis_site){.count = signature->count,
		.simulated = signature->simulated,
		.sample = signature->sample,
		.sample_id = signature->sample_id,
		.sample_member = signature->sample_member,
		.stack = signature->frames,
		.stack_count = signature->frame_count};
}

static void put_group(struct buf *out, const struct analysis *analysis,
	const struct analysis_signature *signature) {
	const struct analysis_site site = report_group_site(signature);
	buf_add_str(out, "#### ");
	report_code(out, signature->hash);
	buf_add_str(out, "\n\n**");
	report_crashes(out, signature->count);
	buf_add_str(out, "**");
	if (signature->simulated) {
		buf_add_str(out, " (");
		experiment_count(signature->simulated, out);
		buf_add_str(out, " simulated)");
	}
	buf_add_str(out, ", ");
	report_times(out, signature->first_at_us, signature->last_at_us);
	buf_add_str(out, " UTC: ");
	report_group_fault(out, signature, report_code);
	report_sample(out, &site, analysis, report_code);
	buf_add_str(out, site.stack_count ? "; first frames:\n\n" : ".\n");
	if (site.stack_count)
		report_frames(out, &site, site.stack_count);
	buf_add_char(out, '\n');
}

void report_groups(
	struct buf *out, const struct analysis *analysis, const struct analysis_site *site) {
	size_t shown =
		site->signature_count < ANALYSIS_GROUPS ? site->signature_count : ANALYSIS_GROUPS;
	size_t more = site->signature_count - shown;
	buf_add_str(out,
		"No rule knows them, and they need have nothing in common. By signature, the most frequent "
		"first:\n\n");
	for (size_t i = 0; i < shown; i++)
		put_group(out, analysis, &site->signatures[i]);
	if (!more)
		return;
	buf_printf(out, "And %zu more signature%s with ", more, more == 1 ? "" : "s");
	report_crashes(out, site->ungrouped);
	buf_add_str(out, ".\n\n");
}
