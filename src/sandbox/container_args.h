/*
 * container_args: the command line of podman or docker. Source: podman-run(1), docker-run(1).
 */
#ifndef VDO_SANDBOX_CONTAINER_ARGS_H
#define VDO_SANDBOX_CONTAINER_ARGS_H

#include "bwrap.h"

enum { CONTAINER_NAME_SIZE = 128 };

struct container_run {
    const struct sandbox *sandbox;
    const struct sandbox_spec *spec;
    const struct tenant *tenant;
    const char *image;
    char name[CONTAINER_NAME_SIZE]; /* "vdo-<whose>-<which>" */
};

/* 0, or VDO_E_INVALID for an entry of env without a name. */
int container_args(const struct container_run *run, struct args *out, struct err *err);

#endif
