/*
 * The members of a JSON report that may leave: header and body, of every kind of report. A member
 * that is not named here is left out with its name, whatever it holds.
 */
#include "triage/redact_parts.h"

#define NUMBER(name) \
	{ name, POLICY_NUMBER, 0, false, NULL }
#define TEXT(name, policy) \
	{ name, policy, 0, false, NULL }
#define TEXTS(name, policy) \
	{ name, policy, 1, false, NULL }
#define OBJECT(name, members) \
	{ name, POLICY_OBJECT, 0, false, members }
#define OBJECTS(name, members) \
	{ name, POLICY_OBJECT, 1, false, members }
#define END \
	{ NULL, POLICY_TEXT, 0, false, NULL }

static const struct redact_member frame[] = {
	NUMBER("imageOffset"),
	NUMBER("imageIndex"),
	TEXT("symbol", POLICY_SYMBOL),
	NUMBER("symbolLocation"),
	TEXT("sourceFile", POLICY_SOURCE),
	NUMBER("sourceLine"),
	NUMBER("inline"),
	END,
};

static const struct redact_member machine_register[] = {
	NUMBER("value"),
	TEXT("symbol", POLICY_SYMBOL),
	NUMBER("symbolLocation"),
	TEXT("objc-selector", POLICY_SELECTOR),
	TEXT("description", POLICY_TEXT),
	NUMBER("matchesCrashFrame"),
	TEXT("sourceFile", POLICY_SOURCE),
	NUMBER("sourceLine"),
	END,
};

static const struct redact_member rosetta[] = {
	OBJECT("tmp0", machine_register),
	OBJECT("tmp1", machine_register),
	OBJECT("tmp2", machine_register),
	END,
};

#define REGISTER(name) OBJECT(name, machine_register)

static const struct redact_member thread_state[] = {
	TEXT("flavor", POLICY_WORD),
	OBJECTS("x", machine_register),
	REGISTER("lr"),
	REGISTER("fp"),
	REGISTER("sp"),
	REGISTER("pc"),
	REGISTER("cpsr"),
	REGISTER("far"),
	REGISTER("esr"),
	REGISTER("rax"),
	REGISTER("rbx"),
	REGISTER("rcx"),
	REGISTER("rdx"),
	REGISTER("rdi"),
	REGISTER("rsi"),
	REGISTER("rbp"),
	REGISTER("rsp"),
	REGISTER("r8"),
	REGISTER("r9"),
	REGISTER("r10"),
	REGISTER("r11"),
	REGISTER("r12"),
	REGISTER("r13"),
	REGISTER("r14"),
	REGISTER("r15"),
	REGISTER("rip"),
	REGISTER("rflags"),
	REGISTER("rfl"),
	REGISTER("cr2"),
	REGISTER("trap"),
	REGISTER("err"),
	REGISTER("cpu"),
	REGISTER("eax"),
	REGISTER("ebx"),
	REGISTER("ecx"),
	REGISTER("edx"),
	REGISTER("edi"),
	REGISTER("esi"),
	REGISTER("ebp"),
	REGISTER("esp"),
	REGISTER("eip"),
	REGISTER("eflags"),
	REGISTER("efl"),
	REGISTER("ip"),
	REGISTER("cs"),
	REGISTER("ds"),
	REGISTER("es"),
	REGISTER("fs"),
	REGISTER("gs"),
	REGISTER("ss"),
	OBJECT("rosetta", rosetta),
	END,
};

static const struct redact_member thread[] = {
	NUMBER("id"),
	NUMBER("triggered"),
	TEXT("name", POLICY_TEXT),
	TEXT("queue", POLICY_TEXT),
	OBJECTS("frames", frame),
	OBJECT("threadState", thread_state),
	END,
};

static const struct redact_member image[] = {
	TEXT("source", POLICY_WORD),
	TEXT("arch", POLICY_WORD),
	NUMBER("base"),
	NUMBER("size"),
	TEXT("uuid", POLICY_UUID),
	TEXT("path", POLICY_PATH),
	TEXT("name", POLICY_NAME),
	TEXT("CFBundleIdentifier", POLICY_BUNDLE),
	TEXT("CFBundleVersion", POLICY_VERSION),
	TEXT("CFBundleShortVersionString", POLICY_VERSION),
	END,
};

static const struct redact_member exception[] = {
	TEXT("type", POLICY_TEXT),
	TEXT("signal", POLICY_TEXT),
	TEXT("subtype", POLICY_TEXT),
	TEXT("codes", POLICY_HEX),
	TEXTS("rawCodes", POLICY_NUMBER),
	TEXT("message", POLICY_TEXT),
	NUMBER("reason"),
	NUMBER("namespc"),
	NUMBER("guardId"),
	END,
};

