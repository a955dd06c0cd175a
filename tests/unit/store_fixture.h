/*
 * What the store's tests share: a folder of their own, and reports made by hand.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char folder[64];
	char db[128];
};

static inline int fixture_setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/agxtriage-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->db, sizeof(fixture->db), "%s/own/crashes.db", fixture->folder);
	*state = fixture;
	return 0;
}

static inline int fixture_teardown(void **state) {
	struct fixture *fixture = *state;
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", fixture->folder, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	free(fixture);
	return 0;
}

/* One made-up report: everything that differs from one to the next. */
struct made {
	const char *id, *process, *path, *bytes;
	enum report_form form;
	int64_t pid, captured_at_us;
	const char *site;
	uint64_t fault_address;
	size_t ordinal;
	const char *product;                /* in place of the hardware model */
	bool named;                         /* the user named the file */
	int64_t launched_at_us, parent_pid; /* 0: not told */
	/* From here on NULL or 0: as in any other. */
	enum report_kind kind;
	const char *os_version, *os_build, *machine, *model, *driver_image, *driver_version;
	const char *signature; /* 16 hex digits; else made of the fault address */
	int signature_version;
	bool simulated;
	struct concurrent_thread *concurrent;
	size_t concurrent_count;
	const struct store_origin *origin; /* in place of path */
	struct frame *frames;              /* in place of two */
	size_t frame_count;
};

static inline struct made made_default(void) {
	return (struct made){.id = "79BC4A1F-C45B-45D9-BB21-94FE1DDC55A9",
		.process = "python3.11",
		.path = "/reports/Python-1.ips",
		.bytes = "{\"made\":\"up\"}",
		.pid = 77,
		.captured_at_us = 1766280978286200,
		.site = "agx-set-compute-pipeline-state",
		.fault_address = 0x5c8};
}

static inline const char *made_or(const char *text, const char *usual) {
	return text != NULL ? text : usual;
}

/* Of report: points into made alone. */
static inline struct triage made_triage(const struct made *made) {
	struct triage triage = {.site = made->site,
		.site_title = made->site != NULL ? "A made-up title" : NULL,
		.signature_text = made->kind == REPORT_GPU_EVENT
					  ? "gpu_event | signature 579 | made-up lockup"
					  : "a | b",
		.signature_version = made->signature_version != 0 ? made->signature_version : 1,
		.fault = {.address = {made->fault_address, true},
			.kind = FAULT_NEAR_NULL,
			.access = ACCESS_READ,
			.base_register = "x20",
			.displacement = {0x5c8, true}},
		.driver = {.image = made->driver_image ? made->driver_image : "AGXMetalG16X",
			.version = made->driver_version ? made->driver_version : "329.2"},
		.component = COMPONENT_DRIVER,
		.attribution = ATTRIBUTION_DRIVER,
		.operation = "mul_mps_kernel",
		.concurrent = made->concurrent,
		.concurrent_count = made->concurrent != NULL ? made->concurrent_count : 3};
	if (made->signature != NULL)
		snprintf(triage.signature_hash, sizeof(triage.signature_hash), "%s",
			made->signature);
	else
		snprintf(triage.signature_hash, sizeof(triage.signature_hash), "%016llx",
			(unsigned long long)made->fault_address);
	return triage;
}

/* Without a thread. */
static inline struct report made_report(const struct made *made) {
	return (struct report){.form = made->form,
		.kind = made->kind,
		.bug_type = "309",
		.simulated = made->simulated,
		.incident_id = made->id,
		.captured_at_us = {made->captured_at_us, made->captured_at_us != 0},
		.launched_at_us = {made->launched_at_us, made->launched_at_us != 0},
		.process = {.name = made->process,
			.pid = {made->pid, true},
			.parent_pid = {made->parent_pid, made->parent_pid != 0},
			.path = "/opt/made/python"},
		.os_version = made_or(made->os_version, "macOS 15.7.3"),
		.os_build = made_or(made->os_build, "24G419"),
		.hardware_model = made->product != NULL ? NULL : made_or(made->model, "Mac16,5"),
		.product = made->product,
		.crash_reporter_key = made->machine,
		.exception = {.type = "EXC_BAD_ACCESS", .signal = "SIGSEGV"},
		.crashed_thread = -1};
}

static inline int made_put(struct store *store, const struct made *made, enum store_put *ret,
	int64_t *ret_id, struct err *err) {
	struct frame frames[2] = {
		{.image = "AGXMetalG16X",
			.symbol = "-[Context setComputePipelineState:]",
			.symbol_offset = {32, true}},
		{.image = "Python", .image_offset = {4096, true}},
	};
	struct thread thread = {.index = 0,
		.queue = "metal gpu stream 1",
		.triggered = true,
		.frames = {frames, 2}};
	if (made->frames)
		thread.frames = (struct frames){made->frames, made->frame_count};
	struct report report = made_report(made);
	struct triage triage = made_triage(made);
	report.crashed_thread = 0;
	report.threads = &thread;
	report.thread_count = 1;
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct store_source source = {.path = made->path,
		.identity = {.device = 1,
			.inode = UINT64_MAX,
			.size = (int64_t)strlen(made->bytes)},
		.seen_at_us = 1766280979000000};
	sha256(made->bytes, strlen(made->bytes), digest);
	sha256_hex(digest, hex);
	struct store_item item = {
		.source = made->path != NULL && made->origin == NULL ? &source : NULL,
		.origin = made->origin,
		.bytes = made->bytes,
		.len = strlen(made->bytes),
		.sha256 = hex,
		.ordinal = made->ordinal,
		.report = &report,
		.triage = &triage,
		.rules_version = "0123456789abcdef",
		.named = made->named};
	return store_put(store, &item, ret, ret_id, err);
}

/* Opens for writing, puts one in a transaction of its own, closes. */
static inline enum store_put made_put_alone(const char *db, const struct made *made) {
	struct store *store = NULL;
	enum store_put ret = STORE_ADDED;
	struct err err = {0};
	assert_int_equal(store_open(db, STORE_WRITE, &store, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(made_put(store, made, &ret, NULL, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	store_close(store);
	return ret;
}

static inline int take_text(size_t columns, const char *const *names, const char *const *values,
	const int *types, void *user) {
	char *text = user;
	snprintf(text, 256, "%s", values[0] != NULL ? values[0] : "null");
	return 0;
}

/* The first column of the last row of sql; asserts that text is it. */
static inline void assert_sql(const char *db, const char *sql, const char *text) {
	struct store *store = NULL;
	struct store_sql_limits limits = {0};
	struct err err = {0};
	char got[256] = "";
	if (store_open(db, STORE_READ, &store, &err) < 0)
		fail_msg("%s", err.text);
	if (store_sql(store, sql, &limits, take_text, got, &err) < 0)
		fail_msg("%s", err.text);
	store_close(store);
	assert_string_equal(got, text);
}

#endif
