/* A table of words, and the shape of a failed assertion. */
#include "repro/metal_line.h"

#include <ctype.h>
#include <string.h>

/* A line with all words of a row is an error. */
static const char *const words[][2] = {
	/* Metal's own words for what became of a command buffer. */
	{"kIOGPUCommandBufferCallbackError", NULL},
	{"IOGPUMetalError", NULL},
	{"Execution of the command buffer was aborted", NULL},
	{"command buffer exited with error status", NULL},
	{"operations encoded on it may not have completed", NULL},
	{"Internal Error (0000000e", NULL},
	{"Insufficient Memory (00000008", NULL},
	{"Insufficient Permission (to submit GPU work", NULL},
	{"Impacting Interactivity (", NULL},
	{"Caused GPU Hang Error", NULL},
	{"Caused GPU Timeout Error", NULL},
	{"Caused GPU Address Fault Error", NULL},
	{"Ignored (for causing prior/excessive GPU errors)", NULL},
	{"Discarded (victim of GPU error/recovery)", NULL},
	{"(IOAF code ", NULL},
	{"MTLCommandBufferError", NULL},
	{"MTLCommandBuffer", "rror:"},
	{"MTLCommandBuffer", "failed"},
	/* Errors as objects, and of the shader compiler. */
	{"MTLLibraryError", NULL},
	{"MTLReportFailure", NULL},
	{"Error Domain=AGX", NULL},
	{"Error Domain=MTL", NULL},
	{"Error Domain=MPS", NULL},
	{"Compiler encountered an internal error", NULL},
	{"XPC_ERROR_CONNECTION_INTERRUPTED", NULL},
	{"AGX: ", NULL},
	/* The libraries above. */
	{"MPSNDArray", "rror:"},
	{"(mpsFileLoc): ", "error: "},
	{"MPS backend out of memory", NULL},
	{"Failed to create Metal library", NULL},
	{"Failed to created pipeline state object, error:", NULL},
	{"[METAL] ", "failed"},
	{"[METAL] ", "rror:"},
	{"[metal::", "] "},
	{"ggml_metal", "failed"},
	{"ggml_metal", "error:"},
	{"ggml_backend_metal", "error:"},
	{"ggml_backend_metal", "failed"},
	{"GGML_ASSERT", "ggml-metal"},
};

/* Of an assertion's line. */
static const char *const owners[] = {"MPS", "MTL", "Metal", "IOGPU", "AGX"};

static const char assertion[] = ": failed assertion `";

static const char *find(const char *text, size_t len, const char *what) {
	return memmem(text, len, what, strlen(what));
}

static bool is_name(char c) {
	return isalnum((unsigned char)c) || c == '_';
}

/*
 * "-[Class method:]:12" or "functionOfNoFile:12", as Metal says where it was; "file.c:12" is how
 * others say it.
 */
static bool is_place(const char *text, size_t len) {
	size_t end = len;
	while (end && isdigit((unsigned char)text[end - 1]))
		end--;
	if (end == len || !end || text[--end] != ':' || !end)
		return false;
	if (text[end - 1] == ']')
		return find(text, end, "-[") || find(text, end, "+[");
	size_t start = end;
	while (start && is_name(text[start - 1]))
		start--;
	return start < end && (!start || text[start - 1] == ' ' || text[start - 1] == '\t');
}

static bool is_assertion(const char *text, size_t len) {
	const char *at = find(text, len, assertion);
	if (!at)
		return false;
	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
		if (find(text, len, owners[i]))
			return true;
	return is_place(text, (size_t)(at - text));
}

bool metal_line_is_error(const char *text, size_t len) {
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (find(text, len, words[i][0]) && (!words[i][1] || find(text, len, words[i][1])))
			return true;
	return is_assertion(text, len);
}

bool metal_line_is_open(const char *text, size_t len) {
	return find(text, len, assertion) && text[len - 1] != '\'';
}
