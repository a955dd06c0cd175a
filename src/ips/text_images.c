/* "Binary Images:" of the text form, and which frame belongs to which image. */
#include "ips/text_parse.h"

#include "base/limits.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const arches[] = {"arm64e", "arm64", "arm64_32", "armv7", "armv7s", "armv7k",
	"armv6", "x86_64h", "x86_64", "i386", "x86", NULL};

static bool is_arch(struct text text) {
	for (size_t i = 0; arches[i]; i++)
		if (text_equals(text, arches[i]))
			return true;
	return false;
}

/* 32 hexadecimal digits, with dashes or without. */
static bool is_uuid(struct text text) {
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-')
			continue;
		if (!isxdigit((unsigned char)text.p[i]))
			return false;
		digits++;
	}
	return digits == 32;
}

static const char *copy_uuid(struct text_parse *parse, struct text text) {
	char uuid[37];
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-')
			continue;
		if (n == 8 || n == 13 || n == 18 || n == 23)
			uuid[n++] = '-';
		uuid[n++] = (char)tolower((unsigned char)text.p[i]);
	}
	return text_fact(parse, (struct text){uuid, n}, sizeof uuid);
}

/* Splits "name (version) <uuid> path" around the "<...>". */
static bool split_at_uuid(struct text *text, struct text *ret_uuid, struct text *ret_path) {
	for (size_t i = 0; i < text->len; i++) {
		if (text->p[i] != '<')
			continue;
		const char *close = memchr(text->p + i, '>', text->len - i);
		if (!close)
			return false;
		struct text inside = {text->p + i + 1, (size_t)(close - text->p) - i - 1};
		bool placeholder = inside.len > 1 && inside.p[0] == '@';
		if (!placeholder && !is_uuid(inside))
			continue;
		*ret_uuid = placeholder ? (struct text){0} : inside;
		*ret_path = text_trim(text_from(*text, (size_t)(close - text->p) + 1));
		*text = text_trim(text_upto(*text, i));
		return true;
	}
	return false;
}

/* Where the bracket opens that the last character closes, or text.len. */
static size_t find_bracket(struct text text) {
	size_t depth = 0;
	if (!text.len || text.p[text.len - 1] != ')')
		return text.len;
	for (size_t i = text.len; i-- > 0;) {
		depth += text.p[i] == ')';
		depth -= text.p[i] == '(';
		if (!depth)
			return i;
	}
	return text.len;
}

/* "(1.0 - 459)", "(3.9.1, (c) 2001 - 3.9.1)", "(*)", "(x86_64)" at the end of text, cut off. */
static void cut_version(struct text_parse *parse, struct text *text, struct image *image) {
	size_t open = find_bracket(*text);
	if (open == text->len)
		return;
	struct text inside = text_from(*text, open + 1);
	inside.len--;
	*text = text_trim(text_upto(*text, open));
	if (text_equals(inside, "*"))
		return;
	if (is_arch(inside)) {
		image->arch = text_fact(parse, inside, 16);
		return;
	}
	ptrdiff_t dash = text_find(inside, " - ");
	if (dash >= 0) {
		image->version =
			text_fact(parse, text_from(inside, (size_t)dash + 3), LIMIT_SYMBOL_BYTES);
		inside = text_upto(inside, (size_t)dash);
	}
	image->short_version = text_fact(parse, inside, LIMIT_SYMBOL_BYTES);
}

static void cut_arch(struct text_parse *parse, struct text *text, struct image *image) {
	size_t start = text->len;
	while (start && text->p[start - 1] != ' ' && text->p[start - 1] != '\t')
		start--;
	if (!start || !is_arch(text_from(*text, start)))
		return;
	image->arch = text_fact(parse, text_from(*text, start), 16);
	*text = text_trim(text_upto(*text, start));
}

static struct text base_name(struct text path) {
	ptrdiff_t slash = text_find_last(path, "/");
	return slash < 0 ? path : text_from(path, (size_t)slash + 1);
}

/* "+com.apple.AGXMetalG16X (329.2) <...> /System/.../AGXMetalG16X": the image's name is the path's
 * last part, as in JSON; what stands in front is then its bundle's identifier. */
static void read_names(struct text_parse *parse, struct text text, struct image *image) {
	struct text uuid = {0}, path = {0};
	if (!split_at_uuid(&text, &uuid, &path)) {
		ptrdiff_t slash = text_find(text, " /");
		if (slash >= 0) {
			path = text_trim(text_from(text, (size_t)slash));
			text = text_trim(text_upto(text, (size_t)slash));
		}
	}
	if (uuid.len)
		image->uuid = copy_uuid(parse, uuid);
	cut_version(parse, &text, image);
	cut_arch(parse, &text, image);
	image->path = text_fact(parse, path, LIMIT_SYMBOL_BYTES);
	const char *given = text_fact(parse, text, LIMIT_SYMBOL_BYTES);
	image->name = image->path ? text_fact(parse, base_name(path), LIMIT_SYMBOL_BYTES) : given;
	if (given && image->name && strcmp(given, image->name) != 0)
		image->bundle_id = given;
}

