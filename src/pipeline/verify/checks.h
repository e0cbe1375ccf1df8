/*
 * checks: running the checks of a project (vdo/checks/find.h) in the sandbox. Used inside pipeline
 * only. Nothing of the repository runs without isolation.
 */
#ifndef VDO_PIPELINE_CHECKS_H
#define VDO_PIPELINE_CHECKS_H

#include "../run.h"

/* Bytes that hold every text of report_check_text(). */
enum { CHECK_TEXT_SIZE = 480 };

/*
 * Run the setup commands and then each check in dir. out:
 * [{"name","run","result","output","reading"}]; new reference. result is what checkpoints hold of a
 * run (vdo/report/checkpoints.h), reading all that its output said about tests (reading.h). A check
 * that could not be run has ran:false and says why. Returns 0, or a code when the job must stop.
 */
int checks_run(struct job_run *run, const char *dir, const json_t *checks, json_t **out,
               struct err *err);

#endif
