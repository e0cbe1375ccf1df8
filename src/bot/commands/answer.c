#include "../call.h"

#include <string.h>

static int take_answer(struct bot_call *call, const struct job *job, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    int rc = VDO_OK;

    update.answer = call->command->argument;
    memcpy(call->out->job_id, job->id, sizeof(job->id));
    if (job->state == JOB_AWAITING_ANSWER)
        rc = jobs_wake(call->bot->jobs, job->id, &update, err);
    if (!rc)
        rc = call_react(call, "eyes", err);
    return rc ? rc : call_done(call, "answer taken");
}

int command_answer(struct bot_call *call, struct err *err)
{
    const char *text = call->command->argument;
    struct job job = {0};
    int rc = call_find_job(call, true, &job, err);
    bool waits = !rc && job.state == JOB_AWAITING_ANSWER && *text;
    bool taken = !rc && call_is_again(call) && *text && strcmp(job.answer, text) == 0;

    if (waits || taken)
        rc = take_answer(call, &job, err);
    else if (!rc || rc == VDO_E_NOT_FOUND)
        rc = call_reply_no_job(call, "answer", "no question waits for an answer", err);
    job_release(&job);
    return rc;
}
