/*
 * Finding the frame that counts. An abort's own frames, a signal handler and the memory functions
 * and locks of libc are where a program dies, not why. Knows no rules.
 */
#include "triage/stack.h"

#include "base/text.h"
#include "triage/component.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A handler that raises the signal again (Python's faulthandler: 4 frames) is short. */
#define HANDLER_FRAMES 24
/* What may stand between the function that failed an assertion and the abort. */
#define ASSERTION_FRAMES 8

/* Sorted by strcmp(). */
static const char *const abort_functions[] = {
	"+[NSException raise:format:]",
	"+[NSException raise:format:arguments:]",
	"-[NSException raise]",
	"MTLReportFailure",
	"_CFThrowFormattedException",
	"_MTLMessageContextEnd",
	"_NSAssertionHandlerFail",
	"__CFOverrideAbort",
	"__abort",
	"__abort_with_payload",
	"__assert_fail",
	"__assert_rtn",
	"__assertion_failed",
	"__cxa_bad_cast",
	"__cxa_call_terminate",
	"__cxa_pure_virtual",
	"__cxa_rethrow",
	"__cxa_throw",
	"__cxxabiv1::failed_throw",
	"__exceptionPreprocess",
	"__handleUncaughtException",
	"__kill",
	"__pthread_kill",
	"__stack_chk_fail",
	"_assertionFailure",
	"_dispatch_abort",
	"_fatalErrorMessage",
	"_objc_fatal",
	"_objc_fatalv",
	"_objc_terminate",
	"_os_assert_log",
	"_os_crash",
	"_os_crash_fmt",
	"_os_crash_msg",
	"abort",
	"abort_message",
	"abort_report_np",
	"abort_with_payload",
	"abort_with_payload_wrapper_internal",
	"abort_with_reason",
	"assertionFailure",
	"demangling_terminate_handler",
	"fatalError",
	"ggml_abort",
	"ggml_print_backtrace",
	"ggml_uncaught_exception",
	"gsignal",
	"objc_exception_rethrow",
	"objc_exception_throw",
	"objc_terminate",
	"pthread_kill",
	"raise",
	"rust_begin_unwind",
	"rust_panic",
	"std::__terminate",
	"std::abort",
	"std::process::abort",
	"std::terminate",
	"swift_unexpectedError",
	"terminate_with_payload",
};

static const char *const abort_patterns[] = {
	"MTLReportFailure*",
	"pthread_kill$VARIANT$*",
	"*default_terminate_handler",
	"core::panicking::panic*",
	"std::panicking::*",
	"std::sys::*abort_internal*",
	"std::sys::backtrace::__rust_*",
	"_RNv*rust_begin_unwind",
	"swift::fatalError*",
	"-[NSAssertionHandler handleFailureIn*",
};

static const char *const memory_patterns[] = {
	"_platform_mem*",
	"_platform_str*",
	"_platform_bzero*",
	"__bzero*",
	"_platform_bcopy*",
	"memmove",
	"memcpy",
	"memset",
	"memcmp",
	"bzero",
};

static const char *const lock_patterns[] = {
	"os_unfair_*lock*",
	"_os_unfair_*lock*",
	"pthread_mutex_*lock*",
	"_pthread_mutex_*lock*",
	"pthread_rwlock_*",
	"_pthread_rwlock_*",
	"std::mutex::*lock",
	"std::recursive_mutex::*lock",
};

static int compare_names(const void *key, const void *item) {
	const char *const *name = item;

	return strcmp(key, *name);
}

static bool fits(const char *const *patterns, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++) {
		if ((patterns[i][0] == name[0] || patterns[i][0] == '*') &&
			text_glob(patterns[i], name, false))
			return true;
	}
	return false;
}

/* Why a frame of this function never counts; NULL when it may. */
static const char *skip_reason(const char *function) {
	if (function == NULL)
		return NULL;
	if (bsearch(function, abort_functions, sizeof abort_functions / sizeof abort_functions[0],
		    sizeof abort_functions[0], compare_names) != NULL ||
		fits(abort_patterns, sizeof abort_patterns / sizeof abort_patterns[0], function))
		return "part of an abort";
	if (fits(memory_patterns, sizeof memory_patterns / sizeof memory_patterns[0], function))
		return "memory function, its caller counts";
	if (fits(lock_patterns, sizeof lock_patterns / sizeof lock_patterns[0], function))
		return "lock, its owner counts";
	if (strcmp(function, "_sigtramp") == 0)
		return "signal delivery";
	return NULL;
}

