/* FSEvents: libuv replaces its stream in a thread of its own, after the start has returned, and
 * nothing tells when that is done. It takes milliseconds. */
#include "collect/folder_watch.h"

const unsigned folder_watch_late_ms = 1000;
