/*
 * What a report means: site, signature, fault, evidence. Pure functions of the report and the
 * rules.
 */
#ifndef TRIAGE_TRIAGE_H
#define TRIAGE_TRIAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "ips/report.h"
#include "triage/rules.h"

/* Raised whenever the same bytes and rules may give another signature; stored with each row. */
#define SIGNATURE_VERSION 2

enum fault_kind {
	FAULT_NONE,
	FAULT_NEAR_NULL, /* below 0x10000 on arm64, 0x1000 on x86_64 */
	FAULT_PAC,
	FAULT_NON_CANONICAL,
	FAULT_PROTECTION,
	FAULT_CODE_SIGNING,
	FAULT_STACK_GUARD,
	FAULT_UNALIGNED,
	FAULT_WILD,
	FAULT_KIND_COUNT,
};

enum fault_access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE, ACCESS_COUNT };

enum component {
	COMPONENT_UNKNOWN,
	COMPONENT_DRIVER,
	COMPONENT_METAL,
	COMPONENT_RUNTIME,
	COMPONENT_FRAMEWORK,
	COMPONENT_APPLICATION,
	COMPONENT_COUNT,
};

enum attribution {
	ATTRIBUTION_UNDETERMINED,
	ATTRIBUTION_API_MISUSE,
	ATTRIBUTION_DRIVER,
	ATTRIBUTION_COUNT,
};

extern const char *const fault_kind_names[FAULT_KIND_COUNT];
extern const char *const fault_access_names[ACCESS_COUNT]; /* [ACCESS_UNKNOWN] is NULL */
extern const char *const component_names[COMPONENT_COUNT];
extern const char *const attribution_names[ATTRIBUTION_COUNT];

struct fault {
	struct u64_opt address;
	enum fault_kind kind;
	enum fault_access access;
	const char *base_register;   /* NULL unless the instruction explains the address */
	struct i64_opt displacement; /* signed; set with base_register */
};

struct driver {
	const char *image;      /* "AGXMetalG16X", NULL when no AGX driver image is loaded */
	const char *generation; /* "G16X" */
	const char *version;    /* CFBundleVersion */
	const char *uuid;
};

struct framework {
	const char *name; /* torch, MLX, ggml, Metal, IOGPU, MPSCore, MPSGraph, Python */
	const char *image, *version, *uuid;
};

struct concurrent_thread {
	int index;
	const char *name, *queue, *image, *symbol;
	bool blocked; /* the top frame is a wait */
};

struct triage {
	const char *site;       /* id of the rule's site, NULL when no rule matched */
	const char *site_title; /* NULL with site */
	const char *rule;       /* name of the matching rule and where it came from */
	bool offset_unknown;    /* the frame is known, this fault offset is not among the rule's */
	const char *signature_text;
	char signature_hash[17]; /* 16 hex digits and NUL */
	int signature_version;
	struct fault fault;
	struct driver driver;
	enum component component;
	struct framework *frameworks;
	size_t framework_count;
	enum attribution attribution;
	const char *attribution_reason;
	const char *operation;
	struct concurrent_thread *concurrent;
	size_t concurrent_count;
	int site_frame; /* index of the frame that counts in the crashed thread, -1 when none */
};

/*
 * Triages report with rules into ret; texts live in arena (or are borrowed from report and rules,
 * which must outlive ret). explain: NULL, or receives the steps, one per line, plain UTF-8. Returns
 * 0, -ENOMEM.
 */
int triage_run(struct triage *ret, const struct report *report, const struct rules *rules,
	struct arena *arena, struct buf *explain);

/* Whether the crashed thread or the application info names AGX, Metal, IOGPU or MPS (what a scan
 * takes by default whatever the process is called). */
bool triage_is_gpu_related(const struct report *report);

#endif
