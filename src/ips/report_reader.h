/*
 * What the parts of the JSON parser share. Internal to src/ips.
 */
#ifndef IPS_REPORT_READER_H
#define IPS_REPORT_READER_H

#include "ips/json.h"
#include "ips/report.h"

struct span {
	const char *start;
	size_t len;
};

struct report_reader {
	struct report *report;
	struct json json;
	struct span *thread_states; /* one per thread, in malloc'ed memory; of the crashed one it is
				       read at the end */
	size_t thread_state_cap;
	struct frame *scratch; /* malloc'ed; frames of the stack being read */
	size_t scratch_cap;
	size_t frame_total;
	int64_t faulting_thread;
	bool has_faulting_thread;
};

/* Each consumes the value that stands next, whatever it is, and warns when its type is not the
 * expected one. */
void reader_skip_odd(struct report_reader *reader, const char *what);
const char *reader_text(struct report_reader *reader, const char *what, size_t max, bool lines);
struct u64_opt reader_u64(struct report_reader *reader, const char *what);
struct i64_opt reader_i64(struct report_reader *reader, const char *what);
enum tristate reader_bool(struct report_reader *reader, const char *what);

/* A string of base64 into the arena; NULL, and a warning, when it is none. */
uint8_t *reader_base64(struct report_reader *reader, const char *what, size_t *ret_len);

/* report_threads.c */
void reader_threads(struct report_reader *reader);
void reader_images(struct report_reader *reader);
void reader_frames(struct report_reader *reader, const char *what, struct frames *ret);
/* When everything is read: the crashed thread, its registers, and each frame's image and address.
 */
void reader_connect(struct report_reader *reader);

#endif
