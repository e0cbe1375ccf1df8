#include "../call.h"

#include <string.h>

int command_retry(struct bot_call *call, struct err *err)
{
    struct job job = {0};
    int rc = call_find_job(call, false, &job, err);

    if (rc == VDO_E_NOT_FOUND || (!rc && job.state != JOB_FAILED && job.state != JOB_CANCELLED)) {
        if (!rc)
            job_release(&job);
        err_clear(err);
        rc = call_reply(call, "no_job.md", json_pack("{s:s}", "verb", "retry"), err);
        return rc ? rc : call_done(call, "nothing to retry");
    }
    if (rc)
        return rc;
    rc = jobs_retry(call->bot->jobs, job.id, err);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    job_release(&job);
    if (!rc)
        rc = call_react(call, "eyes", err);
    return rc ? rc : call_done(call, "job queued again");
}
