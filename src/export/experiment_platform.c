/* The fingerprint of the machine that an experiment ran on, in lines; and in what two differ. */
#include "base/limits.h"
#include "base/text.h"
#include "export/experiment_parts.h"
#include "export/text_out.h"
#include "ips/json.h"

#include <inttypes.h>
#include <string.h>

#define FACTS_MAX 64

struct fact {
	char key[JSON_KEY_BYTES];
	const char *text;
};

struct platform_facts {
	struct fact facts[FACTS_MAX]; /* what does not fit is newer than we are */
	size_t count;
	struct arena arena;
};

static const struct known {
	const char *key, *label;
	bool telling; /* results of machines that differ in it cannot be laid side by side */
} known[] = {
	{"model", "Model", true},
	{"os_version", "System", true},
	{"os_build", "Build", true},
	{"kernel", "Kernel", true},
	{"cpu", "CPU", true},
	{"cores", "Cores", true},
	{"gpu", "GPU", true},
	{"gpu_cores", "GPU cores", true},
	{"virtual", "Virtual", true},
	{"driver", "Driver", true},
	{"memory_bytes", "Memory", true},
	{"swap_used_bytes", "Swap used", false},
	{"load_1m", "Load", false},
	{"power_source", "Power", true},
	{"low_power", "Low power", true},
	{"governor", "Governor", true},
	{"thermal_state", "Heat", false},
	{"temperature_c", "Celsius", false},
	{"agxtriage", "agxtriage", true},
};

static const struct known *find_known(const char *key) {
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].key, key))
			return &known[i];
	return NULL;
}

/* ---- reading ---- */

static void add_bytes(double bytes, struct buf *ret) {
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;
	for (; bytes >= 1024 && i + 1 < sizeof units / sizeof *units; i++)
		bytes /= 1024;
	buf_printf(ret, i && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[i]);
}

static void read_scalar(struct json *json, struct arena *arena, const char *key, struct buf *ret) {
	const char *text = NULL, *odd = NULL;
	double number;
	enum json_type type = json_peek(json);
	if (type == JSON_STRING) {
		if (json_text(json, arena, LIMIT_TEXT_BYTES, false, &text, &odd) && text)
			buf_add_str(ret, text);
	} else if (type == JSON_NUMBER) {
		if (json_double(json, &number) && text_ends(key, "_bytes"))
			add_bytes(number, ret);
		else if (!json->code)
			experiment_number(number, ret);
	} else {
		if (type == JSON_TRUE || type == JSON_FALSE)
			buf_add_str(ret, type == JSON_TRUE ? "yes" : "no");
		json_skip(json);
	}
}

/* The values of an object, one after the other; "NAME=VALUE" for the environment's. */
static void read_members(struct json *json, struct arena *arena, const char *key, struct buf *ret) {
	struct json_key member;
	bool env = !strcmp(key, "env");
	json_enter(json);
	for (bool first = true; json_next_member(json, &first, &member);) {
		if (ret->len)
			buf_add_char(ret, env ? '\n' : ' ');
		if (env)
			buf_printf(ret, "%s=", member.text);
		read_scalar(json, arena, member.text, ret);
	}
}

static void read_facts(const char *platform, struct platform_facts *ret) {
	struct err err = {0};
	struct json json;
	struct json_key key;
	struct buf text = {0};
	ret->count = 0;
	arena_init(&ret->arena, LIMIT_REPORT_ARENA_BYTES);
	json_init(&json, platform ? platform : "", platform ? strlen(platform) : 0, &err);
	if (json_peek(&json) != JSON_OBJECT)
		return;
	json_enter(&json);
	for (bool first = true; ret->count < FACTS_MAX && json_next_member(&json, &first, &key);) {
		struct fact *fact = &ret->facts[ret->count];
		buf_reset(&text);
		if (json_peek(&json) == JSON_OBJECT)
			read_members(&json, &ret->arena, key.text, &text);
		else
			read_scalar(&json, &ret->arena, key.text, &text);
		memcpy(fact->key, key.text, sizeof fact->key);
		fact->text = arena_strdup(&ret->arena, buf_str(&text));
		if (text.len && fact->text && *fact->key)
			ret->count++;
	}
	buf_finish(&text);
}

