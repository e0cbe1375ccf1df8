#include "../call.h"

#include <string.h>

int command_approve(struct bot_call *call, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    struct job job = {0};
    int rc = call_find_job(call, true, &job, err);
    bool waits = !rc && job.state == JOB_AWAITING_APPROVAL;

    if (rc && rc != VDO_E_NOT_FOUND)
        return rc;
    if (waits) {
        update.approved_by = call->event->sender;
        rc = jobs_wake(call->bot->jobs, job.id, &update, err);
        memcpy(call->out->job_id, job.id, sizeof(job.id));
        if (!rc)
            rc = call_react(call, "+1", err);
    } else {
        err_clear(err);
        rc = call_reply(call, "no_job.md", json_pack("{s:s}", "verb", "approve"), err);
    }
    job_release(&job);
    if (rc)
        return rc;
    return call_done(call, waits ? "plan approved" : "no plan waits for approval");
}