static const struct redact_member termination[] = {
	NUMBER("flags"),
	NUMBER("code"),
	TEXT("namespace", POLICY_WORD),
	TEXT("indicator", POLICY_TEXT),
	TEXT("byProc", POLICY_TEXT),
	NUMBER("byPid"),
	TEXTS("reasons", POLICY_LINES),
	TEXTS("details", POLICY_LINES),
	END,
};

static const struct redact_member os_version[] = {
	TEXT("train", POLICY_SYSTEM),
	TEXT("build", POLICY_SYSTEM),
	TEXT("releaseType", POLICY_WORD),
	NUMBER("isEmbedded"),
	END,
};

static const struct redact_member bundle_info[] = {
	TEXT("CFBundleIdentifier", POLICY_BUNDLE),
	TEXT("CFBundleVersion", POLICY_VERSION),
	TEXT("CFBundleShortVersionString", POLICY_VERSION),
	END,
};

static const struct redact_member shared_cache[] = {
	NUMBER("base"),
	NUMBER("size"),
	TEXT("uuid", POLICY_UUID),
	END,
};

static const struct redact_member instruction_bytes[] = {
	TEXT("beforePC", POLICY_CODE),
	TEXT("atPC", POLICY_CODE),
	END,
};

static const struct redact_member modifications[] = {
	NUMBER("task_for_pid"),
	NUMBER("thread_create"),
	NUMBER("thread_set_state"),
	END,
};

static const struct redact_member external_modifications[] = {
	OBJECT("caller", modifications),
	OBJECT("system", modifications),
	OBJECT("targeted", modifications),
	NUMBER("warnings"),
	END,
};

static const struct redact_member thread_triggered[] = {
	TEXT("name", POLICY_TEXT),
	TEXT("queue", POLICY_TEXT),
	NUMBER("index"),
	END,
};

static const struct redact_member legacy_info[] = {
	OBJECT("threadTriggered", thread_triggered),
	NUMBER("threadHighlighted"),
	END,
};

static const struct redact_member application_info[] = {
	TEXTS("*", POLICY_LINES),
	END,
};

/* Of a GPU event. The labels are those that a program gave to its command buffers. */
static const struct redact_member gpu_analysis[] = {
	NUMBER("signature"),
	NUMBER("restart_reason"),
	TEXT("restart_reason_desc", POLICY_TEXT),
	NUMBER("guilty_dm"),
	TEXT("command_buffer_trace_id", POLICY_NUMBER_ID),
	TEXTS("command_buffer_label", POLICY_TEXT),
	TEXTS("command_buffer_labels", POLICY_TEXT),
	TEXTS("encoder_label", POLICY_TEXT),
	TEXTS("label", POLICY_TEXT),
	NUMBER("channel_id"),
	NUMBER("fault_address"),
	NUMBER("gpu_cycles"),
	NUMBER("restart_count"),
	END,
};

static const struct redact_member memory_pages[] = {
	NUMBER("active"),
	NUMBER("anonymous"),
	NUMBER("fileBacked"),
	NUMBER("free"),
	NUMBER("inactive"),
	NUMBER("purgeable"),
	NUMBER("speculative"),
	NUMBER("throttled"),
	NUMBER("wired"),
	END,
};

static const struct redact_member memory_pressure[] = {
	NUMBER("pagesReclaimed"),
	NUMBER("pagesWanted"),
	END,
};

static const struct redact_member memory_status[] = {
	NUMBER("busyBufferCount"),
	NUMBER("compressions"),
	NUMBER("compressorSize"),
	NUMBER("decompressions"),
	NUMBER("memoryPressure"),
	NUMBER("pageSize"),
	NUMBER("uncompressed"),
	NUMBER("zoneMapCap"),
	NUMBER("zoneMapSize"),
	OBJECT("memoryPages", memory_pages),
	OBJECT("memoryPressureDetails", memory_pressure),
	END,
};

/* Of a jetsam event: every program that ran. */
static const struct redact_member process[] = {
	NUMBER("pid"),
	TEXT("name", POLICY_TEXT),
	TEXT("reason", POLICY_TEXT),
	TEXTS("states", POLICY_TEXT),
	NUMBER("rpages"),
	NUMBER("lifetimeMax"),
	NUMBER("age"),
	NUMBER("fds"),
	NUMBER("genCount"),
	NUMBER("cpuTime"),
	NUMBER("killDelta"),
	NUMBER("mem_regions"),
	NUMBER("purgeable"),
	END,
};

