/*
 * The style and the script of the page, embedded at build from page/ (see page/embed.py).
 */
#ifndef EXPORT_PAGE_ASSETS_H
#define EXPORT_PAGE_ASSETS_H

extern const char page_style[], page_script[];
/* For the page's Content-Security-Policy: "sha256-..." of exactly those bytes. */
extern const char page_style_digest[], page_script_digest[];

#endif
