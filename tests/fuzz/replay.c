/* Runs a fuzz target over files, as an ordinary test. Exit status 0: none of them made it abort. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long count;

static void run_file(const char *path) {
	FILE *file = fopen(path, "rb");
	struct stat st;
	if (!file || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode) ||
		st.st_size > (8 << 20)) {
		if (file)
			fclose(file);
		return;
	}
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	MUST(bytes);
	size_t len = fread(bytes, 1, (size_t)st.st_size, file);
	fclose(file);
	/* Memory of exactly that size, so that a sanitizer sees the first byte behind it. */
	uint8_t *exact = malloc(len ? len : 1);
	MUST(exact);
	memcpy(exact, bytes, len);
	free(bytes);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	count++;
}

static void run_folder(const char *folder) {
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		run_file(path);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		run_folder(argv[i]);
		run_file(argv[i]);
	}
	printf("%lu inputs\n", count);
	return count ? 0 : 1;
}
