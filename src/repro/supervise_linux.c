/*
 * The child tells of its fault through a pipe; the report is made here. The child is a copy of this
 * process, so its addresses mean the same on this side.
 */
#include "repro/supervise_child.h"

#include "base/buf.h"
#include "base/clock.h"
#include "repro/capture.h"
#include "repro/crash_report.h"
#include "repro/images.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CODE_BYTES 16

/* A path as a report shows it, without the name of the link that led to it. */
static char *own_path(void) {
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path);
	return len > 0 ? strndup(path, (size_t)len) : strdup("unknown");
}

/* The caller of a function that never returns may lie behind the last instruction of its own. */
static struct crash_frame find_symbol(uint64_t address, size_t index) {
	struct crash_frame ret = {.address = address};
	Dl_info info;
	uint64_t within = index ? address - 1 : address;
	if (dladdr((const void *)(uintptr_t)within, &info) && info.dli_sname) {
		ret.symbol = info.dli_sname;
		ret.symbol_offset = address - (uint64_t)(uintptr_t)info.dli_saddr;
	}
	return ret;
}

/* Everything that the facts borrow. */
struct evidence {
	struct crash_frame frames[CAPTURE_FRAMES];
	struct crash_register registers[CONTEXT_REGISTERS];
	struct crash_thread thread;
	struct images images;
	struct utsname system;
	struct sysinfo memory;
	char os_version[160], id[CRASH_ID_BYTES];
	char *path;
};

static void take_capture(
	const struct capture *capture, struct evidence *evidence, struct crash_facts *facts) {
	size_t count = 0;
	for (size_t i = 0; context_register_names[i]; i++) {
		const char *name = context_register_names[i];
		uint64_t value = capture->context.registers[i];
		/* Not every kernel and emulator hands it over; no fault has the syndrome 0. */
		if (value || strcmp(name, "esr") != 0)
			evidence->registers[count++] = (struct crash_register){name, value};
	}
	facts->registers = evidence->registers;
	facts->register_count = count;
	size_t frames = capture->frame_count < CAPTURE_FRAMES ? (size_t)capture->frame_count
							      : CAPTURE_FRAMES;
	for (size_t i = 0; i < frames; i++)
		evidence->frames[i] = find_symbol(capture->frames[i], i);
	evidence->thread = (struct crash_thread){
		.id = capture->thread, .frames = evidence->frames, .frame_count = frames};
	facts->threads = &evidence->thread;
	facts->thread_count = 1;
	facts->signal = capture->signal;
	facts->signal_code = capture->code;
	facts->address = capture->address;
	facts->captured_at_us = capture->captured_at_us;
	facts->before_pc_len = facts->at_pc_len = CODE_BYTES;
	images_code(
		&evidence->images, capture->context.pc, &facts->before_pc_len, &facts->at_pc_len);
	facts->at_pc = (const uint8_t *)(uintptr_t)capture->context.pc;
	facts->before_pc = facts->at_pc - facts->before_pc_len;
}

static void take_system(struct evidence *evidence, struct crash_facts *facts) {
	facts->arch = context_arch;
	facts->images = evidence->images.items;
	facts->image_count = evidence->images.count;
	if (uname(&evidence->system) == 0) {
		snprintf(evidence->os_version, sizeof evidence->os_version, "%s %s",
			evidence->system.sysname, evidence->system.release);
		facts->os_version = evidence->os_version;
	}
	if (sysinfo(&evidence->memory) == 0)
		facts->uptime_s = evidence->memory.uptime;
}

static int write_report(const struct supervised *what, const struct capture *capture,
	struct supervised_end *ret, struct err *err) {
	struct evidence evidence = {0};
	struct crash_facts facts = {
		.incident_id = evidence.id,
		.name = what->name,
		.parent = what->name,
		.pid = ret->pid,
		.parent_pid = getpid(),
		.uid = getuid(),
		.launched_at_us = ret->launched_at_us,
	};
	int r = crash_report_new_id(evidence.id, err);
	if (!r)
		r = images_list(&evidence.images, err);
	evidence.path = own_path();
	facts.path = evidence.path;
	if (!r && !evidence.path)
		r = err_set(err, -ENOMEM, "out of memory");
	if (!r) {
		take_system(&evidence, &facts);
		take_capture(capture, &evidence, &facts);
		r = crash_report_write(what->reports, &facts, &ret->report, err);
	}
	images_finish(&evidence.images);
	free(evidence.path);
	return r;
}

static void be_child(const struct supervised *what, int fd) {
	struct err err = {0};
	if (capture_start(fd, &err) < 0)
		_exit(127);
	_exit(what->run(what->user));
}

int supervise(const struct supervised *what, struct supervised_end *ret, struct err *err) {
	struct capture capture;
	int ends[2];
	*ret = (struct supervised_end){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "no pipe: %s", strerror(errno));
	ret->launched_at_us = clock_now_us();
	ret->pid = fork();
	if (!ret->pid) {
		close(ends[0]);
		be_child(what, ends[1]);
	}
	close(ends[1]);
	int r = ret->pid < 0 ? err_set(err, -errno, "cannot start a child: %s", strerror(errno))
			     : 0;
	int captured = r ? r : capture_read(ends[0], what->timeout_ms, &capture);
	close(ends[0]);
	if (!r)
		r = supervise_wait(captured == -ETIMEDOUT ? 0 : what->timeout_ms, ret, err);
	if (!r && captured == 1 && ret->signal && what->reports)
		r = write_report(what, &capture, ret, err);
	return r;
}