static const char *find_fact(const struct platform_facts *facts, const char *key) {
	for (size_t i = 0; i < facts->count; i++)
		if (!strcmp(facts->facts[i].key, key))
			return facts->facts[i].text;
	return NULL;
}

/* ---- in lines ---- */

static void put_env(struct text_out *out, const char *text) {
	struct buf line = {0};
	for (const char *label = "Variables"; *text; label = "") {
		size_t len = strcspn(text, "\n");
		buf_reset(&line);
		buf_add(&line, text, len);
		text_out_field(out, TERM_PLAIN, label, buf_str(&line));
		text += len + (text[len] == '\n');
	}
	out->buf->failed = out->buf->failed || line.failed;
	buf_finish(&line);
}

static void put_platform(struct text_out *out, const struct store_experiment *experiment) {
	struct platform_facts facts;
	read_facts(experiment->platform, &facts);
	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.facts[i];
		const struct known *its = find_known(fact->key);
		if (!strcmp(fact->key, "env"))
			put_env(out, fact->text);
		else
			text_out_field(out, TERM_PLAIN, its ? its->label : fact->key, fact->text);
	}
	if (!facts.count)
		text_out_paragraph(out, TERM_DIM, 2, "Nothing is known of it.");
	arena_finish(&facts.arena);
}

void experiment_platform_text(
	const struct experiment_summary *summary, const struct term *term, struct buf *ret) {
	struct text_out out = {ret, term};
	struct buf heading = {0};
	for (size_t i = 0; i < summary->experiment_count; i++) {
		buf_reset(&heading);
		buf_add_str(&heading, "Platform");
		if (summary->experiment_count > 1)
			buf_printf(&heading, " of experiment %" PRId64, summary->experiments[i].id);
		text_out_heading(&out, buf_str(&heading));
		put_platform(&out, &summary->experiments[i]);
	}
	ret->failed = ret->failed || heading.failed;
	buf_finish(&heading);
}

/* ---- differences ---- */

/* "Build 24G419 (experiment 7), 25A123 (9)"; nothing when all say the same. */
static void add_difference(const struct experiment_summary *summary,
	const struct platform_facts *first, const struct known *its, struct buf *ret) {
	const char *before = find_fact(first, its->key);
	struct platform_facts other;
	bool differs = false;
	struct buf text = {0};
	for (size_t i = 0; i < summary->experiment_count; i++) {
		read_facts(summary->experiments[i].platform, &other);
		const char *value = find_fact(&other, its->key);
		differs = differs || !value != !before || (value && strcmp(value, before) != 0);
		buf_printf(&text, "%s%s (%s%" PRId64 ")", i ? ", " : "",
			value ? value : "not known", i ? "" : "experiment ",
			summary->experiments[i].id);
		arena_finish(&other.arena);
	}
	if (differs)
		buf_printf(ret, "%s%s %s", ret->len ? "; " : "", its->label, buf_str(&text));
	ret->failed = ret->failed || text.failed;
	buf_finish(&text);
}

void experiment_platforms_differ(const struct experiment_summary *summary, struct buf *ret) {
	struct platform_facts first;
	struct buf text = {0};
	if (summary->experiment_count < 2)
		return;
	read_facts(summary->experiments[0].platform, &first);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].telling)
			add_difference(summary, &first, &known[i], &text);
	if (text.len)
		buf_printf(ret,
			"These experiments did not run on the same platform, which may explain "
			"what they differ in: %s.",
			buf_str(&text));
	ret->failed = ret->failed || text.failed;
	buf_finish(&text);
	arena_finish(&first.arena);
}
