/*
 * One report in, what it means out: the modules of this folder in their order, and the verdict on
 * who may be to blame. Pure: no time, no files, no locale.
 */
#include "triage/triage.h"

#include "base/text.h"
#include "triage/evidence.h"
#include "triage/fault.h"
#include "triage/rule.h"
#include "triage/signature.h"
#include "triage/stack.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

const char *const fault_kind_names[FAULT_KIND_COUNT] = {
	[FAULT_NONE] = "none",
	[FAULT_NEAR_NULL] = "near_null",
	[FAULT_PAC] = "pac",
	[FAULT_NON_CANONICAL] = "non_canonical",
	[FAULT_PROTECTION] = "protection",
	[FAULT_CODE_SIGNING] = "code_signing",
	[FAULT_STACK_GUARD] = "stack_guard",
	[FAULT_UNALIGNED] = "unaligned",
	[FAULT_WILD] = "wild",
};

const char *const fault_access_names[ACCESS_COUNT] = {
	[ACCESS_READ] = "read",
	[ACCESS_WRITE] = "write",
	[ACCESS_EXECUTE] = "execute",
};

const char *const component_names[COMPONENT_COUNT] = {
	[COMPONENT_UNKNOWN] = "unknown",
	[COMPONENT_DRIVER] = "driver",
	[COMPONENT_METAL] = "metal",
	[COMPONENT_RUNTIME] = "runtime",
	[COMPONENT_FRAMEWORK] = "framework",
	[COMPONENT_APPLICATION] = "application",
};

const char *const attribution_names[ATTRIBUTION_COUNT] = {
	[ATTRIBUTION_UNDETERMINED] = "undetermined",
	[ATTRIBUTION_API_MISUSE] = "api_misuse",
	[ATTRIBUTION_DRIVER] = "driver",
};