static bool read_address(struct text word, uint64_t *ret) {
	if (word.len && word.p[0] == '*')
		word = text_from(word, 1);
	return text_hex(word, ret) || text_decimal(word, ret);
}

void text_image_line(struct text_parse *parse, struct text line) {
	struct report *report = parse->report;
	struct text rest = line;
	uint64_t base, last;
	if (!read_address(text_word(&rest), &base) || !text_skip(&rest, "- ") ||
		!read_address(text_word(&rest), &last) || last < base) {
		text_header_line(parse, line);
		return;
	}
	if (report->image_count >= LIMIT_IMAGES) {
		text_fail(parse, -E2BIG, "too many images");
		return;
	}
	if (arena_grow(&report->arena, (void **)&report->images, report->image_count,
		    &parse->image_cap, sizeof *report->images)) {
		text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
		return;
	}
	struct image *image = &report->images[report->image_count++];
	/* "0x0 - 0xffffffffffffffff ???" stands for no image at all: its size becomes 0, as in
	 * JSON. */
	*image = (struct image){.base = {base, true}, .size = {last - base + 1, true}};
	if (rest.len && rest.p[0] == '+')
		rest = text_trim(text_from(rest, 1));
	read_names(parse, rest, image);
}

struct range {
	uint64_t base, last;
	int index;
};

struct named {
	const char *name;
	int index;
};

struct image_finder {
	struct range *ranges;
	struct named *names;
	size_t range_count, name_count;
	int nowhere; /* the image that stands for none, or -1 */
};

static int compare_ranges(const void *a, const void *b) {
	const struct range *x = a, *y = b;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return x->index - y->index;
}

static int compare_names(const void *a, const void *b) {
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : x->index - y->index;
}

static int finder_init(struct image_finder *finder, struct text_parse *parse) {
	struct report *report = parse->report;
	size_t count = report->image_count;
	*finder = (struct image_finder){.nowhere = -1};
	finder->ranges = arena_calloc(&report->arena, count + 1, sizeof *finder->ranges);
	finder->names = arena_calloc(&report->arena, 2 * count + 1, sizeof *finder->names);
	if (!finder->ranges || !finder->names)
		return text_fail(parse, -ENOMEM, "the report needs more memory than it may have");
	for (size_t i = 0; i < count; i++) {
		const struct image *image = &report->images[i];
		if (!image->size.value && !image->base.value) {
			if (!image->name)
				finder->nowhere = (int)i;
			continue;
		}
		finder->ranges[finder->range_count++] = (struct range){
			image->base.value, image->base.value + image->size.value - 1, (int)i};
		if (image->name)
			finder->names[finder->name_count++] = (struct named){image->name, (int)i};
		if (image->bundle_id)
			finder->names[finder->name_count++] =
				(struct named){image->bundle_id, (int)i};
	}
	qsort(finder->ranges, finder->range_count, sizeof *finder->ranges, compare_ranges);
	qsort(finder->names, finder->name_count, sizeof *finder->names, compare_names);
	return 0;
}

static int find_by_address(const struct image_finder *finder, uint64_t address) {
	size_t low = 0, high = finder->range_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (finder->ranges[middle].base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || finder->ranges[low - 1].last < address)
		return -1;
	return finder->ranges[low - 1].index;
}

static int find_by_name(const struct image_finder *finder, const char *name) {
	size_t low = 0, high = finder->name_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(finder->names[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == finder->name_count || strcmp(finder->names[low].name, name) != 0)
		return -1;
	return finder->names[low].index;
}

static void connect_frame(
	struct report *report, const struct image_finder *finder, struct frame *frame) {
	int index = frame->address.set ? find_by_address(finder, frame->address.value) : -1;
	if (index < 0 && frame->image)
		index = find_by_name(finder, frame->image);
	if (index < 0 && !frame->image && frame->address.set)
		index = finder->nowhere;
	if (index < 0)
		return;
	const struct image *image = &report->images[index];
	frame->image_index = index;
	if (frame->address.set)
		frame->image_offset =
			(struct u64_opt){frame->address.value - image->base.value, true};
	/* "AssetsLibrary + 144518": the image's name where the symbol's would be. */
	if (frame->symbol && frame->image && strcmp(frame->symbol, frame->image) == 0 &&
		frame->symbol_offset.set && frame->image_offset.set &&
		frame->symbol_offset.value == frame->image_offset.value) {
		frame->symbol = NULL;
		frame->symbol_offset = (struct u64_opt){0};
	}
	if (!frame->image || (image->bundle_id && strcmp(frame->image, image->bundle_id) == 0))
		frame->image = image->name;
}

static void connect_frames(
	struct report *report, const struct image_finder *finder, struct frames *frames) {
	for (size_t i = 0; i < frames->count; i++)
		connect_frame(report, finder, &frames->items[i]);
}

void text_images_connect(struct text_parse *parse) {
	struct report *report = parse->report;
	struct image_finder finder;
	if (parse->code || finder_init(&finder, parse))
		return;
	for (size_t i = 0; i < report->thread_count; i++)
		connect_frames(report, &finder, &report->threads[i].frames);
	connect_frames(report, &finder, &report->last_exception);
}
