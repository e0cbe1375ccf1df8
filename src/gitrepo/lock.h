/*
 * lock: one writer per mirror, among threads and processes, by flock(2) on a file beside it.
 */
#ifndef VDO_SRC_GITREPO_LOCK_H
#define VDO_SRC_GITREPO_LOCK_H

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

/* Take the lock of a mirror's directory. VDO_E_TEMPORARY when it is not free within timeout_ms;
 * VDO_E_CANCELLED. cancel may be NULL. The descriptor is the lock: close it to let go; a child that
 * inherits it holds it too. */
int lock_mirror(const char *dir, int64_t timeout_ms, const atomic_bool *cancel, int *out_fd,
                struct err *err);

#endif
