/* Which variables tell something, what of them is kept, and one fingerprint of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "repro/fingerprint.h"
#include "repro/fingerprint_env.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_telling(void **state) {
	static const char *const telling[] = {"PYTORCH_ENABLE_MPS_FALLBACK",
		"PYTORCH_MPS_HIGH_WATERMARK_RATIO", "MPS_DISABLE_ENCODING_MUTEX",
		"MLX_MAX_OPS_PER_BUFFER", "GGML_METAL_NDEBUG", "MTL_HUD_ENABLED",
		"METAL_CAPTURE_ENABLED", "MallocScribble", "MallocNanoZone", "NSZombieEnabled",
		"DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONMALLOC",
		"OBJC_DISABLE_NONPOINTER_ISA", "ASAN_OPTIONS", "OMP_NUM_THREADS", "LD_PRELOAD"};
	static const char *const other[] = {"HOME", "USER", "PATH", "XPYTORCH_A", "malloc",
		"pythonpath", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "", "MT", "HF_TOKEN"};
	for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
		if (!fingerprint_is_telling(telling[i]))
			fail_msg("%s tells something", telling[i]);
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		if (fingerprint_is_telling(other[i]))
			fail_msg("%s tells nothing", other[i]);
	}
}

static void test_validation(void **state) {
	static const char *const layers[] = {"MTL_DEBUG_LAYER", "MTL_DEBUG_LAYER_ERROR_MODE",
		"MTL_SHADER_VALIDATION", "MTL_SHADER_VALIDATION_FAIL_MODE",
		"METAL_DEVICE_WRAPPER_TYPE", "METAL_DEBUG_ERROR_MODE", "METAL_ERROR_MODE",
		"METAL_WARNING_MODE", "METAL_ERROR_CHECK_EXTENDED_MODE"};
	static const char *const other[] = {"MTL_DEBUG_LAYERS", "MTL_DEBUG", "MTL_HUD_ENABLED",
		"METAL_CAPTURE_ENABLED", "mtl_debug_layer", "", "MallocScribble"};
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
		if (!fingerprint_is_validation(layers[i]) || !fingerprint_is_telling(layers[i]))
			fail_msg("%s is a layer's", layers[i]);
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		if (fingerprint_is_validation(other[i]))
			fail_msg("%s is no layer's", other[i]);
	}
}

static void must_become(const char *value, const char *home, const char *wanted) {
	struct buf kept = {0};
	fingerprint_value(value, home, &kept);
	assert_string_equal(buf_str(&kept), wanted);
	buf_finish(&kept);
}

static void test_home_is_left_out(void **state) {
	const char *home = "/Users/ada";
	must_become("/Users/ada", home, "~");
	must_become("/Users/ada/lib", home, "~/lib");
	must_become("/a:/Users/ada/lib:/Users/ada:/Users/ada", home, "/a:~/lib:~:~");
	must_become("log_path=/Users/ada/x,/Users/ada y", home, "log_path=~/x,~ y");
	must_become("/Users/adam/lib:/Users/ada.old:/Users/ada-2", home,
		"/Users/adam/lib:/Users/ada.old:/Users/ada-2");
	must_become("/Volumes/Users/ada/lib", home, "/Volumes/Users/ada/lib");
	must_become("//Users/ada", home, "//Users/ada");
	must_become("/Users/ada/lib", "/Users/ada//", "~/lib");
	must_become("/Users/ada", "", "/Users/ada");
	must_become("/Users/ada", "/", "/Users/ada");
	must_become("/Users/ada", NULL, "/Users/ada");
	must_become("", home, "");
}

static cJSON *env_of(const char *const *env, const char *home) {
	struct buf text = {0};
	struct json_out out;
	json_out_init(&out, &text);
	json_out_object(&out, NULL);
	assert_int_equal(fingerprint_env((char *const *)(uintptr_t)env, home, &out), 0);
	json_out_object_end(&out);
	cJSON *json = cJSON_Parse(buf_str(&text));
	assert_true(cJSON_IsObject(json));
	buf_finish(&text);
	return json;
}

static void test_env(void **state) {
	static const char *const env[] = {"PATH=/bin", "PYTHONPATH=/home/ada/lib",
		"MTL_DEBUG_LAYER=1", "PYTHONHOME", "=x", "MLX_EMPTY=", "MPS_ODD=a\x1b\xff\"=b",
		"PYTORCH_HUB_TOKEN=abc", "MLX_password=abc", NULL};
	static const char *const wanted[][2] = {{"MLX_EMPTY", ""}, {"MLX_password", "(not kept)"},
		{"MPS_ODD", "a\x1b\xef\xbf\xbd\"=b"}, {"MTL_DEBUG_LAYER", "1"},
		{"PYTHONPATH", "~/lib"}, {"PYTORCH_HUB_TOKEN", "(not kept)"}};
	cJSON *json = env_of(env, "/home/ada");
	const cJSON *item = json->child;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++, item = item->next) {
		assert_non_null(item);
		assert_string_equal(item->string, wanted[i][0]);
		assert_string_equal(item->valuestring, wanted[i][1]);
	}
	assert_null(item);
	cJSON_Delete(json);
}

static void test_env_is_bounded(void **state) {
	enum { COUNT = 2 * FINGERPRINT_VARIABLES, SIZE = 2 * FINGERPRINT_VALUE_BYTES };
	char **env = calloc(COUNT + 1, sizeof *env);
	assert_non_null(env);
	for (int i = 0; i < COUNT; i++) {
		env[i] = malloc(SIZE);
		assert_non_null(env[i]);
		memset(env[i], 'v', SIZE - 1);
		env[i][SIZE - 1] = '\0';
		int len = snprintf(env[i], SIZE, "MLX_%03d=", COUNT - 1 - i);
		env[i][len] = 'v';
	}
	memset(env[0], 'M', SIZE - 1); /* a name without an end */
	cJSON *json = env_of((const char *const *)(uintptr_t)env, NULL);
	assert_int_equal(cJSON_GetArraySize(json), FINGERPRINT_VARIABLES);
	assert_string_equal(json->child->string, "MLX_000");
	assert_int_equal(strlen(json->child->valuestring), FINGERPRINT_VALUE_BYTES);
	cJSON_Delete(json);
	for (int i = 0; i < COUNT; i++)
		free(env[i]);
	free(env);
}

