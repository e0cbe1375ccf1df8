#include "../call.h"

#include <string.h>

static int approve(struct bot_call *call, const struct job *job, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    int rc = VDO_OK;

    update.approved_by = call->event->sender;
    memcpy(call->out->job_id, job->id, sizeof(job->id));
    if (job->state == JOB_AWAITING_APPROVAL)
        rc = jobs_wake(call->bot->jobs, job->id, &update, err);
    if (!rc)
        rc = call_react(call, "+1", err);
    return rc ? rc : call_done(call, "plan approved");
}

int command_approve(struct bot_call *call, struct err *err)
{
    struct job job = {0};
    int rc = call_find_job(call, true, &job, err);
    bool waits = !rc && job.state == JOB_AWAITING_APPROVAL;
    bool done = !rc && call_is_again(call) && strcmp(job.approved_by, call->event->sender) == 0;

    if (waits || done)
        rc = approve(call, &job, err);
    else if (!rc || rc == VDO_E_NOT_FOUND)
        rc = call_reply_no_job(call, "approve", "no plan waits for approval", err);
    job_release(&job);
    return rc;
}
