/*
 * What the stored incidents and experiments say together: the whole of `report`, computed from the
 * database alone. The writers (Markdown, HTML, JSON, FEEDBACK.md, ISSUE.md) add nothing to it and
 * compute nothing but layout. No clock: the same database gives the same analysis.
 */
#ifndef EXPORT_ANALYSIS_H
#define EXPORT_ANALYSIS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "export/experiment_summary.h"
#include "store/state.h"
#include "store/store.h"
#include "triage/redact.h"
#include "triage/rules.h"

/* Newest incidents that are listed one by one. */
#define ANALYSIS_LISTED 10000
/* Newest experiments that are taken in: the intervals of each take time. */
#define ANALYSIS_EXPERIMENTS 12
/* Signatures of crashes that no rule knows that are told one by one, and their frames. */
#define ANALYSIS_GROUPS 10
#define ANALYSIS_GROUP_FRAMES 8
/* "GPU event within 5 s of a crash"; a panic up to five minutes after one. */
#define ANALYSIS_GPU_WINDOW_US (INT64_C(5) * 1000000)
#define ANALYSIS_PANIC_WINDOW_US (INT64_C(300) * 1000000)

/* One value of a fact and how many crashes have it. text NULL: the reports do not tell. */
struct analysis_count {
	const char *text;
	uint64_t count, simulated; /* the latter are among the former */
	struct i64_opt first_at_us, last_at_us;
};

/* The most frequent first, ties by text. */
struct analysis_counts {
	struct analysis_count *items;
	size_t count, cap;
};

struct analysis_offset {
	uint64_t offset; /* from NULL, bytes */
	uint64_t count;
	uint64_t reads, writes; /* of them; the rest is unknown */
	bool unknown;           /* the site's rule knows others, and not this one */
};

struct analysis_frame {
	const char *image, *symbol; /* NULL: unknown */
	struct u64_opt offset;      /* in the symbol, else in the image */
	bool counts;                /* the one that the site is named after */
};

/* Of the driver: whatever the generation of the GPU, as in signatures: "AGXMetalG*". */
struct analysis_call {
	const char *image, *symbol;
	uint64_t crashes, running; /* crashes in which some thread was in it; in which one was and
				      did not wait */
	size_t counted, counted_running; /* while they are counted: the last that was, and 1 */
};

/* Crashes of one driver on one system. */
struct analysis_cell {
	const char *driver_version, *os_build, *hardware_model; /* NULL: unknown */
	uint64_t count, simulated;
	struct i64_opt first_at_us, last_at_us;
};

struct analysis_signature {
	const char *hash, *text, *status;
	const char *note, *url, *fixed_in; /* its own; NULL: none */
	uint64_t count, simulated;
	struct i64_opt first_at_us, last_at_us;
	/* Of its newest incident, a real one if there is one. */
	const char *exception, *fault_kind, *fault_access;
	struct u64_opt fault_address;
	int64_t sample, stack_id;
	const char *sample_id, *sample_member;
	bool sample_simulated;
	struct analysis_frame *frames; /* the first ones, of the first signatures of a mixed site */
	size_t frame_count;
};

/* One crash site; the last one of analysis.sites may have id NULL: crashes that no rule knows. */
struct analysis_site {
	const char *id, *title, *status, *note, *url, *fixed_in;
	uint64_t count, simulated;
	double share; /* of all crashes, 0 to 1 */
	struct i64_opt first_at_us, last_at_us;
	struct analysis_counts exceptions; /* "EXC_BAD_ACCESS (SIGSEGV)" */
	struct analysis_counts fault_kinds, accesses, base_registers; /* base: "x20 + 0x5c8" */
	struct analysis_counts addresses; /* as text; of near_null ones only */
	struct analysis_offset *offsets;
	size_t offset_count;
	struct analysis_counts operations, processes, queues, os_builds, driver_versions,
		driver_images, models;
	struct analysis_counts attributions;          /* "undetermined" */
	const char *attribution, *attribution_reason; /* the most frequent one, and why */
	const char **next; /* what to run next to learn more: one command line each, with its reason
			      behind " # " */
	size_t next_count;
	int64_t sample; /* row id of the newest incident of the most frequent stack */
	const char *sample_id, *sample_member; /* its incident id; its report in the archive; NULL:
						  it has none */
	struct analysis_frame *stack;          /* that one's crashed thread */
	size_t stack_count;
	/* Crashes with this stack, its names folded as in signatures, down to the operation
	 * whatever that is; of them with exactly this one. */
	uint64_t stack_crashes, stack_exact;
	/* Concurrency: told, of how many crashes the reports' other threads are known; concurrent,
	 * in how many of those another thread was inside Metal or the driver, in_driver inside the
	 * driver itself. */
	uint64_t told, concurrent, in_driver;
	uint64_t told_simulated, concurrent_simulated; /* of those */
	struct analysis_call *calls;
	size_t call_count;
	/* Of those, in how many another thread was ending or releasing an encoder. */
	uint64_t ending;
	const char *message; /* the abort's text, of the sample; NULL: none */
	/* What the database tells of who is to blame beyond attribution_reason, one sentence each.
	 */
	const char **evidence;
	size_t evidence_count;
	struct analysis_signature *signatures;
	size_t signature_count;
	/* No site but crashes that no rule knows, of several signatures, which are told one by one;
	 * ungrouped: crashes of those behind the first ANALYSIS_GROUPS. */
	bool mixed;
	uint64_t ungrouped;
};

/* GPU events, panics and what else is no crash, by kind and site. */
struct analysis_event {
	enum report_kind kind;
	const char *site, *title; /* NULL: no rule knows it */
	uint64_t count, simulated;
	struct i64_opt first_at_us, last_at_us;
};

