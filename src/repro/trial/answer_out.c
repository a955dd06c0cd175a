/* JSON by hand: an object a line. Numbers are printed from integers, whatever the locale. */
#include "repro/trial/answer_out.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static const char *const answer_outcomes[] = {
	[OUTCOME_FINISHED] = "finished",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_GPU_ERROR] = "gpu_error",
	[OUTCOME_WRONG_RESULT] = "wrong_result",
};

/* How many bytes the character at text has, 0 when they are not UTF-8. */
static unsigned answer_out_utf8(const unsigned char *text) {
	unsigned lead = text[0], more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	for (unsigned i = 1; i <= more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (lead == 0xe0 && text[1] < 0xa0) || (lead == 0xf0 && text[1] < 0x90);
	bool surrogate = lead == 0xed && text[1] > 0x9f;
	bool beyond = lead == 0xf4 && text[1] > 0x8f;
	return overlong || surrogate || beyond ? 0 : more + 1;
}

void answer_out_text(FILE *out, const char *text) {
	if (!text) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		unsigned len = 1;
		if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < ' ' || *at == 0x7f)
			fprintf(out, "\\u%04x", *at);
		else if (*at < 0x80)
			putc(*at, out);
		else if ((len = answer_out_utf8(at)) == 0)
			fputs("\\ufffd", out), len = 1;
		else
			fwrite(at, 1, len, out);
		at += len;
	}
	putc('"', out);
}

/* Thousandths, rounded. */
static void answer_out_milli(FILE *out, double value) {
	uint64_t milli = (uint64_t)(value * 1000 + 0.5);
	fprintf(out, "%" PRIu64 ".%03u", milli / 1000, (unsigned)(milli % 1000));
}

static void answer_out_seconds(FILE *out, uint64_t ns) {
	uint64_t us = (ns + 500) / 1000;
	fprintf(out, "%" PRIu64 ".%06u", us / 1000000, (unsigned)(us % 1000000));
}

static void answer_out_time(FILE *out, int64_t us) {
	time_t seconds = (time_t)(us / 1000000);
	struct tm utc;
	char text[32];
	if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc)) {
		fputs("null", out);
		return;
	}
	fprintf(out, "\"%s.%06dZ\"", text, (int)(us % 1000000));
}

static int answer_out_line(FILE *out) {
	fputs("}\n", out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

int answer_out_start(FILE *out, const struct answer_start *start) {
	fprintf(out, "{\"type\":\"start\",\"pid\":%ld,\"launched_at\":", (long)getpid());
	answer_out_time(out, start->launched_at_us);
	const char *const texts[][2] = {
		{"backend", start->backend},
		{"device", start->device},
		{"scenario", start->scenario},
		{"lock", start->lock},
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		fprintf(out, ",\"%s\":", texts[i][0]);
		answer_out_text(out, texts[i][1]);
	}
	fprintf(out, ",\"threads\":%u", start->threads);
	return answer_out_line(out);
}

static void answer_out_latency(FILE *out, const struct latency *latency) {
	static const unsigned permilles[] = {500, 950, 990};
	for (unsigned i = 0; i < 3; i++) {
		fprintf(out, "%s\"p%u\":", i ? "," : "{", permilles[i] / 10);
		answer_out_milli(out, latency_quantile_us(latency, permilles[i]));
	}
	putc('}', out);
}

static void answer_out_latencies(FILE *out, const struct measured *measured) {
	const char *comma = "";
	fputs(",\"latency_us\":{", out);
	for (int i = 0; i < CALL_COUNT; i++) {
		if (!measured->calls[i].count)
			continue;
		fprintf(out, "%s\"%s\":", comma, call_names[i]);
		answer_out_latency(out, &measured->calls[i]);
		comma = ",";
	}
	putc('}', out);
}

int answer_out_end(FILE *out, const struct measured *measured) {
	double seconds = (double)measured->elapsed_ns / 1e9;
	fprintf(out, "{\"type\":\"end\",\"outcome\":\"%s\",\"operations\":%" PRIu64,
		answer_outcomes[measured->outcome], measured->operations);
	fputs(",\"elapsed_s\":", out);
	answer_out_seconds(out, measured->elapsed_ns);
	if (measured->elapsed_ns) {
		fputs(",\"throughput\":", out);
		answer_out_milli(out, (double)measured->operations / seconds);
	}
	fputs(",\"lock_wait_s\":", out);
	answer_out_seconds(out, measured->lock_wait_ns);
	answer_out_latencies(out, measured);
	if (measured->outcome != OUTCOME_FINISHED) {
		fputs(",\"error\":", out);
		answer_out_text(out, measured->error.text);
	}
	if (measured->error.code[0]) {
		fputs(",\"error_code\":", out);
		answer_out_text(out, measured->error.code);
	}
	return answer_out_line(out);
}
