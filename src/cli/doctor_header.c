/* Offsets and values as https://www.sqlite.org/fileformat.html has them. */
#include "cli/doctor_header.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 100
#define APPLICATION_ID "agxt"
#define APPLICATION_ID_AT 68
/* Words of our own schema stand in its first pages. */
#define LOOK_BYTES (512u << 10)
#define COPY_BYTES (256u << 10)
/* Of every database of ours. */
#define PAGE_BYTES 2048

static const unsigned char magic[16] = "SQLite format 3";

/* What SQLite insists on before it looks at anything else. */
static bool is_whole(const unsigned char *head) {
	unsigned page = (unsigned)head[16] << 8 | head[17];
	bool page_fits = page == 1 || (page >= 512 && (page & (page - 1)) == 0);
	return !memcmp(head, magic, sizeof magic) && page_fits && head[18] >= 1 && head[18] <= 2 &&
	       head[19] >= 1 && head[19] <= 2 && head[20] == 0 && head[21] == 64 &&
	       head[22] == 32 && head[23] == 32;
}

bool doctor_header_is_damaged(const char *path) {
	unsigned char *bytes = malloc(LOOK_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = bytes && fd >= 0 ? pread(fd, bytes, LOOK_BYTES, 0) : 0;
	bool ret = false;
	if (len >= HEADER_BYTES && !is_whole(bytes))
		ret = !memcmp(bytes + APPLICATION_ID_AT, APPLICATION_ID, 4) ||
		      memmem(bytes, (size_t)len, "incident_counted", 16);
	if (fd >= 0)
		close(fd);
	free(bytes);
	return ret;
}

static void put_u32(unsigned char *at, uint64_t value) {
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* No journal, no free pages, UTF-8, the newest of SQLite's formats. */
static void make_header(unsigned char head[HEADER_BYTES], uint64_t file_bytes) {
	memset(head, 0, HEADER_BYTES);
	memcpy(head, magic, sizeof magic);
	head[16] = PAGE_BYTES >> 8;
	head[18] = head[19] = 1;
	head[21] = 64;
	head[22] = head[23] = 32;
	put_u32(head + 24, 1); /* changes */
	put_u32(head + 28, file_bytes / PAGE_BYTES);
	put_u32(head + 40, 1); /* schema */
	put_u32(head + 44, 4); /* its format */
	put_u32(head + 52, 1); /* pages can be given back, so that some of them are maps */
	put_u32(head + 56, 1); /* UTF-8 */
	put_u32(head + 64, 1); /* given back when asked for */
	memcpy(head + APPLICATION_ID_AT, APPLICATION_ID, 4);
	put_u32(head + 92, 1); /* changes, when the size was written */
	put_u32(head + 96, 3037000);
}

static int copy_all(int from, int to) {
	char *bytes = malloc(COPY_BYTES);
	ssize_t len = bytes ? 1 : -1;
	int r = bytes ? 0 : -ENOMEM;
	while (r == 0 && (len = read(from, bytes, COPY_BYTES)) > 0)
		for (ssize_t done = 0, n; r == 0 && done<len; done += n> 0 ? n : 0)
			if ((n = write(to, bytes + done, (size_t)(len - done))) < 0 &&
				errno != EINTR)
				r = -errno;
	if (r == 0 && len < 0)
		r = -errno;
	free(bytes);
	return r;
}

int doctor_header_mend(const char *path, char **ret_path, struct err *err) {
	unsigned char head[HEADER_BYTES];
	struct buf name = {0};
	struct stat st = {0};
	buf_printf(&name, "%s.reading", path);
	char *copy = buf_take(&name);
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = copy ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	int r = !copy                                        ? -ENOMEM
		: from < 0 || to < 0 || fstat(from, &st) < 0 ? -errno
							     : copy_all(from, to);
	if (r == 0) {
		make_header(head, (uint64_t)st.st_size);
		if (pwrite(to, head, sizeof head, 0) != sizeof head)
			r = -EIO;
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	buf_finish(&name);
	if (r < 0) {
		if (to >= 0)
			unlink(copy);
		free(copy);
		return err_set(err, r, "%s cannot be copied: %s", path, strerror(-r));
	}
	*ret_path = copy;
	return 0;
}
