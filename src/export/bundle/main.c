/*
 * agxtriage-bundle: the program that alone loads libarchive. Its standard input and output are all
 * that it knows of the world; what it is told and says stands in bundle.h.
 */
#include "base/text.h"
#include "export/bundle/pack.h"
#include "export/bundle/unpack.h"
#include "export/bundle_child.h"
#include "export/bundle_line.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Writing takes 16 MB; a reader's window of zstd may have 128 MB, and a million members as much. */
#define MEMORY_BYTES ((rlim_t)512 << 20)
/* Of processor time, for the 64 GB that an archive may have at most. */
#define READ_S 3600

static const char help[] =
	"Usage: agxtriage-bundle write FORMAT FOLDER TIME [HIDDEN]\n"
	"       agxtriage-bundle read\n"
	"\n"
	"Writes archives for 'agxtriage export' and reads them for 'agxtriage import'. One of\n"
	"standard input and output is the archive, the other one its members.\n"
	"\n"
	"  FORMAT   tar.gz, tar.zst or zip\n"
	"  FOLDER   that every member stands in\n"
	"  TIME     of every member, in seconds since 1970\n"
	"  HIDDEN   the name of the file that standard output is, removed on failure\n"
	"\n";

static enum bundle_status tell(const struct err *err) {
	char clean[3 * ERR_TEXT_BYTES + 1];
	text_clean(clean, err->text, strlen(err->text), TEXT_LINE);
	fprintf(stderr, "%s\n", clean);
	if (err->code == -EBADMSG)
		return BUNDLE_DAMAGED;
	return err->code == -EPROTO || err->code == -EINVAL ? BUNDLE_USAGE : BUNDLE_FAILED;
}

/* At once: what is half done stays so. */
static _Noreturn void failed(const struct err *err) {
	_exit(tell(err));
}

static void limit(int resource, rlim_t value) {
	struct rlimit old;
	if (getrlimit(resource, &old) < 0 || old.rlim_max <= value)
		return;
	const struct rlimit lower = {value, value};
	(void)setrlimit(resource, &lower);
}

/* Whatever an archive makes the library do: no file but the standard streams and a temporary one
 * is opened, no core has what was read, no memory or time is taken without end. */
static void confine(bool reads) {
	limit(RLIMIT_CORE, 0);
#ifndef BUNDLE_SANITIZED
	limit(RLIMIT_NOFILE, STDERR_FILENO + 2);
	limit(RLIMIT_AS, MEMORY_BYTES);
	if (reads)
		limit(RLIMIT_CPU, READ_S);
#endif
	/* A closed pipe and a limit of the file's size are errors of a write like others. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* The library asks for local time. */
	setenv("TZ", "UTC0", 1);
	tzset();
}

/* Who began the file may be gone without a chance to remove it. Only if it is that very file. */
static void remove_hidden(const char *path) {
	struct stat named, open;
	if (lstat(path, &named) == 0 && fstat(STDOUT_FILENO, &open) == 0 &&
		named.st_ino == open.st_ino && named.st_dev == open.st_dev)
		(void)unlink(path);
}

static int parse(char **words, struct pack *ret, struct err *err) {
	*ret = (struct pack){.folder = words[1], .in = STDIN_FILENO, .out = STDOUT_FILENO};
	while (ret->format < BUNDLE_FORMAT_COUNT &&
		strcmp(words[0], bundle_format_names[ret->format]) != 0)
		ret->format++;
	if (ret->format == BUNDLE_FORMAT_COUNT)
		return err_set(err, -EINVAL, "no such format of an archive");
	if (!bundle_folder_valid(ret->folder))
		return err_set(err, -EINVAL, "not the name of a folder in an archive");
	if (!text_i64(words[2], strlen(words[2]), &ret->mtime_s))
		return err_set(err, -EINVAL, "not a time");
	return 0;
}

static enum bundle_status write_archive(char **words, const char *hidden) {
	struct pack pack;
	struct err err = {0};
	uint64_t bytes;
	int r = parse(words, &pack, &err);
	if (r >= 0)
		r = pack_run(&pack, &bytes, &err);
	if (r >= 0) {
		fprintf(stderr, "%" PRIu64 "\n", bytes);
		return BUNDLE_DONE;
	}
	if (hidden)
		remove_hidden(hidden);
	failed(&err);
}

static enum bundle_status read_archive(void) {
	struct err err = {0};
	int r = unpack_run(STDIN_FILENO, STDOUT_FILENO, &err);
	if (r < 0)
		failed(&err);
	return BUNDLE_DONE;
}

int main(int argc, char **argv) {
	confine(argc > 1 && !strcmp(argv[1], "read"));
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(help, stdout) < 0 || fflush(stdout) < 0 ? BUNDLE_FAILED : BUNDLE_DONE;
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("agxtriage-bundle %s\n", AGXTRIAGE_VERSION);
		return fflush(stdout) < 0 ? BUNDLE_FAILED : BUNDLE_DONE;
	}
	if ((argc == 5 || argc == 6) && !strcmp(argv[1], "write"))
		return write_archive(argv + 2, argv[5]);
	if (argc == 2 && !strcmp(argv[1], "read"))
		return read_archive();
	fputs("wrong usage (agxtriage-bundle --help)\n", stderr);
	return BUNDLE_USAGE;
}
