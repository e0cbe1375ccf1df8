/*
 * refusal: the verdict of a job that ends before it is delivered, because its change must not be
 * pushed. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_REFUSAL_H
#define VDO_PIPELINE_REFUSAL_H

#include "../run.h"

/*
 * Leave in run->failed what the job has come to with the change as it is in tree: files, added,
 * removed, criteria and verdict as in the deliver checkpoint, and its checks and headline. Rows
 * that were not computed so far say so.
 *
 * secrets  of the tree, as secrets_find()
 */
int refusal_describe(struct job_run *run, const char *tree, const json_t *secrets, struct err *err);

#endif
