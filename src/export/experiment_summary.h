/*
 * What an experiment came to: counts, rates and throughputs per condition, and what two conditions
 * say about each other. Computed from the database alone; the writers below add nothing to it.
 */
#ifndef EXPORT_EXPERIMENT_SUMMARY_H
#define EXPORT_EXPERIMENT_SUMMARY_H

#include "base/arena.h"
#include "base/buf.h"
#include "export/term.h"
#include "store/experiment.h"
#include "triage/rate.h"
#include "triage/sample.h"

/* How many trials have the same text. */
struct summary_count {
	const char *text;
	uint64_t count;
};

/* The most frequent first. */
struct summary_counts {
	struct summary_count *items;
	size_t count, cap;
};

/* One of facts.env. */
struct summary_variable {
	const char *name, *value; /* value NULL: taken out of the environment */
};

/* What conditions may differ in. */
enum summary_factor {
	SUMMARY_EXPERIMENT,
	SUMMARY_BACKEND,
	SUMMARY_SCENARIO,
	SUMMARY_LOCK,
	SUMMARY_THREADS,
	SUMMARY_SETTINGS, /* of a trial: the words of its command that no other factor stands for */
	SUMMARY_ENV,
	SUMMARY_COMMAND, /* of a command of the user's */
	SUMMARY_FACTOR_COUNT,
};

extern const char *const summary_factor_names[SUMMARY_FACTOR_COUNT];

struct summary_condition {
	int64_t experiment;           /* its number */
	struct store_condition facts; /* texts in the summary's arena */
	bool simulated; /* by the simulated driver: the backend, or a crash of a program that has it
			 */
	int64_t planned;
	/* runs = finished + crashed + hung + gpu_error + wrong_result + failed; neither interrupted
	 * trials nor such without an end count. */
	uint64_t runs, outcomes[TRIAL_OUTCOME_COUNT];
	struct rate crash_rate;       /* only with runs > 0 */
	struct summary_counts sites;  /* of crashes; text NULL: an incident without a known site */
	struct summary_counts labels; /* why crashes have no report */
	struct summary_counts errors; /* of gpu_error, wrong_result, failed; text NULL: none told */
	double *throughputs;          /* of finished trials, in the order of the trials */
	size_t throughput_count;
	struct sample_interval throughput; /* only with throughput_count > 0 */
	double lock_wait_share; /* median share of the threads' time; negative: not measured */
	double p50_us, p95_us,
		p99_us; /* medians over trials of an operation's; negative: not measured */
	/* Of all counted trials whose end was seen, in their order: wall time of the process, and
	 * its exit status, -signal for a signal. */
	double *elapsed_s;
	int64_t *exit_codes;
	size_t elapsed_count, exit_count;
	struct summary_variable *env; /* facts.env, by name */
	size_t env_count;
	const char **words; /* facts.command */
	size_t word_count;
	const char **settings; /* of a trial: "--gpu-latency 0" */
	size_t setting_count;
	size_t lock_wait_count, latency_count; /* trials behind the medians */
};

struct summary_comparison {
	size_t a, b; /* conditions; a before b */
	/* They differ in exactly one of backend, scenario, lock, threads, settings, one variable of
	 * env, command, be it across experiments; or in nothing but the experiment. */
	bool one_factor;
	enum summary_factor factor; /* only with one_factor */
	const char *variable;       /* only with SUMMARY_ENV: its name */
	/* What a person wants to see first: a lock against none (or the first one), threads against
	 * the next lower number, everything else against its first value. */
	bool matters;
	bool b_is_base;              /* the one that the other is held against is b, else a */
	struct rate_difference rate; /* a - b */
	double fisher_p;
	bool has_ratio;
	struct sample_interval ratio; /* throughput of a / of b */
	const char *conclusion;       /* one or two sentences in words */
};

struct experiment_summary {
	struct arena arena;
	const struct store_experiment *experiments; /* those that were asked for */
	size_t experiment_count;
	struct summary_condition *conditions;
	size_t condition_count;
	struct summary_comparison *comparisons; /* every pair with runs on both sides */
	size_t comparison_count;
	bool simulated; /* any condition is */
};

/* Words: "7" all conditions of an experiment, "7:2" one of them (from 0), "latest". -ENOENT,
 * -EINVAL. */
int experiment_summary_load(struct store *store, const char *const *words, size_t count,
	struct experiment_summary *ret, struct err *err);
void experiment_summary_finish(struct experiment_summary *summary);

bool experiment_is_simulated(const struct summary_condition *condition);
/* Said wherever a simulated condition is shown. */
#define EXPERIMENT_SIMULATED                                                                  \
	"SIMULATED: this is the simulated driver; its rates and throughputs say nothing of a" \
	" real one."

/* Why counted trials tell nothing of crashes: "all failed", when none finished and none crashed.
 * NULL: they do, or there are none. */
const char *experiment_untold(const uint64_t outcomes[TRIAL_OUTCOME_COUNT]);

/* "none, 4 threads": what tells condition index from the others of this summary. */
void experiment_summary_name(
	const struct experiment_summary *summary, size_t index, struct buf *ret);
/* "at most 20.4 % (Wilson)" for 0 of 15, "26.7 % (10.9 to 52.0 %)" for 4 of 15, "unknown: all
 * failed" for those that tell nothing. */
void experiment_summary_rate(const struct summary_condition *condition, struct buf *ret);

/* Words as a person would type them in a shell. */
void experiment_words(const char *const *words, size_t count, struct buf *ret);
/* A JSON array of words (store_experiment.command) the same way. */
void experiment_command(const char *words_json, struct buf *ret);
/* What the experiments ran on, in readable lines; experiment_text() does not have it. */
void experiment_platform_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret);

/* The writers; each appends. */
void experiment_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret);
void experiment_json(const struct experiment_summary *summary,
	struct buf *ret); /* the contract's object, one line */
void experiment_csv(const struct experiment_summary *summary, struct buf *ret);
void experiment_markdown(const struct experiment_summary *summary, struct buf *ret);
void experiment_hyperfine(const struct experiment_summary *summary, struct buf *ret);

#endif
