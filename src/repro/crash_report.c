/* The layout of a report: which fact stands where in header and body. */
#include "repro/crash_report.h"

#include "base/clock.h"
#include "base/text.h"
#include "export/json_out.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Mach's numbers for what a POSIX signal stands for. */
enum {
	KERN_INVALID_ADDRESS = 1,
	KERN_PROTECTION_FAILURE = 2,
	KERN_MEMORY_ERROR = 10,
	EXC_I386_GPFLT = 13,
	EXC_ARM_DA_ALIGN = 0x101,
};

struct exception {
	const char *type, *signal;
	const char *subtype; /* NULL: none; else "AT" is followed by the address */
	uint64_t codes[2];
};

int crash_report_new_id(char ret[CRASH_ID_BYTES], struct err *err) {
	unsigned char b[16];
	if (getentropy(b, sizeof b) < 0)
		return err_set(err, -errno, "no random numbers: %s", strerror(errno));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, CRASH_ID_BYTES,
		"%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
	return 0;
}

/* "2025-12-21 01:36:18.2862 +0000" */
static void put_time(struct json_out *out, const char *key, int64_t us) {
	char iso[CLOCK_TEXT_BYTES], text[CLOCK_TEXT_BYTES + 8];
	clock_format_iso(us, iso);
	snprintf(text, sizeof text, "%.10s %.13s +0000", iso, iso + 11);
	json_out_text(out, key, text);
}

static const char *last_part(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void put_header(struct json_out *out, const struct crash_facts *facts) {
	json_out_object(out, NULL);
	json_out_text(out, "app_name", facts->name);
	put_time(out, "timestamp", facts->captured_at_us);
	json_out_text(out, "bug_type", "309");
	if (facts->os_version)
		json_out_text(out, "os_version", facts->os_version);
	json_out_text(out, "incident_id", facts->incident_id);
	json_out_text(out, "name", facts->name);
	json_out_bool(out, "agxtriage_simulated", true);
	json_out_object_end(out);
}

/* A kernel that tells neither kind nor address saw an address that no pointer can have. */
static struct exception bad_access(const struct crash_facts *facts) {
	struct exception ret = {"EXC_BAD_ACCESS", "SIGSEGV", "KERN_INVALID_ADDRESS",
		{KERN_INVALID_ADDRESS, facts->address}};
	if (facts->signal == SIGBUS && facts->signal_code == BUS_ADRALN)
		ret = (struct exception){"EXC_BAD_ACCESS", "SIGBUS", "EXC_ARM_DA_ALIGN",
			{EXC_ARM_DA_ALIGN, facts->address}};
	else if (facts->signal == SIGBUS)
		ret = (struct exception){"EXC_BAD_ACCESS", "SIGBUS", "KERN_MEMORY_ERROR",
			{KERN_MEMORY_ERROR, facts->address}};
	else if (facts->signal_code == SEGV_ACCERR)
		ret = (struct exception){"EXC_BAD_ACCESS", "SIGSEGV", "KERN_PROTECTION_FAILURE",
			{KERN_PROTECTION_FAILURE, facts->address}};
	else if (facts->signal_code != SEGV_MAPERR && facts->arch == REPORT_ARCH_X86_64)
		ret = (struct exception){
			"EXC_BAD_ACCESS", "SIGSEGV", "EXC_I386_GPFLT", {EXC_I386_GPFLT, 0}};
	return ret;
}

static struct exception find_exception(const struct crash_facts *facts) {
	switch (facts->signal) {
	case SIGSEGV:
	case SIGBUS:
		return bad_access(facts);
	case SIGILL:
		return (struct exception){
			"EXC_BAD_INSTRUCTION", "SIGILL", NULL, {1, facts->address}};
	case SIGTRAP:
		return (struct exception){"EXC_BREAKPOINT", "SIGTRAP", NULL, {1, facts->address}};
	case SIGFPE:
		return (struct exception){"EXC_ARITHMETIC", "SIGFPE", NULL, {1, 0}};
	case SIGABRT:
		return (struct exception){"EXC_CRASH", "SIGABRT", NULL, {0, 0}};
	default:
		return (struct exception){"EXC_CRASH", NULL, NULL, {0, 0}};
	}
}

static void put_exception(struct json_out *out, const struct crash_facts *facts) {
	const struct exception exception = find_exception(facts);
	char text[128];
	json_out_object(out, "exception");
	snprintf(text, sizeof text, "0x%016" PRIx64 ", 0x%016" PRIx64, exception.codes[0],
		exception.codes[1]);
	json_out_text(out, "codes", text);
	json_out_array(out, "rawCodes");
	json_out_u64(out, NULL, exception.codes[0]);
	json_out_u64(out, NULL, exception.codes[1]);
	json_out_array_end(out);
	json_out_text(out, "type", exception.type);
	if (exception.signal)
		json_out_text(out, "signal", exception.signal);
	if (exception.subtype) {
		snprintf(text, sizeof text, "%s at 0x%016" PRIx64, exception.subtype,
			exception.codes[1]);
		json_out_text(out, "subtype", text);
	}
	json_out_object_end(out);
}

/* An abort is the process's own deed and has the name that macOS has for it; every other signal
 * comes from the exception's handler. */
static void put_termination(struct json_out *out, const struct crash_facts *facts) {
	bool own = facts->signal == SIGABRT;
	char text[128];
	json_out_object(out, "termination");
	json_out_i64(out, "flags", 0);
	json_out_i64(out, "code", facts->signal);
	json_out_text(out, "namespace", "SIGNAL");
	snprintf(text, sizeof text, "%s: %d", own ? "Abort trap" : strsignal(facts->signal),
		facts->signal);
	json_out_text(out, "indicator", text);
	json_out_text(out, "byProc", own ? facts->name : "exc handler");
	json_out_i64(out, "byPid", facts->pid);
	json_out_object_end(out);
}

static void put_base64(struct json_out *out, const char *key, const uint8_t *bytes, size_t len) {
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf text = {0};
	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (i + 1 < len)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < len)
			group |= bytes[i + 2];
		buf_add_char(&text, digits[group >> 18]);
		buf_add_char(&text, digits[group >> 12 & 63]);
		buf_add(&text, i + 1 < len ? &digits[group >> 6 & 63] : "=", 1);
		buf_add(&text, i + 2 < len ? &digits[group & 63] : "=", 1);
	}
	out->buf->failed = out->buf->failed || text.failed;
	json_out_text(out, key, buf_str(&text));
	buf_finish(&text);
}

