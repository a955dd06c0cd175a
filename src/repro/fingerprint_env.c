/* Which variables tell something, and what of them may leave the machine. */
#include "repro/fingerprint_env.h"

#include "base/text.h"
#include "repro/fingerprint.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 256
#define HIDDEN "(not kept)"

/* Of what changes behaviour, by who reads it. */
static const char *const telling[] = {
	/* PyTorch, MPS, MLX, llama.cpp, wgpu, and how many threads their arithmetic takes. */
	"PYTORCH_",
	"TORCH",
	"MPS_",
	"MLX_",
	"GGML_",
	"WGPU_",
	"OMP_",
	"VECLIB_",
	"OPENBLAS_",
	"MKL_",
	/* Metal: validation layers, capture, the heads-up display. */
	"MTL_",
	"METAL_",
	/* malloc(3), the Objective-C runtime, Foundation, libdispatch, dyld(1). */
	"Malloc",
	"NSZombie",
	"NSDeallocateZombies",
	"CFZombie",
	"OBJC_",
	"LIBDISPATCH_",
	"DYLD_",
	/* The same of Linux. */
	"MALLOC_",
	"GLIBC_TUNABLES",
	"LD_",
	/* Sanitizers. */
	"ASAN_",
	"TSAN_",
	"UBSAN_",
	"LSAN_",
	"PYTHON",
};

/* With everything that starts so and goes on with "_". MetalValidation(1); those of METAL_ are the
 * older names, which Metal still reads. */
static const char *const validation[] = {
	"MTL_DEBUG_LAYER",
	"MTL_SHADER_VALIDATION",
	"METAL_DEVICE_WRAPPER_TYPE",
	"METAL_DEBUG_ERROR_MODE",
	"METAL_ERROR_MODE",
	"METAL_WARNING_MODE",
	"METAL_ERROR_CHECK_EXTENDED_MODE",
};

static const char *const secrets[] = {
	"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "APIKEY", "PRIVATE_KEY"};

bool fingerprint_is_telling(const char *name) {
	for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
		if (text_starts(name, telling[i]))
			return true;
	}
	return false;
}

bool fingerprint_is_validation(const char *name) {
	for (size_t i = 0; i < sizeof validation / sizeof *validation; i++) {
		size_t len = strlen(validation[i]);
		if (strncmp(name, validation[i], len) == 0 && (!name[len] || name[len] == '_'))
			return true;
	}
	return false;
}

static bool is_secret(const char *name) {
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (strcasestr(name, secrets[i]))
			return true;
	}
	return false;
}

/* A character that goes on with the last name of a path: "/home/a" is no folder above "/home/ab".
 */
static bool is_name(char c) {
	return isalnum((unsigned char)c) || strchr("._-+@", c) || (unsigned char)c >= 0x80;
}

void fingerprint_value(const char *value, const char *home, struct buf *ret) {
	size_t len = home ? strlen(home) : 0;
	while (len && home[len - 1] == '/')
		len--;
	for (const char *p = value; *p;) {
		bool starts = p == value || !(is_name(p[-1]) || p[-1] == '/');
		if (len && starts && strncmp(p, home, len) == 0 && (!p[len] || !is_name(p[len]))) {
			buf_add_char(ret, '~');
			p += len;
		} else {
			buf_add_char(ret, *p++);
		}
	}
}

static int compare(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* False for what has no name, an endless one, or one that tells nothing. */
static bool name_of(const char *variable, char ret[NAME_BYTES]) {
	size_t len = strcspn(variable, "=");
	if (!len || len >= NAME_BYTES || !variable[len])
		return false;
	memcpy(ret, variable, len);
	ret[len] = '\0';
	return fingerprint_is_telling(ret);
}

static void put_variable(const char *variable, const char *home, struct json_out *out) {
	char name[NAME_BYTES] = "";
	struct buf value = {0};
	name_of(variable, name);
	fingerprint_value(is_secret(name) ? HIDDEN : strchr(variable, '=') + 1, home, &value);
	if (value.len > FINGERPRINT_VALUE_BYTES)
		value.data[FINGERPRINT_VALUE_BYTES] = '\0';
	json_out_text(out, name, buf_str(&value));
	out->buf->failed |= value.failed;
	buf_finish(&value);
}

int fingerprint_env(char *const *env, const char *home, struct json_out *out) {
	char name[NAME_BYTES];
	size_t count = 0, kept = 0;
	while (env[count])
		count++;
	const char **variables = calloc(count + 1, sizeof *variables);
	if (!variables)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (name_of(env[i], name))
			variables[kept++] = env[i];
	}
	qsort(variables, kept, sizeof *variables, compare);
	for (size_t i = 0; i < kept && i < FINGERPRINT_VARIABLES; i++)
		put_variable(variables[i], home, out);
	free(variables);
	return out->buf->failed ? -ENOMEM : 0;
}
