/*
 * A libuv loop and its worker threads on a machine that is short of everything. libuv ends the
 * program where it finds no descriptor for its signals or no room for a thread; so both are tried
 * before it does.
 */
#ifndef COLLECT_POOL_H
#define COLLECT_POOL_H

#include "base/err.h"

#include <uv.h>

/*
 * Makes the loop, and sizes the process's thread pool before its first use: as many workers as
 * cores (or as UV_THREADPOOL_SIZE says), fewer where there is no room for them. -EMFILE, -ENFILE,
 * -EAGAIN or -ENOMEM when it cannot be.
 */
int pool_init_loop(uv_loop_t *ret, struct err *err);

#endif
