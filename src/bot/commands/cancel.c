#include "../call.h"

#include "vdo/base/mem.h"

#include <string.h>

/* This delivery has cancelled it before and was not recorded. */
static bool is_cancelled_by_us(struct bot_call *call, const char *why, struct job *job)
{
    return call_is_again(call) && call_find_job(call, false, job, NULL) == VDO_OK &&
           job->state == JOB_CANCELLED && strcmp(job->reason, why) == 0;
}

int command_cancel(struct bot_call *call, struct err *err)
{
    AUTO_FREE char *why = xasprintf("cancelled by %s", call->event->sender);
    struct job job = {0};
    int rc = call_find_job(call, true, &job, err);

    if (!rc)
        rc = jobs_cancel(call->bot->jobs, job.id, why, err);
    else if (rc == VDO_E_NOT_FOUND && is_cancelled_by_us(call, why, &job))
        rc = VDO_OK;
    if (rc == VDO_E_NOT_FOUND) {
        job_release(&job);
        return call_reply_no_job(call, "cancel", "nothing to cancel", err);
    }
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    job_release(&job);
    if (rc)
        return rc;
    err_clear(err);
    rc = call_react(call, "+1", err);
    return rc ? rc : call_done(call, "cancel requested");
}
