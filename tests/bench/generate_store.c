/*
 * Fills a database with made-up incidents through the same calls as a scan: generate_store DB
 * COUNT. The reports are small but whole: they parse, are triaged by the built-in rules, and can be
 * shown.
 */
#include "base/clock.h"
#include "base/sha256.h"
#include "ips/document.h"
#include "store/store.h"
#include "triage/triage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_TRANSACTION 512
#define ARENA_BYTES (16u << 20)
#define FIRST_CAPTURE_S 1735689600 /* 2025-01-01 */
#define SECONDS 31536000

struct made_site {
	const char *image, *symbol, *address, *esr;
};

static const struct made_site made_sites[] = {
	{"AGXMetalG16X", "-[AGXG16XFamilyComputeContext setComputePipelineState:]", "0x5c8",
		"1442840582"},
	{"AGXMetalG16X", "AGX::ComputeContext<AGX::G16X>::prepareForEnqueue(bool)", "0x98",
		"2449473542"},
	{"AGXMetalG14X", "AGX::SpillInfoGen3<AGX::G14X>::allocateUSCSpillBuffer(unsigned int)",
		"0x184", "2449473606"},
	{"AGXMetalG13X", "-[AGXG13XFamilyComputeContext dispatchThreads:threadsPerThreadgroup:]",
		"0x5f4", "2449473542"},
	{"libtorch_cpu.dylib", "at::native::mps::somewhere(at::Tensor const&)", "0x10",
		"2449473542"},
	{"libsystem_c.dylib", "strlen", "0x0", "2449473542"},
};

static const char *const processes[] = {
	"python3.11", "Python", "python3.12", "ollama", "llama-server", "MTLCompilerService"};
static const char *const builds[][2] = {
	{"macOS 15.7.3", "24G419"}, {"macOS 26.1", "25B78"}, {"macOS 14.7.2", "23H311"}};
static const char *const models[] = {"Mac16,5", "Mac15,9", "Mac14,13", "MacBookPro18,3"};
static const char *const kernels[] = {"mul_mps_kernel", "add_mps_kernel", "exp_mps_kernel"};

