/* One question after the other, the strongest first. */
#include "repro/outcome.h"

#include "repro/run.h"

#include <string.h>

/* Of a line of standard error. */
#define ERROR_BYTES 400

/* repro/answer.h has them. */
enum { STATUS_GPU_ERROR = 3, STATUS_WRONG_RESULT = 4 };

static bool is_told(enum trial_outcome outcome) {
	return outcome == TRIAL_FINISHED || outcome == TRIAL_GPU_ERROR ||
	       outcome == TRIAL_WRONG_RESULT || outcome == TRIAL_FAILED;
}

/* By its own words; without any an exit status is all there is. */
static enum trial_outcome outcome_of_answer(const struct answer *answer, int status) {
	bool told = answer->ended && is_told(answer->outcome);
	if (told && answer->outcome != TRIAL_FINISHED)
		return answer->outcome;
	if (status == STATUS_GPU_ERROR)
		return TRIAL_GPU_ERROR;
	if (status == STATUS_WRONG_RESULT)
		return TRIAL_WRONG_RESULT;
	return told && !status ? TRIAL_FINISHED : TRIAL_FAILED;
}

/* What programs print when a command buffer has failed: IOGPU's words, or Metal's. */
static const char *const gpu_errors[] = {
	"kIOGPUCommandBufferCallbackError", "MTLCommandBufferError"};

/* Where that stands in cleaned text; NULL: nowhere. */
static const char *find_gpu_error(const char *text) {
	for (size_t i = 0; i < sizeof gpu_errors / sizeof *gpu_errors; i++) {
		const char *found = strstr(text, gpu_errors[i]);
		if (found)
			return found;
	}
	return NULL;
}

enum trial_outcome outcome_of(const struct outcome_facts *facts) {
	const struct child_end *end = &facts->end;
	if (facts->interrupted)
		return TRIAL_INTERRUPTED;
	/* Who ends a hung command by SIGABRT did not see it crash. */
	if (facts->hung)
		return TRIAL_HUNG;
	if (run_crash_signal(end->status, end->signal))
		return TRIAL_CRASHED;
	if (end->signal)
		return TRIAL_FAILED;
	if (facts->answer)
		return outcome_of_answer(facts->answer, end->status);
	if (find_gpu_error(facts->stderr_tail))
		return TRIAL_GPU_ERROR;
	return end->status ? TRIAL_FAILED : TRIAL_FINISHED;
}

struct i64_opt outcome_signal(const struct outcome_facts *facts) {
	int number = facts->hung ? 0 : run_crash_signal(facts->end.status, facts->end.signal);
	if (number && facts->answer && facts->answer->signal.set)
		return facts->answer->signal;
	number = number ? number : facts->end.signal;
	return (struct i64_opt){.value = number, .set = number != 0};
}

/* The last line that says anything, of len bytes of cleaned text. */
static void add_last_line(const char *text, size_t len, struct buf *ret) {
	while (len && strchr("\n\t ", text[len - 1]))
		len--;
	size_t start = len;
	while (start && text[start - 1] != '\n')
		start--;
	while (start < len && strchr("\t ", text[start]))
		start++;
	size_t width = len - start < ERROR_BYTES ? len - start : ERROR_BYTES;
	/* Not in the middle of a character. */
	while (width && width < len - start && (text[start + width] & 0xc0) == 0x80)
		width--;
	if (width)
		buf_printf(ret, "%s%.*s", ret->len ? ": " : "", (int)width, text + start);
}

static void add_answer(const struct answer *answer, struct buf *ret) {
	if (answer->error)
		buf_add_str(ret, answer->error);
	if (answer->error_code)
		buf_printf(ret, answer->error ? " (%s)" : "%s", answer->error_code);
}

void outcome_error(const struct outcome_facts *facts, enum trial_outcome outcome, struct buf *ret) {
	const struct answer *answer = facts->answer;
	if (answer && (answer->error || answer->error_code)) {
		add_answer(answer, ret);
		return;
	}
	if (outcome != TRIAL_FAILED && outcome != TRIAL_GPU_ERROR && outcome != TRIAL_WRONG_RESULT)
		return;
	const char *told = answer ? NULL : find_gpu_error(facts->stderr_tail);
	if (told) {
		add_last_line(facts->stderr_tail,
			(size_t)(told - facts->stderr_tail) + strcspn(told, "\n"), ret);
		return;
	}
	if (facts->end.signal)
		buf_printf(ret, "ended by signal %d", facts->end.signal);
	else if (facts->end.status)
		buf_printf(ret, "exit status %d", facts->end.status);
	else
		buf_add_str(ret, "ended without an answer");
	add_last_line(facts->stderr_tail, strlen(facts->stderr_tail), ret);
}