static void test_this_machine(void **state) {
	struct buf text = {0};
	struct err err = {0};
	setenv("MTL_SHADER_VALIDATION", "1", 1);
	assert_int_equal(fingerprint_take(&text, &err), 0);
	cJSON *json = cJSON_Parse(buf_str(&text));
	assert_true(cJSON_IsObject(json));
	assert_null(strchr(text.data, '\n'));
	assert_true(text_is_clean(text.data, text.len, TEXT_LINE));
	assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "kernel")));
	assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "agxtriage")));
	const cJSON *cores = cJSON_GetObjectItemCaseSensitive(json, "cores");
	assert_true(cJSON_IsNumber(cores) && cores->valueint > 0);
	const cJSON *memory = cJSON_GetObjectItemCaseSensitive(json, "memory_bytes");
	assert_true(cJSON_IsNumber(memory) && memory->valuedouble > 0);
	const cJSON *env = cJSON_GetObjectItemCaseSensitive(json, "env");
	const cJSON *layer = cJSON_GetObjectItemCaseSensitive(env, "MTL_SHADER_VALIDATION");
	assert_true(cJSON_IsString(layer));
	assert_string_equal(layer->valuestring, "1");
	cJSON_Delete(json);
	buf_finish(&text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_telling),
		cmocka_unit_test(test_validation),
		cmocka_unit_test(test_home_is_left_out),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_env_is_bounded),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
