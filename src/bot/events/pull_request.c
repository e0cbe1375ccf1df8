#include "../call.h"

#include <string.h>

int event_pull_request(struct bot_call *call, struct err *err)
{
    struct job job = {0};
    int rc;

    if (strcmp(call->event->action, "closed") != 0)
        return call_done(call, "ignored: pull_request.%.40s changes nothing", call->event->action);
    rc = call_find_job(call, false, &job, NULL);
    if (rc == VDO_E_NOT_FOUND)
        return call_done(call, "ignored: not a pull request of ours");
    if (rc)
        return err_set(err, (enum vdo_code)rc, "find the job of pull request #%lld",
                       (long long)call->event->issue);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    jobs_log(call->bot->jobs, job.id, "", "info",
             call->event->merged ? "the pull request was merged" : "the pull request was closed");
    (void)call_done(call, "noted: our pull request was %s",
                    call->event->merged ? "merged" : "closed");
    job_release(&job);
    return VDO_OK;
}