static bool names_kernel_gpu(const char *text, size_t len) {
	static const char *const names[] = {"IOGPU", "com.apple.AGX", "AGXG", "AGXAccelerator"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t n = strlen(names[i]);

		for (size_t k = 0; k + n <= len; k++) {
			if (text[k] == names[i][0] && memcmp(text + k, names[i], n) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Whether the panic is of the kernel's GPU code: its own line says so, or one of the extensions in
 * the backtrace, not their dependencies. The list of all loaded extensions names it in every panic.
 */
static bool panic_is_gpu(const struct report *report) {
	const char *text = report->panic_string, *line, *end;

	if (report->kind != REPORT_PANIC || text == NULL)
		return false;
	text += strspn(text, " \n\t");
	if (names_kernel_gpu(text, strcspn(text, "\n")))
		return true;
	line = strstr(text, "Kernel Extensions in backtrace:");
	for (line = line != NULL ? strchr(line, '\n') : NULL; line != NULL; line = end) {
		line += 1 + strspn(line + 1, " \t");
		end = strchr(line, '\n');
		if (text_starts(line, "dependency:"))
			continue;
		if (!text_starts(line, "com.apple."))
			break;
		if (names_kernel_gpu(line, strcspn(line, "\n")))
			return true;
	}
	return false;
}

static void set_site(struct triage *ret, const struct rule_hit *hit, struct arena *arena) {
	const struct rule *rule = hit->rule;

	if (rule == NULL)
		return;
	ret->site = rule->site;
	ret->site_title = rule->title;
	ret->rule = arena_printf(arena, "%s (%s)", rule->site, rule->source);
	ret->offset_unknown = hit->offset_unknown;
}

/* The frame that counts: the rule's, else the first; its index only where it is the crashed
 * thread's. */
static void set_frame(struct triage *ret, const struct rule_hit *hit, struct stack *stack) {
	size_t at = hit->rule != NULL && hit->frame != SIZE_MAX ? hit->frame : stack->first;
	const struct stack_frame *f;

	ret->site_frame = -1;
	ret->component = COMPONENT_UNKNOWN;
	if (stack->report->kind == REPORT_GPU_EVENT || panic_is_gpu(stack->report))
		ret->component = COMPONENT_DRIVER;
	if (at >= stack->count)
		return;
	f = stack_frame(stack, at);
	ret->component = f->component;
	if (!stack->of_last_exception)
		ret->site_frame = f->index;
}

/* Undetermined, but not for want of looking. */
static const char *undetermined_reason(const struct triage *t, const struct report *report) {
	if (t->component == COMPONENT_DRIVER && t->fault.kind == FAULT_NEAR_NULL)
		return t->concurrent_count > 0
			       ? "The driver used a NULL pointer while other threads were inside Metal. Where it "
				 "crashed is not who is to blame: an unprotected driver and a program that "
				 "shares or releases an encoder across threads look the same."
			       : "The driver used a NULL pointer. Where it crashed is not who is to blame: the "
				 "program may have handed it an object that was released.";
	if (t->component == COMPONENT_DRIVER || t->component == COMPONENT_METAL)
		return "It happened inside the GPU stack, but where it crashed is not who is to blame, and "
		       "the report tells no more.";
	if (report->kind == REPORT_GPU_EVENT)
		return "The GPU was restarted; the report does not tell whose work or whose mistake it was.";
	return "Nothing in the report speaks of misuse of Metal or of a mistake of the driver.";
}

static void set_attribution(
	struct triage *ret, const struct rule *rule, const struct stack *stack) {
	bool metal = ret->component == COMPONENT_METAL || ret->component == COMPONENT_DRIVER;

	if (stack->report->simulated) {
		ret->attribution = ATTRIBUTION_UNDETERMINED;
		ret->attribution_reason = "Simulated: no real driver was involved.";
	} else if (rule != NULL && rule->attributes) {
		ret->attribution = rule->attribution;
		ret->attribution_reason = rule->reason;
	} else if (stack->assertion != NULL && metal) {
		ret->attribution = ATTRIBUTION_API_MISUSE;
		ret->attribution_reason =
			"Metal checked what it was asked for and refused: its assertion "
			"tells which rule the call broke.";
	} else if (panic_is_gpu(stack->report)) {
		ret->attribution = ATTRIBUTION_DRIVER;
		ret->attribution_reason =
			"The kernel panicked in its own GPU code; no program may be able to "
			"bring that about.";
	} else {
		ret->attribution = ATTRIBUTION_UNDETERMINED;
		ret->attribution_reason = undetermined_reason(ret, stack->report);
	}
}

static void explain_verdict(struct buf *explain, const struct triage *t) {
	if (explain == NULL)
		return;
	buf_printf(explain, "site: %s\n", t->site != NULL ? t->site : "none");
	buf_printf(explain, "component: %s\n", component_names[t->component]);
	buf_printf(explain, "attribution: %s: %s\n", attribution_names[t->attribution],
		t->attribution_reason);
}

int triage_run(struct triage *ret, const struct report *report, const struct rules *rules,
	struct arena *arena, struct buf *explain) {
	struct triage triage = {.site_frame = -1};
	struct stack stack;
	struct rule_hit hit;
	int r;

	fault_classify(report, &triage.fault, explain);
	r = stack_init(&stack, report, rules->kept, arena, explain);
	if (r < 0)
		return r;
	rule_find(&hit, rules, &stack, &triage.fault, explain);
	set_site(&triage, &hit, arena);
	set_frame(&triage, &hit, &stack);
	r = signature_make(&triage, &stack, explain);
	if (r == 0)
		r = evidence_collect(&triage, report, arena, explain);
	if (r < 0 || stack.failed || (triage.site != NULL && triage.rule == NULL))
		return -ENOMEM;
	set_attribution(&triage, hit.rule, &stack);
	explain_verdict(explain, &triage);
	*ret = triage;
	return 0;
}
