/* Facts of a system that are told apart from a report, read as they are read in one. */
#include "triage/redact_fact.h"

#include "triage/redact_parts.h"

#include <string.h>

void redact_fact(
	struct redactor *redactor, enum redact_fact fact, const char *text, struct buf *ret) {
	static const enum redact_policy policies[REDACT_FACT_COUNT] = {
		[REDACT_SYSTEM] = POLICY_SYSTEM,
		[REDACT_MODEL] = POLICY_MODEL,
		[REDACT_VERSION] = POLICY_VERSION,
	};
	if (text)
		redact_value(redactor, policies[fact], text, strlen(text), ret);
}
