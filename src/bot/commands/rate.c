#include "../call.h"

#include <string.h>

int command_rate(struct bot_call *call, struct err *err)
{
    const char *word = call->command->argument;
    bool good = word[0] >= '1' && word[0] <= '5' && word[1] == '\0';
    struct job job = {0};
    int rc;

    if (!good)
        return call_reply(call, "usage.md", json_pack("{s:s}", "usage", "/vdo rate 1 to 5"), err) ?
                   err->code :
                   call_done(call, "refused: rate takes 1 to 5");
    rc = call_find_job(call, false, &job, err);
    if (rc == VDO_E_NOT_FOUND)
        return call_reply_no_job(call, "rate", "no job to rate", err);
    if (rc)
        return rc;
    rc = store_job_rate(call->bot->o.store, job.id, word[0] - '0', call->event->sender, err);
    memcpy(call->out->job_id, job.id, sizeof(job.id));
    job_release(&job);
    if (!rc)
        rc = call_react(call, "heart", err);
    return rc ? rc : call_done(call, "rated %s", word);
}
