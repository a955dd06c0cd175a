/* Writes down what the platform tells. Knows no system. */
#include "repro/fingerprint.h"

#include "base/platform.h"
#include "export/json_out.h"
#include "repro/fingerprint_env.h"

#include <errno.h>
#include <stdlib.h>

/* For everything that needs a program to be asked; usually it takes a tenth of a second. */
#define LOOK_MS 5000

/* No header of macOS declares it. */
extern char **environ; /* NOLINT(readability-redundant-declaration) */

static void put_text(struct json_out *out, const char *key, const char *text) {
	if (*text)
		json_out_text(out, key, text);
}

static void put_number(struct json_out *out, const char *key, int64_t value) {
	if (value >= 0)
		json_out_i64(out, key, value);
}

static void put_double(struct json_out *out, const char *key, double value) {
	if (value >= 0)
		json_out_double(out, key, value);
}

static void put_truth(struct json_out *out, const char *key, int value) {
	if (value >= 0)
		json_out_bool(out, key, value > 0);
}

static void put_machine(struct json_out *out, const struct platform *platform) {
	put_text(out, "model", platform->model);
	put_text(out, "os_version", platform->os_version);
	put_text(out, "os_build", platform->os_build);
	put_text(out, "kernel", platform->kernel);
	put_text(out, "cpu", platform->cpu);
	put_number(out, "cores", platform->cores);
	put_text(out, "gpu", platform->gpu);
	put_number(out, "gpu_cores", platform->gpu_cores);
	put_truth(out, "virtual", platform->is_virtual);
	if (!*platform->driver_image)
		return;
	json_out_object(out, "driver");
	json_out_text(out, "image", platform->driver_image);
	put_text(out, "version", platform->driver_version);
	json_out_object_end(out);
}

static void put_moment(struct json_out *out, const struct platform *platform) {
	put_number(out, "memory_bytes", platform->memory_bytes);
	put_number(out, "swap_used_bytes", platform->swap_used_bytes);
	put_double(out, "load_1m", platform->load_1m);
	put_text(out, "power_source", platform->power_source);
	put_truth(out, "low_power", platform->low_power);
	put_text(out, "governor", platform->governor);
	put_text(out, "thermal_state", platform->thermal_state);
	put_double(out, "temperature_c", platform->temperature_c);
}

int fingerprint_take(struct buf *ret, struct err *err) {
	struct platform platform;
	struct json_out out;
	platform_look(LOOK_MS, &platform);
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	put_machine(&out, &platform);
	put_moment(&out, &platform);
	json_out_text(&out, "agxtriage", AGXTRIAGE_VERSION);
	json_out_object(&out, "env");
	int code = fingerprint_env(environ, getenv("HOME"), &out);
	json_out_object_end(&out);
	json_out_object_end(&out);
	if (!code && ret->failed)
		code = -ENOMEM;
	return code ? err_set(err, code, "the machine's fingerprint: out of memory") : 0;
}