/* False without memory. */
static bool name_function(struct stack *stack, struct stack_frame *f, const char *symbol) {
	if (symbol == NULL)
		return true;
	symbol = redact_fold(REDACT_FORM_SYMBOL, stack->own, stack->kept, symbol, stack->arena);
	return symbol != NULL && normalise_symbol(symbol, stack->arena, &f->symbol) == 0;
}

const struct stack_frame *stack_frame(struct stack *stack, size_t index) {
	struct stack_frame *f = &stack->frames[index];
	struct normal_image image = {0};
	const char *name;

	if (f->ready || f->frame == NULL)
		return f;
	f->ready = true;
	name = f->frame->image;
	if (!name_function(stack, f, f->frame->symbol) ||
		(name != NULL && normalise_image(name, stack->arena, &image) < 0))
		stack->failed = true;
	/* the owner is told by names that are compared with the process's, as they are */
	f->component =
		component_of_frame(stack->report, f->frame, image.family, f->symbol.function);
	f->family = image.family != NULL ? redact_fold(REDACT_FORM_NAME, stack->own, stack->kept,
						   image.family, stack->arena)
					 : NULL;
	stack->failed |= f->family == NULL && image.family != NULL;
	if (f->skipped == NULL)
		f->skipped = skip_reason(f->symbol.function);
	return f;
}

const char *stack_frame_name(const struct stack_frame *frame) {
	return frame->symbol.function != NULL ? frame->symbol.function : "?";
}

bool stack_has_messages(const struct report *report) {
	const char *type = report->exception.type;

	return stack_is_abort(report) || (type != NULL && strcmp(type, "EXC_BREAKPOINT") == 0);
}

bool stack_is_abort(const struct report *report) {
	const char *type = report->exception.type, *signal = report->exception.signal;

	if (type != NULL && strcmp(type, "EXC_CRASH") != 0)
		return false;
	return signal == NULL ? type != NULL : strcmp(signal, "SIGABRT") == 0;
}

static bool is_kill(const struct stack_frame *f) {
	const char *name = f->symbol.function;

	return name != NULL &&
	       (strcmp(name, "__pthread_kill") == 0 || strcmp(name, "__kill") == 0 ||
		       strcmp(name, "pthread_kill") == 0);
}

/* Frames above index belong to a signal handler that raised the signal again. */
static size_t skip_handlers(struct stack *stack) {
	size_t start = 0, i;

	while (start < stack->count && is_kill(stack_frame(stack, start))) {
		for (i = start; i < stack->count && i < start + HANDLER_FRAMES; i++) {
			const char *name = stack_frame(stack, i)->symbol.function;

			if (name != NULL && strcmp(name, "_sigtramp") == 0)
				break;
		}
		if (i == stack->count || i == start + HANDLER_FRAMES)
			break;
		for (; start <= i; start++)
			stack->frames[start].skipped =
				"signal handler that raised the signal again";
	}
	return start;
}

/* Where an abort's libraries have no symbols, their frames are still an abort's. */
static bool is_nameless_abort(struct stack *stack, size_t index) {
	static const char *const libraries[] = {"libsystem_kernel.dylib", "libsystem_pthread.dylib",
		"libsystem_c.dylib", "libc++abi.dylib", "libc.so*", "libpthread.so*", "ld-musl-*"};
	const struct stack_frame *f = stack_frame(stack, index);

	if (f->symbol.function != NULL || f->family == NULL || index + 1 == stack->count ||
		!stack_is_abort(stack->report))
		return false;
	return fits(libraries, sizeof libraries / sizeof libraries[0], f->family);
}

static void skip_aborts(struct stack *stack) {
	for (; stack->first < stack->count; stack->first++) {
		if (stack_frame(stack, stack->first)->skipped != NULL)
			continue;
		if (!is_nameless_abort(stack, stack->first))
			break;
		stack->frames[stack->first].skipped = "part of an abort by its library";
	}
}

static void explain_skips(const struct stack *stack, struct buf *explain) {
	if (explain == NULL)
		return;
	buf_printf(explain, "stack: %zu frames of the %s%s\n", stack->count,
		stack->of_last_exception ? "last exception" : "crashed thread",
		stack->shortened ? ", the deeper ones are not looked at" : "");
	for (size_t i = 0; i < stack->first; i++) {
		const struct stack_frame *f = &stack->frames[i];

		buf_printf(explain, "stack: frame %d %s skipped: %s\n", f->index,
			stack_frame_name(f), f->skipped);
	}
	if (stack->first < stack->count) {
		const struct stack_frame *f = &stack->frames[stack->first];

		buf_printf(explain, "stack: frame %d %s (%s, %s) is the first that counts\n",
			f->index, stack_frame_name(f),
			f->family != NULL ? f->family : "image unknown",
			component_names[f->component]);
	} else {
		buf_add_str(explain, "stack: no frame counts\n");
	}
}

