/*
 * What the database tells of who is to blame, in sentences whose numbers are counted here, and
 * which experiment would tell more. Where it crashed is not who is to blame: nothing here says
 * more than what was measured.
 */
#include "base/text.h"
#include "export/analysis_parts.h"
#include "export/experiment_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ---- what experiments tell of a site ---- */

enum behaviour { KEEPS_RULES, BREAKS_RULES, BEHAVIOUR_COUNT };

struct tested {
	uint64_t runs, crashes; /* crashes at the site */
	uint64_t unlocked;      /* of the runs: without any lock */
	uint64_t unlocked_crashes;
};

static bool find_behaviour(const char *scenario, enum behaviour *ret) {
	static const struct {
		const char *scenario;
		enum behaviour behaviour;
	} known[] = {{"independent", KEEPS_RULES}, {"shared-queue", KEEPS_RULES},
		{"shared-buffer", BREAKS_RULES}, {"use-after-end", BREAKS_RULES},
		{"release-in-use", BREAKS_RULES}};
	for (size_t i = 0; scenario && i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].scenario, scenario)) {
			*ret = known[i].behaviour;
			return true;
		}
	return false;
}

static uint64_t crashes_at(const struct summary_condition *condition, const char *site) {
	for (size_t i = 0; site && i < condition->sites.count; i++)
		if (condition->sites.items[i].text && !strcmp(condition->sites.items[i].text, site))
			return condition->sites.items[i].count;
	return 0;
}

/* The simulated driver tells nothing of a real one. */
static void count_tests(
	const struct analysis *analysis, const char *site, struct tested ret[BEHAVIOUR_COUNT]) {
	memset(ret, 0, BEHAVIOUR_COUNT * sizeof *ret);
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		const struct experiment_summary *summary = &analysis->experiments[i];
		for (size_t j = 0; j < summary->condition_count; j++) {
			const struct summary_condition *condition = &summary->conditions[j];
			enum behaviour behaviour;
			if (experiment_is_simulated(condition) ||
				experiment_untold(condition->outcomes) ||
				!find_behaviour(condition->facts.scenario, &behaviour))
				continue;
			uint64_t crashes = crashes_at(condition, site);
			ret[behaviour].runs += condition->runs;
			ret[behaviour].crashes += crashes;
			if (condition->facts.lock && strcmp(condition->facts.lock, "none") != 0)
				continue;
			ret[behaviour].unlocked += condition->runs;
			ret[behaviour].unlocked_crashes += crashes;
		}
	}
}

static int add_evidence(
	struct analysis_work *work, struct analysis_site *site, const struct buf *text) {
	if (text->failed)
		return -ENOMEM;
	return analysis_add_text(
		&work->analysis->arena, &site->evidence, &site->evidence_count, buf_str(text));
}

static void tell_kept(const struct tested *tested, struct buf *ret) {
	buf_add_str(ret, "agxtriage-repro with the scenarios that keep Metal's rules "
			 "(independent, shared-queue) ");
	if (tested->crashes) {
		buf_printf(ret,
			"crashed at this site in %" PRIu64 " of %" PRIu64
			" runs on the real driver: that points to the driver.",
			tested->crashes, tested->runs);
		return;
	}
	const struct rate rate = rate_of(0, tested->unlocked);
	buf_printf(ret,
		"did not crash at this site in %" PRIu64
		" runs without a lock on the real driver (at most %.1f %%).",
		tested->unlocked, rate.high * 100);
}

static void tell_broken(const struct tested *tested, struct buf *ret) {
	buf_printf(ret,
		"agxtriage-repro with the scenarios that break Metal's rules (shared-buffer, "
		"use-after-end, release-in-use) crashed at this site in %" PRIu64 " of %" PRIu64
		" runs on the real driver",
		tested->crashes, tested->runs);
	buf_add_str(ret, tested->crashes ? ": misuse can bring this crash about, which does not "
					   "tell that it did."
					 : ".");
}

static int tell_tests(struct analysis_work *work, struct analysis_site *site,
	const struct tested tested[BEHAVIOUR_COUNT]) {
	struct buf text = {0};
	int code = 0;
	if (tested[KEEPS_RULES].crashes || tested[KEEPS_RULES].unlocked) {
		tell_kept(&tested[KEEPS_RULES], &text);
		code = add_evidence(work, site, &text);
	}
	buf_reset(&text);
	if (!code && tested[BREAKS_RULES].runs) {
		tell_broken(&tested[BREAKS_RULES], &text);
		code = add_evidence(work, site, &text);
	}
	buf_finish(&text);
	return code;
}

static int tell_ending(struct analysis_work *work, struct analysis_site *site) {
	struct buf text = {0};
	if (!site->ending)
		return 0;
	buf_printf(&text,
		"In %" PRIu64 " of %" PRIu64
		" crashes another thread was ending or releasing an encoder at that moment. An "
		"encoder that is used after its end looks like this; so does a thread that ends "
		"one of its own.",
		site->ending, site->told);
	int code = add_evidence(work, site, &text);
	buf_finish(&text);
	return code;
}

