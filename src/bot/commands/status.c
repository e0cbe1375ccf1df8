#include "../call.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

int command_status(struct bot_call *call, struct err *err)
{
    AUTO_FREE char *url = NULL;
    struct job job = {0};
    char usd[32];
    int rc = call_find_job(call, false, &job, err);

    if (rc == VDO_E_NOT_FOUND)
        return call_reply_no_job(call, "status", "no job to tell of", err);
    if (rc)
        return rc;
    url = xasprintf("%s/jobs/%s", call->bot->o.config->public_url, job.id);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    rc = call_reply(call, "status.md",
                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "state", job_state_name(job.state),
                              "headline", job.headline, "reason", job.reason, "cost",
                              report_usd_text(job.cost_microusd, usd, sizeof(usd)), "pr_url",
                              job.pr_url, "url", url),
                    err);
    job_release(&job);
    return rc ? rc : call_done(call, "status told");
}