const struct redact_member redact_report_members[] = {
	/* most of all members, so they are looked at first */
	{"threads", POLICY_OBJECT, 1, true, thread},
	{"usedImages", POLICY_OBJECT, 1, true, image},
	{"exception", POLICY_OBJECT, 0, true, exception},
	{"termination", POLICY_OBJECT, 0, true, termination},
	{"asi", POLICY_OBJECT, 0, true, application_info},
	{"lastExceptionBacktrace", POLICY_OBJECT, 1, true, frame},
	{"analysis", POLICY_OBJECT, 0, true, gpu_analysis},
	{"processByPid", POLICY_OBJECT, 0, true, NULL},
	{"memoryStatus", POLICY_OBJECT, 0, true, memory_status},
	{"largestProcess", POLICY_TEXT, 0, true, NULL},
	{"procName", POLICY_NAME, 0, true, NULL},
	{"captureTime", POLICY_TIME, 0, true, NULL},
	{"panicString", POLICY_LINES, 0, true, NULL},
	/* what it is */
	TEXT("incident_id", POLICY_INCIDENT),
	TEXT("incident", POLICY_INCIDENT),
	TEXT("bug_type", POLICY_BUG_TYPE),
	TEXT("timestamp", POLICY_TIME),
	TEXT("date", POLICY_TIME),
	TEXT("procLaunch", POLICY_TIME),
	TEXT("app_name", POLICY_NAME),
	TEXT("name", POLICY_NAME),
	TEXT("process_name", POLICY_NAME),
	TEXT("app_version", POLICY_VERSION),
	TEXT("build_version", POLICY_VERSION),
	TEXT("bundleID", POLICY_BUNDLE),
	TEXT("slice_uuid", POLICY_UUID),
	NUMBER("agxtriage_simulated"),
	NUMBER("is_simulated"),
	NUMBER("is_first_party"),
	NUMBER("is_beta"),
	NUMBER("share_with_app_devs"),
	NUMBER("platform"),
	NUMBER("roots_installed"),
	NUMBER("version"),
	NUMBER("deployVersion"),
	/* the process */
	NUMBER("pid"),
	TEXT("procPath", POLICY_PATH),
	TEXT("procRole", POLICY_WORD),
	TEXT("parentProc", POLICY_TEXT),
	NUMBER("parentPid"),
	TEXT("responsibleProc", POLICY_TEXT),
	NUMBER("responsiblePid"),
	TEXT("coalitionName", POLICY_BUNDLE),
	NUMBER("coalitionID"),
	NUMBER("userID"),
	NUMBER("translated"),
	NUMBER("procStartAbsTime"),
	NUMBER("procExitAbsTime"),
	NUMBER("codeSigningFlags"),
	NUMBER("codeSigningValidationCategory"),
	NUMBER("codeSigningTrustLevel"),
	NUMBER("codeSigningMonitor"),
	OBJECT("bundleInfo", bundle_info),
	/* the machine and its system */
	TEXT("crashReporterKey", POLICY_MACHINE),
	TEXT("sleepWakeUUID", POLICY_MACHINE),
	TEXT("bootSessionUUID", POLICY_MACHINE),
	TEXT("os_version", POLICY_SYSTEM),
	OBJECT("osVersion", os_version),
	TEXT("modelCode", POLICY_MODEL),
	TEXT("product", POLICY_MODEL),
	TEXT("cpuType", POLICY_WORD),
	TEXT("sip", POLICY_WORD),
	NUMBER("uptime"),
	NUMBER("wakeTime"),
	NUMBER("developerMode"),
	NUMBER("lowPowerMode"),
	NUMBER("trmStatus"),
	NUMBER("throttleTimeout"),
	TEXT("bootProgressRegister", POLICY_HEX),
	/* what happened */
	NUMBER("faultingThread"),
	NUMBER("isCorpse"),
	NUMBER("isLightWeightCorpse"),
	OBJECT("instructionByteStream", instruction_bytes),
	TEXT("vmRegionInfo", POLICY_LINES),
	TEXT("vmregioninfo", POLICY_LINES),
	TEXT("vmSummary", POLICY_LINES),
	TEXT("ktriageinfo", POLICY_LINES),
	TEXTS("asiBacktraces", POLICY_BACKTRACE),
	TEXTS("reportNotes", POLICY_LINES),
	OBJECT("extMods", external_modifications),
	OBJECT("legacyInfo", legacy_info),
	OBJECT("sharedCache", shared_cache),
	/* panics and resets */
	TEXT("macOSPanicString", POLICY_LINES),
	TEXT("macOSPanicFlags", POLICY_HEX),
	TEXT("panicFlags", POLICY_HEX),
	TEXT("panicProcessingFlags", POLICY_HEX),
	TEXT("panicInitiator", POLICY_TEXT),
	TEXT("string", POLICY_LINES),
	TEXT("otherString", POLICY_LINES),
	TEXTS("notes", POLICY_LINES),
	TEXT("kernel", POLICY_TEXT),
	TEXT("build", POLICY_SYSTEM),
	TEXT("socId", POLICY_NUMBER_ID),
	TEXT("socRevision", POLICY_NUMBER_ID),
	/* jetsam events, stackshots */
	OBJECTS("processes", process),
	TEXT("reason", POLICY_TEXT),
	NUMBER("absoluteTime"),
	NUMBER("genCounter"),
	END,
};