/* Crashes of one site on one day (UTC). */
struct analysis_day {
	int64_t day; /* since 1970-01-01 */
	size_t site; /* into sites */
	uint64_t count;
};

struct analysis_incident {
	int64_t id;
	const char *incident_id; /* NULL too when it has not the form of one */
	const char *member;      /* its report in the archive; NULL: it is not there */
	enum report_kind kind;
	bool simulated, raw_gone;
	struct i64_opt captured_at_us, pid;
	const char *process, *os_build, *hardware_model, *driver_version;
	struct u64_opt fault_address;
	const char *fault_kind, *fault_access;
	const char *site, *signature, *operation, *status, *exception_type, *signal;
	int64_t stack_id; /* 0: none */
	int64_t concurrent_threads;
	size_t ordinal;
};

/* The archive that the analysis goes into. Borrowed by whoever is told of it. */
struct analysis_members {
	uint64_t incidents; /* in it */
	uint64_t dropped;   /* the oldest, left out for the archive's size */
	/* "reports/000001-....ips" of an incident by its row id; NULL: it has none there. */
	const char *(*name)(int64_t id, void *user);
	void *user;
};

struct analysis {
	struct arena arena; /* every text and array */
	/* Of what the filter selects. crashes: kind crash alone. */
	uint64_t crashes, simulated, gpu_events, panics, other, files, raw_gone;
	struct i64_opt first_at_us, last_at_us;           /* of crashes */
	struct i64_opt real_first_at_us, real_last_at_us; /* of those that are not simulated */
	struct analysis_site *sites;                      /* most crashes first, the unknown last */
	size_t site_count;
	struct analysis_counts processes, operations, os_builds, os_versions, driver_versions,
		driver_images, models, frameworks, attributions;
	struct analysis_cell *cells; /* regression table, by driver version, build, model */
	size_t cell_count;
	struct analysis_day *days; /* by day, then site */
	size_t day_count;
	struct analysis_incident *incidents; /* newest first, at most ANALYSIS_LISTED; all kinds */
	size_t incident_count;
	uint64_t incidents_unlisted;
	struct analysis_event *events; /* most frequent first */
	size_t event_count;
	struct store_correlation correlation;
	struct experiment_summary *experiments; /* those with counted trials, newest first */
	size_t experiment_count;
	uint64_t experiments_unlisted;
	const char *rules_version;
	const char **filter_words; /* what was asked for, as typed */
	size_t filter_word_count;
	struct i64_opt since_us, until_us; /* the same */
	struct i64_opt copies; /* further files with incidents that are here already; absent when
				  MATCH or times were given */
	struct redactor *redactor;              /* borrowed; NULL: nothing is redacted */
	const struct analysis_members *members; /* borrowed; NULL: it goes into no archive */
};

/* Every kind. */
uint64_t analysis_total(const struct analysis *analysis);

struct analysis_options {
	const struct store_filter *filter;
	const struct rules *rules;
	/* NULL, or every text of the analysis goes through it: what is shown may leave the machine.
	 */
	struct redactor *redactor;
	/* Take them in; those of the simulated driver only where the filter lets simulated
	 * incidents through. */
	bool experiments;
	const struct analysis_members *members;
};

int analysis_load(struct store *store, const struct analysis_options *options, struct analysis *ret,
	struct err *err);
void analysis_finish(struct analysis *analysis);

/* An array of the contract's objects of the experiments, one line; redacted as the analysis is. */
void analysis_experiments_json(const struct analysis *analysis, struct buf *ret);
/* The fingerprint of a machine (a JSON object) with what its members say redacted and members that
 * nobody knows left out, one line. redactor NULL: as it is. -EINVAL: it is no object. */
int analysis_platform_json(
	struct redactor *redactor, const char *json, struct buf *ret, struct err *err);

/* The writers; each appends. Running out of memory shows in ret->failed. */
void analysis_markdown(const struct analysis *analysis, struct buf *ret);
/* One JSON object on one line. */
void analysis_json(const struct analysis *analysis, struct buf *ret);
/* The fields that Apple's Feedback Assistant asks for, filled in. */
void analysis_feedback(const struct analysis *analysis, struct buf *ret);
/* For a tracker: at most max bytes (and characters), shortened by whole sections, from the least
 * telling on. */
void analysis_issue(const struct analysis *analysis, size_t max, struct buf *ret);

/* What stays the same between those writers and the page. */
/* That the archive does not have everything that the numbers are of, one sentence or two; nothing
 * where it has. */
void analysis_partial_text(const struct analysis *analysis, struct buf *ret);
/* "0x5c8 (1,480)" */
void analysis_offset_text(uint64_t offset, struct buf *ret);
/* The OS builds of the most crashes, at most max, in the order of release, what is no build behind
 * them, the unknown (NULL) last. Returns how many. */
size_t analysis_builds(const struct analysis *analysis, const char **ret, size_t max);
/* Measured policies: for each condition that has another lock or environment than its base, what it
 * does to the rate and what it costs, in one sentence. fn per sentence. */
typedef void (*analysis_sentence_fn)(const char *sentence, void *user);
void analysis_workarounds(const struct analysis *analysis, analysis_sentence_fn fn, void *user);
/* The same with what it is made of. Borrowed for the call. */
struct analysis_workaround {
	const char *title, *sentence;
	const struct summary_condition *subject, *base;
	const struct summary_comparison *comparison;
	bool simulated;
};
typedef void (*analysis_workaround_fn)(const struct analysis_workaround *workaround, void *user);
void analysis_workarounds_each(
	const struct analysis *analysis, analysis_workaround_fn fn, void *user);

#endif
