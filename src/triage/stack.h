/*
 * The stack that tells what happened: which frames of the crashed thread (or of the last exception)
 * count, with normalised names, and the function that a failed assertion names. Rules and signature
 * read it.
 */
#ifndef TRIAGE_STACK_H
#define TRIAGE_STACK_H

#include "triage/normalise.h"
#include "triage/redact.h"
#include "triage/triage.h"

/* The deepest real stack has 115 frames; what stands below this many is not looked at. */
#define STACK_FRAMES 256

struct stack_frame {
	const struct frame *frame; /* borrowed; NULL for the function that an assertion names */
	int index;                 /* in the list that the stack was taken from, -1 without frame */
	struct normal_symbol symbol;
	const char *family; /* normalised image, NULL when unknown */
	enum component component;
	const char *skipped; /* why it does not count, NULL when it does */
	bool ready;          /* the members above but frame and index are filled */
};

struct stack {
	const struct report *report;    /* borrowed */
	struct arena *arena;            /* borrowed */
	const struct redact_names *own; /* that the report gives away; names and texts of the stack
					   are without them */
	struct redact_kept *kept;       /* borrowed */
	struct stack_frame *frames;
	size_t count;
	size_t first;           /* the first frame that counts; count when there is none */
	bool of_last_exception; /* else of the crashed thread */
	bool shortened;         /* there were more than STACK_FRAMES */
	bool failed;            /* out of memory */
	const char *
		*messages; /* application info, folded; NULL where the program did not give up */
	const char
		*assertion; /* the text of application info that told of a failed assertion; NULL */
};

/* Texts live in arena. kept: of redact_fold(), borrowed, may be NULL. explain: NULL, or gets one
 * line per decision. Returns 0 or -ENOMEM. */
int stack_init(struct stack *ret, const struct report *report, struct redact_kept *kept,
	struct arena *arena, struct buf *explain);

/* Frame index of the stack, its names filled. Without memory the names are NULL and stack->failed
 * is set. */
const struct stack_frame *stack_frame(struct stack *stack, size_t index);

/* The function's name, or "?" */
const char *stack_frame_name(const struct stack_frame *frame);

/* Application info where it may tell why the program gave up. */
bool stack_has_messages(const struct report *report);

/* The crash was the program's own decision (an abort), not a fault. */
bool stack_is_abort(const struct report *report);

#endif
