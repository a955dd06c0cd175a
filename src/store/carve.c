/* Every offset and length is taken for hostile: nothing outside of the page at hand is read. */
#include "store/carve.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 100
#define LEAF_HEADER_BYTES 8
#define LEAF_OF_TABLE 0x0d
#define PAGE_BYTES_MIN 512
#define PAGE_BYTES_MAX 65536
#define VARINT_BYTES_MAX 9
#define BLOB_MIN 12
#define SHA256_SERIAL (BLOB_MIN + 2 * SHA256_BYTES)

struct carve {
	const struct carve_options *options;
	sqlite3_file *file;
	sqlite3_int64 file_bytes;
	size_t page_bytes;
	unsigned char *page, *overflow; /* one page each */
	struct buf record;
};

/* What a cell says of its row. */
struct cell {
	int64_t id;
	size_t len, local; /* of the record; of it on this page */
	const unsigned char *record;
	uint32_t overflow; /* the first page of the rest; 0: none */
};

static uint64_t big_endian(const unsigned char *at, size_t len) {
	uint64_t ret = 0;
	while (len-- > 0)
		ret = ret << 8 | *at++;
	return ret;
}

/* Bytes used, or 0 when it goes on behind the end. */
static size_t varint(const unsigned char *at, const unsigned char *end, uint64_t *ret) {
	uint64_t value = 0;
	for (size_t i = 0; i < VARINT_BYTES_MAX && at + i < end; i++) {
		if (i + 1 == VARINT_BYTES_MAX) {
			*ret = value << 8 | at[i];
			return VARINT_BYTES_MAX;
		}
		value = value << 7 | (at[i] & 0x7f);
		if (!(at[i] & 0x80)) {
			*ret = value;
			return i + 1;
		}
	}
	return 0;
}

static bool read_page(struct carve *carve, sqlite3_int64 number, unsigned char *ret) {
	sqlite3_int64 at = (number - 1) * (sqlite3_int64)carve->page_bytes;
	return number > 0 && at + (sqlite3_int64)carve->page_bytes <= carve->file_bytes &&
	       carve->file->pMethods->xRead(carve->file, ret, (int)carve->page_bytes, at) ==
		       SQLITE_OK;
}

/* How much of a record stands in its cell. */
static size_t local_bytes(size_t page_bytes, size_t len) {
	size_t most = page_bytes - 35, least = (page_bytes - 12) * 32 / 255 - 23;
	if (len <= most)
		return len;
	size_t fits = least + (len - least) % (page_bytes - 4);
	return fits <= most ? fits : least;
}

static bool read_cell(const struct carve *carve, size_t at, struct cell *ret) {
	const unsigned char *p = carve->page + at, *end = carve->page + carve->page_bytes;
	uint64_t len, id;
	size_t n = varint(p, end, &len);
	size_t m = n ? varint(p + n, end, &id) : 0;
	if (!m || len < 2 || len > LIMIT_REPORT_BYTES || id == 0 || id > INT64_MAX)
		return false;
	*ret = (struct cell){.id = (int64_t)id, .len = len, .record = p + n + m};
	ret->local = local_bytes(carve->page_bytes, ret->len);
	size_t link = ret->local < ret->len ? 4 : 0, room = (size_t)(end - ret->record);
	if (ret->local + link > room)
		return false;
	if (link)
		ret->overflow = (uint32_t)big_endian(ret->record + ret->local, 4);
	return true;
}

/* Types of a record's columns; how many, or 0. *ret_at: where the first one begins. */
static size_t read_types(const unsigned char *record, size_t len,
	uint64_t types[CARVED_COLUMNS_MAX], size_t *ret_at) {
	const unsigned char *end = record + len;
	uint64_t header;
	size_t at = varint(record, end, &header), count = 0;
	if (!at || header < at || header > len)
		return 0;
	while (at < header) {
		size_t n = varint(record + at, record + header, &types[count]);
		if (!n || ++count > CARVED_COLUMNS_MAX - (at + n < header))
			return 0;
		at += n;
	}
	*ret_at = at;
	return count;
}

static bool is_number(uint64_t type) {
	return (type >= 1 && type <= 6) || type == 8 || type == 9;
}

static bool is_blob(uint64_t type) {
	return type >= BLOB_MIN && type % 2 == 0;
}

/* No other table has rows like these. */
static bool has_shape(enum carved_table table, const uint64_t *types, size_t count) {
	if (table == CARVED_RAW)
		return count == 6 && types[0] == 0 && types[1] == SHA256_SERIAL &&
		       is_number(types[2]) && is_number(types[3]) &&
		       (types[4] == 0 || is_number(types[4])) && is_blob(types[5]);
	return count == 7 && types[0] == 0 && is_number(types[1]) && is_number(types[2]) &&
	       is_number(types[3]) && is_number(types[4]) && is_number(types[5]) &&
	       is_blob(types[6]);
}

static int64_t read_number(const unsigned char *at, size_t len) {
	uint64_t value = big_endian(at, len);
	if (len && len < 8 && at[0] & 0x80)
		value |= UINT64_MAX << (8 * len);
	return (int64_t)value;
}

