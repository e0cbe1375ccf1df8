/*
 * container_engine: commands of podman or docker, and what they may know of VDO. Source:
 * podman(1), docker(1). Threads: any.
 */
#ifndef VDO_SANDBOX_CONTAINER_ENGINE_H
#define VDO_SANDBOX_CONTAINER_ENGINE_H

#include "vdo/base/proc.h"
#include "vdo/sandbox/sandbox.h"

/* Run "engine words..." to its end and keep its output; release result after 0. */
int container_engine(const struct sandbox *sandbox, const char *const *words, int64_t timeout_ms,
                     struct proc_result *result, struct err *err);
/* What the engine may know of VDO's environment: NULL-ended, static after the first call. */
const char *const *container_environment(void);

#endif
