/*
 * Which daemon serves a database: at most one, known by a lock on a file beside the database
 * (FILE.lock), however the database's path is spelled.
 */
#ifndef COLLECT_PRESENCE_H
#define COLLECT_PRESENCE_H

#include "base/err.h"
#include "base/lock.h"

/* Becomes the daemon of db_path (its folder is made when needed). -EAGAIN when there is one: err
 * says which process. */
int presence_take(const char *db_path, struct lock *ret, struct err *err);
/* 1 with the daemon's process id (0: unknown), 0 when none runs. Not for the daemon itself. */
int presence_find(const char *db_path, pid_t *ret_pid, struct err *err);
/*
 * Becomes the one that runs an experiment on db_path, beside a daemon or without one. -EAGAIN when
 * there is another: err says which process. As long as it is held, this process asks for the daemon
 * with presence_ask() alone.
 */
int presence_take_experiment(const char *db_path, struct lock *ret, struct err *err);
/* 1 with the process id (0: unknown) of the one that runs an experiment, 0 when none does. Not for
 * a process that holds either. */
int presence_find_experiment(const char *db_path, pid_t *ret_pid, struct err *err);
int presence_ask(const struct lock *experiment, pid_t *ret_pid, struct err *err);
/* Whether the daemon that runs cannot write to the database: it has marked its lock, because the
 * database is where it could not say so. */
bool presence_in_trouble(const char *db_path);

#endif
