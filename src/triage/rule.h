/*
 * One rule as it is loaded, and how a report is held against it. Private to the rule modules and
 * triage.c.
 */
#ifndef TRIAGE_RULE_H
#define TRIAGE_RULE_H

#include "triage/rules.h"
#include "triage/stack.h"
#include "triage/triage.h"

/* A user's rule without a priority; no built-in rule has a higher one, so that the user's come
 * first. */
#define RULE_PRIORITY_DEFAULT 100
/* A frame that must stand below is looked for in so many frames unless the rule says otherwise. */
#define RULE_BELOW_DEFAULT 24

/* Most patterns are no real globs, and are compared as what they are. */
enum rule_shape {
	RULE_EXACT,
	RULE_PREFIX,   /* "text*" */
	RULE_CONTAINS, /* "*text*" */
	RULE_GLOB,
};

struct rule_texts {
	const char **items; /* as they stand in the file */
	const char *
		*globs; /* for text_glob(): the same, or with brackets that stand for themselves */
	enum rule_shape *shapes;
	size_t *lengths; /* of the literal text that shape speaks of */
	size_t count;
};

/* A frame that fits one of the functions and one of the images; an empty list fits all. */
struct rule_pattern {
	struct rule_texts functions, images;
};

struct rule_patterns {
	struct rule_pattern *items;
	size_t count;
};

/* All conditions must hold; an empty list or zero is no condition. In a list one that fits is
 * enough. */
struct rule_match {
	unsigned kinds; /* 1 << enum report_kind */
	struct rule_texts exceptions, signals;
	struct rule_pattern frame;
	unsigned within; /* the frame stands among that many that count; 0: anywhere */
	struct rule_patterns above, below;
	unsigned below_within; /* 0: anywhere below */
	struct rule_texts messages;
	struct rule_texts expected_messages; /* only when the report tells of a failed assertion */
	struct rule_texts queues;
	unsigned faults;   /* 1 << enum fault_kind */
	unsigned accesses; /* 1 << enum fault_access */
	bool known_offset; /* the fault offset must be one of the rule's */
	int64_t *gpu_signatures;
	size_t gpu_signature_count;
	struct rule_texts restart_reasons; /* decide over gpu_signatures */
};

struct rule_offset {
	uint64_t offset;
	enum fault_access access;
	const char *note; /* NULL */
};

struct rule {
	const char *site, *title, *source, *url, *summary;
	int priority;
	bool attributes; /* attribution and reason are the rule's */
	enum attribution attribution;
	const char *reason;
	struct rule_match *matches; /* one that fits is enough */
	size_t match_count;
	struct rule_offset *offsets;
	uint64_t *offset_values; /* the same, as they are listed */
	size_t offset_count;
	const char *canonical; /* JSON without white space */
	size_t index, line;    /* in its file; index from 0, line from 1 */
};

struct rules {
	struct arena arena;
	struct rule *items; /* in order of precedence */
	size_t count;
	char version[17];
	struct redact_kept *kept; /* of all reports that are triaged by them */
};

struct rule_list {
	struct rule *items;
	size_t count;
};

/* Loads one document; texts live in arena, in the order of the document. Errors as rules_add(). */
int rule_list_load(struct rule_list *ret, const char *name, const char *json, size_t len,
	struct arena *arena, struct err *err);

struct rule_hit {
	const struct rule *rule; /* NULL when none matched */
	size_t frame;            /* in the stack; SIZE_MAX when the rule asks for no frame */
	bool offset_unknown;
};

/* The first rule that fits. explain: NULL, or receives what matched and what nearly did. */
void rule_find(struct rule_hit *ret, const struct rules *rules, struct stack *stack,
	const struct fault *fault, struct buf *explain);

#endif