/* ---- Metal's debug layer ---- */

/* Runs of one experiment with the layer and without it. */
struct layered {
	uint64_t runs[2], here[2]; /* here: crashes at the site; [1]: with the layer */
	uint64_t refused;          /* with the layer: stopped at a rule that was broken */
};

static struct layered count_layered(const struct experiment_summary *summary, const char *site) {
	struct layered ret = {0};
	for (size_t i = 0; i < summary->condition_count; i++) {
		const struct summary_condition *condition = &summary->conditions[i];
		const char *value = experiment_variable(condition, "MTL_DEBUG_LAYER");
		int on = value && !strcmp(value, "1");
		if (experiment_is_simulated(condition) || experiment_untold(condition->outcomes))
			continue;
		ret.runs[on] += condition->runs;
		ret.here[on] += crashes_at(condition, site);
		if (on)
			ret.refused += crashes_at(condition, "metal-validation");
	}
	return ret;
}

/* It tells only of a program that crashes at this site without it. */
static bool is_layered(const struct layered *layered) {
	return layered->here[0] && layered->runs[1];
}

static bool was_layered(const struct analysis *analysis, const char *site) {
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		const struct layered layered = count_layered(&analysis->experiments[i], site);
		if (is_layered(&layered))
			return true;
	}
	return false;
}

static int tell_layer(struct analysis_work *work, struct analysis_site *site) {
	struct buf text = {0};
	int code = 0;
	for (size_t i = 0; i < work->analysis->experiment_count && !code; i++) {
		const struct experiment_summary *summary = &work->analysis->experiments[i];
		const struct layered layered = count_layered(summary, site->id);
		if (!is_layered(&layered))
			continue;
		buf_reset(&text);
		buf_printf(&text,
			"In experiment %" PRId64 ", %" PRIu64 " of %" PRIu64
			" runs crashed at this site without Metal's debug layer, and %" PRIu64
			" of %" PRIu64 " with it; ",
			summary->conditions[0].experiment, layered.here[0], layered.runs[0],
			layered.here[1], layered.runs[1]);
		if (layered.refused)
			buf_printf(&text,
				"in %" PRIu64
				" of those it stopped at a broken rule of Metal before: that points "
				"to misuse of the API.",
				layered.refused);
		else
			buf_add_str(&text, "it found no broken rule of Metal.");
		code = add_evidence(work, site, &text);
	}
	buf_finish(&text);
	return code;
}

/* ---- what to run next ---- */

enum step {
	STEP_SHOW,
	STEP_DEBUG_LAYER,
	STEP_ZOMBIES,
	STEP_KEEP_RULES,
	STEP_BREAK_RULES,
	STEP_SHARE_BUFFER,
	STEP_LOCKS,
	STEP_TORCH,
	STEP_COUNT,
};

#define BIT(step) (1U << (step))

/* command: the text behind it is a program of the user's, or a row. */
static const struct {
	const char *command, *reason;
	bool program, sample;
} steps[STEP_COUNT] = {
	[STEP_SHOW] = {.command = "agxtriage show --explain",
		.reason = "which rules nearly matched, and how the signature was built",
		.sample = true},
	[STEP_KEEP_RULES] = {.command = "agxtriage repro --scenario independent,shared-queue "
					"--lock none --threads 2,8 --runs 30",
		.reason = "keeps Metal's rules: a crash at this site would be the driver's"},
	[STEP_BREAK_RULES] = {.command = "agxtriage repro --scenario use-after-end,release-in-use "
					 "--lock none --threads 4 --runs 30",
		.reason = "breaks Metal's rules on purpose: whether that ends at this site"},
	[STEP_SHARE_BUFFER] = {.command = "agxtriage repro --scenario shared-buffer "
					  "--lock none,global --threads 4 --runs 30",
		.reason = "one command buffer for all threads: the same assertion on purpose, and "
			  "whether a lock prevents it"},
	[STEP_LOCKS] = {.command = "agxtriage repro --scenario shared-queue "
				   "--lock none,global,pipeline,queue --threads 4 --runs 30",
		.reason = "whether a lock prevents it, and what it costs"},
	[STEP_TORCH] = {.command = "agxtriage repro --scenario torch --lock none,global "
				   "--threads 2,8 --runs 30",
		.reason = "the same threads through PyTorch"},
	[STEP_DEBUG_LAYER] = {.command = "agxtriage run -n 30 --matrix MTL_DEBUG_LAYER=0,1 --",
		.reason = "Metal's debug layer stops at the first call that breaks its rules: "
			  "where its assertions take the crash's place, the program is at fault",
		.program = true},
	[STEP_ZOMBIES] = {.command = "agxtriage run -n 30 --env NSZombieEnabled=YES --",
		.reason = "released objects stay and tell which of them is used",
		.program = true},
};

