/*
 * setup: what a repository's checks need before they can be run. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_SETUP_H
#define VDO_PIPELINE_SETUP_H

#include "run.h"

/*
 * Run the setup commands of the repository's configuration in dir, in their order.
 *
 * out_why  left alone when all went well; else set to why the checks cannot be run; free with
 *          free()
 * Returns 0, or a code when the job must stop.
 */
int setup_run(struct job_run *run, const char *dir, char **out_why, struct err *err);

#endif
