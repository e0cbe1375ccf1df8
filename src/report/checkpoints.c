#include "vdo/report/checkpoints.h"

#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static int add_step(json_t *all, const struct job_step *step, struct err *err)
{
    json_t *output = NULL;
    int rc;

    if (step->state != STEP_DONE && step->state != STEP_FAILED)
        return VDO_OK;
    rc = js_parse(step->output, strlen(step->output), &output, err);
    if (rc)
        return err_wrap(err, "checkpoint of step %s", step->name), rc;
    if (step->state == STEP_FAILED && !json_is_object(output)) {
        json_decref(output);
        return VDO_OK;
    }
    if (json_object_set_new(all, step->state == STEP_DONE ? step->name : "failed", output))
        return err_set(err, VDO_E_INVALID, "checkpoint of step %s: not usable", step->name);
    return VDO_OK;
}

int checkpoints_load(struct store *store, const char *job_id, json_t **out, struct err *err)
{
    struct job_step *steps = NULL;
    size_t n = 0;
    json_t *all;
    int rc = store_step_list(store, job_id, &steps, &n, err);

    if (rc)
        return rc;
    all = json_object();
    for (size_t i = 0; i < n; i++) {
        if (!rc)
            rc = add_step(all, &steps[i], err);
        job_step_release(&steps[i]);
    }
    free(steps);
    if (rc)
        json_decref(all);
    else
        *out = all;
    return rc;
}
