/* What the files of setup share. */
#ifndef VDO_PIPELINE_SETUP_PRIVATE_H
#define VDO_PIPELINE_SETUP_PRIVATE_H

#include "../run.h"

/* Run all setup commands in dir; as setup_run(). */
int setup_run_commands(struct job_run *run, const char *dir, char **out_why, struct err *err);

#endif
