/* Any bytes as a Mach-O file: nothing outside of it is read, what is found is in it. The first
 * bytes are the UUID that is looked for. */
#include "fuzz.h"

#include "ips/macho.h"

#include <string.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

static bool read_bytes(void *user, uint64_t offset, void *ret, size_t len) {
	const struct bytes *bytes = user;
	MUST(offset <= bytes->size && len <= bytes->size - offset);
	memcpy(ret, bytes->data + offset, len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct macho_slice slice;
	if (size < MACHO_UUID_BYTES)
		return 0;
	struct bytes bytes = {data + MACHO_UUID_BYTES, size - MACHO_UUID_BYTES};
	const struct macho_source source = {read_bytes, &bytes, bytes.size};
	if (!macho_find(&source, data, &slice))
		return 0;
	MUST(!memcmp(slice.uuid, data, MACHO_UUID_BYTES));
	const char *arch = macho_arch(&slice);
	MUST(!arch || macho_arch_fits(&slice, arch));
	return 0;
}
