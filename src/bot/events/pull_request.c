#include "../call.h"

#include <string.h>

int event_pull_request(struct bot_call *call, struct err *err)
{
    const char *what =
        call->event->merged ? "the pull request was merged" : "the pull request was closed";
    struct job job = {0};
    int rc;

    if (strcmp(call->event->action, "closed") != 0)
        return call_done(call, "ignored: pull_request.%.40s changes nothing", call->event->action);
    rc = call_find_job(call, false, &job, err);
    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        return call_done(call, "ignored: not a pull request of ours");
    }
    if (rc)
        return rc;
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    jobs_log(call->bot->jobs, job.id, "", "info", what);
    /* Who closes it wants no more of it; it may have ended by itself meanwhile. */
    if (!job_state_is_final(job.state))
        (void)jobs_cancel(call->bot->jobs, job.id, what, NULL);
    job_release(&job);
    return call_done(call, "noted: our pull request was %s",
                     call->event->merged ? "merged" : "closed");
}
