/*
 * A crash report in the form that macOS's ReportCrash writes (.ips: a header line and a body),
 * made from the facts of a real fault on a system that writes none. Marked as simulated in its
 * header. Knows neither how the facts were captured nor what the report is for.
 */
#ifndef REPRO_CRASH_REPORT_H
#define REPRO_CRASH_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "ips/report.h"

#include <stddef.h>
#include <stdint.h>

struct crash_register {
	const char *name; /* as struct reg: "x0", "rax", "esr", ... */
	uint64_t value;
};

struct crash_frame {
	uint64_t address;   /* of frame 0 the pc, else where it returns to */
	const char *symbol; /* NULL: not known */
	uint64_t symbol_offset;
};

struct crash_thread {
	uint64_t id;
	const char *name, *queue; /* NULL: none */
	const struct crash_frame *frames;
	size_t frame_count;
};

struct crash_image {
	const char *path;
	const char *uuid;    /* lower case with dashes; NULL: the image has none */
	const char *version; /* NULL: none */
	uint64_t base, size;
};

/* All borrowed. NULL where absent. */
struct crash_facts {
	enum report_arch arch;
	const char *incident_id;
	const char *name, *path; /* of the process */
	const char *parent;
	int64_t pid, parent_pid, uid;
	int64_t captured_at_us, launched_at_us;
	const char *os_version, *hardware_model;
	int64_t uptime_s;
	int signal, signal_code;      /* si_signo and si_code */
	uint64_t address;             /* si_addr */
	const char *application_info; /* what the program said before it aborted */
	const struct crash_thread *threads;
	size_t thread_count, crashed_thread;
	const struct crash_register *registers; /* of the crashed thread */
	size_t register_count;
	const uint8_t *before_pc, *at_pc; /* the code around the instruction that faulted */
	size_t before_pc_len, at_pc_len;
	const struct crash_image *images;
	size_t image_count;
};

#define CRASH_ID_BYTES 37

/* A new incident id: a random UUID in capitals. */
int crash_report_new_id(char ret[CRASH_ID_BYTES], struct err *err);

/* Appends the report. -ENOMEM. */
int crash_report_format(const struct crash_facts *facts, struct buf *ret, struct err *err);

/*
 * Writes it into folder as ReportCrash does: under a hidden name, synced, then renamed to
 * NAME-2025-12-20-173618.ips (UTC), or NAME-2025-12-20-173618-2.ips and so on when that is taken.
 * *ret_path: to be freed. On error nothing is left behind.
 */
int crash_report_write(
	const char *folder, const struct crash_facts *facts, char **ret_path, struct err *err);

#endif