static void put_instructions(struct json_out *out, const struct crash_facts *facts) {
	if (!facts->at_pc_len)
		return;
	json_out_object(out, "instructionByteStream");
	if (facts->before_pc_len)
		put_base64(out, "beforePC", facts->before_pc, facts->before_pc_len);
	put_base64(out, "atPC", facts->at_pc, facts->at_pc_len);
	json_out_object_end(out);
}

static const char *cpu_type(enum report_arch arch) {
	return arch == REPORT_ARCH_ARM64 ? "ARM-64" : arch == REPORT_ARCH_X86_64 ? "X86-64" : NULL;
}

/* Where macOS keeps what an image says before it ends the process: a list of texts for each. */
static void put_application_info(struct json_out *out, const struct crash_facts *facts) {
	if (!facts->application_info)
		return;
	json_out_object(out, "asi");
	json_out_array(out, last_part(facts->path));
	json_out_text(out, NULL, facts->application_info);
	json_out_array_end(out);
	json_out_object_end(out);
}

static void put_process(struct json_out *out, const struct crash_facts *facts) {
	const char *cpu = cpu_type(facts->arch);
	json_out_i64(out, "uptime", facts->uptime_s);
	if (facts->hardware_model)
		json_out_text(out, "modelCode", facts->hardware_model);
	if (facts->os_version) {
		json_out_object(out, "osVersion");
		json_out_text(out, "train", facts->os_version);
		json_out_object_end(out);
	}
	put_time(out, "captureTime", facts->captured_at_us);
	json_out_text(out, "incident", facts->incident_id);
	json_out_i64(out, "pid", facts->pid);
	json_out_bool(out, "translated", false);
	if (cpu)
		json_out_text(out, "cpuType", cpu);
	put_time(out, "procLaunch", facts->launched_at_us);
	json_out_text(out, "procName", facts->name);
	json_out_text(out, "procPath", facts->path);
	json_out_text(out, "parentProc", facts->parent);
	json_out_i64(out, "parentPid", facts->parent_pid);
	json_out_i64(out, "userID", facts->uid);
}

/* The number of the image that address lies in, or image_count: an entry that stands for none. */
static size_t find_image(const struct crash_facts *facts, uint64_t address) {
	size_t i = 0;
	while (i < facts->image_count && address - facts->images[i].base >= facts->images[i].size)
		i++;
	return i;
}

