/*
 * Owners by name. The tables hold what stands in GPU crashes; the path decides the rest. Knows no
 * rules.
 */
#include "triage/component.h"

#include "base/text.h"

#include <string.h>

struct owner {
	const char *pattern;
	enum component component;
};

/* The first that fits. */
static const struct owner image_owners[] = {
	{"AGX*", COMPONENT_DRIVER},
	{"AMDMTL*", COMPONENT_DRIVER},
	{"AMDRadeon*MTLDriver", COMPONENT_DRIVER},
	{"AppleIntel*MTLDriver", COMPONENT_DRIVER},
	{"Metal", COMPONENT_METAL},
	{"MetalTools", COMPONENT_METAL},
	{"MetalKit", COMPONENT_METAL},
	{"MetalFX", COMPONENT_METAL},
	{"MetalPerformanceShaders*", COMPONENT_METAL},
	{"MPS*", COMPONENT_METAL},
	{"MTL*", COMPONENT_METAL},
	{"IOGPU", COMPONENT_METAL},
	{"GPUTools*", COMPONENT_METAL},
	{"AppleMetalOpenGLRenderer", COMPONENT_METAL},
	{"libGPUCompiler*", COMPONENT_METAL},
	{"libobjc.*", COMPONENT_RUNTIME},
	{"libdispatch.*", COMPONENT_RUNTIME},
	{"libsystem_*", COMPONENT_RUNTIME},
	{"libSystem*", COMPONENT_RUNTIME},
	{"libc++*", COMPONENT_RUNTIME},
	{"libswift*", COMPONENT_RUNTIME},
	{"libunwind*", COMPONENT_RUNTIME},
	{"libxpc.*", COMPONENT_RUNTIME},
	{"libpthread*", COMPONENT_RUNTIME},
	{"libclang_rt.*", COMPONENT_RUNTIME},
	{"libc.so*", COMPONENT_RUNTIME},
	{"libgcc_s.*", COMPONENT_RUNTIME},
	{"libstdc++.*", COMPONENT_RUNTIME},
	{"ld-linux*", COMPONENT_RUNTIME},
	{"ld-musl-*", COMPONENT_RUNTIME},
	{"CoreFoundation", COMPONENT_RUNTIME},
	{"Foundation", COMPONENT_RUNTIME},
	{"dyld*", COMPONENT_RUNTIME},
	{"libdyld*", COMPONENT_RUNTIME},
	{"libtorch*", COMPONENT_FRAMEWORK},
	{"libc10*", COMPONENT_FRAMEWORK},
	{"libmlx*", COMPONENT_FRAMEWORK},
	{"libggml*", COMPONENT_FRAMEWORK},
	{"libllama*", COMPONENT_FRAMEWORK},
	{"Python", COMPONENT_FRAMEWORK},
	{"python3*", COMPONENT_FRAMEWORK},
	{"libpython*", COMPONENT_FRAMEWORK},
};

/* For a frame whose image is not told. */
static const struct owner function_owners[] = {
	{"AGX::*", COMPONENT_DRIVER},
	{"[-+][[]AGX*", COMPONENT_DRIVER},
	{"[-+][[]IOGPU*", COMPONENT_METAL},
	{"[-+][[]MTL*", COMPONENT_METAL},
	{"[-+][[]_MTL*", COMPONENT_METAL},
	{"[-+][[]MPS*", COMPONENT_METAL},
	{"MTL*", COMPONENT_METAL},
	{"objc_*", COMPONENT_RUNTIME},
	{"CF_IS_OBJC", COMPONENT_RUNTIME},
	{"_dispatch_*", COMPONENT_RUNTIME},
	{"_pthread_*", COMPONENT_RUNTIME},
	{"at::*", COMPONENT_FRAMEWORK},
	{"mlx::*", COMPONENT_FRAMEWORK},
	{"ggml_*", COMPONENT_FRAMEWORK},
};

static enum component find_owner(const struct owner *owners, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++) {
		const char first = owners[i].pattern[0];

		if ((first == name[0] || first == '[') && text_glob(owners[i].pattern, name, false))
			return owners[i].component;
	}
	return COMPONENT_UNKNOWN;
}

static const char *last_part(const char *path) {
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The program's own code: its binary, or the debug library that Xcode splits off it. */
static bool is_program(const struct report *report, const char *image) {
	const char *path = report->process.path;
	const char *name = path != NULL ? last_part(path) : report->process.name;
	size_t len;

	if (name == NULL || name[0] == 0)
		return false;
	len = strlen(name);
	return strncmp(image, name, len) == 0 &&
	       (image[len] == 0 || strcmp(image + len, ".debug.dylib") == 0);
}

enum component component_of_frame(const struct report *report, const struct frame *frame,
	const char *family, const char *function) {
	enum component found;

	if (family == NULL || family[0] == 0) {
		if (function == NULL || (frame != NULL && frame->image != NULL))
			return COMPONENT_UNKNOWN;
		return find_owner(function_owners,
			sizeof function_owners / sizeof function_owners[0], function);
	}
	found = find_owner(image_owners, sizeof image_owners / sizeof image_owners[0], family);
	if (found != COMPONENT_UNKNOWN)
		return found;
	return is_program(report, family) ? COMPONENT_APPLICATION : COMPONENT_FRAMEWORK;
}
