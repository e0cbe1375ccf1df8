/*
 * spec: what all drivers make of a sandbox_spec. Threads: pure functions.
 */
#ifndef VDO_SANDBOX_SPEC_H
#define VDO_SANDBOX_SPEC_H

#include "vdo/base/limits.h"
#include "vdo/sandbox/sandbox.h"

/* What holds where a spec says 0. */
#define SPEC_BYTES ((int64_t)(2048UL * VDO_MIB))
#define SPEC_HOME  "/tmp/home" /* inside */
enum { SPEC_PIDS = 256, SPEC_FILES = 4096 };

/* Where the work directory is inside. Borrowed from the spec. */
const char *spec_place(const struct sandbox_spec *spec);

/* VDO_E_INVALID when it makes no sense. */
int spec_check(const struct sandbox_spec *spec, struct err *err);

#endif