static void put_frame(
	struct json_out *out, const struct crash_facts *facts, const struct crash_frame *frame) {
	size_t image = find_image(facts, frame->address);
	uint64_t base = image < facts->image_count ? facts->images[image].base : 0;
	json_out_object(out, NULL);
	json_out_u64(out, "imageOffset", frame->address - base);
	if (frame->symbol) {
		json_out_text(out, "symbol", frame->symbol);
		json_out_u64(out, "symbolLocation", frame->symbol_offset);
	}
	json_out_u64(out, "imageIndex", image);
	json_out_object_end(out);
}

static void put_register(struct json_out *out, const char *key, uint64_t value) {
	json_out_object(out, key);
	json_out_u64(out, "value", value);
	json_out_object_end(out);
}

/* "x0" .. "x28" stand in an array, in the order of their numbers. */
static bool is_numbered(const char *name) {
	return name[0] == 'x' && name[1] >= '0' && name[1] <= '9';
}

static void put_registers(struct json_out *out, const struct crash_facts *facts) {
	bool arm64 = facts->arch == REPORT_ARCH_ARM64;
	if (!facts->register_count)
		return;
	json_out_object(out, "threadState");
	json_out_text(out, "flavor", arm64 ? "ARM_THREAD_STATE64" : "x86_THREAD_STATE");
	if (arm64) {
		json_out_array(out, "x");
		for (size_t i = 0; i < facts->register_count; i++)
			if (is_numbered(facts->registers[i].name))
				put_register(out, NULL, facts->registers[i].value);
		json_out_array_end(out);
	}
	for (size_t i = 0; i < facts->register_count; i++)
		if (!is_numbered(facts->registers[i].name))
			put_register(out, facts->registers[i].name, facts->registers[i].value);
	json_out_object_end(out);
}

static void put_threads(struct json_out *out, const struct crash_facts *facts) {
	json_out_u64(out, "faultingThread", facts->crashed_thread);
	json_out_array(out, "threads");
	for (size_t i = 0; i < facts->thread_count; i++) {
		const struct crash_thread *thread = &facts->threads[i];
		json_out_object(out, NULL);
		json_out_u64(out, "id", thread->id);
		if (thread->name)
			json_out_text(out, "name", thread->name);
		if (thread->queue)
			json_out_text(out, "queue", thread->queue);
		if (i == facts->crashed_thread) {
			json_out_bool(out, "triggered", true);
			put_registers(out, facts);
		}
		json_out_array(out, "frames");
		for (size_t j = 0; j < thread->frame_count; j++)
			put_frame(out, facts, &thread->frames[j]);
		json_out_array_end(out);
		json_out_object_end(out);
	}
	json_out_array_end(out);
}

static void put_image(struct json_out *out, const struct crash_image *image, const char *arch) {
	json_out_object(out, NULL);
	json_out_text(out, "source", "P");
	if (arch)
		json_out_text(out, "arch", arch);
	json_out_u64(out, "base", image->base);
	json_out_u64(out, "size", image->size);
	if (image->uuid)
		json_out_text(out, "uuid", image->uuid);
	if (image->version)
		json_out_text(out, "CFBundleVersion", image->version);
	json_out_text(out, "path", image->path);
	json_out_text(out, "name", last_part(image->path));
	json_out_object_end(out);
}

static void put_images(struct json_out *out, const struct crash_facts *facts) {
	const char *arch = facts->arch == REPORT_ARCH_ARM64    ? "arm64"
			   : facts->arch == REPORT_ARCH_X86_64 ? "x86_64"
							       : NULL;
	json_out_array(out, "usedImages");
	for (size_t i = 0; i < facts->image_count; i++)
		put_image(out, &facts->images[i], arch);
	/* ReportCrash's entry for addresses that no image holds. */
	json_out_object(out, NULL);
	json_out_u64(out, "size", 0);
	json_out_text(out, "source", "A");
	json_out_u64(out, "base", 0);
	json_out_text(out, "uuid", "00000000-0000-0000-0000-000000000000");
	json_out_object_end(out);
	json_out_array_end(out);
}

int crash_report_format(const struct crash_facts *facts, struct buf *ret, struct err *err) {
	struct json_out out;
	json_out_init(&out, ret);
	put_header(&out, facts);
	buf_add_char(ret, '\n');
	json_out_init(&out, ret);
	json_out_object(&out, NULL);
	put_process(&out, facts);
	put_exception(&out, facts);
	put_termination(&out, facts);
	put_application_info(&out, facts);
	put_instructions(&out, facts);
	put_threads(&out, facts);
	put_images(&out, facts);
	json_out_object_end(&out);
	buf_add_char(ret, '\n');
	return ret->failed ? err_set(err, -ENOMEM, "out of memory") : 0;
}