/* xorshift: the same database at every run. */
static uint64_t next_number(uint64_t *state) {
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void add_images(struct buf *out, const struct made_site *site) {
	const char *const names[] = {site->image, "libtorch_cpu.dylib", "Metal", "Python"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		buf_printf(out,
			"%s{\"source\":\"P\",\"arch\":\"arm64e\",\"base\":%zu,\"size\":1048576,"
			"\"uuid\":\"0f0f0f0f-1111-2222-3333-44444444000%zu\","
			"\"path\":\"\\/made\\/up\\/%s\",\"name\":\"%s\",\"CFBundleVersion\":\"%zu.2\"}",
			i > 0 ? "," : "", (i + 1) * 4294967296u, i, names[i], names[i], 320 + i);
}

static void add_frames(struct buf *out, const struct made_site *site, uint64_t number) {
	const char *kernel = kernels[number % 3];
	buf_printf(out,
		"{\"imageOffset\":%" PRIu64 ",\"symbol\":\"%s\",\"symbolLocation\":%" PRIu64
		",\"imageIndex\":0},"
		"{\"imageOffset\":5000,\"symbol\":\"at::native::mps::MetalShaderLibrary::"
		"exec_binary_kernel(at::TensorIteratorBase&)\",\"symbolLocation\":1200,"
		"\"imageIndex\":1},"
		"{\"imageOffset\":6000,\"symbol\":\"at::native::%s(at::TensorIteratorBase&)\","
		"\"symbolLocation\":64,\"imageIndex\":1},"
		"{\"imageOffset\":7000,\"symbol\":\"_PyEval_EvalFrameDefault\","
		"\"symbolLocation\":%" PRIu64 ",\"imageIndex\":3}",
		4096 + number % 64 * 4, site->symbol, number % 64 * 4, kernel, number % 32 * 8);
}

static void make_report(struct buf *out, uint64_t *state) {
	const struct made_site *site =
		&made_sites[next_number(state) % (sizeof(made_sites) / sizeof(made_sites[0]))];
	const char *process = processes[next_number(state) % 6];
	const char *const *build = builds[next_number(state) % 3];
	uint64_t a = next_number(state), b = next_number(state);
	int64_t at = (FIRST_CAPTURE_S + (int64_t)(next_number(state) % SECONDS)) * 1000000 +
		     (int64_t)(a % 10000) * 100;
	char iso[CLOCK_TEXT_BYTES], when[CLOCK_TEXT_BYTES];
	clock_format_iso(at, iso);
	snprintf(when, sizeof(when), "%.10s %.13s +0000", iso, iso + 11);
	char id[40];
	snprintf(id, sizeof(id), "%08X-%04X-%04X-%04X-%012" PRIX64, (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff), (unsigned)(b >> 48),
		b & 0xffffffffffffu);
	buf_reset(out);
	buf_printf(out,
		"{\"app_name\":\"%s\",\"timestamp\":\"%s\",\"bug_type\":\"309\","
		"\"os_version\":\"%s (%s)\",\"incident_id\":\"%s\",\"name\":\"%s\"}\n",
		process, when, build[0], build[1], id, process);
	buf_printf(out,
		"{\"incident\":\"%s\",\"procName\":\"%s\",\"pid\":%u,\"captureTime\":\"%s\","
		"\"procPath\":\"\\/opt\\/made\\/bin\\/%s\",\"cpuType\":\"ARM-64\","
		"\"modelCode\":\"%s\",\"osVersion\":{\"train\":\"%s\",\"build\":\"%s\","
		"\"releaseType\":\"User\"},\"exception\":{\"codes\":\"0x1, %s\","
		"\"rawCodes\":[1,%llu],\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\","
		"\"subtype\":\"KERN_INVALID_ADDRESS at %s\"},\"faultingThread\":1,",
		id, process, (unsigned)(b % 99999), when, process, models[a % 4], build[0],
		build[1], site->address, strtoull(site->address, NULL, 16), site->address);
	buf_printf(out,
		"\"threads\":[{\"id\":%u,\"queue\":\"com.apple.main-thread\",\"frames\":"
		"[{\"imageOffset\":99,\"symbol\":\"_pthread_cond_wait\",\"imageIndex\":2}]},"
		"{\"id\":%u,\"triggered\":true,\"queue\":\"metal gpu stream %u\",\"threadState\":"
		"{\"flavor\":\"ARM_THREAD_STATE64\",\"x\":[{\"value\":0},{\"value\":%u}],"
		"\"far\":{\"value\":%llu},\"esr\":{\"value\":%s}},\"frames\":[",
		(unsigned)(a % 100000), (unsigned)(b % 100000), (unsigned)(a % 8), (unsigned)b,
		strtoull(site->address, NULL, 16), site->esr);
	add_frames(out, site, a >> 8);
	buf_add_str(out, "]}],\"usedImages\":[");
	add_images(out, site);
	buf_add_str(out, "]}\n");
}

struct maker {
	struct store *store;
	struct rules *rules;
	struct arena arena;
	struct buf bytes;
	uint64_t state;
};

static int put_one(struct maker *maker, int64_t number, struct err *err) {
	struct document document = {0};
	struct triage triage;
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES], path[96];
	enum store_put result;
	make_report(&maker->bytes, &maker->state);
	int r = document_parse(maker->bytes.data, maker->bytes.len, &document, err);
	if (r < 0)
		return r;
	arena_reset(&maker->arena);
	r = triage_run(&triage, document.reports[0], maker->rules, &maker->arena, NULL);
	if (r < 0) {
		err_set(err, r, "triage failed");
		goto out;
	}
	sha256(maker->bytes.data, maker->bytes.len, digest);
	sha256_hex(digest, hex);
	snprintf(path, sizeof(path), "/made/up/%" PRId64 "/Python-%06" PRId64 ".ips",
		number / 10000, number);
	struct store_source source = {.path = path,
		.identity = {.device = 1,
			.inode = (uint64_t)number + 1,
			.size = (int64_t)maker->bytes.len},
		.seen_at_us = clock_now_us()};
	struct store_item item = {.source = &source,
		.bytes = maker->bytes.data,
		.len = maker->bytes.len,
		.sha256 = hex,
		.report = document.reports[0],
		.triage = &triage,
		.rules_version = rules_version(maker->rules)};
	r = store_put(maker->store, &item, &result, NULL, err);
out:
	document_finish(&document);
	return r;
}

static int make_all(struct maker *maker, int64_t count, struct err *err) {
	int r = 0;
	for (int64_t i = 0; r == 0 && i < count; i++) {
		if (i % PER_TRANSACTION == 0)
			r = store_begin(maker->store, err);
		if (r == 0)
			r = put_one(maker, i, err);
		if (r == 0 && (i % PER_TRANSACTION == PER_TRANSACTION - 1 || i == count - 1)) {
			bool trained;
			r = store_commit(maker->store, err);
			if (r == 0)
				r = store_train(maker->store, &trained, err);
		}
	}
	if (r < 0)
		store_rollback(maker->store);
	return r;
}

int main(int argc, char **argv) {
	struct err err = {0};
	struct maker maker = {.state = 0x9e3779b97f4a7c15u};
	if (argc != 3) {
		fprintf(stderr, "usage: generate_store DB COUNT\n");
		return 2;
	}
	arena_init(&maker.arena, ARENA_BYTES);
	maker.rules = rules_new_builtin(&err);
	int r = maker.rules == NULL ? -1 : store_open(argv[1], STORE_WRITE, &maker.store, &err);
	if (r == 0)
		r = make_all(&maker, strtoll(argv[2], NULL, 10), &err);
	if (r < 0)
		fprintf(stderr, "generate_store: %s\n", err.text);
	store_close(maker.store);
	rules_free(maker.rules);
	arena_finish(&maker.arena);
	buf_finish(&maker.bytes);
	return r < 0 ? 1 : 0;
}