static size_t type_bytes(uint64_t type) {
	static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
	return type < BLOB_MIN ? sizes[type] : (size_t)(type - BLOB_MIN) / 2;
}

static bool read_values(const unsigned char *record, size_t len, struct carved_row *ret) {
	uint64_t types[CARVED_COLUMNS_MAX];
	size_t at, count = read_types(record, len, types, &at);
	for (size_t i = 0; i < count; i++) {
		struct carved_value *value = &ret->columns[i];
		size_t n = type_bytes(types[i]);
		if (n > len - at)
			return false;
		*value = (struct carved_value){.kind = SQLITE_NULL, .bytes = record + at, .len = n};
		if (types[i] >= BLOB_MIN)
			value->kind = SQLITE_BLOB;
		else if (types[i])
			value->kind = SQLITE_INTEGER;
		if (types[i] && types[i] < BLOB_MIN)
			value->number = n ? read_number(record + at, n) : (int64_t)types[i] - 8;
		at += n;
	}
	return count;
}

/* The whole record in carve->record. -EIO: a part of it is missing. */
static int gather(struct carve *carve, const struct cell *cell) {
	uint32_t next = cell->overflow;
	buf_reset(&carve->record);
	buf_add(&carve->record, (const char *)cell->record, cell->local);
	while (carve->record.len < cell->len && !carve->record.failed) {
		size_t rest = cell->len - carve->record.len, most = carve->page_bytes - 4;
		if (!read_page(carve, next, carve->overflow))
			return -EIO;
		next = (uint32_t)big_endian(carve->overflow, 4);
		buf_add(&carve->record, (const char *)carve->overflow + 4,
			rest < most ? rest : most);
	}
	return carve->record.failed ? -ENOMEM : 0;
}

static int take_cell(struct carve *carve, size_t at) {
	const struct carve_options *options = carve->options;
	struct cell cell;
	uint64_t types[CARVED_COLUMNS_MAX];
	size_t begin;
	if (!read_cell(carve, at, &cell))
		return 0;
	size_t count = read_types(cell.record, cell.local, types, &begin);
	if (count == 0 || !has_shape(options->table, types, count) ||
		!options->wants(cell.id, types[count - 1] == BLOB_MIN, options->user))
		return 0;
	struct carved_row row = {.table = options->table, .id = cell.id};
	int r = gather(carve, &cell);
	if (r == -ENOMEM)
		return r;
	const unsigned char *record = (const unsigned char *)carve->record.data;
	if (r == 0 && read_values(record, carve->record.len, &row))
		return options->on_row(&row, options->user);
	options->on_torn(cell.id, options->user);
	return 0;
}

static int take_page(struct carve *carve, sqlite3_int64 number) {
	size_t head = number == 1 ? HEADER_BYTES : 0;
	if (!read_page(carve, number, carve->page) || carve->page[head] != LEAF_OF_TABLE)
		return 0;
	size_t count = (size_t)big_endian(carve->page + head + 3, 2);
	size_t most = (carve->page_bytes - head - LEAF_HEADER_BYTES) / 2;
	int r = 0;
	for (size_t i = 0; i < count && i < most && r == 0; i++) {
		size_t at = (size_t)big_endian(carve->page + head + LEAF_HEADER_BYTES + 2 * i, 2);
		if (at < carve->page_bytes)
			r = take_cell(carve, at);
	}
	return r;
}

/* As the header says; 0 when it says nonsense. */
static size_t find_page_bytes(struct carve *carve) {
	unsigned char head[HEADER_BYTES];
	if (carve->file_bytes < HEADER_BYTES ||
		carve->file->pMethods->xRead(carve->file, head, sizeof head, 0) != SQLITE_OK)
		return 0;
	size_t ret = (size_t)big_endian(head + 16, 2);
	if (ret == 1)
		return PAGE_BYTES_MAX;
	return ret >= PAGE_BYTES_MIN && (ret & (ret - 1)) == 0 ? ret : 0;
}

int store_carve(struct store *store, const struct carve_options *options) {
	struct carve carve = {.options = options};
	int r = 0;
	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &carve.file) !=
			SQLITE_OK ||
		carve.file == NULL || carve.file->pMethods == NULL ||
		carve.file->pMethods->xFileSize(carve.file, &carve.file_bytes) != SQLITE_OK)
		return 0;
	carve.page_bytes = find_page_bytes(&carve);
	if (carve.page_bytes == 0)
		return 0;
	carve.page = malloc(carve.page_bytes);
	carve.overflow = malloc(carve.page_bytes);
	if (carve.page == NULL || carve.overflow == NULL)
		r = -ENOMEM;
	sqlite3_int64 last = carve.file_bytes / (sqlite3_int64)carve.page_bytes;
	for (sqlite3_int64 number = 1; number <= last && r == 0; number++)
		r = take_page(&carve, number);
	buf_finish(&carve.record);
	free(carve.page);
	free(carve.overflow);
	return r;
}
