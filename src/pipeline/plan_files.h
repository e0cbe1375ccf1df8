/*
 * plan_files: the paths that a plan's tasks name, against the files of the base commit. Used inside
 * pipeline only.
 *
 * A task's path is a file that exists, or has " (new)" behind it. The index is open.
 */
#ifndef VDO_PIPELINE_PLAN_FILES_H
#define VDO_PIPELINE_PLAN_FILES_H

#include "run.h"

/* What to tell a planner whose plan names files that do not exist and are not said to be new, with
 * the nearest ones that do; NULL when there are none. Free with free(). */
char *plan_files_unknown(struct job_run *run, const json_t *plan);

/*
 * Make plain paths of them: the marks of new files are taken off (they are listed in the task's
 * "new_files"), paths that no tool would accept and double ones are taken out, and each of that is
 * logged.
 */
void plan_files_settle(struct job_run *run, json_t *plan);

#endif
