#include "../call.h"

#include <string.h>

int command_retry(struct bot_call *call, struct err *err)
{
    struct job job = {0};
    int rc = call_find_job(call, false, &job, err);
    bool ended = !rc && (job.state == JOB_FAILED || job.state == JOB_CANCELLED);
    bool done = !rc && call_is_again(call) && !job_state_is_final(job.state);

    if (ended)
        rc = jobs_retry(call->bot->jobs, job.id, err);
    if (!rc && (ended || done)) {
        memcpy(call->out->job_id, job.id, sizeof(job.id));
        rc = call_react(call, "eyes", err);
        if (!rc)
            rc = call_done(call, "job queued again");
    } else if (!ended && (!rc || rc == VDO_E_NOT_FOUND)) {
        rc = call_reply_no_job(call, "retry", "nothing to retry", err);
    }
    job_release(&job);
    return rc;
}
