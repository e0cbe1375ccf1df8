/*
 * lock_files: the files that say what a project's dependencies are. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_LOCK_FILES_H
#define VDO_PIPELINE_LOCK_FILES_H

#include "../run.h"

/* The files of the base commit that are manifests or lock files: {path: blob id}; {} when there are
 * none. New reference. */
int lock_files_at_base(struct job_run *run, json_t **out, struct err *err);

/* Does dir hold exactly these, with the same contents? */
int lock_files_same(struct job_run *run, const json_t *at_base, const char *dir, bool *out,
                    struct err *err);

/* Is it the name of a directory that package managers fill (node_modules, vendor, .venv, ...)? */
bool lock_files_is_filled(const char *name);

#endif
