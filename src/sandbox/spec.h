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
/* The least limit on one file: bwrap's own are smaller. */
#define SPEC_LEAST_FILE 65536

/* Where the work directory is inside. Borrowed from the spec. */
const char *spec_place(const struct sandbox_spec *spec);

/* "64 MiB", or "1000 bytes" where it is not so many whole MiB. Returns text. */
enum { SPEC_SIZE_TEXT = 32 };
const char *spec_size_text(int64_t bytes, char text[SPEC_SIZE_TEXT]);

/* VDO_E_INVALID when it makes no sense. */
int spec_check(const struct sandbox_spec *spec, struct err *err);

#endif
