/*
 * Does a report speak of the GPU at all? Asked for every file of a folder before anything is
 * stored, so nothing is normalised here. Words, not parts of words: no "COMPSCI", no "Metallica".
 */
#include "triage/triage.h"

#include <string.h>

struct word {
	const char *text;
	bool prefix; /* a lower-case letter may follow */
};

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* Whether one of the names starts at text, where a word starts. */
static bool starts_name(const char *text) {
	static const struct word words[] = {
		{"AGX", false},
		{"Metal", false},
		{"IOGPU", false},
		{"MPS", false},
		{"at::native::mps::", true},
		{"at::mps::", true},
		{"mlx::core::metal::", true},
		{"mlx::core::gpu::", true},
		{"ggml_metal", true},
		{"metal gpu stream", true},
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t len = strlen(words[i].text);

		if (words[i].text[0] == text[0] && strncmp(text, words[i].text, len) == 0 &&
			(words[i].prefix || !(text[len] >= 'a' && text[len] <= 'z')))
			return true;
	}
	/* Metal's own names: MTLReportFailure, MTL::CommandBuffer */
	return strncmp(text, "MTL", 3) == 0 &&
	       ((text[3] >= 'A' && text[3] <= 'Z') || text[3] == ':');
}

static bool names_gpu(const char *text) {
	bool inside = false; /* of a word */

	for (; text != NULL && *text != 0; text++) {
		if (!is_letter(*text) && !is_digit(*text)) {
			inside = false;
		} else if (!inside) {
			if (starts_name(text))
				return true;
			inside = true;
		}
	}
	return false;
}

static bool frames_name_gpu(const struct frames *frames) {
	for (size_t i = 0; i < frames->count; i++) {
		if (names_gpu(frames->items[i].image) || names_gpu(frames->items[i].symbol))
			return true;
	}
	return false;
}

bool triage_is_gpu_related(const struct report *report) {
	const struct thread *thread = report_crashed_thread(report);

	if (thread != NULL && (names_gpu(thread->queue) || frames_name_gpu(&thread->frames)))
		return true;
	for (size_t i = 0; i < report->app_info_count; i++) {
		if (names_gpu(report->app_info[i]))
			return true;
	}
	return frames_name_gpu(&report->last_exception);
}
