/*
 * changes: what the worktree holds beyond the base commit. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_CHANGES_H
#define VDO_PIPELINE_CHANGES_H

#include "run.h"

/* {path: action letter} of everything that differs from the base commit now; new reference. */
int changes_since_base(struct job_run *run, json_t **out, struct err *err);
/* The diff from the base to a tree, its text at most max bytes. Release with diff_release(). */
int changes_diff(struct job_run *run, const char *tree, size_t max, struct diff *out,
                 struct err *err);
/* The text of a diff for a prompt, with a mark when it was cut; new reference. */
json_t *changes_prompt(const struct diff *diff);
/* The members of the deliver checkpoint that the diff decides: files, added, removed, criteria.
 * points: the job's checkpoints, with what a later step is about to leave. New reference. */
json_t *changes_deliver(const struct job_run *run, const json_t *points, const struct diff *diff);

#endif
