/*
 * Reading: an archive that nobody vouches for becomes members, as bundle.h's protocol has them.
 * Only regular files with names of ours come through; what is damaged, hostile or beyond the limits
 * is an error, at the latest at its end.
 */
#ifndef EXPORT_BUNDLE_UNPACK_H
#define EXPORT_BUNDLE_UNPACK_H

#include "base/err.h"

/* in: a file or a pipe. -EBADMSG: the archive is to blame. */
int unpack_run(int in, int out, struct err *err);

#endif
