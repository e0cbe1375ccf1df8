/*
 * workspace_index_now: the index with what the worktree holds beyond the base commit. Used inside
 * pipeline only.
 */
#ifndef VDO_PIPELINE_WORKSPACE_INDEX_NOW_H
#define VDO_PIPELINE_WORKSPACE_INDEX_NOW_H

#include "run.h"

/* run->index as the worktree is now; until the next change. */
int workspace_index_now(struct job_run *run, struct err *err);

#endif
