/*
 * One report as facts: what Apple's ReportCrash (or a panic, a GPU event ...) wrote, cleaned and
 * with exact numbers, but not yet interpreted. The two parsers fill it, everybody else reads it.
 *
 * Ownership: every pointer in here lives in the report's arena and dies with report_free(). Absent
 * text is NULL, absent numbers have set == false. All text is valid UTF-8 without control bytes
 * except that application info, panic text and VM region info may hold line feeds and tabs.
 */
#ifndef IPS_REPORT_H
#define IPS_REPORT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum report_kind {
	REPORT_CRASH,
	REPORT_USER_FAULT, /* bug_type 308: that process lived on */
	REPORT_GPU_EVENT,
	REPORT_PANIC,
	REPORT_JETSAM,
	REPORT_HANG,
	REPORT_STACKSHOT,
	REPORT_RESOURCE,
	REPORT_OTHER,
	REPORT_KIND_COUNT,
};

enum report_form {
	REPORT_FORM_JSON, /* header line and body object */
	REPORT_FORM_TEXT, /* the classic text form */
	REPORT_FORM_COUNT,
};

enum report_arch {
	REPORT_ARCH_UNKNOWN,
	REPORT_ARCH_ARM64,
	REPORT_ARCH_X86_64,
	REPORT_ARCH_X86,
	REPORT_ARCH_COUNT,
};

struct u64_opt {
	uint64_t value;
	bool set;
};

struct i64_opt {
	int64_t value;
	bool set;
};

enum tristate { TRI_UNKNOWN, TRI_NO, TRI_YES };

/* A function as a symbol file names it. */
struct found_call {
	const char *symbol; /* of a found one never NULL */
	struct u64_opt symbol_offset;
	const char *source_file;
	struct i64_opt source_line;
};

/* What a symbol file said later of a frame without a symbol. The report itself did not: signature
 * and rules never look at it. */
struct found_symbol {
	struct found_call function;
	struct found_call *inlined; /* in it at that place, the innermost first */
	size_t inlined_count;
};

struct frame {
	const char *image; /* name of the image; borrowed from images[] or own text; NULL when
			      unknown */
	int image_index;   /* into report->images, -1 when unknown */
	struct u64_opt image_offset;
	const char *symbol; /* demangled */
	struct u64_opt symbol_offset;
	struct u64_opt address; /* image base + offset, modulo 2^64 */
	const char *source_file;
	struct i64_opt source_line;
	bool inlined;
	const struct found_symbol *found; /* of one without symbol; NULL: nothing, or not asked */
};

struct frames {
	struct frame *items;
	size_t count;
};

struct thread {
	int index; /* its number in the report; not its position where a text leaves threads out */
	struct u64_opt id;
	const char *name;
	const char *queue;
	bool triggered; /* the report marks it, or it is the faulting thread of a crash */
	struct frames frames;
};

struct image {
	const char *name;
	const char *path;
	const char *uuid;          /* lower case with dashes */
	const char *version;       /* CFBundleVersion */
	const char *short_version; /* CFBundleShortVersionString */
	const char *bundle_id;
	const char *arch;
	struct u64_opt base, size;
};

struct reg {
	const char
		*name; /* "x0" .. "x28", "lr", "fp", "sp", "pc", "cpsr", "far", "esr", "rax" .. */
	uint64_t value;
};

struct report_process {
	const char *name, *path, *version, *bundle_id;
	const char *parent, *responsible, *coalition, *role;
	struct i64_opt pid, parent_pid, responsible_pid, uid;
	enum tristate translated; /* Rosetta */
};

struct report_exception {
	const char *type, *signal, *subtype, *codes, *message;
};

struct report_termination {
	const char *ns; /* "SIGNAL" */
	struct u64_opt code;
	const char *indicator, *by_process;
};

/* Of a GPU event (284); absent in all others. */
struct report_gpu_event {
	struct i64_opt signature, restart_reason;
	const char *restart_reason_desc;
	struct i64_opt guilty_dm;
	const char *command_buffer_trace_id;
};

