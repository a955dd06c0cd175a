/*
 * Paths as text, and what a link says. Every result is to be freed with free().
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Absolute, without doubled, dotted or trailing parts; ".." stays, since a link may stand before
 * it. NULL with errno. */
char *path_absolute(const char *path);
/* "/a/b" -> "/a", "/a" and "/" -> "/", "a" -> "."; NULL without memory. */
char *path_parent(const char *path);
/* Behind the last slash; borrowed. */
const char *path_name(const char *path);
/* What the link at path points to, one step; relative ones are put behind the link's folder. NULL
 * when it is no link, or without memory. */
char *path_link_target(const char *path);

#endif
