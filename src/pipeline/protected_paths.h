/*
 * protected_paths: what no tool may write, whatever a model asks for. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_PROTECTED_PATHS_H
#define VDO_PIPELINE_PROTECTED_PATHS_H

#include "run.h"

/* Globs of what is always protected, of what the repository's configuration protects, and of its
 * submodules, whose files belong to another repository. NULL-ended; free with free() (the array
 * only). */
const char **protected_paths(struct job_run *run);

#endif
