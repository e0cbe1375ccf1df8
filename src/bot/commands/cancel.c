#include "../call.h"

#include "vdo/base/mem.h"

#include <string.h>

int command_cancel(struct bot_call *call, struct err *err)
{
    AUTO_FREE char *why = xasprintf("cancelled by %s", call->event->sender);
    struct job job = {0};
    int rc = call_find_job(call, true, &job, err);

    if (rc == VDO_E_NOT_FOUND) {
        err_clear(err);
        rc = call_reply(call, "no_job.md", json_pack("{s:s}", "verb", "cancel"), err);
        return rc ? rc : call_done(call, "nothing to cancel");
    }
    if (rc)
        return rc;
    rc = jobs_cancel(call->bot->jobs, job.id, why, err);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    job_release(&job);
    if (!rc)
        rc = call_react(call, "+1", err);
    return rc ? rc : call_done(call, "cancel requested");
}
