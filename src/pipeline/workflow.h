/*
 * workflow: a YAML file that lists steps: config/workflows/<name>.yml. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_WORKFLOW_H
#define VDO_PIPELINE_WORKFLOW_H

#include "vdo/base/err.h"
#include "vdo/store/records.h"

#include "run.h"

enum { WORKFLOW_MAX_STEPS = 32 };

struct workflow_step {
    char name[32];
    enum job_state state;
    step_fn run;
};

struct workflow {
    struct workflow_step step[WORKFLOW_MAX_STEPS];
    size_t n;
};

/* VDO_E_NOT_FOUND: no such workflow; VDO_E_INVALID: "config/workflows/x.yml:4:5: no step is called
 * ...". */
int workflow_load(const char *name, struct workflow *out, struct err *err);

#endif
