/* Any bytes as a rule file: loaded or refused with a reason, and what was loaded judges a report.
 */
#include "fuzz.h"

#include "triage/triage.h"

#include <errno.h>
#include <string.h>

static const char sample[] =
	"{\"bug_type\":\"309\",\"incident_id\":\"A\"}\n"
	"{\"exception\":{\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\",\"rawCodes\":[1,1480]},"
	"\"cpuType\":\"ARM-64\",\"faultingThread\":0,\"asi\":{\"c\":[\"failed assertion\"]},"
	"\"threads\":[{\"queue\":\"metal gpu stream 1\",\"frames\":[{\"imageIndex\":0,\"imageOffset\":1,"
	"\"symbol\":\"-[AGXG16XFamilyComputeContext setComputePipelineState:]\",\"symbolLocation\":32},"
	"{\"imageIndex\":1,\"symbol\":\"at::native::mul_mps_kernel(at::TensorIteratorBase&)\"}]}],"
	"\"usedImages\":[{\"name\":\"AGXMetalG16X\",\"base\":4096},{\"name\":\"libtorch_cpu.dylib\"}]}";

static struct report *sample_report(void) {
	static struct report *report;
	struct err err;
	if (report)
		return report;
	report = report_new();
	MUST(report && report_parse_json(report, sample, sizeof sample - 1, &err) == 0);
	return report;
}

static void judge(const struct rules *rules) {
	struct arena arena;
	struct triage triage;
	struct buf explain = {0};
	arena_init(&arena, 64u << 20);
	MUST(triage_run(&triage, sample_report(), rules, &arena, &explain) == 0);
	MUST(strlen(triage.signature_hash) == 16);
	buf_finish(&explain);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct err err = {0};
	struct buf findings = {0};
	if (size > (256u << 10))
		return 0;
	struct rules *rules = rules_new_builtin(&err);
	MUST(rules);
	size_t before = rules_count(rules);
	int checked = rules_check(rules, "fuzz.json", (const char *)data, size, &findings);
	int code = rules_add(rules, "fuzz.json", (const char *)data, size, &err);
	MUST(!code == !checked);
	if (code) {
		MUST(err.text[0] && rules_count(rules) == before);
		MUST(findings.len);
	}
	judge(rules);
	MUST(strlen(rules_version(rules)) == 16);
	buf_finish(&findings);
	rules_free(rules);
	return 0;
}
