/*
 * Every limit on data from outside, in one place, with its reason. Reaching one is a reported
 * error, never a silent cut, unless the comment says that text is shortened.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* The largest real report known is a panic of 2 MB; stackshots of large Macs reach about 20 MB. */
#define LIMIT_REPORT_BYTES (64u << 20)
/* Everything that one parsed report may allocate; real crash reports need about 0.3 MB. */
#define LIMIT_REPORT_ARENA_BYTES (96u << 20)
/* Real bodies nest 7 deep. */
#define LIMIT_JSON_DEPTH 128
/* The most threads seen is 121; a process may have 2,048 (kern.num_taskthreads is higher). */
#define LIMIT_THREADS 16384
/* ReportCrash writes at most 512 frames per thread; inlined frames come on top. */
#define LIMIT_FRAMES_PER_THREAD 4096
/* All threads together: 15,143 frames stand in 60 real reports. */
#define LIMIT_FRAMES 262144
/* The most images seen is 95; a browser maps about 900. */
#define LIMIT_IMAGES 16384
/* The longest real symbol has 1,873 bytes; a longer one than this is shortened with a warning. */
#define LIMIT_SYMBOL_BYTES 8192
/* Any other text of a report that we keep (application info, panic string); then shortened. */
#define LIMIT_TEXT_BYTES (256u << 10)
/* Texts of application info kept per report. */
#define LIMIT_APP_INFO 256
/* arm64 has 34, x86_64 24; the crashed thread's are kept. */
#define LIMIT_REGISTERS 128
/* Warnings kept per report; the rest is counted. */
#define LIMIT_WARNINGS 32
/* Reports found in one document (an issue thread with several pasted reports). */
#define LIMIT_REPORTS_PER_DOCUMENT 64
/* A rule file is written by hand; the built-in one has about 30 kB. */
#define LIMIT_RULES_BYTES (4u << 20)
#define LIMIT_RULES 4096
#define LIMIT_RULE_PATTERN_BYTES 1024
/* The configuration is written by hand; a full one has about 500 bytes. */
#define LIMIT_CONFIG_BYTES (64u << 10)
/* Of one list; and a path of the system at most (PATH_MAX of Linux). */
#define LIMIT_CONFIG_WORDS 256
#define LIMIT_CONFIG_WORD_BYTES 4096

#endif
