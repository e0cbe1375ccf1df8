/*
 * container: podman or docker as the driver of the sandbox, for projects whose toolchain is in an
 * image. Never the default.
 *
 * A run is one container with nothing but the image (read-only), a small /tmp and its work
 * directory. The engine holds the limits on memory, processes and processors; VDO measures what the
 * directory grows by, and ends the container by its name. As root the files of the work directory
 * are given to a user id of nobody for the run. Names tell whose a container is, so that those of a
 * VDO that was killed are ended by the next one. Source: podman-run(1), docker-run(1). Threads:
 * any.
 */
#ifndef VDO_SANDBOX_CONTAINER_H
#define VDO_SANDBOX_CONTAINER_H

#include "container_args.h"

int container_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                  struct sandbox_result *result, struct err *err);

#endif
