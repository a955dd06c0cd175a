/* The conditions of a rule: when it matches. */
#include "triage/rule_parts.h"

#include <string.h>

static int load_kinds(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return rule_read_bits(loader, item, report_kind_names, REPORT_KIND_COUNT, &match->kinds);
}

static int load_faults(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return rule_read_bits(loader, item, fault_kind_names, FAULT_KIND_COUNT, &match->faults);
}

static int load_accesses(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;

	return rule_read_bits(loader, item, fault_access_names, ACCESS_COUNT, &match->accesses);
}

static int load_exceptions(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_texts(loader, item, &((struct rule_match *)target)->exceptions);
}

static int load_signals(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_texts(loader, item, &((struct rule_match *)target)->signals);
}

static int load_frame(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_bracketed(loader, item, &((struct rule_match *)target)->frame.functions);
}

static int load_image(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_texts(loader, item, &((struct rule_match *)target)->frame.images);
}

static int load_within(struct rule_loader *loader, const cJSON *item, unsigned *ret) {
	int64_t value = 0;
	int r;

	if (cJSON_IsString(item) && strcmp(item->valuestring, "any") == 0) {
		*ret = 0;
		return 0;
	}
	r = rule_read_integer(loader, item, 1, STACK_FRAMES, &value);
	if (r == 0)
		*ret = (unsigned)value;
	return r;
}

static int load_frame_within(struct rule_loader *loader, const cJSON *item, void *target) {
	return load_within(loader, item, &((struct rule_match *)target)->within);
}

static int load_below_within(struct rule_loader *loader, const cJSON *item, void *target) {
	return load_within(loader, item, &((struct rule_match *)target)->below_within);
}

static int load_pattern_frame(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_bracketed(loader, item, &((struct rule_pattern *)target)->functions);
}

static int load_pattern_image(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_texts(loader, item, &((struct rule_pattern *)target)->images);
}

static int load_patterns(struct rule_loader *loader, const cJSON *item, struct rule_patterns *ret) {
	static const struct rule_member members[] = {
		{"frame", load_pattern_frame}, {"image", load_pattern_image}};
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return rule_fail(loader, item->string, "is not a list of {frame, image}");
	ret->items = arena_calloc(loader->arena, count, sizeof *ret->items);
	if (ret->items == NULL)
		return rule_no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		if (!cJSON_IsObject(one) || one->child == NULL)
			return rule_fail(loader, item->string, "is not a list of {frame, image}");
		r = rule_read_members(loader, one, members, 2, &ret->items[ret->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_above(struct rule_loader *loader, const cJSON *item, void *target) {
	return load_patterns(loader, item, &((struct rule_match *)target)->above);
}

static int load_below(struct rule_loader *loader, const cJSON *item, void *target) {
	return load_patterns(loader, item, &((struct rule_match *)target)->below);
}

static int load_messages(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_bracketed(loader, item, &((struct rule_match *)target)->messages);
}

static int load_expected(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_bracketed(loader, item, &((struct rule_match *)target)->expected_messages);
}

static int load_queues(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_texts(loader, item, &((struct rule_match *)target)->queues);
}

static int load_offset_condition(struct rule_loader *loader, const cJSON *item, void *target) {
	if (!cJSON_IsString(item) || strcmp(item->valuestring, "known") != 0)
		return rule_fail(loader, item->string, "can only be \"known\"");
	((struct rule_match *)target)->known_offset = true;
	return 0;
}

static int load_gpu_signatures(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule_match *match = target;
	size_t count = cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
	int r;

	if (count == 0)
		return rule_fail(loader, item->string, "is not a list of integers");
	match->gpu_signatures = arena_calloc(loader->arena, count, sizeof *match->gpu_signatures);
	if (match->gpu_signatures == NULL)
		return rule_no_memory(loader);
	for (const cJSON *one = item->child; one != NULL; one = one->next) {
		r = rule_read_integer(loader, one, -9e15, 9e15,
			&match->gpu_signatures[match->gpu_signature_count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_restart_reasons(struct rule_loader *loader, const cJSON *item, void *target) {
	return rule_read_bracketed(loader, item, &((struct rule_match *)target)->restart_reasons);
}

static const struct rule_member match_members[] = {
	{"kind", load_kinds},
	{"exception", load_exceptions},
	{"signal", load_signals},
	{"frame", load_frame},
	{"image", load_image},
	{"within", load_frame_within},
	{"above", load_above},
	{"below", load_below},
	{"below_within", load_below_within},
	{"message", load_messages},
	{"expect_message", load_expected},
	{"queue", load_queues},
	{"fault", load_faults},
	{"access", load_accesses},
	{"offset", load_offset_condition},
	{"gpu_signature", load_gpu_signatures},
	{"restart_reason", load_restart_reasons},
};

static int load_match(struct rule_loader *loader, const cJSON *object, struct rule_match *match) {
	int r;

	if (!cJSON_IsObject(object) || object->child == NULL)
		return rule_fail(loader, "match", "is not an object with at least one condition");
	*match = (struct rule_match){.within = 1, .below_within = RULE_BELOW_DEFAULT};
	r = rule_read_members(loader, object, match_members,
		sizeof match_members / sizeof match_members[0], match);
	if (r < 0)
		return r;
	if (match->kinds == 0) {
		bool gpu = match->gpu_signature_count > 0 || match->restart_reasons.count > 0;

		match->kinds = 1u << (gpu ? REPORT_GPU_EVENT : REPORT_CRASH);
	}
	return 0;
}

int rule_read_matches(struct rule_loader *loader, const cJSON *item, void *target) {
	struct rule *rule = target;
	bool many = cJSON_IsArray(item);
	const cJSON *one = many ? item->child : item;
	size_t count = many ? (size_t)cJSON_GetArraySize(item) : 1;
	int r;

	if (count == 0)
		return rule_fail(loader, "match", "is an empty list");
	rule->matches = arena_calloc(loader->arena, count, sizeof *rule->matches);
	if (rule->matches == NULL)
		return rule_no_memory(loader);
	for (; rule->match_count < count; one = one->next, rule->match_count++) {
		r = load_match(loader, one, &rule->matches[rule->match_count]);
		if (r < 0)
			return r;
	}
	return 0;
}
