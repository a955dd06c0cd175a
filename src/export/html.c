/* Escaping for HTML; knows nothing of what is on the page. */
#include "export/html.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* Of widths and precisions. */
#define NUMBER_MAX 64

static const char *reference(char c) {
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void add_escaped(struct buf *ret, const char *text, size_t len) {
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		const char *instead = reference(text[i]);
		if (!instead)
			continue;
		buf_add(ret, text + from, i - from);
		buf_add_str(ret, instead);
		from = i + 1;
	}
	buf_add(ret, text + from, len - from);
}

static bool is_plain(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] >= 0x7f)
			return false;
	return true;
}

void html_text(struct buf *ret, const char *text, size_t len, enum text_keep keep) {
	struct buf safe = {0};
	if (is_plain(text, len)) {
		add_escaped(ret, text, len);
		return;
	}
	text_terminal(&safe, text, len, keep);
	add_escaped(ret, buf_str(&safe), safe.len);
	if (safe.failed)
		ret->failed = true;
	buf_finish(&safe);
}

void html_clip(struct buf *ret, const char *text, size_t columns) {
	size_t len = strlen(text);
	if (len <= columns) { /* no code point has more columns than bytes */
		html_text(ret, text, len, TEXT_LINE);
		return;
	}
	size_t kept = text_prefix(text, columns);
	if (kept < len)
		kept = text_prefix(text, columns - 1);
	html_text(ret, text, kept, TEXT_LINE);
	if (kept < len)
		buf_add_str(ret, "\xe2\x80\xa6");
}

/* One conversion of a format. */
struct spec {
	int width, precision; /* width: filled with zeros */
	int longs;
	bool size;
	char what;
};

/* Reads a small number; returns what is behind it. */
static const char *read_number(const char *fmt, int *ret) {
	for (*ret = 0; *fmt >= '0' && *fmt <= '9' && *ret < NUMBER_MAX; fmt++)
		*ret = *ret * 10 + (*fmt - '0');
	return fmt;
}

/* fmt stands behind the "%"; returns what is behind the conversion. */
static const char *read_spec(const char *fmt, struct spec *ret) {
	*ret = (struct spec){.precision = 6};
	fmt = read_number(fmt, &ret->width);
	if (*fmt == '.')
		fmt = read_number(fmt + 1, &ret->precision);
	for (; *fmt == 'l' || *fmt == 'z'; fmt++) {
		ret->longs += *fmt == 'l';
		ret->size = ret->size || *fmt == 'z';
	}
	ret->what = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static long long take_signed(const struct spec *spec, va_list *args) {
	if (spec->longs > 1)
		return va_arg(*args, long long);
	if (spec->longs)
		return va_arg(*args, long);
	return va_arg(*args, int);
}

static unsigned long long take_unsigned(const struct spec *spec, va_list *args) {
	if (spec->size)
		return va_arg(*args, size_t);
	if (spec->longs > 1)
		return va_arg(*args, unsigned long long);
	if (spec->longs)
		return va_arg(*args, unsigned long);
	return va_arg(*args, unsigned);
}

static void add_spec(struct buf *ret, const struct spec *spec, va_list *args) {
	const char *text;
	switch (spec->what) {
	case 's':
		text = va_arg(*args, const char *);
		if (text)
			html_text(ret, text, strlen(text), TEXT_LINE);
		break;
	case 'd':
		buf_printf(ret, "%lld", take_signed(spec, args));
		break;
	case 'u':
		buf_printf(ret, "%llu", take_unsigned(spec, args));
		break;
	case 'x':
		buf_printf(ret, "%0*llx", spec->width, take_unsigned(spec, args));
		break;
	case 'f':
		buf_printf(ret, "%.*f", spec->precision, va_arg(*args, double));
		break;
	default:
		assert(spec->what == '%');
		buf_add_char(ret, '%');
		break;
	}
}

void html_printf(struct buf *ret, const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");
		struct spec spec;
		buf_add(ret, fmt, plain);
		fmt += plain;
		if (!*fmt)
			break;
		fmt = read_spec(fmt + 1, &spec);
		add_spec(ret, &spec, &args);
	}
	va_end(args);
}
