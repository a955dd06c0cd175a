/*
 * What differs between the systems' ways of watching a folder.
 */
#ifndef COLLECT_FOLDER_WATCH_H
#define COLLECT_FOLDER_WATCH_H

/* So long after a start the watch surely works, and what came before that is to be looked for. 0:
 * it works at once. */
extern const unsigned folder_watch_late_ms;

#endif
