/* dladdr(), then the symbol table of the ELF file that runs. */
#include "repro/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map_program(struct symbols *ret) {
	struct stat st;
	void *file = MAP_FAILED;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (file == MAP_FAILED)
		return false;
	ret->file = file;
	ret->len = (size_t)st.st_size;
	return true;
}

/* NULL when the section does not lie in the file. */
static const void *section_bytes(const struct symbols *symbols, const ElfW(Shdr) * section) {
	if (section->sh_offset > symbols->len ||
		section->sh_size > symbols->len - section->sh_offset)
		return NULL;
	return symbols->file + section->sh_offset;
}

static void find_tables(struct symbols *ret) {
	const ElfW(Ehdr) *header = (const void *)ret->file;
	if (ret->len < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
		header->e_shentsize != sizeof(ElfW(Shdr)) || header->e_shoff > ret->len ||
		header->e_shnum > (ret->len - header->e_shoff) / sizeof(ElfW(Shdr)))
		return;
	const ElfW(Shdr) *sections = (const void *)(ret->file + header->e_shoff);
	for (size_t i = 0; i < header->e_shnum; i++) {
		const ElfW(Shdr) *table = &sections[i];
		if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum)
			continue;
		const ElfW(Shdr) *names = &sections[table->sh_link];
		ret->entries = section_bytes(ret, table);
		ret->names = section_bytes(ret, names);
		ret->count = table->sh_size / sizeof(ElfW(Sym));
		ret->names_len = names->sh_size;
	}
}

/* The program itself comes first. */
static int take_slide(struct dl_phdr_info *info, size_t size, void *user) {
	struct symbols *symbols = user;
	symbols->slide = info->dlpi_addr;
	return 1;
}

void symbols_open(struct symbols *ret) {
	*ret = (struct symbols){0};
	if (!map_program(ret))
		return;
	find_tables(ret);
	dl_iterate_phdr(take_slide, ret);
}

void symbols_close(struct symbols *symbols) {
	if (symbols->file)
		munmap((void *)(uintptr_t)symbols->file, symbols->len);
	*symbols = (struct symbols){0};
}

static const char *find_own(const struct symbols *symbols, uint64_t address, uint64_t *ret_start) {
	const ElfW(Sym) *entries = symbols->entries;
	uint64_t within = address - symbols->slide;
	for (size_t i = 0; entries && symbols->names && i < symbols->count; i++) {
		const ElfW(Sym) *entry = &entries[i];
		if (ELF64_ST_TYPE(entry->st_info) != STT_FUNC || within < entry->st_value ||
			within - entry->st_value >= entry->st_size ||
			entry->st_name >= symbols->names_len)
			continue;
		const char *name = symbols->names + entry->st_name;
		if (!memchr(name, '\0', symbols->names_len - entry->st_name) || !*name)
			continue;
		*ret_start = entry->st_value + symbols->slide;
		return name;
	}
	return NULL;
}

const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *ret_start) {
	Dl_info info;
	if (dladdr((const void *)(uintptr_t)address, &info) && info.dli_sname) {
		*ret_start = (uint64_t)(uintptr_t)info.dli_saddr;
		return info.dli_sname;
	}
	return find_own(symbols, address, ret_start);
}
