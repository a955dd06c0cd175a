/* inotify. */
#include "collect/folder_watch.h"

const unsigned folder_watch_late_ms = 0;
