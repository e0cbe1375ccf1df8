/*
 * mounts: where the read-only directories of a run go in its work directory. Threads: belongs to
 * one run.
 */
#ifndef VDO_SANDBOX_MOUNTS_H
#define VDO_SANDBOX_MOUNTS_H

#include "vdo/sandbox/sandbox.h"

/* Do the mounts of the spec make sense? VDO_E_INVALID. */
int mounts_check(const struct sandbox_spec *spec, struct err *err);
/* Make the directories they go over, through no link. VDO_E_INVALID where something
 * else is in the way; VDO_E_IO. */
int mounts_make_places(const struct sandbox_spec *spec, struct err *err);

#endif
