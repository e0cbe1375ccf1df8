/*
 * driver: the seam behind sandbox_run(): how a command is shut in.
 */
#ifndef VDO_SANDBOX_DRIVER_H
#define VDO_SANDBOX_DRIVER_H

#include "vdo/sandbox/sandbox.h"

struct sandbox_driver {
    const char *name;
    /* Find out, by trying, whether it can be used here: sets available, version, why and describe.
     * An error only for what is no matter of the host. */
    int (*probe)(struct sandbox *sandbox, struct err *err);
    /* sandbox_run(), of a sandbox that is available */
    int (*run)(const struct sandbox *sandbox, const struct sandbox_spec *spec,
               struct sandbox_result *result, struct err *err);
};

extern const struct sandbox_driver driver_bubblewrap;
extern const struct sandbox_driver driver_container;

#endif
