/*
 * Experiments with what may leave the machine: their commands, variables and platforms are words of
 * the user's. For export/analysis*.c only.
 */
#ifndef EXPORT_ANALYSIS_REDACT_H
#define EXPORT_ANALYSIS_REDACT_H

#include "export/experiment_summary.h"
#include "triage/redact.h"
#include "triage/rules.h"

/* The words of our own options, scenarios and policies tell nothing of anybody. */
int analysis_redact_prepare(struct redactor *redactor, struct err *err);
/* Every text of it, and the conclusions that were made of them. -ENOMEM. */
int analysis_redact_experiment(
	struct experiment_summary *summary, const struct rules *rules, struct redactor *redactor);

#endif