/* The first that fits. site: glob, "" for the crashes that no rule knows. */
static const struct {
	const char *site;
	unsigned steps;
} plans[] = {
	{"", BIT(STEP_SHOW) | BIT(STEP_DEBUG_LAYER)},
	{"objc-use-after-free", BIT(STEP_ZOMBIES) | BIT(STEP_BREAK_RULES) | BIT(STEP_DEBUG_LAYER)},
	{"agx-*encod*", BIT(STEP_DEBUG_LAYER) | BIT(STEP_SHARE_BUFFER)},
	{"iogpu-*", BIT(STEP_DEBUG_LAYER) | BIT(STEP_SHARE_BUFFER)},
	{"metal-handler-after-commit", BIT(STEP_DEBUG_LAYER) | BIT(STEP_SHARE_BUFFER)},
	{"agx-*", BIT(STEP_DEBUG_LAYER) | BIT(STEP_KEEP_RULES) | BIT(STEP_BREAK_RULES) |
			  BIT(STEP_LOCKS) | BIT(STEP_TORCH)},
	{"*", BIT(STEP_DEBUG_LAYER)},
};

static unsigned plan_of(const char *site) {
	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		if (site ? *plans[i].site && text_glob(plans[i].site, site, false)
			 : !*plans[i].site)
			return plans[i].steps;
	return 0;
}

/* The command of the newest experiment with one of the user's; NULL: none was measured. */
static const struct summary_condition *measured_program(const struct analysis *analysis) {
	for (size_t i = 0; i < analysis->experiment_count; i++) {
		const struct experiment_summary *summary = &analysis->experiments[i];
		if (summary->condition_count && !summary->conditions[0].facts.backend &&
			summary->conditions[0].word_count)
			return &summary->conditions[0];
	}
	return NULL;
}

static bool is_torch(const struct analysis_site *site) {
	for (size_t i = 0; i < site->stack_count; i++)
		if (site->stack[i].image && text_starts(site->stack[i].image, "libtorch"))
			return true;
	return false;
}

/* What has been measured already is not asked for again. */
static unsigned steps_of(const struct analysis *analysis, const struct analysis_site *site,
	const struct tested *tested) {
	unsigned ret = plan_of(site->id);
	/* What the simulated driver did is known already. */
	if (site->simulated == site->count)
		return ret & BIT(STEP_SHOW);
	if (tested[KEEPS_RULES].unlocked)
		ret &= ~BIT(STEP_KEEP_RULES);
	if (tested[KEEPS_RULES].runs > tested[KEEPS_RULES].unlocked)
		ret &= ~BIT(STEP_LOCKS);
	if (tested[BREAKS_RULES].unlocked)
		ret &= ~BIT(STEP_BREAK_RULES);
	if (was_layered(analysis, site->id))
		ret &= ~BIT(STEP_DEBUG_LAYER);
	if (!is_torch(site))
		ret &= ~BIT(STEP_TORCH);
	return ret;
}

/* What names it where the command is typed: a row is of this database alone. */
static void add_sample(
	const struct analysis_work *work, const struct analysis_site *site, struct buf *ret) {
	bool leaves = work->options->members || work->options->redactor;
	if (leaves && site->sample_id)
		buf_printf(ret, " %s", site->sample_id);
	else
		buf_printf(ret, " %" PRId64, site->sample);
}

static int add_steps(struct analysis_work *work, struct analysis_site *site, unsigned wanted) {
	const struct summary_condition *program = measured_program(work->analysis);
	struct buf text = {0};
	int code = 0;
	for (int i = 0; i < STEP_COUNT && !code; i++) {
		if (!(wanted & BIT(i)))
			continue;
		buf_reset(&text);
		buf_add_str(&text, steps[i].command);
		if (steps[i].sample)
			add_sample(work, site, &text);
		if (steps[i].program)
			buf_add_char(&text, ' ');
		if (steps[i].program && program)
			experiment_words(program->words, program->word_count, &text);
		else if (steps[i].program)
			buf_add_str(&text, "COMMAND");
		buf_printf(&text, " # %s", steps[i].reason);
		code = text.failed ? -ENOMEM
				   : analysis_add_text(&work->analysis->arena, &site->next,
					     &site->next_count, buf_str(&text));
	}
	buf_finish(&text);
	return code;
}

int analysis_take_next(struct analysis_work *work) {
	int code = 0;
	for (size_t i = 0; i < work->analysis->site_count && !code; i++) {
		struct analysis_site *site = &work->analysis->sites[i];
		struct tested tested[BEHAVIOUR_COUNT];
		count_tests(work->analysis, site->id, tested);
		code = tell_ending(work, site);
		/* Only of sites that it may crash at. */
		if (!code && (plan_of(site->id) & (BIT(STEP_BREAK_RULES) | BIT(STEP_SHARE_BUFFER))))
			code = tell_tests(work, site, tested);
		if (!code)
			code = tell_layer(work, site);
		if (!code)
			code = add_steps(work, site, steps_of(work->analysis, site, tested));
	}
	return code ? err_set(work->err, code, "out of memory") : 0;
}