struct report {
	struct arena arena;
	enum report_form form;
	enum report_kind kind;
	enum report_arch arch;
	const char *bug_type;
	bool simulated; /* the header says so, or our own trial program crashed in its own driver */
	const char *incident_id;                       /* as in the report */
	struct i64_opt captured_at_us, launched_at_us; /* since 1970, UTC */
	struct report_process process;
	const char *os_version, *os_build, *os_release_type;
	const char *hardware_model; /* modelCode: "Mac16,5" */
	const char *product;        /* panics and stackshots name the model so */
	const char *cpu_type;
	struct report_exception exception;
	uint64_t *raw_codes;
	size_t raw_code_count;
	struct i64_opt uptime_s;
	const char *boot_session;
	const char *crash_reporter_key; /* of the machine, the same in all of its reports */
	struct report_termination termination;
	const char *vm_region_info;
	enum tristate is_corpse;
	const char **app_info;
	size_t app_info_count;
	int crashed_thread; /* index into threads, -1 when none */
	struct thread *threads;
	size_t thread_count;
	struct frames last_exception;
	struct image *images;
	size_t image_count;
	struct reg *registers; /* of the crashed thread */
	size_t register_count;
	const char *esr_description;
	uint8_t *before_pc,
		*at_pc; /* instructionByteStream, decoded; the crashing instruction is at_pc[0..] */
	size_t before_pc_len, at_pc_len;
	const char *panic_string;
	struct report_gpu_event gpu_event;
	const char **warnings;
	size_t warning_count; /* kept; at most LIMIT_WARNINGS */
	size_t warnings_lost; /* beyond them */
	/* Where in the parsed bytes the report stood. */
	size_t source_offset, source_len;
};

extern const char *const report_kind_names[REPORT_KIND_COUNT]; /* "crash", "user_fault", ... */
extern const char *const report_form_names[REPORT_FORM_COUNT];
/* REPORT_KIND_COUNT when there is none of that name. */
enum report_kind report_kind_find(const char *name);
/* The kind that Apple's bug_type number stands for; REPORT_OTHER for unknown ones and NULL. */
enum report_kind report_kind_of_bug_type(const char *bug_type);

/* A new empty report with its arena; NULL without memory. Freed with report_free(). */
struct report *report_new(void);
void report_free(struct report *report);
/* Empties it for reuse and keeps the arena's largest block. */
void report_reset(struct report *report);
/* The trial program, and how the functions are called with which it plays a driver. */
#define REPORT_TRIAL_PROCESS "agxtriage-repro"
#define REPORT_SIMULATED_PREFIX "agxtriage_simulated_"
bool report_is_simulated_frame(const struct frame *frame);
/* For reports that the system wrote of the trial program: sets simulated. Both parsers do it. */
void report_note_simulated(struct report *report);
/* What there is to show of a frame: its own symbol, else the one that was found. Borrowed. */
struct found_call frame_call(const struct frame *frame);
/* Adds one warning, "members.of.path: what is odd". Never fails: beyond the limit it only counts.
 */
void report_warn(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Finds a register by name; absent: set == false. */
struct u64_opt report_register(const struct report *report, const char *name);
/* The crashed thread, or NULL. Borrowed. */
const struct thread *report_crashed_thread(const struct report *report);

/*
 * Parses one .ips of header line and body (or a body alone) that starts at bytes, skipping a BOM
 * and white space. Text behind it is left alone; report->source_len tells how much was read.
 * Errors: -EBADMSG (not JSON, or truncated: err says which and where), -E2BIG (a limit of
 * limits.h), -ENOMEM. A JSON header in front of a text body (bug_type 109) is read too.
 */
int report_parse_json(struct report *report, const char *bytes, size_t len, struct err *err);

/*
 * Parses one report of the classic text form that starts at bytes ("Process:" or "Incident
 * Identifier:" near the start). Entities and prefixes must already be undone (see document.h).
 * Errors as above.
 */
int report_parse_text(struct report *report, const char *bytes, size_t len, struct err *err);

#endif