/* Where an abort's text names the function that failed, finds it. */
static int find_assertion(struct stack *stack, struct normal_symbol *ret) {
	const struct report *report = stack->report;

	*ret = (struct normal_symbol){0};
	if (!stack_is_abort(report))
		return 0;
	for (size_t i = 0; i < report->app_info_count; i++) {
		const char *line = stack->messages[i];

		while (line != NULL && ret->function == NULL) {
			while (*line == '\n' || *line == ' ')
				line++;
			if (normalise_asserted(line, strcspn(line, "\n"), stack->arena, ret) < 0)
				return -ENOMEM;
			if (ret->function != NULL)
				stack->assertion = line;
			line = strchr(line, '\n');
		}
	}
	return 0;
}

/* The frame of that function close below the first that counts; count when there is none. */
static size_t find_function(struct stack *stack, const char *function) {
	for (size_t i = stack->first; i < stack->count && i < stack->first + ASSERTION_FRAMES;
		i++) {
		const char *name = stack_frame(stack, i)->symbol.function;

		if (name != NULL && strcmp(name, function) == 0)
			return i;
	}
	return stack->count;
}

/* The function that an assertion names counts: where it stands in the stack, else in front of what
 * does. */
static void add_assertion(
	struct stack *stack, const struct normal_symbol *symbol, struct buf *explain) {
	struct stack_frame *f = &stack->frames[stack->first];
	size_t found;

	if (symbol->function == NULL)
		return;
	found = find_function(stack, symbol->function);
	if (explain != NULL)
		buf_printf(explain, "stack: application info names %s, %s\n", symbol->function,
			found == stack->count ? "which stands in for a frame without a name"
					      : "which counts");
	if (found < stack->count) {
		for (; stack->first < found; stack->first++)
			stack->frames[stack->first].skipped = "above the function that failed";
		return;
	}
	memmove(f + 1, f, (stack->count - stack->first) * sizeof *f);
	stack->count++;
	*f = (struct stack_frame){.index = -1, .symbol = *symbol, .ready = true};
	f->component = component_of_frame(stack->report, NULL, NULL, symbol->function);
}

static const struct frames *choose_frames(const struct report *report, bool *ret_last_exception) {
	static const struct frames none = {0};
	const struct thread *thread = report_crashed_thread(report);

	*ret_last_exception = report->kind == REPORT_CRASH && report->last_exception.count > 0 &&
			      stack_is_abort(report);
	if (*ret_last_exception)
		return &report->last_exception;
	return thread != NULL ? &thread->frames : &none;
}

static int fold_messages(struct stack *stack) {
	const struct report *report = stack->report;

	if (!stack_has_messages(report))
		return 0;
	stack->messages =
		arena_calloc(stack->arena, report->app_info_count + 1, sizeof *stack->messages);
	for (size_t i = 0; stack->messages != NULL && i < report->app_info_count; i++) {
		stack->messages[i] = redact_fold(REDACT_FORM_TEXT, stack->own, stack->kept,
			report->app_info[i], stack->arena);
		if (stack->messages[i] == NULL)
			return -ENOMEM;
	}
	return stack->messages != NULL ? 0 : -ENOMEM;
}

int stack_init(struct stack *ret, const struct report *report, struct redact_kept *kept,
	struct arena *arena, struct buf *explain) {
	struct stack stack = {.report = report, .arena = arena, .kept = kept};
	const struct frames *frames = choose_frames(report, &stack.of_last_exception);
	struct normal_symbol asserted;

	stack.count = frames->count;
	if (stack.count > STACK_FRAMES) {
		stack.count = STACK_FRAMES;
		stack.shortened = true;
	}
	stack.frames = arena_calloc(arena, stack.count + 1, sizeof *stack.frames);
	if (stack.frames == NULL || redact_names_of(report, kept, arena, &stack.own) < 0 ||
		fold_messages(&stack) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < stack.count; i++) {
		stack.frames[i].frame = &frames->items[i];
		stack.frames[i].index = (int)i;
	}
	stack.first = skip_handlers(&stack);
	skip_aborts(&stack);
	explain_skips(&stack, explain);
	if (find_assertion(&stack, &asserted) < 0)
		return -ENOMEM;
	add_assertion(&stack, &asserted, explain);
	if (stack.failed)
		return -ENOMEM;
	*ret = stack;
	return 0;
}
